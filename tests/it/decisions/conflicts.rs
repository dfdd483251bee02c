//! Decisions about values.

use std::time::Duration;

use flowtly_sync::daemon::control::protocol::{Answer, Choose, RecordName, Which};
use flowtly_sync::domain::field::Field;
use flowtly_sync::domain::plan::{Asks, Reason};
use flowtly_sync::domain::record::{Kind, RemoteId, Side};
use flowtly_sync::domain::value::Text;
use flowtly_sync::sandbox::{Fault, When};
use http::Method;

use crate::firm::{Firm, vat};

/// A pair whose name and phone are in conflict. Returns both ids.
async fn in_conflict(firm: &Firm) -> (u64, u64) {
    let (client, company) = firm.linked("Alfa", &vat(1)).await;
    firm.flowtly.edit_client(client, "name", "Alfa Polska");
    firm.hubspot.edit_company(company, "name", "Alfa Europe");
    firm.flowtly.edit_client(client, "addressPhoneNumber", "+48 22 111 11 11");
    firm.hubspot.edit_company(company, "phone", "+48 22 222 22 22");
    firm.reconcile().await;
    assert_eq!(firm.disputed().await.len(), 2);
    (client, company)
}

async fn number(firm: &Firm, field: Field) -> i64 {
    firm.conflicts().await.iter().find(|waiting| waiting.conflict.field == field).unwrap().id
}

async fn decided(firm: &Firm) -> usize {
    firm.conflicts().await.iter().filter(|waiting| waiting.decision.is_some()).count()
}

#[tokio::test]
async fn a_decision_is_carried_out_by_the_next_pass_and_the_losing_value_is_in_the_history() {
    let firm = Firm::new();
    let (client, company) = in_conflict(&firm).await;
    firm.take(number(&firm, Field::Name).await, Side::Crm).await.unwrap();
    let shared = Choose::Text("+48 22 333 33 33".to_owned());
    firm.resolve(Which::Numbers(vec![number(&firm, Field::Phone).await]), shared).await.unwrap();
    firm.beat().await;
    assert_eq!(firm.client_text(client, "name").as_deref(), Some("Alfa Europe"));
    assert_eq!(firm.hubspot.company_property(company, "name").as_deref(), Some("Alfa Europe"));
    let phones = (firm.client_text(client, "addressPhoneNumber"), firm.hubspot.company_property(company, "phone"));
    assert_eq!(phones, (Some("+48 22 333 33 33".to_owned()), Some("+48 22 333 33 33".to_owned())));
    assert_eq!(firm.disputed().await, []);
    let link = firm.links().await[0].id;
    let lost = |field| {
        let firm = &firm;
        async move {
            let written = firm.history(link, field).await;
            assert!(written.iter().all(|written| written.entry.reason == Reason::Decided), "{written:?}");
            written.into_iter().map(|written| written.entry.old).collect::<Vec<Text>>()
        }
    };
    assert_eq!(lost(Field::Name).await, [Text::whole("Alfa Polska")]);
    let mut phones = lost(Field::Phone).await;
    phones.sort();
    assert_eq!(phones, [Text::whole("+48 22 111 11 11"), Text::whole("+48 22 222 22 22")]);
    firm.assert_settled().await;
}

#[tokio::test]
async fn accident_22_a_decision_on_values_that_have_moved_since_is_not_carried_out_and_is_asked_again() {
    let firm = Firm::new();
    let (client, company) = in_conflict(&firm).await;
    let shown = number(&firm, Field::Name).await;
    firm.take(shown, Side::Crm).await.unwrap();
    // Between the decision and the pass somebody types another name.
    firm.flowtly.edit_client(client, "name", "Alfa Nowa");
    firm.reconcile().await;
    assert_eq!(firm.client_text(client, "name").as_deref(), Some("Alfa Nowa"), "nobody was shown that one");
    assert_eq!(firm.hubspot.company_property(company, "name").as_deref(), Some("Alfa Europe"));
    let again = number(&firm, Field::Name).await;
    assert_ne!(shown, again, "other values have another number");
    let waiting = firm.conflicts().await;
    assert!(waiting.iter().all(|waiting| waiting.decision.is_none()), "{waiting:?}");
    firm.assert_at_rest().await;

    // Who still has the old list decides nothing by it.
    let error = firm.take(shown, Side::Crm).await.unwrap_err();
    assert!(error.contains(&format!("there is no conflict {shown} (any more)")), "{error}");
    firm.take(again, Side::Flowtly).await.unwrap();
    firm.beat().await;
    assert_eq!(firm.hubspot.company_property(company, "name").as_deref(), Some("Alfa Nowa"));
}

#[tokio::test]
async fn all_conflicts_of_a_record_or_of_a_field_are_decided_together() {
    let firm = Firm::new();
    let (client, company) = in_conflict(&firm).await;
    let (other, _) = firm.linked("Beta", &vat(2)).await;
    let name = |id: u64| RecordName { kind: Kind::Company, side: Side::Flowtly, id: RemoteId::new(id.to_string()) };
    let of = |record, fields| Which::All { record, fields };
    let error = firm.resolve(of(Some(name(other)), vec![]), Choose::Side(Side::Crm)).await.unwrap_err();
    assert!(error.starts_with("no such conflict waits"), "{error}");
    firm.resolve(of(None, vec![Field::Phone]), Choose::Side(Side::Flowtly)).await.unwrap();
    assert_eq!(decided(&firm).await, 1);
    firm.resolve(of(Some(name(client)), vec![]), Choose::Side(Side::Flowtly)).await.unwrap();
    assert_eq!(decided(&firm).await, 2);
    firm.beat().await;
    assert_eq!(firm.hubspot.company_property(company, "name").as_deref(), Some("Alfa Polska"));
    assert_eq!(firm.hubspot.company_property(company, "phone").as_deref(), Some("+48 22 111 11 11"));
    firm.assert_settled().await;
}

/// Whether it is still the same firm is asked first. What was decided, and what was refused, is not forgotten over that.
#[tokio::test]
async fn a_decision_and_a_refusal_outlast_the_question_whether_it_is_still_the_same() {
    let firm = Firm::new();
    let (client, company) = firm.linked("Alfa", &vat(1)).await;
    firm.flowtly.edit_client(client, "addressPhoneNumber", "+48 22 111 11 11");
    firm.hubspot.edit_company(company, "phone", "+48 22 222 22 22");
    firm.hubspot.edit_company(company, "city", "Kraków");
    let refusal = Fault::Refusal { status: 422, retry_after: None };
    firm.flowtly.faults().when(When::always().method(Method::PATCH).times(1), refusal);
    firm.reconcile().await;
    let (conflict, refused) = (number(&firm, Field::Phone).await, firm.refusals().await);
    assert_eq!(refused.len(), 1, "{refused:?}");
    firm.take(conflict, Side::Crm).await.unwrap();

    firm.flowtly.edit_client(client, "name", "Omega");
    firm.flowtly.edit_client(client, "vatNumber", vat(2));
    firm.flowtly.edit_client(client, "tin", vat(2).trim_start_matches("PL"));
    assert_eq!(firm.reconcile().await.written, 0);
    let question = firm.question(Asks::StillTheSame, Side::Flowtly, client).await;
    assert_eq!((number(&firm, Field::Phone).await, decided(&firm).await), (conflict, 1));
    assert_eq!(firm.refusals().await, refused);

    firm.answer(question, Answer::Same).await.unwrap();
    firm.wait(Duration::from_mins(16));
    firm.reconcile().await;
    assert_eq!(firm.client_text(client, "addressPhoneNumber").as_deref(), Some("+48 22 222 22 22"));
    assert_eq!(firm.client_text(client, "addressCity").as_deref(), Some("Kraków"));
    assert_eq!((firm.disputed().await, firm.refusals().await), (vec![], vec![]));
    firm.assert_settled().await;
}
