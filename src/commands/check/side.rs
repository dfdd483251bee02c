//! Whether a side answers, as whom, and what it shows.

use std::collections::BTreeMap;

use super::properties::judge;
use super::required::unsupplied;
use super::sorts::untold;
use super::{failure, ok, warning};
use crate::clock::Clock;
use crate::config::Settings;
use crate::connector::error::{ErrorKind, PortError};
use crate::connector::port::{Account, Source};
use crate::domain::record::{Kind, Side};
use crate::render::lists::check::{Finding, Health};
use crate::render::words::count;

/// How far two clocks may be apart before somebody should know: less than any overlap of incremental reads.
const CLOCKS_APART: chrono::TimeDelta = chrono::TimeDelta::minutes(5);

/// What came of asking a side who it is.
pub(super) struct Greeting<'a> {
    pub(super) side: Side,
    pub(super) findings: Vec<Finding>,
    /// The side, if it is worth asking further.
    pub(super) source: Option<&'a dyn Source>,
}

/// Asks a side who it is. A refused credential is told here, once: nothing else is asked then.
pub(super) async fn greet<'a>(
    side: Side,
    source: Result<&'a dyn Source, &'a PortError>,
    known: &BTreeMap<Side, String>,
    clock: &dyn Clock,
) -> Greeting<'a> {
    let area = side.to_string();
    let source = match source {
        Ok(source) => source,
        Err(error) => {
            let findings = vec![failure(&area, format!("cannot be set up: {error}"), None)];
            return Greeting { side, findings, source: None };
        }
    };
    match meet(side, source, known, clock).await {
        Ok(findings) => Greeting { side, findings, source: Some(source) },
        Err(error) => Greeting { side, findings: vec![refused(side, source, &error)], source: None },
    }
}

/// Asks a side that is set up who it is.
pub(in crate::commands) async fn meet(
    side: Side,
    source: &dyn Source,
    known: &BTreeMap<Side, String>,
    clock: &dyn Clock,
) -> Result<Vec<Finding>, PortError> {
    let account = source.probe().await?;
    Ok(met(&side.to_string(), source.capabilities().system, &account, known.get(&side), clock))
}

/// What is told of a side that does not say who it is.
pub(in crate::commands) fn refused(side: Side, source: &dyn Source, error: &PortError) -> Finding {
    let system = source.capabilities().system;
    failure(&side.to_string(), format!("{system}: {error}"), mend(side, error.kind))
}

fn met(area: &str, system: &str, account: &Account, expected: Option<&String>, clock: &dyn Clock) -> Vec<Finding> {
    let mut findings = Vec::new();
    match (&account.id, expected) {
        (Some(found), Some(expected)) if found != expected => findings.push(failure(
            area,
            format!("{system} answers as account {found}, but the state belongs to account {expected}"),
            Some("use the right credentials, or another state.path for another pair of accounts".to_owned()),
        )),
        (Some(found), _) => findings.push(ok(area, format!("{system} answers as account {found}"))),
        (None, _) => findings.push(ok(
            area,
            format!("{system} answers and does not say which account it is: the lowest linked records stand in"),
        )),
    }
    if let Some(theirs) = account.server_time {
        let apart = theirs - clock.now();
        if apart.abs() > CLOCKS_APART {
            let minutes = apart.num_minutes().unsigned_abs();
            let way = if apart > chrono::TimeDelta::zero() { "ahead of" } else { "behind" };
            findings.push(warning(
                area,
                format!("its clock is {} {way} this machine's", count(minutes, "minute")),
                "set this machine's clock by NTP",
            ));
        }
    }
    findings
}

pub(super) fn mend(side: Side, kind: ErrorKind) -> Option<String> {
    let mend = match (kind, side) {
        (ErrorKind::Unauthorized, Side::Flowtly) => {
            "the credential is refused: set flowtly.username and flowtly.password_file anew, or flowtly.token_file"
        }
        (ErrorKind::Unauthorized, Side::Crm) => {
            "the credential is refused: make a new key or token in the CRM and put it into the file that its setting names; look at \
             login and database, too, where it has them"
        }
        (ErrorKind::Forbidden, Side::Flowtly | Side::Crm) => {
            "the credential is accepted and may not do this: give its user or app the right to read"
        }
        (ErrorKind::Connect | ErrorKind::Timeout | ErrorKind::Broken, Side::Flowtly | Side::Crm) => {
            "look at base_url, the network, a proxy (HTTPS_PROXY) and the firewall"
        }
        (
            ErrorKind::RateLimited
            | ErrorKind::Quota
            | ErrorKind::Unavailable
            | ErrorKind::NotFound
            | ErrorKind::Invalid
            | ErrorKind::Conflict
            | ErrorKind::Setting
            | ErrorKind::Protocol
            | ErrorKind::TooLarge
            | ErrorKind::Cancelled,
            Side::Flowtly | Side::Crm,
        ) => return None,
    };
    Some(mend.to_owned())
}

/// Looks at a side's mapped properties, and at the values that it demands of a new record.
pub(super) async fn look(settings: &Settings, side: Side, source: &dyn Source) -> Vec<Finding> {
    let area = side.to_string();
    let mut findings = Vec::new();
    for kind in Kind::BOTH {
        let properties = match source.properties(kind).await {
            Ok(properties) => properties,
            Err(error) => {
                let message = format!("{kind} properties cannot be read: {error}");
                findings.push(failure(&area, message, mend(side, error.kind)));
                // Another request would only be refused as well, and is counted by who guards against guessing.
                if error.kind == ErrorKind::Unauthorized {
                    break;
                }
                continue;
            }
        };
        let shape = source.shape(kind);
        let rules = settings.kind_rules(kind);
        let other = settings.shape(side.opposite(), kind);
        let mut of_kind = judge(shape, other, rules, &properties);
        let required = source.capabilities().of(kind).manners.required;
        of_kind.extend(unsupplied(shape, other, rules, &required, &properties));
        if of_kind.iter().all(|finding| finding.health == Health::Ok) {
            let number = count(properties.len() as u64, "mapped property");
            findings.push(ok(&area, format!("{kind}: {number}, nothing amiss")));
        }
        findings.extend(of_kind);
        findings.extend(untold(shape, &properties));
    }
    findings
}
