//! Looks things up, by looking at everything.

use super::{Inner, MemoryEvent};
use crate::store::{
    Cursor, Delivery, DeliveryFilter, DeliveryKey, EventFilter, EventKey, EventRecord, EventSummary, Page, PageRequest,
    Standing, State, Subscription, SubscriptionId,
};

impl Inner {
    pub(super) fn subscription(&self, id: &SubscriptionId) -> Option<Subscription> {
        let found = self.subscriptions.get(id).filter(|subscription| !subscription.removed)?;
        let current = found.versions.get(&found.current)?.clone();
        Some(Subscription { id: id.clone(), current, enabled: found.enabled, reason: found.reason.clone() })
    }

    pub(super) fn standing(&self, id: &SubscriptionId) -> Option<Standing> {
        let mut standing = self.subscriptions.get(id).filter(|one| !one.removed)?.standing.clone();
        let waiting = || {
            let all = self.waiting.iter().filter_map(|key| Some((key, self.deliveries.get(key)?)));
            all.filter(|(_, one)| one.subscription == *id)
        };
        let oldest = waiting().next().and_then(|(key, _)| self.events.get(&key.event()));
        standing.oldest_waiting = oldest.map(|event| event.received);
        let later = waiting().filter(|(_, one)| one.state == State::Later).map(|(_, one)| one.due).min();
        standing.next_retry = later.map(|due| self.clock.wall(due));
        Some(standing)
    }

    pub(super) fn event(&self, key: EventKey) -> Option<EventRecord> {
        let event = self.events.get(&key)?;
        Some(EventRecord {
            key,
            received: event.received,
            content: event.content.clone(),
            verdicts: event.verdicts.clone(),
            unlisted: event.unlisted,
            conflicts: event.conflicts.clone(),
        })
    }

    pub(super) fn delivery(&self, key: DeliveryKey) -> Option<Delivery> {
        let delivery = self.deliveries.get(&key)?;
        Some(Delivery {
            key,
            subscription: delivery.subscription.clone(),
            versions: delivery.versions,
            state: delivery.state,
            attempts: u32::try_from(delivery.attempts.len()).unwrap_or(u32::MAX),
            due: delivery.state.is_waiting().then(|| self.clock.wall(delivery.due)),
            settled: delivery.settled,
            ordered: delivery.ordering.is_some(),
            replay_of: delivery.replay_of,
        })
    }

    pub(super) fn list_events(&self, filter: &EventFilter, page: PageRequest) -> Page<EventSummary> {
        let passing = self.events.iter().rev().filter_map(|(key, event)| {
            let summary = summary(*key, event);
            let touches = filter.resource.as_ref().is_none_or(|resource| event.resources.contains(resource));
            (touches && filter.matches(&summary)).then_some(summary)
        });
        cut(passing, page, |event| event.key.number())
    }

    pub(super) fn list_deliveries(&self, filter: &DeliveryFilter, page: PageRequest) -> Page<Delivery> {
        let of_event = |delivery: &Delivery| {
            self.events.get(&delivery.key.event()).is_some_and(|event| {
                filter.from.is_none_or(|from| event.received >= from)
                    && filter.until.is_none_or(|until| event.received < until)
                    && filter.resource.as_ref().is_none_or(|resource| event.resources.contains(resource))
            })
        };
        let passing = self.deliveries.keys().rev().filter_map(|key| self.delivery(*key)).filter(|delivery| {
            filter.wants(delivery.state)
                && filter.subscription.as_ref().is_none_or(|id| *id == delivery.subscription)
                && filter.event.is_none_or(|event| event == delivery.key.event())
                && of_event(delivery)
        });
        cut(passing, page, |delivery| delivery.key.number())
    }
}

fn summary(key: EventKey, event: &MemoryEvent) -> EventSummary {
    EventSummary {
        key,
        source: event.content.source.clone(),
        id: event.content.id.clone(),
        received: event.received,
        occurred: event.content.occurred,
        verdicts: event.verdicts.clone(),
        unlisted: event.unlisted,
    }
}

/// The part of a list that a page shows.
fn cut<T>(items: impl Iterator<Item = T>, page: PageRequest, key: impl Fn(&T) -> u64) -> Page<T> {
    let behind = items.filter(|item| page.after.is_none_or(|cursor| key(item) < cursor.0));
    let mut items: Vec<T> = behind.take(page.size() + 1).collect();
    let more = items.len() > page.size();
    items.truncate(page.size());
    let next = items.last().filter(|_| more).map(|last| Cursor(key(last)));
    Page { items, next }
}
