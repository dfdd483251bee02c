//! Tokens: got, shared, got anew, and left alone.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;

fn with_password(settings: &mut FlowtlySettings) {
    let password = SecretString::from("hunter2");
    settings.credentials = Some(Credentials::Password { username: "api".to_owned(), password });
}

fn refused(message: &str) -> Answer {
    Answer(401, "application/json", json!({"code": 401, "message": message}).to_string().into_bytes())
}

fn bearer(asked: &Asked) -> &str {
    asked.headers.get("authorization").map_or("", |value| value.to_str().unwrap())
}

fn logins(bench: &Bench) -> usize {
    bench.asked().iter().filter(|asked| asked.path() == "/login").count()
}

/// A server whose tokens are `t1`, `t2`, … and that takes only those from `valid` on.
fn server(valid: Arc<AtomicUsize>) -> impl Fn(&Asked) -> Answer + Send + Sync {
    let given = AtomicUsize::new(0);
    move |asked| {
        if asked.path() == "/login" {
            assert_eq!(
                (&asked.method, &asked.body),
                (&Method::POST, &json!({"username": "api", "password": "hunter2"}))
            );
            assert_eq!(asked.headers["content-type"], "application/json");
            let number = given.fetch_add(1, Ordering::SeqCst) + 1;
            return Answer(200, "application/json", json!({"token": format!("t{number}")}).to_string().into_bytes());
        }
        let number: usize = bearer(asked).trim_start_matches("Bearer t").parse().unwrap_or(0);
        if number < valid.load(Ordering::SeqCst) {
            return refused("Expired JWT Token");
        }
        ok(&client(asked.path().rsplit('/').next().unwrap().parse().unwrap()))
    }
}

#[tokio::test]
async fn one_login_serves_many_calls_and_a_lost_token_is_replaced_once_for_all() {
    let valid = Arc::new(AtomicUsize::new(1));
    let bench = Bench::with(with_password, server(valid.clone()));
    let all: Vec<RemoteId> = (1..=20).map(id).collect();
    bench.connector.get(Kind::Company, &all).await.unwrap();
    assert_eq!(logins(&bench), 1);
    valid.store(2, Ordering::SeqCst);
    bench.connector.get(Kind::Company, &all).await.unwrap();
    assert_eq!(logins(&bench), 2, "however many calls the lost token failed");
    let shown: BTreeSet<String> = bench.asked().iter().map(|asked| bearer(asked).to_owned()).collect();
    assert_eq!(shown, BTreeSet::from([String::new(), "Bearer t1".to_owned(), "Bearer t2".to_owned()]));
}

#[tokio::test]
async fn a_refused_password_is_told_and_left_alone_for_a_while() {
    let bench = Bench::with(with_password, |_| refused("Invalid credentials."));
    for _ in 0..5 {
        let error = bench.connector.get(Kind::Company, &[id(1)]).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Unauthorized);
        assert!(error.message.contains("Flowtly") && error.message.contains("flowtly.credentials"), "{error}");
        assert!(!error.message.contains("hunter2"));
    }
    assert_eq!(bench.asked().len(), 1, "asked once");
    bench.clock.advance(Duration::from_mins(16));
    bench.connector.get(Kind::Company, &[id(1)]).await.unwrap_err();
    assert_eq!(bench.asked().len(), 2, "and once again after a while");
}

#[tokio::test]
async fn fresh_tokens_that_never_work_are_not_got_over_and_over() {
    let bench = Bench::with(with_password, server(Arc::new(AtomicUsize::new(usize::MAX))));
    for _ in 0..4 {
        let error = bench.connector.get(Kind::Company, &[id(1)]).await.unwrap_err();
        assert!(error.message.contains("flowtly.headers"), "{error}");
    }
    assert_eq!((logins(&bench), bench.asked().len()), (2, 4), "two tries of one call");
}

#[tokio::test]
async fn a_refused_static_token_is_shown_once() {
    let bench = Bench::new(|_| refused("Invalid JWT Token"));
    for _ in 0..3 {
        let error = bench.connector.get(Kind::Company, &[id(1)]).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Unauthorized);
        assert!(error.message.contains("flowtly.credentials.token"), "{error}");
        assert!(!error.message.contains("static-token"));
    }
    assert_eq!(bench.asked().len(), 1);
}

#[tokio::test]
async fn a_token_file_is_read_again_when_its_token_is_refused() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "t1\n").unwrap();
    let path = file.path().to_owned();
    let valid = Arc::new(AtomicUsize::new(1));
    let bench = Bench::with(
        |settings| settings.credentials = Some(Credentials::TokenFile { token_file: path }),
        server(valid.clone()),
    );
    bench.connector.get(Kind::Company, &[id(1)]).await.unwrap();
    valid.store(2, Ordering::SeqCst);
    let error = bench.connector.get(Kind::Company, &[id(1)]).await.unwrap_err();
    assert!(error.message.contains("token_file"), "{error}");
    bench.connector.get(Kind::Company, &[id(1)]).await.unwrap_err();
    assert_eq!(bench.asked().len(), 2, "the same token is not shown again");
    std::fs::write(file.path(), "t2").unwrap();
    bench.connector.get(Kind::Company, &[id(1)]).await.unwrap();
}

#[tokio::test]
async fn a_write_that_waited_long_for_a_new_token_is_planned_anew() {
    let valid = Arc::new(AtomicUsize::new(1));
    let with = |settings: &mut FlowtlySettings| {
        with_password(settings);
        settings.requests_per_minute = Some(3);
    };
    let bench = Bench::with(with, server(valid.clone()));
    bench.connector.get(Kind::Company, &[id(1)]).await.unwrap();
    valid.store(2, Ordering::SeqCst);
    let write = Write {
        target: crate::connector::port::Target::Update { id: id(1), version: None },
        texts: vec![("name".to_owned(), Some("New".to_owned()))],
        parent: None,
        stored_id: None,
        apart_from: Vec::new(),
    };
    let error = bench.write_one(Kind::Company, write.clone()).await.unwrap_err();
    assert_eq!((error.kind, error.superseded), (ErrorKind::RateLimited, true));
    assert_eq!(bench.targets().iter().filter(|target| target.starts_with("PATCH")).count(), 1, "the refused one");
    bench.write_one(Kind::Company, write).await.unwrap();
}

#[tokio::test]
async fn a_write_is_sent_again_after_a_lost_token_for_it_was_not_carried_out() {
    let valid = Arc::new(AtomicUsize::new(1));
    let bench = Bench::with(with_password, server(valid.clone()));
    bench.connector.get(Kind::Company, &[id(1)]).await.unwrap();
    valid.store(2, Ordering::SeqCst);
    let target = crate::connector::port::Target::Update { id: id(1), version: None };
    let texts = vec![("name".to_owned(), Some("x".to_owned()))];
    bench
        .write_one(Kind::Company, Write { target, texts, parent: None, stored_id: None, apart_from: Vec::new() })
        .await
        .unwrap();
}

#[tokio::test]
async fn a_login_address_that_is_not_there_is_a_wrong_setting() {
    for answer in [|| html(404), || html(405)] {
        let bench = Bench::with(with_password, move |_| answer());
        let error = bench.connector.get(Kind::Company, &[id(1)]).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Setting);
        assert!(error.message.contains("flowtly.login_path"), "{error}");
    }
    let bench = Bench::with(with_password, |_| ok(&json!({"user": "x"})));
    assert_eq!(bench.connector.get(Kind::Company, &[id(1)]).await.unwrap_err().kind, ErrorKind::Protocol);
}

#[tokio::test]
async fn configured_headers_are_sent_and_impossible_ones_told() {
    let tenant = |name: &'static str| {
        move |settings: &mut FlowtlySettings| {
            settings.headers.insert(name.to_owned(), "1hkzxrub".to_owned());
        }
    };
    let bench = Bench::with(tenant("X-Instance"), |_| ok(&client(1)));
    bench.connector.get(Kind::Company, &[id(1)]).await.unwrap();
    assert_eq!(bench.asked()[0].headers["x-instance"], "1hkzxrub");
    let bench = Bench::with(tenant("not a header"), |_| ok(&client(1)));
    let error = bench.connector.get(Kind::Company, &[id(1)]).await.unwrap_err();
    assert_eq!((error.kind, bench.asked().len()), (ErrorKind::Setting, 0));
}

#[tokio::test]
async fn without_a_credential_nothing_is_sent() {
    let bench = Bench::with(|settings| settings.credentials = None, |_| ok(&client(1)));
    let error = bench.connector.get(Kind::Company, &[id(1)]).await.unwrap_err();
    assert_eq!((error.kind, bench.asked().len()), (ErrorKind::Unauthorized, 0));
}
