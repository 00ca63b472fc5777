//! The facade: what a server or a program holds of the running engine.

mod addresses;
mod changing;
mod checking;
mod jobs;
mod looking;
mod reloading;
mod replaying;
mod testing;
mod upkeep;
mod verdicts;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

pub(super) use looking::{attempt_view, delivery_view};
use tokio::sync::broadcast;

use super::core::Core;
use super::intake;
use super::worker::Worker;
use super::{Chance, Clock, Happening, Hearer, Sealer, ServiceError, Settings, SourceView, TakeReport};
use crate::delivery::Sender;
use crate::finding::near_miss;
use crate::source::{Rejection, Request, Source, Verification};
use crate::store::{SourceId, Store};

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
pub struct Service {
    core: Arc<Core>,
    worker: Arc<Worker>,
}

impl Service {
    /// Starts: takes the integrations and subscriptions in use and goes on with what waits.
    ///
    /// # Errors
    /// The store cannot be read, a secret cannot be opened, or the folder of integrations is not there.
    pub async fn start(parts: Parts) -> Result<Service, ServiceError> {
        Service::start_and_tell(parts, None).await
    }

    /// The same, with somebody who hears everything from the very first on.
    ///
    /// # Errors
    /// As for [`Service::start`].
    pub async fn start_and_tell(parts: Parts, hearer: Option<Arc<dyn Hearer>>) -> Result<Service, ServiceError> {
        let root = parts.integrations.clone();
        let core = Arc::new(Core::new(parts, root, hearer));
        reloading::begin(&core).await?;
        let worker = Worker::start(Arc::clone(&core));
        let service = Service { core, worker };
        if let Err(error) = service.begin().await {
            // Nobody holds what would go on otherwise.
            service.stop(Duration::from_secs(1)).await;
            return Err(error);
        }
        Ok(service)
    }

    /// What the worker need not wait for: checking every integration takes its time, and what waits is delivered meanwhile.
    async fn begin(&self) -> Result<(), ServiceError> {
        self.reload().await?;
        jobs::resume(self).await?;
        upkeep::start(self);
        Ok(())
    }

    /// The same service, for work that outlives whoever asked for it.
    fn handle(&self) -> Service {
        Service { core: Arc::clone(&self.core), worker: Arc::clone(&self.worker) }
    }

    /// Carries a change out to its end. Whoever asked may leave meanwhile: a change that stops half-way would leave the
    /// store changed and what is served as it was.
    async fn to_the_end<T, F>(&self, change: impl FnOnce(Service) -> F) -> Result<T, ServiceError>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, ServiceError>> + Send + 'static,
    {
        let ended = tokio::spawn(change(self.handle())).await;
        ended.unwrap_or_else(|error| Err(ServiceError::Broken(format!("a change broke off: {error}"))))
    }

    /// The configured sources.
    pub fn sources(&self) -> Vec<SourceView> {
        let mut sources: Vec<SourceView> = self.core.sources.values().map(source_view).collect();
        sources.sort_by(|a, b| a.key.cmp(&b.key));
        sources
    }

    fn source(&self, key: &str) -> Result<&Source, ServiceError> {
        self.core.sources.get(key).ok_or_else(|| ServiceError::NotFound {
            what: "source",
            name: key.to_owned(),
            help: near_miss(key, self.core.sources.keys().map(String::as_str)).map(str::to_owned),
        })
    }

    /// How many bytes a body for this source may have.
    ///
    /// # Errors
    /// There is no such source.
    pub fn body_limit(&self, source: &str) -> Result<usize, ServiceError> {
        Ok(self.source(source)?.limits().body_bytes)
    }

    /// Takes what came for a source. Answered once everything is durable with all its deliveries.
    ///
    /// # Errors
    /// There is no such source, it refuses the request, or the store takes nothing.
    pub async fn take(&self, source: &str, request: Request<'_>) -> Result<TakeReport, ServiceError> {
        self.verify(source, &request)?;
        self.take_verified(source, request).await
    }

    /// Has the sender prove themselves, as far as the source asks for it.
    ///
    /// # Errors
    /// There is no such source, it refuses the sender, or the service is stopping.
    pub fn verify(&self, source: &str, request: &Request<'_>) -> Result<(), ServiceError> {
        if self.core.stopping.is_cancelled() {
            return Err(ServiceError::Refused("the service is stopping and takes nothing any more".to_owned()));
        }
        self.source(source)?.verify(request).map_err(|rejection| self.refuse(source, rejection))
    }

    fn refuse(&self, source: &str, rejection: Rejection) -> ServiceError {
        self.core.tell(Happening::Refused { source: SourceId::new(source), reason: rejection.to_string() });
        rejection.into()
    }

    /// The sender is known by now, so it is told as an entry that cannot be used and not as a stranger's attempt.
    fn unusable(&self, source: &SourceId, rejection: Rejection) -> ServiceError {
        let (accepted, seen, conflicts, failed, deliveries) = (0, 0, 0, 1, 0);
        let (source, reason) = (source.clone(), Some(rejection.to_string()));
        self.core.tell(Happening::Taken { source, accepted, seen, conflicts, failed, reason, deliveries });
        rejection.into()
    }

    /// Takes what came for a source from a sender that [`Service::verify`] let pass.
    ///
    /// # Errors
    /// There is no such source, it refuses the request, or the store takes nothing.
    pub async fn take_verified(&self, source: &str, request: Request<'_>) -> Result<TakeReport, ServiceError> {
        let known = self.source(source)?;
        let id = SourceId::new(source);
        let batch = known.read_verified(&request).map_err(|rejection| self.unusable(&id, rejection))?;
        let table = self.core.table.load_full();
        let planning = intake::plan(&id, batch, &table, &self.core.bodies).await;
        let heard = self.core.happenings.receiver_count() > 0;
        let tell = |happening| {
            if heard {
                self.core.tell(happening);
            }
        };
        intake::accept(&*self.core.store, planning, self.core.now(), tell).await
    }

    /// What happens from now on. Whoever does not keep up misses some.
    pub fn happenings(&self) -> broadcast::Receiver<Happening> {
        self.core.happenings.subscribe()
    }

    /// The store, for what needs no engine.
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.core.store
    }

    /// Stops: takes nothing any more, finishes what is in flight within `limit`, gives back the rest. Says whether
    /// everything in flight was finished.
    pub async fn stop(&self, limit: Duration) -> bool {
        self.worker.stop(limit).await
    }
}

impl std::fmt::Debug for Service {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Service").finish_non_exhaustive()
    }
}

fn source_view(source: &Source) -> SourceView {
    let name = |verification: &Verification| match verification {
        Verification::Token => "token",
        Verification::Authorization => "authorization",
        Verification::Hmac => "hmac",
        Verification::Ed25519 => "ed25519",
    };
    SourceView {
        key: source.key().to_owned(),
        kind: source.kind().name(),
        verification: source.verification().iter().map(|one| name(one).to_owned()).collect(),
    }
}
