//! Which records may be created on the other side.

use rstest::rstest;

use super::{environment, load_file, load_with, told};
use crate::domain::record::{Kind, Side};
use crate::domain::scope::{Bound, Condition, Limit, Test};
use crate::domain::value::date;

#[test]
fn a_scope_is_conditions_and_what_must_be_read_for_them() {
    let text = "[scope.crm.company]\nlifecyclestage = [\"customer\", \"\"]\nname = \"Acme\"\n[scope.flowtly.company]\nstatus = [\"active\"]";
    let settings = load_file(text).unwrap();
    let crm = settings.shape(Side::Crm, Kind::Company);
    assert_eq!(
        crm.scope,
        [Condition::any_of("lifecyclestage", ["customer", ""]), Condition::any_of("name", ["Acme"]),]
    );
    assert_eq!(crm.watched, ["lifecyclestage"]);
    let flowtly = settings.shape(Side::Flowtly, Kind::Company);
    assert_eq!((flowtly.scope.len(), flowtly.watched.len()), (1, 0));
}

fn tests(line: &str) -> Vec<Test> {
    let settings = load_file(&format!("[scope.crm.company]\nrank = {line}")).unwrap();
    let mut scope = settings.shape(Side::Crm, Kind::Company).scope.clone();
    assert_eq!((scope.len(), scope[0].path.as_str()), (1, "rank"));
    scope.remove(0).tests
}

fn number(bound: Bound, limit: &str) -> Test {
    Test::Bound(bound, Limit::Number(limit.to_owned()))
}

fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

#[test]
fn a_condition_may_be_a_table_of_tests() {
    assert_eq!(tests("{ above = 0 }"), [number(Bound::Above, "0")]);
    assert_eq!(tests("{ at_least = 1, at_most = 2.50 }"), [number(Bound::AtLeast, "1"), number(Bound::AtMost, "2.5")]);
    assert_eq!(tests("{ below = \"-1,5\" }"), [number(Bound::Below, "-1.5")]);
    assert_eq!(tests("{ not = [\"lead\", \"\"] }"), [Test::NoneOf(texts(&["lead", ""]))]);
    assert_eq!(tests("{ not = \"lead\" }"), [Test::NoneOf(texts(&["lead"]))]);
    assert_eq!(tests("{ any_of = [\"customer\"] }"), [Test::AnyOf(texts(&["customer"]))]);
    assert_eq!(tests("{ blank = false }"), [Test::Blank(false)]);
}

#[rstest]
#[case("2026-05-01")]
#[case("\"2026-05-01\"")]
#[case("\"01.05.2026\"")]
fn a_limit_may_be_a_day(#[case] day: &str) {
    let limit = Limit::Date(date::parse("2026-05-01").unwrap());
    assert_eq!(tests(&format!("{{ at_least = {day} }}")), [Test::Bound(Bound::AtLeast, limit)]);
}

#[test]
fn a_variable_sets_a_limit() {
    let variable = environment(&[
        ("FLOWTLY_SYNC__SCOPE__CRM__COMPANY__RANK__ABOVE", "3"),
        ("FLOWTLY_SYNC__SCOPE__CRM__COMPANY__VAT__BLANK", "false"),
    ]);
    let settings = load_with("", &variable).unwrap();
    let scope = &settings.shape(Side::Crm, Kind::Company).scope;
    let condition = |path: &str, test: Test| Condition { path: path.to_owned(), tests: vec![test] };
    assert_eq!(*scope, [condition("rank", number(Bound::Above, "3")), condition("vat", Test::Blank(false))]);
}

#[test]
fn another_limit_is_another_scope() {
    let key = |text: &str| load_file(text).unwrap().shape(Side::Crm, Kind::Company).key();
    let lines = ["", "rank = [\"0\"]", "rank = { above = 0 }", "rank = { above = 1 }", "rank = { at_least = 0 }"];
    let keys: std::collections::BTreeSet<u64> =
        lines.iter().map(|line| key(&format!("[scope.crm.company]\n{line}"))).collect();
    assert_eq!(keys.len(), lines.len());
    let same = |line: &str| key(&format!("[scope.crm.company]\nrank = {line}"));
    assert_eq!(same("[\"0\"]"), same("{ any_of = \"0\" }"), "a list says the same as its test");
    assert_eq!(same("{ above = 0 }"), same("{ above = \"0.0\" }"));
}

#[rstest]
#[case("rank = []", "rank: no text is named, so that nothing would be in scope; ")]
#[case("rank = 5", "rank: this must be a list of texts, ")]
#[case("rank = {}", "rank: nothing is asked of it; ")]
#[case("rank = { abov = 0 }", "rank.abov: there is no test `abov`; did you mean `above`?")]
#[case("rank = { above = \"many\" }", "rank.above: `many` is neither a number nor a date; ")]
#[case("rank = { above = true }", "rank.above: this must be a number or a date, not true or false; ")]
#[case(
    "rank = { above = 2026-05-01T10:00:00Z }",
    "rank.above: `2026-05-01T10:00:00Z` is neither a number nor a date; "
)]
#[case("rank = { not = [] }", "rank.not: no text is named, so that it says nothing; ")]
#[case("rank = { any_of = [] }", "rank.any_of: no text is named, so that nothing would be in scope; ")]
#[case("rank = { blank = \"no\" }", "rank.blank: this must be true or false, ")]
fn an_impossible_scope_is_told(#[case] line: &str, #[case] wanted: &str) {
    let told = told(&format!("[scope.crm.company]\n{line}"));
    let wanted = format!("scope.crm.company.{wanted}");
    assert!(told.len() == 1 && told[0].starts_with("sync.toml:2:") && told[0].contains(&wanted), "{told:#?}");
}

#[test]
fn a_scope_of_nothing_known_is_told() {
    let told = told("[scope.crm]\nfirm = 5");
    assert!(
        told.len() == 1 && told[0].starts_with("sync.toml:2:1: scope.crm.firm: there is no such setting; "),
        "{told:#?}"
    );
}
