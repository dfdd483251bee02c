//! Who is told, and what must be said for that.

use rstest::rstest;
use secrecy::ExposeSecret as _;

use super::{environment, load_file, load_with, told};
use crate::notice::carrier::mail::Security;
use crate::notice::carrier::webhook::Proof;

#[test]
fn nobody_is_told_until_somebody_says_so() {
    let notices = load_file("").unwrap().notices;
    assert!(notices.command.is_none() && notices.mail.is_none() && notices.webhook.is_none());
    assert_eq!((notices.name.as_str(), notices.digest, notices.disk_free), ("flowtly-sync", None, 256 << 20));
}

#[test]
fn a_carrier_is_read_with_its_secrets_which_are_shown_to_nobody() {
    let text = "[schedule]\ntime_zone = \"Europe/Warsaw\"\n[notices]\ndigest = \"07:30\"\n[notices.command]\nrun = [\"/bin/page\", \"-u\"]\n\
                [notices.mail]\nhost = \"mail.example.com\"\nusername = \"sync\"\nfrom = \"sync@example.com\"\n\
                to = [\"Ola <ola@example.com>\", \"ops@example.com\"]\n";
    let variables = environment(&[
        ("FLOWTLY_SYNC__NOTICES__MAIL__PASSWORD", "correct horse"),
        ("FLOWTLY_SYNC__NOTICES__WEBHOOK__URL", "https://hooks.example.com/T0/battery"),
        ("FLOWTLY_SYNC__NOTICES__WEBHOOK__SECRET", "staple"),
        ("PATH", "/usr/bin"),
    ]);
    let settings = load_with(text, &variables).unwrap();
    let notices = &settings.notices;
    let command = notices.command.as_ref().unwrap();
    assert_eq!((command.program.as_str(), command.arguments.as_slice()), ("/bin/page", &["-u".to_owned()][..]));
    assert_eq!(command.environment, [("PATH".to_owned(), "/usr/bin".to_owned())]);
    let mail = notices.mail.as_ref().unwrap();
    assert_eq!((mail.port, mail.security, mail.to.len()), (465, Security::Tls, 2));
    assert_eq!(mail.login.as_ref().unwrap().1.expose_secret(), "correct horse");
    let webhook = notices.webhook.as_ref().unwrap();
    assert!(matches!(&webhook.proof, Proof::Signature(secret) if secret.expose_secret() == "staple"));
    assert_eq!(notices.digest.as_ref().unwrap().to_string(), "30 07 * * * (Europe/Warsaw)");
    let shown = format!("{settings:?}{}", settings.shown);
    for secret in ["correct horse", "battery", "staple"] {
        assert!(!shown.contains(secret), "{secret}");
    }
}

#[rstest]
#[case::no_time("digest = \"half past seven\"", "notices.digest: `half past seven` is no time of the day")]
#[case::somewhere("command = { run = [\"./page\"] }", "depends on where the daemon was started")]
#[case::from_nobody(
    "mail = { host = \"mail.example.com\", to = [\"ops@example.com\"] }",
    "notices.mail.from: `` is no address"
)]
#[case::to_nobody(
    "mail = { host = \"mail.example.com\", from = \"sync@example.com\" }",
    "notices.mail.to: nobody is written to"
)]
#[case::no_address(
    "mail = { host = \"h\", from = \"sync@example.com\", to = [\"ops\"] }",
    "notices.mail.to: `ops` is no address"
)]
#[case::open(
    "mail = { host = \"h\", security = \"none\", from = \"a@example.com\", to = [\"b@example.com\"] }",
    "would not be encrypted"
)]
#[case::no_password(
    "mail = { host = \"h\", username = \"sync\", from = \"a@example.com\", to = [\"b@example.com\"] }",
    "there is no password for it"
)]
#[case::no_secret("webhook = { header = \"X-Secret\" }", "there is no secret to put into it")]
#[case::url_in_file(
    "webhook = { url = \"https://hooks.example.com\" }",
    "a secret does not stand in the configuration file"
)]
fn what_cannot_tell_anybody_is_told(#[case] line: &str, #[case] wanted: &str) {
    let told = told(&format!("[notices]\n{line}"));
    assert!(told.len() == 1 && told[0].contains(wanted), "{told:?}");
}

#[test]
fn a_receiver_beyond_this_machine_is_reached_by_https() {
    for (url, well) in [("http://hooks.example.com/x", false), ("nonsense", false), ("http://127.0.0.1:1/x", true)] {
        let variables = environment(&[("FLOWTLY_SYNC__NOTICES__WEBHOOK__URL", url)]);
        let told = load_with("", &variables).err().unwrap_or_default();
        assert_eq!(told.is_empty(), well, "{told:?}");
        assert!(told.iter().all(|line| !line.contains("hooks.example.com/x")), "{told:?}");
    }
}
