//! What became of everything: reads, as answers show it.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value as Json;

use super::Service;
use super::testing::header_views;
use crate::service::intake::without_tags;
use crate::service::integrations::finding_views;
use crate::service::subscriptions::Active;
use crate::service::{
    AttemptView, Breaker, ConflictView, DeliveryDetail, DeliveryView, EventDetail, EventSummaryView, IntegrationView,
    Observed, PhasesView, ServiceError, StatusView, SubscriptionView, Timestamp, Verdict, VerdictView,
};
use crate::store::{
    Accounts, AttemptRecord, Delivery, DeliveryFilter, DeliveryKey, EventFilter, EventKey, EventSummary, Page,
    PageRequest, Skip, Standing, SubscriptionId, Verdict as Decided,
};

impl Service {
    /// The integrations in use and those that were refused, by key.
    pub fn integrations(&self) -> Vec<IntegrationView> {
        let table = self.core.table.load();
        let refused = self.core.integrations.refused();
        let set = self.core.integrations.set();
        let used = |key: &str| {
            let of = |active: &&Arc<Active>| active.at_rest.get("integration").and_then(Json::as_str) == Some(key);
            table.all().iter().filter(of).count()
        };
        let mut views: Vec<IntegrationView> = set
            .iter()
            .map(|(key, in_use)| {
                let manifest = &in_use.integration.manifest;
                IntegrationView {
                    key: key.clone(),
                    name: manifest.name.clone(),
                    version: manifest.version.clone(),
                    digest: Some(in_use.digest.to_string()),
                    overview: manifest.overview.clone(),
                    subscriptions: used(key),
                    refused: refused.get(key).map(|findings| finding_views(findings)).unwrap_or_default(),
                }
            })
            .collect();
        // Broken since before this start: only the refusal is known.
        views.extend(refused.iter().filter(|(key, _)| !set.contains_key(*key)).map(|(key, findings)| {
            IntegrationView {
                key: key.clone(),
                name: key.clone(),
                version: String::new(),
                digest: None,
                overview: String::new(),
                subscriptions: used(key),
                refused: finding_views(findings),
            }
        }));
        views.sort_by(|a, b| a.key.cmp(&b.key));
        views
    }

    /// A subscription.
    ///
    /// # Errors
    /// There is no such subscription.
    pub async fn subscription(&self, id: &str) -> Result<SubscriptionView, ServiceError> {
        let table = self.core.table.load_full();
        let active = table.get(&SubscriptionId::new(id)).ok_or_else(|| self.no_subscription(id))?;
        let standing = self.core.store.standing(active.id.clone()).await?.unwrap_or_default();
        Ok(self.view(active, &standing))
    }

    /// Subscriptions by name, from the one after `after`.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn subscriptions(
        &self,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<SubscriptionView>, ServiceError> {
        let table = self.core.table.load_full();
        let behind = table.all().iter().filter(|active| after.is_none_or(|after| active.id.as_str() > after));
        let page: Vec<&Arc<Active>> = behind.take(limit.clamp(1, PageRequest::MOST)).collect();
        // Asked all at once and answered one after the other.
        let standings: Vec<_> = page.iter().map(|active| self.core.store.standing(active.id.clone())).collect();
        let mut views = Vec::with_capacity(page.len());
        for (active, standing) in page.into_iter().zip(standings) {
            views.push(self.view(active, &standing.await?.unwrap_or_default()));
        }
        Ok(views)
    }

    fn view(&self, active: &Active, standing: &Standing) -> SubscriptionView {
        let mut members = match self.core.shown(&active.id, &active.at_rest, active.served()) {
            Json::Object(members) => members.into_iter().collect(),
            _ => std::collections::BTreeMap::new(),
        };
        members.insert("enabled".to_owned(), Json::Bool(active.enabled));
        SubscriptionView {
            id: active.id.to_string(),
            version: active.version.0,
            document: members,
            status: self.status(active, standing),
        }
    }

    fn status(&self, active: &Active, standing: &Standing) -> StatusView {
        let core = &self.core;
        let (breaker, concurrency, until) = self.worker.shown(&active.id).unwrap_or((Breaker::Closed, 0, None));
        let observed = match &active.state {
            Err(_) => Observed::Unconfigured,
            Ok(_) if !active.enabled => Observed::Paused,
            Ok(_) if standing.failures > 0 || breaker != Breaker::Closed => Observed::Failing,
            Ok(_) => Observed::Active,
        };
        let now = core.now();
        let served = active.served();
        let held = until.map(|until| now.after(until.saturating_sub(core.elapsed())));
        let next = match (standing.next_retry, held) {
            (Some(retry), Some(held)) => Some(retry.max(held)),
            (None, held) if standing.waiting > 0 => held.or(Some(now)),
            (retry, _) => retry,
        };
        let age = |then: crate::store::Moment| u64::try_from((now.millis() - then.millis()) / 1000).unwrap_or(0);
        StatusView {
            enabled: active.enabled,
            reason: active.reason.clone(),
            observed,
            mistakes: active.state.as_ref().err().cloned().unwrap_or_else(|| active.behind.clone()),
            last_code: standing.last_status,
            last_attempt: standing.last_attempt.map(Timestamp::from),
            last_success: standing.last_success.map(Timestamp::from),
            failures_in_a_row: standing.failures,
            waiting: standing.waiting,
            delivered: standing.delivered,
            dead: standing.dead,
            cancelled: standing.cancelled,
            oldest_undelivered: standing.oldest_waiting.map(Timestamp::from),
            oldest_undelivered_age: standing.oldest_waiting.map(age),
            next_attempt: next.filter(|_| active.enabled && active.state.is_ok()).map(Timestamp::from),
            breaker,
            concurrency,
            integration_version: served.map(|served| served.integration.to_string()),
            integration_current: active.behind.is_empty() && active.state.is_ok(),
        }
    }

    /// Deliveries, newest event first.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn deliveries(
        &self,
        filter: DeliveryFilter,
        page: PageRequest,
    ) -> Result<Page<DeliveryView>, ServiceError> {
        let filter = DeliveryFilter { resource: filter.resource.map(without_tags), ..filter };
        let Page { items, next } = self.core.store.deliveries(filter, page).await?;
        Ok(Page { items: items.iter().map(delivery_view).collect(), next })
    }

    /// A delivery with its attempts.
    ///
    /// # Errors
    /// There is no such delivery.
    pub async fn delivery(&self, delivery: u64) -> Result<DeliveryDetail, ServiceError> {
        let key = DeliveryKey::new(delivery);
        let store = &self.core.store;
        let found = store.delivery(key).await?.ok_or_else(|| ServiceError::not_found("delivery", delivery))?;
        let history = store.attempts(key).await?.into_iter().map(attempt_view).collect();
        Ok(DeliveryDetail { delivery: delivery_view(&found), history })
    }

    /// Events, newest first.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn events(&self, filter: EventFilter, page: PageRequest) -> Result<Page<EventSummaryView>, ServiceError> {
        let filter = EventFilter { resource: filter.resource.map(without_tags), ..filter };
        let Page { items, next } = self.core.store.events(filter, page).await?;
        Ok(Page { items: items.iter().map(summary_view).collect(), next })
    }

    /// An event with all that is known about it.
    ///
    /// # Errors
    /// There is no such event.
    pub async fn event(&self, event: u64) -> Result<EventDetail, ServiceError> {
        let store = &self.core.store;
        let key = EventKey::new(event);
        let record = store.event(key).await?.ok_or_else(|| ServiceError::not_found("event", event))?;
        let filter = DeliveryFilter { event: Some(key), ..DeliveryFilter::default() };
        let deliveries = store.deliveries(filter, PageRequest::first(PageRequest::MOST)).await?;
        let ruled_out = self.ruled_out(&record).await?;
        let content = &record.content;
        let summary = EventSummary {
            key,
            source: content.source.clone(),
            id: content.id.clone(),
            received: record.received,
            occurred: content.occurred,
            verdicts: record.verdicts,
            unlisted: record.unlisted,
        };
        let mut summary = summary_view(&summary);
        summary.unlisted = summary.unlisted.saturating_sub(u32::try_from(ruled_out.len()).unwrap_or(u32::MAX));
        summary.verdicts.extend(ruled_out);
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Ok(EventDetail {
            summary,
            digest: content.digest.to_string(),
            raw: text(&content.raw),
            context: serde_json::from_slice(content.context()).unwrap_or(Json::Null),
            deliveries: deliveries.items.iter().map(delivery_view).collect(),
            deliveries_truncated: deliveries.next.is_some(),
            conflicts: record
                .conflicts
                .iter()
                .map(|conflict| ConflictView {
                    received: conflict.received.into(),
                    digest: conflict.digest.to_string(),
                    raw: text(&conflict.raw),
                })
                .collect(),
        })
    }

    /// The books.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn accounts(&self) -> Result<Accounts, ServiceError> {
        Ok(self.core.store.accounts().await?)
    }

    /// Whether it is up to its work: the store answers and nothing is being stopped.
    ///
    /// # Errors
    /// What is in the way.
    pub async fn ready(&self) -> Result<(), ServiceError> {
        if self.core.stopping.is_cancelled() {
            return Err(ServiceError::Refused("the service is stopping".to_owned()));
        }
        self.accounts().await.map(drop)
    }
}

pub(in crate::service) fn delivery_view(delivery: &Delivery) -> DeliveryView {
    DeliveryView {
        delivery: delivery.key.number().to_string(),
        event: delivery.key.event().number().to_string(),
        subscription: delivery.subscription.to_string(),
        subscription_version: delivery.versions.subscription.0,
        integration_version: delivery.versions.integration.to_string(),
        state: delivery.state,
        attempts: delivery.attempts,
        next_attempt: delivery.due.map(Timestamp::from),
        settled: delivery.settled.map(Timestamp::from),
        ordered: delivery.ordered,
        replay_of: delivery.replay_of.map(|of| of.number().to_string()),
    }
}

fn summary_view(event: &EventSummary) -> EventSummaryView {
    EventSummaryView {
        event: event.key.number().to_string(),
        source: event.source.to_string(),
        id: event.id.clone(),
        received: event.received.into(),
        occurred: event.occurred.map(Timestamp::from),
        verdicts: event.verdicts.iter().map(verdict_view).collect(),
        unlisted: event.unlisted,
    }
}

fn verdict_view(decided: &Decided) -> VerdictView {
    VerdictView {
        subscription: decided.subscription.to_string(),
        version: decided.version.0,
        verdict: Verdict(decided.kind()),
        statement: match &decided.skip {
            Some(Skip::Denied { statement }) => Some(statement.saturating_add(1)),
            _ => None,
        },
        message: match &decided.skip {
            Some(Skip::RenderError { message }) => Some(message.clone()),
            _ => None,
        },
    }
}

pub(in crate::service) fn attempt_view(record: AttemptRecord) -> AttemptView {
    let AttemptRecord { number, attempt, next } = record;
    let millis = |part: Option<Duration>| part.map(|part| part.as_secs_f64() * 1e3);
    AttemptView {
        number,
        started: attempt.started.into(),
        phases: PhasesView {
            dns: millis(attempt.phases.resolve),
            connect: millis(attempt.phases.connect),
            tls: millis(attempt.phases.tls),
            first_byte: millis(attempt.phases.first_byte),
            total: millis(attempt.phases.total),
        },
        status: attempt.status,
        headers: header_views(attempt.headers),
        body: String::from_utf8_lossy(&attempt.body).into_owned(),
        error: attempt.error,
        next: next.map(Timestamp::from),
    }
}
