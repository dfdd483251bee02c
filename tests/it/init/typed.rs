//! `init` at a terminal: a secret is not shown while it is typed, and Ctrl-C leaves nothing behind, the echo least of all.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::os::fd::{AsFd as _, OwnedFd};
use std::process::{Child, Stdio};

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, tcgetattr};

use super::served::{Pair, files};
use crate::served::command;

/// A terminal, and what was read from it.
struct Terminal {
    ours: File,
    theirs: OwnedFd,
    screen: String,
    /// So much of it was looked at.
    seen: usize,
}

impl Terminal {
    fn open() -> Self {
        let ours = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&ours).unwrap();
        unlockpt(&ours).unwrap();
        let name = ptsname(&ours, Vec::new()).unwrap();
        let theirs = File::options().read(true).write(true).open(name.to_str().unwrap()).unwrap();
        Self { ours: ours.into(), theirs: theirs.into(), screen: String::new(), seen: 0 }
    }

    fn start(&self, command: &mut std::process::Command) -> Child {
        let end = || Stdio::from(self.theirs.try_clone().unwrap());
        command.stdin(end()).stderr(end()).stdout(Stdio::null()).spawn().unwrap()
    }

    /// Reads until these words are on the screen.
    fn see(&mut self, words: &str) {
        let mut buffer = [0; 1024];
        while !self.screen[self.seen..].contains(words) {
            let length = self.ours.read(&mut buffer).unwrap();
            assert!(length > 0, "{words} never came: {}", self.screen);
            self.screen.push_str(&String::from_utf8_lossy(&buffer[..length]));
        }
    }

    fn answer(&mut self, question: &str, answer: &str) {
        self.see(question);
        self.seen = self.screen.len();
        writeln!(self.ours, "{answer}").unwrap();
    }

    fn shows_what_is_typed(&self) -> bool {
        tcgetattr(self.theirs.as_fd()).unwrap().local_modes.contains(LocalModes::ECHO)
    }
}

#[test]
fn a_secret_is_not_shown_and_an_interrupt_restores_the_terminal() {
    let pair = Pair::serve("hubspot");
    let mut terminal = Terminal::open();
    let mut init = terminal.start(
        command(&pair.path(""), &["init", "--crm", "hubspot", "--flowtly-url", &pair.flowtly_url])
            .args(["--flowtly-username", "sync@example.com"])
            .env("NO_COLOR", "1"),
    );
    terminal.see("Password of that user: ");
    assert!(!terminal.shows_what_is_typed());
    terminal.answer("Password of that user: ", "hunter2");
    terminal.answer("organisation: ", "");
    assert!(terminal.shows_what_is_typed());
    terminal.answer("selects the tenant: ", "");
    // Refused, so that it is asked again; what was typed is nowhere.
    terminal.answer("Flowtly's user [sync@example.com]: ", "");
    terminal.see("Password of that user [the one just given]: ");
    assert!(!terminal.screen.contains("hunter2"), "{}", terminal.screen);
    assert!(!terminal.shows_what_is_typed());

    let line = format!("kill -INT {}", init.id());
    assert!(std::process::Command::new("sh").args(["-c", &line]).status().unwrap().success());
    assert_eq!(init.wait().unwrap().code(), Some(1));
    assert!(terminal.shows_what_is_typed(), "the echo is back");
    terminal.see("stopped; nothing was written");
    assert_eq!(files(&pair.path("")), Vec::<String>::new());
}
