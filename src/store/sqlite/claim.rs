//! Hands work out. Nothing is written: see `desk`.

use std::collections::HashMap;
use std::sync::Arc;

use rusqlite::{Connection, Row};

use super::desk::{self, Desk, Held};
use super::read;
use super::state::Known;
use crate::store::clock::StoreTime;
use crate::store::{
    Claim, Claimed, DeliveryKey, EventContent, EventKey, Leased, Moment, State, StoreError, SubscriptionVersion,
    Versions,
};

const LATER: &str =
    "SELECT key, due, attempts, version, integration, ordering, replay_of FROM delivery INDEXED BY delivery_later
     WHERE subscription = ?1 AND state = 1 ORDER BY due, key";

const READY: &str =
    "SELECT key, due, attempts, version, integration, ordering, replay_of FROM delivery INDEXED BY delivery_ready
     WHERE subscription = ?1 AND state = 0 AND key >= ?2 ORDER BY key";

/// A claim while it is carried out.
pub(super) struct Claiming<'a> {
    pub(super) connection: &'a Connection,
    pub(super) known: &'a mut Known,
    pub(super) desk: &'a mut Desk,
}

/// What one claim has at hand besides.
struct Round<'c> {
    claim: &'c Claim,
    now: StoreTime,
    until: StoreTime,
    taken: Vec<Leased>,
    contents: HashMap<EventKey, (Moment, Arc<EventContent>)>,
    damaged: Vec<String>,
}

impl Claiming<'_> {
    pub(super) fn run(&mut self, claim: &Claim) -> Result<Claimed, StoreError> {
        let now = self.known.observe(claim.now).now;
        self.desk.expire(now);
        let lease = i64::try_from(claim.lease.as_millis()).unwrap_or(i64::MAX / 4).min(i64::MAX / 4);
        let mut round =
            Round { claim, now, until: now + lease, taken: Vec::new(), contents: HashMap::new(), damaged: Vec::new() };
        let served = self.serve_all(&mut round);
        if let Err(error) = served {
            for leased in round.taken {
                self.desk.give_back(leased.lease);
            }
            return Err(error);
        }
        let next = self.next(&round).map(|time| self.known.clock.wall(time));
        Ok(Claimed { deliveries: round.taken, next, damaged: round.damaged })
    }

    fn serve_all(&mut self, round: &mut Round<'_>) -> Result<(), StoreError> {
        let order = self.desk.active_from(self.desk.served_last);
        let mut waiting: Vec<i64> = Vec::with_capacity(order.len());
        for number in order {
            let lane = self.desk.lane(number);
            if !lane.ready && lane.later == StoreTime::MAX {
                self.desk.rest(number);
            } else if (lane.ready || lane.later <= round.now)
                && self.known.subs.get(&number).is_some_and(|sub| sub.hands_out())
            {
                waiting.push(number);
            }
        }
        // Everyone gets a fair share first; what some leave is for the others.
        let share = (round.claim.at_most / waiting.len().max(1)).max(1);
        for most in [share, usize::MAX] {
            for &number in &waiting {
                let left = round.claim.at_most.saturating_sub(round.taken.len());
                if left == 0 {
                    return Ok(());
                }
                let take = left.min(most).min(self.room(number, round.claim));
                if take > 0 {
                    let goal = round.taken.len() + take;
                    self.serve_later(number, goal, round)?;
                    self.serve_ready(number, goal, round)?;
                    self.desk.served_last = number;
                }
            }
        }
        Ok(())
    }

    /// How many more may be out of a subscription.
    fn room(&mut self, number: i64, claim: &Claim) -> usize {
        let Some(sub) = self.known.subs.get(&number) else { return 0 };
        claim.limits.for_subscription(&sub.id).saturating_sub(self.desk.lane(number).out) as usize
    }

    fn serve_later(&mut self, number: i64, goal: usize, round: &mut Round<'_>) -> Result<(), StoreError> {
        if self.desk.lane(number).later > round.now {
            return Ok(());
        }
        let mut query = self.connection.prepare_cached(LATER)?;
        let mut rows = query.query([number])?;
        while let Some(row) = rows.next()? {
            let key = DeliveryKey::new(row.get(0)?);
            if self.desk.is_out(key) {
                continue;
            }
            let due: StoreTime = row.get(1)?;
            if due > round.now || round.taken.len() >= goal || self.desk.is_full() {
                self.desk.lane(number).later = due;
                return Ok(());
            }
            self.lend_if_sound(number, State::Later, row, round)?;
        }
        self.desk.lane(number).later = StoreTime::MAX;
        Ok(())
    }

    fn serve_ready(&mut self, number: i64, goal: usize, round: &mut Round<'_>) -> Result<(), StoreError> {
        let lane = *self.desk.lane(number);
        if !lane.ready || round.taken.len() >= goal {
            return Ok(());
        }
        let mut query = self.connection.prepare_cached(READY)?;
        let mut rows = query.query([number, lane.ready_from.cast_signed()])?;
        while let Some(row) = rows.next()? {
            let key = DeliveryKey::new(row.get(0)?);
            if self.desk.is_out(key) {
                continue;
            }
            if round.taken.len() >= goal || self.desk.is_full() {
                self.desk.lane(number).ready_from = key.number();
                return Ok(());
            }
            self.lend_if_sound(number, State::Ready, row, round)?;
        }
        let lane = self.desk.lane(number);
        lane.ready = false;
        lane.ready_from = u64::MAX;
        Ok(())
    }

    /// Hands a delivery out. One that the disk has damaged must not keep all others from being handed out.
    fn lend_if_sound(
        &mut self,
        number: i64,
        state: State,
        row: &Row<'_>,
        round: &mut Round<'_>,
    ) -> Result<(), StoreError> {
        match self.lend(number, state, row, round) {
            Err(StoreError::Damaged(what)) => {
                round.damaged.push(what);
                Ok(())
            }
            lent => lent,
        }
    }

    fn lend(&mut self, number: i64, state: State, row: &Row<'_>, round: &mut Round<'_>) -> Result<(), StoreError> {
        let key = DeliveryKey::new(row.get(0)?);
        let attempts: u32 = row.get(2)?;
        let integration: i64 = row.get(4)?;
        let missing = |what: &str| StoreError::Damaged(format!("delivery {} has no {what}", key.number()));
        let integration = *self.known.digests.get(&integration).ok_or_else(|| missing("integration"))?;
        let subscription = self.known.subs.get(&number).ok_or_else(|| missing("subscription"))?.id.clone();
        let (received, content) = self.content(key.event(), round)?.ok_or_else(|| missing("event"))?;
        let replay_of = row.get::<_, Option<u64>>(6)?.map(DeliveryKey::new);
        let lease = self.desk.lend(
            key,
            Held {
                token: 0,
                until: round.until,
                subscription: number,
                state,
                due: row.get(1)?,
                attempts,
                ordering: row.get(5)?,
                replay: replay_of.is_some(),
                bytes: desk::weight(&content),
            },
        );
        let versions = Versions { subscription: SubscriptionVersion(row.get(3)?), integration };
        let attempt = attempts.saturating_add(1);
        round.taken.push(Leased { lease, content, received, subscription, versions, attempt, replay_of });
        Ok(())
    }

    fn content(
        &self,
        event: EventKey,
        round: &mut Round<'_>,
    ) -> Result<Option<(Moment, Arc<EventContent>)>, StoreError> {
        if let Some(recent) = self.desk.recall(event) {
            return Ok(Some(recent));
        }
        if let Some(known) = round.contents.get(&event) {
            return Ok(Some(known.clone()));
        }
        let Some(read) = read::content(self.connection, event)? else { return Ok(None) };
        Ok(Some(round.contents.entry(event).or_insert(read).clone()))
    }

    /// When there may be more to hand out without anything new coming in.
    fn next(&mut self, round: &Round<'_>) -> Option<StoreTime> {
        let mut next = self.desk.next_end();
        if self.desk.is_full() {
            // What comes back tells by itself that there may be more.
            return next;
        }
        for number in self.desk.active_from(0) {
            if !self.known.subs.get(&number).is_some_and(|sub| sub.hands_out()) || self.room(number, round.claim) == 0 {
                continue;
            }
            let lane = self.desk.lane(number);
            let due = if lane.ready { round.now } else { lane.later.max(round.now) };
            if due < StoreTime::MAX {
                next = Some(next.map_or(due, |next| next.min(due)));
            }
        }
        next
    }
}
