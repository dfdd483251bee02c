//! An embedded pair, served on loopback by the real program, and a folder to set it up in.

use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Output, Stdio};

use crate::served::command;

/// A served pair.
pub struct Pair {
    server: Child,
    /// Read no more, and kept open: what is printed must go somewhere.
    _printed: BufReader<ChildStdout>,
    pub crm: &'static str,
    pub flowtly_url: String,
    pub crm_url: String,
    pub username: String,
    pub crm_secret: String,
    folder: tempfile::TempDir,
    /// Where secrets come from: not the folder of the configuration.
    elsewhere: tempfile::TempDir,
}

/// The password of the embedded Flowtly.
pub const PASSWORD: &str = "sandbox";

impl Pair {
    pub fn serve(crm: &'static str) -> Self {
        let mut server = Command::new(env!("CARGO_BIN_EXE_flowtly-sync"))
            .args(["sandbox", "--companies", "8", "--crm", crm])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut printed = BufReader::new(server.stdout.take().unwrap());
        let (mut urls, mut username, mut crm_secret) = (Vec::new(), String::new(), String::new());
        while urls.len() < 2 {
            let mut line = String::new();
            assert!(printed.read_line(&mut line).unwrap() > 0, "the sandbox ended");
            if let Some(url) = line.strip_prefix("base_url = ") {
                urls.push(url.trim().trim_matches('"').to_owned());
            } else if let Some(name) = line.strip_prefix("username = ") {
                name.trim().trim_matches('"').clone_into(&mut username);
            } else if let (true, Some((_, secret))) =
                (line.starts_with(&format!("[{crm}]")), line.split_once(" holds: "))
            {
                secret.trim().clone_into(&mut crm_secret);
            }
        }
        let (folder, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        std::fs::write(elsewhere.path().join("password"), PASSWORD).unwrap();
        std::fs::write(elsewhere.path().join("secret"), format!("{crm_secret}\n")).unwrap();
        let [flowtly_url, crm_url] = <[String; 2]>::try_from(urls).unwrap();
        Self { server, _printed: printed, crm, flowtly_url, crm_url, username, crm_secret, folder, elsewhere }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn elsewhere(&self, name: &str) -> PathBuf {
        self.elsewhere.path().join(name)
    }

    /// `init` with everything that has no proposal.
    pub fn init(&self, further: &[&str]) -> Command {
        let mut init = command(self.folder.path(), &["init", "--crm", self.crm, "--flowtly-url", &self.flowtly_url]);
        init.args(["--flowtly-username", &self.username, "--crm-url", &self.crm_url]);
        init.arg("--flowtly-password-file").arg(self.elsewhere("password"));
        init.arg("--crm-secret-file").arg(self.elsewhere("secret"));
        init.args(further).stdin(Stdio::null());
        init
    }

    pub fn run(&self, arguments: &[&str]) -> Output {
        command(self.folder.path(), arguments).output().unwrap()
    }

    /// The names of what stands in the folder.
    pub fn files(&self) -> Vec<String> {
        files(self.folder.path())
    }
}

impl Drop for Pair {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

pub fn files(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

pub fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}
