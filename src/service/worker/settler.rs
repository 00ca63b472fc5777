//! Tells the store how attempts ended, many at a time: while one lot is on its way to the disk, the next gathers.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;

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

/// Runs until every sender is gone and everything is told; or until it is abandoned.
pub(super) async fn run(core: Arc<Core>, mut results: mpsc::Receiver<Told>) {
    let mut lot = Vec::with_capacity(LOT);
    while results.recv_many(&mut lot, LOT).await > 0 {
        if !settle(&core, &lot).await {
            return;
        }
        lot.clear();
    }
}

async fn settle(core: &Core, lot: &[Told]) -> bool {
    let mut troubled = false;
    let answers = loop {
        let settlements = lot.iter().map(|told| told.settlement.clone()).collect();
        match core.store.settle(settlements, core.now()).await {
            Ok(answers) => break answers,
            Err(StoreError::Closed) => return false,
            Err(error) => {
                if !std::mem::replace(&mut troubled, true) {
                    core.tell(Happening::Store { works: false, reason: error.to_string() });
                }
                // The leases go on, so that the results can be told again.
                tokio::select! {
                    () = core.clock.sleep(AGAIN) => {}
                    () = core.abandoning.cancelled() => return false,
                }
            }
        }
    };
    if troubled {
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
