//! Where work is handed out: leases and hints, in memory alone.
//!
//! One process owns the file, so a crash of that process voids every lease at once: what was out is due again as soon
//! as the file is opened. That is sooner than any time on disk could be, and costs no write.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::ops::Bound;
use std::sync::Arc;

use crate::store::clock::StoreTime;
use crate::store::{DeliveryKey, EventContent, EventKey, Lease, Moment, State};

/// A delivery that is out.
#[derive(Debug, Clone, Copy)]
pub(super) struct Held {
    pub(super) token: u64,
    pub(super) until: StoreTime,
    pub(super) subscription: i64,
    pub(super) state: State,
    pub(super) due: StoreTime,
    pub(super) attempts: u32,
    pub(super) ordering: Option<i64>,
    pub(super) replay: bool,
    /// What its event takes in memory as long as it is out.
    pub(super) bytes: usize,
}

/// What is known of a subscription's queue without looking.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lane {
    /// Ready deliveries before this one are out.
    pub(super) ready_from: u64,
    /// Whether there may be ready ones from there on.
    pub(super) ready: bool,
    /// No postponed one that is not out is due earlier; `StoreTime::MAX` when there is none.
    pub(super) later: StoreTime,
    /// How many are out.
    pub(super) out: u32,
}

impl Lane {
    /// Nothing is known: everything must be looked at.
    const UNKNOWN: Lane = Lane { ready_from: 0, ready: true, later: StoreTime::MIN, out: 0 };
}

/// How many bytes of events may be out. Large events are handed out a few at a time.
const OUT_BYTES: usize = 64 << 20;

/// How many bytes of events that just came in are kept at hand for those who will claim their deliveries.
const RECENT_BYTES: usize = 3 << 20;

/// Leases, hints, and events that just came in.
#[derive(Debug, Default)]
pub(super) struct Desk {
    leases: HashMap<DeliveryKey, Held>,
    /// Bytes of what is out.
    out_bytes: usize,
    ends: BTreeSet<(StoreTime, DeliveryKey)>,
    lanes: HashMap<i64, Lane>,
    /// Subscriptions whose queue may not be empty.
    active: BTreeSet<i64>,
    recent: VecDeque<(EventKey, Moment, Arc<EventContent>)>,
    recent_bytes: usize,
    tokens: u64,
    /// The subscription that was served last; the next claim begins behind it.
    pub(super) served_last: i64,
    /// Leases that the open transaction ended, to be restored if it fails.
    ended: Vec<(DeliveryKey, Held)>,
}

impl Desk {
    pub(super) fn lane(&mut self, subscription: i64) -> &mut Lane {
        self.lanes.entry(subscription).or_insert(Lane::UNKNOWN)
    }

    /// Subscriptions whose queue may not be empty, from the one after `last` on and around.
    pub(super) fn active_from(&self, last: i64) -> Vec<i64> {
        let behind = self.active.range((Bound::Excluded(last), Bound::Unbounded));
        behind.chain(self.active.range(..=last)).copied().collect()
    }

    /// A subscription's queue is empty, but for what is out.
    pub(super) fn rest(&mut self, subscription: i64) {
        self.active.remove(&subscription);
    }

    /// Forgets every hint: others may have written.
    pub(super) fn doubt(&mut self, subscriptions: impl IntoIterator<Item = i64>) {
        self.active.extend(subscriptions);
        for lane in self.lanes.values_mut() {
            *lane = Lane { out: lane.out, ..Lane::UNKNOWN };
        }
    }

    /// A delivery may be claimed from now on.
    pub(super) fn offer(&mut self, subscription: i64, key: DeliveryKey, state: State, due: StoreTime) {
        if !matches!(state, State::Ready | State::Later) {
            return;
        }
        self.active.insert(subscription);
        let lane = self.lane(subscription);
        match state {
            State::Ready => {
                lane.ready = true;
                lane.ready_from = lane.ready_from.min(key.number());
            }
            _ => lane.later = lane.later.min(due),
        }
    }

    /// Whether nothing more can be handed out before something comes back.
    pub(super) fn is_full(&self) -> bool {
        self.out_bytes >= OUT_BYTES
    }

    /// Whether one of them holds up others of its key.
    pub(super) fn any_ordered(&self, keys: &[DeliveryKey]) -> bool {
        keys.iter().any(|key| self.leases.get(key).is_some_and(|held| held.ordering.is_some()))
    }

    pub(super) fn is_out(&self, key: DeliveryKey) -> bool {
        self.leases.contains_key(&key)
    }

    pub(super) fn lend(&mut self, key: DeliveryKey, mut held: Held) -> Lease {
        self.tokens += 1;
        held.token = self.tokens;
        self.out_bytes += held.bytes;
        self.lane(held.subscription).out += 1;
        self.ends.insert((held.until, key));
        self.leases.insert(key, held);
        Lease { delivery: key, token: held.token }
    }

    /// Ends a lease, if it is still held.
    pub(super) fn end(&mut self, lease: Lease) -> Option<Held> {
        if self.leases.get(&lease.delivery)?.token != lease.token {
            return None;
        }
        let held = self.leases.remove(&lease.delivery)?;
        self.out_bytes -= held.bytes;
        self.ends.remove(&(held.until, lease.delivery));
        let lane = self.lane(held.subscription);
        lane.out = lane.out.saturating_sub(1);
        Some(held)
    }

    /// Ends a lease, unless the open transaction fails.
    pub(super) fn end_in_transaction(&mut self, lease: Lease) -> Option<Held> {
        let held = self.end(lease)?;
        self.ended.push((lease.delivery, held));
        Some(held)
    }

    /// Ends whatever lease a delivery is under, unless the open transaction fails.
    pub(super) fn end_any_in_transaction(&mut self, key: DeliveryKey) {
        if let Some(held) = self.leases.get(&key) {
            self.end_in_transaction(Lease { delivery: key, token: held.token });
        }
    }

    /// Lengthens a lease, if it is still held.
    pub(super) fn extend(&mut self, lease: Lease, until: StoreTime) -> bool {
        let Some(held) = self.leases.get_mut(&lease.delivery).filter(|held| held.token == lease.token) else {
            return false;
        };
        self.ends.remove(&(held.until, lease.delivery));
        held.until = until;
        self.ends.insert((until, lease.delivery));
        true
    }

    /// Gives back what was not attempted.
    pub(super) fn give_back(&mut self, lease: Lease) {
        if let Some(held) = self.end(lease) {
            self.offer(held.subscription, lease.delivery, held.state, held.due);
        }
    }

    /// Gives back what was held too long.
    pub(super) fn expire(&mut self, now: StoreTime) {
        while let Some(&(until, key)) = self.ends.first() {
            if until > now {
                return;
            }
            let Some(token) = self.leases.get(&key).map(|held| held.token) else {
                self.ends.pop_first();
                continue;
            };
            self.give_back(Lease { delivery: key, token });
        }
    }

    /// When the next lease runs out.
    pub(super) fn next_end(&self) -> Option<StoreTime> {
        self.ends.first().map(|(until, _)| *until)
    }

    pub(super) fn remember(&mut self, key: EventKey, received: Moment, content: &Arc<EventContent>) {
        self.recent_bytes += weight(content);
        self.recent.push_back((key, received, Arc::clone(content)));
        while self.recent_bytes > RECENT_BYTES {
            let Some((_, _, oldest)) = self.recent.pop_front() else { break };
            self.recent_bytes -= weight(&oldest);
        }
    }

    pub(super) fn recall(&self, key: EventKey) -> Option<(Moment, Arc<EventContent>)> {
        let place = self.recent.binary_search_by_key(&key, |(key, _, _)| *key).ok()?;
        self.recent.get(place).map(|(_, received, content)| (*received, Arc::clone(content)))
    }

    /// The open transaction was committed.
    pub(super) fn committed(&mut self) {
        self.ended.clear();
    }

    /// The open transaction failed: its leases go on, its events never were.
    pub(super) fn undone(&mut self, next_event: u64) {
        for (key, held) in std::mem::take(&mut self.ended) {
            self.out_bytes += held.bytes;
            self.lane(held.subscription).out += 1;
            self.ends.insert((held.until, key));
            self.leases.insert(key, held);
        }
        while let Some((_, _, content)) = self.recent.pop_back_if(|(key, _, _)| key.number() >= next_event) {
            self.recent_bytes -= weight(&content);
        }
    }
}

/// What an event takes in memory, roughly.
pub(super) fn weight(content: &EventContent) -> usize {
    content.raw.len() + content.context.as_ref().map_or(0, Vec::len) + content.id.len() + 200
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_much_may_be_out_and_no_more_until_something_comes_back() {
        let mut desk = Desk::default();
        let held = Held {
            token: 0,
            until: 1000,
            subscription: 1,
            state: State::Ready,
            due: 0,
            attempts: 0,
            ordering: None,
            replay: false,
            bytes: OUT_BYTES / 2,
        };
        let first = desk.lend(DeliveryKey::new(1), held);
        assert!(!desk.is_full());
        desk.lend(DeliveryKey::new(2), held);
        assert!(desk.is_full());
        desk.end_in_transaction(first);
        assert!(!desk.is_full());
        desk.undone(1);
        assert!(desk.is_full(), "the transaction that ended it failed");
        desk.expire(1000);
        assert!(!desk.is_full());
        assert_eq!(desk.out_bytes, 0);
    }
}
