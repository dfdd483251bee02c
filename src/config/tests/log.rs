//! What is said, and where it goes.

use rstest::rstest;
use secrecy::ExposeSecret as _;

use super::{environment, load_file, load_with, told};
use crate::config::LogFormat;

#[rstest]
#[case::level("level = \"debug\"", &[], "warn,flowtly_sync=debug")]
#[case::filter_over_level("level = \"debug\"\nfilter = \"info,flowtly_sync::sync=trace\"", &[], "info,flowtly_sync::sync=trace")]
#[case::rust_log_over_both("level = \"debug\"\nfilter = \"info\"", &[("RUST_LOG", "error")], "error")]
#[case::rust_log_over_a_variable("", &[("RUST_LOG", "error"), ("FLOWTLY_SYNC__LOG__FILTER", "info")], "error")]
fn of_several_filters_one_wins(#[case] lines: &str, #[case] variables: &[(&str, &str)], #[case] wanted: &str) {
    let log = load_with(&format!("[log]\n{lines}"), &environment(variables)).unwrap().log;
    assert_eq!((log.filter.as_str(), log.pinned), (wanted, variables.iter().any(|(name, _)| *name == "RUST_LOG")));
}

#[test]
fn lines_may_go_to_the_journal() {
    assert_eq!(load_file("[log]\nformat = \"journal\"").unwrap().log.format, LogFormat::Journal);
}

#[test]
fn traces_go_nowhere_until_a_collector_is_named() {
    assert!(load_file("").unwrap().traces.is_none());
    let variables = environment(&[("FLOWTLY_SYNC__TRACES__AUTHORIZATION", "Bearer hush"), ("RUST_LOG", "off")]);
    let settings = load_with("[traces]\nendpoint = \"http://127.0.0.1:4318/v1/traces\"", &variables).unwrap();
    let traces = settings.traces.as_ref().unwrap();
    assert_eq!((traces.filter.as_str(), traces.queue), ("flowtly_sync=debug", 8_192));
    assert_eq!(traces.authorization.as_ref().unwrap().expose_secret(), "Bearer hush");
    assert!(!format!("{settings:?}{}", settings.shown).contains("hush"));
}

#[rstest]
#[case::no_url("endpoint = \"collector:4318\"", "the connection would not be encrypted")]
#[case::no_url_at_all("endpoint = \"collector\"", "traces.endpoint: this is not a URL")]
#[case::open("endpoint = \"http://collector:4318/v1/traces\"", "the connection would not be encrypted")]
#[case::a_credential("endpoint = \"https://me:hush@collector/v1/traces\"", "a credential stands in the URL")]
#[case::no_filter("filter = \"sync=loud\"", "traces.filter: this is not a filter")]
#[case::no_queue("queue = 0", "traces.queue: the number is out of range")]
fn where_traces_cannot_go_is_told(#[case] line: &str, #[case] wanted: &str) {
    let told = told(&format!("[traces]\n{line}"));
    assert!(told.len() == 1 && told[0].contains(wanted), "{told:?}");
}
