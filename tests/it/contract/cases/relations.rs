//! Which company a contact belongs to.

use flowtly_sync::connector::port::{Extent, ParentWrite, Target, Write};
use flowtly_sync::domain::record::{Kind, RemoteId};
use flowtly_sync::domain::shape::Row;
use flowtly_sync::domain::value::Locale;

use super::walks::another_phone;
use super::{Case, MANY_PARENTS, Need, Verdict, case};
use crate::bench::{Bench, Fields, stored};

pub const CASES: &[Case] = &[
    case!("a contact is made at its company", [], made_at_its_company),
    case!("a contact moves to another company, alone or with its fields", [], moves),
    case!("what people do to a contact's company is read", [Need::Server], people_move),
    case!(
        "a contact of several companies is one record at each, and stays at the others",
        [Need::Server, MANY_PARENTS],
        several
    ),
];

async fn contact(bench: &Bench, company: &RemoteId) -> Row {
    bench.create(Kind::Contact, &bench.least(Kind::Contact), Some(company)).await
}

async fn made_at_its_company(bench: &Bench) -> Verdict {
    let company = bench.company().await;
    let row = contact(bench, &company.id).await;
    assert_eq!(row.parents, std::slice::from_ref(&company.id));
    assert_eq!(bench.read(Kind::Contact, &row.id).await.parents, std::slice::from_ref(&company.id));
    let (rows, _, _) = bench.walk(Kind::Contact, Extent::Complete).await;
    let shown = rows.iter().find(|shown| shown.id == row.id).map(|shown| shown.parents.clone());
    assert_eq!(shown, Some(vec![company.id.clone()]));
    if bench.is_embedded() {
        let companies = bench.server().companies_of(bench.number(&row.id));
        assert_eq!(companies, [bench.number(&company.id)], "people see it there");
    }
    Ok(())
}

async fn moves(bench: &Bench) -> Verdict {
    let companies = [bench.company().await.id, bench.company().await.id, bench.company().await.id];
    let mut row = contact(bench, &companies[0]).await;
    for (step, fields) in [(1, Fields::new()), (2, another_phone(Kind::Contact))] {
        let target = Target::Update { id: row.id.clone(), version: row.version.clone() };
        let parent = ParentWrite { from: Some(companies[step - 1].clone()), to: companies[step].clone() };
        let write = Write { parent: Some(parent), ..bench.write_of(Kind::Contact, target, &fields) };
        row = stored(bench.send(Kind::Contact, write).await);
        assert_eq!(row.parents, [companies[step].clone()], "the reply of move {step}");
        let read = bench.read(Kind::Contact, &row.id).await;
        assert_eq!(read.parents, [companies[step].clone()], "move {step}, read again");
        bench.assert_says(Kind::Contact, &read, &fields);
        let left = bench.connector.children(&companies[step - 1..step]).await.unwrap();
        assert!(left.iter().all(|child| child.id != row.id), "it is still shown where it was");
        row = read;
    }
    Ok(())
}

async fn people_move(bench: &Bench) -> Verdict {
    let (first, second) = (bench.company().await.id, bench.company().await.id);
    let row = contact(bench, &first).await;
    let number = bench.number(&row.id);
    assert!(bench.server().move_contact(number, Some(bench.number(&second))));
    assert_eq!(bench.read(Kind::Contact, &row.id).await.parents, std::slice::from_ref(&second));
    if !bench.server().move_contact(number, None) {
        return Err("contacts without a company");
    }
    assert_eq!(bench.read(Kind::Contact, &row.id).await.parents, []);
    let children = bench.connector.children(&[first, second]).await.unwrap();
    assert!(children.iter().all(|child| child.id != row.id));
    let (rows, _, _) = bench.walk(Kind::Contact, Extent::Complete).await;
    assert!(rows.iter().any(|shown| shown.id == row.id && shown.parents.is_empty()), "it is walked all the same");
    Ok(())
}

async fn several(bench: &Bench) -> Verdict {
    let [first, second, third] = [bench.company().await.id, bench.company().await.id, bench.company().await.id];
    let row = contact(bench, &first).await;
    assert!(bench.server().join(bench.number(&row.id), bench.number(&second)), "people add a company there");
    let sorted = |mut ids: Vec<RemoteId>| {
        ids.sort();
        ids
    };
    let stands_at = async |companies: &[&RemoteId], when: &str| {
        let wanted = sorted(companies.iter().copied().cloned().collect());
        let read = bench.read(Kind::Contact, &row.id).await;
        assert_eq!(sorted(read.parents.clone()), wanted, "{when}, read by id");
        let (rows, _, _) = bench.walk(Kind::Contact, Extent::Complete).await;
        let shown: Vec<&Row> = rows.iter().filter(|shown| shown.id == row.id).collect();
        assert_eq!(shown.len(), 1, "{when}: one person is walked once");
        assert_eq!(sorted(shown[0].parents.clone()), wanted, "{when}, walked");
        for company in [&first, &second, &third] {
            let children = bench.connector.children(std::slice::from_ref(company)).await.unwrap();
            let is_there = children.iter().any(|child| child.id == row.id);
            assert_eq!(is_there, companies.contains(&company), "{when}, as a contact of {company}");
        }
        let records = bench.shape(Kind::Contact).records(&read, &Locale::default());
        assert_eq!(records.len(), companies.len(), "{when}: a record for each company");
        read
    };
    let read = stands_at(&[&first, &second], "after people added a company").await;
    let written = stored(bench.update(Kind::Contact, &read, &another_phone(Kind::Contact)).await);
    bench.assert_says(Kind::Contact, &written, &another_phone(Kind::Contact));
    let read = stands_at(&[&first, &second], "after a field was written").await;
    let target = Target::Update { id: read.id.clone(), version: read.version.clone() };
    let parent = ParentWrite { from: Some(first.clone()), to: third.clone() };
    let write = Write { parent: Some(parent), ..bench.write_of(Kind::Contact, target, &Fields::new()) };
    stored(bench.send(Kind::Contact, write).await);
    stands_at(&[&second, &third], "after it moved from the first company").await;
    Ok(())
}
