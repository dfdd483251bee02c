//! The ways out of notices, against servers on this machine that are good or bad, and the daemon that uses them.

mod receiver;
mod smtp;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use flowtly_sync::clock::{Clock, SystemClock};
use flowtly_sync::connector::http::{NetworkSettings, ReqwestTransport};
use flowtly_sync::connector::webhook::proof;
use flowtly_sync::notice::carrier::command::CommandCarrier;
use flowtly_sync::notice::carrier::mail::{MailCarrier, MailSettings, Security};
use flowtly_sync::notice::carrier::webhook::{Proof, SIGNATURE, TIMESTAMP, WebhookCarrier};
use flowtly_sync::notice::carrier::{Carrier, Undelivered};
use flowtly_sync::notice::letter::Letter;
use flowtly_sync::notice::topic::{Change, Held, Topic, Turn};
use rstest::rstest;

use crate::served::{Running, Served, code, printed, told};
use receiver::Receiver;
use smtp::Smtp;

/// How long who says nothing is waited for. Nothing is concluded from it but that somebody gave up.
const PATIENCE: Duration = Duration::from_millis(300);

/// How long who answers is waited for: longer than any machine takes.
const LONG: Duration = Duration::from_mins(1);

fn letter() -> Letter {
    let change =
        Change { topic: Topic::Conflicts, turn: Turn::Begins, held: Held { count: 2, newest: 7, ..Held::default() } };
    Letter::of("firm", "2026-11-24T08:00:00Z".parse().unwrap(), &[change], None).unwrap()
}

fn clock() -> Arc<dyn Clock> {
    Arc::new(SystemClock::new())
}

/// A script that does this, to be read by a shell.
fn script(folder: &Path, does: &str) -> String {
    let path = folder.join("hook");
    std::fs::write(&path, format!("{does}\n")).unwrap();
    path.display().to_string()
}

async fn run(program: &str, arguments: &[&str], timeout: Duration) -> Result<(), Undelivered> {
    let environment = vec![("PATH".to_owned(), "/usr/bin:/bin".to_owned())];
    let arguments = arguments.iter().map(|&argument| argument.to_owned()).collect();
    CommandCarrier::new(program.to_owned(), arguments, environment, timeout, clock()).carry(&letter()).await
}

#[tokio::test]
async fn a_command_is_given_json_and_no_secrets() {
    let folder = tempfile::tempdir().unwrap();
    let program = script(folder.path(), "cd \"$1\" && cat > letter && env > environment && echo \"$2\" > argument");
    let place = folder.path().display().to_string();
    run("/bin/sh", &[&program, &place, "a; b $HOME"], LONG).await.unwrap();
    let read = |name: &str| std::fs::read_to_string(folder.path().join(name)).unwrap();
    let json: serde_json::Value = serde_json::from_str(&read("letter")).unwrap();
    assert_eq!((&json["from"], &json["notices"][0]["count"]), (&"firm".into(), &2.into()));
    assert_eq!(read("argument"), "a; b $HOME\n", "no shell stands between");
    assert!(!read("environment").contains("CARGO"), "{}", read("environment"));
}

#[tokio::test]
async fn a_command_that_fails_hangs_or_is_not_there_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let failed = run("/bin/sh", &[&script(folder.path(), "exit 3")], LONG).await.unwrap_err();
    assert!(failed.words.contains("exit status: 3") && !failed.again, "{failed}");
    let missing = run("/nowhere/hook", &[], LONG).await.unwrap_err();
    assert!(missing.words.contains("mend notices.command.run"), "{missing}");
    // What it started is killed with it.
    let does = format!("sleep 600 & echo $! > {}; wait", folder.path().join("child").display());
    let hung = run("/bin/sh", &[&script(folder.path(), &does)], PATIENCE).await.unwrap_err();
    assert!(hung.words.contains("and was killed"), "{hung}");
    if let Ok(child) = std::fs::read_to_string(folder.path().join("child"))
        && !child.trim().is_empty()
    {
        // A process that nobody has buried yet is a zombie: it has no command line any more. It takes a moment to die.
        let line = || std::fs::read_to_string(format!("/proc/{}/cmdline", child.trim())).unwrap_or_default();
        while line().contains("600") {
            std::thread::yield_now();
        }
    }
}

fn mail(server: &Smtp, login: bool) -> MailSettings {
    MailSettings {
        host: "127.0.0.1".to_owned(),
        port: server.port,
        security: Security::None,
        login: login.then(|| ("sync".to_owned(), "correct horse".into())),
        from: "Sync <sync@example.com>".parse().unwrap(),
        to: vec!["ops@example.com".parse().unwrap(), "Ola <ola@example.com>".parse().unwrap()],
        timeout: if server.manner == smtp::Manner::Silent { PATIENCE } else { LONG },
    }
}

async fn send(server: &Smtp, login: bool) -> Result<(), Undelivered> {
    MailCarrier::new(&mail(server, login), clock()).unwrap().carry(&letter()).await
}

#[tokio::test]
async fn a_mail_arrives_with_subject_and_lines() {
    let server = Smtp::start(smtp::Manner::Takes);
    send(&server, true).await.unwrap();
    let heard = server.heard();
    for wanted in [
        "MAIL FROM:<sync@example.com>",
        "RCPT TO:<ops@example.com>",
        "RCPT TO:<ola@example.com>",
        "Subject: [firm] 2 conflicts wait",
        "2 conflicts wait; see `conflicts`.",
    ] {
        assert!(heard.iter().any(|line| line.starts_with(wanted)), "{wanted}: {heard:#?}");
    }
    // RFC 4616: nothing, name, password.
    assert!(heard.iter().any(|line| line == "AUTH PLAIN AHN5bmMAY29ycmVjdCBob3JzZQ=="), "{heard:#?}");
}

#[rstest]
#[case::refused(smtp::Manner::Refuses, "the mail server answered 550", false)]
#[case::busy(smtp::Manner::Busy, "the mail server answered 451", true)]
#[case::silent(smtp::Manner::Silent, "the mail server did not answer in time", true)]
#[case::closed(smtp::Manner::Closes, "broke off", true)]
#[tokio::test]
async fn a_mail_that_does_not_arrive_is_told_without_an_address(
    #[case] manner: smtp::Manner,
    #[case] words: &str,
    #[case] again: bool,
) {
    let failed = send(&Smtp::start(manner), false).await.unwrap_err();
    assert!(failed.words.contains(words) && failed.again == again, "{failed:?}");
    assert!(!failed.words.contains('@'), "{failed}");
}

#[tokio::test]
async fn tls_that_is_not_offered_is_never_done_without() {
    let server = Smtp::start(smtp::Manner::Takes);
    let settings = MailSettings { security: Security::StartTls, ..mail(&server, true) };
    let failed = MailCarrier::new(&settings, clock()).unwrap().carry(&letter()).await.unwrap_err();
    assert!(failed.words.contains("notices.mail.security"), "{failed}");
    assert!(server.heard().iter().all(|line| !line.starts_with("AUTH")), "{:?}", server.heard());
}

async fn hook(receiver: &Receiver, proof: Proof) -> Result<(), Undelivered> {
    let network = NetworkSettings { plain_http: true, ..NetworkSettings::default() };
    let transport = Arc::new(ReqwestTransport::new(network).unwrap());
    let timeout = if receiver.manner == receiver::Manner::Silent { PATIENCE } else { LONG };
    WebhookCarrier::new(&receiver.url().parse().unwrap(), proof, timeout, transport).carry(&letter()).await
}

#[tokio::test]
async fn a_webhook_is_posted_and_proved() {
    let receiver = Receiver::start(receiver::Manner::Answers(204));
    hook(&receiver, Proof::Signature("hush".into())).await.unwrap();
    hook(&receiver, Proof::Header("x-secret".parse().unwrap(), "hush".into())).await.unwrap();
    hook(&receiver, Proof::None).await.unwrap();
    let [signed, named, bare] = &receiver.posted()[..] else { panic!("{:?}", receiver.posted()) };
    assert_eq!(
        (signed.head[0].as_str(), signed.header("content-type")),
        ("POST /hooks/T0/hush HTTP/1.1", Some("application/json"))
    );
    let signature = signed.header(SIGNATURE.as_str()).unwrap().strip_prefix("sha256=").unwrap();
    let stamp = signed.header(TIMESTAMP.as_str()).unwrap().as_bytes();
    let code = proof::from_hex(signature.as_bytes()).unwrap();
    assert!(proof::is_signed(b"hush", &[stamp, b".", &signed.body], &code));
    assert_eq!(serde_json::from_slice::<serde_json::Value>(&signed.body).unwrap()["version"], 1);
    assert_eq!(named.header("x-secret"), Some("hush"));
    assert!(bare.header(SIGNATURE.as_str()).is_none());
}

#[rstest]
#[case::refused(receiver::Manner::Answers(403), "the receiver answered 403", false)]
#[case::busy(receiver::Manner::Answers(503), "the receiver answered 503", true)]
#[case::too_many(receiver::Manner::Answers(429), "the receiver answered 429", true)]
#[case::moved(receiver::Manner::Answers(302), "the receiver answered 302", false)]
#[case::silent(receiver::Manner::Silent, "did not answer in time", true)]
#[case::closed(receiver::Manner::Closes, "the connection to the receiver broke", true)]
#[tokio::test]
async fn a_webhook_that_is_not_taken_is_told_without_its_url(
    #[case] manner: receiver::Manner,
    #[case] words: &str,
    #[case] again: bool,
) {
    let failed = hook(&Receiver::start(manner), Proof::None).await.unwrap_err();
    assert!(failed.words.contains(words) && failed.again == again, "{failed:?}");
    assert!(!failed.words.contains("hush"), "{failed}");
}

/// A served pair of systems whose configuration names all three carriers.
fn with_carriers(smtp: &Smtp, receiver: &Receiver, hook: &str) -> Served {
    let served = Served::start();
    let path = served.path("flowtly-sync.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(served.path("hook-url"), receiver.url()).unwrap();
    let notices = format!(
        "\n[notices.command]\nrun = [\"/bin/sh\", \"{hook}\"]\n[notices.mail]\nhost = \"127.0.0.1\"\nport = {}\nsecurity = \"none\"\n\
         from = \"sync@example.com\"\nto = [\"ops@example.com\"]\n[notices.webhook]\nurl_file = \"hook-url\"\n",
        smtp.port
    );
    std::fs::write(path, text + &notices).unwrap();
    served
}

#[test]
fn notices_test_sends_one_through_each_carrier_and_prints_what_happened() {
    let folder = tempfile::tempdir().unwrap();
    let hook = script(folder.path(), &format!("cat > {}", folder.path().join("letter").display()));
    let (smtp, receiver) = (Smtp::start(smtp::Manner::Takes), Receiver::start(receiver::Manner::Answers(200)));
    let output = with_carriers(&smtp, &receiver, &hook).run(&["notices", "test"]);
    assert_eq!(code(&output), 0, "{}", told(&output));
    assert_eq!(printed(&output), "ok      command  took it\nok      mail     took it\nok      webhook  took it\n");
    assert!(std::fs::read_to_string(folder.path().join("letter")).unwrap().contains("\"test\":true"));
    let (smtp, receiver) = (Smtp::start(smtp::Manner::Refuses), Receiver::start(receiver::Manner::Answers(404)));
    let served = with_carriers(&smtp, &receiver, &script(folder.path(), "exit 1"));
    let output = served.run(&["notices", "test"]);
    assert_eq!(code(&output), 1);
    let wanted = [
        "failed  mail     the mail server answered 550",
        "failed  webhook  the receiver answered 404",
        "exit status: 1",
    ];
    for line in wanted {
        assert!(printed(&output).contains(line), "{line}: {}", printed(&output));
    }
    let shown = served.run(&["check", "--show-config"]);
    assert!(!printed(&shown).contains("hush"), "{}", printed(&shown));
    let output = Served::start().run(&["notices", "test"]);
    assert_eq!(code(&output), 1);
    assert!(told(&output).contains("nobody is to be told: set notices.command.run"), "{}", told(&output));
}

#[test]
fn a_daemon_tells_what_waits_once_and_nothing_of_any_record() {
    let folder = tempfile::tempdir().unwrap();
    let hook = script(folder.path(), &format!("cat >> {0}; echo >> {0}", folder.path().join("letters").display()));
    let (smtp, receiver) = (Smtp::start(smtp::Manner::Takes), Receiver::start(receiver::Manner::Answers(200)));
    let served = with_carriers(&smtp, &receiver, &hook);
    // A new state is refused its first plan: that is worth telling.
    let running = Running::start(&served, &["run"]);
    running.hear("STATUS=pass 1 was refused");
    running.signal("-HUP");
    running.hear("STATUS=pass 2 was refused");
    running.stop();
    let letters = std::fs::read_to_string(folder.path().join("letters")).unwrap();
    assert_eq!(letters.lines().count(), 1, "once, whatever passes follow: {letters}");
    assert!(letters.contains("\"topic\":\"refused\"") && letters.contains("first-pass"), "{letters}");
    assert_eq!(receiver.posted().len(), 1);
    let running = Running::start(&served, &["run", "--allow", "first-pass"]);
    running.hear("STATUS=idle; pass 3");
    running.stop();
    let letters = std::fs::read_to_string(folder.path().join("letters")).unwrap();
    assert!(letters.lines().count() == 2 && letters.contains("\"turn\":\"ends\""), "{letters}");
    assert_eq!(smtp.heard().iter().filter(|line| line.starts_with("Subject:")).count(), 2);
}

/// What keeps it from even beginning needs a person as much as what stops it later, whoever starts it again and again.
#[test]
fn that_the_state_cannot_be_taken_is_told_once() {
    let folder = tempfile::tempdir().unwrap();
    let hook = script(folder.path(), &format!("cat >> {0}; echo >> {0}", folder.path().join("letters").display()));
    let (smtp, receiver) = (Smtp::start(smtp::Manner::Takes), Receiver::start(receiver::Manner::Answers(200)));
    let served = with_carriers(&smtp, &receiver, &hook);
    // What stands in the way of its lock does what another owner of the folder does, for root too.
    let lock = served.path("flowtly-sync.sqlite.lock");
    std::fs::create_dir(&lock).unwrap();
    for line in [&["run"][..], &["reconcile", "--as-service"], &["run"]] {
        let output = served.run(line);
        assert_eq!(code(&output), 1, "{}", told(&output));
        assert!(told(&output).contains("flowtly-sync.sqlite"), "{}", told(&output));
    }
    let letters = || std::fs::read_to_string(folder.path().join("letters")).unwrap();
    assert!(letters().lines().count() == 1 && letters().contains("\"topic\":\"stopped\""), "{}", letters());
    // Where another process has it, that one tells what there is.
    std::fs::remove_dir(&lock).unwrap();
    let running = Running::start(&served, &["run"]);
    running.hear("STATUS=pass 1 was refused");
    assert_eq!(code(&served.run(&["run"])), 1);
    running.stop();
    let letters = letters();
    let (_, after) = letters.split_once('\n').unwrap();
    assert_eq!(after.matches("\"topic\":\"stopped\"").count(), 1, "that it is over: {after}");
    assert!(after.contains("first-pass"), "{after}");
}

/// A unit that a wrong configuration keeps from starting is not started again: nobody would hear of it before it is missed.
#[test]
fn that_the_configuration_is_not_valid_is_told_as_far_as_it_says_whom() {
    let folder = tempfile::tempdir().unwrap();
    let hook = script(folder.path(), &format!("cat >> {0}; echo >> {0}", folder.path().join("letters").display()));
    let (smtp, receiver) = (Smtp::start(smtp::Manner::Takes), Receiver::start(receiver::Manner::Answers(200)));
    let served = with_carriers(&smtp, &receiver, &hook);
    let path = served.path("flowtly-sync.toml");
    let valid = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, format!("unheard_of = 1\n{valid}")).unwrap();
    for line in [&["run"][..], &["run"], &["reconcile", "--as-service"]] {
        assert_eq!(code(&served.run(line)), 4);
    }
    // A person who stands by reads it.
    assert_eq!(code(&served.run(&["reconcile"])), 4);
    let letters = || std::fs::read_to_string(folder.path().join("letters")).unwrap();
    assert!(letters().lines().count() == 1 && letters().contains("\"names\":[\"configuration\"]"), "{}", letters());
    assert!(!letters().contains("unheard_of"), "{}", letters());
    std::fs::write(&path, &valid).unwrap();
    let running = Running::start(&served, &["run", "--allow", "first-pass"]);
    running.hear("STATUS=idle; pass 1");
    running.stop();
    assert!(letters().lines().count() == 2 && letters().contains("It runs again"), "{}", letters());
    // Where nobody is named there is nobody to tell.
    let (named, _) = valid.split_once("[notices.command]").unwrap();
    std::fs::write(&path, format!("unheard_of = 1\n{named}")).unwrap();
    assert_eq!(code(&served.run(&["run"])), 4);
}
