//! Takes events in.

use rusqlite::{OptionalExtension as _, params};

use super::failure::Stop;
use super::recent::{Side, blob};
use super::state::{Integration, USE_STRIDE};
use super::writer::Txn;
use crate::store::clock::StoreTime;
use crate::store::codec::{PackedVerdict, Writer, write_verdict};
use crate::store::ids::text_number;
use crate::store::{
    Account, Conflict, Decided, DeliveryKey, EventKey, Moment, NewEvent, Outcome, Planned, Receipt, Skip, SourceId,
    State, StoreError,
};

/// An event with what can be computed before it is the writer's turn.
#[derive(Debug)]
pub(super) struct Prepared {
    event: NewEvent,
    identity: i64,
    resources: Vec<i64>,
}

impl Prepared {
    pub(super) fn new(event: NewEvent) -> Self {
        let identity = identity(&event.content.source, &event.content.id);
        let mut resources: Vec<i64> = event.resources.iter().map(|resource| text_number(&[resource])).collect();
        resources.sort_unstable();
        resources.dedup();
        Prepared { event, identity, resources }
    }

    pub(super) fn weight(&self) -> usize {
        let content = &self.event.content;
        content.raw.len() + content.context.as_ref().map_or(0, Vec::len) + 100 * (self.event.decided.len() + 4)
    }
}

/// The number under which an event is found again by its id.
pub(super) fn identity(source: &SourceId, id: &str) -> i64 {
    text_number(&[source.as_str(), id])
}

/// A delivery that is about to be written.
#[derive(Debug, Clone, Copy)]
pub(super) struct NewDelivery {
    pub(super) key: DeliveryKey,
    pub(super) subscription: i64,
    pub(super) version: u32,
    pub(super) integration: i64,
    pub(super) ordering: Option<i64>,
    pub(super) due: Option<StoreTime>,
    pub(super) replay_of: Option<DeliveryKey>,
}

impl Txn<'_> {
    pub(super) fn accept(&mut self, events: &[Prepared], now: Moment) -> Result<Vec<Receipt>, Stop> {
        for prepared in events {
            self.check(&prepared.event).map_err(Stop::Refused)?;
        }
        self.merging.load(self.connection, self.known.next_event)?;
        let observed = self.known.observe(now);
        events.iter().map(|prepared| self.accept_one(prepared, observed.wall, observed.now)).collect()
    }

    /// Everything that an event refers to must be there.
    fn check(&self, event: &NewEvent) -> Result<(), StoreError> {
        for decided in &event.decided {
            let sub = self.known.sub_numbers.get(&decided.subscription).and_then(|number| self.known.subs.get(number));
            let Some(sub) = sub else { return Err(StoreError::UnknownSubscription(decided.subscription.clone())) };
            if !sub.used.contains_key(&decided.version.0) {
                return Err(StoreError::UnknownVersion(sub.id.clone(), decided.version));
            }
            if let Outcome::Send(planned) = &decided.outcome
                && !self.known.integrations.contains_key(&planned.integration)
            {
                return Err(StoreError::UnknownIntegration(planned.integration.to_string()));
            }
        }
        if event.decided.len() as u64 >= DeliveryKey::PER_EVENT {
            return Err(StoreError::TooManyDeliveries(EventKey::new(self.known.next_event)));
        }
        Ok(())
    }

    fn accept_one(&mut self, prepared: &Prepared, wall: Moment, now: StoreTime) -> Result<Receipt, Stop> {
        let event = &prepared.event;
        let content = &event.content;
        let source = self.source_number(&content.source)?;
        if let Some(earlier) = self.seen(prepared, source, wall)? {
            return Ok(earlier);
        }
        let key = EventKey::new(self.known.next_event);
        self.known.next_event += 1;

        let mut verdicts = Writer::default();
        let mut deliveries = 0;
        for decided in &event.decided {
            deliveries += u32::from(self.decide(decided, key, deliveries, now, &mut verdicts)?);
        }
        self.merging.add(self.connection, key.number(), prepared.identity, &prepared.resources)?;
        self.connection
            .prepare_cached(
                "INSERT INTO event (key, received, source, identity, occurred, unlisted, id, verdicts, resources,
                     digest, context, raw) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
            )?
            .execute(params![
                key.number(),
                wall.millis(),
                source,
                prepared.identity,
                content.occurred.map(Moment::millis),
                event.unlisted,
                content.id,
                verdicts.0,
                blob(&prepared.resources),
                content.digest.0,
                content.context,
                content.raw,
            ])?;
        if deliveries > 0 {
            self.desk.remember(key, wall, content);
        }

        self.known.count(Account::Events, 1);
        let decisions = event.decided.len() as u64 + u64::from(event.unlisted);
        self.known.count(Account::Decisions, decisions.max(1));
        self.known.count(Account::NoAllow, u64::from(event.unlisted));
        if decisions == 0 {
            self.known.count(Account::Unsubscribed, 1);
        }
        Ok(Receipt::Accepted { event: key, deliveries })
    }

    /// Records one decision; says whether it made a delivery.
    fn decide(
        &mut self,
        decided: &Decided,
        event: EventKey,
        place: u32,
        now: StoreTime,
        verdicts: &mut Writer,
    ) -> Result<bool, Stop> {
        let Some(&subscription) = self.known.sub_numbers.get(&decided.subscription) else {
            return Err(Stop::Failed(StoreError::UnknownSubscription(decided.subscription.clone())));
        };
        let version = decided.version.0;
        self.keep_version(subscription, version, event)?;
        let skip = match &decided.outcome {
            Outcome::Send(_) => None,
            Outcome::Skip(skip) => Some(skip.kept()),
        };
        write_verdict(verdicts, &PackedVerdict { subscription: subscription.cast_unsigned(), version, skip });
        match &decided.outcome {
            Outcome::Skip(skip) => {
                self.record_skip(subscription, skip, event)?;
                Ok(false)
            }
            Outcome::Send(Planned { integration, ordering, due }) => {
                let integration = self.keep_integration(integration, event)?;
                let due = due.map(|due| self.known.clock.store_time(due)).filter(|due| *due > now);
                let ordering = ordering.as_ref().map(|ordering| text_number(&[ordering]));
                let key = DeliveryKey::of(event, u64::from(place));
                let delivery = NewDelivery { key, subscription, version, integration, ordering, due, replay_of: None };
                self.add_delivery(delivery, now)?;
                Ok(true)
            }
        }
    }

    fn record_skip(&mut self, subscription: i64, skip: &Skip, event: EventKey) -> Result<(), Stop> {
        self.connection
            .prepare_cached("INSERT OR IGNORE INTO skip (subscription, kind, event) VALUES (?1, ?2, ?3)")?
            .execute(params![subscription, skip.kind() as i64, event.number()])?;
        if let Some(account) = Account::of_verdict(skip.kind()) {
            self.known.count(account, 1);
        }
        Ok(())
    }

    /// Writes a delivery in the state that suits it. One for a removed subscription is called off at once.
    pub(super) fn add_delivery(&mut self, new: NewDelivery, now: StoreTime) -> Result<State, Stop> {
        let removed = self.known.subs.get(&new.subscription).is_none_or(|sub| sub.removed);
        let state = if removed {
            State::Cancelled
        } else if self.is_behind_another(&new)? {
            State::Held
        } else if new.due.is_some() {
            State::Later
        } else {
            State::Ready
        };
        let due = new.due.unwrap_or(now);
        let settled = removed.then(|| self.known.clock.wall(now).millis());
        self.connection
            .prepare_cached(
                "INSERT INTO delivery (key, subscription, state, attempts, version, integration, due, settled, ordering,
                     replay_of) VALUES (?1, ?2, ?3, 0, ?4, ?5, ?6, ?7, ?8, ?9)",
            )?
            .execute(params![
                new.key.number(),
                new.subscription,
                state.code(),
                new.version,
                new.integration,
                due,
                settled,
                new.ordering,
                new.replay_of.map(DeliveryKey::number),
            ])?;
        let replay = new.replay_of.is_some();
        self.known.count(Account::of_state(state, replay), 1);
        if let Some(standing) = self.known.standing(new.subscription) {
            if removed {
                standing.cancelled += 1;
            } else {
                standing.waiting += 1;
            }
        }
        self.desk.offer(new.subscription, new.key, state, due);
        Ok(state)
    }

    fn is_behind_another(&self, new: &NewDelivery) -> Result<bool, Stop> {
        let Some(ordering) = new.ordering else { return Ok(false) };
        Ok(self
            .connection
            .prepare_cached(
                "SELECT 1 FROM delivery INDEXED BY delivery_ordering
                 WHERE subscription = ?1 AND ordering = ?2 AND ordering IS NOT NULL AND state < 3 LIMIT 1",
            )?
            .exists(params![new.subscription, ordering])?)
    }

    /// What became of an event whose id came before.
    fn seen(&mut self, prepared: &Prepared, source: i64, wall: Moment) -> Result<Option<Receipt>, Stop> {
        let content = &prepared.event.content;
        let found = {
            let mut keys = self.merging.events(Side::Ids, prepared.identity);
            let mut query = self.connection.prepare_cached("SELECT event FROM event_by_id WHERE identity = ?1")?;
            let mut rows = query.query([prepared.identity])?;
            while let Some(row) = rows.next()? {
                keys.push(row.get(0)?);
            }
            let mut query = self
                .connection
                .prepare_cached("SELECT digest FROM event WHERE key = ?1 AND source = ?2 AND id = ?3")?;
            let mut found = None;
            for key in keys {
                // The number is a hash; two ids may share it.
                let digest = query.query_row(params![key, source, content.id], |row| row.get::<_, [u8; 32]>(0));
                if let Some(digest) = digest.optional()? {
                    found = Some((key, digest));
                }
            }
            found
        };
        let Some((event, digest)) = found else { return Ok(None) };
        let key = EventKey::new(event);
        if digest == content.digest.0 {
            self.known.count(Account::Repeats, 1);
            return Ok(Some(Receipt::Seen { event: key }));
        }
        self.known.count(Account::Conflicts, 1);
        self.connection
            .prepare_cached(
                "INSERT OR IGNORE INTO conflict (event, digest, received, raw) SELECT ?1, ?2, ?3, ?4
                 WHERE (SELECT count(*) FROM conflict WHERE event = ?1) < ?5",
            )?
            .execute(params![event, content.digest.0, wall.millis(), content.raw, Conflict::KEPT])?;
        Ok(Some(Receipt::Conflict { event: key }))
    }

    fn source_number(&mut self, source: &SourceId) -> Result<i64, Stop> {
        if let Some(number) = self.known.sources.get(source) {
            return Ok(*number);
        }
        self.connection.execute("INSERT INTO source (name) VALUES (?1)", [source.as_str()])?;
        let number = self.connection.last_insert_rowid();
        self.known.sources.insert(source.clone(), number);
        Ok(number)
    }

    /// A version is kept as long as the events up to its mark. The mark is set ahead, so that it is rarely moved.
    pub(super) fn keep_version(&mut self, subscription: i64, version: u32, event: EventKey) -> Result<(), Stop> {
        let Some(used) = self.known.subs.get_mut(&subscription).and_then(|sub| sub.used.get_mut(&version)) else {
            return Ok(());
        };
        if *used < event.number() {
            *used = mark(event);
            self.connection
                .prepare_cached("UPDATE subscription_version SET used = ?3 WHERE subscription = ?1 AND version = ?2")?
                .execute(params![subscription, version, *used])?;
        }
        Ok(())
    }

    /// As [`Txn::keep_version`]; gives the integration's number.
    pub(super) fn keep_integration(&mut self, digest: &crate::store::Digest, event: EventKey) -> Result<i64, Stop> {
        let Some(Integration { number, used }) = self.known.integrations.get_mut(digest) else {
            return Err(Stop::Failed(StoreError::UnknownIntegration(digest.to_string())));
        };
        if *used < event.number() {
            *used = mark(event);
            self.connection
                .prepare_cached("UPDATE integration SET used = ?2 WHERE number = ?1")?
                .execute(params![*number, *used])?;
        }
        Ok(*number)
    }
}

/// The mark of what is used by an event.
pub(super) fn mark(event: EventKey) -> u64 {
    event.number() | (USE_STRIDE - 1)
}
