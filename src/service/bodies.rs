//! Bodies that were rendered to find out whether there is one, kept for the first attempt, which follows at once.
//!
//! Nothing depends on a body being here: it is rendered again from the same versions and comes out the same.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use super::subscriptions::Active;
use crate::store::{EventContent, SubscriptionId, SubscriptionVersion};

/// Bytes of bodies, and of the events they belong to, that are kept.
const MOST: usize = 2 << 20;
/// What an entry takes besides.
const ENTRY: usize = 512;

/// What names a body: the event, by where it lies, and the version of the subscription.
type Key = (usize, SubscriptionId, SubscriptionVersion);

/// Bodies, the oldest dropped first.
#[derive(Default)]
pub(super) struct Bodies(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    /// The event is held, so that nothing else comes to lie where it does.
    bodies: HashMap<Key, (Arc<EventContent>, String)>,
    order: VecDeque<Key>,
    bytes: usize,
}

impl Bodies {
    pub(super) fn keep(&self, content: &Arc<EventContent>, active: &Active, body: String) {
        let key = (Arc::as_ptr(content).addr(), active.id.clone(), active.version);
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.bytes += weight(content, &body);
        kept.order.push_back(key.clone());
        kept.bodies.insert(key, (Arc::clone(content), body));
        while kept.bytes > MOST || kept.order.len() > 4 * kept.bodies.len() + 1024 {
            let Some(oldest) = kept.order.pop_front() else { break };
            if let Some((content, body)) = kept.bodies.remove(&oldest) {
                kept.bytes -= weight(&content, &body);
            }
        }
    }

    /// The body for a first attempt; it is given once.
    pub(super) fn take(
        &self,
        content: &Arc<EventContent>,
        subscription: &SubscriptionId,
        version: SubscriptionVersion,
    ) -> Option<String> {
        let key = (Arc::as_ptr(content).addr(), subscription.clone(), version);
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (content, body) = kept.bodies.remove(&key)?;
        kept.bytes -= weight(&content, &body);
        Some(body)
    }
}

/// An event that several bodies are made of is counted with each: that errs to the safe side.
fn weight(content: &EventContent, body: &str) -> usize {
    ENTRY + body.len() + content.raw.len() + content.context.as_ref().map_or(0, Vec::len)
}
