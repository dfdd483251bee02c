//! What the program says of itself, and where.

use std::time::Duration;

use tracing_subscriber::EnvFilter;
use url::Url;

use super::key::Key;
use super::problem::Place;
use super::reader::Reader;
use super::settings::{LogFormat, LogSection, TracesSection};

const FORMATS: [(&str, LogFormat); 4] =
    [("auto", LogFormat::Auto), ("text", LogFormat::Text), ("json", LogFormat::Json), ("journal", LogFormat::Journal)];
const LEVELS: [(&str, &str); 5] =
    [("error", "error"), ("warn", "warn"), ("info", "info"), ("debug", "debug"), ("trace", "trace")];

const SECOND: Duration = Duration::from_secs(1);

/// Reads `[log]`. `RUST_LOG` wins over `log.filter`, which wins over `log.level`.
pub(super) fn read(reader: &mut Reader<'_>) -> LogSection {
    let format = reader.choice(&Key::of("log.format"), &FORMATS, LogFormat::Auto);
    let level = reader.choice(&Key::of("log.level"), &LEVELS, "info");
    let key = Key::of("log.filter");
    let configured = filter(reader, "log.filter");
    let of_variable = reader.environment.get("RUST_LOG").map(str::to_owned);
    if let Some(Err(error)) = of_variable.as_deref().map(|filter| EnvFilter::builder().parse(filter)) {
        let place = Place::Variable("RUST_LOG".to_owned());
        reader.refuse_at(place, &key, format!("this is not a filter: {error}"), "unset it, or mend it");
    }
    let pinned = of_variable.is_some();
    let filter = of_variable.or_else(|| Some(configured).filter(|filter| !filter.is_empty()));
    LogSection {
        format,
        filter: filter.unwrap_or_else(|| format!("warn,flowtly_sync={level}")),
        pinned,
        colour: !reader.environment.forbids_colour(),
    }
}

/// Reads `[traces]`; none where no collector is named.
pub(super) fn traces(reader: &mut Reader<'_>) -> Option<TracesSection> {
    let key = Key::of("traces.endpoint");
    let endpoint = reader.optional("traces.endpoint");
    let authorization = reader.secret("traces.authorization").map(|secret| secret.text);
    let service = reader.text_where("traces.service", "a name", |name| !name.is_empty());
    let filter = filter(reader, "traces.filter");
    let queue = reader.size("traces.queue", 1_000_000);
    let timeout = reader.duration("traces.timeout", SECOND..=Duration::from_mins(5));
    let Ok(endpoint) = Url::parse(&endpoint?) else {
        reader.refuse(&key, "this is not a URL", "write it as \"http://127.0.0.1:4318/v1/traces\"");
        return None;
    };
    if !(endpoint.scheme() == "https" || endpoint.scheme() == "http" && Reader::is_loopback(&endpoint)) {
        reader.refuse(&key, "the connection would not be encrypted", "use https; http is for loopback addresses");
    } else if !endpoint.username().is_empty() || endpoint.password().is_some() {
        reader.refuse(&key, "a credential stands in the URL", "remove it; set traces.authorization_file");
    }
    Some(TracesSection { endpoint, authorization, service, filter, queue, timeout })
}

fn filter(reader: &mut Reader<'_>, dotted: &str) -> String {
    let key = Key::of(dotted);
    let text = reader.text(&key);
    if let Err(error) = EnvFilter::builder().parse(&text) {
        reader.refuse(&key, format!("this is not a filter: {error}"), "write for instance \"info,sqlx=warn\"");
    }
    text
}
