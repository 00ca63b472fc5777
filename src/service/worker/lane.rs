//! One subscription's lane: what was handed out for it, and whether it may be attempted now. A lane that is stuck
//! holds up nobody else.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::breaker::{Breaker, Rules};
use super::bucket::Bucket;
use super::pace::Pace;
use crate::service::{self, Rate};
use crate::store::{Lease, Leased, SubscriptionId, SubscriptionVersion};

/// Deliveries in hand beyond those that are attempted, so that no attempt waits for the store.
const IN_HAND: u32 = 16;
/// How far ahead a lane with a rate limit takes work in hand.
const AHEAD: Duration = Duration::from_millis(500);

/// A delivery in hand.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) leased: Leased,
    /// When it was handed out.
    pub(super) since: Duration,
}

/// What a lane wants done.
#[derive(Debug)]
pub(super) enum Next {
    /// This attempt is to be made.
    Attempt(Box<Job>),
    /// Nothing before then, however the rest goes.
    Wait(Duration),
    /// Nothing until something changes.
    Idle,
}

/// What an attempt says about its receiver.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sign {
    /// It took the delivery.
    Well(Duration),
    /// It answered, and not as one that is down.
    Alive,
    /// It is down, or has too much to do; it may ask to be left alone for so long.
    Failed { hold: Option<Duration> },
    /// Nothing was learned.
    None,
}

/// What a sign changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Turn {
    Nothing,
    Opened(Duration),
    Closed,
}

/// A lane.
pub(super) struct Lane {
    pub(super) id: SubscriptionId,
    state: Mutex<State>,
}

struct State {
    queue: VecDeque<Job>,
    /// Attempts that are being made.
    running: u32,
    /// Deliveries that are handed out and not yet settled.
    out: u32,
    pace: Pace,
    bucket: Option<Bucket>,
    breaker: Breaker,
    rules: Rules,
    /// The receiver asked to be left alone until then.
    hold: Duration,
    /// When the last attempt ended.
    last: Duration,
    /// The soonest moment that `Next::Wait` named and that somebody waits for.
    waited_for: Option<Duration>,
    /// What the subscription was when it was looked at last. Another version may name another receiver.
    of: Option<(SubscriptionVersion, bool)>,
}

impl Lane {
    pub(super) fn new(id: SubscriptionId, most: u32, rate: Option<Rate>, rules: Rules, now: Duration) -> Self {
        let state = State {
            queue: VecDeque::new(),
            running: 0,
            out: 0,
            pace: Pace::new(most),
            bucket: rate.map(|rate| Bucket::new(rate, now)),
            breaker: Breaker::default(),
            rules,
            hold: Duration::ZERO,
            last: now,
            waited_for: None,
            of: None,
        };
        Lane { id, state: Mutex::new(state) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes over what a changed subscription says. What was learned of the receiver is forgotten then: it may be
    /// another one, and whoever switches a subscription off and on means to try.
    pub(super) fn adapt(&self, of: (SubscriptionVersion, bool), most: u32, rate: Option<Rate>, now: Duration) {
        let mut state = self.state();
        if state.of.replace(of).is_some_and(|before| before != of) {
            state.hold = Duration::ZERO;
            state.breaker = Breaker::default();
            state.pace.start_over();
        }
        state.pace.limit(most);
        if state.bucket.as_ref().map(Bucket::rate) != rate {
            state.bucket = rate.map(|rate| Bucket::new(rate, now));
        }
    }

    /// Takes a delivery in hand.
    pub(super) fn push(&self, leased: Leased, now: Duration) {
        let mut state = self.state();
        state.out += 1;
        state.queue.push_back(Job { leased, since: now });
    }

    /// What to do now. An attempt that is given counts as being made.
    pub(super) fn next(&self, now: Duration) -> Next {
        let mut state = self.state();
        let state = &mut *state;
        if state.queue.is_empty() {
            return Next::Idle;
        }
        let at_once = match state.breaker.at(now) {
            Breaker::Closed { .. } => state.pace.window(),
            Breaker::HalfOpen { .. } => 1,
            Breaker::Open { until, .. } => return state.wait(until),
        };
        if state.hold > now {
            let hold = state.hold;
            return state.wait(hold);
        }
        if state.running >= at_once {
            return Next::Idle;
        }
        if let Some(Err(pause)) = state.bucket.as_mut().map(|bucket| bucket.take(now)) {
            return state.wait(now + pause);
        }
        match state.queue.pop_front() {
            None => Next::Idle,
            Some(job) => {
                state.running += 1;
                Next::Attempt(Box::new(job))
            }
        }
    }

    /// Somebody waited as they were told.
    pub(super) fn waited(&self, until: Duration) {
        let mut state = self.state();
        state.waited_for = state.waited_for.filter(|soonest| *soonest != until);
    }

    /// An attempt ended.
    pub(super) fn ended(&self, sign: Sign, now: Duration) -> Turn {
        let mut state = self.state();
        let state = &mut *state;
        state.running = state.running.saturating_sub(1);
        state.last = now;
        match sign {
            Sign::Well(took) => {
                let closed = state.breaker.well();
                if closed {
                    state.pace.start_over();
                }
                state.pace.went_well(took, now);
                if closed { Turn::Closed } else { Turn::Nothing }
            }
            Sign::Alive => {
                if state.breaker.well() {
                    state.pace.start_over();
                    return Turn::Closed;
                }
                Turn::Nothing
            }
            Sign::Failed { hold } => {
                state.pace.cut(now);
                if let Some(hold) = hold {
                    state.hold = state.hold.max(now + hold);
                }
                state.breaker.failed(state.rules, now).map_or(Turn::Nothing, Turn::Opened)
            }
            Sign::None => Turn::Nothing,
        }
    }

    /// A delivery is settled or given back.
    pub(super) fn settled(&self) {
        let mut state = self.state();
        state.out = state.out.saturating_sub(1);
    }

    /// Takes back everything that is not being attempted.
    pub(super) fn empty(&self) -> Vec<Lease> {
        let mut state = self.state();
        let leases: Vec<Lease> = state.queue.drain(..).map(|job| job.leased.lease).collect();
        state.out = state.out.saturating_sub(u32::try_from(leases.len()).unwrap_or(u32::MAX));
        leases
    }

    /// How many may be handed out for it now, those that are out included; and when that may change by itself.
    pub(super) fn limit(&self, now: Duration) -> (u32, Option<Duration>) {
        let mut state = self.state();
        let state = &mut *state;
        if state.hold > now {
            return (0, Some(state.hold));
        }
        match state.breaker.at(now) {
            Breaker::Open { until, .. } => (0, Some(until)),
            Breaker::HalfOpen { .. } => (1, None),
            Breaker::Closed { .. } => {
                // As much again is on its way to being settled. Steps of a few keep the limits of most lanes equal.
                let most = (state.pace.window() * 3 + IN_HAND).next_multiple_of(8);
                match &mut state.bucket {
                    None => (most, None),
                    Some(bucket) => {
                        // What is being attempted or settled has its token already.
                        let begun = state.out.saturating_sub(u32::try_from(state.queue.len()).unwrap_or(u32::MAX));
                        let tokens = bucket.within(now, AHEAD);
                        // A lane so slow that a delivery in hand would outlive its lease takes none in hand.
                        let wake = if tokens > 0 { AHEAD } else { bucket.until_one(now).max(AHEAD) };
                        (begun.saturating_add(tokens).min(most), Some(now + wake))
                    }
                }
            }
        }
    }

    /// Whether nothing of it is out.
    pub(super) fn is_empty(&self) -> bool {
        self.state().out == 0
    }

    /// Whether nothing is lost by forgetting it.
    pub(super) fn is_idle(&self, now: Duration, patience: Duration) -> bool {
        let state = self.state();
        state.out == 0
            && state.running == 0
            && state.hold <= now
            && matches!(state.breaker, Breaker::Closed { failures: 0 })
            && now.saturating_sub(state.last) > patience
    }

    /// What is shown of it.
    pub(super) fn shown(&self, now: Duration) -> (service::Breaker, u32, Option<Duration>) {
        let mut state = self.state();
        let breaker = state.breaker.at(now);
        let next = match breaker {
            Breaker::Open { until, .. } => Some(until),
            _ => Some(state.hold).filter(|hold| *hold > now),
        };
        (breaker.shown(), state.pace.window(), next)
    }
}

impl State {
    /// Nobody waits who would not be the first to wake.
    fn wait(&mut self, until: Duration) -> Next {
        if self.waited_for.is_some_and(|soonest| soonest <= until) {
            return Next::Idle;
        }
        self.waited_for = Some(until);
        Next::Wait(until)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::store::{DeliveryKey, Digest, EventContent, EventKey, Moment, SourceId, Versions};

    const RULES: Rules = Rules { after: 3, first: Duration::from_secs(1), longest: Duration::from_secs(5) };
    const WELL: Sign = Sign::Well(Duration::from_millis(2));

    fn lane(rate: Option<Rate>) -> Lane {
        Lane::new(SubscriptionId::from("one"), 64, rate, RULES, Duration::ZERO)
    }

    fn leased(number: u64) -> Leased {
        let delivery = DeliveryKey::new(EventKey::new(number).number());
        Leased {
            lease: Lease { delivery, token: number },
            content: Arc::new(EventContent::new(SourceId::from("app"), number.to_string(), b"{}".to_vec())),
            received: Moment::from_millis(0),
            subscription: SubscriptionId::from("one"),
            versions: Versions { subscription: SubscriptionVersion(1), integration: Digest([0; 32]) },
            attempt: 1,
            replay_of: None,
        }
    }

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn a_slow_receiver_with_a_rate_gets_all_of_its_rate() {
        let lane = lane(Some(Rate { per_second: 10.0, burst: Some(10) }));
        let mut number = 0;
        let mut begin = |now| {
            let (limit, _) = lane.limit(now);
            let mut begun = 0;
            while lane.state().out < limit {
                number += 1;
                lane.push(leased(number), now);
            }
            while let Next::Attempt(_) = lane.next(now) {
                begun += 1;
            }
            begun
        };
        // Each attempt takes longer than the test: what is on its way must not count against the rate.
        let first = begin(at(0));
        assert!(first >= 4, "{first}");
        lane.state().pace = {
            let mut pace = Pace::new(64);
            (0..100).for_each(|_| pace.went_well(Duration::from_millis(2), at(0)));
            pace
        };
        let later: u32 = (1..=3).map(|second| begin(at(second))).sum();
        assert!((30..=40).contains(&later), "{later} attempts in three seconds at ten a second");
    }

    #[test]
    fn a_lane_slower_than_a_lease_takes_nothing_in_hand_before_its_time() {
        let lane = lane(Some(Rate { per_second: 0.001, burst: None }));
        lane.push(leased(1), at(0));
        assert!(matches!(lane.next(at(0)), Next::Attempt(_)));
        lane.ended(WELL, at(1));
        lane.settled();
        let (limit, wake) = lane.limit(at(1));
        assert_eq!(limit, 0);
        assert!(wake.is_some_and(|wake| (at(990)..=at(1001)).contains(&wake)), "{wake:?}");
        assert_eq!(lane.limit(at(1000)).0, 1);
    }

    #[test]
    fn what_was_learned_of_a_receiver_is_forgotten_with_the_version() {
        let lane = lane(None);
        let version = |number| (SubscriptionVersion(number), true);
        lane.adapt(version(1), 64, None, at(0));
        lane.push(leased(1), at(0));
        assert!(matches!(lane.next(at(0)), Next::Attempt(_)));
        lane.ended(Sign::Failed { hold: Some(at(86_400)) }, at(1));
        lane.push(leased(2), at(1));
        assert!(matches!(lane.next(at(1)), Next::Wait(until) if until == at(86_401)));
        lane.adapt(version(1), 64, None, at(2));
        assert!(matches!(lane.next(at(2)), Next::Idle), "somebody waits already");
        lane.adapt(version(2), 64, None, at(3));
        assert!(matches!(lane.next(at(3)), Next::Attempt(_)));
    }

    #[test]
    fn who_would_wake_sooner_waits_beside_who_wakes_later() {
        let lane = lane(None);
        let state = &mut *lane.state();
        assert!(matches!(state.wait(at(10)), Next::Wait(_)));
        assert!(matches!(state.wait(at(20)), Next::Idle));
        assert!(matches!(state.wait(at(5)), Next::Wait(_)));
    }
}
