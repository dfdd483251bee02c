//! Replies that do not come: nothing is repeated whose outcome is unknown.

use std::time::Duration;

use flowtly_sync::connector::error::{ErrorKind, Outcome};
use flowtly_sync::connector::port::{Lookup, Target, Written};
use flowtly_sync::domain::record::Kind;
use flowtly_sync::sandbox::Fault;

use super::errors::{refused, warm, write};
use super::{Case, Need, Verdict, case};
use crate::bench::Bench;

pub const CASES: &[Case] = &[
    case!("a refused connection: a read is tried again, a write has not happened", [Need::Server], unreachable),
    case!("a time-out: a read is tried again, a write is not", [Need::Server], time_out),
    case!("a lost or cut reply to a create is one record, and an unknown outcome", [Need::Server], lost_create),
    case!("a write that is carried out late is carried out once", [Need::Server], late),
];

async fn unreachable(bench: &Bench) -> Verdict {
    let row = warm(bench).await;
    bench.server().faults().next_times(2, Fault::Unreachable);
    let answers = bench.connector.get(Kind::Company, std::slice::from_ref(&row.id)).await.unwrap();
    assert!(matches!(answers.as_slice(), [Lookup::Found(_)]));
    bench.server().clear_log();
    bench.server().faults().next(Fault::Unreachable);
    match write(bench, &row).await {
        Written::Stored(_) => assert_eq!(bench.server().counts().writes, 1, "it was never sent before"),
        Written::Failed(error) => {
            assert_eq!((error.kind, error.kind.outcome()), (ErrorKind::Connect, Outcome::NotApplied), "{error}");
            assert_eq!(bench.server().counts().writes, 0);
        }
    }
    Ok(())
}

async fn time_out(bench: &Bench) -> Verdict {
    for carried_out in [true, false] {
        let row = warm(bench).await;
        bench.server().faults().next(Fault::TimeOut { carried_out });
        let answers = bench.connector.get(Kind::Company, std::slice::from_ref(&row.id)).await.unwrap();
        assert!(matches!(answers.as_slice(), [Lookup::Found(_)]));
        bench.server().clear_log();
        bench.server().faults().next(Fault::TimeOut { carried_out });
        let error = refused(bench, &row).await;
        assert_eq!((error.kind, error.kind.outcome()), (ErrorKind::Timeout, Outcome::Unknown), "{error}");
        assert_eq!(bench.server().counts().writes, 1, "an unknown outcome was repeated");
    }
    Ok(())
}

async fn lost_create(bench: &Bench) -> Verdict {
    for (fault, made) in [
        (Fault::DropBefore, 0),
        (Fault::DropAfter, 1),
        (Fault::Truncate, 1),
        (Fault::TimeOut { carried_out: true }, 1),
        (Fault::HalfJson, 1),
    ] {
        warm(bench).await;
        let write = bench.write_of(Kind::Company, Target::Create, &bench.least(Kind::Company));
        bench.connector.read_ahead(Kind::Company, &write.texts).await.unwrap();
        let before = bench.server().ids(Kind::Company).len();
        bench.server().clear_log();
        bench.server().faults().next(fault.clone());
        let written = bench.connector.write(Kind::Company, std::slice::from_ref(&write)).await;
        bench.server().faults().clear();
        let [Written::Failed(error)] = written.as_slice() else { panic!("{fault:?}: {written:?}") };
        assert_eq!(error.kind.outcome(), Outcome::Unknown, "{fault:?}: {error} ({:?})", error.kind);
        assert_eq!(bench.server().counts().writes, 1, "{fault:?}: the create was repeated");
        assert_eq!(bench.server().ids(Kind::Company).len(), before + made, "{fault:?}");
    }
    Ok(())
}

async fn late(bench: &Bench) -> Verdict {
    warm(bench).await;
    let write = bench.write_of(Kind::Company, Target::Create, &bench.least(Kind::Company));
    bench.connector.read_ahead(Kind::Company, &write.texts).await.unwrap();
    let before = bench.server().ids(Kind::Company).len();
    bench.server().faults().next(Fault::CarriedOutLater(Duration::from_secs(45)));
    let written = bench.connector.write(Kind::Company, std::slice::from_ref(&write)).await;
    let [Written::Failed(error)] = written.as_slice() else { panic!("{written:?}") };
    assert_eq!((error.kind, error.kind.outcome()), (ErrorKind::Timeout, Outcome::Unknown), "{error}");
    assert_eq!(bench.server().ids(Kind::Company).len(), before);
    bench.clock.sleep(Duration::from_mins(1)).await;
    bench.server().settle();
    assert_eq!(bench.server().ids(Kind::Company).len(), before + 1);
    Ok(())
}
