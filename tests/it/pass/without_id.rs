//! Lost replies to creates that carried our id, where nobody can be looked for by it any more, or several carry it.

use std::sync::Arc;
use std::time::Duration;

use flowtly_sync::clock::ManualClock;
use flowtly_sync::daemon::control::protocol::Answer;
use flowtly_sync::domain::plan::Asks;
use flowtly_sync::domain::record::{Kind, RemoteId, Side};
use flowtly_sync::sandbox::{
    CrmServer, EspoOptions, EspoServer, Fault, FlowtlyOptions, HubSpotOptions, HubSpotServer, ObjectType, OdooServer,
    PipedriveOptions, PipedriveServer, Property, When,
};
use flowtly_sync::sync::pass::Ending;
use http::Method;

use crate::firm::{Firm, clock, vat};

/// Longer than any request, and than an index lags behind.
const OVER: Duration = Duration::from_mins(10);

const OUR_ID: &str = "cFlowtlyId";

/// A firm of any CRM, and what takes the field for our id away there.
type Start = fn(Arc<ManualClock>) -> (Arc<dyn CrmServer>, Box<dyn Fn()>);

const EVERY: [(&str, Start); 5] = [
    ("hubspot", |clock| {
        let server = HubSpotServer::furnished(clock);
        let other = server.clone();
        let remove = move || assert!(other.remove_property(ObjectType::Company, "flowtly_id"));
        (Arc::new(server), Box::new(remove))
    }),
    ("espocrm, removed", |clock| {
        let server = EspoServer::new(EspoOptions::default(), clock);
        let other = server.clone();
        (Arc::new(server), Box::new(move || assert!(other.remove_account_field(OUR_ID))))
    }),
    ("espocrm, hidden", |clock| {
        let server = EspoServer::new(EspoOptions::default(), clock);
        let other = server.clone();
        (Arc::new(server), Box::new(move || assert!(other.hide_account_field(OUR_ID))))
    }),
    ("odoo", |clock| {
        let server = OdooServer::furnished(clock);
        let other = server.clone();
        (Arc::new(server), Box::new(move || assert!(other.remove_field("x_flowtly_id"))))
    }),
    ("pipedrive", |clock| {
        let server = PipedriveServer::new(PipedriveOptions::default(), clock);
        let other = server.clone();
        let remove = move || assert!(other.remove_field(Kind::Company, "Flowtly id"));
        (Arc::new(server), Box::new(remove))
    }),
];

fn firm_of(start: Start) -> (Firm, Box<dyn Fn()>) {
    let clock = clock();
    let idle = HubSpotServer::new(HubSpotOptions::default(), clock.clone());
    let (server, remove) = start(clock.clone());
    (Firm::made(clock, FlowtlyOptions::default(), server, idle, ""), remove)
}

fn espocrm() -> (Firm, EspoServer) {
    let clock = clock();
    let idle = HubSpotServer::new(HubSpotOptions::default(), clock.clone());
    let server = EspoServer::new(EspoOptions::default(), clock.clone());
    (Firm::made(clock, FlowtlyOptions::default(), Arc::new(server.clone()), idle, ""), server)
}

impl Firm {
    /// A pair, and a client whose create in the CRM comes to this. Returns the client.
    async fn lose(&self, fault: Fault) -> u64 {
        self.linked("Zeta", &vat(9)).await;
        let client = self.client("Alfa", Some(&vat(1)));
        self.flowtly.edit_client(client, "addressPhoneNumber", "+48 22 122 45 67");
        let create = When::always().method(Method::POST).path(self.crm.makes_at(Kind::Company)).times(1);
        self.crm.faults().when(create, fault);
        assert_eq!(self.reconcile().await.ending, Ending::Partly);
        client
    }

    fn companies(&self) -> usize {
        self.crm.ids(Kind::Company).len()
    }

    /// The company that was made last.
    fn newest(&self) -> u64 {
        *self.crm.ids(Kind::Company).last().unwrap()
    }

    fn in_crm(&self, company: u64) -> RemoteId {
        RemoteId::new(self.crm.id_text(company))
    }

    async fn is_linked(&self, client: u64, company: u64) -> bool {
        self.pairs(Kind::Company).await.contains(&(client.to_string(), self.crm.id_text(company)))
    }

    /// Three complete passes, late enough for everything.
    async fn go_on(&self) {
        for _ in 0..3 {
            self.wait(OVER);
            self.reconcile().await;
        }
    }

    /// The ids in the CRM among which a person is asked to find the lost create.
    async fn candidates(&self) -> Vec<RemoteId> {
        let questions = self.questions().await;
        assert_eq!(questions.len(), 1, "{questions:?}");
        assert_eq!(questions[0].question.asks, Asks::LostCreate);
        questions[0].question.candidates.iter().map(|note| note.record.id.clone()).collect()
    }
}

#[tokio::test]
async fn a_lost_create_that_arrived_is_known_by_what_was_sent_once_the_field_for_our_id_is_gone() {
    for (name, start) in EVERY {
        let (firm, remove) = firm_of(start);
        let client = firm.lose(Fault::DropAfter).await;
        remove();
        firm.reconcile().await;
        assert_eq!((firm.companies(), firm.asked().await), (2, vec![]), "{name}");
        assert!(firm.is_linked(client, firm.newest()).await, "{name}");
        firm.go_on().await;
        assert_eq!(firm.companies(), 2, "{name}");
    }
}

#[tokio::test]
async fn a_lost_create_that_never_happened_is_asked_about_and_then_sent_anew_without_the_field_for_our_id() {
    // The others take no create with a property that they lack, and the refusal says so.
    for (name, start) in EVERY.into_iter().filter(|(name, _)| name.starts_with("espocrm")) {
        let (firm, remove) = firm_of(start);
        firm.lose(Fault::TimeOut { carried_out: false }).await;
        remove();
        firm.reconcile().await;
        assert_eq!((firm.companies(), firm.candidates().await), (1, vec![]), "{name}: it may still be carried out");
        firm.go_on().await;
        assert_eq!((firm.companies(), firm.asked().await), (2, vec![]), "{name}");
        assert_eq!(firm.links().await.len(), 2, "{name}");
    }
}

#[tokio::test]
async fn a_create_that_arrives_late_is_never_doubled_without_the_field_for_our_id() {
    for (name, start) in EVERY.into_iter().filter(|(name, _)| name.starts_with("espocrm")) {
        let (firm, remove) = firm_of(start);
        let client = firm.lose(Fault::CarriedOutLater(Duration::from_secs(45))).await;
        remove();
        firm.reconcile().await;
        assert_eq!((firm.companies(), firm.candidates().await), (1, vec![]), "{name}");
        firm.wait(Duration::from_secs(45));
        firm.crm.settle();
        firm.go_on().await;
        assert_eq!((firm.companies(), firm.asked().await), (2, vec![]), "{name}");
        assert!(firm.is_linked(client, firm.newest()).await, "{name}");
    }
}

#[tokio::test]
async fn a_field_for_our_id_that_was_switched_off_leaves_no_create_open_for_ever() {
    let clock = clock();
    let idle = HubSpotServer::new(HubSpotOptions::default(), clock.clone());
    let pipedrive = PipedriveServer::new(PipedriveOptions::default(), clock.clone());
    let mut firm = Firm::made(clock, FlowtlyOptions::default(), Arc::new(pipedrive), idle, "");
    let client = firm.lose(Fault::DropAfter).await;
    firm.change_base("[pipedrive]\n", "[pipedrive]\nid_property = \"\"\n");
    firm.reconcile().await;
    assert!(firm.is_linked(client, firm.newest()).await);
    firm.assert_settled().await;
}

#[tokio::test]
async fn a_field_for_our_id_that_was_made_anew_is_no_proof_that_a_lost_create_never_happened() {
    let (firm, espocrm) = espocrm();
    let client = firm.lose(Fault::DropAfter).await;
    let lost = firm.newest();
    assert!(espocrm.remove_account_field(OUR_ID));
    // By its phone number alone nobody would match it.
    firm.crm.edit(Kind::Company, lost, Property::Name, "Alfa Holding");
    firm.crm.edit(Kind::Company, lost, Property::TaxNumber, "");
    firm.reconcile().await;
    assert_eq!(firm.candidates().await, [firm.in_crm(lost)]);
    espocrm.add_account_field(OUR_ID);
    assert_eq!(firm.crm.stored_id(lost), None, "its values went with it");
    firm.go_on().await;
    assert_eq!((firm.companies(), firm.candidates().await), (2, vec![firm.in_crm(lost)]));
    firm.assert_at_rest().await;
    let number = firm.question(Asks::LostCreate, Side::Flowtly, client).await;
    firm.answer(number, Answer::Link(firm.in_crm(lost))).await.unwrap();
    firm.go_on().await;
    assert!(firm.is_linked(client, lost).await);
    assert_eq!(firm.companies(), 2);
}

#[tokio::test]
async fn a_field_for_our_id_that_shows_again_finds_the_lost_create_by_it() {
    let clock = clock();
    let hubspot = HubSpotServer::furnished(clock.clone());
    let firm = Firm::made(clock, FlowtlyOptions::default(), Arc::new(hubspot.clone()), hubspot, "");
    let client = firm.lose(Fault::DropAfter).await;
    let lost = firm.newest();
    firm.crm.edit(Kind::Company, lost, Property::Name, "Alfa Holding");
    firm.hubspot.hide_property(ObjectType::Company, "flowtly_id");
    firm.reconcile().await;
    assert_eq!(firm.candidates().await, [firm.in_crm(lost)]);
    firm.hubspot.show_property(ObjectType::Company, "flowtly_id");
    firm.reconcile().await;
    assert!(firm.is_linked(client, lost).await);
    assert!(firm.asked().await.is_empty());
    firm.go_on().await;
    firm.assert_settled().await;
}

#[tokio::test]
async fn a_lost_create_is_judged_by_our_id_alone_as_long_as_it_can_be_looked_for() {
    let (firm, espocrm) = espocrm();
    firm.lose(Fault::TimeOut { carried_out: false }).await;
    // It looks as what was sent, and is newer; but it does not carry our id, and ours may still come.
    let colleagues = espocrm.add_account(&[("name", "Alfa"), ("cVatNumber", &vat(1))]);
    firm.reconcile().await;
    assert_eq!((firm.asked().await, firm.links().await.len()), (vec![], 1));
    assert_eq!(firm.companies(), 2);
    firm.go_on().await;
    assert_eq!(
        (firm.companies(), firm.links().await.len()),
        (2, 2),
        "it never happened, and the colleague's is linked"
    );
    assert_eq!(firm.crm.stored_id(colleagues).as_deref(), Some("1hkzxrub/2"));
    firm.assert_settled().await;
}

/// An EspoCRM where a person made a copy of the record of a lost create, and then edited the first one. Returns the client, the
/// record and its copy.
async fn copied() -> (Firm, EspoServer, [u64; 3]) {
    let (firm, espocrm) = espocrm();
    let client = firm.lose(Fault::DropAfter).await;
    let lost = firm.newest();
    let id = firm.crm.stored_id(lost).unwrap();
    let text = |name: &str| espocrm.account_text(lost, name).unwrap_or_default();
    let fields = ["name", "cVatNumber", "billingAddressCountry"].map(|name| (name, text(name)));
    let mut fields: Vec<(&str, &str)> = fields.iter().map(|(name, text)| (*name, text.as_str())).collect();
    fields.push((OUR_ID, &id));
    let copy = espocrm.add_account(&fields);
    firm.crm.edit(Kind::Company, lost, Property::Name, "Alfa Holding");
    (firm, espocrm, [client, lost, copy])
}

#[tokio::test]
async fn which_of_several_that_carry_our_id_is_the_lost_create_is_asked_and_not_guessed() {
    let (firm, espocrm, [client, lost, copy]) = copied().await;
    firm.reconcile().await;
    let mut candidates = firm.candidates().await;
    candidates.sort();
    let mut both = vec![firm.in_crm(lost), firm.in_crm(copy)];
    both.sort();
    assert_eq!(candidates, both, "the copy alone shows what was sent");
    firm.go_on().await;
    assert_eq!((firm.companies(), firm.links().await.len(), firm.asked().await.len()), (3, 1, 1));
    firm.assert_at_rest().await;
    // The person clears the id of the copy: the other one is ours.
    assert!(espocrm.edit_account(copy, OUR_ID, ""));
    firm.reconcile().await;
    assert!(firm.is_linked(client, lost).await);
    assert!(!firm.asked().await.contains(&Asks::LostCreate));
}

#[tokio::test]
async fn several_that_carry_our_id_may_lose_it_all_and_are_still_asked_about() {
    let (firm, espocrm, [_, lost, copy]) = copied().await;
    firm.reconcile().await;
    for account in [lost, copy] {
        assert!(espocrm.edit_account(account, OUR_ID, ""));
    }
    firm.go_on().await;
    assert_eq!((firm.companies(), firm.candidates().await.len()), (3, 2));
    assert_eq!(firm.links().await.len(), 1, "not the copy, which alone shows what was sent");
}

#[tokio::test]
async fn a_person_may_say_of_all_that_carry_our_id_that_they_are_something_else() {
    let (firm, _, [client, lost, copy]) = copied().await;
    firm.reconcile().await;
    let number = firm.question(Asks::LostCreate, Side::Flowtly, client).await;
    firm.answer(number, Answer::Separate).await.unwrap();
    firm.go_on().await;
    assert_eq!(firm.companies(), 4, "it is made once, since that is what was said");
    let made = firm.newest();
    assert!(firm.is_linked(client, made).await && ![lost, copy].contains(&made));
    firm.go_on().await;
    assert_eq!(firm.companies(), 4);
}

#[tokio::test]
async fn what_a_person_called_something_else_is_not_taken_for_the_lost_create_because_it_carries_our_id() {
    let (firm, espocrm, [client, lost, copy]) = copied().await;
    firm.reconcile().await;
    let number = firm.question(Asks::LostCreate, Side::Flowtly, client).await;
    firm.answer(number, Answer::Separate).await.unwrap();
    assert!(espocrm.delete_account(copy));
    firm.reconcile().await;
    assert!(!firm.is_linked(client, lost).await);
}
