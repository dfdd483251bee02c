//! What somebody tampered with afterwards is told.

use bytes::Bytes;
use flowtly_sync::connector::http::Transport as _;
use flowtly_sync::sandbox::{Fault, RouterTransport, When};
use http::{Method, Request};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{AssertSqlSafe, Connection as _};

use super::super::super::rules::Rules;
use super::super::tells;
use super::live;
use super::watched::Watched;
use crate::firm::{Firm, vat};

live! {
    an_edit_after_the_last_pass_is_told,
    a_text_that_changed_by_itself_is_told,
    a_record_that_appeared_by_itself_is_told,
    a_record_that_vanished_by_itself_is_told,
    a_deleted_row_of_the_history_is_told,
    a_deleted_conflict_is_told,
    a_deleted_failure_is_told,
    a_deleted_link_is_told,
    a_write_behind_the_engines_back_is_told,
    a_create_behind_the_engines_back_is_told,
    rules_that_the_engine_did_not_have_are_told,
}

impl Watched {
    /// Somebody has a hand in the state file.
    pub async fn sql(&self, sql: &str) {
        let options = SqliteConnectOptions::new().filename(self.firm.state()).foreign_keys(false);
        let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
        let done = sqlx::query(AssertSqlSafe(sql.to_owned())).execute(&mut connection).await.unwrap();
        assert!(done.rows_affected() > 0, "nothing was there to tamper with");
        connection.close().await.unwrap();
    }

    async fn tells(&self, invariant: &str, says: &str) -> Result<(), String> {
        tells(&self.evidence().await, invariant, says)
    }

    /// Somebody sends the CRM a request with our credentials.
    async fn post_to_the_crm(&self, path: &str, body: &str) {
        let request = Request::post(format!("http://127.0.0.1:2{path}"))
            .header("authorization", "Bearer sandbox-token")
            .header("content-type", "application/json")
            .body(Bytes::from(body.to_owned()))
            .unwrap();
        let transport = RouterTransport::new(self.firm.hubspot.router(), self.firm.hubspot.faults());
        let reply = transport.send(request, std::time::Duration::from_secs(1), 1 << 20).await.unwrap();
        assert!(reply.status().is_success(), "{reply:?}");
    }
}

async fn an_edit_after_the_last_pass_is_told() -> Result<(), String> {
    let (watched, _, company) = Watched::alfa(Firm::new()).await;
    watched.act(|firm| firm.hubspot.edit_company(company, "phone", "+48 22 123 45 67"));
    watched.tells("both_sides_agree", "phone of").await
}

async fn a_text_that_changed_by_itself_is_told() -> Result<(), String> {
    let (watched, client, _) = Watched::alfa(Firm::new()).await;
    watched.firm.flowtly.edit_client(client, "name", "Omega");
    watched.tells("nothing_is_invented", "Omega").await?;
    watched.tells("no_edit_is_lost", "nobody wrote it").await?;
    watched.tells("both_sides_agree", "name of").await
}

async fn a_record_that_appeared_by_itself_is_told() -> Result<(), String> {
    let (watched, ..) = Watched::alfa(Firm::new()).await;
    watched.firm.company("Alfa", Some(&vat(1)));
    watched.tells("nothing_is_invented", "nobody made it").await
}

async fn a_record_that_vanished_by_itself_is_told() -> Result<(), String> {
    let (watched, ..) = Watched::alfa(Firm::new()).await;
    let person = watched.firm.flowtly.contacts()[0]["id"].as_u64().unwrap();
    watched.firm.flowtly.remove_contact(person);
    watched.tells("no_write_outside_the_plan", "nobody removed it").await?;
    watched.tells("the_state_is_sound", "the state does not know").await
}

async fn a_deleted_row_of_the_history_is_told() -> Result<(), String> {
    let (watched, client, _) = Watched::alfa(Firm::new()).await;
    watched.act(|firm| firm.flowtly.edit_client(client, "name", "Alfa Polska"));
    watched.rest().await;
    watched.is_clean().await?;
    watched.sql("DELETE FROM history WHERE field = '\"name\"' AND old LIKE '%Alfa%'").await;
    watched.tells("no_edit_is_lost", "the history has no word of it").await
}

async fn a_deleted_conflict_is_told() -> Result<(), String> {
    let (watched, client, company) = Watched::alfa(Firm::new()).await;
    watched.act(|firm| firm.flowtly.edit_client(client, "name", "Alfa Polska"));
    watched.act(|firm| firm.hubspot.edit_company(company, "name", "Alfa Europe"));
    watched.rest().await;
    watched.is_clean().await?;
    watched.sql("DELETE FROM conflict").await;
    watched.tells("both_sides_agree", "name of").await
}

async fn a_deleted_failure_is_told() -> Result<(), String> {
    let (watched, _, company) = Watched::alfa(Firm::new()).await;
    let refusal = Fault::Refusal { status: 422, retry_after: None };
    watched.firm.flowtly.faults().when(When::always().method(Method::PATCH), refusal);
    watched.act(|firm| firm.hubspot.edit_company(company, "city", "Kraków"));
    watched.rest().await;
    watched.is_clean().await?;
    watched.sql("DELETE FROM failure").await;
    watched.tells("refusals_are_listed", "refused with 422").await
}

async fn a_deleted_link_is_told() -> Result<(), String> {
    let watched = Watched::new(Firm::new());
    watched.act(|firm| firm.client("Alfa", Some(&vat(1))));
    watched.rest().await;
    watched.is_clean().await?;
    watched.sql("DELETE FROM link").await;
    watched.tells("no_duplicates", "has 0 links").await?;
    watched.tells("the_state_is_sound", "points nowhere").await
}

async fn a_write_behind_the_engines_back_is_told() -> Result<(), String> {
    let (watched, _, company) = Watched::alfa(Firm::new()).await;
    let body = format!(r#"{{"inputs": [{{"id": "{company}", "properties": {{"phone": "+48 22 123 45 67"}}}}]}}"#);
    watched.post_to_the_crm("/crm/objects/2026-03/companies/batch/update", &body).await;
    watched.tells("no_write_outside_the_plan", "neither journal nor history").await?;
    watched.tells("nothing_is_invented", "nobody typed").await?;
    watched.tells("both_sides_agree", "phone of").await
}

async fn a_create_behind_the_engines_back_is_told() -> Result<(), String> {
    let (watched, ..) = Watched::alfa(Firm::new()).await;
    let properties = format!(r#"{{"name": "Alfa", "country": "Poland", "vat_number": "{}"}}"#, vat(1));
    let body = format!(r#"{{"inputs": [{{"properties": {properties}, "associations": []}}]}}"#);
    watched.post_to_the_crm("/crm/objects/2026-03/companies/batch/create", &body).await;
    watched.tells("no_duplicates", "was there and is the same").await?;
    watched.tells("no_duplicates", "has 0 links").await?;
    watched.tells("no_write_outside_the_plan", "neither journal nor history").await
}

async fn rules_that_the_engine_did_not_have_are_told() -> Result<(), String> {
    let (watched, client, _) = Watched::alfa(Firm::new()).await;
    watched.act(|firm| firm.flowtly.edit_client(client, "addressCity", "Kraków"));
    watched.rest().await;
    let mut evidence = watched.evidence().await;
    evidence.former.clear();
    evidence.rules = Rules::of(
        "[rules.company.fields]\naddress = { direction = \"to-flowtly\" }\n[rules.contact]\ncreate_in_crm = false\n",
    );
    tells(&evidence, "nothing_against_the_rules", "against the direction to-flowtly")?;
    tells(&evidence, "nothing_against_the_rules", "which the rules forbid")
}
