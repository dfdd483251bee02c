//! Walks: pages, order, what changed, what lags.

use std::collections::BTreeSet;
use std::time::Duration;

use flowtly_sync::connector::port::{Evidence, Extent};
use flowtly_sync::domain::field::Field;
use flowtly_sync::domain::record::{Kind, RemoteId, Standing};
use flowtly_sync::domain::shape::Row;
use flowtly_sync::domain::value::Text;
use flowtly_sync::sandbox::Property;

use super::{CHANGED_SINCE, Case, Need, SHOWS_ARCHIVED, Verdict, case};
use crate::bench::{Bench, Fields, stored};

pub const CASES: &[Case] = &[
    case!("a complete walk shows every record once, over pages", [Need::Server], pages),
    case!("a row's texts stand in the order of the mapping", [], order),
    case!("a walk shows what was made", [], shows_what_was_made),
    case!("a walk since a time shows what changed, and not what rested", [Need::Server, CHANGED_SINCE], since),
    case!("a write is shown within the declared lag", [CHANGED_SINCE], within_the_lag),
    case!("no walk shows old contents for longer than the declared lag", [Need::Server, CHANGED_SINCE], lag),
    case!("archived records are walked and read, and marked", [Need::Server, SHOWS_ARCHIVED], archived),
    case!("what appeared since a walk is read from its frontier", [Need::Server], appeared),
];

async fn pages(bench: &Bench) -> Verdict {
    let mut companies = BTreeSet::new();
    let mut contacts = BTreeSet::new();
    for number in 0..230 {
        let name = format!("Firm {number:03}");
        let company = bench.server().add(Kind::Company, &[(Property::Name, &name)], None);
        let email = format!("person-{number}@example.com");
        let person = [(Property::FirstName, "Anna"), (Property::LastName, name.as_str()), (Property::Email, &email)];
        let contact = bench.server().add(Kind::Contact, &person, Some(company));
        companies.insert(bench.id(company));
        contacts.insert(bench.id(contact));
    }
    for (kind, wanted) in [(Kind::Company, companies), (Kind::Contact, contacts)] {
        let (rows, pages, end) = bench.walk(kind, Extent::Complete).await;
        let shown: BTreeSet<RemoteId> = rows.iter().map(|row| row.id.clone()).collect();
        assert_eq!(shown, wanted, "{kind}");
        assert_eq!(rows.len(), wanted.len(), "no {kind} is shown twice while nothing changes");
        assert!(pages > 1, "{kind}: 230 records come in {pages} page");
        if let Evidence::Numbered { first_total, last_total, distinct } = end.evidence {
            assert_eq!((first_total, distinct), (last_total, 230));
            assert!(first_total.is_none_or(|total| total == 230), "{first_total:?}");
        }
    }
    Ok(())
}

async fn order(bench: &Bench) -> Verdict {
    for kind in Kind::BOTH {
        let row = made(bench, kind).await;
        let paths = bench.shape(kind).paths().count();
        assert_eq!(row.texts.len(), paths, "{kind}: one text for each mapped property");
        let mut fields = bench.least(kind);
        fields.extend(bench.optional(kind));
        let row = stored(bench.update(kind, &row, &fields).await);
        bench.assert_says(kind, &row, &fields);
        bench.assert_says(kind, &bench.read(kind, &row.id).await, &fields);
    }
    Ok(())
}

async fn shows_what_was_made(bench: &Bench) -> Verdict {
    for kind in Kind::BOTH {
        let row = made(bench, kind).await;
        let (rows, _, _) = bench.walk(kind, Extent::Complete).await;
        let shown: Vec<_> = rows.into_iter().filter(|shown| shown.id == row.id).collect();
        assert!(!shown.is_empty(), "{kind} {} is not shown", row.id);
        assert_eq!(shown[0].texts, row.texts);
        assert_eq!(shown[0].parents, row.parents);
    }
    Ok(())
}

async fn since(bench: &Bench) -> Verdict {
    for kind in Kind::BOTH {
        let (resting, moving) = (made(bench, kind).await, made(bench, kind).await);
        let capabilities = bench.capabilities();
        bench.clock.sleep(capabilities.lag + capabilities.overlap + Duration::from_hours(1)).await;
        let since = bench.clock.now();
        bench.clock.sleep(Duration::from_secs(2)).await;
        stored(bench.update(kind, &moving, &another_phone(kind)).await);
        bench.clock.sleep(capabilities.lag).await;
        let (rows, _, end) = bench.walk(kind, Extent::Since(since)).await;
        let shown: BTreeSet<&RemoteId> = rows.iter().map(|row| &row.id).collect();
        assert!(shown.contains(&moving.id), "{kind}: the change is not shown");
        assert!(!shown.contains(&resting.id), "{kind}: what rested for longer than lag and overlap is shown");
        assert!(end.started >= since);
    }
    Ok(())
}

async fn within_the_lag(bench: &Bench) -> Verdict {
    for kind in Kind::BOTH {
        let row = made(bench, kind).await;
        let since = row.modified.or(row.created).unwrap_or_else(|| bench.clock.now()) - chrono::Duration::seconds(1);
        let shown = bench.shown_since(kind, since, &row.id).await;
        assert_eq!(shown.texts, row.texts);
    }
    Ok(())
}

async fn lag(bench: &Bench) -> Verdict {
    let lag = bench.capabilities().lag;
    if lag.is_zero() || !bench.server().set_lag(lag) {
        return Err("lag");
    }
    for kind in Kind::BOTH {
        let row = made(bench, kind).await;
        bench.clock.sleep(lag * 2).await;
        let since = bench.clock.now() - chrono::Duration::seconds(1);
        let fields = another_phone(kind);
        let changed = stored(bench.update(kind, &row, &fields).await);
        assert_ne!(changed.texts, row.texts);
        let old = |rows: &[Row]| rows.iter().any(|shown| shown.id == row.id && shown.texts != changed.texts);
        for extent in [Extent::Complete, Extent::Since(since)] {
            let (rows, _, _) = bench.walk(kind, extent).await;
            assert!(!bench.capabilities().list_lag.is_zero() || !old(&rows), "{kind}: an old text, and no list_lag");
        }
        bench.clock.sleep(lag).await;
        let (rows, _, _) = bench.walk(kind, Extent::Since(since)).await;
        assert!(!old(&rows), "{kind}: an old text after the declared lag");
        assert!(rows.iter().any(|shown| shown.id == row.id), "{kind}: not shown after the declared lag");
    }
    Ok(())
}

async fn archived(bench: &Bench) -> Verdict {
    let row = bench.company().await;
    let server = bench.server();
    assert!(server.archive(Kind::Company, bench.number(&row.id)), "who shows archived records can archive");
    let standing = |rows: &[Row]| rows.iter().find(|shown| shown.id == row.id).map(|shown| shown.standing);
    assert_eq!(bench.read(Kind::Company, &row.id).await.standing, Standing::Archived);
    assert_eq!(standing(&bench.walk(Kind::Company, Extent::Complete).await.0), Some(Standing::Archived));
    assert!(server.restore(Kind::Company, bench.number(&row.id)));
    assert_eq!(bench.read(Kind::Company, &row.id).await.standing, Standing::Live);
    assert_eq!(standing(&bench.walk(Kind::Company, Extent::Complete).await.0), Some(Standing::Live));
    Ok(())
}

/// A record that a person makes: a connector need not show again what it made itself.
async fn somebody_made(bench: &Bench, kind: Kind) -> Row {
    let server = bench.server();
    let company = server.add(Kind::Company, &[(Property::Name, &bench.unique())], None);
    let id = match kind {
        Kind::Company => company,
        Kind::Contact => {
            let person =
                [(Property::FirstName, "Ada"), (Property::LastName, "Lovelace"), (Property::Email, "ada@example.com")];
            server.add(kind, &person, Some(company))
        }
    };
    bench.read(kind, &bench.id(id)).await
}

async fn appeared(bench: &Bench) -> Verdict {
    for kind in Kind::BOTH {
        made(bench, kind).await;
        let (_, _, end) = bench.walk(kind, Extent::Complete).await;
        bench.clock.sleep(Duration::from_secs(1)).await;
        let row = somebody_made(bench, kind).await;
        let (rows, frontier) = bench.connector.appeared(kind, &end.frontier).await.unwrap();
        let shown = rows.iter().find(|shown| shown.id == row.id);
        assert_eq!(shown.map(|shown| &shown.texts), Some(&row.texts), "{kind}: what was made does not appear");
        let next = somebody_made(bench, kind).await;
        let (rows, _) = bench.connector.appeared(kind, &frontier).await.unwrap();
        assert!(rows.iter().any(|shown| shown.id == next.id), "{kind}: the second frontier misses what was made");
    }
    Ok(())
}

/// A record with the least, a contact at a company of its own.
pub(super) async fn made(bench: &Bench, kind: Kind) -> Row {
    match kind {
        Kind::Company => bench.company().await,
        Kind::Contact => {
            let company = bench.company().await;
            bench.create(kind, &bench.least(kind), Some(&company.id)).await
        }
    }
}

/// A telephone number.
pub(super) fn another_phone(kind: Kind) -> Fields {
    let field = match kind {
        Kind::Company => Field::Phone,
        Kind::Contact => Field::ContactPhone,
    };
    Fields::from([(field, Text::whole("+48586200099"))])
}
