//! Deliveries made once more, and policies tried on the past.

use std::sync::Arc;

use super::Service;
use crate::dispatch;
use crate::policy::{Policy, Verdict};
use crate::service::diff::diff;
use crate::service::intake::event_of;
use crate::service::subscriptions::Served;
use crate::service::{DryDecision, DryRun, FieldMistake, PolicyRange, ReplayKind, Replayed, ServiceError};
use crate::store::{Delivery, DeliveryKey, EventFilter, Moment, PageRequest, Replay, SourceId, Versions};

/// Events that a policy is tried on when nobody says how many.
const TRIED: usize = 1000;
/// And at most.
const MOST_TRIED: usize = 10_000;
impl Service {
    /// Makes settled deliveries once more, all of them or none.
    ///
    /// # Errors
    /// There is no such delivery, or it still waits.
    pub async fn replay(&self, deliveries: &[u64], kind: ReplayKind) -> Result<Vec<Replayed>, ServiceError> {
        let core = &self.core;
        let (mut replays, mut diffs) = (Vec::new(), Vec::new());
        for number in deliveries {
            let found = core.store.delivery(DeliveryKey::new(*number)).await?;
            let delivery = found.ok_or_else(|| ServiceError::not_found("delivery", number))?;
            replays.push(Replay { of: delivery.key, versions: self.versions_for(&delivery, kind)?, due: None });
            diffs.push(match kind {
                ReplayKind::Exact => None,
                ReplayKind::Rerender => Some(self.rerendered(&delivery).await?),
            });
        }
        let keys = core.store.replay(replays, None, core.now()).await?;
        let replayed = deliveries.iter().zip(keys).zip(diffs);
        Ok(replayed
            .map(|((of, key), diff)| Replayed { of: of.to_string(), delivery: key.number().to_string(), diff })
            .collect())
    }

    /// What a replay is rendered with: as before when `None`.
    pub(super) fn versions_for(&self, delivery: &Delivery, kind: ReplayKind) -> Result<Option<Versions>, ServiceError> {
        let table = self.core.table.load();
        let active = table.get(&delivery.subscription);
        let active = active.ok_or_else(|| self.no_subscription(delivery.subscription.as_str()))?;
        if kind == ReplayKind::Exact {
            return Ok(None);
        }
        match &active.state {
            Ok(served) => Ok(Some(Versions { subscription: active.version, integration: served.integration })),
            Err(mistakes) => Err(ServiceError::Invalid(mistakes.clone())),
        }
    }

    /// How today's body differs from the one that was sent.
    async fn rerendered(&self, delivery: &Delivery) -> Result<String, ServiceError> {
        let core = &self.core;
        let record = core.store.event(delivery.key.event()).await?;
        let record = record.ok_or_else(|| ServiceError::not_found("event", delivery.key.event().number()))?;
        let before =
            core.version(&delivery.subscription, delivery.versions.subscription, delivery.versions.integration);
        let before = before.await?;
        let table = core.table.load_full();
        let now = table.get(&delivery.subscription).and_then(|active| active.state.as_ref().ok());
        let now = now.ok_or_else(|| self.no_subscription(delivery.subscription.as_str()))?;
        let body = |served: &Arc<Served>| -> Result<String, ServiceError> {
            let event = event_of(&record.content, served.needs_raw())
                .map_err(|error| ServiceError::Broken(format!("the event cannot be read back: {error}")))?;
            match served.planner.body(&event) {
                Ok(dispatch::Body::Text(body)) => Ok(served.planner.mask().apply(&body)),
                Ok(dispatch::Body::Skip(reason)) => {
                    Err(ServiceError::Conflict(format!("today nothing would be sent: {reason}")))
                }
                Err(error) => Err(ServiceError::Conflict(format!("today it cannot be rendered: {error}"))),
            }
        };
        Ok(diff(&body(&before)?, &body(now)?))
    }

    /// What a policy would have done with past events.
    ///
    /// # Errors
    /// Every mistake in the policy.
    pub async fn policy_dry_run(
        &self,
        policy: &[serde_json::Value],
        range: PolicyRange,
    ) -> Result<DryRun, ServiceError> {
        let policy = Policy::from_json(policy).map_err(|errors| {
            let told = errors.into_iter().map(|error| {
                FieldMistake::new(format!("/policy{}", error.spot.pointer()), error.to_string()).help(error.help())
            });
            ServiceError::Invalid(told.collect())
        })?;
        let limit = range.limit.unwrap_or(TRIED).clamp(1, MOST_TRIED);
        let filter = EventFilter {
            source: range.source.as_deref().map(SourceId::new),
            from: range.from.map(Moment::from_millis),
            until: range.until.map(Moment::from_millis),
            ..EventFilter::default()
        };
        let mut run = DryRun { events: 0, allowed: 0, denied: 0, unmatched: 0, decisions: Vec::new() };
        let mut page = PageRequest::first(100);
        while run.events < limit {
            let found = self.core.store.events(filter.clone(), page).await?;
            let left = limit - run.events;
            let records: Vec<_> = found.items.iter().take(left).map(|event| self.core.store.event(event.key)).collect();
            for record in records {
                // What retention removed meanwhile is past.
                let Some(record) = record.await? else { continue };
                let Ok(event) = event_of(&record.content, false) else { continue };
                let targets = event.targets();
                let explanation = policy.explain(&targets);
                let decision = &explanation.decision;
                run.events += 1;
                *match decision.verdict {
                    Verdict::Allow => &mut run.allowed,
                    Verdict::Deny => &mut run.denied,
                    Verdict::None => &mut run.unmatched,
                } += 1;
                run.decisions.push(DryDecision {
                    event: record.key.number().to_string(),
                    received: record.received.into(),
                    verdict: decision.verdict,
                    statement: decision.statement.map(|at| at + 1),
                    resource: decision.resource(),
                    action: decision.action().to_owned(),
                    reason: explanation.reason(),
                });
            }
            match found.next {
                Some(next) => page.after = Some(next),
                None => break,
            }
        }
        Ok(run)
    }
}
