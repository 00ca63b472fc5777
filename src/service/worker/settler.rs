//! Tells the store how attempts ended, many at a time: while one lot is on its way to the disk, the next gathers.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::{Notify, mpsc};

use super::lane::Lane;
use crate::service::Happening;
use crate::service::core::Core;
use crate::store::{Ended, Settled, Settlement, StoreError};

/// Results in one lot.
const LOT: usize = 512;
/// How long to wait before the store is asked again that could not take a lot.
const AGAIN: Duration = Duration::from_millis(200);

/// A result on its way to the store.
pub(super) struct Told {
    pub(super) settlement: Settlement,
    pub(super) lane: Arc<Lane>,
    pub(super) attempt: u32,
    pub(super) took: Duration,
    pub(super) next: Option<Duration>,
}

/// Whether results can be written down.
#[derive(Default)]
pub(super) struct Recording {
    troubled: AtomicBool,
    /// How often they could be written down again.
    recoveries: AtomicU64,
    works: Notify,
}

impl Recording {
    pub(super) fn is_troubled(&self) -> bool {
        self.troubled.load(Ordering::Acquire)
    }

    pub(super) fn recoveries(&self) -> u64 {
        self.recoveries.load(Ordering::Acquire)
    }

    /// Waits until results are written down again.
    pub(super) async fn works_again(&self) {
        loop {
            let works = self.works.notified();
            if !self.is_troubled() {
                return;
            }
            works.await;
        }
    }

    fn fails(&self, core: &Core, error: &StoreError) {
        if !self.troubled.swap(true, Ordering::AcqRel) {
            core.tell(Happening::Store { works: false, reason: error.to_string() });
        }
    }

    fn works(&self, core: &Core) {
        if self.troubled.swap(false, Ordering::AcqRel) {
            self.recoveries.fetch_add(1, Ordering::AcqRel);
            self.works.notify_waiters();
            core.tell(Happening::Store { works: true, reason: String::new() });
        }
    }
}

/// Runs until every sender is gone and everything is told; or until it is abandoned.
pub(super) async fn run(core: Arc<Core>, mut results: mpsc::Receiver<Told>, recording: Arc<Recording>) {
    let mut waiting = Vec::with_capacity(LOT);
    // So many of those that wait are told one by one, because one of them can never be written down.
    let mut singly = 0;
    while !waiting.is_empty() || results.recv_many(&mut waiting, LOT).await > 0 {
        if recording.is_troubled() {
            waiting.extend(std::iter::from_fn(|| results.try_recv().ok()));
        }
        let count = if singly > 0 { 1 } else { waiting.len().min(LOT) };
        let settlements = waiting.iter().take(count).map(|told| told.settlement.clone()).collect();
        match core.store.settle(settlements, core.now()).await {
            Ok(answers) => {
                for (told, settled) in waiting.drain(..count).zip(answers) {
                    settled_as(&core, &told, settled);
                }
            }
            Err(StoreError::Closed) => return,
            Err(error) if error.is_temporary() => {
                // Nothing is claimed meanwhile, so nobody looks at the leases, and they hold.
                recording.fails(&core, &error);
                tokio::select! {
                    () = core.clock.sleep(AGAIN) => {}
                    () = core.abandoning.cancelled() => return,
                }
                continue;
            }
            Err(_) if count > 1 => {
                singly = count;
                continue;
            }
            Err(error) => {
                for told in waiting.drain(..count) {
                    let delivery = told.settlement.lease.delivery.number();
                    let reason = format!("the result of delivery {delivery} cannot be written down: {error}");
                    core.tell(Happening::Store { works: false, reason });
                    told.lane.settled();
                }
            }
        }
        singly = singly.saturating_sub(count);
        // Not before everything is told: a lease may have run out meanwhile, and whoever claims then sends it again.
        if waiting.is_empty() && results.is_empty() {
            recording.works(&core);
        }
    }
}

fn settled_as(core: &Core, told: &Told, settled: Settled) {
    told.lane.settled();
    if let (Ended::Disabled { reason }, Settled::Recorded(_)) = (&told.settlement.ended, settled) {
        core.switched_off(&told.lane.id, reason);
    }
    if core.happenings.receiver_count() > 0 {
        core.tell(happening(told));
    }
}

/// How an attempt ended, in a word.
pub(super) fn word(ended: &Ended) -> &'static str {
    match ended {
        Ended::Delivered => "delivered",
        Ended::Retry { .. } => "retry",
        Ended::Dead => "dead",
        Ended::Disabled { .. } => "disabled",
    }
}

fn happening(told: &Told) -> Happening {
    let settlement = &told.settlement;
    Happening::Attempted {
        delivery: settlement.lease.delivery,
        subscription: told.lane.id.clone(),
        attempt: told.attempt,
        status: settlement.attempt.status,
        took: told.took,
        ended: word(&settlement.ended),
        error: settlement.attempt.error.clone(),
        next: told.next,
    }
}
