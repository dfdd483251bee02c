//! Log lines for journald with their fields, by its native protocol (systemd's `JOURNAL_NATIVE_PROTOCOL`): one datagram a line.
//!
//! Written here and not by `tracing-journald`: that one knows one socket, so that nothing of it can be tested where no journal
//! is, and its fields have other names than ours.

use std::fmt;
use std::io;
use std::os::fd::AsFd;
use std::os::unix::net::UnixDatagram;
use std::path::Path;

use tracing::{Event, Level, Subscriber, span};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

use super::fields::{Fields, Taken};
use super::queue::Queue;

/// Where journald listens.
pub(super) const SOCKET: &str = "/run/systemd/journal/socket";

/// How long a field's name may be (systemd.journal-fields(7)).
const NAME: usize = 64;

/// How much of a value is sent: a datagram must fit into the socket's buffer.
const VALUE: usize = 16 << 10;

/// Sends events to a journal.
pub(super) struct Journal {
    send: Box<dyn Fn(Vec<u8>) + Send + Sync>,
}

impl Journal {
    /// A journal that is sent each entry at once, and waited for.
    pub(super) fn at(socket: UnixDatagram) -> Self {
        // A line that does not arrive is lost: there is no better place to say so.
        Self { send: Box::new(move |entry| drop(socket.send(&entry))) }
    }

    /// A journal that is sent entries by somebody else.
    pub(super) fn through(queue: Queue) -> Self {
        Self { send: Box::new(move |entry| queue.push(entry)) }
    }
}

impl fmt::Debug for Journal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Journal").finish_non_exhaustive()
    }
}

/// A socket to a journal that listens at a path. Fails where none does.
pub(super) fn connect(path: &Path) -> io::Result<UnixDatagram> {
    let socket = UnixDatagram::unbound()?;
    socket.connect(path)?;
    Ok(socket)
}

/// Whether a stream goes to the journal: `$JOURNAL_STREAM` then names its device and inode (systemd.exec(5)). A variable that was
/// inherited alone says nothing, since the stream may have been led elsewhere.
pub(super) fn takes(stream: impl AsFd, variable: Option<&str>) -> bool {
    let named = variable.and_then(|named| named.split_once(':'));
    let named = named.and_then(|(device, inode)| Some((device.parse::<u64>().ok()?, inode.parse::<u64>().ok()?)));
    let stream = rustix::fs::fstat(stream).ok().map(|stream| (stream.st_dev, stream.st_ino));
    stream.is_some() && stream == named
}

impl<S: Subscriber + for<'s> LookupSpan<'s>> Layer<S> for Journal {
    fn on_new_span(&self, attributes: &span::Attributes<'_>, id: &span::Id, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        span.extensions_mut().insert(OfSpan(fields));
    }

    fn on_record(&self, id: &span::Id, values: &span::Record<'_>, context: Context<'_, S>) {
        if let Some(span) = context.span(id)
            && let Some(OfSpan(fields)) = span.extensions_mut().get_mut()
        {
            values.record(fields);
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut entry = Entry::default();
        let metadata = event.metadata();
        entry.put("PRIORITY", priority(*metadata.level()));
        entry.put("SYSLOG_IDENTIFIER", env!("CARGO_PKG_NAME"));
        entry.put("TARGET", metadata.target());
        let mut names = Vec::new();
        for span in context.event_scope(event).into_iter().flat_map(tracing_subscriber::registry::Scope::from_root) {
            names.push(span.name());
            if let Some(OfSpan(fields)) = span.extensions().get() {
                entry.put_all(fields);
            }
        }
        if !names.is_empty() {
            entry.put("SPANS", &names.join(":"));
        }
        let mut fields = Fields::default();
        event.record(&mut fields);
        entry.put_all(&fields);
        (self.send)(entry.0);
    }
}

/// What a span carries, of this layer.
struct OfSpan(Fields);

/// syslog's numbers.
fn priority(level: Level) -> &'static str {
    match level {
        Level::ERROR => "3",
        Level::WARN => "4",
        Level::INFO => "6",
        Level::DEBUG | Level::TRACE => "7",
    }
}

/// A datagram in the making.
#[derive(Debug, Default)]
struct Entry(Vec<u8>);

impl Entry {
    fn put_all(&mut self, fields: &Fields) {
        for (name, value) in &fields.0 {
            match value {
                Taken::Text(text) => self.put(name, text),
                Taken::Whole(_) | Taken::Fraction(_) | Taken::Truth(_) => self.put(name, &value.text()),
            }
        }
    }

    /// `NAME=value`, or, where the value has several lines, the name, its length in eight bytes, and the value.
    fn put(&mut self, name: &str, value: &str) {
        let Some(name) = field_name(name) else { return };
        let value = value.get(..value.floor_char_boundary(VALUE)).unwrap_or(value);
        self.0.extend_from_slice(name.as_bytes());
        if value.contains('\n') {
            self.0.push(b'\n');
            self.0.extend_from_slice(&(value.len() as u64).to_le_bytes());
        } else {
            self.0.push(b'=');
        }
        self.0.extend_from_slice(value.as_bytes());
        self.0.push(b'\n');
    }
}

/// `side.name` becomes `SIDE_NAME`: journald takes capital letters, digits and underscores, and no underscore at the beginning.
fn field_name(name: &str) -> Option<String> {
    let sign = |sign: char| if sign.is_ascii_alphanumeric() { sign.to_ascii_uppercase() } else { '_' };
    let name: String = name.chars().map(sign).take(NAME).collect();
    let name = name.trim_start_matches(|sign: char| sign == '_' || sign.is_ascii_digit());
    (!name.is_empty()).then(|| name.to_owned())
}

/// A socket to a journal that may be started anew, which nobody is told who sends to it.
#[derive(Debug)]
pub(super) struct Line<'a> {
    path: &'a Path,
    socket: UnixDatagram,
}

impl<'a> Line<'a> {
    /// To the journal that listens at a path. Fails where none does.
    pub(super) fn to(path: &'a Path) -> io::Result<Self> {
        Ok(Self { path, socket: connect(path)? })
    }

    /// Sends an entry, to whoever listens there now.
    pub(super) fn send(&mut self, entry: &[u8]) -> io::Result<()> {
        if self.socket.send(entry).is_err() {
            self.socket = connect(self.path)?;
            self.socket.send(entry)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use tracing_subscriber::layer::SubscriberExt as _;
    use tracing_subscriber::registry::Registry;

    use super::*;

    /// What a journal is sent while something happens, a datagram each.
    fn sent(happens: impl FnOnce()) -> Vec<Vec<u8>> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("socket");
        let journal = UnixDatagram::bind(&path).unwrap();
        journal.set_nonblocking(true).unwrap();
        tracing::subscriber::with_default(Registry::default().with(Journal::at(connect(&path).unwrap())), happens);
        let mut datagrams = Vec::new();
        let mut buffer = vec![0; 1 << 16];
        while let Ok(length) = journal.recv(&mut buffer) {
            datagrams.push(buffer[..length].to_vec());
        }
        datagrams
    }

    #[test]
    fn an_entry_has_its_priority_its_fields_and_those_of_its_spans() {
        let sent = sent(|| {
            let span = tracing::info_span!("pass", pass.id = 7, outcome = tracing::field::Empty).entered();
            span.record("outcome", "applied");
            let _scan = tracing::info_span!("scan", side = "crm").entered();
            tracing::warn!(side.name = "crm", records.count = 3_u64, "3 records differ");
        });
        let [entry] = &sent[..] else { panic!("{sent:?}") };
        let entry = String::from_utf8(entry.clone()).unwrap();
        let lines: Vec<&str> = entry.lines().collect();
        for wanted in [
            "PRIORITY=4",
            "SYSLOG_IDENTIFIER=flowtly-sync",
            "MESSAGE=3 records differ",
            "SPANS=pass:scan",
            "PASS_ID=7",
            "OUTCOME=applied",
            "SIDE=crm",
            "SIDE_NAME=crm",
            "RECORDS_COUNT=3",
        ] {
            assert!(lines.contains(&wanted), "{wanted}: {entry}");
        }
    }

    #[test]
    fn a_value_of_several_lines_is_told_with_its_length() {
        let sent = sent(|| tracing::error!("two\nlines"));
        let wanted = b"MESSAGE\n\x09\0\0\0\0\0\0\0two\nlines\n";
        assert!(sent[0].windows(wanted.len()).any(|window| window == wanted), "{:?}", sent[0]);
        assert!(sent[0].starts_with(b"PRIORITY=3\n"));
    }

    #[test]
    fn a_value_beyond_any_datagram_is_cut_between_letters() {
        let sent = sent(|| tracing::info!("a{}", "ł".repeat(VALUE)));
        assert!(sent[0].len() < VALUE + 1_000 && String::from_utf8(sent[0].clone()).is_ok());
    }

    #[test]
    fn where_no_journal_listens_there_is_none() {
        assert!(connect(Path::new("/nowhere/journal")).is_err());
    }

    #[test]
    fn a_stream_is_the_journals_where_the_variable_names_this_very_stream() {
        let (ours, other) = (tempfile::tempfile().unwrap(), tempfile::tempfile().unwrap());
        let stat = rustix::fs::fstat(&ours).unwrap();
        let named = format!("{}:{}", stat.st_dev, stat.st_ino);
        assert!(takes(&ours, Some(&named)));
        assert!(!takes(&other, Some(&named)), "it was led elsewhere");
        for named in [None, Some(""), Some("8"), Some("8:x"), Some("8:1:2")] {
            assert!(!takes(&ours, named), "{named:?}");
        }
    }

    #[test]
    fn whoever_logs_does_not_wait_for_a_journal_that_hangs() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("socket");
        // It takes nothing, so that its socket fills.
        let journal = UnixDatagram::bind(&path).unwrap();
        let socket = connect(&path).unwrap();
        let queue = Queue::start(move |entry| socket.send(entry).map(drop), |_| ()).unwrap();
        let logs = || (0..10_000).for_each(|number| tracing::info!("line {number}"));
        tracing::subscriber::with_default(Registry::default().with(Journal::through(queue.clone())), logs);
        assert!(!queue.flush(std::time::Duration::ZERO));
        drop(journal);
    }

    #[test]
    fn a_journal_that_was_started_anew_gets_entries_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("socket");
        let first = UnixDatagram::bind(&path).unwrap();
        let mut line = Line::to(&path).unwrap();
        line.send(b"MESSAGE=one\n").unwrap();
        drop(first);
        std::fs::remove_file(&path).unwrap();
        line.send(b"MESSAGE=lost\n").unwrap_err();
        let second = UnixDatagram::bind(&path).unwrap();
        second.set_nonblocking(true).unwrap();
        line.send(b"MESSAGE=two\n").unwrap();
        let mut buffer = [0; 100];
        let length = second.recv(&mut buffer).unwrap();
        assert_eq!(&buffer[..length], b"MESSAGE=two\n");
    }

    #[rstest]
    #[case("side.name", Some("SIDE_NAME"))]
    #[case("_private", Some("PRIVATE"))]
    #[case("2fast", Some("FAST"))]
    #[case("żółw", Some("W"))]
    #[case("__", None)]
    fn names_are_as_journald_takes_them(#[case] name: &str, #[case] wanted: Option<&str>) {
        assert_eq!(field_name(name).as_deref(), wanted);
    }
}
