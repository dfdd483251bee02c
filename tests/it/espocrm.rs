//! The main job, with EspoCRM at the other end.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use flowtly_sync::clock::{Clock, ManualClock};
use flowtly_sync::commands::questions as question_commands;
use flowtly_sync::config::{self, Environment, Settings};
use flowtly_sync::connector::registry::{Transports, connect};
use flowtly_sync::daemon::control::protocol::Answer;
use flowtly_sync::domain::plan::Asks;
use flowtly_sync::domain::record::{Kind, Side};
use flowtly_sync::domain::safety::RefusalName;
use flowtly_sync::sandbox::{
    CrmServer, EspoOptions, EspoServer, Fault, FlowtlyOptions, FlowtlyServer, RouterTransport, When,
};
use flowtly_sync::store::lock::WriterLock;
use flowtly_sync::store::{Store, waiting};
use flowtly_sync::sync::World;
use flowtly_sync::sync::apply::Sinks;
use flowtly_sync::sync::pass::{self, Ending, Report, Request};
use http::Method;
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::firm::{ruling, vat};
use crate::meddle::{Meddler, Meddling, Moment};

/// A firm whose CRM is an EspoCRM.
struct Firm {
    flowtly: FlowtlyServer,
    espo: EspoServer,
    clock: Arc<ManualClock>,
    meddling: Meddling,
    directory: tempfile::TempDir,
}

const CONFIGURATION: &str = r#"
[locale]
region = "PL"
[flowtly]
base_url = "http://127.0.0.1:1"
username = "sync@example.com"
password_file = "flowtly-password"
[flowtly.defaults]
company = { status = "active", tax_identity = { tin_type = "vat" }, country = "PL", currency = "PLN", documents_language = "pl" }
contact = { type = "main" }
[espocrm]
base_url = "http://127.0.0.1:2"
api_key_file = "espocrm-key"
[limits]
creates = { count = 1000, share = 1.0 }
updates = { count = 1000, share = 1.0 }
blanked = { count = 1000, share = 1.0 }
links = { count = 1000, share = 1.0 }
conflicts = { count = 1000, share = 1.0 }
pauses = { count = 1000, share = 1.0 }
shrink = { count = 1000, share = 1.0 }
"#;

impl Firm {
    fn new() -> Self {
        let clock = Arc::new(ManualClock::new("2026-11-23T08:00:00Z".parse::<DateTime<Utc>>().unwrap()));
        let flowtly = FlowtlyServer::new(FlowtlyOptions::default(), clock.clone());
        let espo = EspoServer::new(EspoOptions::default(), clock.clone());
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("flowtly-password"), "sandbox").unwrap();
        std::fs::write(directory.path().join("espocrm-key"), espo.secret()).unwrap();
        Self { flowtly, espo, clock, meddling: Meddling::default(), directory }
    }

    async fn store(&self) -> Store {
        Store::open(&WriterLock::take(&self.directory.path().join("state.sqlite")).unwrap()).await.unwrap()
    }

    fn settings(&self) -> Settings {
        let state = self.directory.path().join("state.sqlite");
        let path = self.directory.path().join("flowtly-sync.toml");
        std::fs::write(&path, format!("{CONFIGURATION}\n[state]\npath = \"{}\"\n", state.display())).unwrap();
        let nothing: [(String, String); 0] = [];
        config::load(Some(&path), &nothing.into_iter().collect::<Environment>()).unwrap()
    }

    async fn pass(&self, request: Request) -> Report {
        let settings = self.settings();
        let transport = |router, faults, side| {
            Arc::new(Meddler::new(RouterTransport::new(router, faults), side, self.meddling.clone()))
        };
        let transports = Transports {
            flowtly: transport(self.flowtly.router(), self.flowtly.faults(), Side::Flowtly),
            crm: transport(self.espo.router(), self.espo.faults(), Side::Crm),
        };
        let clock: Arc<dyn Clock> = self.clock.clone();
        let systems = connect(&settings, transports, &clock).unwrap();
        let ruling = ruling(&settings);
        let world = World::of(&systems, self.clock.as_ref(), &ruling);
        let sinks = Sinks::from(&systems);
        let (store, report) = pass::run(world, sinks, self.store().await, request, &CancellationToken::new()).await;
        store.close().await.unwrap();
        self.clock.advance(Duration::from_secs(1));
        report.unwrap()
    }

    async fn reconcile(&self) -> Report {
        self.pass(Request { complete: true, allow: BTreeSet::from([RefusalName::FirstPass]) }).await
    }

    async fn beat(&self) -> Report {
        self.pass(Request::default()).await
    }

    fn writes(&self) -> u64 {
        self.flowtly.counts().writes + self.espo.counts().writes
    }

    /// A further complete pass sends nothing and leaves nothing unexplained.
    async fn assert_at_rest(&self) -> Report {
        let writes = self.writes();
        let report = self.reconcile().await;
        assert_eq!((report.written, &report.ending), (0, &Ending::Applied), "{report:?}");
        assert_eq!(self.writes(), writes, "the second pass wrote");
        assert_eq!(report.certificate.unexplained, 0, "{:?}", report.certificate);
        report
    }

    async fn assert_settled(&self) {
        let report = self.assert_at_rest().await;
        assert!(!report.totals.would_act(), "the second pass would act: {:?}", report.totals);
        assert_eq!(report.certificate.pending, 0, "{:?}", report.certificate);
    }

    /// A person says of everything that is asked that it is something else.
    async fn answer_separate(&self) -> usize {
        let questions = waiting::questions(self.store().await.connection()).await.unwrap();
        for question in &questions {
            let (settings, clock) = (self.settings(), self.clock.as_ref());
            question_commands::answer(&settings, clock, question.id, Answer::Separate, &mut Vec::new()).await.unwrap();
        }
        questions.len()
    }

    async fn asked(&self) -> Vec<Asks> {
        let questions = waiting::questions(self.store().await.connection()).await.unwrap();
        questions.into_iter().map(|waiting| waiting.question.asks).collect()
    }

    fn client(&self, name: &str, number: u32) -> u64 {
        self.flowtly.add_client(&json!({
            "name": name, "country": "/countries/PL", "currency": "/currencies/PLN", "status": "active",
            "tinType": "vat", "dueDays": 14, "documentsLanguage": "pl", "vatNumber": vat(number),
            "tin": vat(number).trim_start_matches("PL"), "tinCountry": "PL",
        }))
    }

    fn person(&self, client: u64, name: &str, email: &str) -> u64 {
        self.flowtly.add_contact(client, &json!({"name": name, "email": email, "type": "main"}))
    }

    fn account(&self, name: &str, number: u32) -> u64 {
        let number = vat(number);
        self.espo.add_account(&[("name", name), ("billingAddressCountry", "Poland"), ("cVatNumber", &number)])
    }
}

#[tokio::test]
async fn what_is_on_one_side_is_created_on_the_other_and_linked_where_it_is_on_both() {
    let firm = Firm::new();
    let client = firm.client("Alfa Sp. z o.o.", 1);
    firm.person(client, "Jan Kowalski", "jan@alfa.pl");
    let account = firm.account("Beta S.A.", 2);
    firm.espo
        .add_contact(&[("firstName", "Anna"), ("lastName", "Nowak"), ("emailAddress", "anna@beta.pl")], Some(account));
    let both = firm.account("Gamma", 3);
    let gamma = firm.client("Gamma", 3);
    let report = firm.reconcile().await;
    assert_eq!(report.ending, Ending::Applied, "{report:?}");
    assert_eq!((firm.espo.account_count(), firm.espo.contact_count()), (3, 2));
    assert_eq!((firm.flowtly.client_count(), firm.flowtly.contact_count()), (3, 2));
    firm.reconcile().await;
    let organisation = FlowtlyOptions::default().organization;
    assert_eq!(firm.espo.stored_id(both), Some(format!("{organisation}/{gamma}")), "our id is stored");
    firm.assert_settled().await;
}

#[tokio::test]
async fn edits_travel_both_ways_and_a_rewritten_number_does_not_come_back() {
    let firm = Firm::new();
    let (client, account) = (firm.client("Alfa", 1), firm.account("Alfa", 1));
    firm.reconcile().await;
    firm.reconcile().await;
    firm.clock.advance(Duration::from_mins(10));
    firm.flowtly.edit_client(client, "addressPhoneNumber", "+48 22 123 45 67");
    firm.espo.edit_account(account, "billingAddressCity", "Kraków");
    firm.beat().await;
    assert_eq!(firm.espo.account_text(account, "phoneNumber").as_deref(), Some("+48221234567"));
    let client = firm.flowtly.client(client).unwrap();
    assert_eq!(
        (client["addressCity"].as_str(), client["addressPhoneNumber"].as_str()),
        (Some("Kraków"), Some("+48 22 123 45 67"))
    );
    firm.assert_settled().await;
}

#[tokio::test]
async fn an_edit_between_the_guard_and_the_write_stands_and_both_values_arrive() {
    let firm = Firm::new();
    let (client, account) = (firm.client("Alfa", 1), firm.account("Alfa", 1));
    firm.reconcile().await;
    firm.reconcile().await;
    firm.flowtly.edit_client(client, "addressCity", "Kraków");
    let espo = firm.espo.clone();
    firm.meddling.at(Side::Crm, Method::PUT, "/Account/", Moment::Before, move || {
        espo.edit_account(account, "phoneNumber", "+48221234567");
    });
    let report = firm.reconcile().await;
    assert_eq!((report.written, firm.espo.account_text(account, "billingAddressCity")), (0, None), "{report:?}");
    let failures = waiting::failures(firm.store().await.connection()).await.unwrap();
    assert!(failures.is_empty(), "it is planned anew, not refused: {failures:?}");
    firm.reconcile().await;
    assert_eq!(firm.espo.account_text(account, "billingAddressCity").as_deref(), Some("Kraków"));
    assert_eq!(firm.flowtly.client(client).unwrap()["addressPhoneNumber"].as_str(), Some("+48221234567"));
    firm.assert_settled().await;
}

#[tokio::test]
async fn two_people_of_one_name_are_two_and_nobody_is_asked() {
    let firm = Firm::new();
    let (alfa, beta) = (firm.client("Alfa", 1), firm.client("Beta", 2));
    firm.person(alfa, "Jan Kowalski", "jan@alfa.pl");
    firm.person(beta, "Jan Kowalski", "jan@beta.pl");
    firm.reconcile().await;
    assert_eq!((firm.espo.contact_count(), firm.asked().await), (2, vec![]));
    firm.assert_settled().await;
}

#[tokio::test]
async fn a_firm_that_somebody_makes_just_before_us_is_asked_about_and_not_doubled() {
    let firm = Firm::new();
    firm.client("Alfa", 1);
    let espo = firm.espo.clone();
    firm.meddling.at(Side::Crm, Method::POST, "/Account", Moment::Before, move || {
        espo.add_account(&[("name", "ALFA")]);
    });
    firm.reconcile().await;
    assert_eq!((firm.espo.account_count(), firm.asked().await), (1, vec![Asks::Duplicate]));
}

#[tokio::test]
async fn what_a_person_called_another_firm_is_made_although_espocrm_takes_it_for_a_duplicate() {
    let firm = Firm::new();
    firm.espo.add_account(&[("name", "ALFA")]);
    let client = firm.client("Alfa", 1);
    firm.reconcile().await;
    assert_eq!(firm.espo.account_count(), 1);
    assert!(firm.answer_separate().await > 0, "an equal name without number and country is asked about");
    firm.reconcile().await;
    firm.reconcile().await;
    let accounts = firm.espo.ids(Kind::Company);
    let ours: Vec<Option<String>> = accounts.iter().map(|account| firm.espo.stored_id(*account)).collect();
    let organisation = FlowtlyOptions::default().organization;
    assert!(accounts.len() == 2 && ours.contains(&Some(format!("{organisation}/{client}"))), "{ours:?}");
    let failures = waiting::failures(firm.store().await.connection()).await.unwrap();
    assert!(failures.is_empty(), "{failures:?}");
}

#[tokio::test]
async fn a_create_whose_reply_is_lost_is_found_again_by_our_id() {
    let firm = Firm::new();
    let client = firm.client("Alfa", 1);
    firm.person(client, "Jan Kowalski", "jan@alfa.pl");
    firm.espo.faults().when(When::always().method(Method::POST).times(2), Fault::DropAfter);
    for _ in 0..4 {
        firm.reconcile().await;
        firm.clock.advance(Duration::from_mins(5));
    }
    assert_eq!((firm.espo.account_count(), firm.espo.contact_count()), (1, 1));
    assert_eq!((firm.flowtly.client_count(), firm.flowtly.contact_count()), (1, 1));
    firm.assert_settled().await;
}

#[tokio::test]
async fn a_deleted_company_leaves_its_partner_and_its_people_as_they_are() {
    let firm = Firm::new();
    let client = firm.client("Alfa", 1);
    firm.person(client, "Jan Kowalski", "jan@alfa.pl");
    let other = firm.client("Beta", 2);
    firm.reconcile().await;
    firm.reconcile().await;
    let account = firm.espo.ids(Kind::Company)[0];
    let before = (firm.flowtly.client(client), firm.flowtly.client(other));
    firm.espo.delete_account(account);
    firm.clock.advance(Duration::from_mins(10));
    firm.beat().await;
    firm.reconcile().await;
    assert_eq!((firm.flowtly.client(client), firm.flowtly.client(other)), before);
    assert_eq!((firm.flowtly.contact_count(), firm.espo.contact_count(), firm.espo.account_count()), (1, 1, 1));
    firm.assert_at_rest().await;
}
