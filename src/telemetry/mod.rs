//! What the program says: log lines (text for people, JSON for machines, or entries of journald) filtered as configured, and
//! traces for a collector, where one is configured.
//!
//! In reading order: `fields` takes fields down, `queue` brings lines out without holding anybody up, `journal` speaks to
//! journald, `traces` to a collector.

mod fields;
mod queue;
mod journal;
pub(crate) mod traces;

use std::io::{IsTerminal, Write as _, stderr};
use std::path::Path;
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use anyhow::Context as _;
use tracing::Subscriber;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::fmt::format::FmtSpan;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::Registry;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer};

use crate::clock::{Clock, SystemClock};
use crate::config::{Environment, LogFormat, LogSection, TracesSection};
use crate::connector::http::{NetworkSettings, ReqwestTransport, Transport};
use journal::{Journal, Line};
use queue::Queue;
use traces::layer::Spans;
use traces::sender::{Collector, Sender};

/// How long is whoever reads standard error waited for, when it is told why the program ended? A journald that hangs must not keep
/// a daemon from ending.
const TOLD_WITHIN: Duration = Duration::from_secs(1);

/// How long may the last traces and lines take when the program ends, and the last words?
pub(crate) const LAST: Duration = traces::sender::LAST.saturating_add(queue::FLUSH).saturating_add(TOLD_WITHIN);

/// What the command line changes: its format, and how often it said `-v`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Overrides {
    /// Instead of the configured format.
    pub format: Option<LogFormat>,
    /// 0: as configured; 1: debug; 2 and more: trace.
    pub verbose: u8,
}

/// Whether whoever logs waits until a line is out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    /// It does: a command says all that it says, and may be held up by whoever reads.
    Waits,
    /// It does not: a daemon goes on, and lines that nobody takes are dropped and counted.
    GoesOn,
}

/// How lines come out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Style {
    Coloured,
    Plain,
    Json,
}

/// One place that events or spans go to.
type Output = Box<dyn Layer<Registry> + Send + Sync>;

/// What has to be done before the program ends.
#[derive(Debug)]
#[must_use]
pub struct Telemetry {
    traces: Option<Sender>,
    lines: Option<Queue>,
}

impl Telemetry {
    /// Sends the traces and lines that are left.
    pub async fn close(mut self) {
        if let Some(traces) = self.traces.take() {
            traces.close().await;
        }
    }
}

impl Drop for Telemetry {
    /// Also where a panic leads here.
    fn drop(&mut self) {
        if let Some(lines) = &self.lines {
            // Where they are not out by then, nobody takes them, and nobody would take that either.
            lines.flush(queue::FLUSH);
        }
    }
}

/// Writes to standard error why the program ends.
pub(crate) fn last_words(text: String, pace: Pace) {
    // Where nobody reads there is nobody to tell.
    let write = move || drop(stderr().write_all(text.as_bytes()));
    match pace {
        Pace::Waits => write(),
        Pace::GoesOn => {
            let (told, is_told) = mpsc::channel::<()>();
            let writer = thread::Builder::new().spawn(move || {
                write();
                drop(told);
            });
            if writer.is_ok() {
                // It is told, or nobody takes it.
                let _ = is_told.recv_timeout(TOLD_WITHIN);
            }
        }
    }
}

/// Whether standard error goes to journald.
pub(crate) fn is_to_journal() -> bool {
    journal::takes(stderr(), Environment::of_process().journal_stream())
}

/// Sends this process's log lines and traces where they belong. To be called once, within a runtime, when the configuration is
/// known; a second call fails.
pub fn init(
    log: &LogSection,
    traces: Option<&TracesSection>,
    overrides: Overrides,
    pace: Pace,
) -> anyhow::Result<Telemetry> {
    let mut problem = None;
    let filter = directives(log, overrides.verbose);
    let wanted = overrides.format.unwrap_or(log.format);
    let of_stderr = || to_stderr(style(wanted, stderr().is_terminal(), log.colour), &filter, pace);
    let (lines, queue) = match wanted {
        LogFormat::Journal => to_socket(&filter, pace).or_else(|error| {
            problem = Some(format!("there is no journal at {} ({error}): lines go to standard error", journal::SOCKET));
            to_stderr(style(LogFormat::Auto, stderr().is_terminal(), log.colour), &filter, pace)
        }),
        // Whoever did not ask for it is not told where it cannot be had.
        LogFormat::Auto if is_to_journal() => to_socket(&filter, pace).or_else(|_| of_stderr()),
        LogFormat::Text | LogFormat::Json | LogFormat::Auto => of_stderr(),
    }
    .context("log lines have no thread")?;
    let mut outputs = vec![lines];
    let mut sender = None;
    if let Some(traces) = traces {
        let network = NetworkSettings { plain_http: traces.endpoint.scheme() == "http", ..NetworkSettings::default() };
        let transport = ReqwestTransport::new(network).context("traces cannot be sent")?;
        let (output, sends) = to_collector(traces, Arc::new(transport), Arc::new(SystemClock::new()));
        outputs.push(output);
        sender = Some(sends);
    }
    Registry::default().with(outputs).try_init()?;
    if let Some(problem) = problem {
        tracing::warn!("{problem}");
    }
    Ok(Telemetry { traces: sender, lines: queue })
}

/// What tests capture: what goes to a log as JSON, to a journal and to a collector, all at once, each by this filter.
#[derive(Debug)]
pub struct Captured<'a, W> {
    /// Where lines go.
    pub writer: W,
    /// Where a journal listens.
    pub journal: &'a Path,
    /// The collector.
    pub traces: &'a TracesSection,
    /// What reaches it.
    pub transport: Arc<dyn Transport>,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

impl<W: for<'w> MakeWriter<'w> + Clone + Send + Sync + 'static> Captured<'_, W> {
    /// A subscriber that has all of it. Fails where no journal listens.
    pub fn subscriber(self, filter: &str) -> std::io::Result<(impl Subscriber + Send + Sync, Telemetry)> {
        let Self { writer, journal, traces, transport, clock } = self;
        let (spans, sender) = to_collector(traces, transport, clock);
        let outputs = vec![
            to_lines(Style::Json, filter, writer.clone()),
            to_lines(Style::Plain, filter, writer),
            to_journal(Journal::at(journal::connect(journal)?), filter),
            spans,
        ];
        Ok((Registry::default().with(outputs), Telemetry { traces: Some(sender), lines: None }))
    }
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
        (LogFormat::Json | LogFormat::Journal, _, _) | (LogFormat::Auto, false, _) => Style::Json,
    }
}

/// A filter whose directives were checked when the configuration was read.
fn filtered(directives: &str) -> EnvFilter {
    EnvFilter::builder().parse_lossy(directives)
}

fn to_lines<W>(style: Style, filter: &str, writer: W) -> Output
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    let lines = tracing_subscriber::fmt::layer().with_writer(writer).with_span_events(FmtSpan::NONE);
    match style {
        Style::Coloured => lines.with_ansi(true).with_filter(filtered(filter)).boxed(),
        Style::Plain => lines.with_ansi(false).with_filter(filtered(filter)).boxed(),
        Style::Json => {
            let lines = lines.json().flatten_event(true).with_current_span(false).with_span_list(true);
            lines.with_filter(filtered(filter)).boxed()
        }
    }
}

/// Lines to standard error, and the queue that they go through, where there is one.
fn to_stderr(style: Style, filter: &str, pace: Pace) -> std::io::Result<(Output, Option<Queue>)> {
    if pace == Pace::Waits {
        return Ok((to_lines(style, filter, stderr), None));
    }
    let queue = Queue::start(|line| stderr().lock().write_all(line), tell_lost)?;
    Ok((to_lines(style, filter, queue.clone()), Some(queue)))
}

/// Entries to journald, and the queue that they go through, where there is one. Fails where no journal listens.
fn to_socket(filter: &str, pace: Pace) -> std::io::Result<(Output, Option<Queue>)> {
    let path = Path::new(journal::SOCKET);
    if pace == Pace::Waits {
        return Ok((to_journal(Journal::at(journal::connect(path)?), filter), None));
    }
    let mut line = Line::to(path)?;
    let queue = Queue::start(move |entry| line.send(entry), tell_lost)?;
    Ok((to_journal(Journal::through(queue.clone()), filter), Some(queue)))
}

/// Goes the way of any line.
fn tell_lost(lines: u64) {
    tracing::warn!(log.lost = lines, "{lines} log lines were lost here: nobody took them");
}

fn to_journal(journal: Journal, filter: &str) -> Output {
    journal.with_filter(filtered(filter)).boxed()
}

fn to_collector(section: &TracesSection, transport: Arc<dyn Transport>, clock: Arc<dyn Clock>) -> (Output, Sender) {
    let (spans, queue) = Spans::new(section.queue, Arc::clone(&clock));
    let collector = Collector {
        endpoint: section.endpoint.clone(),
        authorization: section.authorization.clone(),
        service: section.service.clone(),
        timeout: section.timeout,
    };
    let sender = Sender::start(collector, transport, queue, clock);
    (spans.with_filter(filtered(&section.filter)).boxed(), sender)
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
        let lines = to_lines(style, directives, move || writer.clone());
        tracing::subscriber::with_default(Registry::default().with(vec![lines]), || {
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
