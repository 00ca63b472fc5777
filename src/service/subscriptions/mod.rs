//! The subscriptions as they are served: documents opened, policies compiled, forms settled.

mod active;
mod index;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::policy::Target;
use crate::store::SubscriptionId;

pub(super) use active::{Active, Served, prepare, prepare_pinned};
use index::Index;

/// All subscriptions at a moment. A change makes a new table, so that whoever reads one sees it whole.
#[derive(Default)]
pub(super) struct Table {
    places: Vec<Arc<Active>>,
    by_id: HashMap<SubscriptionId, u32>,
    index: Index,
    /// Whether any of them sends events as they came.
    pub(super) any_needs_raw: bool,
}

impl Table {
    pub(super) fn new(mut subscriptions: Vec<Arc<Active>>) -> Self {
        subscriptions.sort_by(|a, b| a.id.cmp(&b.id));
        let mut table = Table::default();
        for (place, active) in (0..).zip(subscriptions) {
            table.index.add(place, active.served().map(|served| served.planner.policy()));
            table.any_needs_raw |= active.served().is_some_and(|served| served.needs_raw());
            table.by_id.insert(active.id.clone(), place);
            table.places.push(active);
        }
        table
    }

    /// The same with some subscriptions changed or added.
    pub(super) fn with(&self, changed: &[Arc<Active>]) -> Self {
        let new: HashSet<&SubscriptionId> = changed.iter().map(|active| &active.id).collect();
        let others = self.places.iter().filter(|active| !new.contains(&active.id));
        Table::new(others.chain(changed).cloned().collect())
    }

    /// The same without one.
    pub(super) fn without(&self, id: &SubscriptionId) -> Self {
        Table::new(self.places.iter().filter(|active| active.id != *id).cloned().collect())
    }

    pub(super) fn len(&self) -> usize {
        self.places.len()
    }

    pub(super) fn all(&self) -> &[Arc<Active>] {
        &self.places
    }

    pub(super) fn get(&self, id: &SubscriptionId) -> Option<&Arc<Active>> {
        self.places.get(*self.by_id.get(id)? as usize)
    }

    /// Those that may let an event with these targets through; all when they are few.
    pub(super) fn candidates(&self, targets: &[Target<'_>], places: &mut Vec<u32>) {
        // A handful is asked one by one, so that an event tells of each why it was not sent.
        if self.places.len() <= FEW {
            places.clear();
            places.extend((0..).take(self.places.len()));
        } else {
            self.index.candidates(targets, places);
        }
    }

    pub(super) fn at(&self, place: u32) -> &Arc<Active> {
        &self.places[place as usize]
    }
}

/// How many subscriptions are listed with every event.
const FEW: usize = 16;
