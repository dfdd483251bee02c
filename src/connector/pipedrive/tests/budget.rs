//! Tokens, bursts, and what replies tell of them.

use std::time::Duration;

use super::*;
use crate::clock::Clock;
use crate::connector::port::Extent;
use crate::sandbox::PipedriveLimits;

fn limited(limits: PipedriveLimits) -> PipedriveOptions {
    PipedriveOptions { limits, ..PipedriveOptions::default() }
}

#[tokio::test]
async fn the_days_tokens_are_counted_by_cost_and_the_reserve_is_left() {
    let firm = Firm::open(PipedriveOptions::default(), |settings| {
        settings.daily_tokens = 100;
        settings.reserve = 0.4;
    });
    // Fields 10, page 10, probe 2, create 5.
    let mut walk = firm.connector.walk(Kind::Company, Extent::Complete).await.unwrap();
    all(walk.as_mut()).await;
    firm.connector.probe().await.unwrap();
    firm.stored(Kind::Company, create(&[("name", "A")])).await;
    assert_eq!(firm.server.tokens_used(), 27);
    let error = loop {
        let mut walk = firm.connector.walk(Kind::Company, Extent::Complete).await.unwrap();
        if let Err(error) = walk.next().await {
            break error;
        }
    };
    assert_eq!(error.kind, ErrorKind::Quota);
    assert!(error.message.contains("40 kept for other tools"), "{}", error.message);
    assert_eq!(firm.server.tokens_used(), 57, "60 are ours, and a page costs 10");
    // A read of one record still fits.
    firm.one(Kind::Company, 1).await;
}

#[tokio::test]
async fn bursts_are_spread_over_windows_of_two_seconds() {
    let limits = PipedriveLimits { burst: Some(5), search: Some(2), ..PipedriveLimits::default() };
    let firm = Firm::open(limited(limits), |settings| {
        settings.burst_requests = 5;
        settings.search_requests = 2;
    });
    let id = firm.server.add_organization(&[("name", "A")]);
    for _ in 0..11 {
        firm.one(Kind::Company, id).await;
    }
    for _ in 0..5 {
        firm.connector.find(Kind::Company, &crate::connector::port::Find::Text("A".into())).await.unwrap();
    }
    assert!(firm.clock.now() - now() >= chrono::Duration::seconds(4));
}

#[tokio::test]
async fn a_refused_burst_says_when_it_is_over() {
    let limits = PipedriveLimits { burst: Some(2), ..PipedriveLimits::default() };
    let firm = Firm::open(limited(limits), |_| ());
    let id = firm.server.add_organization(&[("name", "A")]);
    firm.one(Kind::Company, id).await;
    let error = firm.connector.get(Kind::Company, &[id_of(id)]).await.unwrap_err();
    assert_eq!((error.kind, error.retry_after), (ErrorKind::RateLimited, Some(Duration::from_secs(2))));
    firm.one(Kind::Company, id).await;
}

#[tokio::test]
async fn a_day_that_is_used_up_is_not_asked_again_and_again() {
    for tells_tokens in [false, true] {
        let limits =
            PipedriveLimits { burst: Some(50), daily_tokens: Some(12), tells_tokens, ..PipedriveLimits::default() };
        let firm = Firm::open(limited(limits), |settings| settings.reserve = 0.0);
        let id = firm.server.add_organization(&[("name", "A")]);
        firm.one(Kind::Company, id).await;
        let mut walk = firm.connector.walk(Kind::Company, Extent::Complete).await.unwrap();
        let error = walk.next().await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Quota, "{tells_tokens}: {error}");
        if !tells_tokens {
            assert_eq!(error.retry_after, Some(Duration::from_hours(1)));
        }
        let sent = firm.server.counts().requests;
        let mut walk = firm.connector.walk(Kind::Company, Extent::Complete).await.unwrap();
        assert_eq!(walk.next().await.unwrap_err().kind, ErrorKind::Quota);
        assert_eq!(firm.server.counts().requests, sent, "nothing was sent");
    }
}

#[tokio::test]
async fn tokens_that_others_used_count_where_replies_tell() {
    let limits = PipedriveLimits { daily_tokens: Some(1_000), tells_tokens: true, ..PipedriveLimits::default() };
    let firm = Firm::open(limited(limits), |settings| {
        settings.daily_tokens = 4_000;
        settings.reserve = 0.25;
    });
    let id = firm.server.add_organization(&[("name", "A")]);
    firm.connector.properties(Kind::Company).await.unwrap();
    let error = firm.connector.get(Kind::Company, &[id_of(id)]).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Quota, "990 are left of 4000, and 1000 are kept");
}

#[tokio::test]
async fn whoever_does_not_listen_is_blocked_and_then_waits() {
    let block = Some((1, Duration::from_mins(5)));
    let limits = PipedriveLimits { burst: Some(2), block, ..PipedriveLimits::default() };
    let firm = Firm::open(limited(limits), |settings| settings.blocked_wait = Duration::from_mins(6));
    let id = firm.server.add_organization(&[("name", "A")]);
    firm.one(Kind::Company, id).await;
    let error = firm.connector.get(Kind::Company, &[id_of(id)]).await.unwrap_err();
    assert_eq!((error.status, error.retry_after), (Some(403), Some(Duration::from_mins(6))));
    let sent = firm.server.counts().requests;
    let error = firm.connector.get(Kind::Company, &[id_of(id)]).await.unwrap_err();
    assert_eq!((error.kind, error.retry_after), (ErrorKind::RateLimited, Some(Duration::from_mins(6))));
    assert_eq!(firm.server.counts().requests, sent, "nothing was sent");
    firm.clock.advance(Duration::from_mins(5));
    firm.one(Kind::Company, id).await;
    assert!(firm.clock.now() - now() >= chrono::Duration::minutes(6));
}
