//! Log lines: text for people or JSON for machines, always to standard error, filtered as configured.

use std::io::{IsTerminal, stderr};

use tracing::Subscriber;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::fmt::format::FmtSpan;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::Registry;
use tracing_subscriber::util::SubscriberInitExt;

use crate::config::{LogFormat, LogSection};

/// What the command line changes: its format, and how often it said `-v`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Overrides {
    /// Instead of the configured format.
    pub format: Option<LogFormat>,
    /// 0: as configured; 1: debug; 2 and more: trace.
    pub verbose: u8,
}

/// How lines come out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Style {
    Coloured,
    Plain,
    Json,
}

/// Sends this process's log lines to standard error. To be called once, when the configuration is known; a second call
/// changes nothing and says so.
pub fn init(section: &LogSection, overrides: Overrides) -> anyhow::Result<()> {
    let style = style(overrides.format.unwrap_or(section.format), stderr().is_terminal(), section.colour);
    subscriber(style, &directives(section, overrides.verbose), stderr).try_init()?;
    Ok(())
}

/// `RUST_LOG` wins over `-v`, which wins over the configuration.
fn directives(section: &LogSection, verbose: u8) -> String {
    match (section.pinned, verbose) {
        (true, _) | (false, 0) => section.filter.clone(),
        (false, 1) => "warn,flowtly_sync=debug".to_owned(),
        (false, _) => "info,flowtly_sync=trace".to_owned(),
    }
}

fn style(format: LogFormat, terminal: bool, colour: bool) -> Style {
    match (format, terminal, colour) {
        (LogFormat::Text | LogFormat::Auto, true, true) => Style::Coloured,
        (LogFormat::Text | LogFormat::Auto, true, false) | (LogFormat::Text, false, _) => Style::Plain,
        (LogFormat::Json, _, _) | (LogFormat::Auto, false, _) => Style::Json,
    }
}

fn subscriber<W>(style: Style, directives: &str, writer: W) -> Box<dyn Subscriber + Send + Sync>
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    // Directives were checked when the configuration was read.
    let filter = EnvFilter::builder().parse_lossy(directives);
    let base = Registry::default().with(filter);
    let lines = tracing_subscriber::fmt::layer().with_writer(writer).with_span_events(FmtSpan::NONE);
    match style {
        Style::Coloured => Box::new(base.with(lines.with_ansi(true))),
        Style::Plain => Box::new(base.with(lines.with_ansi(false))),
        Style::Json => {
            let lines = lines.json().flatten_event(true).with_current_span(false).with_span_list(true);
            Box::new(base.with(lines))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{self, Write};
    use std::sync::{Arc, Mutex};

    use rstest::rstest;

    use super::*;

    #[derive(Clone, Default)]
    struct Captured(Arc<Mutex<Vec<u8>>>);

    impl Write for Captured {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// What a subscriber writes while a few events happen.
    fn written(style: Style, directives: &str) -> String {
        let captured = Captured::default();
        let writer = captured.clone();
        tracing::subscriber::with_default(subscriber(style, directives, move || writer.clone()), || {
            let _span = tracing::info_span!("pass", pass.id = 7).entered();
            tracing::info!(target: "flowtly_sync::sync", { company.count = 3 }, "read 3 companies");
            tracing::debug!(target: "flowtly_sync::sync", "a detail");
            tracing::info!(target: "sqlx", "a library's chatter");
        });
        let bytes = captured.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap()
    }

    fn section(filter: &str, pinned: bool) -> LogSection {
        LogSection { format: LogFormat::Auto, filter: filter.to_owned(), pinned, colour: true }
    }

    #[test]
    fn a_json_line_parses_and_carries_fields_and_span() {
        let lines = written(Style::Json, "warn,flowtly_sync=info");
        let [line] = lines.lines().collect::<Vec<_>>()[..] else { panic!("not one line: {lines}") };
        let event: serde_json::Value = serde_json::from_str(line).unwrap();
        assert_eq!(event["message"], "read 3 companies");
        assert_eq!(event["level"], "INFO");
        assert_eq!(event["company.count"], 3);
        assert_eq!(event["spans"][0]["pass.id"], 7);
        assert!(event["timestamp"].as_str().unwrap().ends_with('Z'));
    }

    #[test]
    fn a_text_line_has_colour_codes_on_a_terminal_alone() {
        assert!(written(Style::Coloured, "flowtly_sync=info").contains('\u{1b}'));
        let plain = written(Style::Plain, "flowtly_sync=info");
        assert!(plain.contains("read 3 companies") && !plain.contains('\u{1b}'), "{plain}");
    }

    #[test]
    fn more_is_written_where_more_is_asked_for() {
        assert_eq!(written(Style::Json, &directives(&section("warn,flowtly_sync=info", false), 1)).lines().count(), 2);
        assert_eq!(written(Style::Json, &directives(&section("warn,flowtly_sync=info", false), 2)).lines().count(), 3);
        assert_eq!(written(Style::Json, &directives(&section("off", true), 2)), "");
    }

    #[rstest]
    #[case(LogFormat::Auto, true, Style::Coloured)]
    #[case(LogFormat::Auto, false, Style::Json)]
    #[case(LogFormat::Text, true, Style::Coloured)]
    #[case(LogFormat::Text, false, Style::Plain)]
    #[case(LogFormat::Json, true, Style::Json)]
    #[case(LogFormat::Json, false, Style::Json)]
    fn the_form_follows_format_and_terminal(#[case] format: LogFormat, #[case] terminal: bool, #[case] wanted: Style) {
        assert_eq!(style(format, terminal, true), wanted);
        let plain = if wanted == Style::Coloured { Style::Plain } else { wanted };
        assert_eq!(style(format, terminal, false), plain);
    }
}
