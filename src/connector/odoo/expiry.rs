//! Warns before the API key ends: Odoo's own screens give it three months at most, and then everything stops.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use serde::Deserialize;
use serde_json::{Value, json};

use super::call::MethodCall;
use super::row::moment;
use super::talk::Talk;
use crate::connector::error::PortError;

/// How often is the end looked up and, where it is near, told?
const EVERY: Duration = Duration::from_hours(24);

/// When the end was last looked at.
#[derive(Debug, Default)]
pub(super) struct Expiry(Mutex<Option<Duration>>);

/// What is known of the key's end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// Far enough, or not known.
    Far,
    /// So many days are left.
    Near(i64),
    /// It is past.
    Past,
}

/// Warns, at most once a day. Never fails: where Odoo does not show keys, the setting has to do.
pub(super) async fn look(talk: &Talk) {
    {
        let mut last = talk.expiry.0.lock().unwrap_or_else(PoisonError::into_inner);
        let now = talk.elapsed();
        if last.is_some_and(|last| now.saturating_sub(last) < EVERY) {
            return;
        }
        *last = Some(now);
    }
    let set = talk.settings.key_expires.map(|day| day.and_time(NaiveTime::MIN).and_utc());
    let ends = match set {
        Some(ends) => Some(ends),
        None => told(talk).await.unwrap_or_else(|error| {
            tracing::debug!(error.kind = ?error.kind, "Odoo does not show when the API key ends");
            None
        }),
    };
    match judge(talk.now(), ends, talk.settings.warn_before) {
        End::Far => {}
        End::Near(days) => {
            tracing::warn!(
                odoo.key_days_left = days,
                "the Odoo API key ends in {days} days: make a new one and put it into api_key_file"
            );
        }
        End::Past => {
            tracing::warn!("the Odoo API key has ended by its date: make a new one and put it into api_key_file");
        }
    }
}

/// How near an end is.
pub(super) fn judge(now: DateTime<Utc>, ends: Option<DateTime<Utc>>, warn_before: Duration) -> End {
    let Some(left) = ends.map(|ends| ends - now) else { return End::Far };
    if left <= chrono::Duration::zero() {
        End::Past
    } else if left.to_std().is_ok_and(|left| left <= warn_before) {
        End::Near(left.num_days())
    } else {
        End::Far
    }
}

#[derive(Deserialize)]
struct Key {
    #[serde(default)]
    expiration_date: Value,
}

/// The end of our user's key, of the first one to end where it has several and none is named.
async fn told(talk: &Talk) -> Result<Option<DateTime<Utc>>, PortError> {
    let Some(user) = talk.user().await else { return Ok(None) };
    let mut domain = vec![json!(["user_id", "=", user])];
    domain.extend(talk.settings.key_name.as_ref().map(|name| json!(["name", "=", name])));
    let call = MethodCall::new("res.users.apikeys", "search_read")
        .place("domain", json!(domain))
        .with("fields", json!(["expiration_date"]));
    let reply = talk.ask(call).await?;
    let keys: Vec<Key> = serde_json::from_slice(&reply.body).unwrap_or_default();
    Ok(keys.iter().filter_map(|key| date_or_moment(key.expiration_date.as_str()?)).min())
}

fn date_or_moment(text: &str) -> Option<DateTime<Utc>> {
    let day = || text.parse::<NaiveDate>().ok().map(|day| day.and_time(NaiveTime::MIN).and_utc());
    moment(text).or_else(day)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case(None, End::Far)]
    #[case(Some("2027-02-01T00:00:00Z"), End::Far)]
    #[case(Some("2026-12-07T12:00:00Z"), End::Near(14))]
    #[case(Some("2026-11-24T11:00:00Z"), End::Near(0))]
    #[case(Some("2026-11-23T12:00:00Z"), End::Past)]
    fn an_end_is_told_in_time(#[case] ends: Option<&str>, #[case] wanted: End) {
        let now = "2026-11-23T12:00:00Z".parse().unwrap();
        let two_weeks = Duration::from_hours(14 * 24);
        assert_eq!(judge(now, ends.map(|ends| ends.parse().unwrap()), two_weeks), wanted);
    }

    #[test]
    fn an_end_is_read_as_a_day_or_a_time() {
        assert_eq!(date_or_moment("2026-12-07"), Some("2026-12-07T00:00:00Z".parse().unwrap()));
        assert_eq!(date_or_moment("2026-12-07 08:00:00"), Some("2026-12-07T08:00:00Z".parse().unwrap()));
        assert_eq!(date_or_moment("soon"), None);
    }
}
