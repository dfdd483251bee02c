//! What the scripts of the Debian package do where a systemd runs: they are tried in a folder, with lines that stand in for the
//! programs that they ask. `tests/package.sh` tries them in a whole system.

use std::fs::Permissions;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use crate::served::{code, told};

fn write(path: &Path, text: &str) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
    std::fs::set_permissions(path, Permissions::from_mode(0o755)).unwrap();
}

/// Configures the package in this folder, where these units run. `shown` is what `systemctl show` answers, by the ends of its command
/// lines. Returns what it said, and what was asked of systemd.
fn upgraded(root: &Path, running: &[&str], shown: &[(&str, String)]) -> (Output, Vec<String>) {
    let script = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/debian/postinst")).unwrap();
    let script = ["/etc/", "/var/lib/", "/run/systemd/"]
        .iter()
        .fold(script, |script, folder| script.replace(folder, &format!("{}{folder}", root.display())))
        .replace("/usr/bin/flowtly-sync", env!("CARGO_BIN_EXE_flowtly-sync"));
    write(&root.join("postinst"), &script);
    std::fs::create_dir_all(root.join("run/systemd/system")).unwrap();
    let asked = root.join("asked");
    std::fs::write(&asked, "").unwrap();
    for program in ["systemd-sysusers", "deb-systemd-helper", "dpkg-statoverride", "chgrp"] {
        write(&root.join("bin").join(program), "#!/bin/sh\n");
    }
    let answer = |(line, answer): &(&str, String)| format!("'show --property='{line}) echo '{answer}' ;;\n");
    let answers = shown.iter().map(answer).collect::<Vec<_>>().concat();
    let lists = format!("*list-units*) printf '%s\\n' {} ;;\n*is-active*) exit 3 ;;\n", running.join(" "));
    write(&root.join("bin/systemctl"), &format!("#!/bin/sh\ncase $* in\n{answers}{lists}esac\n"));
    write(&root.join("bin/deb-systemd-invoke"), &format!("#!/bin/sh\necho \"$@\" >>{}\n", asked.display()));
    let path = format!("{}:{}", root.join("bin").display(), std::env::var("PATH").unwrap());
    let output = Command::new("sh")
        .arg(root.join("postinst"))
        .args(["configure", "0.0.1-1"])
        .env("PATH", path)
        .env_remove("RUST_LOG")
        .output()
        .unwrap();
    let asked = std::fs::read_to_string(asked).unwrap();
    (output, asked.lines().map(str::to_owned).collect())
}

/// Who gives the package away says under which licences its libraries stand.
#[test]
fn the_copyright_file_names_the_licences_that_libraries_may_have() {
    let text = |file: &str| std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).unwrap();
    let audit: toml::Table = text(".deny.toml").parse().unwrap();
    let copyright = text("deploy/debian/copyright");
    let named = copyright.split_once("Comment: ").unwrap().1.split_once(". Their names").unwrap().0;
    for licence in audit["licenses"]["allow"].as_array().unwrap() {
        let licence = licence.as_str().unwrap();
        assert!(named.split([' ', ',', '\n']).any(|word| word == licence), "{licence} is not in {named}");
    }
}

/// An upgrade that nobody watches ends nothing that runs: what the new release does not take is left as it is, and that is said.
#[test]
fn an_upgrade_restarts_what_the_new_release_takes_and_nothing_else() {
    let root = tempfile::tempdir().unwrap();
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/hubspot.example.toml");
    let valid = std::fs::read_to_string(example).unwrap();
    for pair in ["", "acme/", "globex/"] {
        let folder = root.path().join("etc/flowtly-sync").join(pair);
        let broken = if pair == "acme/" { "unheard_of = 1\n" } else { "" };
        write(&folder.join("config.toml"), &(broken.to_owned() + &valid));
    }
    let running = ["flowtly-sync.service", "flowtly-sync@acme.service", "flowtly-sync@globex.service"];
    // No secret is there for its eyes: an encrypted credential is systemd's to read.
    // A pair's socket that somebody enabled, and that is not open.
    let wants = root.path().join("etc/systemd/system/sockets.target.wants");
    std::fs::create_dir_all(&wants).unwrap();
    symlink("/usr/lib/systemd/system/flowtly-sync@.socket", wants.join("flowtly-sync@globex.socket")).unwrap();
    let (output, asked) = upgraded(root.path(), &running, &[]);
    assert_eq!(code(&output), 0, "{}", told(&output));
    let wanted =
        ["restart flowtly-sync.service", "restart flowtly-sync@globex.service", "start flowtly-sync@globex.socket"];
    assert_eq!(asked, wanted, "{}", told(&output));
    for wanted in ["flowtly-sync@acme.service runs on", "WAS NOT RESTARTED", "`systemctl restart flowtly-sync@acme`"] {
        assert!(told(&output).contains(wanted), "{wanted}: {}", told(&output));
    }
    assert!(told(&output).contains("config.toml:1:1: unheard_of"), "and why: {}", told(&output));
    assert_eq!(told(&output).matches("WARNING").count(), 1, "{}", told(&output));
}

/// Where a unit finds its configuration, and what stands in drop-ins, is judged as the unit has it.
#[test]
fn what_is_judged_is_the_configuration_that_the_unit_sees() {
    let root = tempfile::tempdir().unwrap();
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/hubspot.example.toml");
    let valid = std::fs::read_to_string(example).unwrap();
    for (pair, text) in [
        ("acme", "unheard_of = 1\n".to_owned()),
        ("globex", valid.replace("username =", "# username =")),
        ("initech", valid.clone()),
    ] {
        write(&root.path().join("etc/flowtly-sync").join(pair).join("config.toml"), &text);
    }
    write(&root.path().join("elsewhere/config.toml"), &valid);
    let running = ["flowtly-sync@acme.service", "flowtly-sync@initech.service"];
    let process = |variable: &str, value: &Path| {
        let mut process = Command::new("cat");
        process.env_clear().env(variable, value).stdin(Stdio::piped()).spawn().unwrap()
    };
    // One runs with a folder of its own, one was broken by a drop-in. What does not run has everything from its unit.
    let mut acme = process("CONFIGURATION_DIRECTORY", &root.path().join("elsewhere"));
    let mut initech = process("FLOWTLY_SYNC_CONFIG", Path::new("/nowhere/config.toml"));
    let wants = root.path().join("etc/systemd/system/multi-user.target.wants");
    std::fs::create_dir_all(&wants).unwrap();
    symlink("/usr/lib/systemd/system/flowtly-sync@.service", wants.join("flowtly-sync@globex.service")).unwrap();
    let shown = [
        ("'MainPID --value flowtly-sync@acme.service'", acme.id().to_string()),
        ("'MainPID --value flowtly-sync@initech.service'", initech.id().to_string()),
        ("'MainPID --value flowtly-sync@globex.service'", "0".to_owned()),
        (
            "'Environment --value flowtly-sync@globex.service'",
            r#""FLOWTLY_SYNC__FLOWTLY__USERNAME=anna nowak \$(exit)" LANG=C"#.to_owned(),
        ),
    ];
    let (output, asked) = upgraded(root.path(), &running, &shown);
    for process in [&mut acme, &mut initech] {
        drop(process.stdin.take());
        process.wait().unwrap();
    }
    assert_eq!(code(&output), 0, "{}", told(&output));
    assert_eq!(asked, ["restart flowtly-sync@acme.service", "start flowtly-sync@globex.service"], "{}", told(&output));
    assert!(told(&output).contains("/nowhere/config.toml"), "{}", told(&output));
}
