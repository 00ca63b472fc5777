//! Makes settled deliveries once more.

use std::collections::HashMap;

use rusqlite::params;

use super::accept::NewDelivery;
use super::failure::Stop;
use super::writer::Txn;
use crate::store::{
    Account, DeliveryKey, Document, EventKey, Expected, Happening, Moment, Replay, Shelf, State, StoreError,
};

/// What is replayed, as it was.
struct Original {
    subscription: i64,
    version: u32,
    integration: i64,
    ordering: Option<i64>,
}

impl Txn<'_> {
    pub(super) fn replay(
        &mut self,
        replays: &[Replay],
        job: Option<&(Document, Expected)>,
        now: Moment,
    ) -> Result<Vec<DeliveryKey>, Stop> {
        // Everything that can be refused is refused before anything is written.
        let mut places: HashMap<EventKey, u64> = HashMap::new();
        let mut originals = Vec::with_capacity(replays.len());
        for replay in replays {
            originals.push(self.original(replay)?);
            let event = replay.of.event();
            let place = match places.get(&event) {
                Some(place) => place + 1,
                None => self.next_place(event)?,
            };
            if place >= DeliveryKey::PER_EVENT {
                return Err(Stop::Refused(StoreError::TooManyDeliveries(event)));
            }
            places.insert(event, place);
        }
        if let Some((document, expected)) = job {
            self.expect_document(Shelf::ReplayJob, &document.name, *expected)?;
        }

        let observed = self.known.observe(now);
        let mut keys = Vec::with_capacity(replays.len());
        for (replay, original) in replays.iter().zip(originals) {
            let event = replay.of.event();
            let key = DeliveryKey::of(event, self.next_place(event)?);
            let (version, integration) = match replay.versions {
                None => (original.version, original.integration),
                Some(versions) => {
                    self.keep_version(original.subscription, versions.subscription.0, event)?;
                    (versions.subscription.0, self.keep_integration(&versions.integration, event)?)
                }
            };
            self.replace(replay.of)?;
            self.known.count(Account::Replays, 1);
            let due = replay.due.map(|due| self.known.clock.store_time(due)).filter(|due| *due > observed.now);
            self.add_delivery(
                NewDelivery {
                    key,
                    subscription: original.subscription,
                    version,
                    integration,
                    ordering: original.ordering,
                    due,
                    replay_of: Some(replay.of),
                },
                observed.now,
            )?;
            keys.push(key);
        }
        if let Some((document, _)) = job {
            self.put_document(Shelf::ReplayJob, &document.name, &document.content, Expected::Whatever)?;
        }
        Ok(keys)
    }

    fn original(&self, replay: &Replay) -> Result<Original, Stop> {
        let refuse = |error| Err(Stop::Refused(error));
        let Some(row) = self.delivery_row(replay.of)? else { return refuse(StoreError::UnknownDelivery(replay.of)) };
        if row.state.is_waiting() {
            return refuse(StoreError::StillWaiting(replay.of));
        }
        let Some(sub) = self.known.subs.get(&row.subscription) else {
            return refuse(StoreError::UnknownDelivery(replay.of));
        };
        if sub.removed {
            return refuse(StoreError::UnknownSubscription(sub.id.clone()));
        }
        if let Some(versions) = replay.versions {
            if !sub.used.contains_key(&versions.subscription.0) {
                return refuse(StoreError::UnknownVersion(sub.id.clone(), versions.subscription));
            }
            if !self.known.integrations.contains_key(&versions.integration) {
                return refuse(StoreError::UnknownIntegration(versions.integration.to_string()));
            }
        }
        let (version, integration) = self
            .connection
            .prepare_cached("SELECT version, integration FROM delivery WHERE key = ?1")?
            .query_row([replay.of.number()], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(Original { subscription: row.subscription, version, integration, ordering: row.ordering })
    }

    fn next_place(&self, event: EventKey) -> Result<u64, Stop> {
        let (first, last) = (DeliveryKey::of(event, 0), DeliveryKey::of(event, DeliveryKey::PER_EVENT - 1));
        let newest: Option<u64> = self
            .connection
            .prepare_cached("SELECT max(key) FROM delivery WHERE key BETWEEN ?1 AND ?2")?
            .query_row([first.number(), last.number()], |row| row.get(0))?;
        Ok(newest.map_or(0, |newest| newest - first.number() + 1))
    }

    /// A dead letter that is replayed is one no more.
    fn replace(&mut self, key: DeliveryKey) -> Result<(), Stop> {
        let Some(row) = self.delivery_row(key)?.filter(|row| row.state == State::Dead) else { return Ok(()) };
        let state = self.after(key, row.state, Happening::Replaced)?;
        self.connection
            .prepare_cached("UPDATE delivery SET state = ?2 WHERE key = ?1")?
            .execute(params![key.number(), state.code()])?;
        self.known.recount(Account::of_state(row.state, row.replay), Account::of_state(state, row.replay));
        if let Some(standing) = self.known.standing(row.subscription) {
            standing.dead = standing.dead.saturating_sub(1);
        }
        Ok(())
    }
}
