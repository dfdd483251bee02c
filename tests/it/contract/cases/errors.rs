//! Every class of error, told as what it is.

use std::time::Duration;

use flowtly_sync::connector::error::{ErrorKind, Outcome, PortError};
use flowtly_sync::connector::port::{Extent, Lookup, Step, Written};
use flowtly_sync::domain::field::Field;
use flowtly_sync::domain::record::{Kind, RemoteId, Standing};
use flowtly_sync::domain::shape::{Delivered, Row};
use flowtly_sync::sandbox::{Fault, When};

use super::walks::another_phone;
use super::{Case, Need, Verdict, case};
use crate::bench::{Bench, stored};

pub const CASES: &[Case] = &[
    case!("401 is a refused credential", [Need::Server], unauthorized),
    case!("403 of a list is a missing permission, and 403 of one record is no absence", [Need::Server], forbidden),
    case!("404 of a write is a record that is not there", [Need::Server], not_found),
    case!("a proxy's 404 is no absence", [Need::Server], a_proxys_404),
    case!("409 and 422 are about the record", [Need::Server], about_the_record),
    case!("429 with Retry-After is waited for", [Need::Server], retry_after),
    case!("429 without Retry-After is tried again, a write too, once", [Need::Server], rate_limited),
    case!("5xx: a read is tried again, a write is not", [Need::Server], unavailable),
    case!("HTML, half a JSON and another type are told, and never read as records", [Need::Server], no_json),
    case!("a reply beyond the limit is told", [Need::Server], huge),
    case!("a long text is unknown, and the walk goes on", [Need::Server], long_text),
    case!("a walk that never ends is told", [Need::Server], endless),
    case!("no error tells the secret", [Need::Server], secrets),
];

/// A company after which every look-up is done and every token is there.
pub(super) async fn warm(bench: &Bench) -> Row {
    let row = bench.company().await;
    let row = stored(bench.update(Kind::Company, &row, &another_phone(Kind::Company)).await);
    bench.server().clear_log();
    row
}

async fn get(bench: &Bench, id: &RemoteId) -> Result<Lookup, PortError> {
    bench.connector.get(Kind::Company, std::slice::from_ref(id)).await.map(|mut answers| answers.remove(0))
}

/// Clears the telephone: the write under test.
pub(super) async fn write(bench: &Bench, row: &Row) -> Written {
    let blank = [(Field::Phone, flowtly_sync::domain::value::Text::whole(""))].into_iter().collect();
    bench.update(Kind::Company, row, &blank).await
}

pub(super) async fn refused(bench: &Bench, row: &Row) -> PortError {
    match write(bench, row).await {
        Written::Failed(error) => error,
        Written::Stored(_) => panic!("the write was answered"),
    }
}

fn refusal(status: u16) -> Fault {
    Fault::Refusal { status, retry_after: None }
}

async fn read_and_write(bench: &Bench, fault: &Fault) -> [PortError; 2] {
    let row = warm(bench).await;
    bench.server().faults().when(When::always(), fault.clone());
    let errors = [get(bench, &row.id).await.unwrap_err(), refused(bench, &row).await];
    bench.server().faults().clear();
    errors
}

async fn unauthorized(bench: &Bench) -> Verdict {
    for error in read_and_write(bench, &refusal(401)).await {
        assert_eq!(error.kind, ErrorKind::Unauthorized, "{error}");
    }
    Ok(())
}

async fn forbidden(bench: &Bench) -> Verdict {
    let row = warm(bench).await;
    bench.server().faults().when(When::always(), refusal(403));
    let walked = match bench.connector.walk(Kind::Company, Extent::Complete).await {
        Ok(mut walk) => walk.next().await.map(drop),
        Err(error) => Err(error),
    };
    let (read, written) = (get(bench, &row.id).await, refused(bench, &row).await);
    bench.server().faults().clear();
    assert_eq!(walked.unwrap_err().kind, ErrorKind::Forbidden);
    match read {
        Ok(Lookup::Found(row)) => assert_eq!(row.standing, Standing::Archived, "it rests"),
        Ok(Lookup::Closed(_)) => {}
        Ok(other @ (Lookup::Gone | Lookup::MergedInto(_))) => panic!("{other:?}"),
        Err(error) => assert_eq!(error.kind, ErrorKind::Forbidden, "{error}"),
    }
    assert!(matches!(written.kind, ErrorKind::Forbidden | ErrorKind::Invalid), "{written}");
    Ok(())
}

async fn not_found(bench: &Bench) -> Verdict {
    let row = warm(bench).await;
    assert!(bench.server().remove(Kind::Company, bench.number(&row.id)));
    let error = refused(bench, &row).await;
    assert_eq!(error.kind, ErrorKind::NotFound, "{error}");
    assert_eq!(get(bench, &row.id).await.unwrap(), Lookup::Gone);
    Ok(())
}

async fn a_proxys_404(bench: &Bench) -> Verdict {
    for error in read_and_write(bench, &Fault::Gateway(404)).await {
        assert_ne!(error.kind, ErrorKind::NotFound, "{error}");
        assert!(!error.kind.is_about_record(), "{error}");
    }
    Ok(())
}

async fn about_the_record(bench: &Bench) -> Verdict {
    for status in [409, 422] {
        let row = warm(bench).await;
        bench.server().faults().next(refusal(status));
        let error = refused(bench, &row).await;
        bench.server().faults().clear();
        assert!(error.kind.is_about_record(), "{status}: {error} ({:?})", error.kind);
        assert_eq!(error.kind.outcome(), Outcome::NotApplied, "{status}: {error}");
    }
    Ok(())
}

async fn retry_after(bench: &Bench) -> Verdict {
    let row = warm(bench).await;
    bench.server().faults().next(Fault::Refusal { status: 429, retry_after: Some("7".to_owned()) });
    let before = bench.clock.elapsed();
    assert!(matches!(get(bench, &row.id).await.unwrap(), Lookup::Found(_)));
    assert!(
        bench.clock.elapsed().saturating_sub(before) >= Duration::from_secs(7),
        "it did not wait as it was asked to"
    );
    Ok(())
}

async fn rate_limited(bench: &Bench) -> Verdict {
    let row = warm(bench).await;
    bench.server().faults().next(refusal(429));
    assert!(matches!(get(bench, &row.id).await.unwrap(), Lookup::Found(_)));
    bench.server().clear_log();
    bench.server().faults().next(refusal(429));
    match write(bench, &row).await {
        Written::Stored(_) => assert_eq!(bench.server().counts().writes, 2, "refused once, sent again once"),
        Written::Failed(error) => assert_eq!(error.kind, ErrorKind::RateLimited, "{error}"),
    }
    Ok(())
}

async fn unavailable(bench: &Bench) -> Verdict {
    for fault in [Fault::Gateway(502), Fault::Gateway(503), refusal(500)] {
        let row = warm(bench).await;
        bench.server().faults().next_times(2, fault.clone());
        assert!(matches!(get(bench, &row.id).await.unwrap(), Lookup::Found(_)), "{fault:?}");
        bench.server().clear_log();
        bench.server().faults().next(fault.clone());
        let error = refused(bench, &row).await;
        bench.server().faults().clear();
        assert_eq!(
            (error.kind, error.kind.outcome()),
            (ErrorKind::Unavailable, Outcome::Unknown),
            "{fault:?}: {error}"
        );
        assert_eq!(bench.server().counts().writes, 1, "{fault:?}: an unknown outcome was repeated");
    }
    Ok(())
}

async fn no_json(bench: &Bench) -> Verdict {
    for fault in [Fault::Html, Fault::HalfJson, Fault::WrongType] {
        let row = warm(bench).await;
        bench.server().faults().when(When::always(), fault.clone());
        let error = get(bench, &row.id).await.unwrap_err();
        assert!(!error.kind.is_about_record(), "{fault:?}: {error}");
        assert!(
            matches!(error.kind, ErrorKind::Protocol | ErrorKind::Setting),
            "{fault:?}: {error} ({:?})",
            error.kind
        );
        let walked = async {
            let mut walk = bench.connector.walk(Kind::Company, Extent::Complete).await?;
            loop {
                if let Step::End(end) = walk.next().await? {
                    return Ok::<_, PortError>(end);
                }
            }
        };
        assert!(walked.await.is_err(), "{fault:?}: a walk over no records ended well");
        bench.server().faults().clear();
        bench.server().clear_log();
        bench.server().faults().next(fault.clone());
        let error = refused(bench, &row).await;
        bench.server().faults().clear();
        assert_eq!(error.kind.outcome(), Outcome::Unknown, "{fault:?}: {error} ({:?})", error.kind);
        assert_eq!(bench.server().counts().writes, 1, "{fault:?}: an unknown outcome was repeated");
    }
    Ok(())
}

async fn huge(bench: &Bench) -> Verdict {
    let row = warm(bench).await;
    bench.server().faults().when(When::always(), Fault::HugeText(300_000));
    let error = get(bench, &row.id).await.unwrap_err();
    bench.server().faults().clear();
    assert_eq!(error.kind, ErrorKind::TooLarge, "{error}");
    Ok(())
}

async fn long_text(bench: &Bench) -> Verdict {
    let row = warm(bench).await;
    bench.server().faults().when(When::always(), Fault::HugeText(100_000));
    let read = bench.read(Kind::Company, &row.id).await;
    let (rows, _, _) = bench.walk(Kind::Company, Extent::Complete).await;
    bench.server().faults().clear();
    let name = bench.shape(Kind::Company).cells.iter().position(|cell| cell.field == Field::Name).unwrap();
    assert_eq!(read.texts[name], Delivered::Unknown, "never cut, never blank");
    assert!(rows.iter().any(|shown| shown.id == row.id));
    Ok(())
}

async fn endless(bench: &Bench) -> Verdict {
    for number in 0..230 {
        let name = format!("Firm {number:03}");
        bench.server().add(Kind::Company, &[(flowtly_sync::sandbox::Property::Name, &name)], None);
    }
    bench.server().faults().when(When::always(), Fault::EndlessNext);
    let mut walk = bench.connector.walk(Kind::Company, Extent::Complete).await.unwrap();
    for _ in 0..1_000 {
        match walk.next().await {
            Ok(Step::Page(_)) => {}
            // Who does not follow the server's own links is not led astray by them.
            Ok(Step::End(_)) => return Ok(()),
            Err(error) => {
                assert_eq!(error.kind, ErrorKind::Protocol, "{error}");
                return Ok(());
            }
        }
    }
    panic!("a walk of 230 records has a thousand pages")
}

async fn secrets(bench: &Bench) -> Verdict {
    let secret = bench.server().secret();
    let row = warm(bench).await;
    bench.server().faults().when(When::always(), refusal(403));
    let error = refused(bench, &row).await;
    bench.server().faults().clear();
    assert!(!format!("{error} {error:?}").contains(&secret), "the secret is told");
    // A refused credential comes last: who was refused does not ask again.
    for fault in [Fault::Gateway(502), Fault::Html, Fault::Unreachable, refusal(401)] {
        for error in read_and_write(bench, &fault).await {
            assert!(!format!("{error} {error:?}").contains(&secret), "{fault:?}: the secret is told");
        }
    }
    assert!(!format!("{:?}", bench.connector).contains(&secret), "the connector shows its secret");
    Ok(())
}
