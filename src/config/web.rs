//! What is served over HTTP, and to whom.

use std::net::SocketAddr;
use std::time::Duration;

use secrecy::SecretString;
use url::Url;

use super::key::Key;
use super::reader::Reader;

/// The settings of `[web]`; `config/default.toml` says what each means.
#[derive(Debug, Clone)]
pub struct WebSection {
    /// Where it is served, where the service manager hands no socket over.
    pub bind: SocketAddr,
    /// What who asks for figures must know. There always is one beyond loopback.
    pub token: Option<SecretString>,
    /// Under which URL others reach the server; ends in `/`.
    pub public_url: Option<Url>,
    /// After how long without a sign of life the daemon is stuck.
    pub stuck_after: Duration,
    /// How many beats may go by without a pass.
    pub missed_beats: u32,
}

/// Reads `[web]`; none where it is off.
pub(super) fn read(reader: &mut Reader<'_>) -> Option<WebSection> {
    let enabled = reader.switch(&Key::of("web.enabled"));
    let bind = reader.text_where("web.bind", "an address and a port, such as \"127.0.0.1:9464\"", |text| {
        text.parse::<SocketAddr>().is_ok()
    });
    let token = reader.secret("web.token").map(|secret| secret.text);
    let public_url = public_url(reader);
    let stuck_after = reader.duration("web.stuck_after", Duration::from_mins(1)..=Duration::from_hours(24));
    let missed_beats = u32::try_from(reader.count("web.missed_beats", 1..=1_000)).unwrap_or(1);
    let bind = bind.parse::<SocketAddr>().ok()?;
    if enabled && !bind.ip().is_loopback() && token.is_none() && !reader.says("web.token") {
        let mend = "set web.token_file, or bind to a loopback address";
        reader.refuse(&Key::of("web.bind"), "beyond loopback the figures need a token", mend);
    }
    enabled.then_some(WebSection { bind, token, public_url, stuck_after, missed_beats })
}

fn public_url(reader: &mut Reader<'_>) -> Option<Url> {
    reader.optional("web.public_url")?;
    reader.base_url("web.public_url")
}
