//! The invariants of the house that types cannot hold, read from the sources.

use std::fs;
use std::path::{Path, PathBuf};

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// Lines of code outside tests and comments, below `folder`, that hold one of these words.
fn lines_with(folder: &str, words: &[&str], except: &[&str]) -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    sources(&root.join(folder), &mut files);
    assert!(!files.is_empty(), "{folder} holds no sources");
    let mut found = Vec::new();
    for file in files {
        let name = file.strip_prefix(root).unwrap().display().to_string();
        let is_test = name.contains("/tests/") || name.ends_with("tests.rs");
        if is_test || except.iter().any(|except| name.starts_with(except)) {
            continue;
        }
        let text = fs::read_to_string(&file).unwrap();
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        for (number, line) in code.lines().enumerate() {
            let line = line.trim_start();
            if !line.starts_with("//") && words.iter().any(|word| line.contains(word)) {
                found.push(format!("{name}:{}: {line}", number + 1));
            }
        }
    }
    found
}

#[test]
fn the_domain_is_pure() {
    let words = [
        "async fn",
        ".await",
        "tokio",
        "reqwest",
        "sqlx",
        "tracing",
        "std::env",
        "std::fs",
        "std::net",
        "::now()",
        "crate::connector",
        "crate::store",
        "crate::sync",
        "crate::config",
        "crate::sandbox",
    ];
    assert_eq!(lines_with("src/domain", &words, &[]), Vec::<String>::new());
}

#[test]
fn only_the_apply_writes_to_a_system() {
    let found = lines_with("src", &["dyn Sink", ".write(kind, "], &["src/sync/apply", "src/connector"]);
    assert_eq!(found, Vec::<String>::new());
}

#[test]
fn only_the_store_knows_sql() {
    assert_eq!(lines_with("src", &["sqlx::", "use sqlx"], &["src/store"]), Vec::<String>::new());
}

/// Why: see `Store`. The files that are opened there are of their own.
#[test]
fn nobody_in_the_daemons_process_opens_a_state_but_sqlite() {
    let words = ["File::open", "OpenOptions", "File::options", "fs::read", "fs::write", "fs::copy"];
    let own = ["src/daemon/hints/spool.rs", "src/notice/memory.rs"];
    for folder in ["src/daemon", "src/notice", "src/web", "src/metrics", "src/sync", "src/telemetry"] {
        assert_eq!(lines_with(folder, &words, &own), Vec::<String>::new());
    }
}

#[test]
fn only_the_configuration_reads_the_environment() {
    // cargo tells a build script by its environment what it is for.
    assert_eq!(lines_with("src", &["env::var", "env::vars"], &["src/config", "src/build.rs"]), Vec::<String>::new());
}

#[test]
fn backoff_is_named_in_one_file() {
    assert_eq!(lines_with("src", &["backoff::"], &["src/connector/retry"]), Vec::<String>::new());
}

#[test]
fn every_wait_and_every_stamp_goes_through_the_clock() {
    let words = ["Utc::now", "Instant::now", "SystemTime::now", "time::sleep", "thread::sleep"];
    assert_eq!(lines_with("src", &words, &["src/clock.rs"]), Vec::<String>::new());
}

#[test]
fn only_the_registry_decides_by_the_name_of_a_system() {
    let found = lines_with("src/sync", &["HubSpot", "hubspot"], &[]);
    assert_eq!(found, Vec::<String>::new());
    assert_eq!(lines_with("src/daemon", &["HubSpot", "hubspot"], &[]), Vec::<String>::new());
}

#[test]
fn arrows_point_one_way() {
    for (room, above) in [
        (
            "src/connector",
            ["crate::store", "crate::sync", "crate::daemon", "crate::commands", "crate::render"].as_slice(),
        ),
        ("src/store", &["crate::connector", "crate::sync", "crate::daemon", "crate::commands", "crate::render"]),
        ("src/sync", &["crate::daemon", "crate::commands", "crate::render", "crate::config", "crate::cli"]),
        ("src/daemon", &["crate::commands", "crate::render", "crate::config", "crate::cli"]),
        ("src/sandbox", &["crate::store", "crate::sync", "crate::daemon", "crate::commands", "crate::config"]),
    ] {
        assert_eq!(lines_with(room, above, &[]), Vec::<String>::new());
    }
}
