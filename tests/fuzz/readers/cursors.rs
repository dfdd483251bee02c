//! Stamps, cursors, references and marks: the input is one text, put where a system writes such a thing.

use flowtly_sync::connector::port::{Extent, Frontier};
use flowtly_sync::domain::record::Kind;
use serde_json::json;

use super::script::{Entry, Play, System, began, crm, flowtly};

pub fn cursors(input: &[u8]) {
    let (place, text) = input.split_first().map_or((b'a', input), |(place, text)| (*place, text));
    let text = String::from_utf8_lossy(text).into_owned();
    let number: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
    match place.wrapping_sub(b'a') % 8 {
        0 => {
            let object = json!({"id": "1", "createdAt": text, "updatedAt": text, "archived": false,
                "properties": {"hs_lastmodifieddate": text, "lastmodifieddate": text, "hs_merged_object_ids": text}});
            let body = json!({"results": [object], "paging": {"next": {"after": "1"}}});
            let bench = crm(&play(&text, &[body, json!({"results": []})]), System::HubSpot);
            bench.walk(Kind::Company, Extent::Complete);
            bench.walk(Kind::Contact, Extent::Since(began()));
        }
        1 => {
            let body = json!({"results": [{"id": text, "properties": {}}], "paging": {"next": {"after": text}}});
            let last = json!({"results": [{"id": number, "properties": {}}], "paging": {"next": {"after": number}}});
            let bench = crm(&play(&text, &[body, last]), System::HubSpot);
            bench.walk(Kind::Company, Extent::Complete);
            bench.walk(Kind::Company, Extent::Since(began()));
        }
        2 => {
            let hit = |id: &str| json!({"id": id, "properties": {"hs_lastmodifieddate": text, "hs_createdate": text}});
            let page = json!({"results": [hit("2"), hit("1")], "paging": {"next": {"after": "10"}}, "total": 2});
            let bench = crm(&play(&text, &[page, json!({"results": []})]), System::HubSpot);
            bench.walk(Kind::Company, Extent::Since(began()));
        }
        3 => {
            let bench = crm(&play(&text, &[json!({"results": []})]), System::HubSpot);
            drop(bench.appeared(Kind::Company, &Frontier(text)));
        }
        4 => {
            let view = json!({"next": text, "last": text, "previous": text, "first": text});
            let page = |id: u32| json!({"member": [{"@id": format!("/clients/{id}"), "id": id}], "view": view});
            let bench = flowtly(&play(&text, &[page(1), page(2), page(3)]), Entry::Token);
            bench.walk(Kind::Company, Extent::Complete);
        }
        5 => {
            let member = json!({"@id": text, "id": number, "createdAt": text, "updatedAt": text, "country": text,
                "currency": text, "client": text});
            let page = json!({"member": [member], "totalItems": number});
            let bench = flowtly(&play(&text, &[page]), Entry::Token);
            bench.walk(Kind::Company, Extent::Complete);
            bench.walk(Kind::Contact, Extent::Since(began()));
        }
        6 => {
            let bench = flowtly(&play(&text, &[json!({"member": []})]), Entry::Token);
            drop(bench.appeared(Kind::Company, &Frontier(text)));
        }
        _ => {
            // A list without links goes on by number, from wherever the mark says.
            let mark = json!({"last": text, "ascending": true, "floor": number, "tail": [1]});
            let page = |id: u32| json!([{"@id": format!("/clients/{id}"), "id": id}]);
            let bench = flowtly(&play(&text, &[page(7), page(8), json!([])]), Entry::Token);
            drop(bench.appeared(Kind::Company, &Frontier(mark.to_string())));
        }
    }
}

/// Replies that all tell `date`, where that can be a header.
fn play(date: &str, bodies: &[serde_json::Value]) -> Play {
    let date: String = date.chars().filter(|sign| !matches!(sign, '\n' | '|')).collect();
    let replies: Vec<String> = bodies.iter().map(|body| format!("200 | date: {date}\n{body}")).collect();
    Play::of(format!("a\n{}", replies.join("\n--\n")).as_bytes())
}
