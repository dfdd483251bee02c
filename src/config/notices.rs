//! Who is told when something needs a person, and how.

use std::path::PathBuf;
use std::time::Duration;

use http::HeaderName;
use lettre::message::Mailbox;
use secrecy::{ExposeSecret as _, SecretString};
use url::Url;

use super::key::Key;
use super::reader::Reader;
use crate::daemon::schedule::ticks::Ticks;
use crate::daemon::schedule::zone::Zone;
use crate::notice::carrier::mail::{MailSettings, Security};
use crate::notice::carrier::webhook::Proof;

const SECOND: Duration = Duration::from_secs(1);
const DAY: Duration = Duration::from_hours(24);

const SECURITY: [(&str, Security); 3] =
    [("tls", Security::Tls), ("starttls", Security::StartTls), ("none", Security::None)];

/// The variables of ours that a command is given, where they are set: any other may hold a secret.
const VARIABLES: [&str; 4] = ["PATH", "HOME", "LANG", "TZ"];

/// The settings of `[notices]`; `config/default.toml` says what each means.
#[derive(Debug, Clone)]
pub struct NoticesSection {
    /// Who tells it.
    pub name: String,
    /// When a digest goes out.
    pub digest: Option<Ticks>,
    /// How long before its end a credential is told of.
    pub credential_within: Duration,
    /// Below how many free bytes the disk of the state is almost full; 0 for never.
    pub disk_free: u64,
    /// The command.
    pub command: Option<CommandSection>,
    /// E-mail.
    pub mail: Option<MailSettings>,
    /// The webhook.
    pub webhook: Option<WebhookSection>,
}

/// A command that is run for each letter.
#[derive(Debug, Clone)]
pub struct CommandSection {
    /// The program.
    pub program: String,
    /// Its arguments.
    pub arguments: Vec<String>,
    /// Its environment.
    pub environment: Vec<(String, String)>,
    /// How long it may take.
    pub timeout: Duration,
}

/// A receiver of letters.
#[derive(Debug, Clone)]
pub struct WebhookSection {
    /// Where; those of chat systems are secrets.
    pub url: SecretUrl,
    /// How it knows that it is us.
    pub proof: Proof,
    /// How long it may take.
    pub timeout: Duration,
}

/// A URL that is shown to nobody.
#[derive(Clone)]
pub struct SecretUrl(Url);

impl SecretUrl {
    /// It as it is, to be asked and not to be told.
    pub const fn expose(&self) -> &Url {
        &self.0
    }
}

impl std::fmt::Debug for SecretUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SecretUrl(***)")
    }
}

/// Reads `[notices]`; times are those of the zone of `[schedule]`.
pub(super) fn read(reader: &mut Reader<'_>, zone: &Zone) -> NoticesSection {
    NoticesSection {
        name: reader.text_where("notices.name", "a short text without line breaks", |name| {
            !name.is_empty() && name.len() <= 100 && !name.contains(char::is_control)
        }),
        digest: digest(reader, zone),
        credential_within: reader.duration("notices.credential_within", SECOND..=DAY * 365),
        disk_free: reader.count("notices.disk_free_mib", 0..=1_048_576) << 20,
        command: command(reader),
        mail: mail(reader),
        webhook: webhook(reader),
    }
}

fn digest(reader: &mut Reader<'_>, zone: &Zone) -> Option<Ticks> {
    let text = reader.optional("notices.digest")?;
    let time = chrono::NaiveTime::parse_from_str(&text, "%H:%M").ok();
    let ticks = time.and_then(|time| Ticks::parse(&time.format("%M %H * * *").to_string(), zone.clone()).ok());
    if ticks.is_none() {
        let message = format!("`{text}` is no time of the day");
        reader.refuse(&Key::of("notices.digest"), message, "write it as \"07:30\", or leave it empty for none");
    }
    ticks
}

fn command(reader: &mut Reader<'_>) -> Option<CommandSection> {
    let run = reader.texts(&Key::of("notices.command.run"));
    let timeout = reader.duration("notices.command.timeout", SECOND..=Duration::from_mins(10));
    let (program, arguments) = run.split_first()?;
    if program.is_empty() {
        // A variable that is empty sets nothing.
        return None;
    }
    if PathBuf::from(program).is_relative() && program.contains('/') {
        let mend = "name the program by its whole path, or by a name that is found in PATH";
        reader.refuse(
            &Key::of("notices.command.run"),
            format!("`{program}` depends on where the daemon was started"),
            mend,
        );
    }
    let variable = |name: &str| Some((name.to_owned(), reader.environment.get(name)?.to_owned()));
    let environment = VARIABLES.into_iter().filter_map(variable).collect();
    Some(CommandSection { program: program.clone(), arguments: arguments.to_vec(), environment, timeout })
}

fn mail(reader: &mut Reader<'_>) -> Option<MailSettings> {
    let host = reader.optional("notices.mail.host");
    let port = reader.count("notices.mail.port", 0..=65_535);
    let security = reader.choice(&Key::of("notices.mail.security"), &SECURITY, Security::Tls);
    let username = reader.optional("notices.mail.username");
    let password = reader.secret("notices.mail.password").map(|secret| secret.text);
    let from = reader.optional("notices.mail.from");
    let to = reader.texts(&Key::of("notices.mail.to"));
    let timeout = reader.duration("notices.mail.timeout", SECOND..=Duration::from_mins(5));
    let Some(host) = host else {
        if from.is_some() || username.is_some() || to.iter().any(|to| !to.is_empty()) {
            reader.refuse(
                &Key::of("notices.mail.host"),
                "mail is configured, and no server takes it",
                "set it, or leave from, to and username of [notices.mail] empty",
            );
        }
        return None;
    };
    let is_near = host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback());
    if security == Security::None && !is_near {
        let mend = "set it to \"tls\" or \"starttls\"; \"none\" is for loopback addresses";
        reader.refuse(&Key::of("notices.mail.security"), "the connection would not be encrypted", mend);
    }
    let login = match (username, password) {
        (Some(username), Some(password)) => Some((username, password)),
        (None, None) => None,
        (Some(_), None) if reader.says("notices.mail.password") => None,
        (Some(_), None) => {
            reader.refuse(
                &Key::of("notices.mail.username"),
                "there is no password for it",
                "set notices.mail.password_file",
            );
            None
        }
        (None, Some(_)) => {
            reader.refuse(
                &Key::of("notices.mail.username"),
                "there is a password for nobody",
                "set it, or unset the password",
            );
            None
        }
    };
    let from = from.unwrap_or_default();
    let from = address(reader, "notices.mail.from", &from);
    let to: Vec<Option<Mailbox>> =
        to.iter().filter(|to| !to.is_empty()).map(|to| address(reader, "notices.mail.to", to)).collect();
    if to.is_empty() {
        reader.refuse(&Key::of("notices.mail.to"), "nobody is written to", "write [\"ops@example.com\"]");
    }
    let port = u16::try_from(port).ok().filter(|port| *port > 0).unwrap_or(security.port());
    Some(MailSettings { host, port, security, login, from: from?, to: to.into_iter().collect::<Option<_>>()?, timeout })
}

fn address(reader: &mut Reader<'_>, dotted: &str, text: &str) -> Option<Mailbox> {
    let mailbox = text.parse().ok();
    if mailbox.is_none() {
        let mend = "write \"sync@example.com\" or \"Sync <sync@example.com>\"";
        reader.refuse(&Key::of(dotted), format!("`{text}` is no address"), mend);
    }
    mailbox
}

fn webhook(reader: &mut Reader<'_>) -> Option<WebhookSection> {
    let url = reader.secret("notices.webhook.url").map(|secret| secret.text);
    let secret = reader.secret("notices.webhook.secret").map(|secret| secret.text);
    let header = reader.optional("notices.webhook.header");
    let timeout = reader.duration("notices.webhook.timeout", SECOND..=Duration::from_mins(5));
    let proof = match (header, secret) {
        (None, None) => Proof::None,
        (None, Some(secret)) => Proof::Signature(secret),
        (Some(name), secret) => header_proof(reader, &name, secret),
    };
    let url = checked(reader, &url?)?;
    Some(WebhookSection { url: SecretUrl(url), proof, timeout })
}

fn header_proof(reader: &mut Reader<'_>, name: &str, secret: Option<SecretString>) -> Proof {
    let key = Key::of("notices.webhook.header");
    match (name.parse::<HeaderName>(), secret) {
        (Ok(name), Some(secret)) => return Proof::Header(name, secret),
        (Err(_), _) => {
            reader.refuse(&key, format!("`{name}` is no name of a header"), "write for instance \"X-Secret\"");
        }
        (Ok(_), None) if reader.says("notices.webhook.secret") => {}
        (Ok(_), None) => {
            reader.refuse(&key, "there is no secret to put into it", "set notices.webhook.secret_file");
        }
    }
    Proof::None
}

/// A receiver's URL: https, or on this machine. What is wrong is told without it.
fn checked(reader: &mut Reader<'_>, text: &SecretString) -> Option<Url> {
    let key = Key::of("notices.webhook.url");
    let Ok(url) = Url::parse(text.expose_secret().trim()) else {
        reader.refuse(&key, "this is not a URL", "write it as \"https://hooks.example.com/…\"");
        return None;
    };
    if url.scheme() == "https" || url.scheme() == "http" && Reader::is_loopback(&url) {
        return Some(url);
    }
    reader.refuse(&key, "the connection would not be encrypted", "use https; http is for loopback addresses");
    None
}
