//! Takes results back.

use rusqlite::{OptionalExtension as _, params};

use super::desk::Held;
use super::failure::Stop;
use super::writer::Txn;
use crate::store::codec::write_details;
use crate::store::{Account, Attempt, DeliveryKey, Ended, Happening, Moment, Settled, Settlement, State, StoreError};

/// A delivery's row, as far as settling needs it.
#[derive(Debug, Clone, Copy)]
pub(super) struct DeliveryRow {
    pub(super) subscription: i64,
    pub(super) state: State,
    pub(super) attempts: u32,
    pub(super) ordering: Option<i64>,
    pub(super) replay: bool,
}

impl From<Held> for DeliveryRow {
    fn from(held: Held) -> Self {
        DeliveryRow {
            subscription: held.subscription,
            state: held.state,
            attempts: held.attempts,
            ordering: held.ordering,
            replay: held.replay,
        }
    }
}

impl Txn<'_> {
    pub(super) fn settle(&mut self, results: &[Settlement], now: Moment) -> Result<Vec<Settled>, Stop> {
        let wall = self.known.observe(now).wall;
        results.iter().map(|result| self.settle_one(result, wall)).collect()
    }

    fn settle_one(&mut self, result: &Settlement, wall: Moment) -> Result<Settled, Stop> {
        let key = result.lease.delivery;
        // Under a valid lease nobody else can have changed the row, so it need not be read.
        if let Some(held) = self.desk.end_in_transaction(result.lease) {
            return Ok(Settled::Recorded(self.record(key, held.into(), result, wall)?));
        }
        let Some(row) = self.delivery_row(key)? else { return Ok(Settled::Gone) };
        let possible = row.state.after(Happening::Accepted).is_ok();
        if result.ended != Ended::Delivered || !possible {
            return Ok(Settled::Late(row.state));
        }
        self.desk.end_any_in_transaction(key);
        Ok(Settled::Late(self.record(key, row, result, wall)?))
    }

    fn record(&mut self, key: DeliveryKey, row: DeliveryRow, result: &Settlement, wall: Moment) -> Result<State, Stop> {
        let happening = match &result.ended {
            Ended::Delivered => Happening::Accepted,
            Ended::Retry { .. } => Happening::Postponed,
            Ended::Dead | Ended::Disabled { .. } => Happening::GivenUp,
        };
        let state = self.after(key, row.state, happening)?;
        let retry_at = match &result.ended {
            Ended::Retry { at } => Some(*at),
            _ => None,
        };
        let due = retry_at.map(|at| self.known.clock.store_time(at));
        let number = row.attempts.saturating_add(1);
        self.connection
            .prepare_cached(
                "UPDATE delivery SET state = ?2, attempts = ?3, due = coalesce(?4, due), settled = ?5 WHERE key = ?1",
            )?
            .execute(params![key.number(), state.code(), number, due, (!state.is_waiting()).then(|| wall.millis())])?;
        self.write_attempt(key, number, &result.attempt, retry_at)?;
        self.tell_standing(row, state, &result.attempt);
        if let Some(due) = due {
            self.desk.offer(row.subscription, key, state, due);
        }
        if !state.is_waiting() {
            self.known.recount(Account::of_state(row.state, row.replay), Account::of_state(state, row.replay));
            self.release_next(row)?;
        }
        if let Ended::Disabled { reason } = &result.ended {
            self.switch_number(row.subscription, false, Some(reason))?;
        }
        Ok(state)
    }

    fn write_attempt(
        &self,
        key: DeliveryKey,
        number: u32,
        attempt: &Attempt,
        next: Option<Moment>,
    ) -> Result<(), Stop> {
        self.connection
            .prepare_cached(
                "INSERT OR REPLACE INTO attempt (delivery, number, started, next, status, error, details)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            )?
            .execute(params![
                key.number(),
                number,
                attempt.started.millis(),
                next.map(Moment::millis),
                attempt.status,
                attempt.error,
                write_details(attempt),
            ])?;
        Ok(())
    }

    fn tell_standing(&mut self, row: DeliveryRow, state: State, attempt: &Attempt) {
        let Some(standing) = self.known.standing(row.subscription) else { return };
        standing.last_status = attempt.status;
        standing.last_attempt = Some(attempt.started);
        if state == State::Delivered {
            standing.last_success = Some(attempt.started);
            standing.failures = 0;
        } else {
            standing.failures = standing.failures.saturating_add(1);
        }
        if !state.is_waiting() {
            standing.waiting = standing.waiting.saturating_sub(1);
        }
        match state {
            State::Delivered => standing.delivered += 1,
            State::Dead => standing.dead += 1,
            _ => {}
        }
    }

    /// The next of the same ordering key may go.
    pub(super) fn release_next(&mut self, row: DeliveryRow) -> Result<(), Stop> {
        let Some(ordering) = row.ordering else { return Ok(()) };
        let next = self
            .connection
            .prepare_cached(
                "SELECT key, state FROM delivery INDEXED BY delivery_ordering
                 WHERE subscription = ?1 AND ordering = ?2 AND ordering IS NOT NULL AND state < 3
                 ORDER BY key LIMIT 1",
            )?
            .query_row(params![row.subscription, ordering], |row| Ok((row.get::<_, u64>(0)?, row.get::<_, i64>(1)?)))
            .optional()?;
        let Some((next, state)) = next else { return Ok(()) };
        if state != State::Held.code() {
            return Ok(());
        }
        let key = DeliveryKey::new(next);
        let state = self.after(key, State::Held, Happening::Released)?;
        self.connection
            .prepare_cached("UPDATE delivery SET state = ?2 WHERE key = ?1")?
            .execute(params![next, state.code()])?;
        self.desk.offer(row.subscription, key, state, 0);
        Ok(())
    }

    pub(super) fn delivery_row(&self, key: DeliveryKey) -> Result<Option<DeliveryRow>, Stop> {
        let mut query = self
            .connection
            .prepare_cached("SELECT subscription, state, attempts, ordering, replay_of FROM delivery WHERE key = ?1")?;
        let mut rows = query.query([key.number()])?;
        let Some(row) = rows.next()? else { return Ok(None) };
        let Some(state) = State::from_code(row.get(1)?) else {
            return Err(Stop::Failed(StoreError::Damaged(format!("delivery {} has no state", key.number()))));
        };
        Ok(Some(DeliveryRow {
            subscription: row.get(0)?,
            state,
            attempts: row.get(2)?,
            ordering: row.get(3)?,
            replay: row.get::<_, Option<u64>>(4)?.is_some(),
        }))
    }

    pub(super) fn after(&self, key: DeliveryKey, state: State, happening: Happening) -> Result<State, Stop> {
        state
            .after(happening)
            .map_err(|illegal| Stop::Failed(StoreError::Damaged(format!("delivery {}: {illegal}", key.number()))))
    }
}
