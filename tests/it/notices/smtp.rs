//! A server that speaks enough of RFC 5321 to take a message, or does what a bad one does.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};

/// What it does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manner {
    /// It takes every message.
    Takes,
    /// It refuses each recipient, and repeats the address.
    Refuses,
    /// It has no time now.
    Busy,
    /// It says nothing.
    Silent,
    /// It closes in the middle of the message.
    Closes,
}

/// A server on a port of its own.
pub struct Smtp {
    pub port: u16,
    pub manner: Manner,
    heard: Arc<Mutex<Vec<String>>>,
}

impl Smtp {
    pub fn start(manner: Manner) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let heard = Arc::new(Mutex::new(Vec::new()));
        let keep = Arc::clone(&heard);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                // A client that leaves ends its conversation and no more.
                let _ = talk(&stream, manner, &keep);
            }
        });
        Self { port, manner, heard }
    }

    /// Every line that it was told.
    pub fn heard(&self) -> Vec<String> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn talk(stream: &TcpStream, manner: Manner, heard: &Mutex<Vec<String>>) -> std::io::Result<()> {
    let mut out = stream;
    let mut lines = BufReader::new(stream).lines();
    if manner == Manner::Silent {
        // Until the client has had enough.
        while lines.next().is_some() {}
        return Ok(());
    }
    out.write_all(b"220 sandbox ESMTP\r\n")?;
    let mut in_message = false;
    while let Some(line) = lines.next().transpose()? {
        heard.lock().unwrap_or_else(PoisonError::into_inner).push(line.clone());
        if in_message {
            if manner == Manner::Closes {
                return Ok(());
            }
            if line == "." {
                in_message = false;
                out.write_all(b"250 2.0.0 taken\r\n")?;
            }
            continue;
        }
        let verb = line.split([' ', ':']).next().unwrap_or_default().to_ascii_uppercase();
        let reply = match (verb.as_str(), manner) {
            ("EHLO", _) => "250-sandbox\r\n250-AUTH PLAIN LOGIN\r\n250 8BITMIME\r\n".to_owned(),
            ("MAIL", Manner::Busy) => "451 4.3.0 not now\r\n".to_owned(),
            ("RCPT", Manner::Refuses) => format!("550 5.1.1 {line}: no such user\r\n"),
            ("DATA", _) => {
                in_message = true;
                "354 go on\r\n".to_owned()
            }
            ("AUTH", _) => "235 2.7.0 welcome\r\n".to_owned(),
            ("QUIT", _) => {
                out.write_all(b"221 2.0.0 bye\r\n")?;
                return Ok(());
            }
            _ => "250 2.0.0 well\r\n".to_owned(),
        };
        out.write_all(reply.as_bytes())?;
    }
    Ok(())
}
