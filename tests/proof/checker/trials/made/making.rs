//! Evidence made by hand, a step at a time.

use bytes::Bytes;
use chrono::DateTime;
use flowtly_sync::sandbox::{LoggedRequest, Manner};
use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::super::super::evidence::{Evidence, Kind, Liberty, Rec, Record, Side};
use super::super::super::journal::{Deed, Lap, What};
use super::super::super::rules::Rules;
use super::super::super::state::{Intent, Link, Seen, Waiting, Written};

pub const CLIENT: &str = "1";
pub const COMPANY: &str = "5000000001";
pub const PERSON: &str = "1";
pub const CONTACT: &str = "1001";

pub fn client() -> Rec {
    Rec::new(Side::Flowtly, Kind::Company, CLIENT)
}

pub fn company() -> Rec {
    Rec::new(Side::Crm, Kind::Company, COMPANY)
}

pub fn person() -> Rec {
    Rec::new(Side::Flowtly, Kind::Contact, PERSON)
}

pub fn contact() -> Rec {
    Rec::new(Side::Crm, Kind::Contact, CONTACT)
}

/// A run in the making.
pub struct Making {
    pub evidence: Evidence,
}

impl Making {
    /// A client with a contact that people made, and their counterparts that we made: all linked, all equal.
    pub fn clean() -> Self {
        let mut making = Self { evidence: Evidence { rules: Rules::of(""), ..Evidence::default() } };
        making.person_makes(&client(), &[("name", "Alfa"), ("country", "PL"), ("vatNumber", "PL5210000109")]);
        making.person_makes(&person(), &[("name", "Jan Kowalski"), ("email", "jan@alfa.pl")]);
        making.joins(&person(), CLIENT);
        let id = format!("org/{CLIENT}");
        making.we_create(
            &company(),
            &[("name", "Alfa"), ("country", "Poland"), ("vat_number", "PL5210000109"), ("flowtly_id", &id)],
            None,
        );
        let values = [("firstname", "Jan"), ("lastname", "Kowalski"), ("email", "jan@alfa.pl")];
        making.we_create(&contact(), &values, Some(COMPANY));
        making.link(1, None, &client(), &company());
        making.link(2, Some(1), &person(), &contact());
        making.evidence.laps = vec![
            Lap { from: (0, 0), requests: 30, writes: 2, faults: 0, deeds: 4, records: 4 },
            Lap { from: (0, 0), requests: 10, writes: 0, faults: 0, deeds: 0, records: 4 },
        ];
        making
    }

    pub fn deed(&mut self, rec: &Rec, what: What) {
        let after = (self.evidence.flowtly_log.len() as u64, self.evidence.crm_log.len() as u64);
        self.evidence.deeds.push(Deed { at: DateTime::UNIX_EPOCH, rec: rec.clone(), what, after });
    }

    pub fn person_makes(&mut self, rec: &Rec, values: &[(&str, &str)]) {
        self.deed(rec, What::Made);
        self.evidence.records.insert(rec.clone(), Record::default());
        for (property, text) in values {
            self.person_types(rec, property, text);
        }
    }

    pub fn person_types(&mut self, rec: &Rec, property: &str, text: &str) {
        let old = self.evidence.records[rec].text(property).to_owned();
        self.deed(rec, What::Edited { property: property.to_owned(), old, new: text.to_owned() });
        self.shows(rec, property, text);
    }

    pub fn joins(&mut self, rec: &Rec, company: &str) {
        self.deed(rec, What::Joined { company: company.to_owned() });
        self.evidence.records.get_mut(rec).unwrap().parents.insert(company.to_owned());
    }

    pub fn leaves(&mut self, rec: &Rec, company: &str) {
        self.deed(rec, What::Left { company: company.to_owned() });
        self.evidence.records.get_mut(rec).unwrap().parents.remove(company);
    }

    /// What a record shows from now on, whoever did that.
    pub fn shows(&mut self, rec: &Rec, property: &str, text: &str) {
        let record = self.evidence.records.get_mut(rec).unwrap();
        record.texts.insert(property.to_owned(), text.to_owned());
    }

    pub fn removed(&mut self, rec: &Rec) {
        self.evidence.records.remove(rec);
    }

    /// A record that we create, and the request for it.
    pub fn we_create(&mut self, rec: &Rec, values: &[(&str, &str)], parent: Option<&str>) {
        self.request_create(rec, values, parent, 201);
        let texts = values.iter().map(|(property, text)| ((*property).to_owned(), (*text).to_owned())).collect();
        let parents = parent.into_iter().map(str::to_owned).collect();
        self.evidence.records.insert(rec.clone(), Record { texts, parents, ..Record::default() });
    }

    pub fn request_create(&mut self, rec: &Rec, values: &[(&str, &str)], parent: Option<&str>, status: u16) {
        let object = object(rec);
        match rec.side {
            Side::Flowtly => {
                let body = texts(values);
                self.request(rec.side, Method::POST, &format!("/{object}"), &body, status, &json!({"id": rec.id}));
            }
            Side::Crm => {
                let partners: Vec<Value> =
                    parent.into_iter().map(|id| json!({"to": {"id": id}, "types": []})).collect();
                let input = json!({"objectWriteTraceId": "0", "properties": texts(values), "associations": partners});
                let reply = json!({"results": [{"id": rec.id, "objectWriteTraceId": "0"}]});
                let path = format!("/crm/objects/2026-03/{object}/batch/create");
                self.request(rec.side, Method::POST, &path, &json!({"inputs": [input]}), status, &reply);
            }
        }
    }

    /// A change that we send after a look at the record; done changes show.
    pub fn we_update(&mut self, rec: &Rec, values: &[(&str, &str)], status: u16) {
        self.guard(rec);
        self.send_update(rec, values, status);
    }

    /// A look at one record.
    pub fn guard(&mut self, rec: &Rec) {
        let path = format!("/crm/objects/2026-03/{}/{}", object(rec), rec.id);
        self.request(rec.side, Method::GET, &path, &Value::Null, 200, &Value::Null);
    }

    pub fn send_update(&mut self, rec: &Rec, values: &[(&str, &str)], status: u16) {
        let object = object(rec);
        match rec.side {
            Side::Flowtly => {
                let path = format!("/{object}/{}", rec.id);
                self.request(rec.side, Method::PATCH, &path, &texts(values), status, &json!({"id": rec.id}));
            }
            Side::Crm => {
                let input = json!({"id": rec.id, "objectWriteTraceId": "0", "properties": texts(values)});
                let reply = json!({"results": [{"id": rec.id, "objectWriteTraceId": "0"}]});
                let path = format!("/crm/objects/2026-03/{object}/batch/update");
                self.request(rec.side, Method::POST, &path, &json!({"inputs": [input]}), status, &reply);
            }
        }
        if status < 300 {
            for (property, text) in values {
                self.shows(rec, property, text);
            }
        }
    }

    /// A change that we send after a look at the record; the system answers it as done, and keeps and shows what it had.
    pub fn we_update_in_vain(&mut self, rec: &Rec, values: &[(&str, &str)]) {
        let record = self.evidence.records[rec].clone();
        let kept: Vec<(&str, &str)> = values.iter().map(|(property, _)| (*property, record.text(property))).collect();
        self.we_update_kept_as(rec, values, &kept);
    }

    /// The same, of which the system keeps and shows something else.
    pub fn we_update_kept_as(&mut self, rec: &Rec, values: &[(&str, &str)], kept: &[(&str, &str)]) {
        self.guard(rec);
        let input = json!({"id": rec.id, "objectWriteTraceId": "0", "properties": texts(values)});
        let reply = json!({"results": [{"id": rec.id, "objectWriteTraceId": "0", "properties": texts(kept)}]});
        let path = format!("/crm/objects/2026-03/{}/batch/update", object(rec));
        self.request(rec.side, Method::POST, &path, &json!({"inputs": [input]}), 200, &reply);
        for (property, text) in kept {
            self.shows(rec, property, text);
        }
    }

    /// A pass begins, and reads the lists of a side.
    pub fn we_read(&mut self, side: Side) {
        self.pass_begins();
        self.we_list(side);
    }

    pub fn pass_begins(&mut self) {
        let from = (self.evidence.flowtly_log.len() as u64, self.evidence.crm_log.len() as u64);
        self.evidence.laps.push(Lap { from, ..Lap::default() });
    }

    pub fn we_list(&mut self, side: Side) {
        let lists = match side {
            Side::Flowtly => ["/clients", "/client-contacts"],
            Side::Crm => ["/crm/objects/2026-03/companies", "/crm/objects/2026-03/contacts"],
        };
        for list in lists {
            self.request(side, Method::GET, list, &Value::Null, 200, &Value::Null);
        }
    }

    /// A read with a query.
    pub fn request_query(&mut self, side: Side, path: &str, query: &str) {
        self.request(side, Method::GET, path, &Value::Null, 200, &Value::Null);
        let log = match side {
            Side::Flowtly => &mut self.evidence.flowtly_log,
            Side::Crm => &mut self.evidence.crm_log,
        };
        query.clone_into(&mut log.last_mut().unwrap().query);
    }

    pub fn request(&mut self, side: Side, method: Method, path: &str, body: &Value, status: u16, reply: &Value) {
        let bytes = |value: &Value| if value.is_null() { Bytes::new() } else { Bytes::from(value.to_string()) };
        let log = match side {
            Side::Flowtly => &mut self.evidence.flowtly_log,
            Side::Crm => &mut self.evidence.crm_log,
        };
        log.push(LoggedRequest {
            at: DateTime::UNIX_EPOCH,
            writes: method != Method::GET,
            method,
            path: path.to_owned(),
            query: String::new(),
            status: StatusCode::from_u16(status).unwrap(),
            body: bytes(body),
            reply: bytes(reply),
        });
    }

    pub fn link(&mut self, id: i64, parent: Option<i64>, ours: &Rec, theirs: &Rec) {
        let (flowtly, crm) = (ours.id.clone(), theirs.id.clone());
        let (state, assessment) = ("live".to_owned(), "differs".to_owned());
        self.evidence.state.links.push(Link { id, kind: ours.kind, parent, flowtly, crm, state, assessment });
        self.seen(ours, Some(id), None);
        self.seen(theirs, Some(id), None);
    }

    /// A row of a record; its number.
    pub fn seen(&mut self, rec: &Rec, link: Option<i64>, verdict: Option<&str>) -> i64 {
        let id = self.evidence.state.seen.last().map_or(1, |last| last.id + 1);
        let verdict = verdict.map(str::to_owned);
        let rec = rec.clone();
        self.evidence.state.seen.push(Seen {
            id,
            rec,
            parent: String::new(),
            link,
            gone: false,
            archived: false,
            verdict,
            fields: String::new(),
        });
        id
    }

    pub fn wrote(&mut self, side: Side, field: &str, old: &str, new: &str, reason: &str) {
        let (field, reason) = (field.to_owned(), reason.to_owned());
        let (old, new) = (json!({"whole": old}), json!({"whole": new}));
        self.evidence.state.history.push(Written { link: 1, side, field, old, new, reason });
    }

    pub fn conflict(&mut self, field: &str) {
        let waiting = Waiting { link: Some(1), seen: None, side: None, field: field.to_owned(), words: String::new() };
        self.evidence.state.conflicts.push(waiting);
    }

    pub fn failure(&mut self, link: Option<i64>, seen: Option<i64>, field: &str) {
        let side = Some(Side::Crm);
        self.evidence.state.failures.push(Waiting {
            link,
            seen,
            side,
            field: field.to_owned(),
            words: "no".to_owned(),
        });
    }

    pub fn open_intent(&mut self) {
        let (side, kind, body) = (Side::Crm, Kind::Company, Value::Null);
        let target = Some(COMPANY.to_owned());
        self.evidence.state.intents.push(Intent {
            side,
            kind,
            link: Some(1),
            source: None,
            target,
            closed: false,
            body,
        });
    }

    pub fn rules(&mut self, text: &str) {
        self.evidence.rules = Rules::of(text);
    }

    pub fn liberty(&mut self, property: &str, manner: Manner) {
        let property = Some(property.to_owned());
        self.evidence.liberties.push(Liberty { side: Side::Crm, kind: Kind::Company, property, manner });
    }
}

fn object(rec: &Rec) -> &'static str {
    match (rec.side, rec.kind) {
        (Side::Flowtly, Kind::Company) => "clients",
        (Side::Flowtly, Kind::Contact) => "client-contacts",
        (Side::Crm, Kind::Company) => "companies",
        (Side::Crm, Kind::Contact) => "contacts",
    }
}

fn texts(values: &[(&str, &str)]) -> Value {
    Value::Object(values.iter().map(|(property, text)| ((*property).to_owned(), json!(text))).collect())
}
