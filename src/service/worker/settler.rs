//! Tells the store how attempts ended, many at a time: while one lot is on its way to the disk, the next gathers.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
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
    works: Notify,
}

impl Recording {
    pub(super) fn is_troubled(&self) -> bool {
        self.troubled.load(Ordering::Acquire)
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

    fn set(&self, troubled: bool) {
        self.troubled.store(troubled, Ordering::Release);
        if !troubled {
            self.works.notify_waiters();
        }
    }
}

/// Runs until every sender is gone and everything is told; or until it is abandoned.
pub(super) async fn run(core: Arc<Core>, mut results: mpsc::Receiver<Told>, recording: Arc<Recording>) {
    let mut lot = Vec::with_capacity(LOT);
    while !lot.is_empty() || results.recv_many(&mut lot, LOT).await > 0 {
        if !settle(&core, &mut lot, &mut results, &recording).await {
            return;
        }
        lot.clear();
    }
}

/// Settles a lot, however long it takes. What comes meanwhile joins it, so that its leases go on as well.
async fn settle(core: &Core, lot: &mut Vec<Told>, results: &mut mpsc::Receiver<Told>, recording: &Recording) -> bool {
    let mut troubled = false;
    let answers = loop {
        let settlements = lot.iter().map(|told| told.settlement.clone()).collect();
        match core.store.settle(settlements, core.now()).await {
            Ok(answers) => break answers,
            Err(StoreError::Closed) => return false,
            // One result that can never be written down must not keep the others from it.
            Err(error) if !error.is_temporary() && lot.len() > 1 => {
                for told in std::mem::take(lot) {
                    if !Box::pin(settle(core, &mut vec![told], results, recording)).await {
                        return false;
                    }
                }
                return true;
            }
            Err(error) if !error.is_temporary() => {
                let delivery = lot.first().map_or(0, |told| told.settlement.lease.delivery.number());
                let reason = format!("the result of delivery {delivery} cannot be written down: {error}");
                core.tell(Happening::Store { works: false, reason });
                lot.iter().for_each(|told| told.lane.settled());
                return true;
            }
            Err(error) => {
                if !std::mem::replace(&mut troubled, true) {
                    recording.set(true);
                    core.tell(Happening::Store { works: false, reason: error.to_string() });
                }
                tokio::select! {
                    () = core.clock.sleep(AGAIN) => {}
                    () = core.abandoning.cancelled() => return false,
                }
                while let Ok(told) = results.try_recv() {
                    lot.push(told);
                }
                // What was sent is not sent again while its result waits.
                let leases = lot.iter().map(|told| told.settlement.lease).collect();
                let _ = core.store.extend(leases, super::LEASE, core.now()).await;
            }
        }
    };
    if troubled {
        recording.set(false);
        core.tell(Happening::Store { works: true, reason: String::new() });
    }
    let heard = core.happenings.receiver_count() > 0;
    for (told, settled) in lot.iter().zip(answers) {
        told.lane.settled();
        if let (Ended::Disabled { reason }, Settled::Recorded(_)) = (&told.settlement.ended, settled) {
            core.switched_off(&told.lane.id, reason);
        }
        if heard {
            core.tell(happening(told));
        }
    }
    true
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
