//! Notes spans, from their beginning to their end.

use std::sync::Arc;

use tokio::sync::mpsc;
use tracing::{Event, Level, Subscriber, span};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

use super::super::fields::Fields;
use super::{Span, dropped};
use crate::clock::Clock;

/// Puts spans that end into a queue.
#[derive(Debug)]
pub(in crate::telemetry) struct Spans {
    queue: mpsc::Sender<Ended>,
    clock: Arc<dyn Clock>,
}

/// A span on its way.
#[derive(Debug)]
pub(in crate::telemetry) struct Ended(pub(super) Span);

/// A span that goes on.
struct Open(Span);

impl Spans {
    /// A layer, and where its spans come out; `queue` of them may wait.
    pub(in crate::telemetry) fn new(queue: usize, clock: Arc<dyn Clock>) -> (Self, mpsc::Receiver<Ended>) {
        let (sender, receiver) = mpsc::channel(queue.max(1));
        (Self { queue: sender, clock }, receiver)
    }

    fn now(&self) -> i64 {
        self.clock.now().timestamp_nanos_opt().unwrap_or_default()
    }
}

impl<S: Subscriber + for<'s> LookupSpan<'s>> Layer<S> for Spans {
    fn on_new_span(&self, attributes: &span::Attributes<'_>, id: &span::Id, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        let parent = span.parent().and_then(|parent| {
            let extensions = parent.extensions();
            extensions.get::<Open>().map(|Open(parent)| (parent.trace, parent.id))
        });
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        let began = self.now();
        let open = Span {
            // Zero is no id (W3C Trace Context, section 3.2.2).
            trace: parent.map_or_else(|| fastrand::u128(1..), |(trace, _)| trace),
            id: fastrand::u64(1..),
            parent: parent.map(|(_, id)| id),
            name: span.name(),
            target: span.metadata().target(),
            began,
            ended: began,
            fields,
            failed: false,
        };
        span.extensions_mut().insert(Open(open));
    }

    fn on_record(&self, id: &span::Id, values: &span::Record<'_>, context: Context<'_, S>) {
        if let Some(span) = context.span(id)
            && let Some(Open(span)) = span.extensions_mut().get_mut()
        {
            values.record(&mut span.fields);
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        if *event.metadata().level() == Level::ERROR
            && let Some(span) = context.event_span(event)
            && let Some(Open(span)) = span.extensions_mut().get_mut()
        {
            span.failed = true;
        }
    }

    fn on_close(&self, id: span::Id, context: Context<'_, S>) {
        let Some(span) = context.span(&id) else { return };
        let Some(Open(mut span)) = span.extensions_mut().remove() else { return };
        span.ended = self.now().max(span.began);
        if self.queue.try_send(Ended(span)).is_err() {
            dropped().inc();
        }
    }
}
