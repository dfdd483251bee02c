//! What a person's word about pairs does to the state, and what is refused.

use std::collections::BTreeMap;

use crate::commands::testing::{Stage, company, contact, json_listing, linked, now, put, text_listing, told};
use crate::domain::field::Field;
use crate::domain::plan::{Asks, Conflict, LinkId, Question, Reason, RecordRef};
use crate::domain::record::{Kind, RemoteId, Side};
use crate::domain::shape::FieldKey;
use crate::domain::value::{Locale, Text};
use crate::store::base::{self, Bases, Entry};
use crate::store::history;
use crate::store::link::LinkState;
use crate::store::seen::{self, Seen};
use crate::store::todo::{self, Subject};
use crate::store::{Connection, waiting};

use super::*;

async fn added(stage: &Stage, kind: Kind, flowtly: &str, crm: &str) -> Result<String, String> {
    let mut out = Vec::new();
    let ids = (RemoteId::new(flowtly), RemoteId::new(crm));
    match add(&stage.settings, &stage.clock, kind, &ids.0, &ids.1, &mut out).await {
        Ok(code) => {
            assert_eq!(code, 0);
            Ok(told(out))
        }
        Err(error) => Err(error.to_string()),
    }
}

async fn removed(stage: &Stage, kind: Kind, flowtly: &str) -> Result<String, String> {
    let mut out = Vec::new();
    match remove(&stage.settings, &stage.clock, kind, &RemoteId::new(flowtly), &mut out).await {
        Ok(code) => {
            assert_eq!(code, 0);
            Ok(told(out))
        }
        Err(error) => Err(error.to_string()),
    }
}

/// A linked firm (17, 900) with a linked contact (33, 6001), and a firm of each side without a partner (18 and 901), each
/// with a contact (34, 6002).
async fn fill(stage: &Stage) {
    let (mut store, _lock) = stage.open().await;
    let connection = store.connection();
    let firm = linked(connection, None, company(Side::Flowtly, "17", "ACME"), company(Side::Crm, "900", "Acme")).await;
    let (ours, theirs) = (contact(Side::Flowtly, "33", "17", "a@b.pl"), contact(Side::Crm, "6001", "900", "a@b.pl"));
    linked(connection, Some(firm), ours, theirs).await;
    put(connection, company(Side::Flowtly, "18", "Beta")).await;
    put(connection, company(Side::Crm, "901", "Beta Sp. z o.o.")).await;
    put(connection, contact(Side::Flowtly, "34", "18", "c@d.pl")).await;
    put(connection, contact(Side::Crm, "6002", "901", "c@d.pl")).await;
    let entry = Entry { key: FieldKey(1), text: Some(Text::whole("agreed")) };
    let agreed = Side::BOTH.map(|side| (firm, side, Bases::from([(Field::Name, entry.clone())])));
    base::put(connection, &agreed).await.unwrap();
    store.close().await.unwrap();
}

async fn row(connection: &mut Connection, side: Side, kind: Kind, id: &str) -> Seen {
    let rows = seen::by_remote_id(connection, &Locale::default(), side, kind, &[id]).await.unwrap();
    rows.into_iter().next().unwrap()
}

async fn why(connection: &mut Connection, subject: Subject) -> Option<String> {
    todo::of(connection, subject).await.unwrap().map(|(why, due)| {
        assert_eq!(due, Some(now()));
        why
    })
}

async fn all(stage: &Stage) -> BTreeMap<(String, String), (LinkState, String, String)> {
    let (mut store, _lock) = stage.open().await;
    let page = link::page(store.connection(), LinkId(0), 100).await.unwrap();
    page.into_iter()
        .map(|link| {
            ((link.flowtly_id.to_string(), link.crm_id.to_string()), (link.state, link.reason, link.assessment))
        })
        .collect()
}

#[tokio::test]
async fn links_are_listed_as_a_table_and_as_an_array() {
    let stage = Stage::new();
    fill(&stage).await;
    let mut out = Vec::new();
    assert_eq!(links(&stage.settings, &mut text_listing(&mut out)).await.unwrap(), 0);
    assert_eq!(
        told(out),
        "\
LINK   KIND     STATE      FLOWTLY        CRM            STANDS   NAME, REASON
1      company  live       17             900            due      ACME (recognised by name)
2      contact  live       33             6001           due      Anna Nowak (recognised by name)
"
    );
    let mut out = Vec::new();
    links(&stage.settings, &mut json_listing(&mut out)).await.unwrap();
    let read: serde_json::Value = serde_json::from_str(&told(out)).unwrap();
    assert_eq!(read.as_array().unwrap().len(), 2);
    assert_eq!(read[1]["parent"], 1);
    assert_eq!(read[1]["crm"], "6001");
}

#[tokio::test]
async fn no_links_are_an_empty_list() {
    let stage = Stage::new();
    stage.open().await.0.close().await.unwrap();
    let mut out = Vec::new();
    links(&stage.settings, &mut text_listing(&mut out)).await.unwrap();
    assert_eq!(told(out), "No links yet.\n");
    let mut out = Vec::new();
    links(&stage.settings, &mut json_listing(&mut out)).await.unwrap();
    assert_eq!(told(out), "[]\n");
}

#[tokio::test]
async fn two_companies_are_linked_by_hand_and_looked_at_with_their_contacts() {
    let stage = Stage::new();
    fill(&stage).await;
    {
        let (mut store, _lock) = stage.open().await;
        let subject = RecordRef { side: Side::Crm, id: RemoteId::new("901"), parent: None };
        let question = Question { asks: Asks::SameThing, subject, candidates: vec![] };
        let asked = row(store.connection(), Side::Crm, Kind::Company, "901").await.id;
        waiting::put_question(store.connection(), asked, &question, "Beta", 1, now()).await.unwrap();
    }
    let text = added(&stage, Kind::Company, "18", "901").await.unwrap();
    assert_eq!(text, "linked: company Beta (Flowtly 18, CRM 901), link 3; the next pass looks at the pair\n");
    let (mut store, _lock) = stage.open().await;
    let connection = store.connection();
    let made = link::by_id(connection, &[LinkId(3)]).await.unwrap().remove(&LinkId(3)).unwrap();
    assert_eq!((made.state, made.reason.as_str(), made.parent), (LinkState::Live, "linked by hand", None));
    assert_eq!(row(connection, Side::Flowtly, Kind::Company, "18").await.link, Some(LinkId(3)));
    assert_eq!(row(connection, Side::Crm, Kind::Company, "901").await.link, Some(LinkId(3)));
    assert_eq!(why(connection, Subject::Link(LinkId(3))).await.as_deref(), Some("decided"));
    for (side, id) in [(Side::Flowtly, "34"), (Side::Crm, "6002")] {
        let contact = row(connection, side, Kind::Contact, id).await;
        assert_eq!(why(connection, Subject::Seen(contact.id)).await.as_deref(), Some("staged"));
    }
    assert!(waiting::questions(connection).await.unwrap().is_empty(), "the question is answered");
}

#[tokio::test]
async fn contacts_are_linked_where_their_companies_are() {
    let stage = Stage::new();
    fill(&stage).await;
    let error = added(&stage, Kind::Contact, "34", "6002").await.unwrap_err();
    assert_eq!(
        error,
        "the companies of these contacts are not linked with each other (in Flowtly 18, in the CRM 901); link them \
         first: `flowtly-sync links add company FLOWTLY_ID CRM_ID`"
    );
    added(&stage, Kind::Company, "18", "901").await.unwrap();
    added(&stage, Kind::Contact, "34", "6002").await.unwrap();
    let (mut store, _lock) = stage.open().await;
    let made = link::by_id(store.connection(), &[LinkId(4)]).await.unwrap().remove(&LinkId(4)).unwrap();
    assert_eq!(made.parent, Some(LinkId(3)));
    let bases = base::load(store.connection(), &[LinkId(4)]).await.unwrap();
    for side in Side::BOTH {
        let entry = &bases[&(LinkId(4), side)][&Field::Parent];
        assert_eq!(*entry, Entry { key: base::PARENT_KEY, text: Some(Text::whole("3")) });
    }
}

#[tokio::test]
async fn a_person_of_two_firms_is_linked_at_the_right_one() {
    let stage = Stage::new();
    fill(&stage).await;
    {
        let (mut store, _lock) = stage.open().await;
        put(store.connection(), contact(Side::Crm, "6002", "900", "c@d.pl")).await;
        put(store.connection(), contact(Side::Flowtly, "35", "17", "c@d.pl")).await;
    }
    added(&stage, Kind::Contact, "35", "6002").await.unwrap();
    let (mut store, _lock) = stage.open().await;
    let rows =
        seen::by_remote_id(store.connection(), &Locale::default(), Side::Crm, Kind::Contact, &["6002"]).await.unwrap();
    let linked: Vec<_> = rows.iter().filter(|row| row.link.is_some()).collect();
    assert_eq!(linked.len(), 1);
    assert_eq!(linked[0].record.parent, Some(RemoteId::new("900")));
}

#[tokio::test]
async fn what_cannot_be_linked_is_refused_with_the_mend_and_nothing_is_changed() {
    let stage = Stage::new();
    fill(&stage).await;
    {
        let (mut store, _lock) = stage.open().await;
        let gone = put(store.connection(), company(Side::Crm, "902", "Gone")).await;
        seen::mark_gone(store.connection(), &[gone]).await.unwrap();
    }
    let before = all(&stage).await;
    let told = [
        (
            added(&stage, Kind::Company, "99", "901").await,
            "company 99 of Flowtly was never read; check the id, or run `flowtly-sync reconcile --full` first",
        ),
        (
            added(&stage, Kind::Company, "18", "999").await,
            "company 999 of CRM was never read; check the id, or run `flowtly-sync reconcile --full` first",
        ),
        (added(&stage, Kind::Company, "17", "900").await, "these two are linked with each other already (link 1)"),
        (
            added(&stage, Kind::Company, "17", "901").await,
            "company 17 of Flowtly is linked with company 900 of CRM (link 1); separate them first: \
             `flowtly-sync links remove company 17`",
        ),
        (
            added(&stage, Kind::Company, "18", "900").await,
            "company 900 of CRM is linked with company 17 of Flowtly (link 1); separate them first: \
             `flowtly-sync links remove company 17`",
        ),
        (
            added(&stage, Kind::Company, "18", "902").await,
            "company 902 of CRM is gone there; link the record that took its place, or restore it and run a pass first",
        ),
        (
            removed(&stage, Kind::Company, "18").await,
            "company 18 of Flowtly has no link; `flowtly-sync links` lists those that there are",
        ),
    ];
    for (outcome, expected) in told {
        assert_eq!(outcome.unwrap_err(), expected);
    }
    assert_eq!(all(&stage).await, before);
}

#[tokio::test]
async fn a_separated_company_takes_its_contacts_with_it_and_nothing_waits_for_it() {
    let stage = Stage::new();
    fill(&stage).await;
    {
        let (mut store, _lock) = stage.open().await;
        let connection = store.connection();
        let conflict = Conflict {
            field: Field::Name,
            flowtly: Text::whole("a"),
            crm: Text::whole("b"),
            flowtly_base: None,
            crm_base: None,
        };
        waiting::put_conflict(connection, LinkId(1), &conflict, &Reason::BothMoved, 1, now()).await.unwrap();
        waiting::put_failure(connection, Subject::Link(LinkId(1)), Side::Crm, "name", 1, "no", now()).await.unwrap();
        todo::arm(connection, Kind::Company, &[Subject::Link(LinkId(1))], todo::Why::Refused, None).await.unwrap();
    }
    let text = removed(&stage, Kind::Company, "17").await.unwrap();
    assert_eq!(
        text,
        "\
separated: company ACME (Flowtly 17, CRM 900), link 1; neither is matched or created again
separated with it: 1 of its contacts
To join them again: flowtly-sync links add company 17 900
"
    );
    let links = all(&stage).await;
    let of_pair = |flowtly: &str, crm: &str| links[&(flowtly.to_owned(), crm.to_owned())].clone();
    assert_eq!(of_pair("17", "900"), (LinkState::Tombstone, SEPARATED.to_owned(), "differs".to_owned()));
    assert_eq!(of_pair("33", "6001"), (LinkState::Tombstone, WITH_COMPANY.to_owned(), "differs".to_owned()));
    {
        let (mut store, _lock) = stage.open().await;
        assert_eq!(waiting::counts(store.connection(), false, now()).await.unwrap(), (0, 0, 0));
        assert_eq!(todo::of(store.connection(), Subject::Link(LinkId(1))).await.unwrap(), None);
    }
    assert_eq!(
        removed(&stage, Kind::Company, "17").await.unwrap_err(),
        "company 17 of Flowtly is separated already (link 1)"
    );
}

#[tokio::test]
async fn the_same_pair_goes_on_with_what_was_agreed() {
    let stage = Stage::new();
    fill(&stage).await;
    removed(&stage, Kind::Company, "17").await.unwrap();
    let text = added(&stage, Kind::Company, "17", "900").await.unwrap();
    assert_eq!(
        text,
        "\
linked: company ACME (Flowtly 17, CRM 900), link 1; the next pass looks at the pair
the pair was separated before: it goes on with what was agreed then
its contacts that were separated with it are linked again: 1
"
    );
    assert!(all(&stage).await.values().all(|(state, _, assessment)| *state == LinkState::Live && assessment == "due"));
    let (mut store, _lock) = stage.open().await;
    let bases = base::load(store.connection(), &[LinkId(1)]).await.unwrap();
    assert!(bases[&(LinkId(1), Side::Crm)].contains_key(&Field::Name));
    for link in [LinkId(1), LinkId(2)] {
        assert_eq!(why(store.connection(), Subject::Link(link)).await.as_deref(), Some("decided"));
    }
}

#[tokio::test]
async fn a_half_of_a_separated_pair_meets_another_partner_for_the_first_time() {
    let stage = Stage::new();
    fill(&stage).await;
    {
        let (mut store, _lock) = stage.open().await;
        let entry = history::Entry {
            link: LinkId(1),
            side: Side::Crm,
            field: Field::Name,
            old: Text::whole("a"),
            new: Text::whole("b"),
            reason: Reason::OneWay,
        };
        history::add(store.connection(), 1, now(), &[entry]).await.unwrap();
    }
    removed(&stage, Kind::Company, "17").await.unwrap();
    let text = added(&stage, Kind::Company, "17", "901").await.unwrap();
    assert!(text.contains("company 900 of CRM has no link any more: the next pass looks for its partner"), "{text}");
    let links = all(&stage).await;
    assert_eq!(links.keys().collect::<Vec<_>>(), [&("17".to_owned(), "901".to_owned())]);
    let (mut store, _lock) = stage.open().await;
    let connection = store.connection();
    let made = link::by_remote_id(connection, Kind::Company, Side::Flowtly, &["17"]).await.unwrap()[0].clone();
    assert!(
        base::load(connection, &[made.id]).await.unwrap().is_empty(),
        "what was agreed with the other firm is over"
    );
    assert!(history::of_link(connection, made.id, None, 10).await.unwrap().is_empty());
    assert_eq!(history::of_link(connection, LinkId(-1), None, 10).await.unwrap().len(), 1, "history is kept");
    let left = row(connection, Side::Crm, Kind::Company, "900").await;
    assert_eq!((left.link, left.verdict.as_deref()), (None, None));
    assert_eq!(why(connection, Subject::Seen(left.id)).await.as_deref(), Some("staged"));
    for (side, id) in [(Side::Flowtly, "33"), (Side::Crm, "6001")] {
        let contact = row(connection, side, Kind::Contact, id).await;
        assert_eq!(contact.link, None);
        assert_eq!(why(connection, Subject::Seen(contact.id)).await.as_deref(), Some("staged"));
    }
}

#[tokio::test]
async fn halves_of_two_separated_pairs_can_be_joined() {
    let stage = Stage::new();
    fill(&stage).await;
    added(&stage, Kind::Company, "18", "901").await.unwrap();
    removed(&stage, Kind::Company, "17").await.unwrap();
    removed(&stage, Kind::Company, "18").await.unwrap();
    added(&stage, Kind::Company, "17", "901").await.unwrap();
    added(&stage, Kind::Company, "18", "900").await.unwrap();
    let links = all(&stage).await;
    let pairs: Vec<_> = links.keys().map(|(flowtly, crm)| (flowtly.as_str(), crm.as_str())).collect();
    assert_eq!(pairs, [("17", "901"), ("18", "900")]);
}

#[tokio::test]
async fn while_another_process_holds_the_state_nothing_is_linked() {
    let stage = Stage::new();
    fill(&stage).await;
    let _held = stage.lock();
    assert!(added(&stage, Kind::Company, "18", "901").await.unwrap_err().contains("is in use by process"));
    assert!(removed(&stage, Kind::Company, "17").await.unwrap_err().contains("is in use by process"));
}
