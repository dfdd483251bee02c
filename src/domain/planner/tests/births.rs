//! What a record is born with, by table.

use rstest::rstest;

use super::*;
use crate::domain::rules::Direction;

fn world() -> World {
    World::alike(
        Kind::Company,
        &[
            (Field::Name, Part::Whole),
            (Field::TaxIdentity, Part::Tin),
            (Field::TaxIdentity, Part::TinType),
            (Field::InvoiceComment, Part::Whole),
            (Field::ExternalPaymentCustomerId, Part::Whole),
        ],
    )
}

fn source(side: Side) -> Record {
    let mut source = record(side, Kind::Company);
    source.fields.insert(Field::ExternalPaymentCustomerId, whole(Field::ExternalPaymentCustomerId, "cus_1"));
    source.fields.insert(Field::Name, whole(Field::Name, "Acme"));
    source.fields.insert(Field::InvoiceComment, Reading::Blank);
    source.fields.insert(Field::TaxIdentity, Reading::Blank);
    source
}

fn default(world: &mut World, side: Side, field: Field, text: Text) {
    world.rules.defaults.insert((side, field), text);
}

fn tax(tin: &str, tin_type: &str) -> Text {
    Text::of([(Part::Tin, tin), (Part::TinType, tin_type)])
}

#[test]
fn a_record_is_born_with_what_the_other_side_has_in_the_order_of_reports() {
    for side in Side::BOTH {
        let born = plan_create(&source(side.opposite()), side, world().context());
        let expected =
            vec![(Field::Name, Text::whole("Acme")), (Field::ExternalPaymentCustomerId, Text::whole("cus_1"))];
        assert_eq!(born, Ok(expected));
    }
}

#[test]
fn a_birth_speaks_the_shape_of_the_new_side() {
    let parts = [(Field::PersonName, Part::First), (Field::PersonName, Part::Last)];
    let world = World::of(Kind::Contact, &parts, &[(Field::PersonName, Part::Whole)]);
    let mut source = record(Side::Crm, Kind::Contact);
    source.fields.insert(Field::PersonName, whole(Field::PersonName, "Anna Nowak"));
    let born = plan_create(&source, Side::Flowtly, world.context()).expect("nothing is required");
    let put = |parts: &[Part]| {
        let name = Text::whole("Anna Nowak");
        crate::domain::lens::put(Field::PersonName, &name, &Text::default(), parts, &Locale::default())
    };
    assert_eq!(born, vec![(Field::PersonName, put(&[Part::First, Part::Last]))]);
    assert!(read(Field::PersonName, &born[0].1).agrees_with(source.reading(Field::PersonName)));
}

fn born_with(world: &World, side: Side, source: &Record, field: Field) -> Option<Text> {
    let born = plan_create(source, side, world.context()).expect("nothing is missing");
    born.into_iter().find(|(born, _)| *born == field).map(|(_, text)| text)
}

#[test]
fn what_the_new_side_does_not_map_or_let_us_write_or_has_no_rule_is_not_sent() {
    let field = Field::ExternalPaymentCustomerId;
    let born = |world: &World| born_with(world, Side::Crm, &source(Side::Flowtly), field);
    assert!(born(&world()).is_some());
    let mut locked = world();
    locked.lock(Side::Crm, field);
    assert_eq!(born(&locked), None);
    let mut unmapped = world();
    unmapped.crm.cells.retain(|cell| cell.field != field);
    assert_eq!(born(&unmapped), None);
    let mut unruled = world();
    unruled.rules.fields.remove(&field);
    assert_eq!(born(&unruled), None);
    let mut unread = world();
    unread.flowtly.cells.retain(|cell| cell.field != field);
    assert_eq!(born(&unread), None);
    let mut read_only_source = world();
    read_only_source.lock(Side::Flowtly, field);
    assert!(born(&read_only_source).is_some());
}

#[rstest]
#[case(Direction::Both, Side::Crm, true)]
#[case(Direction::Both, Side::Flowtly, true)]
#[case(Direction::ToCrm, Side::Crm, true)]
#[case(Direction::ToCrm, Side::Flowtly, false)]
#[case(Direction::ToFlowtly, Side::Flowtly, true)]
#[case(Direction::ToFlowtly, Side::Crm, false)]
fn a_one_way_field_is_born_against_its_direction_only_where_it_is_required(
    #[case] direction: Direction,
    #[case] side: Side,
    #[case] travels: bool,
) {
    let field = Field::ExternalPaymentCustomerId;
    let mut world = world();
    world.rule(field).direction = direction;
    let source = source(side.opposite());
    let value = Some(Text::whole("cus_1"));
    assert_eq!(born_with(&world, side, &source, field), if travels { value.clone() } else { None });
    default(&mut world, side, field, Text::whole("cus_0"));
    let given = if travels { value.clone() } else { Some(Text::whole("cus_0")) };
    assert_eq!(born_with(&world, side, &source, field), given);
    world.manners_mut(side).required.insert(field);
    assert_eq!(born_with(&world, side, &source, field), value);
}

#[test]
fn a_default_fills_what_the_source_leaves_blank_and_nothing_else() {
    let mut world = world();
    default(&mut world, Side::Crm, Field::InvoiceComment, Text::whole("Thank you"));
    default(&mut world, Side::Crm, Field::Name, Text::whole("Nobody"));
    let born = |side: Side, field| born_with(&world, side, &source(side.opposite()), field);
    assert_eq!(born(Side::Crm, Field::InvoiceComment), Some(Text::whole("Thank you")));
    assert_eq!(born(Side::Crm, Field::Name), Some(Text::whole("Acme")));
    assert_eq!(born(Side::Flowtly, Field::InvoiceComment), None);
}

#[test]
fn a_default_fills_what_the_source_does_not_map() {
    let mut world = world();
    world.flowtly.cells.retain(|cell| cell.field != Field::InvoiceComment);
    world.rules.fields.remove(&Field::InvoiceComment);
    default(&mut world, Side::Crm, Field::InvoiceComment, Text::whole("Thank you"));
    let born = born_with(&world, Side::Crm, &source(Side::Flowtly), Field::InvoiceComment);
    assert_eq!(born, Some(Text::whole("Thank you")));
}

#[test]
fn a_default_does_not_stand_in_for_a_value_that_was_not_shown() {
    let mut world = world();
    default(&mut world, Side::Crm, Field::Name, Text::whole("Nobody"));
    let mut unread = source(Side::Flowtly);
    unread.fields.insert(Field::Name, Reading::Unknown);
    assert_eq!(born_with(&world, Side::Crm, &unread, Field::Name), None);
    world.crm_manners.required.insert(Field::Name);
    assert_eq!(plan_create(&unread, Side::Crm, world.context()), Err(vec![Field::Name]));
}

#[test]
fn a_default_fills_single_parts_of_a_composite() {
    let mut world = world();
    default(
        &mut world,
        Side::Crm,
        Field::TaxIdentity,
        Text::of([(Part::Tin, "0"), (Part::TinType, "nip"), (Part::VatNumber, "not carried there")]),
    );
    let mut source = source(Side::Flowtly);
    source.fields.insert(Field::TaxIdentity, read(Field::TaxIdentity, &tax("5260250274", " ")));
    let born = born_with(&world, Side::Crm, &source, Field::TaxIdentity);
    assert_eq!(born, Some(tax("5260250274", "nip")));
    source.fields.insert(Field::TaxIdentity, read(Field::TaxIdentity, &tax("5260250274", "other")));
    let born = born_with(&world, Side::Crm, &source, Field::TaxIdentity).expect("a number");
    assert_eq!(born.part(Part::TinType), Some("other"));
}

#[test]
fn a_default_of_parts_that_the_new_side_does_not_carry_is_no_value() {
    let mut world = world();
    world.crm_manners.required.insert(Field::TaxIdentity);
    default(&mut world, Side::Crm, Field::TaxIdentity, Text::of([(Part::VatNumber, "PL5260250274")]));
    assert_eq!(plan_create(&source(Side::Flowtly), Side::Crm, world.context()), Err(vec![Field::TaxIdentity]));
}

#[test]
fn required_fields_without_value_or_default_are_named_in_the_order_of_reports() {
    let mut world = world();
    let required = [Field::InvoiceComment, Field::Currency, Field::TaxIdentity, Field::Name];
    world.crm_manners.required.extend(required);
    let born = plan_create(&source(Side::Flowtly), Side::Crm, world.context());
    assert_eq!(born, Err(vec![Field::TaxIdentity, Field::Currency, Field::InvoiceComment]));
    assert!(plan_create(&source(Side::Crm), Side::Flowtly, world.context()).is_ok(), "the other side's manners");
    default(&mut world, Side::Crm, Field::TaxIdentity, tax("", "nip"));
    default(&mut world, Side::Crm, Field::InvoiceComment, Text::whole("Thank you"));
    let born = plan_create(&source(Side::Flowtly), Side::Crm, world.context());
    assert_eq!(born, Err(vec![Field::Currency]), "it is not mapped there");
}

#[test]
fn a_contacts_company_is_the_actions_own() {
    let mut world = World::alike(Kind::Contact, &[(Field::Email, Part::Whole)]);
    world.rule(Field::Parent);
    world.flowtly_manners.required.extend([Field::Parent, Field::Email]);
    let mut source = record(Side::Crm, Kind::Contact);
    source.fields.insert(Field::Parent, whole(Field::Parent, "5"));
    source.fields.insert(Field::Email, Reading::Blank);
    assert_eq!(plan_create(&source, Side::Flowtly, world.context()), Err(vec![Field::Email]));
    source.fields.insert(Field::Email, whole(Field::Email, "jan@acme.pl"));
    let born = plan_create(&source, Side::Flowtly, world.context());
    assert_eq!(born, Ok(vec![(Field::Email, Text::whole("jan@acme.pl"))]));
}

#[test]
fn a_declared_field_is_born_in_the_form_that_every_system_reads() {
    let [date, choice] = [CustomType::Date, CustomType::Choice].map(declared);
    let mut world =
        World::alike(Kind::Company, &[(Field::Name, Part::Whole), (date, Part::Whole), (choice, Part::Whole)]);
    world.rules.defaults.insert((Side::Crm, choice), Text::whole("gold"));
    let mut source = record(Side::Flowtly, Kind::Company);
    source.fields.insert(Field::Name, whole(Field::Name, "Acme"));
    source.fields.insert(date, whole(date, "01.05.2026"));
    source.fields.insert(choice, Reading::Blank);
    let born = plan_create(&source, Side::Crm, world.context()).unwrap();
    let wanted = [(Field::Name, "Acme"), (choice, "gold"), (date, "2026-05-01")];
    assert_eq!(born, wanted.map(|(field, text)| (field, Text::whole(text))), "declared ones last, by name");
}
