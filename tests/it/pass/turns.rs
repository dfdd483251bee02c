//! Few requests a minute: everything still comes through, and nothing is written on the strength of an old look.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use flowtly_sync::sandbox::{FlowtlyOptions, HubSpotOptions};
use flowtly_sync::sync::pass::Ending;
use http::Method;

use crate::firm::{Firm, vat};

fn throttled(requests_per_minute: usize) -> Firm {
    let mut firm = Firm::with(FlowtlyOptions::default(), HubSpotOptions::default(), "");
    throttle(&mut firm, requests_per_minute);
    firm
}

fn throttle(firm: &mut Firm, requests_per_minute: usize) {
    let name = "username = \"sync@example.com\"";
    firm.change_base(name, &format!("requests_per_minute = {requests_per_minute}\n{name}"));
}

/// How long before each write of a client it was read last.
fn ages(firm: &Firm) -> Vec<TimeDelta> {
    let log = firm.flowtly.log();
    let writes = log.iter().enumerate().filter(|(_, request)| request.writes && request.path.contains("/clients/"));
    let age = |(place, write): (usize, &flowtly_sync::sandbox::LoggedRequest)| {
        let looks = log[..place].iter().filter(|look| look.method == Method::GET && look.path == write.path);
        let looked: Option<DateTime<Utc>> = looks.map(|look| look.at).next_back();
        looked.map(|looked| write.at - looked)
    };
    writes.filter_map(age).collect()
}

#[tokio::test]
async fn a_first_load_comes_through_however_few_requests_a_minute_are_allowed() {
    for requests_per_minute in [1, 2, 3, 5, 8] {
        let firm = throttled(requests_per_minute);
        for n in 1..=9 {
            let company = firm.company(&format!("Firma {n}"), Some(&vat(n)));
            let email = format!("kto{n}@firma{n}.pl");
            let properties = [("firstname", "Kto"), ("lastname", "Inny"), ("email", email.as_str())];
            firm.hubspot.add_contact(&properties, Some(company));
        }
        let report = firm.reconcile().await;
        assert!(report.failing.is_empty(), "{requests_per_minute}: a late turn is no failure: {report:?}");
        let made = (firm.flowtly.client_count(), firm.flowtly.contact_count());
        assert_eq!((made, report.ending), ((9, 9), Ending::Applied), "{requests_per_minute}");
    }
}

#[tokio::test]
async fn a_change_is_written_soon_after_its_record_was_looked_at() {
    for requests_per_minute in [2, 3, 4, 5, 6, 7] {
        let mut firm = Firm::new();
        let (client, company) = firm.linked("Alfa", &vat(1)).await;
        throttle(&mut firm, requests_per_minute);
        firm.wait(Duration::from_mins(5));
        firm.hubspot.edit_company(company, "city", "Kraków");
        firm.flowtly.clear_log();
        let report = firm.beat().await;
        assert_eq!((report.written, report.put_off), (1, 0), "{requests_per_minute}: {report:?}");
        assert_eq!(firm.client_text(client, "addressCity").as_deref(), Some("Kraków"));
        let ages = ages(&firm);
        assert!(
            !ages.is_empty() && ages.iter().all(|age| *age <= TimeDelta::seconds(30)),
            "{requests_per_minute}: {ages:?}"
        );
    }
}
