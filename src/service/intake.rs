//! From what a source sent to what is stored: each event parsed once, every subscription asked that may want it.

use std::sync::Arc;

use tracing::Instrument;

use super::bodies::Bodies;
use super::subscriptions::{Active, Served, Table};
use super::{EventOutcome, FailureView, Happening, Ordering, ServiceError, TakeReport, Taken};
use crate::dispatch::{Body, SkipReason};
use crate::event::Event;
use crate::policy::{Resource, Target, UnstatedTags, Verdict};
use crate::source::{Batch, IncomingEvent};
use crate::store::{Decided, Digest, EventContent, Moment, NewEvent, Outcome, Planned, Receipt, Skip, SourceId, Store};
use crate::value::{ParseError, Value};

/// How many resources of one event are kept for finding it again.
const RESOURCES: usize = 64;

/// Events of one request that are planned before others get their turn.
const TURN: usize = 32;

/// The event of a content, as templates and policies see it. `with_raw` brings its bytes along, for integrations that
/// send events as they came.
pub(super) fn event_of(content: &EventContent, with_raw: bool) -> Result<Event<'_>, ParseError> {
    let raw = || Event::parse(&content.raw).ok().and_then(|event| event.raw);
    let raw = if with_raw { raw() } else { None };
    Ok(Event { context: Value::parse(content.context())?, accesses: None, raw })
}

/// Plans a batch: the events to be stored, each with what was decided.
pub(super) async fn plan(source: &SourceId, batch: Batch, table: &Table, bodies: &Bodies) -> Planning {
    let span = tracing::debug_span!("plan", source.key = %source, events = batch.events.len());
    plan_all(source, batch, table, bodies).instrument(span).await
}

async fn plan_all(source: &SourceId, batch: Batch, table: &Table, bodies: &Bodies) -> Planning {
    let mut planning = Planning { source: source.clone(), events: Vec::new(), failures: Vec::new() };
    let mut places = Vec::new();
    for (index, incoming) in batch.events.into_iter().enumerate() {
        if index % TURN == TURN - 1 {
            tokio::task::yield_now().await;
        }
        match plan_event(source, incoming, table, bodies, &mut places) {
            Ok(event) => planning.events.push(event),
            Err(error) => planning.failures.push(FailureView {
                index,
                line: 1,
                reason: format!("the event cannot be read back: {error}"),
            }),
        }
    }
    planning.failures.extend(batch.failures.into_iter().map(|failure| FailureView {
        index: failure.index,
        line: failure.line,
        reason: failure.reason,
    }));
    planning
}

/// A batch, planned.
pub(super) struct Planning {
    pub(super) source: SourceId,
    pub(super) events: Vec<NewEvent>,
    pub(super) failures: Vec<FailureView>,
}

fn plan_event(
    source: &SourceId,
    incoming: IncomingEvent,
    table: &Table,
    bodies: &Bodies,
    places: &mut Vec<u32>,
) -> Result<NewEvent, ParseError> {
    let context = (incoming.context != incoming.raw).then_some(incoming.context);
    let content = Arc::new(EventContent {
        source: source.clone(),
        id: incoming.id,
        occurred: Some(Moment::from_millis(incoming.occurred_at_milliseconds)),
        digest: Digest(incoming.digest),
        raw: incoming.raw,
        context,
    });
    let mut event = event_of(&content, table.any_needs_raw)?;
    event.accesses = incoming.targets;
    let targets = event.targets();
    table.candidates(&targets, places);
    let mut decided = Vec::with_capacity(places.len());
    for place in places.iter() {
        let active = table.at(*place);
        let outcome = decide(active, &event, &targets, &content, bodies);
        decided.push(Decided { subscription: active.id.clone(), version: active.version, outcome });
    }
    let unlisted = u32::try_from(table.len() - decided.len()).unwrap_or(u32::MAX);
    let mut resources: Vec<String> =
        targets.iter().map(|target| plain_name(&target.resource)).filter(|name| !name.is_empty()).collect();
    resources.sort();
    resources.dedup();
    resources.truncate(RESOURCES);
    Ok(NewEvent { content: Arc::clone(&content), resources, decided, unlisted })
}

/// A resource as somebody looks for it, in the form that is kept. They read it with its tags elsewhere.
pub(super) fn without_tags(wanted: String) -> String {
    Resource::parse(&wanted, UnstatedTags::Unknown).map_or_else(|_| wanted.clone(), |resource| plain_name(&resource))
}

/// A resource by its types and names, without tags, which come and go.
fn plain_name(resource: &Resource<'_>) -> String {
    let mut name = String::new();
    for segment in &resource.segments {
        if !name.is_empty() {
            name.push(':');
        }
        name.push_str(&segment.kind);
        if !segment.name.is_empty() {
            name.push('/');
            name.push_str(&segment.name);
        }
    }
    name
}

fn decide(
    active: &Active,
    event: &Event<'_>,
    targets: &[Target<'_>],
    content: &Arc<EventContent>,
    bodies: &Bodies,
) -> Outcome {
    let served = match &active.state {
        Ok(served) => served,
        Err(mistakes) => {
            let first = mistakes.first().map(|first| format!("{}: {}", first.pointer, first.message));
            let message = format!("the subscription is not configured: {}", first.unwrap_or_default());
            return Outcome::Skip(Skip::RenderError { message });
        }
    };
    let decision = served.planner.decide(targets);
    match decision.verdict {
        Verdict::Allow if !active.enabled => Outcome::Skip(Skip::Paused),
        Verdict::Allow => match served.planner.body(event) {
            Ok(Body::Text(body)) => {
                if served.document.oauth.is_none() {
                    bodies.keep(content, active, body);
                }
                Outcome::Send(Planned {
                    integration: served.integration,
                    ordering: ordering(served, targets),
                    due: None,
                })
            }
            Ok(Body::Skip(reason)) => Outcome::Skip(skip(&reason)),
            Err(error) => Outcome::Skip(Skip::RenderError { message: error.message }),
        },
        Verdict::Deny => Outcome::Skip(Skip::Denied {
            statement: u32::try_from(decision.statement.unwrap_or_default()).unwrap_or(u32::MAX),
        }),
        Verdict::None => Outcome::Skip(Skip::NoAllow),
    }
}

fn ordering(served: &Served, targets: &[Target<'_>]) -> Option<String> {
    match served.document.ordering {
        Ordering::None => None,
        Ordering::PerKey => Some(targets.first().map(|target| plain_name(&target.resource)).unwrap_or_default()),
    }
}

fn skip(reason: &SkipReason) -> Skip {
    match reason {
        SkipReason::EmptyBody { .. } => Skip::EmptyBody,
        SkipReason::Denied => Skip::Denied { statement: 0 },
        SkipReason::NotAllowed => Skip::NoAllow,
        SkipReason::NoHook | SkipReason::CustomDelivery | SkipReason::NoEndpoint | SkipReason::NoTemplate { .. } => {
            Skip::NoTemplate
        }
    }
}

/// Stores what was planned, in one step, and says what became of each.
pub(super) async fn accept(
    store: &dyn Store,
    planning: Planning,
    now: Moment,
    tell: impl Fn(Happening),
) -> Result<TakeReport, ServiceError> {
    let Planning { source, events, failures } = planning;
    let told: Vec<Arc<EventContent>> = events.iter().map(|event| Arc::clone(&event.content)).collect();
    let receipts = if events.is_empty() { Vec::new() } else { store.accept(events, now).await? };
    let mut report = TakeReport { events: Vec::with_capacity(receipts.len()), failures };
    let (mut accepted, mut seen, mut conflicts, mut made) = (0, 0, 0, 0);
    for (content, receipt) in told.iter().zip(receipts) {
        let (event, outcome, deliveries, count) = match receipt {
            Receipt::Accepted { event, deliveries } => {
                let (source, id) = (content.source.clone(), content.id.clone());
                tell(Happening::Accepted { event, source, id, deliveries });
                (event, EventOutcome::Accepted, deliveries, &mut accepted)
            }
            Receipt::Seen { event } => (event, EventOutcome::Seen, 0, &mut seen),
            Receipt::Conflict { event } => (event, EventOutcome::Conflict, 0, &mut conflicts),
        };
        *count += 1;
        made += deliveries;
        report.events.push(Taken { event: event.number().to_string(), id: content.id.clone(), outcome, deliveries });
    }
    let failed = u32::try_from(report.failures.len()).unwrap_or(u32::MAX);
    // What nothing could be made of is told as well: a sender who changed their format would be silent otherwise.
    if !report.events.is_empty() || failed > 0 {
        let reason = report.failures.first().map(|first| first.reason.clone());
        tell(Happening::Taken { source, accepted, seen, conflicts, failed, reason, deliveries: made });
    }
    Ok(report)
}
