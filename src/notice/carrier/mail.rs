//! E-mail by SMTP (RFC 5321), one message a letter, over TLS unless the server is on this machine.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use lettre::message::header::ContentType;
use lettre::message::{Mailbox, MessageBuilder};
use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Tls, TlsParameters};
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use secrecy::{ExposeSecret as _, SecretString};

use super::{Carrier, Undelivered};
use crate::clock::Clock;
use crate::notice::letter::Letter;

/// How the connection is kept from others' eyes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Security {
    /// TLS from the first byte.
    Tls,
    /// TLS after STARTTLS (RFC 3207), which must be offered.
    StartTls,
    /// None: for a server on this machine.
    None,
}

impl Security {
    /// The port that is usual with it.
    pub const fn port(self) -> u16 {
        match self {
            Self::Tls => 465,
            Self::StartTls => 587,
            Self::None => 25,
        }
    }
}

/// Who sends, to whom, and through which server.
#[derive(Debug, Clone)]
pub struct MailSettings {
    /// The server.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// TLS or not.
    pub security: Security,
    /// Name and password, where the server wants them.
    pub login: Option<(String, SecretString)>,
    /// From whom.
    pub from: Mailbox,
    /// To whom; at least one.
    pub to: Vec<Mailbox>,
    /// How long it may take to send one.
    pub timeout: Duration,
}

/// A server that takes messages.
#[derive(Debug)]
pub struct MailCarrier {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
    to: Vec<Mailbox>,
    timeout: Duration,
    clock: Arc<dyn Clock>,
}

impl MailCarrier {
    /// Nothing is sent yet. Fails where the machine's TLS set-up cannot be used.
    pub fn new(settings: &MailSettings, clock: Arc<dyn Clock>) -> Result<Self, Undelivered> {
        let parameters = || {
            TlsParameters::new(settings.host.clone()).map_err(|_| {
                Undelivered::for_good("TLS cannot be set up for e-mail: see that this machine has root certificates")
            })
        };
        let tls = match settings.security {
            Security::Tls => Tls::Wrapper(parameters()?),
            Security::StartTls => Tls::Required(parameters()?),
            Security::None => Tls::None,
        };
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(settings.host.as_str())
            .port(settings.port)
            .tls(tls)
            .timeout(Some(settings.timeout));
        if let Some((name, password)) = &settings.login {
            builder = builder.credentials(Credentials::new(name.clone(), password.expose_secret().to_owned()));
        }
        Ok(Self {
            transport: builder.build(),
            from: settings.from.clone(),
            to: settings.to.clone(),
            timeout: settings.timeout,
            clock,
        })
    }

    fn message(&self, letter: &Letter) -> Result<Message, Undelivered> {
        let builder = Message::builder().from(self.from.clone()).subject(letter.subject()).date(letter.at.into());
        let builder = self.to.iter().cloned().fold(builder, MessageBuilder::to);
        let message = builder.header(ContentType::TEXT_PLAIN).body(letter.text.clone());
        message.map_err(|_| {
            Undelivered::for_good("the message cannot be written: mend notices.mail.from and notices.mail.to")
        })
    }
}

#[async_trait]
impl Carrier for MailCarrier {
    fn name(&self) -> &'static str {
        "mail"
    }

    async fn carry(&self, letter: &Letter) -> Result<(), Undelivered> {
        let message = self.message(letter)?;
        // The library's own time-out ends with the connection's beginning.
        tokio::select! {
            sent = self.transport.send(message) => sent.map(|_| ()).map_err(|error| explain(&error)),
            () = self.clock.sleep(self.timeout) => Err(late()),
        }
    }
}

fn late() -> Undelivered {
    Undelivered::for_now("the mail server did not answer in time")
}

/// What happened, in our own words: a server's may repeat an address.
fn explain(error: &Error) -> Undelivered {
    if let Some(code) = error.status() {
        let words = format!("the mail server answered {code}");
        return if error.is_permanent() { Undelivered::for_good(words) } else { Undelivered::for_now(words) };
    }
    if error.is_timeout() {
        late()
    } else if error.is_tls() {
        Undelivered::for_good("TLS with the mail server failed: see notices.mail.security, and its certificate")
    } else if error.is_client() {
        Undelivered::for_good("the mail server does not offer what is needed: see notices.mail.security and the login")
    } else {
        Undelivered::for_now("the mail server cannot be reached, or broke off")
    }
}
