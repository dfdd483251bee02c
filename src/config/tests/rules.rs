//! What the user decides.

use rstest::rstest;

use super::{load_file, told};
use crate::domain::field::{Field, Part};
use crate::domain::record::{Kind, Side};
use crate::domain::rules::{Direction, Drift, FieldRule, Gone, KindRules, Preference};
use crate::domain::value::Text;

fn rules(kind: Kind, text: &str) -> KindRules {
    load_file(text).unwrap().kind_rules(kind).clone()
}

#[test]
fn every_field_that_both_sides_map_travels_both_ways_and_asks() {
    let company = rules(Kind::Company, "");
    let fields: Vec<Field> = company.fields.keys().copied().collect();
    assert_eq!(fields, [Field::Name, Field::Country, Field::TaxIdentity, Field::Phone, Field::Address]);
    assert!(company.fields.values().all(|rule| *rule == FieldRule::default()));
    assert!(company.create_in_flowtly && company.create_in_crm);
    assert_eq!((company.gone, company.match_fields.len(), company.defaults.len()), (Gone::Report, 0, 0));

    let contact = rules(Kind::Contact, "");
    let fields: Vec<Field> = contact.fields.keys().copied().collect();
    assert_eq!(fields, [Field::PersonName, Field::Email, Field::ContactPhone, Field::Title, Field::Parent]);
    assert_eq!(contact.fields[&Field::Parent], FieldRule::default());
}

#[test]
fn a_field_says_what_differs_from_its_kind_and_a_kind_from_the_default() {
    let text = "\
[rules.company]
conflict = \"flowtly\"
gone = \"unlink\"
create_in_crm = false
match_fields = [\"phone\", \"name\", \"phone\"]
[rules.company.fields]
phone = { direction = \"to-crm\", drift = \"correct\" }
name = { conflict = \"crm\", first = \"crm\" }
address = { direction = \"off\" }
";
    let company = rules(Kind::Company, text);
    let rule = |direction, conflict, first, drift| FieldRule { direction, conflict, first, drift };
    assert_eq!(
        company.fields[&Field::Phone],
        rule(Direction::ToCrm, Preference::Flowtly, Preference::Ask, Drift::Correct)
    );
    assert_eq!(company.fields[&Field::Name], rule(Direction::Both, Preference::Crm, Preference::Crm, Drift::Keep));
    assert_eq!(
        company.fields[&Field::Country],
        rule(Direction::Both, Preference::Flowtly, Preference::Ask, Drift::Keep)
    );
    assert!(!company.fields.contains_key(&Field::Address));
    assert_eq!((company.gone, company.create_in_crm), (Gone::Unlink, false));
    assert_eq!(company.match_fields, [Field::Phone, Field::Name]);
}

#[test]
fn the_parent_has_a_rule_like_any_field() {
    let contact = rules(Kind::Contact, "[rules.contact.fields.parent]\ndirection = \"to-flowtly\"");
    assert_eq!(contact.fields[&Field::Parent].direction, Direction::ToFlowtly);
    assert!(
        !rules(Kind::Contact, "[rules.contact.fields.parent]\ndirection = \"off\"").fields.contains_key(&Field::Parent)
    );
}

#[test]
fn a_kinds_direction_gives_way_to_what_the_systems_can_do() {
    // costGroup is read-only in Flowtly.
    let mapped = "[mapping.company]\ncost_group = \"group\"\nphone = { whole = \"phone\", read_only = true }\n";
    let company = rules(Kind::Company, mapped);
    assert_eq!(company.fields[&Field::CostGroup].direction, Direction::ToCrm);
    assert_eq!(company.fields[&Field::Phone].direction, Direction::ToFlowtly);
    let one_way = rules(Kind::Company, &format!("{mapped}[rules.company]\ndirection = \"to-crm\""));
    assert_eq!(one_way.fields[&Field::CostGroup].direction, Direction::ToCrm);
    assert!(!one_way.fields.contains_key(&Field::Phone));
    let neither = "[mapping.company]\ncost_group = { whole = \"group\", read_only = true }";
    assert!(!rules(Kind::Company, neither).fields.contains_key(&Field::CostGroup));
}

#[rstest]
#[case("to-flowtly", "`cost_group` cannot be written in Flowtly; use \"to-crm\" or \"off\"")]
#[case("both", "`cost_group` cannot be written in Flowtly; use \"to-crm\" or \"off\"")]
fn a_direction_that_a_read_only_field_cannot_take_is_told(#[case] direction: &str, #[case] wanted: &str) {
    let text = format!(
        "[mapping.company]\ncost_group = \"group\"\n[rules.company.fields.cost_group]\ndirection = \"{direction}\""
    );
    assert_eq!(told(&text), [format!("sync.toml:4:1: rules.company.fields.cost_group.direction: {wanted}")]);
}

#[rstest]
#[case(
    "[rules.company.fields]\nfone = { direction = \"off\" }",
    "sync.toml:2:1: rules.company.fields.fone: there is no field `fone`; did you mean `phone`?"
)]
#[case(
    "[rules.company.fields]\nphone = \"off\"",
    "sync.toml:2:1: rules.company.fields.phone: this must be a table, not a text; write { direction = \"to-crm\" }"
)]
#[case(
    "[rules.company.fields.phone]\nconflic = \"crm\"",
    "sync.toml:2:1: rules.company.fields.phone.conflic: there is no rule `conflic`; did you mean `conflict`?"
)]
#[case(
    "[rules.company.fields.phone]\nconflict = \"hubspot\"",
    "sync.toml:2:1: rules.company.fields.phone.conflict: `hubspot` is not a choice; set it to one of \"ask\", \"flowtly\", \"crm\""
)]
#[case(
    "[rules.company.fields.currency]\nconflict = \"crm\"",
    "sync.toml:1:23: rules.company.fields.currency: `currency` is not mapped in CRM; map it under [mapping.company], or remove the rule"
)]
#[case(
    "[rules.company]\ndirection = \"sideways\"",
    "sync.toml:2:1: rules.company.direction: `sideways` is not a choice; set it to one of \"both\", \"to-crm\", \"to-flowtly\", \"off\""
)]
#[case(
    "[rules.contact]\ngone = \"delete\"",
    "sync.toml:2:1: rules.contact.gone: `delete` is not a choice; set it to one of \"report\", \"unlink\""
)]
#[case(
    "[rules.company]\nmatch_fields = [\"vat\"]",
    "sync.toml:2:1: rules.company.match_fields: there is no field `vat`; known: name, "
)]
#[case(
    "[rules.company]\nmatch_fields = [\"currency\"]",
    "sync.toml:2:1: rules.company.match_fields: `currency` is not mapped in CRM; map it under [mapping.company], or leave it out"
)]
#[case(
    "[rules.contact]\nmatch_fields = [\"parent\"]",
    "sync.toml:2:1: rules.contact.match_fields: there is no field `parent`; "
)]
fn an_impossible_rule_is_told(#[case] text: &str, #[case] wanted: &str) {
    let told = told(text);
    assert!(told.len() == 1 && told[0].starts_with(wanted), "{told:#?}");
}

#[test]
fn new_records_are_given_defaults_by_side() {
    let text = "\
[flowtly.defaults.company]
status = \"active\"
due_days = 30
tin_type = \"nip\"
tax_identity.tin_country = \"PL\"
address = { country = \"PL\" }
currency = \"\"
[flowtly.defaults.contact]
type = \"main\"
[crm.defaults.company]
country = \"Poland\"
";
    let settings = load_file(text).unwrap();
    let company = &settings.kind_rules(Kind::Company).defaults;
    let of = |side, field| company.get(&(side, field)).cloned();
    assert_eq!(of(Side::Flowtly, Field::Status), Some(Text::whole("active")));
    assert_eq!(of(Side::Flowtly, Field::DueDays), Some(Text::whole("30")));
    assert_eq!(
        of(Side::Flowtly, Field::TaxIdentity),
        Some(Text::of([(Part::TinType, "nip"), (Part::TinCountry, "PL")]))
    );
    assert_eq!(of(Side::Flowtly, Field::Address), Some(Text::of([(Part::Country, "PL")])));
    assert_eq!(of(Side::Flowtly, Field::Currency), None);
    assert_eq!(of(Side::Crm, Field::Country), Some(Text::whole("Poland")));
    assert_eq!(company.len(), 5);
    let contact = &settings.kind_rules(Kind::Contact).defaults;
    assert_eq!(contact.get(&(Side::Flowtly, Field::ContactType)), Some(&Text::whole("main")));
}

#[rstest]
#[case(
    "[flowtly.defaults.company]\nstatsu = \"x\"",
    "sync.toml:2:1: flowtly.defaults.company.statsu: there is no field `statsu`; did you mean `status`?"
)]
#[case(
    "[flowtly.defaults.company]\naddress = \"x\"",
    "sync.toml:2:1: flowtly.defaults.company.address: this field has parts; name them, of line, street, "
)]
#[case(
    "[flowtly.defaults.company]\naddress = { floor = \"x\" }",
    "sync.toml:2:13: flowtly.defaults.company.address.floor: there is no part `floor`; "
)]
#[case(
    "[flowtly.defaults.company]\nstatus = true",
    "sync.toml:2:1: flowtly.defaults.company.status: this must be a text, not true or false; put it in quotes"
)]
#[case(
    "[flowtly.defaults.company]\ncost_group = \"x\"",
    "sync.toml:2:1: flowtly.defaults.company.cost_group: Flowtly does not let it be written; remove the default"
)]
#[case(
    "[flowtly.defaults.contact]\nparent = \"x\"",
    "sync.toml:2:1: flowtly.defaults.contact.parent: there is no field `parent`; "
)]
#[case(
    "[crm.defaults.company]\ncurrency = \"PLN\"",
    "sync.toml:2:1: crm.defaults.company.currency: it is not mapped in CRM; map it under [mapping.company]"
)]
fn an_impossible_default_is_told(#[case] text: &str, #[case] wanted: &str) {
    let told = told(text);
    assert!(told.len() == 1 && told[0].starts_with(wanted), "{told:#?}");
}
