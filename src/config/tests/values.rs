//! Right values, from the file and from variables.

use std::path::Path;
use std::time::Duration;

use super::super::load::{find_file, load_text};
use super::{environment, load_file, load_with};
use crate::config::LogFormat;
use crate::domain::record::{Kind, RemoteId};
use crate::domain::rules::Preference;
use crate::domain::safety::Limit;

#[test]
fn documents_are_shown_only_where_the_file_says_so() {
    assert_eq!(load_file("").unwrap().documents, None);
    assert_eq!(load_file("documents = false\ndocuments_at_once = 9").unwrap().documents, None);
    let settings = load_file("documents = true").unwrap();
    assert_eq!(settings.documents, Some(4));
    assert_eq!(settings.limits.documents, Limit { count: 50, share: 0.1 });
    let settings =
        load_file("documents = true\ndocuments_at_once = 1\nlimits = { documents = { count = 7 } }").unwrap();
    assert_eq!((settings.documents, settings.limits.documents.count), (Some(1), 7));
    let settings = load_with("", &environment(&[("FLOWTLY_SYNC__DOCUMENTS", "true")])).unwrap();
    assert_eq!(settings.documents, Some(4));
    for wrong in ["documents = \"true\"", "documents = 1", "documents_at_once = 0", "documents_at_once = 17"] {
        assert!(load_file(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn a_file_changes_what_it_names_and_nothing_else() {
    let text = "\
[schedule]
interval = \"90s\"
jitter = 0
[limits]
creates = { count = 5 }
[locale]
region = \"pl\"
[log]
format = \"json\"
level = \"debug\"
[http]
retry_max_tries = 3
[flowtly]
base_url = \"https://app.flowtly.com/api\"
search_parameter = \"q\"
";
    let settings = load_file(text).unwrap();
    assert_eq!(settings.schedule.interval, Duration::from_secs(90));
    assert!(settings.schedule.jitter.abs() < f64::EPSILON);
    assert_eq!(settings.limits.creates, Limit { count: 5, share: 0.1 });
    assert_eq!(settings.limits.updates, Limit { count: 200, share: 0.2 });
    assert_eq!(settings.locale().region.as_deref(), Some("PL"));
    assert_eq!((settings.log.format, settings.log.filter.as_str()), (LogFormat::Json, "warn,flowtly_sync=debug"));
    assert_eq!(settings.http.retry.max_tries, 3);
    assert_eq!(settings.flowtly.base_url.join("clients").unwrap().as_str(), "https://app.flowtly.com/api/clients");
    assert_eq!(settings.flowtly.search_parameter.as_deref(), Some("q"));
}

#[test]
fn every_limit_has_a_count_a_share_and_a_default() {
    let settings = load_file("").unwrap();
    let limit = |count, share| Limit { count, share };
    let limits = settings.limits;
    assert_eq!((limits.links, limits.conflicts), (limit(50, 0.1), limit(30, 0.05)));
    assert_eq!((limits.pauses, limits.shrink), (limit(20, 0.05), limit(10, 0.05)));
    assert_eq!(settings.canaries, []);
    let text = "[limits]\nlinks = { count = 1 }\nconflicts = { share = 0.5 }\npauses = { count = 0, share = 0 }\n\
                canaries = [\"17\", \"204\"]\n";
    let settings = load_file(text).unwrap();
    let limits = settings.limits;
    assert_eq!((limits.links, limits.conflicts), (limit(1, 0.1), limit(30, 0.5)));
    assert_eq!(limits.pauses, limit(0, 0.0));
    assert_eq!(settings.canaries, [RemoteId::new("17"), RemoteId::new("204")]);
}

#[test]
fn a_limit_that_cannot_be_evaluated_is_no_setting() {
    for share in ["nan", "inf", "-0.1", "1.5", "\"a tenth\""] {
        for name in ["creates", "updates", "blanked", "links", "conflicts", "pauses", "shrink"] {
            let problems = load_file(&format!("[limits]\n{name} = {{ share = {share} }}")).unwrap_err();
            assert!(problems.iter().any(|problem| problem.contains(&format!("limits.{name}.share"))));
        }
    }
}

#[test]
fn variables_win_over_the_file_whatever_their_type() {
    let text = "[http]\ntimeout = \"10s\"\n[flowtly]\npage_size = 10\n[hubspot]\nid_property = \"of_the_file\"";
    let environment = environment(&[
        ("FLOWTLY_SYNC__HTTP__TIMEOUT", "20s"),
        ("FLOWTLY_SYNC__FLOWTLY__PAGE_SIZE", "20"),
        ("FLOWTLY_SYNC__HUBSPOT__ID_PROPERTY", "of_the_variable"),
        ("FLOWTLY_SYNC__SCHEDULE__JITTER", "0.25"),
        ("FLOWTLY_SYNC__LIMITS__SHRINK__COUNT", "7"),
        ("FLOWTLY_SYNC__FLOWTLY__ORGANISATION", "00123"),
        ("FLOWTLY_SYNC__RULES__COMPANY__FIELDS__PHONE__CONFLICT", "crm"),
        ("FLOWTLY_SYNC_CONFIG", "somewhere.toml"),
        ("UNRELATED", "x"),
    ]);
    let settings = load_with(text, &environment).unwrap();
    assert_eq!(settings.http.timeout, Duration::from_secs(20));
    assert_eq!(settings.flowtly.page_size, Some(20));
    assert_eq!(settings.crm.id_property(), Some("of_the_variable"));
    assert!((settings.schedule.jitter - 0.25).abs() < f64::EPSILON);
    assert_eq!(settings.limits.shrink.count, 7);
    assert_eq!(settings.flowtly.organisation.as_deref(), Some("00123"));
    let phone = settings.kind_rules(Kind::Company).fields[&crate::domain::field::Field::Phone];
    assert_eq!(phone.conflict, Preference::Crm);
}

#[test]
fn an_empty_text_takes_a_setting_away() {
    let text = "[hubspot]\nid_property = \"\"\n[flowtly]\npage_size = 0\nrequests_per_minute = 0";
    let settings = load_file(text).unwrap();
    assert_eq!((settings.flowtly.page_size, settings.flowtly.requests_per_minute), (None, None));
    assert_eq!(settings.crm.id_property(), None);
}

#[test]
fn plain_http_is_for_this_machine() {
    for url in ["http://localhost:8001", "http://127.0.0.1:8001/", "http://[::1]:8001"] {
        let settings = load_file(&format!("[flowtly]\nbase_url = \"{url}\"")).unwrap();
        assert_eq!(settings.flowtly.base_url.scheme(), "http");
        assert!(settings.flowtly.base_url.path().ends_with('/'));
    }
}

#[test]
fn a_relative_state_stands_in_the_state_directory_where_there_is_one() {
    let path = |text: &str, variables: &[(&str, &str)]| load_with(text, &environment(variables)).unwrap().state_path;
    let named = "state.path = \"here/sync.sqlite\"";
    assert_eq!(path(named, &[]), Path::new("here/sync.sqlite"));
    let systemd = [("STATE_DIRECTORY", "/var/lib/flowtly-sync:/var/lib/other")];
    assert_eq!(path("", &systemd), Path::new("/var/lib/flowtly-sync/flowtly-sync.sqlite"));
    assert_eq!(path(named, &systemd), Path::new("/var/lib/flowtly-sync/here/sync.sqlite"));
    assert_eq!(path("state.path = \"/srv/sync.sqlite\"", &systemd), Path::new("/srv/sync.sqlite"));
}

#[test]
fn the_control_socket_stands_beside_the_state_whatever_the_environment_is() {
    let path = |text: &str| load_with(text, &environment(&[])).unwrap().control_socket;
    assert_eq!(path("state.path = \"/srv/sync.sqlite\""), Path::new("/srv/sync.sqlite.control"));
    let named = |socket: &str| path(&format!("state.path = \"/srv/sync.sqlite\"\ncontrol.socket = \"{socket}\""));
    assert_eq!(named("here"), Path::new("/srv/here"));
    assert_eq!(named("/run/flowtly-sync/control"), Path::new("/run/flowtly-sync/control"));
}

#[test]
fn rust_log_wins_over_the_configured_filter() {
    let text = "[log]\nfilter = \"debug\"";
    let configured = load_file(text).unwrap().log;
    assert_eq!((configured.filter.as_str(), configured.pinned), ("debug", false));
    let pinned = load_with(text, &environment(&[("RUST_LOG", "flowtly_sync=trace")])).unwrap().log;
    assert_eq!((pinned.filter.as_str(), pinned.pinned), ("flowtly_sync=trace", true));
}

#[test]
fn colour_is_left_out_where_no_color_is_set() {
    assert!(load_file("").unwrap().log.colour);
    assert!(!load_with("", &environment(&[("NO_COLOR", "1")])).unwrap().log.colour);
    assert!(load_with("", &environment(&[("NO_COLOR", "")])).unwrap().log.colour);
}

#[test]
fn the_configuration_directory_is_looked_into() {
    let directory = tempfile::tempdir().unwrap();
    let variable = [("CONFIGURATION_DIRECTORY", directory.path().to_str().unwrap())];
    assert_eq!(find_file(&environment(&variable)), None);
    let file = directory.path().join("config.toml");
    std::fs::write(&file, "").unwrap();
    assert_eq!(find_file(&environment(&variable)), Some(file));
}

#[test]
fn a_load_without_a_file_takes_variables() {
    let settings = load_text(None, &environment(&[("FLOWTLY_SYNC__HTTP__TIMEOUT", "7s")])).unwrap();
    assert_eq!(settings.http.timeout, Duration::from_secs(7));
}
