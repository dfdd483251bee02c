//! Documents of Flowtly, shown in the CRM.

mod commands;
mod every;
mod limits;
mod lost;
mod quiet;
mod shown;
mod trouble;

use std::time::Duration;

use flowtly_sync::domain::plan::LinkId;
use flowtly_sync::store::document::{self, Row};

use crate::firm::{Firm, vat};

/// A firm that shows documents, with one linked pair. Returns the client and the company.
async fn firm() -> (Firm, u64, u64) {
    let firm = showing("");
    let (client, company) = firm.linked("Alfa", &vat(1)).await;
    (firm, client, company)
}

/// A firm that shows documents, with a limit of its own.
fn showing(limit: &str) -> Firm {
    let mut firm = Firm::new();
    firm.change_base("[locale]", "documents = true\n[locale]");
    let limit = if limit.is_empty() { "documents = { count = 1000, share = 1.0 }" } else { limit };
    firm.change_base("[limits]", &format!("[limits]\n{limit}"));
    firm
}

impl Firm {
    /// The titles of our notes at a company, in order.
    fn titles(&self, company: u64) -> Vec<String> {
        let ours = self.hubspot.notes_of(company).into_iter().filter(|(_, body)| body.contains("flowtly-document:"));
        ours.map(|(_, body)| title(&body)).collect()
    }

    /// What the state knows of the documents of the first pair.
    async fn documents(&self) -> Vec<Row> {
        document::known(self.store().await.connection(), LinkId(1), &[]).await.unwrap()
    }

    /// Long enough for everything to be proved.
    fn settle(&self) {
        self.wait(Duration::from_mins(10));
    }
}

/// The text of the first paragraph of a note.
fn title(body: &str) -> String {
    let (first, _) = body.split_once("</p>").unwrap();
    let mut in_tag = false;
    let mut text = String::new();
    for sign in first.chars() {
        match sign {
            '<' => in_tag = true,
            '>' => in_tag = false,
            _ if !in_tag => text.push(sign),
            _ => {}
        }
    }
    text
}
