//! Fields that the user declares.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use rstest::rstest;

use super::{environment, load_file, load_with, told};
use crate::domain::custom::{CustomField, CustomType};
use crate::domain::field::{Field, Form, Part};
use crate::domain::record::{Kind, Side};
use crate::domain::rules::{Direction, Drift, FieldRule, Preference};
use crate::domain::shape::{Declared, LookUp};
use crate::domain::value::Text;

const SEGMENT: &str = "\
[custom.company.segment]
type = \"choice\"
flowtly = \"attributes.segment\"
crm = \"industry_segment\"
values = { \"A\" = \"gold\" }
";

fn own(name: &str) -> Field {
    CustomField::new(Kind::Company, name).unwrap().into()
}

#[test]
fn a_declared_field_is_mapped_on_both_sides_and_travels_by_its_kinds_rule() {
    let settings = load_file(&format!("[rules.company]\nconflict = \"crm\"\n{SEGMENT}")).unwrap();
    let field = own("segment");
    let of = |side| settings.shape(side, Kind::Company).cells.iter().find(|cell| cell.field == field).unwrap().clone();
    let (flowtly, crm) = (of(Side::Flowtly), of(Side::Crm));
    assert_eq!((flowtly.path.as_str(), flowtly.part, flowtly.table.len()), ("attributes.segment", Part::Whole, 0));
    assert_eq!(crm.path, "industry_segment");
    assert_eq!(crm.table, BTreeMap::from([("A".to_owned(), "gold".to_owned())]));
    let sent_as = CustomType::Text;
    assert_eq!(crm.declared, Some(Declared { sent_as, ..Declared::new(CustomType::Choice) }));
    let rule = settings.kind_rules(Kind::Company).fields[&field];
    assert_eq!(rule, FieldRule { conflict: Preference::Crm, ..FieldRule::default() });
    assert_eq!(settings.locale().form(field), Form::Choice);
    assert_eq!(settings.fields(Kind::Company).last(), Some(&field));
    assert_eq!(settings.fields(Kind::Contact), Field::of(Kind::Contact));
    assert_eq!(settings.shape(Side::Crm, Kind::Contact).fields().len(), 4, "contacts have no such field");
}

#[test]
fn a_declared_field_says_its_own_rule() {
    let rule = "direction = \"to-crm\"\nconflict = \"flowtly\"\nfirst = \"flowtly\"\ndrift = \"correct\"\n";
    let settings = load_file(&format!("{SEGMENT}{rule}")).unwrap();
    let wanted = FieldRule {
        direction: Direction::ToCrm,
        conflict: Preference::Flowtly,
        first: Preference::Flowtly,
        drift: Drift::Correct,
    };
    assert_eq!(settings.kind_rules(Kind::Company).fields[&own("segment")], wanted);
    let off = load_file(&format!("{SEGMENT}direction = \"off\"\n")).unwrap();
    assert!(!off.kind_rules(Kind::Company).fields.contains_key(&own("segment")));
    let variable = environment(&[("FLOWTLY_SYNC__CUSTOM__COMPANY__SEGMENT__DIRECTION", "to-flowtly")]);
    let settings = load_with(SEGMENT, &variable).unwrap();
    assert_eq!(settings.kind_rules(Kind::Company).fields[&own("segment")].direction, Direction::ToFlowtly);
}

#[test]
fn a_property_that_cannot_be_written_gives_a_direction_and_a_length_is_kept() {
    let text = "\
[custom.company.score]
type = \"number\"
flowtly = { path = \"attributes.score\", sent_as = \"text\" }
crm = { path = \"lead_score\", read_only = true }
[custom.company.remark]
type = \"text\"
flowtly = \"attributes.remark\"
crm = { path = \"remark\", max_length = 40 }
";
    let settings = load_file(text).unwrap();
    assert_eq!(settings.kind_rules(Kind::Company).fields[&own("score")].direction, Direction::ToFlowtly);
    let sent_as = |side: Side| {
        let cells = &settings.shape(side, Kind::Company).cells;
        cells.iter().find(|cell| cell.field == own("score")).unwrap().declared.clone().unwrap().sent_as
    };
    assert_eq!((sent_as(Side::Flowtly), sent_as(Side::Crm)), (CustomType::Text, CustomType::Number));
    assert_eq!(settings.shape(Side::Crm, Kind::Company).cuts(), BTreeMap::from([(own("remark"), 40)]));
}

#[test]
fn a_relation_says_where_it_is_looked_up() {
    let text = "\
[custom.company.contractor]
type = \"relation\"
flowtly = { path = \"attributes.contractor\", look_up = \"/contractors\" }
crm = \"contractor\"
";
    let settings = load_file(text).unwrap();
    let look_up = |side: Side| {
        let cells = &settings.shape(side, Kind::Company).cells;
        cells.iter().find(|cell| cell.field == own("contractor")).unwrap().declared.clone().unwrap().look_up
    };
    let wanted = LookUp { list: "/contractors".to_owned(), label: "name".to_owned() };
    assert_eq!((look_up(Side::Flowtly), look_up(Side::Crm)), (Some(wanted), None));
}

#[test]
fn a_declared_field_may_be_a_match_key_and_have_a_default() {
    let text = "[rules.company]\nmatch_fields = [\"segment\"]\n[flowtly.defaults.company]\nsegment = \"silver\"\n";
    let settings = load_file(&format!("{text}{SEGMENT}")).unwrap();
    let rules = settings.kind_rules(Kind::Company);
    assert_eq!(rules.match_fields, [own("segment")]);
    assert_eq!(rules.defaults[&(Side::Flowtly, own("segment"))], Text::whole("silver"));
}

#[test]
fn another_type_table_or_list_makes_records_be_looked_at_again_and_a_rule_does_not() {
    let key = |text: &str| load_file(text).unwrap().shape(Side::Crm, Kind::Company).key();
    let plain = key(SEGMENT);
    assert_eq!(key(&format!("{SEGMENT}direction = \"to-crm\"")), plain);
    for (from, to) in [("\"gold\"", "\"iron\""), ("industry_segment", "tier"), ("\"choice\"", "\"relation\"")] {
        assert_ne!(key(&SEGMENT.replace(from, to)), plain, "{to}");
    }
    assert_ne!(key(""), plain);
}

#[rstest]
#[case(
    "type = \"choise\"",
    "custom.company.own.type: `choise` is not a choice; set it to one of \"text\", \"number\", "
)]
#[case("typ = \"text\"", "custom.company.own.typ: there is no setting of a declared field `typ`; did you mean `type`?")]
#[case("type = \"text\"\nflowtly = 5", "custom.company.own.flowtly: this must be the name of a property, or a table, ")]
#[case(
    "type = \"text\"\nflowtly = { name = \"x\" }",
    "custom.company.own.flowtly.name: there is no setting of a property `name`"
)]
#[case("type = \"text\"\nflowtly = { read_only = true }", "custom.company.own.flowtly: no property is named; ")]
#[case("type = \"text\"\nflowtly = \"attributes..x\"", "custom.company.own.flowtly: `attributes..x` is no path; ")]
#[case("type = \"date\"\nvalues = { a = \"b\" }", "custom.company.own.values: a date is not translated; ")]
#[case(
    "type = \"boolean\"\nvalues = { Ja = \"yes\" }",
    "custom.company.own.values.Ja: `yes` is neither true nor false; "
)]
#[case(
    "type = \"choice\"\nvalues = { a = \"x\", b = \"x\" }",
    "custom.company.own.values.b: `a` and `b` both become `x`, so that it cannot be sent back; "
)]
#[case(
    "type = \"number\"\ncrm = { path = \"x\", max_length = 5 }",
    "custom.company.own.crm.max_length: a number is not cut; "
)]
#[case(
    "type = \"text\"\ncrm = { path = \"x\", look_up = \"/y\" }",
    "custom.company.own.crm.look_up: a text is not looked up; "
)]
#[case(
    "type = \"relation\"\ncrm = { path = \"x\", label = \"y\" }",
    "custom.company.own.crm.label: nothing is looked up; "
)]
#[case(
    "type = \"relation\"\nflowtly = { path = \"x\", look_up = \"y\" }",
    "custom.company.own.flowtly.look_up: `y` is no path; "
)]
#[case(
    "type = \"text\"\ncrm = { path = \"x\", sent_as = \"date\" }",
    "custom.company.own.crm.sent_as: `date` is not a choice; "
)]
#[case("type = \"text\"\nconflict = \"hubspot\"", "custom.company.own.conflict: `hubspot` is not a choice; ")]
#[case(
    "type = \"text\"\ncrm = { path = \"x\", read_only = true }\ndirection = \"both\"",
    "custom.company.own.direction: `own` cannot be written in CRM; use \"to-flowtly\" or \"off\""
)]
#[case(
    "type = \"text\"\ncrm = \"phone\"",
    "custom.company.own.crm: `phone` is already mapped by mapping.company.phone; "
)]
#[case(
    "type = \"text\"\nflowtly = \"dueDays\"",
    "custom.company.own.flowtly: `dueDays` is already mapped by mapping.flowtly.company.due_days; "
)]
#[case("type = \"text\"\ncrm = \"flowtly_id\"", "custom.company.own.crm: `flowtly_id` holds Flowtly's id ")]
fn an_impossible_declaration_is_told(#[case] lines: &str, #[case] wanted: &str) {
    let says = |name: &str| lines.lines().any(|line| line.starts_with(name));
    let mut text = format!("[custom.company.own]\n{lines}\n");
    for side in ["flowtly", "crm"].into_iter().filter(|side| !says(side)) {
        writeln!(text, "{side} = \"own_{side}\"").unwrap();
    }
    if !says("typ") {
        text.push_str("type = \"text\"\n");
    }
    let told = told(&text);
    assert!(told.iter().any(|problem| problem.contains(wanted)), "{told:#?}");
}

#[rstest]
#[case("own = 5", "sync.toml:2:1: custom.company.own: this must be a table, not a whole number; ")]
#[case("own = {}", "sync.toml:2:1: custom.company.own: it has no type; add type = one of \"text\", ")]
#[case(
    "own = { type = \"text\", crm = \"x\" }",
    "sync.toml:2:1: custom.company.own: no property of Flowtly is named; "
)]
#[case(
    "own = { type = \"text\", flowtly = \"x\" }",
    "sync.toml:2:1: custom.company.own: no property of CRM is named; "
)]
#[case(
    "phone = { type = \"text\", flowtly = \"x\", crm = \"y\" }",
    "sync.toml:2:1: custom.company.phone: `phone` is a field already; map it under [mapping.company], "
)]
#[case(
    "city = { type = \"text\", flowtly = \"x\", crm = \"y\" }",
    "sync.toml:2:1: custom.company.city: `city` is a part of fields already; "
)]
#[case(
    "Own = { type = \"text\", flowtly = \"x\", crm = \"y\" }",
    "sync.toml:2:1: custom.company.Own: `Own` cannot be a name; "
)]
fn a_name_or_a_table_that_cannot_be_is_told(#[case] line: &str, #[case] wanted: &str) {
    let told = told(&format!("[custom.company]\n{line}"));
    assert!(told.len() == 1 && told[0].starts_with(wanted), "{told:#?}");
}

#[test]
fn a_property_belongs_to_one_declared_field() {
    let told = told(&format!(
        "{SEGMENT}[custom.company.tier]\ntype = \"text\"\nflowtly = \"tier\"\ncrm = \"industry_segment\""
    ));
    let wanted = "custom.company.tier.crm: `industry_segment` is already mapped by custom.company.segment.crm; map each \
                  property once: another one here, or there";
    assert!(told.len() == 1 && told[0].ends_with(wanted), "{told:#?}");
}

#[rstest]
#[case("[mapping.company]\nsegment = \"x\"", "mapping.company.segment: ")]
#[case("[rules.company.fields]\nsegment = { conflict = \"crm\" }", "rules.company.fields.segment: ")]
fn what_is_declared_is_said_in_its_own_table_alone(#[case] elsewhere: &str, #[case] at: &str) {
    let told = told(&format!("{elsewhere}\n{SEGMENT}"));
    let wanted =
        format!("{at}`segment` is declared by [custom.company.segment]; say it there, under [custom.company.segment]");
    assert!(told.len() == 1 && told[0].ends_with(&wanted), "{told:#?}");
}
