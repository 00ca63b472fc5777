//! What a store tells by itself, while no engine runs on it: the same values as [`Service`](super::Service) gives, as far
//! as they are not an engine's to know.
//!
//! It reads and it asks for exact replays; nothing is delivered, and no secret is opened.

use serde::Serialize;
use serde_json::Value as Json;

use super::engine::{attempt_view, delivery_view};
use super::intake::without_tags;
use super::{DeliveryDetail, DeliveryView, Observed, ServiceError, Timestamp};
use crate::store::{
    DeliveryFilter, DeliveryKey, Moment, Page, PageRequest, Replay, Standing, State, Store, Subscription,
    SubscriptionId,
};

/// A subscription, as far as the store knows it.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct StoredSubscription {
    /// Its name.
    pub id: String,
    /// Counts its changes.
    pub version: u32,
    /// Key of its integration.
    pub integration: Json,
    /// What people call it.
    pub name: Json,
    /// How it fares.
    pub status: StoredStatus,
}

/// How a subscription fares, as far as the store knows.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct StoredStatus {
    /// Whether it is switched on.
    pub enabled: bool,
    /// Why it was switched off, if someone said.
    pub reason: Option<String>,
    /// What was observed last; whether it can be served at all is for an engine to say.
    pub observed: Observed,
    /// Status of the last answer.
    pub last_code: Option<u16>,
    /// When the last attempt was made.
    pub last_attempt: Option<Timestamp>,
    /// When the last successful attempt was made.
    pub last_success: Option<Timestamp>,
    /// Failed attempts since the last successful one.
    pub failures_in_a_row: u32,
    /// Deliveries that wait.
    pub waiting: u64,
    /// Deliveries that arrived.
    pub delivered: u64,
    /// Dead letters.
    pub dead: u64,
    /// Deliveries that were called off.
    pub cancelled: u64,
    /// When the oldest event was received that waits.
    pub oldest_undelivered: Option<Timestamp>,
    /// When the next retry is due.
    pub next_attempt: Option<Timestamp>,
}

/// Every subscription of a store, by name.
///
/// # Errors
/// The store cannot be read.
pub async fn stored_subscriptions(store: &dyn Store) -> Result<Vec<StoredSubscription>, ServiceError> {
    let mut found = Vec::new();
    let mut after = None;
    loop {
        let page = store.subscriptions(after, PageRequest::MOST).await?;
        let Some(last) = page.last() else { return Ok(found) };
        after = Some(last.id.clone());
        // Asked all at once and answered one after the other.
        let standings: Vec<_> = page.iter().map(|one| store.standing(one.id.clone())).collect();
        for (one, standing) in page.iter().zip(standings) {
            found.push(stored(one, &standing.await?.unwrap_or_default()));
        }
    }
}

/// A subscription of a store.
///
/// # Errors
/// There is no such subscription, or the store cannot be read.
pub async fn stored_subscription(store: &dyn Store, id: &str) -> Result<StoredSubscription, ServiceError> {
    let id = SubscriptionId::new(id);
    let found = store.subscription(id.clone()).await?;
    let found = found.ok_or_else(|| ServiceError::not_found("subscription", &id))?;
    Ok(stored(&found, &store.standing(id).await?.unwrap_or_default()))
}

fn stored(subscription: &Subscription, standing: &Standing) -> StoredSubscription {
    // Two plain members of it and no more: which of the others are secrets, only its integration knows.
    let document: Json = serde_json::from_slice(&subscription.current.content).unwrap_or_default();
    let member = |name: &str| document.get(name).cloned().unwrap_or_default();
    let enabled = subscription.enabled;
    StoredSubscription {
        id: subscription.id.to_string(),
        version: subscription.current.version.0,
        integration: member("integration"),
        name: member("name"),
        status: StoredStatus {
            enabled,
            reason: subscription.reason.clone(),
            observed: match standing.failures {
                _ if !enabled => Observed::Paused,
                0 => Observed::Active,
                _ => Observed::Failing,
            },
            last_code: standing.last_status,
            last_attempt: standing.last_attempt.map(Timestamp::from),
            last_success: standing.last_success.map(Timestamp::from),
            failures_in_a_row: standing.failures,
            waiting: standing.waiting,
            delivered: standing.delivered,
            dead: standing.dead,
            cancelled: standing.cancelled,
            oldest_undelivered: standing.oldest_waiting.map(Timestamp::from),
            next_attempt: standing.next_retry.filter(|_| enabled).map(Timestamp::from),
        },
    }
}

/// Deliveries of a store, newest event first.
///
/// # Errors
/// The store cannot be read.
pub async fn stored_deliveries(
    store: &dyn Store,
    filter: DeliveryFilter,
    page: PageRequest,
) -> Result<Page<DeliveryView>, ServiceError> {
    let filter = DeliveryFilter { resource: filter.resource.map(without_tags), ..filter };
    let Page { items, next } = store.deliveries(filter, page).await?;
    Ok(Page { items: items.iter().map(delivery_view).collect(), next })
}

/// A delivery of a store with its attempts.
///
/// # Errors
/// There is no such delivery, or the store cannot be read.
pub async fn stored_delivery(store: &dyn Store, delivery: u64) -> Result<DeliveryDetail, ServiceError> {
    let key = DeliveryKey::new(delivery);
    let found = store.delivery(key).await?.ok_or_else(|| ServiceError::not_found("delivery", delivery))?;
    let history = store.attempts(key).await?.into_iter().map(attempt_view).collect();
    Ok(DeliveryDetail { delivery: delivery_view(&found), history })
}

/// Asks for deliveries to be made once more with the same bytes, all of them or none; the next engine makes them. Gives
/// the numbers of the new ones.
///
/// # Errors
/// There is no such delivery, or it still waits; or the store takes nothing.
pub async fn stored_replay(store: &dyn Store, deliveries: &[u64], now: Moment) -> Result<Vec<u64>, ServiceError> {
    let again = |of: &u64| Replay { of: DeliveryKey::new(*of), versions: None, due: None };
    let made = store.replay(deliveries.iter().map(again).collect(), None, now).await?;
    Ok(made.into_iter().map(|key| key.number()).collect())
}

/// Whether a delivery in this state can be made once more.
pub fn can_be_replayed(state: State) -> bool {
    matches!(state, State::Dead | State::Delivered | State::Cancelled)
}
