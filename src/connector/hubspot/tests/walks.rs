//! Walks: the list, the search, and what appeared since.

use serde_json::{Value, json};

use super::super::HubSpotConnector;
use super::super::script::{COMPANY_PROPERTIES, CONTACT_PROPERTIES, Script, ids, ids_of, now, shape, text_of, time};
use crate::connector::error::{ErrorKind, PortError};
use crate::connector::port::{Evidence, Extent, Frontier, Source, Step, WalkEnd};
use crate::domain::record::{Kind, Standing};
use crate::domain::shape::Row;

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

fn hit(id: &str, modified: &str) -> Value {
    json!({"id": id, "properties": {"hs_lastmodifieddate": modified}})
}

fn more() -> Value {
    json!({"next": {"after": "2"}})
}

/// The body of a search for changed companies.
fn changed(filters: &Value, sort: &str, limit: usize, after: &str) -> Value {
    json!({
        "filterGroups": [{"filters": filters}],
        "sorts": [{"propertyName": sort, "direction": "ASCENDING"}],
        "properties": ["hs_lastmodifieddate"],
        "limit": limit,
        "after": after,
    })
}

fn from(millis: &str) -> Value {
    json!([{"propertyName": "hs_lastmodifieddate", "operator": "GTE", "value": millis}])
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
    let at = ["2026-11-23T10:00:00.000Z", "2026-11-23T10:00:01.000Z"];
    let millis = [time(at[0]).timestamp_millis().to_string(), time(at[1]).timestamp_millis().to_string()];
    let search = format!("{COMPANIES}/search");
    let batch = format!("{COMPANIES}/batch/read");
    let (hubspot, script) = Script::new()
        .post(&search, highest(), 200, &json!({"total": 4, "results": [{"id": "44", "properties": {}}]}))
        // A page of two; it ends at the second time, and the next one begins there instead of at an offset.
        .post(
            &search,
            changed(&from(&millis[0]), "hs_lastmodifieddate", 2, "0"),
            200,
            &json!({"total": 3, "results": [hit("11", at[0]), hit("12", at[1])], "paging": more()}),
        )
        .post(&batch, read(&["11", "12"]), 200, &json!({"results": [company("12", "new"), company("11", "x")]}))
        .post(
            &search,
            changed(&from(&millis[1]), "hs_lastmodifieddate", 2, "0"),
            200,
            &json!({"total": 2, "results": [hit("12", at[1]), hit("13", at[1])]}),
        )
        .post(
            &batch,
            read(&["13"]),
            207,
            &json!({"status": "COMPLETE", "results": [], "numErrors": 1, "errors": [
                {"status": "error", "category": "OBJECT_NOT_FOUND", "message": "gone", "context": {"ids": ["13"]}}]}),
        )
        .play_with(|settings| settings.search_page_size = 2);
    let (rows, end) = whole(&hubspot, Kind::Company, Extent::Since(time(at[0]))).await.unwrap();
    assert_eq!(ids_of(&rows), ["12", "11"]);
    assert_eq!(text_of(&rows[0], 0), "new", "what a read by id says, not the index");
    assert_eq!(end.frontier, Frontier("2026-11-23T12:00:00.000Z 44".into()));
    script.assert_finished();
}

#[tokio::test]
async fn more_records_of_one_time_than_a_page_holds_are_walked_by_id() {
    let at = "2026-11-23T10:00:00.000Z";
    let start = time(at).timestamp_millis();
    let tie = |last: &str| {
        json!([{"propertyName": "hs_lastmodifieddate", "operator": "GTE", "value": start.to_string()},
               {"propertyName": "hs_lastmodifieddate", "operator": "LTE", "value": start.to_string()},
               {"propertyName": "hs_object_id", "operator": "GT", "value": last}])
    };
    let search = format!("{COMPANIES}/search");
    let batch = format!("{COMPANIES}/batch/read");
    let (hubspot, script) = Script::new()
        .post(&search, highest(), 200, &json!({"results": []}))
        .post(
            &search,
            changed(&from(&start.to_string()), "hs_lastmodifieddate", 2, "0"),
            200,
            &json!({"results": [hit("30", at), hit("10", at)], "paging": more()}),
        )
        .post(&batch, read(&["30", "10"]), 200, &json!({"results": [company("30", ""), company("10", "")]}))
        .post(
            &search,
            changed(&tie("0"), "hs_object_id", 2, "0"),
            200,
            &json!({"results": [hit("10", at), hit("20", at)], "paging": more()}),
        )
        .post(&batch, read(&["20"]), 200, &json!({"results": [company("20", "")]}))
        .post(
            &search,
            changed(&tie("20"), "hs_object_id", 2, "0"),
            200,
            &json!({"results": [hit("30", at), hit("40", at)]}),
        )
        .post(&batch, read(&["40"]), 200, &json!({"results": [company("40", "")]}))
        // Then on with the next millisecond.
        .post(
            &search,
            changed(&from(&(start + 1).to_string()), "hs_lastmodifieddate", 2, "0"),
            200,
            &json!({"results": [hit("50", "2026-11-23T11:00:00Z")]}),
        )
        .post(&batch, read(&["50"]), 200, &json!({"results": [company("50", "")]}))
        .play_with(|settings| settings.search_page_size = 2);
    let (rows, _) = whole(&hubspot, Kind::Company, Extent::Since(time(at))).await.unwrap();
    assert_eq!(ids_of(&rows), ["30", "10", "20", "40", "50"]);
    script.assert_finished();
}

#[tokio::test]
async fn an_index_out_of_order_is_paged_by_offset_and_never_beyond_the_cap() {
    let start = time("2026-11-23T10:00:00Z").timestamp_millis().to_string();
    let search = format!("{COMPANIES}/search");
    let batch = format!("{COMPANIES}/batch/read");
    let unordered = |first: &str, second: &str| json!({"results": [hit(first, "2026-11-23T11:00:00Z"), hit(second, "2026-11-23T10:30:00Z")], "paging": more()});
    let (hubspot, script) = Script::new()
        .post(&search, highest(), 200, &json!({"results": []}))
        .post(&search, changed(&from(&start), "hs_lastmodifieddate", 2, "0"), 200, &unordered("1", "2"))
        .post(&batch, read(&["1", "2"]), 200, &json!({"results": [company("1", ""), company("2", "")]}))
        .post(&search, changed(&from(&start), "hs_lastmodifieddate", 2, "2"), 200, &unordered("3", "4"))
        .play_with(|settings| (settings.search_page_size, settings.search_cap) = (2, 4));
    let error = whole(&hubspot, Kind::Company, Extent::Since(time("2026-11-23T10:00:00Z"))).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Protocol);
    script.assert_finished();
}

#[tokio::test]
async fn what_appeared_is_listed_behind_the_highest_id_because_the_index_lags() {
    let since = (time("2026-11-23T12:00:00Z").timestamp_millis() - 60_000).to_string();
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
            json!({
                "filterGroups": [{"filters": [{"propertyName": "createdate", "operator": "GTE", "value": since}]}],
                "sorts": [{"propertyName": "createdate", "direction": "ASCENDING"}],
                "properties": ["createdate"],
                "limit": 200,
                "after": "0",
            }),
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
