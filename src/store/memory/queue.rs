//! Events in, work out, results back.

use std::time::Duration;

use super::{Inner, MemoryDelivery, MemoryEvent};
use crate::store::clock::StoreTime;
use crate::store::{
    Account, Attempt, AttemptRecord, Claim, Claimed, Conflict, DeliveryKey, Document, Ended, EventKey, Expected,
    Happening, Lease, Leased, Moment, NewEvent, Outcome, Receipt, Replay, Settled, Settlement, Shelf, State,
    StoreError, SubscriptionId, Verdict,
};

/// The end of a lease that begins now.
pub(super) fn end_of(lease: Duration, now: StoreTime) -> StoreTime {
    now + i64::try_from(lease.as_millis()).unwrap_or(i64::MAX / 4).min(i64::MAX / 4)
}

impl Inner {
    pub(super) fn accept(&mut self, events: Vec<NewEvent>, now: Moment) -> Result<Vec<Receipt>, StoreError> {
        for event in &events {
            self.check(event)?;
        }
        let observed = self.clock.observe(now);
        Ok(events.into_iter().map(|event| self.accept_one(event, observed.wall, observed.now)).collect())
    }

    fn check(&self, event: &NewEvent) -> Result<(), StoreError> {
        for decided in &event.decided {
            let id = &decided.subscription;
            let subscription = self.subscriptions.get(id).ok_or_else(|| StoreError::UnknownSubscription(id.clone()))?;
            if !subscription.versions.contains_key(&decided.version.0) {
                return Err(StoreError::UnknownVersion(id.clone(), decided.version));
            }
            if let Outcome::Send(planned) = &decided.outcome
                && !self.integrations.contains_key(&planned.integration)
            {
                return Err(StoreError::UnknownIntegration(planned.integration.to_string()));
            }
        }
        Ok(())
    }

    fn accept_one(&mut self, event: NewEvent, received: Moment, now: StoreTime) -> Receipt {
        let id = (event.content.source.clone(), event.content.id.clone());
        if let Some(key) = self.ids.get(&id).copied()
            && let Some(earlier) = self.events.get_mut(&key)
        {
            if earlier.content.digest == event.content.digest {
                self.accounts.add(Account::Repeats, 1);
                return Receipt::Seen { event: key };
            }
            self.accounts.add(Account::Conflicts, 1);
            let (digest, raw) = (event.content.digest, event.content.raw.clone());
            let kept = earlier.conflicts.iter().any(|conflict| conflict.digest == digest);
            if !kept && earlier.conflicts.len() < Conflict::KEPT {
                earlier.conflicts.push(Conflict { received, digest, raw });
            }
            return Receipt::Conflict { event: key };
        }
        let key = EventKey::new(self.next_event);
        self.next_event += 1;
        self.ids.insert(id, key);

        let (mut verdicts, mut deliveries) = (Vec::new(), 0);
        let decisions = event.decided.len() as u64 + u64::from(event.unlisted);
        for decided in event.decided {
            let (subscription, version) = (decided.subscription, decided.version);
            let skip = match decided.outcome {
                Outcome::Send(planned) => {
                    let due = planned.due.map(|due| self.clock.store_time(due)).filter(|due| *due > now);
                    let versions = crate::store::Versions { subscription: version, integration: planned.integration };
                    let delivery = MemoryDelivery {
                        subscription: subscription.clone(),
                        versions,
                        state: if due.is_some() { State::Later } else { State::Ready },
                        due: due.unwrap_or(now),
                        settled: None,
                        ordering: planned.ordering,
                        replay_of: None,
                        attempts: Vec::new(),
                    };
                    self.add(DeliveryKey::of(key, deliveries), delivery, received);
                    deliveries += 1;
                    None
                }
                Outcome::Skip(skip) => {
                    if let Some(account) = Account::of_verdict(skip.kind()) {
                        self.accounts.add(account, 1);
                    }
                    Some(skip.kept())
                }
            };
            verdicts.push(Verdict { subscription, version, skip });
        }
        self.accounts.add(Account::Events, 1);
        self.accounts.add(Account::Decisions, decisions.max(1));
        self.accounts.add(Account::NoAllow, u64::from(event.unlisted));
        if decisions == 0 {
            self.accounts.add(Account::Unsubscribed, 1);
        }
        self.events.insert(
            key,
            MemoryEvent {
                received,
                content: event.content,
                resources: event.resources,
                verdicts,
                unlisted: event.unlisted,
                conflicts: Vec::new(),
            },
        );
        Receipt::Accepted { event: key, deliveries: u32::try_from(deliveries).unwrap_or(u32::MAX) }
    }

    fn add(&mut self, key: DeliveryKey, mut delivery: MemoryDelivery, wall: Moment) {
        let behind = self.waiting.iter().filter_map(|key| self.deliveries.get(key)).any(|other| {
            other.ordering.is_some()
                && other.ordering == delivery.ordering
                && other.subscription == delivery.subscription
        });
        if behind {
            delivery.state = State::Held;
        }
        if let Some(subscription) = self.subscriptions.get_mut(&delivery.subscription) {
            if subscription.removed {
                delivery.state = State::Cancelled;
                delivery.settled = Some(wall);
                subscription.standing.cancelled += 1;
            } else {
                subscription.standing.waiting += 1;
            }
        }
        self.accounts.add(Account::of_state(delivery.state, delivery.replay_of.is_some()), 1);
        if delivery.state.is_waiting() {
            self.waiting.insert(key);
        }
        self.deliveries.insert(key, delivery);
    }

    pub(super) fn expire(&mut self, now: StoreTime) {
        self.leases.retain(|_, (_, until)| *until > now);
    }

    pub(super) fn claim(&mut self, claim: &Claim) -> Claimed {
        let now = self.clock.observe(claim.now).now;
        self.expire(now);
        let until = end_of(claim.lease, now);
        let active: Vec<SubscriptionId> = self
            .subscriptions
            .iter()
            .filter(|(_, subscription)| subscription.enabled && !subscription.removed)
            .map(|(id, _)| id.clone())
            .collect();
        let busy = active.iter().filter(|id| !self.due(id, now).is_empty()).count();
        let share = (claim.at_most / busy.max(1)).max(1);
        let mut deliveries = Vec::new();
        for most in [share, usize::MAX] {
            for id in &active {
                let left = claim.at_most - deliveries.len();
                let room = self.room(id, claim);
                for key in self.due(id, now).into_iter().take(left.min(most).min(room)) {
                    deliveries.extend(self.lend(key, until));
                }
            }
        }
        let mut next = self.leases.values().map(|(_, until)| *until).min();
        for id in active.iter().filter(|id| self.room(id, claim) > 0) {
            let soonest = self.free(id).map(|(key, one)| self.due_time(key, one).max(now)).min();
            next = [next, soonest].into_iter().flatten().min();
        }
        Claimed { deliveries, next: next.map(|time| self.clock.wall(time)), damaged: Vec::new() }
    }

    fn room(&self, id: &SubscriptionId, claim: &Claim) -> usize {
        let out = self.leases.keys().filter(|key| self.deliveries.get(key).is_some_and(|one| one.subscription == *id));
        (claim.limits.for_subscription(id) as usize).saturating_sub(out.count())
    }

    /// What waits for a subscription and is not out nor held.
    fn free(&self, id: &SubscriptionId) -> impl Iterator<Item = (DeliveryKey, &MemoryDelivery)> {
        let waiting = self.waiting.iter().filter(|key| !self.leases.contains_key(key));
        let all = waiting.filter_map(|key| Some((*key, self.deliveries.get(key)?)));
        all.filter(move |(_, one)| one.subscription == *id && one.state != State::Held)
    }

    fn due_time(&self, _key: DeliveryKey, delivery: &MemoryDelivery) -> StoreTime {
        if delivery.state == State::Later { delivery.due } else { StoreTime::MIN }
    }

    /// What may be attempted now: retries as they fall due, then what is ready in order of arrival.
    fn due(&self, id: &SubscriptionId, now: StoreTime) -> Vec<DeliveryKey> {
        let (mut later, mut ready) = (Vec::new(), Vec::new());
        for (key, one) in self.free(id) {
            match one.state {
                State::Later if one.due <= now => later.push((one.due, key)),
                State::Ready => ready.push(key),
                _ => {}
            }
        }
        later.sort_unstable();
        later.into_iter().map(|(_, key)| key).chain(ready).collect()
    }

    fn lend(&mut self, key: DeliveryKey, until: StoreTime) -> Option<Leased> {
        let delivery = self.deliveries.get(&key)?;
        let event = self.events.get(&key.event())?;
        self.tokens += 1;
        self.leases.insert(key, (self.tokens, until));
        Some(Leased {
            lease: Lease { delivery: key, token: self.tokens },
            content: event.content.clone(),
            received: event.received,
            subscription: delivery.subscription.clone(),
            versions: delivery.versions,
            attempt: u32::try_from(delivery.attempts.len()).unwrap_or(u32::MAX).saturating_add(1),
            replay_of: delivery.replay_of,
        })
    }

    pub(super) fn end(&mut self, lease: Lease) -> bool {
        let held = self.leases.get(&lease.delivery).is_some_and(|(token, _)| *token == lease.token);
        held && self.leases.remove(&lease.delivery).is_some()
    }

    pub(super) fn extend(&mut self, lease: Lease, end: StoreTime) -> bool {
        match self.leases.get_mut(&lease.delivery) {
            Some((token, until)) if *token == lease.token => {
                *until = end;
                true
            }
            _ => false,
        }
    }

    pub(super) fn settle(&mut self, result: Settlement, wall: Moment) -> Result<Settled, StoreError> {
        let key = result.lease.delivery;
        let Some(delivery) = self.deliveries.get(&key) else { return Ok(Settled::Gone) };
        let state = delivery.state;
        let in_time = self.end(result.lease);
        let honoured = result.ended == Ended::Delivered && state.after(Happening::Accepted).is_ok();
        if !in_time && !honoured {
            return Ok(Settled::Late(state));
        }
        self.leases.remove(&key);
        let state = self.record(key, result, wall)?;
        Ok(if in_time { Settled::Recorded(state) } else { Settled::Late(state) })
    }

    fn record(&mut self, key: DeliveryKey, result: Settlement, wall: Moment) -> Result<State, StoreError> {
        let (happening, at) = match &result.ended {
            Ended::Delivered => (Happening::Accepted, None),
            Ended::Retry { at } => (Happening::Postponed, Some(*at)),
            Ended::Dead | Ended::Disabled { .. } => (Happening::GivenUp, None),
        };
        let clock = self.clock;
        let Some(delivery) = self.deliveries.get_mut(&key) else { return Err(StoreError::UnknownDelivery(key)) };
        let mut attempt = result.attempt;
        attempt.body.truncate(Attempt::LONGEST_BODY);
        let number = u32::try_from(delivery.attempts.len()).unwrap_or(u32::MAX).saturating_add(1);
        if let Some(at) = at {
            delivery.due = clock.store_time(at);
        }
        let subscription = delivery.subscription.clone();
        if let Some(one) = self.subscriptions.get_mut(&subscription) {
            let standing = &mut one.standing;
            standing.last_status = attempt.status;
            standing.last_attempt = Some(attempt.started);
            if happening == Happening::Accepted {
                standing.last_success = Some(attempt.started);
                standing.failures = 0;
            } else {
                standing.failures = standing.failures.saturating_add(1);
            }
            if let Ended::Disabled { reason } = result.ended {
                one.enabled = false;
                one.reason = Some(reason);
            }
        }
        delivery.attempts.push(AttemptRecord { number, attempt, next: at });
        self.happen(key, happening, wall)
    }

    /// Brings a delivery to its next state, with everything that hangs on it.
    fn happen(&mut self, key: DeliveryKey, happening: Happening, wall: Moment) -> Result<State, StoreError> {
        let Some(delivery) = self.deliveries.get_mut(&key) else { return Err(StoreError::UnknownDelivery(key)) };
        let before = delivery.state;
        let state = before.after(happening).map_err(|illegal| StoreError::Damaged(illegal.to_string()))?;
        delivery.state = state;
        let replay = delivery.replay_of.is_some();
        let (subscription, ordering) = (delivery.subscription.clone(), delivery.ordering.clone());
        if before.is_waiting() && !state.is_waiting() {
            delivery.settled = Some(wall);
            self.waiting.remove(&key);
        }
        self.accounts.move_one(Account::of_state(before, replay), Account::of_state(state, replay));
        if let Some(one) = self.subscriptions.get_mut(&subscription) {
            let standing = &mut one.standing;
            standing.waiting -= u64::from(before.is_waiting() && !state.is_waiting());
            standing.dead -= u64::from(before == State::Dead);
            standing.delivered += u64::from(state == State::Delivered);
            standing.dead += u64::from(state == State::Dead);
            standing.cancelled += u64::from(state == State::Cancelled);
        }
        if !state.is_waiting() && before != State::Held && before.is_waiting() && ordering.is_some() {
            let next = self.waiting.iter().copied().find(|key| {
                self.deliveries.get(key).is_some_and(|one| one.subscription == subscription && one.ordering == ordering)
            });
            if let Some(next) = next.filter(|key| self.deliveries.get(key).is_some_and(|one| one.state == State::Held))
            {
                self.happen(next, Happening::Released, wall)?;
            }
        }
        Ok(state)
    }

    /// Calls off what waits for a subscription; what is out only if `all`.
    pub(super) fn call_off(&mut self, id: &SubscriptionId, all: bool, wall: Moment) -> u64 {
        let belongs = |key: &&DeliveryKey| self.deliveries.get(key).is_some_and(|one| one.subscription == *id);
        let keys: Vec<DeliveryKey> = self.waiting.iter().filter(belongs).copied().collect();
        let mut called_off = 0;
        for key in keys {
            if all || !self.leases.contains_key(&key) {
                self.leases.remove(&key);
                called_off += u64::from(self.happen(key, Happening::CalledOff, wall).is_ok());
            }
        }
        called_off
    }

    pub(super) fn replay(
        &mut self,
        replays: &[Replay],
        job: Option<(Document, Expected)>,
        now: Moment,
    ) -> Result<Vec<DeliveryKey>, StoreError> {
        for replay in replays {
            let delivery = self.deliveries.get(&replay.of).ok_or(StoreError::UnknownDelivery(replay.of))?;
            if delivery.state.is_waiting() {
                return Err(StoreError::StillWaiting(replay.of));
            }
            let id = &delivery.subscription;
            let subscription = self.subscriptions.get(id).filter(|one| !one.removed);
            let subscription = subscription.ok_or_else(|| StoreError::UnknownSubscription(id.clone()))?;
            if let Some(versions) = replay.versions {
                if !subscription.versions.contains_key(&versions.subscription.0) {
                    return Err(StoreError::UnknownVersion(id.clone(), versions.subscription));
                }
                if !self.integrations.contains_key(&versions.integration) {
                    return Err(StoreError::UnknownIntegration(versions.integration.to_string()));
                }
            }
        }
        if let Some((document, expected)) = job {
            self.put_document(Shelf::ReplayJob, &document.name, document.content, expected)?;
        }
        let observed = self.clock.observe(now);
        let mut keys = Vec::new();
        for replay in replays {
            let event = replay.of.event();
            let newest = self.deliveries.keys().rev().find(|key| key.event() == event);
            let key = newest.map_or(DeliveryKey::of(event, 0), |newest| DeliveryKey::new(newest.number() + 1));
            if self.deliveries.get(&replay.of).is_some_and(|one| one.state == State::Dead) {
                self.happen(replay.of, Happening::Replaced, observed.wall)?;
            }
            let Some(original) = self.deliveries.get(&replay.of) else { continue };
            let due = replay.due.map(|due| self.clock.store_time(due)).filter(|due| *due > observed.now);
            let delivery = MemoryDelivery {
                subscription: original.subscription.clone(),
                versions: replay.versions.unwrap_or(original.versions),
                state: if due.is_some() { State::Later } else { State::Ready },
                due: due.unwrap_or(observed.now),
                settled: None,
                ordering: original.ordering.clone(),
                replay_of: Some(replay.of),
                attempts: Vec::new(),
            };
            self.accounts.add(Account::Replays, 1);
            self.add(key, delivery, observed.wall);
            keys.push(key);
        }
        Ok(keys)
    }
}
