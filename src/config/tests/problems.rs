//! Each thing that can be wrong, with its place and its mend.

use rstest::rstest;

use super::super::load::load;
use super::{environment, load_with, told};
use crate::config::Environment;

#[rstest]
// Unknown keys.
#[case(
    "[http]\ntimeuot = \"5s\"",
    "sync.toml:2:1: http.timeuot: there is no such setting; did you mean `http.timeout`?"
)]
#[case("[flowty]\nbase_url = \"x\"", "sync.toml:1:2: flowty: there is no such setting; did you mean `flowtly`?")]
#[case("page_size = 5", "sync.toml:1:1: page_size: there is no such setting; did you mean `flowtly.page_size`?")]
#[case("[state]\nzzz = 1", "sync.toml:2:1: state.zzz: there is no such setting; known here: path")]
#[case(
    "limits = { creates = { cont = 3 } }",
    "sync.toml:1:24: limits.creates.cont: there is no such setting; did you mean `limits.creates.count`?"
)]
// Wrong sorts.
#[case(
    "http = 5",
    "sync.toml:1:1: http: this is a table of settings, not a whole number; write [http] and its settings below"
)]
#[case(
    "[http]\n\n  timeout = 30",
    "sync.toml:3:3: http.timeout: this must be a duration, not a whole number; write a text such as \"90s\", \"5m\" or \"1h30m\""
)]
#[case(
    "[flowtly]\npage_size = \"100\"",
    "sync.toml:2:1: flowtly.page_size: this must be a whole number, not a text; write it without quotes"
)]
#[case(
    "[flowtly]\npage_size = { a = 1 }",
    "sync.toml:2:1: flowtly.page_size: this must be a whole number, not a table; write it without quotes"
)]
#[case(
    "[flowtly]\norganisation = 123",
    "sync.toml:2:1: flowtly.organisation: this must be a text, not a whole number; put it in quotes"
)]
#[case(
    "[rules.company]\ncreate_in_crm = \"yes\"",
    "sync.toml:2:1: rules.company.create_in_crm: this must be true or false, not a text; write `true` or `false`, without quotes"
)]
#[case(
    "[rules.company]\nmatch_fields = [1]",
    "sync.toml:2:1: rules.company.match_fields: the list holds something that is not a text; write [\"one\", \"two\"]"
)]
// Out of range.
#[case(
    "[flowtly]\npage_size = 1001",
    "sync.toml:2:1: flowtly.page_size: the number is out of range; set it to a whole number from 0 to 1000"
)]
#[case(
    "[http]\nbody_limit = -1",
    "sync.toml:2:1: http.body_limit: the number is out of range; set it to a whole number from 65536 to 1073741824"
)]
#[case(
    "[http]\nbody_limit = 99999999999999999999",
    "sync.toml:2:1: http.body_limit: the number is too large; whole numbers have at most 64 bits"
)]
#[case(
    "[schedule]\njitter = nan",
    "sync.toml:2:1: schedule.jitter: the number is out of range; set it to a number from 0 to 0.5"
)]
#[case(
    "[schedule]\ninterval = \"5 minutes\"",
    "sync.toml:2:1: schedule.interval: `5 minutes` is not a duration; write a text such as \"90s\", \"5m\" or \"1h30m\""
)]
#[case(
    "[schedule]\ninterval = \"10ms\"",
    "sync.toml:2:1: schedule.interval: `10ms` is out of range; set it from \"1s\" to \"1d\""
)]
// Words and texts.
#[case(
    "[crm]\nkind = \"salesforce\"",
    "sync.toml:2:1: crm.kind: `salesforce` is not a choice; set it to one of \"hubspot\""
)]
#[case(
    "[log]\nformat = \"xml\"",
    "sync.toml:2:1: log.format: `xml` is not a choice; set it to one of \"auto\", \"text\", \"json\""
)]
#[case(
    "[locale]\nregion = \"Poland\"",
    "sync.toml:2:1: locale.region: `Poland` does not do; this must be two letters of ISO 3166-1 such as \"PL\", or empty"
)]
#[case(
    "[flowtly]\nlogin_path = \"login\"",
    "sync.toml:2:1: flowtly.login_path: `login` does not do; this must be a path that begins with `/`, without query"
)]
#[case(
    "[flowtly]\ndocuments_path = \"/documents\"",
    "sync.toml:2:1: flowtly.documents_path: `/documents` does not do; this must be a path with `{id}` in it"
)]
#[case(
    "[flowtly]\naccept = \"json\"",
    "sync.toml:2:1: flowtly.accept: `json` does not do; this must be a media type such as \"application/ld+json\""
)]
#[case(
    "[flowtly.headers]\n\"X Tenant\" = \"a\"",
    "sync.toml:2:1: flowtly.headers.\"X Tenant\": this is no name of a header; use letters, digits and hyphens"
)]
#[case(
    "[hubspot]\napi_version = \"v3/objects\"",
    "sync.toml:2:1: hubspot.api_version: `v3/objects` does not do; this must be one part of a path, such as \"2026-03\""
)]
// URLs.
#[case(
    "[flowtly]\nbase_url = \"\"",
    "sync.toml:2:1: flowtly.base_url: this is not a URL; write it as \"https://api.example.com\""
)]
#[case(
    "[flowtly]\nbase_url = \"http://api.flowtly.eu\"",
    "sync.toml:2:1: flowtly.base_url: the connection would not be encrypted; use https; http is for loopback addresses"
)]
#[case(
    "[flowtly]\nbase_url = \"https://me:pass@api.flowtly.eu\"",
    "sync.toml:2:1: flowtly.base_url: a credential stands in the URL; remove it; credentials have settings of their own"
)]
#[case(
    "[flowtly]\nbase_url = \"https://api.flowtly.eu?x=1\"",
    "sync.toml:2:1: flowtly.base_url: a base URL has no query and no fragment; remove what follows `?` or `#`"
)]
// Across keys.
#[case(
    "[schedule]\nslow_interval = \"1m\"",
    "sync.toml:2:1: schedule.slow_interval: complete passes would be the more frequent ones; make schedule.slow_interval at least schedule.interval"
)]
#[case(
    "[http]\nretry_max_interval = \"100ms\"",
    "sync.toml:2:1: http.retry_max_interval: the longest wait is shorter than the first; make http.retry_max_interval at least http.retry_initial"
)]
// Not TOML.
#[case("[http\ntimeout = 1", "sync.toml:1:6: this is not TOML: ")]
#[case("[http]\n[http]", "sync.toml:2:2: this is not TOML: duplicate key; ")]
fn a_wrong_line_is_told_with_its_place_and_mend(#[case] text: &str, #[case] wanted: &str) {
    let told = told(text);
    assert!(told.iter().any(|line| line.starts_with(wanted)), "{told:#?}");
    assert!(wanted.contains("not TOML") || told.len() == 1, "more than one: {told:#?}");
}

#[test]
fn all_problems_are_told_at_once_in_the_order_of_the_file() {
    let text = "\
[schedule]
interval = \"soon\"
jitter = 3
[flowtly]
base_url = \"ftp://x\"
page_sise = 10
[rules.company.fields.phone]
direction = \"up\"
[mapping.company]
fone = \"phone\"
[locale]
region = 48
";
    let environment: Environment =
        [("FLOWTLY_SYNC__HTTP__TIMEOUT", "long"), ("FLOWTLY_SYNC__HUBSPOT__TOKEN", "t")].into_iter().collect();
    let told = load_with(text, &environment).unwrap_err();
    let places: Vec<&str> = told.iter().map(|line| line.split(": ").next().unwrap()).collect();
    let keys: Vec<&str> = told.iter().map(|line| line.split(": ").nth(1).unwrap()).collect();
    assert_eq!(
        keys,
        [
            "flowtly.username",
            "schedule.interval",
            "schedule.jitter",
            "flowtly.base_url",
            "flowtly.page_sise",
            "rules.company.fields.phone.direction",
            "mapping.company.fone",
            "locale.region",
            "http.timeout",
        ]
    );
    assert_eq!(places[0], "sync.toml");
    assert_eq!(places[7], "sync.toml:12:1");
    assert_eq!(places[8], "variable FLOWTLY_SYNC__HTTP__TIMEOUT");
}

#[rstest]
#[case("FLOWTLY_SYNC__HTTP__TIMEUOT", "1m", "http.timeuot: there is no such setting; did you mean `http.timeout`?")]
#[case("FLOWTLY_SYNC__HTTP", "1m", "http: this is a table of settings; name one setting of it after another `__`")]
#[case(
    "FLOWTLY_SYNC__RULES__COMPANY__MATCH_FIELDS",
    "phone",
    "rules.company.match_fields: a list cannot be set by a variable; write it into the configuration file"
)]
#[case(
    "FLOWTLY_SYNC__FLOWTLY__HEADERS__X Y",
    "a",
    "flowtly.headers.\"x y\": a variable cannot name this key; write it into the configuration file"
)]
#[case(
    "FLOWTLY_SYNC__HTTP__RETRY_MAX_TRIES",
    "many",
    "http.retry_max_tries: the number is out of range; set it to a whole number from 1 to 100"
)]
#[case(
    "FLOWTLY_SYNC__RULES__COMPANY__CREATE_IN_CRM",
    "no",
    "rules.company.create_in_crm: this must be true or false, not a text; write `true` or `false`, without quotes"
)]
fn a_wrong_variable_is_told_by_its_name(#[case] name: &str, #[case] value: &str, #[case] wanted: &str) {
    let told = load_with("", &environment(&[(name, value)])).unwrap_err();
    assert_eq!(told, [format!("variable {name}: {wanted}")]);
}

#[rstest]
#[case("", "RUST_LOG", "sync=loud", "variable RUST_LOG: log.filter: this is not a filter: ")]
#[case("[log]\nfilter = \"sync=loud\"", "UNUSED", "", "sync.toml:2:1: log.filter: this is not a filter: ")]
fn a_wrong_filter_is_told(#[case] text: &str, #[case] name: &str, #[case] value: &str, #[case] wanted: &str) {
    let told = load_with(text, &environment(&[(name, value)])).unwrap_err();
    assert!(told.len() == 1 && told[0].starts_with(wanted), "{told:?}");
}

#[test]
fn a_file_that_is_not_there_is_told() {
    let directory = tempfile::tempdir().unwrap();
    let problems = load(Some(&directory.path().join("none.toml")), &environment(&[])).unwrap_err();
    let text = problems.to_string();
    assert!(text.starts_with("the configuration has a problem:\n  "), "{text}");
    assert!(text.contains("none.toml: the configuration cannot be read: "), "{text}");
    assert!(text.ends_with("name a readable file with --config or FLOWTLY_SYNC_CONFIG"), "{text}");
}
