//! What people see of documents.

use flowtly_sync::commands::check::{Mode, Sides, check};
use flowtly_sync::commands::explain::{Subjected, explain};
use flowtly_sync::commands::failures::failures;
use flowtly_sync::commands::history::history;
use flowtly_sync::commands::status::status;
use flowtly_sync::domain::record::{Kind, RemoteId, Side};
use flowtly_sync::render::Style;
use flowtly_sync::render::lists::{Form, Listing};
use flowtly_sync::render::plan::{Detail, Format, PlanReport};
use flowtly_sync::sandbox::{Fault, When};
use flowtly_sync::sync::pass::Report;
use http::Method;
use serde_json::Value;

use super::firm;
use crate::firm::Firm;

const FORMS: [Form; 2] = [Form::Text(Style::Plain), Form::Json];

fn listing(out: &mut Vec<u8>, form: Form) -> Listing<'_> {
    Listing { out, form }
}

fn told(report: &Report) -> String {
    let mut printer = PlanReport::new(Format::Text, Style::Plain, Detail::Brief);
    let mut out = Vec::new();
    printer.begin(&mut out, report).unwrap();
    printer.end(&mut out, report).unwrap();
    String::from_utf8(out).unwrap()
}

/// One document of each sort: shown and renamed, refused, without a name, gone, and taken away.
async fn mixed() -> Firm {
    let (firm, client, _) = firm().await;
    let offer = firm.flowtly.add_document(client, "Draft.pdf").unwrap();
    let gone = firm.flowtly.add_document(client, "Old.pdf").unwrap();
    let unnamed = firm.flowtly.add_document(client, "x").unwrap();
    firm.flowtly.rename_document(unnamed, None);
    firm.reconcile().await;
    firm.flowtly.rename_document(offer, Some("Offer.pdf"));
    firm.flowtly.remove_document(gone);
    firm.flowtly.add_document(client, "Plan.pdf");
    let create = When::always().method(Method::POST).exactly("/crm/objects/2026-03/notes");
    firm.hubspot.faults().when(create, Fault::Refusal { status: 400, retry_after: None });
    firm
}

#[tokio::test]
async fn a_report_counts_documents_and_its_certificate_says_how_they_stand() {
    let firm = mixed().await;
    let dry = told(&firm.diff().await.0);
    assert!(dry.contains("1 document to be shown, 1 to be renamed in the CRM"), "{dry}");
    let text = told(&firm.reconcile().await);
    for line in [
        "carried out: 0 shown, 1 renamed; 1 refused, 0 of unknown outcome, 0 put off",
        "1 document shown in the CRM",
        "1 refused by the CRM; tried again by itself",
        "1 gone in Flowtly; what shows them is left alone",
        "1 without id or name in Flowtly: not shown",
        "1 refused record: ",
    ] {
        assert!(text.contains(line), "{line}: {text}");
    }
}

#[tokio::test]
async fn the_lists_name_each_document() {
    let firm = mixed().await;
    firm.reconcile().await;
    let (settings, systems) = (firm.settings(), firm.systems(&firm.settings()));
    let id = RemoteId::new("1");
    let subject = Subjected { kind: Kind::Company, side: Side::Flowtly, id: &id, field: None };
    let (mut explained, mut refused, mut written, mut stands) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for form in FORMS {
        let mut out = Vec::new();
        explain(&settings, Some(systems.flowtly.as_ref()), &subject, &mut listing(&mut out, form)).await.unwrap();
        explained.push(String::from_utf8(out).unwrap());
        let mut out = Vec::new();
        failures(&settings, &mut listing(&mut out, form)).await.unwrap();
        refused.push(String::from_utf8(out).unwrap());
        let mut out = Vec::new();
        history(&settings, None, 10, &mut listing(&mut out, form)).await.unwrap();
        written.push(String::from_utf8(out).unwrap());
        let mut out = Vec::new();
        status(&settings, firm.clock.as_ref(), &mut listing(&mut out, form)).await.unwrap();
        stands.push(String::from_utf8(out).unwrap());
    }
    for line in [
        "Offer.pdf",
        "shown in the CRM (CRM 70001)",
        "not shown: it has no name",
        "gone in Flowtly; shown in the CRM (CRM 70002)",
        "the CRM refused it, see `flowtly-sync failures`; tried again at",
    ] {
        assert!(explained[0].contains(line), "{line}: {}", explained[0]);
    }
    let json: Value = serde_json::from_str(&explained[1]).unwrap();
    assert_eq!(json[0]["documents"]["listed"].as_array().unwrap().len(), 4, "{json}");

    assert!(refused[0].contains("Plan.pdf of company Alfa (Flowtly 1, CRM 5000000001)"), "{}", refused[0]);
    let json: Value = serde_json::from_str(&refused[1]).unwrap();
    assert_eq!((&json[0]["document"], &json[0]["attempts"]), (&Value::from("4"), &Value::from(1)));

    assert!(written[0].contains("renamed in the CRM: Draft.pdf -> Offer.pdf"), "{}", written[0]);
    let json: Value = serde_json::from_str(&written[1]).unwrap();
    assert!(
        json.as_array().unwrap().iter().any(|item| item["did"] == "rename" && item["old"] == "Draft.pdf"),
        "{json}"
    );

    assert!(stands[0].contains("1 document shown in the CRM"), "{}", stands[0]);
    let json: Value = serde_json::from_str(&stands[1]).unwrap();
    assert_eq!(json["waiting"]["failures"], 1);
    assert_eq!(json["certificate"]["documents"]["incomplete"], 1);
}

#[tokio::test]
async fn check_reads_the_documents_of_a_company_on_both_sides() {
    let (firm, client, company) = firm().await;
    firm.flowtly.add_document(client, "Plan.pdf");
    firm.reconcile().await;
    let checked = async || {
        let settings = firm.settings();
        let systems = firm.systems(&settings);
        let sides = Sides { flowtly: Ok(systems.flowtly.as_ref()), crm: Ok(systems.crm.as_ref()) };
        let mut out = Vec::new();
        let listing = &mut listing(&mut out, FORMS[0]);
        let code = check(&settings, sides, Mode::Look, firm.clock.as_ref(), listing).await.unwrap();
        (code, String::from_utf8(out).unwrap())
    };
    let (code, told) = checked().await;
    assert_eq!(code, 0, "{told}");
    for line in [
        format!("ok    Flowtly        documents can be read: company {client} has 1 document"),
        format!("ok    CRM            documents can be read: company {company} has 1 document"),
    ] {
        assert!(told.contains(&line), "{line}: {told}");
    }

    let notes = When::always().path("/crm/objects/2026-03/notes");
    firm.hubspot.faults().when(notes, Fault::Refusal { status: 403, retry_after: None });
    let read = When::always().path(&format!("/clients/{client}/documents"));
    firm.flowtly.faults().when(read, Fault::Refusal { status: 404, retry_after: None });
    let (code, told) = checked().await;
    assert_eq!(code, 1, "{told}");
    for line in ["FAIL  Flowtly        documents", "FAIL  CRM            documents of company"] {
        assert!(told.contains(line), "{line}: {told}");
    }
    assert!(told.contains("give its user or app the right to read"), "{told}");
}
