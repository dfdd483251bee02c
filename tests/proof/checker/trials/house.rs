//! The checker shares no code with the engine.

use std::fs;
use std::path::{Path, PathBuf};

use libtest_mimic::Trial;

use super::trial;

pub fn trials() -> Vec<Trial> {
    vec![trial("shares_no_code_with_the_engine", shares_no_code)]
}

fn shares_no_code() -> Result<(), String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/proof/checker");
    let mut files = Vec::new();
    sources(&folder, &mut files);
    if files.len() < 10 {
        return Err(format!("only {} sources were found", files.len()));
    }
    let mut found = Vec::new();
    for file in files {
        // How the trials live a firm is no part of the judgement.
        if file.starts_with(folder.join("trials/live")) || file.ends_with("trials/house.rs") {
            continue;
        }
        let text = fs::read_to_string(&file).map_err(|error| error.to_string())?;
        for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim_start().starts_with("//")) {
            if let Some(problem) = problem(line) {
                found.push(format!("{}:{}: {problem}: {}", file.display(), number + 1, line.trim()));
            }
        }
    }
    if found.is_empty() { Ok(()) } else { Err(found.join("\n")) }
}

/// The sandbox's data, its clock, and the firm's own handles may be used; nothing else of the program.
fn problem(line: &str) -> Option<&'static str> {
    const ALLOWED: [&str; 2] = ["flowtly_sync::sandbox::", "flowtly_sync::clock::Clock"];
    let names_the_crate = line.contains("flowtly_sync::") && !ALLOWED.iter().any(|allowed| line.contains(allowed));
    let words = ["crate::life", "crate::portrait", "crate::steps", "crate::crash"];
    if names_the_crate {
        return Some("names the engine");
    }
    words.iter().any(|word| line.contains(word)).then_some("names a part of the proof that uses the engine")
}

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
