//! Spans as they end, for whoever sends them on: what was done, for how long, and within what.
//!
//! It collects and never waits: a span that there is no room for is left out and counted.

use std::fmt::Debug;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use tokio::sync::mpsc;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Metadata, Subscriber};
use tracing_subscriber::layer::{Context, Layer};
use tracing_subscriber::registry::LookupSpan;

use crate::cli::chance::Chance;

/// Spans that may wait to be sent on.
const WAITING: usize = 8192;

/// A value of a span's field.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    Text(String),
    Whole(i64),
    Number(f64),
    Switch(bool),
}

/// A span that has ended.
#[derive(Debug, Clone)]
pub(super) struct Ended {
    pub(super) trace: [u8; 16],
    pub(super) span: [u8; 8],
    pub(super) parent: Option<[u8; 8]>,
    pub(super) name: &'static str,
    /// Nanoseconds since 1970.
    pub(super) began: u64,
    pub(super) ended: u64,
    pub(super) fields: Vec<(&'static str, Value)>,
}

/// A span that goes on.
struct Open {
    ended: Ended,
    since: Instant,
}

/// Hears spans and hands them on.
pub(super) struct Collector {
    ended: mpsc::Sender<Ended>,
    missed: Arc<AtomicU64>,
}

/// Where ended spans come out.
pub(super) struct Collected {
    pub(super) ended: mpsc::Receiver<Ended>,
    /// How many there was no room for.
    pub(super) missed: Arc<AtomicU64>,
}

/// The two ends of a collection.
pub(super) fn collect() -> (Collector, Collected) {
    let (sender, ended) = mpsc::channel(WAITING);
    let missed = Arc::new(AtomicU64::new(0));
    (Collector { ended: sender, missed: Arc::clone(&missed) }, Collected { ended, missed })
}

/// Whether a span is one of ours; those of libraries are not told.
pub(super) fn is_ours(metadata: &Metadata<'_>) -> bool {
    metadata.is_span() && metadata.target().starts_with("flagpost")
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Collector {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        let above = span.parent().and_then(|parent| {
            let extensions = parent.extensions();
            extensions.get::<Open>().map(|open| (open.ended.trace, open.ended.span))
        });
        let (began, chance) = Chance.instant();
        let (trace, own) = chance.split_at(16);
        let trace = above.map_or_else(|| trace.try_into().unwrap_or_default(), |(trace, _)| trace);
        let mut ended = Ended {
            trace,
            span: own.try_into().unwrap_or_default(),
            parent: above.map(|(_, span)| span),
            name: span.name(),
            began,
            ended: began,
            fields: Vec::new(),
        };
        attributes.record(&mut Fields(&mut ended.fields));
        span.extensions_mut().insert(Open { ended, since: Instant::now() });
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        if let Some(open) = span.extensions_mut().get_mut::<Open>() {
            values.record(&mut Fields(&mut open.ended.fields));
        }
    }

    fn on_close(&self, id: Id, context: Context<'_, S>) {
        let Some(span) = context.span(&id) else { return };
        let Some(Open { mut ended, since }) = span.extensions_mut().remove::<Open>() else { return };
        let took = u64::try_from(since.elapsed().as_nanos()).unwrap_or(u64::MAX);
        ended.ended = ended.began.saturating_add(took);
        if self.ended.try_send(ended).is_err() {
            self.missed.fetch_add(1, Ordering::Relaxed);
        }
    }
}

struct Fields<'f>(&'f mut Vec<(&'static str, Value)>);

impl Visit for Fields<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.0.push((field.name(), Value::Text(format!("{value:?}"))));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.push((field.name(), Value::Text(value.to_owned())));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.0.push((field.name(), Value::Whole(value)));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        let whole = i64::try_from(value).map_or_else(|_| Value::Text(value.to_string()), Value::Whole);
        self.0.push((field.name(), whole));
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.0.push((field.name(), Value::Number(value)));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.0.push((field.name(), Value::Switch(value)));
    }
}

#[cfg(test)]
mod tests {
    use tracing_subscriber::layer::SubscriberExt;

    use super::{Layer, Value, collect, is_ours};

    #[test]
    fn spans_are_told_when_they_end_with_what_they_stand_in() {
        let (collector, mut collected) = collect();
        let filter = tracing_subscriber::filter::filter_fn(is_ours);
        let subscriber = tracing_subscriber::registry().with(collector.with_filter(filter));
        tracing::subscriber::with_default(subscriber, || {
            let request = tracing::error_span!("request", request.id = %"r-1", status = tracing::field::Empty);
            request.in_scope(|| {
                let _library = tracing::error_span!(target: "hyper", "proto").entered();
                drop(tracing::debug_span!("plan", events = 3_u64, all = true));
            });
            request.record("status", 202_u64);
        });
        let plan = collected.ended.try_recv().expect("it ended first");
        let request = collected.ended.try_recv().expect("it ended");
        assert!(collected.ended.try_recv().is_err(), "what libraries do is not told");
        assert_eq!((plan.name, request.name), ("plan", "request"));
        assert_eq!((plan.trace, plan.parent), (request.trace, Some(request.span)));
        assert_eq!((request.parent, request.trace == [0; 16], request.span == plan.span), (None, false, false));
        assert_eq!(plan.fields, [("events", Value::Whole(3)), ("all", Value::Switch(true))]);
        let told = [("request.id", Value::Text("r-1".to_owned())), ("status", Value::Whole(202))];
        assert_eq!(request.fields, told);
        assert!(request.ended >= request.began && request.began > 1_000_000_000_000_000_000);
    }
}
