//! Lists, newest first: walks the index that fits the filter best, backwards from the cursor, and looks at each row.
//!
//! No count is taken and no offset skipped, so a page costs the same wherever it lies. Each page looks at a bounded
//! number of rows; a page that found little ends with a cursor all the same.

use rusqlite::{OptionalExtension as _, Params, params};

use super::read::Reader;
use super::recent::{Side, numbers};
use super::state::read_ledger;
use crate::store::ids::text_number;
use crate::store::{
    Cursor, Delivery, DeliveryFilter, DeliveryKey, EventFilter, EventSummary, Moment, Page, PageRequest, State,
    StoreError, VerdictKind,
};

type Result<T> = std::result::Result<T, StoreError>;

/// Rows that one page looks at.
const BUDGET: usize = 4096;

/// Rows that are fetched at a time, at least.
const STRIDE: usize = 64;

/// Keys from `low` up to, but without, `below`.
#[derive(Debug, Clone, Copy)]
struct Span {
    low: u64,
    below: u64,
}

/// One index range that yields keys, newest first.
#[derive(Debug, Clone, Copy)]
enum Stream {
    /// All events.
    Events,
    /// Events that touch a resource.
    Resource(i64),
    /// The newest of them, which its index may not show yet.
    Lately(i64),
    /// Events that a subscription skipped for a reason.
    Skipped(i64, VerdictKind),
    /// All deliveries.
    Deliveries,
    /// Deliveries of a subscription that are ready.
    Ready(i64),
    /// Deliveries of a subscription that are to be made later or are held.
    Postponed(i64),
    /// Deliveries of a subscription that are settled in a state.
    Settled(i64, State),
    /// Events of which a subscription has deliveries.
    Sent(i64),
}

impl Reader {
    pub(super) fn events(&self, filter: &EventFilter, page: PageRequest) -> Result<Page<EventSummary>> {
        self.note_recent(filter.resource.as_deref())?;
        let Some(streams) = self.event_streams(filter)? else { return Ok(Page { items: Vec::new(), next: None }) };
        let mut span = self.span(filter.from, filter.until)?;
        if let Some(cursor) = page.after {
            span.below = span.below.min(cursor.0);
        }
        self.walk(&streams, span, page.size(), |key| Ok(self.summary(key)?.filter(|event| filter.matches(event))))
    }

    pub(super) fn deliveries(&self, filter: &DeliveryFilter, page: PageRequest) -> Result<Page<Delivery>> {
        self.note_recent(filter.resource.as_deref())?;
        let clock = self.clock()?;
        let mut events = self.span(filter.from, filter.until)?;
        if let Some(event) = filter.event {
            events.low = events.low.max(event.number());
            events.below = events.below.min(event.number() + 1);
        }
        let mut span = Span { low: events.low << DeliveryKey::BITS, below: events.below << DeliveryKey::BITS };
        if let Some(cursor) = page.after {
            span.below = span.below.min(cursor.0);
        }
        let number = match &filter.subscription {
            None => None,
            Some(id) => match self.number(id)? {
                None => return Ok(Page { items: Vec::new(), next: None }),
                found => found,
            },
        };
        let wanted = |delivery: &Delivery| {
            filter.wants(delivery.state)
                && filter.subscription.as_ref().is_none_or(|subscription| *subscription == delivery.subscription)
        };
        let exact = self.is_in_order()?;
        let load = |key: u64| -> Result<Option<Delivery>> {
            let Some(delivery) = self.delivery(key, clock)?.filter(wanted) else { return Ok(None) };
            // When the clock was set back, the span holds events of other times too.
            let timed = exact || self.was_received(delivery.key.event().number(), filter.from, filter.until)?;
            Ok(timed.then_some(delivery))
        };
        if let Some(resource) = &filter.resource {
            return self.walk_resource(text_number(&[resource]), span, page.size(), load);
        }
        let streams = match number {
            _ if filter.event.is_some() => vec![Stream::Deliveries],
            None if filter.states.is_empty() => vec![Stream::Deliveries],
            None => self.all_numbers()?.into_iter().flat_map(|number| delivery_streams(number, filter)).collect(),
            Some(number) => delivery_streams(number, filter),
        };
        self.walk(&streams, span, page.size(), load)
    }

    /// Takes note of the newest events of a resource, before anything else is read.
    fn note_recent(&self, resource: Option<&str>) -> Result<()> {
        *self.lately.borrow_mut() = match resource {
            Some(resource) => self.recent(Side::Resources, text_number(&[resource]))?,
            None => Vec::new(),
        };
        Ok(())
    }

    /// Memory also has what is not committed yet, and may never be.
    fn touches(&self, event: u64, resource: i64) -> Result<bool> {
        let mut query = self.connection.prepare_cached("SELECT resources FROM event WHERE key = ?1")?;
        let found = query.query_row([event], |row| row.get::<_, Vec<u8>>(0)).optional()?;
        Ok(found.is_some_and(|resources| numbers(&resources).any(|number| number == resource)))
    }

    /// Walks streams of keys and keeps what `load` gives.
    fn walk<T>(
        &self,
        streams: &[Stream],
        mut span: Span,
        size: usize,
        load: impl Fn(u64) -> Result<Option<T>>,
    ) -> Result<Page<T>> {
        let mut items = Vec::new();
        let mut looked_at = 0;
        let mut last = None;
        while looked_at < BUDGET.max(size + 1) {
            // One more than is wanted tells whether there is another page.
            let keys = self.merged(streams, span, (size + 1 - items.len()).max(STRIDE))?;
            if keys.is_empty() {
                return Ok(Page { items, next: None });
            }
            for key in keys {
                looked_at += 1;
                if let Some(item) = load(key)? {
                    if items.len() == size {
                        return Ok(Page { items, next: last.map(Cursor) });
                    }
                    items.push(item);
                }
                last = Some(key);
                span.below = key;
            }
        }
        Ok(Page { items, next: last.map(Cursor) })
    }

    /// As [`Reader::walk`], over the deliveries of events that touch a resource.
    fn walk_resource<T>(
        &self,
        resource: i64,
        span: Span,
        size: usize,
        load: impl Fn(u64) -> Result<Option<T>>,
    ) -> Result<Page<T>> {
        let mut items = Vec::new();
        let (mut looked_at, mut last) = (0, None);
        // The cursor may lie within an event, whose other deliveries are still to come.
        let mut events =
            Span { low: span.low >> DeliveryKey::BITS, below: (span.below.saturating_sub(1) >> DeliveryKey::BITS) + 1 };
        while looked_at < BUDGET {
            let found = self.merged(&[Stream::Resource(resource), Stream::Lately(resource)], events, STRIDE)?;
            if found.is_empty() {
                return Ok(Page { items, next: None });
            }
            for event in found {
                events.below = event;
                looked_at += 1;
                let low = event << DeliveryKey::BITS;
                let mut within = Span { low, below: (low + DeliveryKey::PER_EVENT).min(span.below) };
                loop {
                    let keys = self.merged(&[Stream::Deliveries], within, STRIDE)?;
                    let Some(&lowest) = keys.last() else { break };
                    for key in keys {
                        looked_at += 1;
                        if let Some(item) = load(key)? {
                            if items.len() == size {
                                return Ok(Page { items, next: last.map(Cursor) });
                            }
                            items.push(item);
                        }
                        last = Some(key);
                    }
                    within.below = lowest;
                }
                last = Some(low);
            }
        }
        Ok(Page { items, next: last.map(Cursor) })
    }

    /// The newest keys of several streams within a span, each once.
    fn merged(&self, streams: &[Stream], span: Span, limit: usize) -> Result<Vec<u64>> {
        let mut keys = Vec::new();
        if span.low >= span.below {
            return Ok(keys);
        }
        // A stream that was cut off may go on just below its last key; nothing below that is certain yet.
        let mut certain = 0;
        for stream in streams {
            let before = keys.len();
            self.fetch(*stream, span, limit, &mut keys)?;
            if keys.len() - before >= limit {
                certain = certain.max(keys.last().copied().unwrap_or(0));
            }
        }
        keys.retain(|key| *key >= certain);
        keys.sort_unstable_by(|one, other| other.cmp(one));
        keys.dedup();
        keys.truncate(limit);
        Ok(keys)
    }

    fn fetch(&self, stream: Stream, span: Span, limit: usize, keys: &mut Vec<u64>) -> Result<()> {
        let (low, below) = (span.low, span.below);
        match stream {
            Stream::Events => self.collect(
                "SELECT key FROM event WHERE key >= ?1 AND key < ?2 ORDER BY key DESC LIMIT ?3",
                params![low, below, limit],
                keys,
            ),
            Stream::Deliveries => self.collect(
                "SELECT key FROM delivery WHERE key >= ?1 AND key < ?2 ORDER BY key DESC LIMIT ?3",
                params![low, below, limit],
                keys,
            ),
            Stream::Resource(resource) => self.collect(
                "SELECT event FROM event_resource WHERE event >= ?1 AND event < ?2 AND resource = ?4
                 ORDER BY event DESC LIMIT ?3",
                params![low, below, limit, resource],
                keys,
            ),
            Stream::Lately(hash) => {
                let lately = self.lately.borrow();
                let full = keys.len() + limit;
                for event in lately.iter().rev().filter(|event| (low..below).contains(*event)) {
                    if keys.len() == full {
                        break;
                    }
                    if self.touches(*event, hash)? {
                        keys.push(*event);
                    }
                }
                Ok(())
            }
            Stream::Skipped(number, kind) => self.collect(
                "SELECT event FROM skip WHERE event >= ?1 AND event < ?2 AND subscription = ?4 AND kind = ?5
                 ORDER BY event DESC LIMIT ?3",
                params![low, below, limit, number, kind as i64],
                keys,
            ),
            Stream::Ready(number) => self.collect(
                "SELECT key FROM delivery INDEXED BY delivery_ready
                 WHERE key >= ?1 AND key < ?2 AND subscription = ?4 AND state = 0 ORDER BY key DESC LIMIT ?3",
                params![low, below, limit, number],
                keys,
            ),
            Stream::Postponed(number) => self.collect(
                "SELECT key FROM delivery INDEXED BY delivery_postponed
                 WHERE key >= ?1 AND key < ?2 AND subscription = ?4 AND state IN (1, 2) ORDER BY key DESC LIMIT ?3",
                params![low, below, limit, number],
                keys,
            ),
            Stream::Settled(number, state) => self.collect(
                "SELECT key FROM delivery INDEXED BY delivery_settled
                 WHERE key >= ?1 AND key < ?2 AND subscription = ?4 AND state = ?5 AND state >= 3
                 ORDER BY key DESC LIMIT ?3",
                params![low, below, limit, number, state.code()],
                keys,
            ),
            Stream::Sent(number) => {
                let span = Span { low: low << DeliveryKey::BITS, below: below << DeliveryKey::BITS };
                let deliveries = self.merged(&delivery_streams(number, &DeliveryFilter::default()), span, limit)?;
                keys.extend(deliveries.into_iter().map(|key| key >> DeliveryKey::BITS));
                Ok(())
            }
        }
    }

    fn collect(&self, text: &str, parameters: impl Params, keys: &mut Vec<u64>) -> Result<()> {
        let mut query = self.connection.prepare_cached(text)?;
        let mut rows = query.query(parameters)?;
        while let Some(row) = rows.next()? {
            keys.push(row.get(0)?);
        }
        Ok(())
    }

    /// Where to look for events; `None` when there can be none.
    fn event_streams(&self, filter: &EventFilter) -> Result<Option<Vec<Stream>>> {
        if let Some(resource) = &filter.resource {
            let hash = text_number(&[resource]);
            return Ok(Some(vec![Stream::Resource(hash), Stream::Lately(hash)]));
        }
        let numbers = match (&filter.subscription, filter.verdict) {
            (None, None | Some(VerdictKind::Sent)) => return Ok(Some(vec![Stream::Events])),
            (None, Some(_)) => self.all_numbers()?,
            (Some(id), _) => match self.number(id)? {
                None => return Ok(None),
                Some(number) => vec![number],
            },
        };
        let kinds: Vec<VerdictKind> =
            VerdictKind::ALL.into_iter().filter(|kind| filter.verdict.is_none_or(|wanted| wanted == *kind)).collect();
        let stream = |number: i64, kind| match kind {
            VerdictKind::Sent => Stream::Sent(number),
            skipped => Stream::Skipped(number, skipped),
        };
        Ok(Some(numbers.iter().flat_map(|number| kinds.iter().map(|kind| stream(*number, *kind))).collect()))
    }

    fn all_numbers(&self) -> Result<Vec<i64>> {
        let mut query = self.connection.prepare_cached("SELECT number FROM subscription")?;
        let rows = query.query_map([], |row| row.get(0))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// Whether events were received in the order of their keys.
    fn is_in_order(&self) -> Result<bool> {
        Ok(read_ledger(&self.connection)?.is_none_or(|ledger| ledger.steps.is_empty()))
    }

    fn was_received(&self, event: u64, from: Option<Moment>, until: Option<Moment>) -> Result<bool> {
        if from.is_none() && until.is_none() {
            return Ok(true);
        }
        let found = self.event_at_or_after(event)?;
        Ok(found.is_some_and(|(key, received)| {
            key == event
                && from.is_none_or(|from| received >= from.millis())
                && until.is_none_or(|until| received < until.millis())
        }))
    }

    /// The keys of events received in a period. Between two moments at which the clock was set back, events were
    /// received in the order of their keys; so each such stretch is searched by halves, and the span covers them all.
    fn span(&self, from: Option<Moment>, until: Option<Moment>) -> Result<Span> {
        let Some(ledger) = read_ledger(&self.connection)? else { return Ok(Span { low: 0, below: 0 }) };
        let end = ledger.next_event;
        if from.is_none() && until.is_none() {
            return Ok(Span { low: 0, below: end });
        }
        let mut borders = vec![0];
        borders.extend(ledger.steps.iter().copied());
        borders.push(end);
        let mut span = Span { low: end, below: 0 };
        for stretch in borders.windows(2) {
            let &[first, last] = stretch else { continue };
            let low = from.map_or(Ok(first), |from| self.first_received(first, last, from))?;
            let below = until.map_or(Ok(last), |until| self.first_received(first, last, until))?;
            if low < below {
                span = Span { low: span.low.min(low), below: span.below.max(below) };
            }
        }
        Ok(span)
    }

    /// The first key of a stretch from which on events were received at or after a moment.
    fn first_received(&self, mut low: u64, mut high: u64, moment: Moment) -> Result<u64> {
        while low < high {
            let middle = low + (high - low) / 2;
            match self.event_at_or_after(middle)? {
                // Keys between `middle` and the event found belong to none.
                Some((key, received)) if key < high && received < moment.millis() => low = key + 1,
                _ => high = middle,
            }
        }
        Ok(low)
    }

    fn event_at_or_after(&self, key: u64) -> Result<Option<(u64, i64)>> {
        let mut query =
            self.connection.prepare_cached("SELECT key, received FROM event WHERE key >= ?1 ORDER BY key LIMIT 1")?;
        let mut rows = query.query([key])?;
        rows.next()?.map(|row| Ok((row.get(0)?, row.get(1)?))).transpose()
    }
}

fn delivery_streams(number: i64, filter: &DeliveryFilter) -> Vec<Stream> {
    let mut streams = Vec::new();
    for state in State::ALL.into_iter().filter(|state| filter.wants(*state)) {
        streams.push(match state {
            State::Ready => Stream::Ready(number),
            State::Later | State::Held => Stream::Postponed(number),
            settled => Stream::Settled(number, settled),
        });
    }
    streams
}
