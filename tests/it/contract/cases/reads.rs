//! Reads by id and look-ups.

use std::time::Duration;

use flowtly_sync::connector::port::{Find, Lookup, Presence, Target, Write};
use flowtly_sync::domain::field::Field;
use flowtly_sync::domain::record::{Kind, Standing};

use super::walks::made;
use super::{Case, Need, STORES_ID, Verdict, case};
use crate::bench::{Bench, stored};

pub const CASES: &[Case] = &[
    case!("the account tells who it is, always the same", [], account),
    case!("every mapped property is there", [], properties),
    case!("reads by id answer in the order of the ids", [Need::Server], answers_in_order),
    case!("a removed record is gone, and not an error", [Need::Server], gone),
    case!("a merged record leads to the one that is left, or is gone", [Need::Server], merged),
    case!("our id is found again", [STORES_ID], stored_id),
    case!("the system's search finds a name", [], text),
    case!("the contacts of a company are its own, all of them", [], children),
];

async fn account(bench: &Bench) -> Verdict {
    let first = bench.connector.probe().await.unwrap();
    assert_eq!(bench.connector.probe().await.unwrap().id, first.id);
    assert!(first.id.is_none_or(|id| !id.is_empty() && !id.contains('/')), "an id, never an address");
    Ok(())
}

async fn properties(bench: &Bench) -> Verdict {
    for kind in Kind::BOTH {
        made(bench, kind).await;
        let properties = bench.connector.properties(kind).await.unwrap();
        let told: Vec<&str> = properties.iter().map(|property| property.path.as_str()).collect();
        let mapped: Vec<&str> = bench.shape(kind).paths().collect();
        assert_eq!(told[..mapped.len()], mapped, "{kind}: the mapped properties first, in their order");
        for property in &properties {
            assert_ne!(property.presence, Presence::Missing, "{kind}: {}", property.path);
        }
    }
    Ok(())
}

async fn answers_in_order(bench: &Bench) -> Verdict {
    for kind in Kind::BOTH {
        let rows = [made(bench, kind).await, made(bench, kind).await, made(bench, kind).await];
        assert!(bench.server().remove(kind, bench.number(&rows[1].id)));
        let ids: Vec<_> = [2, 1, 0, 2].into_iter().map(|place: usize| rows[place].id.clone()).collect();
        let answers = bench.connector.get(kind, &ids).await.unwrap();
        assert_eq!(answers.len(), 4);
        for (answer, place) in answers.iter().zip([2, 1, 0, 2]) {
            match answer {
                Lookup::Found(row) => assert_eq!((&row.id, &row.texts), (&rows[place].id, &rows[place].texts)),
                Lookup::Gone => assert_eq!(place, 1),
                Lookup::MergedInto(_) | Lookup::Closed(_) => panic!("nothing was merged, and everything may be read"),
            }
        }
    }
    Ok(())
}

async fn gone(bench: &Bench) -> Verdict {
    for kind in Kind::BOTH {
        let row = made(bench, kind).await;
        assert!(bench.server().remove(kind, bench.number(&row.id)));
        let answers = bench.connector.get(kind, std::slice::from_ref(&row.id)).await.unwrap();
        assert_eq!(answers, [Lookup::Gone], "{kind}");
    }
    Ok(())
}

async fn merged(bench: &Bench) -> Verdict {
    let (first, second) = (bench.company().await, bench.company().await);
    let (one, two) = (bench.number(&first.id), bench.number(&second.id));
    let Some(left) = bench.server().merge(Kind::Company, one, two) else { return Err("merges") };
    let left = bench.id(left);
    for id in [&first.id, &second.id].into_iter().filter(|id| **id != left) {
        let answer = bench.connector.get(Kind::Company, std::slice::from_ref(id)).await.unwrap().remove(0);
        match answer {
            Lookup::MergedInto(into) => assert_eq!(into, left),
            Lookup::Gone => {}
            // In the bin: seen, and not among the live ones.
            Lookup::Found(row) if row.standing == Standing::Archived => {}
            Lookup::Found(row) => panic!("{id} was merged away, and {} is shown", row.id),
            Lookup::Closed(words) => panic!("{id} may be read: {words}"),
        }
    }
    assert_eq!(bench.read(Kind::Company, &left).await.id, left);
    Ok(())
}

async fn stored_id(bench: &Bench) -> Verdict {
    let id = format!("contract/{}", bench.unique().replace(' ', "-"));
    let write = bench.write_of(Kind::Company, Target::Create, &bench.least(Kind::Company));
    let row = stored(bench.send(Kind::Company, Write { stored_id: Some(id.clone()), ..write }).await);
    assert_eq!(row.stored_id.as_deref(), Some(id.as_str()));
    let mut left = bench.capabilities().lag + Duration::from_secs(1);
    loop {
        let found = bench.connector.find(Kind::Company, &Find::StoredId(id.clone())).await.unwrap();
        let found: Vec<_> = found.expect("who stores ids finds them").into_iter().map(|row| row.id).collect();
        if found == [row.id.clone()] {
            break;
        }
        assert!(found.is_empty() && !left.is_zero(), "{found:?} instead of {}", row.id);
        left = bench.wait(left).await;
    }
    let nothing = bench.connector.find(Kind::Company, &Find::StoredId(format!("{id}-none"))).await.unwrap();
    assert_eq!(nothing.map(|rows| rows.len()), Some(0));
    Ok(())
}

async fn text(bench: &Bench) -> Verdict {
    let fields = bench.least(Kind::Company);
    let row = bench.create(Kind::Company, &fields, None).await;
    let name = fields[&Field::Name].to_string();
    let mut left = bench.capabilities().lag + Duration::from_secs(1);
    loop {
        let Some(found) = bench.connector.find(Kind::Company, &Find::Text(name.clone())).await.unwrap() else {
            return Err("a search by text");
        };
        if found.iter().any(|found| found.id == row.id && found.texts == row.texts) {
            return Ok(());
        }
        assert!(!left.is_zero(), "{name} is not found within the declared lag");
        left = bench.wait(left).await;
    }
}

async fn children(bench: &Bench) -> Verdict {
    let (first, second, third) = (bench.company().await, bench.company().await, bench.company().await);
    let mut wanted = Vec::new();
    for company in [&first, &first, &second, &third] {
        let row = bench.create(Kind::Contact, &bench.least(Kind::Contact), Some(&company.id)).await;
        if company.id != third.id {
            wanted.push((row.id, company.id.clone()));
        }
    }
    let rows = bench.connector.children(&[first.id.clone(), second.id.clone()]).await.unwrap();
    let mut shown: Vec<_> = rows.into_iter().map(|row| (row.id, row.parents[0].clone())).collect();
    shown.sort();
    wanted.sort();
    assert_eq!(shown, wanted);
    Ok(())
}
