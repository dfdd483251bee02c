//! `health`: what the daemon of this machine says of itself, as an exit code. For what supervises it and can only start a
//! program: an image without a shell has no `curl`.

use std::io::Write;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use anyhow::{Context as _, bail};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::config::Settings;

/// How long may an answer take that needs no more than a look at a few numbers?
const PATIENCE: Duration = Duration::from_secs(5);

/// How long may an answer be? It is a line of JSON.
const ANSWER_BYTES: u64 = 64 * 1024;

/// What is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Question {
    /// Whether the process moves.
    Alive,
    /// Whether it does its work.
    Ready,
}

/// Asks the daemon at `web.bind` and prints its answer. Exit code 0 where that is yes, else 1. Fails where nothing is served
/// by this configuration, or nobody answers.
pub(super) async fn health(settings: &Settings, question: Question, out: &mut dyn Write) -> anyhow::Result<u8> {
    let Some(web) = &settings.web else {
        bail!("this configuration serves no health: set web.enabled = true");
    };
    let address = nearest(web.bind);
    let (status, answer) = match tokio::time::timeout(PATIENCE, ask(address, question)).await {
        Ok(answer) => answer.with_context(|| format!("no daemon answers at {address}"))?,
        Err(_) => bail!("the daemon at {address} has not answered for {} s", PATIENCE.as_secs()),
    };
    writeln!(out, "{}", answer.trim_end())?;
    Ok(u8::from(status != 200))
}

/// Where this machine reaches what is bound: "all addresses" is none to connect to.
fn nearest(bind: SocketAddr) -> SocketAddr {
    let loopback: IpAddr = if bind.is_ipv4() { Ipv4Addr::LOCALHOST.into() } else { Ipv6Addr::LOCALHOST.into() };
    let ip = if bind.ip().is_unspecified() { loopback } else { bind.ip() };
    SocketAddr::new(ip, bind.port())
}

/// One request of HTTP/1.0 (RFC 1945), whose answer ends with the connection; no proxy stands between. Returns status and body.
async fn ask(address: SocketAddr, question: Question) -> anyhow::Result<(u16, String)> {
    let path = match question {
        Question::Alive => "/healthz",
        Question::Ready => "/readyz",
    };
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(format!("GET {path} HTTP/1.0\r\nHost: {address}\r\n\r\n").as_bytes()).await?;
    let mut reply = Vec::new();
    stream.take(ANSWER_BYTES).read_to_end(&mut reply).await?;
    let reply = String::from_utf8_lossy(&reply);
    let (head, body) = reply.split_once("\r\n\r\n").context("what answers there speaks no HTTP")?;
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
    Ok((status.context("what answers there speaks no HTTP")?, body.to_owned()))
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    #[test]
    fn all_addresses_are_asked_at_loopback() {
        for (bind, wanted) in [
            ("0.0.0.0:9464", "127.0.0.1:9464"),
            ("[::]:9464", "[::1]:9464"),
            ("127.0.0.1:1", "127.0.0.1:1"),
            ("10.0.0.7:9464", "10.0.0.7:9464"),
        ] {
            assert_eq!(nearest(bind.parse().unwrap()), wanted.parse().unwrap(), "{bind}");
        }
    }

    /// What is made of a reply, and the request that it was given to.
    async fn answered(reply: &'static str, question: Question) -> (anyhow::Result<(u16, String)>, String) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let serve = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = [0; 1024];
            let length = stream.read(&mut request).await.unwrap();
            stream.write_all(reply.as_bytes()).await.unwrap();
            String::from_utf8_lossy(&request[..length]).into_owned()
        };
        futures_util::future::join(ask(address, question), serve).await
    }

    #[tokio::test]
    async fn status_and_body_are_taken_from_a_reply_and_nonsense_is_none() {
        let (answer, request) = answered("HTTP/1.0 200 OK\r\na: b\r\n\r\n{\"ok\":true}", Question::Alive).await;
        assert_eq!(answer.unwrap(), (200, "{\"ok\":true}".to_owned()));
        assert!(request.starts_with("GET /healthz HTTP/1.0\r\n"), "{request}");
        let (answer, request) = answered("HTTP/1.1 503 Service Unavailable\r\n\r\n{}", Question::Ready).await;
        assert_eq!(answer.unwrap().0, 503);
        assert!(request.starts_with("GET /readyz HTTP/1.0\r\n"), "{request}");
        for nonsense in ["", "SSH-2.0-x\r\n", "HTTP/1.0\r\n\r\n", "HTTP/1.0 ok\r\n\r\n"] {
            assert!(answered(nonsense, Question::Alive).await.0.is_err(), "{nonsense:?}");
        }
    }
}
