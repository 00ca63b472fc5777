//! Carries deliveries out: claims what is due, keeps a lane for every subscription, settles what was attempted.
//!
//! Leases outlive no crash, results are told until they are recorded, and a lane that is stuck holds up nobody else.

mod attempt;
mod breaker;
mod bucket;
mod lane;
mod pace;
mod sending;
mod settler;
mod tokens;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, mpsc};
use tokio::task::JoinHandle;
use tokio_util::task::TaskTracker;
use tracing::Instrument;

use super::core::Core;
use super::subscriptions::Active;
use super::{Breaker, Happening};
use crate::store::{Claim, Claimed, Lease, Limits, StoreError, SubscriptionId};
pub(super) use attempt::{masked_body, masked_headers};
use breaker::Rules;
use lane::{Job, Lane, Next, Sign, Turn};
pub(super) use sending::{Body, Letter, headers, send};
use settler::{Recording, Told};
pub(super) use tokens::Tokens;

/// How long a delivery is lent. One process works on a store in one file, and its leases end with it.
const LEASE: Duration = Duration::from_secs(600);
/// A delivery that is so long in hand is lent anew before it is attempted.
const STALE: Duration = Duration::from_secs(300);
/// Deliveries of one claim.
const AT_MOST: usize = 512;
/// Other processes may add work without telling.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Damaged deliveries that are told of, each once.
const DAMAGES_TOLD: usize = 100;
/// How long to wait before a store is asked again that had too much to do.
const AGAIN: Duration = Duration::from_millis(50);
/// What is known at the end has at least so long to be written down, also when attempts used up all the time.
const TELLING: Duration = Duration::from_secs(1);
/// Results that wait to be told.
const RESULTS: usize = 4096;
/// A lane without work is forgotten after a while.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(60);
/// What may be out of a subscription whose lane is not known yet.
const UNKNOWN_LANE: u32 = 32;

/// The worker of a service.
pub(super) struct Worker {
    core: Arc<Core>,
    lanes: Mutex<HashMap<SubscriptionId, Arc<Lane>>>,
    tasks: TaskTracker,
    results: Mutex<Option<mpsc::Sender<Told>>>,
    /// Whether results can be written down. While they cannot, nothing more is attempted: it would only be attempted
    /// again.
    recording: Arc<Recording>,
    /// Something changed that may let more be claimed.
    changed: Notify,
    loops: Mutex<Vec<JoinHandle<()>>>,
}

impl Worker {
    /// Starts to work.
    pub(super) fn start(core: Arc<Core>) -> Arc<Self> {
        let (results, told) = mpsc::channel(RESULTS);
        let worker = Arc::new(Worker {
            core: Arc::clone(&core),
            lanes: Mutex::default(),
            tasks: TaskTracker::new(),
            results: Mutex::new(Some(results)),
            recording: Arc::default(),
            changed: Notify::new(),
            loops: Mutex::default(),
        });
        let settling = tokio::spawn(settler::run(core, told, Arc::clone(&worker.recording)));
        let claiming = tokio::spawn(Arc::clone(&worker).claim());
        worker.loops().extend([claiming, settling]);
        worker
    }

    fn loops(&self) -> std::sync::MutexGuard<'_, Vec<JoinHandle<()>>> {
        self.loops.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Subscriptions changed: what was held back may go on.
    pub(super) fn look_again(&self) {
        let table = self.core.table.load();
        let now = self.core.elapsed();
        for lane in self.all_lanes() {
            let found = table.get(&lane.id).and_then(|active| Some((active, &active.served()?.document)));
            if let Some((active, document)) = found {
                let of = (active.version, active.enabled);
                lane.adapt(of, document.concurrency.unwrap_or(self.core.settings.concurrency), document.rate, now);
            }
        }
        self.changed.notify_one();
    }

    fn all_lanes(&self) -> Vec<Arc<Lane>> {
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }

    /// What is shown of a subscription's lane: whether its receiver is left alone, attempts at once, until when.
    pub(super) fn shown(&self, id: &SubscriptionId) -> Option<(Breaker, u32, Option<Duration>)> {
        let lane = self.lanes.lock().unwrap_or_else(PoisonError::into_inner).get(id).cloned();
        lane.map(|lane| lane.shown(self.core.elapsed()))
    }

    fn lane(&self, id: &SubscriptionId) -> Arc<Lane> {
        let mut lanes = self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(lane) = lanes.get(id) {
            return Arc::clone(lane);
        }
        let table = self.core.table.load();
        let document = table.get(id).and_then(|active| active.served()).map(|served| &served.document);
        let settings = &self.core.settings;
        let most = document.and_then(|document| document.concurrency).unwrap_or(settings.concurrency);
        let rate = document.and_then(|document| document.rate);
        let rules =
            Rules { after: settings.breaker_after, first: settings.breaker_first, longest: settings.breaker_longest };
        let lane = Arc::new(Lane::new(id.clone(), most, rate, rules, self.core.elapsed()));
        if let Some(active) = table.get(id) {
            lane.adapt((active.version, active.enabled), most, rate, self.core.elapsed());
        }
        lanes.insert(id.clone(), Arc::clone(&lane));
        lane
    }

    /// How much may be out of each subscription, and when that changes by itself.
    fn limits(&self, now: Duration) -> (Limits, Option<Duration>) {
        let table = self.core.table.load();
        let mut lanes = self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
        lanes.retain(|id, lane| match table.get(id) {
            Some(_) => !lane.is_idle(now, FORGOTTEN_AFTER),
            None => !lane.is_empty(),
        });
        let serves = |active: &Active| active.enabled && active.served().is_some();
        let (mut of, mut wake) = (BTreeMap::new(), None::<Duration>);
        for (id, lane) in lanes.iter() {
            let (mut limit, changes) = lane.limit(now);
            if !table.get(id).is_some_and(|active| serves(active)) {
                limit = 0;
            }
            if limit != UNKNOWN_LANE {
                of.insert(id.clone(), limit);
            }
            wake = match (wake, changes) {
                (Some(a), Some(b)) => Some(a.min(b)),
                (a, b) => a.or(b),
            };
        }
        for active in table.all().iter().filter(|active| !serves(active)) {
            of.insert(active.id.clone(), 0);
        }
        (Limits { others: UNKNOWN_LANE, of }, wake)
    }

    /// Listens, claims, and waits until there may be more.
    async fn claim(self: Arc<Self>) {
        let core = &self.core;
        let mut arrivals = core.store.arrivals();
        let (mut troubled, mut damaged, mut pumped) = (false, HashSet::new(), 0);
        while !core.stopping.is_cancelled() {
            arrivals.borrow_and_update();
            if self.recording.is_troubled() {
                tokio::select! {
                    () = self.recording.works_again() => {}
                    () = core.stopping.cancelled() => return,
                }
            }
            let recoveries = self.recording.recoveries();
            if std::mem::replace(&mut pumped, recoveries) != recoveries {
                // What was in hand meanwhile goes on.
                self.all_lanes().iter().for_each(|lane| self.pump(lane));
            }
            let now = core.elapsed();
            let (limits, wake) = self.limits(now);
            let claim = Claim { now: core.now(), lease: LEASE, at_most: AT_MOST, limits };
            let pause = match core.store.claim(claim).await {
                Ok(claimed) => {
                    for what in &claimed.damaged {
                        if damaged.len() < DAMAGES_TOLD && damaged.insert(what.clone()) {
                            core.tell(Happening::Store { works: false, reason: what.clone() });
                        }
                    }
                    let (full, none) = (claimed.deliveries.len() >= AT_MOST, claimed.deliveries.is_empty());
                    let next = self.take_in_hand(claimed);
                    if full {
                        continue;
                    }
                    // Asking again at once what just gave nothing would be asking all the time.
                    next.map(|next| if none { next.max(Duration::from_millis(1)) } else { next })
                }
                Err(StoreError::Closed | StoreError::NotOwner) => return,
                Err(error) => {
                    if !std::mem::replace(&mut troubled, true) {
                        let reason = format!("no work is handed out: {error}");
                        core.tell(Happening::Store { works: false, reason });
                    }
                    tokio::select! {
                        () = core.clock.sleep(LOOK_EVERY / 4) => {}
                        () = core.stopping.cancelled() => {}
                    }
                    continue;
                }
            };
            if std::mem::take(&mut troubled) {
                core.tell(Happening::Store { works: true, reason: String::new() });
            }
            let until_wake = wake.map(|wake| wake.saturating_sub(core.elapsed()));
            let pause = [pause, until_wake].into_iter().flatten().fold(LOOK_EVERY, Duration::min);
            tokio::select! {
                changed = arrivals.changed() => if changed.is_err() { return },
                () = self.changed.notified() => {}
                () = core.clock.sleep(pause) => {}
                () = core.stopping.cancelled() => {}
            }
        }
    }

    /// Takes what was claimed in hand, and says how long until there may be more.
    fn take_in_hand(self: &Arc<Self>, claimed: Claimed) -> Option<Duration> {
        let now = self.core.elapsed();
        let mut touched: Vec<Arc<Lane>> = Vec::new();
        for leased in claimed.deliveries {
            let lane = match touched.iter().rev().take(4).find(|lane| lane.id == leased.subscription) {
                Some(lane) => Arc::clone(lane),
                None => {
                    let lane = self.lane(&leased.subscription);
                    touched.push(Arc::clone(&lane));
                    lane
                }
            };
            lane.push(leased, now);
        }
        for lane in touched {
            self.pump(&lane);
        }
        let wall = self.core.now().millis();
        claimed.next.map(|next| Duration::from_millis(u64::try_from(next.millis() - wall).unwrap_or(0)))
    }

    /// Begins every attempt that may be made now.
    fn pump(self: &Arc<Self>, lane: &Arc<Lane>) {
        while let Some(job) = self.next_of(lane) {
            self.tasks.spawn(Arc::clone(self).attempts(Arc::clone(lane), job));
        }
    }

    fn next_of(self: &Arc<Self>, lane: &Arc<Lane>) -> Option<Box<Job>> {
        if self.core.stopping.is_cancelled() || self.recording.is_troubled() {
            return None;
        }
        match lane.next(self.core.elapsed()) {
            Next::Attempt(job) => Some(job),
            Next::Idle => None,
            Next::Wait(until) => {
                let (worker, lane) = (Arc::clone(self), Arc::clone(lane));
                self.tasks.spawn(async move {
                    tokio::select! {
                        () = worker.core.clock.sleep(until.saturating_sub(worker.core.elapsed())) => {}
                        () = worker.core.stopping.cancelled() => {}
                    }
                    lane.waited(until);
                    worker.pump(&lane);
                });
                None
            }
        }
    }

    /// Makes one attempt after another, as long as the lane has some.
    async fn attempts(self: Arc<Self>, lane: Arc<Lane>, first: Box<Job>) {
        let Some(results) = self.results.lock().unwrap_or_else(PoisonError::into_inner).clone() else { return };
        let mut next = Some(first);
        while let Some(job) = next.take() {
            let made = tokio::select! {
                biased;
                made = self.attempt(&job) => made,
                () = self.core.abandoning.cancelled() => None,
            };
            let sign = made.as_ref().map_or(Sign::None, |made| made.sign);
            let turn = lane.ended(sign, self.core.elapsed());
            match made {
                Some(made) => {
                    let attempt::Made { settlement, took, next, .. } = made;
                    let told = Told { settlement, lane: Arc::clone(&lane), attempt: job.leased.attempt, took, next };
                    // Nobody listens any more only when everything is given up.
                    let _ = results.send(told).await;
                }
                None => {
                    lane.settled();
                    self.give_back(vec![job.leased.lease]).await;
                }
            }
            self.turned(&lane, turn, sign).await;
            next = self.next_of(&lane);
            // A window that grew lets more begin.
            if next.is_some() {
                self.pump(&lane);
            }
        }
    }

    async fn attempt(&self, job: &Job) -> Option<attempt::Made> {
        let core = &self.core;
        if core.elapsed().saturating_sub(job.since) > STALE {
            let held = core.store.extend(vec![job.leased.lease], LEASE, core.now()).await;
            if !held.is_ok_and(|held| held == [true]) {
                return None;
            }
        }
        let leased = &job.leased;
        let span = tracing::debug_span!(
            "attempt",
            delivery = leased.lease.delivery.number(),
            subscription.id = %leased.subscription,
            attempt = leased.attempt,
            http.status = tracing::field::Empty,
            ended = tracing::field::Empty,
        );
        let made = attempt::make(core, leased).instrument(span.clone()).await?;
        span.record("http.status", made.settlement.attempt.status);
        span.record("ended", settler::word(&made.settlement.ended));
        Some(made)
    }

    async fn turned(&self, lane: &Arc<Lane>, turn: Turn, sign: Sign) {
        let hold = matches!(sign, Sign::Failed { hold: Some(_) });
        if hold || matches!(turn, Turn::Opened(_)) {
            // What waits goes back, where it costs nothing and is not forgotten.
            let leases = lane.empty();
            if !leases.is_empty() {
                self.give_back(leases).await;
            }
        }
        match turn {
            Turn::Nothing => {}
            Turn::Opened(pause) => {
                self.core.tell(Happening::Breaker { subscription: lane.id.clone(), open: true, pause: Some(pause) });
                self.changed.notify_one();
            }
            Turn::Closed => {
                self.core.tell(Happening::Breaker { subscription: lane.id.clone(), open: false, pause: None });
                self.changed.notify_one();
            }
        }
    }

    async fn give_back(&self, leases: Vec<Lease>) {
        // A store that has too much to do is told again, or their keys would wait until the leases run out.
        while let Err(StoreError::Unavailable { .. }) = self.core.store.give_back(leases.clone()).await {
            tokio::select! {
                () = self.core.clock.sleep(AGAIN) => {}
                () = self.core.abandoning.cancelled() => return,
            }
        }
    }

    /// Stops: begins nothing any more, waits for what is in flight up to `limit`, and gives back the rest. Says whether
    /// everything in flight came to its end.
    pub(super) async fn stop(&self, limit: Duration) -> bool {
        let core = &self.core;
        let end = core.elapsed() + limit;
        let left = |least: Duration| core.clock.sleep(end.saturating_sub(core.elapsed()).max(least));
        core.stopping.cancel();
        self.empty_lanes().await;
        self.tasks.close();
        let finished = tokio::select! {
            () = self.tasks.wait() => true,
            () = left(Duration::ZERO) => false,
        };
        if !finished {
            core.abandoning.cancel();
            self.tasks.wait().await;
        }
        // The settler ends when everything is told.
        drop(self.results.lock().unwrap_or_else(PoisonError::into_inner).take());
        let loops = std::mem::take(&mut *self.loops());
        let told = async {
            for one in loops {
                let _ = one.await;
            }
        };
        let told = tokio::select! {
            biased;
            () = told => true,
            () = left(TELLING) => false,
        };
        // A refresh token that was just handed out is known to nobody else.
        core.keeping.close();
        tokio::select! {
            biased;
            () = core.keeping.wait() => {}
            () = left(TELLING) => {}
        }
        core.abandoning.cancel();
        // What a claim that was on its way brought meanwhile.
        self.empty_lanes().await;
        finished && told
    }

    async fn empty_lanes(&self) {
        for lane in self.all_lanes() {
            let leases = lane.empty();
            if !leases.is_empty() {
                self.give_back(leases).await;
            }
        }
    }
}
