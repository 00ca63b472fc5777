//! The facade: what a server or a program holds of the running engine.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::broadcast;

use super::{
    Chance, Clock, DeliveryDetail, DeliveryView, DryRun, EventDetail, EventSummaryView, Happening, IntegrationView,
    JobView, PolicyRange, PutReport, RangeOfReplays, ReloadReport, ReplayKind, Replayed, Sealer, ServiceError,
    Settings, SourceView, SubscriptionView, TakeReport, TestReport,
};
use crate::delivery::Sender;
use crate::source::{Request, Source};
use crate::store::{Accounts, DeliveryFilter, EventFilter, Page, PageRequest, Store};

/// What a service is made of.
pub struct Parts {
    /// What must survive.
    pub store: Arc<dyn Store>,
    /// What seals secrets.
    pub sealer: Arc<dyn Sealer>,
    /// The folder of integrations.
    pub integrations: PathBuf,
    /// Where events come from.
    pub sources: Vec<Source>,
    /// How it runs.
    pub settings: Settings,
    /// What speaks HTTP, behind the address guard.
    pub sender: Arc<Sender>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Chance.
    pub chance: Chance,
}

/// The running engine. Share it in an `Arc`.
pub struct Service {}

impl Service {
    /// Starts: takes the integrations and subscriptions in use and goes on with what waits.
    ///
    /// # Errors
    /// The store cannot be read, a secret cannot be opened, or the folder of integrations is not there.
    pub async fn start(_parts: Parts) -> Result<Service, ServiceError> {
        todo!()
    }

    /// The configured sources.
    pub fn sources(&self) -> Vec<SourceView> {
        todo!()
    }

    /// How many bytes a body for this source may have.
    ///
    /// # Errors
    /// There is no such source.
    pub fn body_limit(&self, _source: &str) -> Result<usize, ServiceError> {
        todo!()
    }

    /// Takes what came for a source. Answered once everything is durable with all its deliveries.
    ///
    /// # Errors
    /// There is no such source, it refuses the request, or the store takes nothing.
    pub async fn take(&self, _source: &str, _request: Request<'_>) -> Result<TakeReport, ServiceError> {
        todo!()
    }

    /// The integrations in use, by key.
    pub fn integrations(&self) -> Vec<IntegrationView> {
        todo!()
    }

    /// Looks at the folder of integrations again: what is valid is swapped in, what is broken is refused.
    ///
    /// # Errors
    /// The folder cannot be read, or the store takes nothing.
    pub async fn reload(&self) -> Result<ReloadReport, ServiceError> {
        todo!()
    }

    /// Makes or replaces a subscription. With `validate`, only if a test succeeds.
    ///
    /// # Errors
    /// Every mistake in the document; a test that did not succeed.
    pub async fn put_subscription(
        &self,
        _id: &str,
        _document: serde_json::Value,
        _validate: bool,
    ) -> Result<PutReport, ServiceError> {
        todo!()
    }

    /// Changes a subscription by a JSON merge patch (RFC 7396). Secrets that are left out stay.
    ///
    /// # Errors
    /// As [`Service::put_subscription`]; there is no such subscription.
    pub async fn patch_subscription(
        &self,
        _id: &str,
        _patch: serde_json::Value,
        _validate: bool,
    ) -> Result<PutReport, ServiceError> {
        todo!()
    }

    /// A subscription.
    ///
    /// # Errors
    /// There is no such subscription.
    pub async fn subscription(&self, _id: &str) -> Result<SubscriptionView, ServiceError> {
        todo!()
    }

    /// Subscriptions by name, from the one after `after`.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn subscriptions(
        &self,
        _after: Option<&str>,
        _limit: usize,
    ) -> Result<Vec<SubscriptionView>, ServiceError> {
        todo!()
    }

    /// Removes a subscription. Its stream stops at once.
    ///
    /// # Errors
    /// There is no such subscription.
    pub async fn remove_subscription(&self, _id: &str) -> Result<(), ServiceError> {
        todo!()
    }

    /// Sends the validation template's event, or the sample, through the real path.
    ///
    /// # Errors
    /// There is no such subscription. A receiver that refuses is a report.
    pub async fn test_subscription(&self, _id: &str) -> Result<TestReport, ServiceError> {
        todo!()
    }

    /// Makes settled deliveries once more, all of them or none.
    ///
    /// # Errors
    /// There is no such delivery, or it still waits.
    pub async fn replay(&self, _deliveries: &[u64], _kind: ReplayKind) -> Result<Vec<Replayed>, ServiceError> {
        todo!()
    }

    /// Starts a replay job. A dry run is answered when it is through.
    ///
    /// # Errors
    /// The range has mistakes, or the store takes nothing.
    pub async fn start_replay_job(&self, _range: RangeOfReplays) -> Result<JobView, ServiceError> {
        todo!()
    }

    /// A replay job.
    ///
    /// # Errors
    /// There is no such job.
    pub async fn replay_job(&self, _id: &str) -> Result<JobView, ServiceError> {
        todo!()
    }

    /// The replay jobs, newest first.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn replay_jobs(&self) -> Result<Vec<JobView>, ServiceError> {
        todo!()
    }

    /// What a policy would have done with past events.
    ///
    /// # Errors
    /// Every mistake in the policy.
    pub async fn policy_dry_run(
        &self,
        _policy: &[serde_json::Value],
        _range: PolicyRange,
    ) -> Result<DryRun, ServiceError> {
        todo!()
    }

    /// Deliveries, newest event first.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn deliveries(
        &self,
        _filter: DeliveryFilter,
        _page: PageRequest,
    ) -> Result<Page<DeliveryView>, ServiceError> {
        todo!()
    }

    /// A delivery with its attempts.
    ///
    /// # Errors
    /// There is no such delivery.
    pub async fn delivery(&self, _delivery: u64) -> Result<DeliveryDetail, ServiceError> {
        todo!()
    }

    /// Events, newest first.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn events(
        &self,
        _filter: EventFilter,
        _page: PageRequest,
    ) -> Result<Page<EventSummaryView>, ServiceError> {
        todo!()
    }

    /// An event with all that is known about it.
    ///
    /// # Errors
    /// There is no such event.
    pub async fn event(&self, _event: u64) -> Result<EventDetail, ServiceError> {
        todo!()
    }

    /// The books.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn accounts(&self) -> Result<Accounts, ServiceError> {
        todo!()
    }

    /// What happens from now on. Whoever does not keep up misses some.
    pub fn happenings(&self) -> broadcast::Receiver<Happening> {
        todo!()
    }

    /// The store, for what needs no engine.
    pub fn store(&self) -> &Arc<dyn Store> {
        todo!()
    }

    /// Whether it is up to its work: the store answers and the worker runs.
    ///
    /// # Errors
    /// What is in the way.
    pub async fn ready(&self) -> Result<(), ServiceError> {
        todo!()
    }

    /// Stops: takes nothing any more, finishes what is in flight within `limit`, gives back the rest. Says whether
    /// everything in flight was finished.
    pub async fn stop(&self, _limit: Duration) -> bool {
        todo!()
    }
}
