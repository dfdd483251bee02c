//! Records that the token's user may not see, or not edit: they stop nobody else.

use super::*;
use crate::connector::error::Outcome;
use crate::connector::port::Extent;
use crate::domain::record::Standing;
use crate::sandbox::{CrmServer, Fault, Grant, When};

#[tokio::test]
async fn a_record_that_may_not_be_seen_rests_and_the_others_are_read() {
    // A few are read one by one, and many by a list.
    for count in [2, 12] {
        for deleted_is_gone in [false, true] {
            let firm = Firm::open(PipedriveOptions::default(), |settings| settings.deleted_is_gone = deleted_is_gone);
            let ids: Vec<u64> = (0..count).map(|_| firm.server.add_organization(&[("name", "A")])).collect();
            assert!(firm.server.grant(Kind::Company, ids[0], Grant::Nothing));
            let asked: Vec<RemoteId> = ids.iter().copied().map(id_of).collect();
            let answers = firm.connector.get(Kind::Company, &asked).await.unwrap();
            let Lookup::Found(closed) = &answers[0] else { panic!("{:?}", answers[0]) };
            assert_eq!((closed.standing, &closed.id), (Standing::Archived, &asked[0]));
            assert!(closed.texts.iter().all(|text| *text == Delivered::Unknown) && closed.texts.len() == 8);
            let is_shown = |lookup: &Lookup| matches!(lookup, Lookup::Found(row) if row.standing == Standing::Live);
            assert!(answers[1..].iter().all(is_shown));
            let mut walk = firm.connector.walk(Kind::Company, Extent::Complete).await.unwrap();
            let (pages, _) = all(walk.as_mut()).await;
            assert_eq!(numbers(&pages.concat()), ids[1..], "no list shows it");
            firm.server.grant(Kind::Company, ids[0], Grant::Full);
            assert_eq!(firm.one(Kind::Company, ids[0]).await.standing, Standing::Live);
        }
    }
}

#[tokio::test]
async fn a_record_that_may_not_be_edited_is_refused_alone() {
    let firm = Firm::plain();
    let [others, own] = ["others", "own"].map(|name| firm.server.add_organization(&[("name", name)]));
    for grant in [Grant::Read, Grant::Nothing] {
        firm.server.grant(Kind::Company, others, grant);
        // A part of an address is read before it is written.
        for path in ["name", "address.locality"] {
            let writes = [others, own].map(|id| update(id, &[(path, Some("New"))]));
            let answers = firm.connector.write(Kind::Company, &writes).await;
            let Written::Failed(error) = &answers[0] else { panic!("{answers:?}") };
            assert_eq!((error.kind, error.kind.outcome()), (ErrorKind::Invalid, Outcome::NotApplied), "{error}");
            assert!(matches!(answers[1], Written::Stored(_)), "{grant:?}: {path}");
        }
    }
}

#[tokio::test]
async fn what_is_refused_to_the_whole_account_is_no_matter_of_one_record() {
    let firm = Firm::plain();
    let id = firm.server.add_organization(&[("name", "A")]);
    firm.connector.properties(Kind::Company).await.unwrap();
    let refused = |status| Fault::Refusal { status, retry_after: None };
    firm.server.faults().next_times(2, refused(402));
    assert_eq!(firm.connector.get(Kind::Company, &[id_of(id)]).await.unwrap_err().kind, ErrorKind::Forbidden);
    assert_eq!(firm.refused(Kind::Company, update(id, &[("name", Some("B"))])).await.kind, ErrorKind::Forbidden);
    // Whoever may add no organization may add none at all.
    firm.server.faults().next(refused(403));
    assert_eq!(firm.refused(Kind::Company, create(&[("name", "B")])).await.kind, ErrorKind::Forbidden);
    firm.server.faults().when(When::always(), refused(403));
    let mut walk = firm.connector.walk(Kind::Company, Extent::Complete).await.unwrap();
    assert_eq!(walk.next().await.unwrap_err().kind, ErrorKind::Forbidden);
    firm.server.faults().clear();
    firm.server.faults().next(Fault::Gateway(403));
    assert_eq!(firm.refused(Kind::Company, update(id, &[("name", Some("B"))])).await.kind, ErrorKind::RateLimited);
}
