//! Walks, what appeared, and the accidents of stamps.

use crate::connector::port::Evidence;
use crate::domain::record::Standing;

use super::*;

#[tokio::test]
async fn a_complete_walk_shows_companies_and_people_each_in_their_own_archived_ones_too() {
    for version in VERSIONS {
        let firm = Firm::of_version(version);
        let companies: Vec<u64> = (0..7).map(|number| firm.company(&format!("Firm {number}"))).collect();
        let person = firm.person("Jan", Some(companies[0]));
        let outside = firm.person("Outside", None);
        firm.server.add_partner(&json!({"name": "Delivery", "type": "delivery", "parent_id": companies[0]}));
        firm.server.archive_partner(companies[3]);
        let mut walk = firm.odoo.walk(Kind::Company, Extent::Complete).await.unwrap();
        let (rows, end) = to_end(walk.as_mut()).await.unwrap();
        assert_eq!(ids(&rows), companies);
        assert_eq!(rows[3].standing, Standing::Archived);
        assert_eq!(end.evidence, Evidence::Key);
        let (rows, ..) = firm.walked(Kind::Contact, Extent::Complete).await;
        assert_eq!(ids(&rows), [person, outside], "addresses are no contacts");
        assert_eq!((rows[0].parents.as_slice(), rows[1].parents.len()), ([remote(companies[0])].as_slice(), 0));
    }
}

#[tokio::test]
async fn rows_that_vanish_while_paging_make_no_other_row_be_skipped() {
    let firm = Firm::new();
    let companies: Vec<u64> = (0..10).map(|number| firm.company(&format!("Firm {number}"))).collect();
    let mut walk = firm.odoo.walk(Kind::Company, Extent::Complete).await.unwrap();
    let mut met = Vec::new();
    while let Step::Page(rows) = walk.next().await.unwrap() {
        met.extend(ids(&rows));
        // One that was delivered goes: by offset the next page would begin one too late.
        firm.server.delete_partner(met[met.len() - 3]);
    }
    assert_eq!(met, companies);
}

#[tokio::test]
async fn what_changed_is_found_within_the_second_of_the_mark_and_across_pages_with_one_stamp() {
    for version in VERSIONS {
        let firm = Firm::of_version(version);
        firm.company("Old");
        firm.pass(3_600);
        let since = "2026-11-23T13:00:00.700Z".parse().unwrap();
        let companies: Vec<u64> = (0..8).map(|number| firm.company(&format!("Firm {number}"))).collect();
        let (rows, ..) = firm.walked(Kind::Company, Extent::Since(since)).await;
        assert_eq!(ids(&rows), companies, "version {version}");
    }
}

#[tokio::test]
async fn stamps_that_run_against_the_ids_hide_nothing() {
    let firm = Firm::new();
    let companies: Vec<u64> = (0..7).map(|number| firm.company(&format!("Firm {number}"))).collect();
    firm.pass(3_600);
    // Within one second, the highest id first: by (second, id) a page would begin behind what it has not shown.
    for id in companies.iter().rev() {
        firm.server.edit_partner(*id, &json!({"city": "Gent"}));
        firm.clock.advance(Duration::from_millis(10));
    }
    let (rows, ..) = firm.walked(Kind::Company, Extent::Since("2026-11-23T13:00:00Z".parse().unwrap())).await;
    assert_eq!(ids(&rows), companies);
}

#[tokio::test]
async fn archiving_is_a_change() {
    let firm = Firm::new();
    let id = firm.company("Firm");
    firm.pass(3_600);
    firm.server.archive_partner(id);
    let (rows, ..) = firm.walked(Kind::Company, Extent::Since("2026-11-23T13:00:00Z".parse().unwrap())).await;
    assert_eq!((ids(&rows), rows[0].standing), (vec![id], Standing::Archived));
}

#[tokio::test]
async fn a_late_commit_is_within_the_overlap() {
    let firm = Firm::new();
    firm.company("Early");
    firm.pass(60);
    let import = firm.server.begin();
    firm.pass(30);
    let quick = firm.company("Quick");
    let (rows, _, started) = firm.walked(Kind::Company, Extent::Complete).await;
    assert_eq!(rows.len(), 2);
    let late = firm.server.commit(import, &json!({"is_company": true, "name": "Imported"}));
    assert!(late < quick, "it has the lower id, and the older stamp");
    firm.pass(60);
    let since = started - chrono::Duration::from_std(firm.odoo.capabilities().overlap).unwrap();
    let (rows, ..) = firm.walked(Kind::Company, Extent::Since(since)).await;
    assert!(ids(&rows).contains(&late));
}

#[tokio::test]
async fn what_appeared_since_a_walk_is_shown_once_late_commits_too_and_our_own_never() {
    for version in VERSIONS {
        let firm = Firm::of_version(version);
        firm.company("Old");
        firm.pass(3_600);
        let import = firm.server.begin();
        firm.company("Known");
        for extent in [Extent::Complete, Extent::Since("2026-11-23T12:30:00Z".parse().unwrap())] {
            let (_, frontier, _) = firm.walked(Kind::Company, extent).await;
            let (rows, frontier) = firm.odoo.appeared(Kind::Company, &frontier).await.unwrap();
            assert!(rows.is_empty(), "{rows:?}");
            let colleague = firm.company("A colleague's");
            firm.person("Nobody asked for", None);
            let ours = firm.write(Kind::Company, create(&[("name", "Ours")])).await.unwrap();
            let (rows, frontier) = firm.odoo.appeared(Kind::Company, &frontier).await.unwrap();
            assert_eq!(ids(&rows), [colleague], "and not {}", ours.id);
            let (rows, _) = firm.odoo.appeared(Kind::Company, &frontier).await.unwrap();
            assert!(rows.is_empty());
        }
        let (_, frontier, _) = firm.walked(Kind::Company, Extent::Complete).await;
        let late = firm.server.commit(import, &json!({"is_company": true, "name": "Imported"}));
        let (rows, _) = firm.odoo.appeared(Kind::Company, &frontier).await.unwrap();
        assert_eq!(ids(&rows), [late]);
    }
}

#[tokio::test]
async fn a_company_that_is_deleted_leaves_its_people_and_one_that_is_archived_keeps_them() {
    let firm = Firm::new();
    let (deleted, archived) = (firm.company("Deleted"), firm.company("Archived"));
    let (orphan, kept) = (firm.person("Orphan", Some(deleted)), firm.person("Kept", Some(archived)));
    firm.pass(3_600);
    firm.server.delete_partner(deleted);
    firm.server.archive_partner(archived);
    let (rows, ..) = firm.walked(Kind::Contact, Extent::Since("2026-11-23T13:00:00Z".parse().unwrap())).await;
    assert_eq!((ids(&rows), rows[0].parents.len()), (vec![orphan], 0), "it moved, and belongs to nobody");
    let row = found(firm.get(Kind::Contact, kept).await);
    assert_eq!((row.standing, row.parents), (Standing::Live, vec![remote(archived)]));
    assert_eq!(firm.get(Kind::Company, deleted).await, Lookup::Gone);
}

#[tokio::test]
async fn what_a_company_does_to_its_people_moves_stamps_and_no_mapped_text() {
    let firm = Firm::new();
    let company = firm.company("Firm");
    let person = firm.person("Jan", Some(company));
    let before = found(firm.get(Kind::Contact, person).await);
    firm.pass(60);
    firm.write(Kind::Company, update(company, &[("city", "Gent"), ("phone", "+32 9 000 00 00")])).await.unwrap();
    let after = found(firm.get(Kind::Contact, person).await);
    assert_ne!(before.version, after.version);
    assert_eq!((before.texts, before.parents), (after.texts, after.parents));
    assert_eq!(firm.server.partner_text(person, "city").as_deref(), Some("Gent"));
}

#[tokio::test]
async fn an_empty_odoo_is_walked_to_its_end() {
    let firm = Firm::new();
    for extent in [Extent::Complete, Extent::Since("2026-11-23T00:00:00Z".parse().unwrap())] {
        let (rows, frontier, _) = firm.walked(Kind::Contact, extent).await;
        assert!(rows.is_empty());
        let id = firm.person("First", None);
        let (rows, _) = firm.odoo.appeared(Kind::Contact, &frontier).await.unwrap();
        assert_eq!(ids(&rows), [id]);
        firm.server.delete_partner(id);
    }
}
