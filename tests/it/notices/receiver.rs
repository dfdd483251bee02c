//! A receiver of webhooks, good or bad.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};

/// What it does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manner {
    /// It answers so.
    Answers(u16),
    /// It says nothing.
    Silent,
    /// It closes at once.
    Closes,
}

/// A request.
#[derive(Debug, Clone)]
pub struct Posted {
    pub head: Vec<String>,
    pub body: Vec<u8>,
}

impl Posted {
    /// The text of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        let is_it = |line: &&String| line.split(':').next().is_some_and(|found| found.eq_ignore_ascii_case(name));
        self.head.iter().find(is_it).and_then(|line| line.split_once(": ")).map(|(_, text)| text)
    }
}

/// A receiver on a port of its own.
pub struct Receiver {
    pub port: u16,
    pub manner: Manner,
    posted: Arc<Mutex<Vec<Posted>>>,
}

impl Receiver {
    pub fn start(manner: Manner) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let posted = Arc::new(Mutex::new(Vec::new()));
        let keep = Arc::clone(&posted);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                // Each has a thread: one may be kept waiting for ever.
                let keep = Arc::clone(&keep);
                std::thread::spawn(move || take(&stream, manner, &keep));
            }
        });
        Self { port, manner, posted }
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}/hooks/T0/hush", self.port)
    }

    pub fn posted(&self) -> Vec<Posted> {
        self.posted.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn take(stream: &TcpStream, manner: Manner, keep: &Mutex<Vec<Posted>>) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream);
    let mut head = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let line = line.trim_end().to_owned();
        if line.is_empty() {
            break;
        }
        head.push(line);
    }
    let mut posted = Posted { head, body: Vec::new() };
    let length = posted.header("content-length").and_then(|text| text.parse().ok()).unwrap_or(0);
    posted.body.resize(length, 0);
    reader.read_exact(&mut posted.body)?;
    keep.lock().unwrap_or_else(PoisonError::into_inner).push(posted);
    match manner {
        Manner::Answers(status) => {
            let mut out = stream;
            write!(out, "HTTP/1.1 {status} So\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
        }
        // Until the client has had enough.
        Manner::Silent => reader.read(&mut [0]).map(|_| ()),
        Manner::Closes => Ok(()),
    }
}
