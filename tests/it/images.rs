//! The image and the example for Kubernetes, held against the binary and against each other.

use std::path::{Path, PathBuf};

use crate::served::{code, command, printed, told};

fn path(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(file)
}

fn text(file: &str) -> String {
    std::fs::read_to_string(path(file)).unwrap()
}

const CONTAINERFILE: &str = "deploy/Containerfile";
const STATEFUL_SET: &str = "deploy/kubernetes/base/statefulset.yaml";

/// What the image says of a variable.
fn variable(name: &str) -> String {
    let text = text(CONTAINERFILE);
    let value = text.split_once(&format!("{name}=")).expect("the image sets it").1;
    value.split_whitespace().next().unwrap().to_owned()
}

#[test]
fn the_image_is_built_of_what_is_here_and_runs_as_nobody_of_importance() {
    let text = text(CONTAINERFILE);
    let copied: Vec<&str> = text
        .lines()
        .filter(|line| line.starts_with("COPY ") && !line.contains("--from"))
        .flat_map(|line| line.split(' ').skip(1))
        .filter(|source| *source != "./")
        .collect();
    for source in &copied {
        assert!(path(source).exists(), "{source} is copied, and is not here");
    }
    for needed in ["Cargo.toml", "Cargo.lock", "src", "migrations", "config", "tests", "deploy/notices.sh"] {
        assert!(copied.contains(&needed), "{needed} is needed to build");
    }
    let named = format!("registry.example.com/flowtly-sync:{}", env!("CARGO_PKG_VERSION"));
    assert!(text.contains(&format!("podman push {named}\n")), "as the example for Kubernetes has it");
    let release = env!("CARGO_PKG_RUST_VERSION");
    assert!(text.contains(&format!("FROM rust:{release}-")), "the compiler of Cargo.toml");
    assert!(text.contains("\nFROM scratch\n") && text.contains("\nUSER 65532:65532\n"));
    assert!(text.contains(
        r#"HEALTHCHECK --interval=30s --timeout=10s --start-period=1m --retries=3 CMD ["/flowtly-sync", "health"]"#
    ));
    assert!(text.contains(&format!("VOLUME {}\n", variable("STATE_DIRECTORY"))), "the state outlives the container");
}

#[test]
fn pod_and_image_agree() {
    let set = text(STATEFUL_SET);
    let image = format!("image: flowtly-sync:{}\n", env!("CARGO_PKG_VERSION"));
    assert!(set.contains(&image), "the release of this tree");
    for directory in ["CONFIGURATION_DIRECTORY", "CREDENTIALS_DIRECTORY", "STATE_DIRECTORY"] {
        assert!(set.contains(&format!("mountPath: {}", variable(directory))), "{directory} is mounted");
    }
    let defaults: toml::Table = text("config/default.toml").parse().unwrap();
    let port = defaults["web"]["bind"].as_str().unwrap().rsplit(':').next().unwrap().to_owned();
    assert!(text(CONTAINERFILE).contains(&format!("EXPOSE {port}\n")));
    assert!(set.contains(&format!("containerPort: {port}\n")));
    assert!(text("deploy/kubernetes/base/service.yaml").contains(&format!("port: {port}\n")));
    let stop = flowtly_sync::config::parse_duration(defaults["schedule"]["stop_within"].as_str().unwrap()).unwrap();
    let grace = set.split_once("terminationGracePeriodSeconds: ").unwrap().1.lines().next().unwrap();
    let stop = stop + flowtly_sync::commands::STOP_TAKES;
    assert!(grace.parse::<u64>().unwrap() > stop.as_secs(), "it is not killed while it stops");
    assert!(
        text(CONTAINERFILE).contains(&format!("podman run --stop-timeout {grace} ")),
        "nor by who runs a container"
    );
    let takes = format!("{} s;", flowtly_sync::commands::STOP_TAKES.as_secs());
    assert!(text(CONTAINERFILE).contains(&takes), "which says why");
    for line in ["replicas: 1", "runAsUser: 65532", "runAsNonRoot: true", "readOnlyRootFilesystem: true"] {
        assert!(set.contains(line), "{line}");
    }
}

/// The files that an overlay makes a secret of.
fn secrets(overlay: &str) -> Vec<String> {
    let overlay = text(&format!("{overlay}/kustomization.yaml"));
    let list = overlay.split_once("files: [secrets/").expect("an overlay has secrets").1;
    let list = list.split_once(']').unwrap().0;
    list.split(", ").map(|file| file.trim_start_matches("secrets/").to_owned()).collect()
}

/// Each pair of the example, with the variables that pod and image set, is a configuration without problems.
#[test]
fn a_pair_of_the_example_is_a_valid_configuration() {
    let set = text(STATEFUL_SET);
    let lines: Vec<&str> = set.lines().map(str::trim).collect();
    let variables: Vec<(&str, &str)> = lines
        .windows(2)
        .filter_map(|pair| {
            let name = pair[0].strip_prefix("- name: FLOWTLY_SYNC__")?;
            Some((name, pair[1].strip_prefix("value: ")?.trim_matches('"')))
        })
        .collect();
    assert_eq!(variables.len(), 3, "{variables:?}");
    for pair in ["acme", "globex"] {
        let overlay = format!("deploy/kubernetes/example/{pair}");
        let root = tempfile::tempdir().unwrap();
        for secret in secrets(&overlay) {
            std::fs::write(root.path().join(secret), "secret").unwrap();
        }
        let mut check = command(root.path(), &["check", "--show-config"]);
        check.env("CONFIGURATION_DIRECTORY", path(&overlay)).env("CREDENTIALS_DIRECTORY", root.path());
        for (name, value) in &variables {
            check.env(format!("FLOWTLY_SYNC__{name}"), value);
        }
        let shown = check.output().unwrap();
        assert_eq!(code(&shown), 0, "{pair}: {}", told(&shown));
        assert!(printed(&shown).contains("bind = \"0.0.0.0:9464\""), "{pair}: {}", printed(&shown));
    }
}

/// The lines of a manifest from one to the next that is no deeper, as they are indented there.
fn block<'a>(manifest: &'a str, head: &str) -> Vec<&'a str> {
    let mut lines = manifest.lines().skip_while(|line| line.trim_start() != head);
    let depth = |line: &str| line.len() - line.trim_start().len();
    let first = lines.next().unwrap_or_else(|| panic!("there is no {head}"));
    lines.take_while(|line| depth(line) > depth(first)).map(str::trim_start).collect()
}

/// What restores is shut in as the daemon is, has the same folders and files, and calls what the binary offers.
#[test]
fn the_job_that_restores_stands_where_the_daemon_does() {
    let (set, job) = (text(STATEFUL_SET), text("deploy/kubernetes/restore/job.yaml"));
    let contexts = |manifest: &str| -> Vec<Vec<String>> {
        let parts = manifest.split("securityContext:").skip(1);
        parts
            .map(|part| {
                let mut lines = part.lines().skip(1).peekable();
                let depth = lines.peek().map_or(0, |line| line.len() - line.trim_start().len());
                lines
                    .take_while(|line| line.starts_with(&" ".repeat(depth)))
                    .map(|line| line.trim().to_owned())
                    .collect()
            })
            .collect()
    };
    assert_eq!(contexts(&job), contexts(&set));
    assert_eq!(contexts(&job).len(), 2, "of the pod and of the container");
    assert_eq!(block(&job, "volumeMounts:"), block(&set, "volumeMounts:"));
    assert_eq!(block(&job, "resources:"), block(&set, "resources:"));
    let image = format!("image: flowtly-sync:{}\n", env!("CARGO_PKG_VERSION"));
    assert!(job.contains(&image) && job.contains("args: [restore, "));
    assert!(job.contains(&format!("workingDir: {}\n", variable("STATE_DIRECTORY"))), "where relative paths start");
    let help = command(&std::env::temp_dir(), &["restore", "--help"]).output().unwrap();
    assert_eq!(code(&help), 0);
    let component = text("deploy/kubernetes/restore/kustomization.yaml");
    assert!(component.contains("replicas:\n  - name: flowtly-sync\n    count: 0\n"), "no daemon runs meanwhile");
    // By number in the patch of the head.
    assert_eq!(block(&job, "volumes:").first(), Some(&"- name: state"));
    let claim = "state-acme-flowtly-sync-0";
    assert!(component.contains(&format!("/volumes/0/persistentVolumeClaim/claimName, value: {claim}")));
    // Where nothing made the claim yet, it is as the StatefulSet would make it.
    let (shipped, made) =
        (text("deploy/kubernetes/restore/claim.yaml"), set.split_once("volumeClaimTemplates:").unwrap().1);
    assert_eq!(block(&shipped, "spec:"), block(made, "spec:"));
    assert!(shipped.contains(&format!("name: {claim}\n")));
}
