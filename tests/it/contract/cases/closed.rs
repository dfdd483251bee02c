//! Records with rights of their own: one that may not be read, or not be written, stops nobody else.

use flowtly_sync::connector::error::{ErrorKind, Outcome};
use flowtly_sync::connector::port::{Extent, Lookup, Target, Written};
use flowtly_sync::domain::record::{Kind, RemoteId, Standing};
use flowtly_sync::domain::shape::{Delivered, Row};
use flowtly_sync::sandbox::Grant;

use super::walks::another_phone;
use super::{Case, Need, Verdict, case};
use crate::bench::Bench;

pub const CASES: &[Case] = &[
    case!("a record that may not be read is there, unknown, and hides no other", [Need::Server], unreadable),
    case!("a record that may not be written is refused alone", [Need::Server], unwritable),
];

/// What a system says that knows no such rights.
const LACKING: &str = "rights of single records";

/// A record that is closed and one that is open, or nothing where the system has no such rights.
async fn two(bench: &Bench, kind: Kind, grant: Grant) -> Option<[Row; 2]> {
    let company = bench.company().await;
    let company = (kind == Kind::Contact).then_some(&company.id);
    let mut rows = Vec::new();
    for _ in 0..2 {
        rows.push(bench.create(kind, &bench.least(kind), company).await);
    }
    let rows: [Row; 2] = rows.try_into().unwrap();
    bench.server().grant(kind, bench.number(&rows[0].id), grant).then_some(rows)
}

fn is_closed(row: &Row) -> bool {
    row.standing == Standing::Archived && row.texts.iter().all(|text| *text == Delivered::Unknown)
}

async fn unreadable(bench: &Bench) -> Verdict {
    for kind in Kind::BOTH {
        let Some([closed, open]) = two(bench, kind, Grant::Nothing).await else { return Err(LACKING) };
        let ids = [closed.id.clone(), open.id.clone()];
        let read = bench.connector.get(kind, &ids).await.unwrap();
        let [Lookup::Found(first), Lookup::Found(second)] = read.as_slice() else { panic!("{read:?}") };
        assert!(is_closed(first) && first.id == closed.id, "{first:?}");
        assert_eq!((second.standing, &second.id), (Standing::Live, &open.id));
        let (shown, _, _) = bench.walk(kind, Extent::Complete).await;
        assert!(shown.iter().any(|row| row.id == open.id), "the others are shown");
        assert!(shown.iter().all(|row| row.id != closed.id || is_closed(row)));
        assert!(bench.server().grant(kind, bench.number(&closed.id), Grant::Full));
        assert_eq!(bench.read(kind, &closed.id).await.standing, Standing::Live);
    }
    let (hidden, shown) = (bench.company().await, bench.company().await);
    for company in [&hidden, &shown] {
        bench.create(Kind::Contact, &bench.least(Kind::Contact), Some(&company.id)).await;
    }
    assert!(bench.server().grant(Kind::Company, bench.number(&hidden.id), Grant::Nothing));
    for asked in [vec![hidden.id.clone()], vec![hidden.id.clone(), shown.id.clone()]] {
        let wanted = usize::from(asked.contains(&shown.id));
        let children = bench.connector.children(&asked).await.unwrap();
        let of_shown = children.iter().filter(|row| row.parents.contains(&shown.id)).count();
        assert_eq!(of_shown, wanted);
    }
    Ok(())
}

async fn unwritable(bench: &Bench) -> Verdict {
    for kind in Kind::BOTH {
        for grant in [Grant::Read, Grant::Nothing] {
            let Some([closed, open]) = two(bench, kind, grant).await else { return Err(LACKING) };
            let write = |id: &RemoteId| {
                let target = Target::Update { id: id.clone(), version: None };
                bench.write_of(kind, target, &another_phone(kind))
            };
            let written = bench.send_all(kind, &[write(&closed.id), write(&open.id)]).await;
            let [Written::Failed(error), Written::Stored(_)] = written.as_slice() else { panic!("{written:?}") };
            assert_eq!(error.kind.outcome(), Outcome::NotApplied, "{error}");
            assert_eq!(error.kind, ErrorKind::Invalid, "it waits alone: {error}");
        }
    }
    Ok(())
}
