//! The binary as a user runs it, against the `sandbox` command on loopback.

use std::io::{BufRead, BufReader};
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::Receiver;
use std::time::Duration;

const BINARY: &str = env!("CARGO_BIN_EXE_flowtly-sync");

/// Longer than anything here takes; a test that waits so long has failed.
const PATIENCE: Duration = Duration::from_mins(1);

/// A served sandbox, and a directory with the configuration that it printed.
pub struct Served {
    server: Child,
    directory: tempfile::TempDir,
}

impl Served {
    pub fn start() -> Self {
        Self::with(&["--companies", "8"])
    }

    /// With these options of the sandbox.
    pub fn with(sample: &[&str]) -> Self {
        let mut server = Command::new(BINARY)
            .arg("sandbox")
            .args(sample)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut configuration = String::new();
        for line in BufReader::new(server.stdout.take().unwrap()).lines() {
            let line = line.unwrap();
            configuration.push_str(&line);
            configuration.push('\n');
            if line.starts_with("token_file") {
                break;
            }
        }
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("flowtly-sync.toml"), configuration).unwrap();
        std::fs::write(directory.path().join("flowtly-password"), "sandbox").unwrap();
        std::fs::write(directory.path().join("hubspot-token"), "sandbox-token\n").unwrap();
        Self { server, directory }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        command(self.directory.path(), arguments)
    }

    pub fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

pub fn command(directory: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(BINARY);
    command.args(arguments).current_dir(directory);
    for name in
        ["FLOWTLY_SYNC_CONFIG", "STATE_DIRECTORY", "CONFIGURATION_DIRECTORY", "CREDENTIALS_DIRECTORY", "RUST_LOG"]
    {
        command.env_remove(name);
    }
    for (name, _) in std::env::vars_os() {
        if name.as_encoded_bytes().starts_with(b"FLOWTLY_SYNC__") {
            command.env_remove(name);
        }
    }
    // Whatever proxy there is, the servers are here.
    command.env("NO_PROXY", "127.0.0.1,localhost").env_remove("no_proxy");
    command
}

/// Waits until that is so, for a minute at most.
pub fn waited_for(what: &str, is_so: impl Fn() -> bool) {
    let begun = std::time::Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < PATIENCE, "{what} did not come");
        std::thread::sleep(Duration::from_millis(20));
    }
}

pub fn code(output: &Output) -> i32 {
    output.status.code().unwrap()
}

pub fn told(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

pub fn printed(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// `run` beside which commands are typed.
pub struct Running {
    pub daemon: Child,
    /// What it tells, taken in by a thread of its own: a socket that nobody reads holds ten messages, and the eleventh would
    /// hold up the daemon.
    told: Receiver<String>,
}

impl Running {
    pub fn start(served: &Served, arguments: &[&str]) -> Self {
        Self::with(served, arguments, &[])
    }

    /// With these variables beside the ones of a notify socket.
    pub fn with(served: &Served, arguments: &[&str], variables: &[(&str, &str)]) -> Self {
        Self::heard_by(Stdio::null(), served, arguments, variables)
    }

    /// With somebody who reads its log, or does not.
    pub fn heard_by(log: Stdio, served: &Served, arguments: &[&str], variables: &[(&str, &str)]) -> Self {
        let running = Self::starting(log, served, arguments, variables);
        running.hear("READY=1");
        running
    }

    /// The same while it is not ready yet.
    pub fn starting(log: Stdio, served: &Served, arguments: &[&str], variables: &[(&str, &str)]) -> Self {
        let path = served.path("notify");
        let _ = std::fs::remove_file(&path);
        let notify = UnixDatagram::bind(&path).unwrap();
        let (teller, told) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(length) = notify.recv(&mut buffer) {
                if teller.send(String::from_utf8_lossy(&buffer[..length]).into_owned()).is_err() {
                    break;
                }
            }
        });
        let mut command = served.command(arguments);
        let daemon = command.env("NOTIFY_SOCKET", path).envs(variables.iter().copied()).stderr(log).spawn().unwrap();
        Self { daemon, told }
    }

    pub fn hear(&self, wanted: &str) {
        while !self.told.recv_timeout(PATIENCE).unwrap().contains(wanted) {}
    }

    pub fn signal(&self, name: &str) {
        let line = format!("kill {name} {}", self.daemon.id());
        assert!(Command::new("sh").args(["-c", &line]).status().unwrap().success());
    }

    pub fn stop(mut self) {
        self.signal("-TERM");
        self.hear("STOPPING=1");
        assert_eq!(self.daemon.wait().unwrap().code(), Some(0));
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.daemon.kill();
        let _ = self.daemon.wait();
    }
}
