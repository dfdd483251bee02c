//! Walks: the list, the search, and what appeared since.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::super::script::{COMPANY_PROPERTIES, CONTACT_PROPERTIES, Script, ids, ids_of, now, shape, text_of, time};
use super::super::{HubSpotConnector, HubSpotSettings};
use crate::clock::ManualClock;
use crate::connector::budget::Budget;
use crate::connector::error::{ErrorKind, PortError};
use crate::connector::http::HttpSettings;
use crate::connector::port::{Evidence, Extent, Frontier, Source, Step, WalkEnd};
use crate::connector::registry::Parts;
use crate::domain::record::{Kind, Standing};
use crate::domain::shape::Row;
use crate::sandbox::{HubSpotOptions, HubSpotServer, ObjectType, RouterTransport};

const COMPANIES: &str = "/crm/objects/2026-03/companies";
const CONTACTS: &str = "/crm/objects/2026-03/contacts";

/// Walks to the end.
async fn whole(hubspot: &HubSpotConnector, kind: Kind, extent: Extent) -> Result<(Vec<Row>, WalkEnd), PortError> {
    let mut walk = hubspot.walk(kind, extent).await?;
    let mut rows = Vec::new();
    loop {
        match walk.next().await? {
            Step::Page(page) => rows.extend(page),
            Step::End(end) => return Ok((rows, end)),
        }
    }
}

fn company(id: &str, name: &str) -> Value {
    json!({"id": id, "properties": {"name": name}, "createdAt": "2026-01-01T00:00:00Z", "archived": false})
}

/// A page of a search.
fn found(total: u64, ids: &[&str], more: bool) -> Value {
    let hits: Vec<Value> = ids.iter().map(|id| json!({"id": id, "properties": {}})).collect();
    let mut page = json!({"total": total, "results": hits});
    if more {
        page["paging"] = json!({"next": {"after": "2"}});
    }
    page
}

/// The body of a search for changed companies behind an id.
fn changed(since: DateTime<Utc>, behind: &str, limit: usize) -> Value {
    searched("hs_lastmodifieddate", since, behind, limit)
}

fn searched(property: &str, since: DateTime<Utc>, behind: &str, limit: usize) -> Value {
    json!({
        "filterGroups": [{"filters": [
            {"propertyName": property, "operator": "GTE", "value": since.timestamp_millis().to_string()},
            {"propertyName": "hs_object_id", "operator": "GT", "value": behind},
        ]}],
        "sorts": [{"propertyName": "hs_object_id", "direction": "ASCENDING"}],
        "properties": ["hs_object_id"],
        "limit": limit,
        "after": "0",
    })
}

fn highest() -> Value {
    json!({
        "filterGroups": [],
        "sorts": [{"propertyName": "hs_object_id", "direction": "DESCENDING"}],
        "properties": ["hs_object_id"],
        "limit": 1,
        "after": "0",
    })
}

fn read(ids: &[&str]) -> Value {
    let inputs: Vec<Value> = ids.iter().map(|id| json!({"id": id})).collect();
    let properties: Vec<&str> = COMPANY_PROPERTIES.split(',').collect();
    json!({"properties": properties, "propertiesWithHistory": [], "inputs": inputs})
}

#[tokio::test]
async fn a_complete_walk_shows_live_records_and_then_archived_ones() {
    let list = format!("{COMPANIES}?limit=100");
    let (hubspot, script) = Script::new()
        .get(
            &format!("{list}&properties={COMPANY_PROPERTIES}"),
            200,
            &json!({"results": [company("1", "A")], "paging": {"next": {"after": "2"}}}),
        )
        .get(&format!("{list}&after=2&properties={COMPANY_PROPERTIES}"), 200, &json!({"results": [company("2", "B")]}))
        .get(
            &format!("{list}&archived=true&properties={COMPANY_PROPERTIES}"),
            200,
            &json!({"results": [{"id": "3", "properties": {"name": "C"}, "archived": true}]}),
        )
        .play();
    let (rows, end) = whole(&hubspot, Kind::Company, Extent::Complete).await.unwrap();
    assert_eq!(ids_of(&rows), ["1", "2", "3"]);
    assert_eq!(
        rows.iter().map(|row| row.standing).collect::<Vec<_>>(),
        [Standing::Live, Standing::Live, Standing::Archived]
    );
    assert_eq!(end.evidence, Evidence::Key);
    assert_eq!(end.started, now(), "the script tells no time, so it is ours");
    assert_eq!(end.frontier, Frontier("2026-11-23T12:00:00.000Z 2".into()));
    script.assert_finished();
}

#[tokio::test]
async fn an_empty_account_has_an_end_and_no_pages() {
    let (hubspot, script) = Script::new()
        .get(&format!("{COMPANIES}?limit=100&properties={COMPANY_PROPERTIES}"), 200, &json!({"results": []}))
        .get(
            &format!("{COMPANIES}?limit=100&archived=true&properties={COMPANY_PROPERTIES}"),
            200,
            &json!({"results": []}),
        )
        .play();
    let (rows, _) = whole(&hubspot, Kind::Company, Extent::Complete).await.unwrap();
    assert!(rows.is_empty());
    script.assert_finished();
}

#[tokio::test]
async fn a_cursor_that_repeats_is_a_protocol_error() {
    let page = json!({"results": [company("1", "A")], "paging": {"next": {"after": "2"}}});
    let (hubspot, _) = Script::new()
        .get(&format!("{COMPANIES}?limit=100&properties={COMPANY_PROPERTIES}"), 200, &page)
        .get(&format!("{COMPANIES}?limit=100&after=2&properties={COMPANY_PROPERTIES}"), 200, &page)
        .play();
    let error = whole(&hubspot, Kind::Company, Extent::Complete).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Protocol);
}

#[tokio::test]
async fn a_list_that_is_not_there_is_a_wrong_setting_and_never_an_absence() {
    let (hubspot, _) = Script::new()
        .get(
            &format!("{COMPANIES}?limit=100&properties={COMPANY_PROPERTIES}"),
            404,
            &json!({"status": "error", "message": "resource not found"}),
        )
        .play();
    let error = whole(&hubspot, Kind::Company, Extent::Complete).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Setting);
}

#[tokio::test]
async fn contacts_come_with_their_companies_also_where_the_list_of_them_is_cut() {
    let contact = |id: &str, companies: Value, paging: Value| {
        json!({"id": id, "properties": {"email": "a@b.example"},
               "associations": {"companies": {"results": companies, "paging": paging}}})
    };
    let (hubspot, script) = Script::new()
        .get(
            &format!("{CONTACTS}?limit=100&properties={CONTACT_PROPERTIES}&associations=companies"),
            200,
            &json!({"results": [
                contact("5", json!([{"id": "70", "type": "contact_to_company"}]), json!({"next": {"after": "71"}})),
                contact("6", json!([{"id": "80", "type": "contact_to_company"}]), Value::Null),
                {"id": "7", "properties": {}},
            ]}),
        )
        .post(
            "/crm/associations/2026-03/contacts/companies/batch/read",
            json!({"inputs": [{"id": "5"}]}),
            200,
            &json!({"results": [{"from": {"id": "5"}, "to": [
                {"toObjectId": 71, "associationTypes": [{"category": "HUBSPOT_DEFINED", "typeId": 279, "label": null}]},
            ], "paging": {"next": {"after": "x"}}}]}),
        )
        .post(
            "/crm/associations/2026-03/contacts/companies/batch/read",
            json!({"inputs": [{"id": "5", "after": "x"}]}),
            200,
            &json!({"results": [{"from": {"id": "5"}, "to": [
                {"toObjectId": 70, "associationTypes": [{"category": "HUBSPOT_DEFINED", "typeId": 1, "label": "Primary"}]},
            ]}]}),
        )
        .get(
            &format!("{CONTACTS}?limit=100&archived=true&properties={CONTACT_PROPERTIES}&associations=companies"),
            200,
            &json!({"results": []}),
        )
        .play();
    let (rows, _) = whole(&hubspot, Kind::Contact, Extent::Complete).await.unwrap();
    let parents = |wanted: &str| rows.iter().find(|row| row.id.as_str() == wanted).unwrap().parents.clone();
    assert_eq!(parents("5"), ids(["70", "71"]), "the primary one first");
    assert_eq!(parents("6"), ids(["80"]));
    assert_eq!(parents("7"), ids([]));
    script.assert_finished();
}

#[tokio::test]
async fn what_changed_is_searched_by_key_and_read_by_id() {
    let since = time("2026-11-23T10:00:00Z");
    let search = format!("{COMPANIES}/search");
    let batch = format!("{COMPANIES}/batch/read");
    let (hubspot, script) = Script::new()
        .post(&search, highest(), 200, &json!({"total": 4, "results": [{"id": "44", "properties": {}}]}))
        // A page of two; the next one begins behind its highest id instead of at an offset.
        .post(&search, changed(since, "0", 2), 200, &found(3, &["11", "12"], true))
        .post(&batch, read(&["11", "12"]), 200, &json!({"results": [company("12", "new"), company("11", "x")]}))
        .post(&search, changed(since, "12", 2), 200, &found(1, &["13"], false))
        .post(
            &batch,
            read(&["13"]),
            207,
            &json!({"status": "COMPLETE", "results": [], "numErrors": 1, "errors": [
                {"status": "error", "category": "OBJECT_NOT_FOUND", "message": "gone", "context": {"ids": ["13"]}}]}),
        )
        .play_with(|settings| settings.search_page_size = 2);
    let (rows, end) = whole(&hubspot, Kind::Company, Extent::Since(since)).await.unwrap();
    assert_eq!(ids_of(&rows), ["12", "11"]);
    assert_eq!(text_of(&rows[0], 0), "new", "what a read by id says, not the index");
    assert_eq!(end.frontier, Frontier("2026-11-23T12:00:00.000Z 44".into()));
    assert_eq!(end.evidence, Evidence::Key);
    script.assert_finished();
}

#[tokio::test]
async fn a_search_that_shows_less_than_it_told_of_is_repeated_and_then_not_whole() {
    let since = time("2026-11-23T10:00:00Z");
    let search = format!("{COMPANIES}/search");
    let batch = format!("{COMPANIES}/batch/read");
    let begun = || {
        Script::new()
            .post(&search, highest(), 200, &json!({"results": []}))
            .post(&search, changed(since, "0", 2), 200, &found(4, &["1", "2"], true))
            .post(&batch, read(&["1", "2"]), 200, &json!({"results": [company("1", ""), company("2", "")]}))
            .post(&search, changed(since, "2", 2), 200, &found(1, &["3"], false))
            .post(&batch, read(&["3"]), 200, &json!({"results": [company("3", "")]}))
    };
    let (hubspot, script) = begun()
        .post(&search, changed(since, "0", 2), 200, &found(4, &["1", "2"], true))
        .post(&search, changed(since, "2", 2), 200, &found(1, &["4"], false))
        .post(&batch, read(&["4"]), 200, &json!({"results": [company("4", "")]}))
        .play_with(|settings| settings.search_page_size = 2);
    let (rows, end) = whole(&hubspot, Kind::Company, Extent::Since(since)).await.unwrap();
    assert_eq!(ids_of(&rows), ["1", "2", "3", "4"], "each is read once");
    assert_eq!(end.evidence, Evidence::Numbered { first_total: Some(4), last_total: Some(4), distinct: 3 });
    script.assert_finished();
    // One was archived meanwhile: the repeated search tells of as many as it shows.
    let (hubspot, script) = begun()
        .post(&search, changed(since, "0", 2), 200, &found(3, &["1", "2"], true))
        .post(&search, changed(since, "2", 2), 200, &found(1, &["3"], false))
        .play_with(|settings| settings.search_page_size = 2);
    let (_, end) = whole(&hubspot, Kind::Company, Extent::Since(since)).await.unwrap();
    assert_eq!(end.evidence, Evidence::Key);
    script.assert_finished();
}

#[tokio::test]
async fn a_search_that_does_not_get_on_ends() {
    let since = time("2026-11-23T10:00:00Z");
    let search = format!("{COMPANIES}/search");
    let batch = format!("{COMPANIES}/batch/read");
    let (hubspot, script) = Script::new()
        .post(&search, highest(), 200, &json!({"results": []}))
        .post(&search, changed(since, "0", 2), 200, &found(9, &["1", "2"], true))
        .post(&batch, read(&["1", "2"]), 200, &json!({"results": [company("1", ""), company("2", "")]}))
        .post(&search, changed(since, "2", 2), 200, &found(9, &["1", "2"], true))
        .play_with(|settings| settings.search_page_size = 2);
    let error = whole(&hubspot, Kind::Company, Extent::Since(since)).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Protocol);
    script.assert_finished();
}

#[tokio::test]
async fn no_record_is_missed_where_the_index_does_not_keep_the_order_of_time() {
    let clock = Arc::new(ManualClock::new(now()));
    let options = HubSpotOptions { search_disorder: Duration::from_mins(55), ..HubSpotOptions::default() };
    let server = HubSpotServer::new(options, clock.clone());
    server.add_property(ObjectType::Company, "vat");
    let mut made = Vec::new();
    for n in 0..20 {
        made.push(server.add_company(&[("name", &format!("Firma {n}"))]).to_string());
        clock.advance(Duration::from_mins(1));
    }
    let mut settings = HubSpotSettings::of_defaults();
    settings.token = server.options().token.clone().into();
    settings.search_page_size = 3;
    let parts = Parts {
        company: shape(Kind::Company),
        contact: shape(Kind::Contact),
        transport: Arc::new(RouterTransport::new(server.router(), server.faults())),
        clock: clock.clone(),
        http: HttpSettings::default(),
    };
    let hubspot = HubSpotConnector::new(settings, parts, Budget::default()).unwrap();
    let (rows, end) = whole(&hubspot, Kind::Company, Extent::Since(now())).await.unwrap();
    let mut read: Vec<&str> = ids_of(&rows);
    read.sort_unstable();
    assert_eq!((read, end.evidence), (made.iter().map(String::as_str).collect(), Evidence::Key));
}

#[tokio::test]
async fn what_appeared_is_listed_behind_the_highest_id_because_the_index_lags() {
    let since = time("2026-11-23T11:59:00Z");
    let made = |id: &str, created: &str| json!({"id": id, "properties": {"name": id}, "createdAt": created});
    let (hubspot, script) = Script::new()
        .get(
            &format!("{COMPANIES}?limit=100&after=44&properties={COMPANY_PROPERTIES}"),
            200,
            &json!({"results": [
                made("45", "2026-11-23T11:58:59Z"),
                made("46", "2026-11-23T11:59:59Z"),
                made("47", "2026-11-23T12:00:05Z"),
            ]}),
        )
        .post(
            &format!("{COMPANIES}/search"),
            searched("createdate", since, "0", 200),
            200,
            &json!({"results": [{"id": "45", "properties": {}}, {"id": "43", "properties": {}}]}),
        )
        .post(
            &format!("{COMPANIES}/batch/read"),
            read(&["43"]),
            200,
            &json!({"results": [made("43", "2026-11-23T12:00:01Z")]}),
        )
        .play();
    let frontier = Frontier("2026-11-23T12:00:00.000Z 44".into());
    let (rows, next) = hubspot.appeared(Kind::Company, &frontier).await.unwrap();
    assert_eq!(ids_of(&rows), ["45", "46", "47", "43"], "behind the highest id, whatever their stamps say");
    assert_eq!(next.0, "2026-11-23T12:00:00.000Z 47 searched", "what was listed is not listed again");
    script.assert_finished();
}

#[tokio::test]
async fn what_appeared_is_not_told_where_the_index_hides_some_of_it() {
    let (search, since) = (format!("{COMPANIES}/search"), time("2026-11-23T11:59:00Z"));
    let (hubspot, script) = Script::new()
        .post(&search, searched("createdate", since, "0", 200), 200, &found(2, &["43"], false))
        .post(&format!("{COMPANIES}/batch/read"), read(&["43"]), 200, &json!({"results": [company("43", "")]}))
        .post(&search, searched("createdate", since, "0", 200), 200, &found(2, &["43"], false))
        .play_with(|settings| settings.list_after_is_id = false);
    let frontier = Frontier("2026-11-23T12:00:00.000Z 44".into());
    let error = hubspot.appeared(Kind::Company, &frontier).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Protocol);
    script.assert_finished();
}

#[tokio::test]
async fn a_foreign_mark_is_refused() {
    let (hubspot, _) = Script::new().play();
    let error = hubspot.appeared(Kind::Company, &Frontier("page 7".into())).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Setting);
}

#[tokio::test]
async fn a_list_of_properties_that_no_url_holds_goes_into_bodies() {
    let mut shape = shape(Kind::Contact);
    shape.watched = (0..100).map(|number| format!("a_rather_long_property_{number}")).collect();
    let properties: Vec<String> = shape.paths().map(str::to_owned).collect();
    let mut properties: Vec<&str> = properties.iter().map(String::as_str).collect();
    properties.extend(["lastmodifieddate", "hs_merged_object_ids"]);
    let body = |id: &str| json!({"properties": properties, "propertiesWithHistory": [], "inputs": [{"id": id}]});
    let (hubspot, script) = Script::new()
        .get(
            &format!("{CONTACTS}?limit=100&associations=companies"),
            200,
            &json!({"results": [{"id": "5", "properties": {"email": "listed"},
                "associations": {"companies": {"results": [{"id": "70", "type": "contact_to_company"}]}}}]}),
        )
        .post(
            &format!("{CONTACTS}/batch/read"),
            body("5"),
            200,
            &json!({"results": [{"id": "5", "properties": {"email": "read"}}]}),
        )
        .get(
            &format!("{CONTACTS}?limit=100&archived=true&associations=companies"),
            200,
            &json!({"results": [{"id": "6", "properties": {}, "archived": true}]}),
        )
        .post(
            &format!("{CONTACTS}/batch/read?archived=true"),
            body("6"),
            200,
            &json!({"results": [{"id": "6", "properties": {"email": "old"}, "archived": true}]}),
        )
        .play_shaped(shape, |_| ());
    let (rows, _) = whole(&hubspot, Kind::Contact, Extent::Complete).await.unwrap();
    assert_eq!(rows.iter().map(|row| text_of(row, 2)).collect::<Vec<_>>(), ["read", "old"]);
    assert_eq!(rows[0].parents, ids(["70"]));
    assert_eq!(rows[1].standing, Standing::Archived);
    script.assert_finished();
}
