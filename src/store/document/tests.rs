//! Rows over their life, and a state of an earlier release.

use std::borrow::Cow;

use chrono::TimeDelta;
use sqlx::ConnectOptions as _;
use sqlx::migrate::Migrator;
use sqlx::sqlite::SqliteConnectOptions;

use super::*;
use crate::domain::documents::Does;
use crate::store::MIGRATIONS;

async fn migrated(up_to: i64) -> Connection {
    let mut connection = SqliteConnectOptions::new().in_memory(true).foreign_keys(true).connect().await.unwrap();
    let migrations = MIGRATIONS.iter().filter(|migration| migration.version <= up_to).cloned().collect();
    let some = Migrator { migrations: Cow::Owned(migrations), ..Migrator::DEFAULT };
    some.run(&mut connection).await.unwrap();
    connection
}

/// Four companies: live, paused, live with a half that is gone, live with a half that is archived; and a contact.
const PAIRS: &str = "INSERT INTO link (id, kind, parent, flowtly_id, crm_id, state, reason, pass) VALUES \
     (1, 'company', NULL, '6', '900', 'live', 'x', 1), (2, 'company', NULL, '7', '901', 'paused', 'x', 1), \
     (3, 'company', NULL, '8', '902', 'live', 'x', 1), (4, 'company', NULL, '9', '903', 'live', 'x', 1), \
     (5, 'contact', 1, '60', '9000', 'live', 'x', 1); \
     INSERT INTO seen (side, kind, remote_id, link, raw_hash, fingerprint, standing, gone, in_scope, fields) \
     SELECT side.value, link.kind, CASE side.value WHEN 'flowtly' THEN flowtly_id ELSE crm_id END, link.id, 1, 1, \
     CASE WHEN link.id = 4 AND side.value = 'crm' THEN 'archived' ELSE 'live' END, \
     link.id = 3 AND side.value = 'flowtly', 1, '{}' FROM link, json_each('[\"flowtly\",\"crm\"]') AS side";

async fn with_pairs() -> Connection {
    let mut connection = migrated(i64::MAX).await;
    sqlx::raw_sql(PAIRS).execute(&mut connection).await.unwrap();
    connection
}

fn at(hours: i64) -> DateTime<Utc> {
    "2026-11-23T08:00:00Z".parse::<DateTime<Utc>>().unwrap() + TimeDelta::hours(hours)
}

fn wanted(document: &str, title: &str) -> Known {
    Known {
        mark: format!("1/6/{document}"),
        document: document.to_owned(),
        title: title.to_owned(),
        link: None,
        company: RemoteId::new("900"),
        crm_id: None,
        told: None,
        state: State::Wanted,
        provable: None,
        gone: false,
        refused: None,
    }
}

async fn put_all(connection: &mut Connection, all: &[Known]) -> Vec<DocumentId> {
    let mut ids = Vec::new();
    for one in all {
        put(connection, LinkId(1), one).await.unwrap();
        ids.push(known(connection, LinkId(0), &[&one.mark]).await.unwrap()[0].id);
    }
    ids
}

async fn due_at(connection: &mut Connection, hours: i64, complete: bool, links: &[LinkId]) -> Vec<i64> {
    let which = Due { complete, links, now: at(hours) };
    due(connection, which, LinkId(0), 10).await.unwrap().into_iter().map(|company| company.link.0).collect()
}

/// A state of a release without documents goes on, and each of its companies is looked at once.
#[tokio::test]
async fn a_state_of_an_earlier_release_goes_on() {
    let mut connection = migrated(4).await;
    sqlx::raw_sql(PAIRS).execute(&mut connection).await.unwrap();
    MIGRATIONS.run(&mut connection).await.unwrap();
    assert_eq!(stand(&mut connection).await.unwrap(), Stand::default());
    assert_eq!(due_at(&mut connection, 0, false, &[]).await, [1], "the other ones rest");
    let left: i64 =
        sqlx::query("SELECT count(*) FROM link").fetch_one(&mut connection).await.unwrap().try_get(0).unwrap();
    assert_eq!(left, 5);
}

#[tokio::test]
async fn a_company_is_looked_at_when_it_changed_when_it_is_due_and_in_a_complete_pass() {
    let mut connection = with_pairs().await;
    let looked = Looked { incomplete: 1, lacks: "document 4 has no name".to_owned() };
    assert!(put_look(&mut connection, LinkId(1), at(0), &looked).await.unwrap());
    assert!(!put_look(&mut connection, LinkId(1), at(1), &looked).await.unwrap(), "told once");
    assert_eq!(due_at(&mut connection, 2, false, &[]).await, Vec::<i64>::new());
    assert_eq!(due_at(&mut connection, 2, false, &[LinkId(1), LinkId(2), LinkId(5)]).await, [1]);
    assert_eq!(due_at(&mut connection, 2, true, &[]).await, [1]);
    look_failed(&mut connection, LinkId(1), at(2), at(3)).await.unwrap();
    assert_eq!(due_at(&mut connection, 2, false, &[]).await, Vec::<i64>::new());
    assert_eq!(due_at(&mut connection, 3, false, &[]).await, [1]);
    assert_eq!(stand(&mut connection).await.unwrap().incomplete, 1);
    assert_eq!(incomplete(&mut connection, LinkId(1)).await.unwrap(), looked.lacks);
    assert_eq!(incomplete(&mut connection, LinkId(2)).await.unwrap(), "");
}

#[tokio::test]
async fn a_row_is_its_own_journal() {
    let mut connection = with_pairs().await;
    put_look(&mut connection, LinkId(1), at(0), &Looked { incomplete: 0, lacks: String::new() }).await.unwrap();
    let ids = put_all(&mut connection, &[wanted("3", "Offer"), wanted("4", "Plan"), wanted("5", "Bill")]).await;
    let planned_now = plan(&mut connection, 7, at(0)).await.unwrap();
    assert_eq!(planned_now, Planned { shows: 3, renames: 0 });
    sending(&mut connection, at(0), at(1), &ids).await.unwrap();
    assert_eq!(left(&mut connection, 7).await.unwrap(), 0);
    assert_eq!(done_since(&mut connection, at(0)).await.unwrap(), 3, "it may have been carried out");

    settled(&mut connection, ids[0], &RemoteId::new("70"), 11).await.unwrap();
    add(&mut connection, 7, at(0), ids[0], Does::Show, "Offer").await.unwrap();
    void(&mut connection, ids[1]).await.unwrap();
    assert_eq!(done_since(&mut connection, at(0)).await.unwrap(), 2);
    assert_eq!(done_since(&mut connection, at(1)).await.unwrap(), 0, "a day goes by");
    let rows = known(&mut connection, LinkId(1), &[]).await.unwrap();
    let states: Vec<State> = rows.iter().map(|row| row.known.state).collect();
    assert_eq!(states, [State::Shown, State::Wanted, State::Sending]);
    assert_eq!((rows[0].known.told, rows[0].known.crm_id.clone()), (Some(11), Some(RemoteId::new("70"))));
    assert_eq!(rows[2].known.provable, Some(at(1)));
    let stand_now = stand(&mut connection).await.unwrap();
    assert_eq!((stand_now.shown, stand_now.wanted, stand_now.unknown), (1, 1, 1));

    // What is certainly not sent is due at once, what is not known when it can be.
    refresh_due(&mut connection, &[LinkId(1)]).await.unwrap();
    assert_eq!(due_at(&mut connection, 0, false, &[]).await, [1]);
    settled(&mut connection, ids[1], &RemoteId::new("71"), 12).await.unwrap();
    refresh_due(&mut connection, &[LinkId(1)]).await.unwrap();
    assert_eq!(due_at(&mut connection, 0, false, &[]).await, Vec::<i64>::new());
    assert_eq!(due_at(&mut connection, 1, false, &[]).await, [1]);
}

#[tokio::test]
async fn a_refusal_waits_with_its_words_until_another_wording_is_wanted() {
    let mut connection = with_pairs().await;
    put_look(&mut connection, LinkId(1), at(0), &Looked { incomplete: 0, lacks: String::new() }).await.unwrap();
    let offer = wanted("3", "Offer");
    let id = put_all(&mut connection, std::slice::from_ref(&offer)).await[0];
    for (hours, attempts) in [(0, 1), (1, 2)] {
        let told = refused(&mut connection, id, offer.fingerprint(), "too long", at(hours)).await.unwrap();
        assert_eq!(told, (attempts, at(0)));
        set_next_try(&mut connection, id, at(hours + 1)).await.unwrap();
    }
    refresh_due(&mut connection, &[LinkId(1)]).await.unwrap();
    assert_eq!(due_at(&mut connection, 1, false, &[]).await, Vec::<i64>::new());
    assert_eq!(plan(&mut connection, 8, at(1)).await.unwrap(), Planned::default());
    assert_eq!(plan(&mut connection, 8, at(2)).await.unwrap().shows, 1);
    let listed = failures(&mut connection).await.unwrap();
    assert_eq!((listed[0].message.as_str(), listed[0].attempts, listed[0].since), ("too long", 2, at(0)));
    assert_eq!(stand(&mut connection).await.unwrap().refused, 1);
    put(&mut connection, LinkId(1), &wanted("3", "Short")).await.unwrap();
    assert_eq!(failures(&mut connection).await.unwrap(), vec![]);
    assert_eq!(refused(&mut connection, id, 5, "no", at(3)).await.unwrap(), (1, at(3)), "another wording");
}

#[tokio::test]
async fn only_live_pairs_are_planned_and_a_mark_outlives_its_link() {
    let mut connection = with_pairs().await;
    put_all(&mut connection, &[wanted("3", "Offer"), Known { gone: true, ..wanted("4", "Plan") }]).await;
    let paused = Known { mark: "1/7/1".into(), company: RemoteId::new("901"), ..wanted("1", "Paused") };
    put(&mut connection, LinkId(2), &paused).await.unwrap();
    assert_eq!(plan(&mut connection, 7, at(0)).await.unwrap(), Planned { shows: 1, renames: 0 });
    let rows = planned(&mut connection, 7, (LinkId(0), DocumentId(0)), 10).await.unwrap();
    assert_eq!(rows.len(), 1);
    assert_eq!(planned(&mut connection, 7, (rows[0].link, rows[0].id), 10).await.unwrap(), vec![]);
    put_off(&mut connection, &[rows[0].id]).await.unwrap();
    assert_eq!(left(&mut connection, 7).await.unwrap(), 0);
    plan(&mut connection, 8, at(0)).await.unwrap();
    put_off_all(&mut connection).await.unwrap();
    assert_eq!(left(&mut connection, 8).await.unwrap(), 0);

    // The pair is separated for good and made again: what was shown is found by its mark.
    put(&mut connection, LinkId(4), &wanted("3", "Offer")).await.unwrap();
    let rows = known(&mut connection, LinkId(4), &[]).await.unwrap();
    assert_eq!((rows.len(), rows[0].known.mark.as_str()), (1, "1/6/3"));
}

#[tokio::test]
async fn what_was_done_is_told_newest_first_with_the_title_before() {
    let mut connection = with_pairs().await;
    let id = put_all(&mut connection, &[wanted("3", "Offer")]).await[0];
    for (pass, did, title) in [(7, Does::Show, "Draft"), (8, Does::Rename, "Offer"), (9, Does::Adopt, "Offer")] {
        add(&mut connection, pass, at(pass), id, did, title).await.unwrap();
    }
    let told = last(&mut connection, Some(&[LinkId(1)]), 2).await.unwrap();
    let told: Vec<_> =
        told.iter().map(|deed| (deed.pass, deed.did.as_str(), deed.old.as_deref(), deed.new.as_str())).collect();
    assert_eq!(told, [(9, "adopt", Some("Offer"), "Offer"), (8, "rename", Some("Draft"), "Offer")]);
    assert_eq!(last(&mut connection, Some(&[LinkId(2)]), 9).await.unwrap(), vec![]);
    assert_eq!(last(&mut connection, None, 9).await.unwrap().len(), 3);
    assert_eq!(done_since(&mut connection, at(0)).await.unwrap(), 2, "an adoption sends nothing");
}
