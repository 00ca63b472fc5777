//! What every part of the running engine shares.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use serde_json::Value as Json;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::bodies::Bodies;
use super::clock::moment;
use super::happening::Happenings;
use super::integrations::{InUse, Integrations};
use super::subscriptions::{Active, Served, Table, prepare_pinned};
use super::worker::Tokens;
use super::{Chance, Clock, Happening, Hearer, Sealer, ServiceError, Settings, document};
use crate::delivery::Sender;
use crate::source::Source;
use crate::store::{Digest, Moment, NewVersion, Store, StoreError, SubscriptionId, SubscriptionVersion};

/// Versions of subscriptions that are kept at hand beside the current ones.
const AT_HAND: usize = 256;

/// A version of a subscription with a version of its integration.
type Pinned = (SubscriptionId, SubscriptionVersion, Digest);

/// What is shared.
pub(super) struct Core {
    pub(super) store: Arc<dyn Store>,
    pub(super) sealer: Arc<dyn Sealer>,
    pub(super) integrations: Integrations,
    pub(super) sources: HashMap<String, Source>,
    pub(super) settings: Settings,
    pub(super) sender: Arc<Sender>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) chance: Chance,
    pub(super) table: ArcSwap<Table>,
    pub(super) bodies: Bodies,
    pub(super) tokens: Tokens,
    pub(super) happenings: Happenings,
    /// One change of subscriptions or integrations at a time.
    pub(super) changes: tokio::sync::Mutex<()>,
    /// Nothing is taken or begun any more.
    pub(super) stopping: CancellationToken,
    /// What is still on its way is given up.
    pub(super) abandoning: CancellationToken,
    /// What goes on to its end, whoever stops waiting for it.
    pub(super) keeping: TaskTracker,
    pinned: Mutex<HashMap<Pinned, Arc<Served>>>,
}

impl Core {
    pub(super) fn new(parts: super::Parts, integrations: PathBuf, hearer: Option<Arc<dyn Hearer>>) -> Self {
        Core {
            store: parts.store,
            sealer: parts.sealer,
            integrations: Integrations::new(integrations),
            sources: parts.sources.into_iter().map(|source| (source.key().to_owned(), source)).collect(),
            settings: parts.settings,
            sender: parts.sender,
            clock: parts.clock,
            chance: parts.chance,
            table: ArcSwap::default(),
            bodies: Bodies::default(),
            tokens: Tokens::default(),
            happenings: Happenings::new(hearer),
            changes: tokio::sync::Mutex::new(()),
            stopping: CancellationToken::new(),
            abandoning: CancellationToken::new(),
            keeping: TaskTracker::new(),
            pinned: Mutex::default(),
        }
    }

    pub(super) fn now(&self) -> Moment {
        moment(self.clock.now())
    }

    pub(super) fn elapsed(&self) -> Duration {
        self.clock.elapsed()
    }

    pub(super) fn tell(&self, happening: Happening) {
        self.happenings.send(happening);
    }

    /// A delivery's pinned versions, ready to render: usually the current ones.
    pub(super) async fn pinned(
        &self,
        active: &Active,
        version: SubscriptionVersion,
        integration: Digest,
    ) -> Result<Option<Arc<Served>>, ServiceError> {
        if active.version == version && active.served().is_some_and(|served| served.integration == integration) {
            return Ok(None);
        }
        self.version(&active.id, version, integration).await.map(Some)
    }

    /// A version of a subscription with a version of its integration.
    pub(super) async fn version(
        &self,
        id: &SubscriptionId,
        version: SubscriptionVersion,
        integration: Digest,
    ) -> Result<Arc<Served>, ServiceError> {
        let key = (id.clone(), version, integration);
        let known = self.pinned.lock().unwrap_or_else(PoisonError::into_inner).get(&key).cloned();
        if let Some(served) = known {
            return Ok(served);
        }
        let stored = self.store.version(id.clone(), version).await?;
        let gone = || ServiceError::Broken(format!("version {} of subscription `{id}` is gone", version.0));
        let opened = self.open(id, &stored.ok_or_else(gone)?.content)?.1;
        let kept = self.integrations.version(integration, &*self.store).await?;
        let gone = || ServiceError::Broken(format!("integration version `{integration}` is gone"));
        let in_use = InUse { digest: integration, integration: kept.ok_or_else(gone)? };
        let written = opened.as_object().cloned().unwrap_or_default();
        let served = prepare_pinned(&written, &in_use).map(Arc::new).map_err(ServiceError::Invalid)?;
        let mut pinned = self.pinned.lock().unwrap_or_else(PoisonError::into_inner);
        if pinned.len() >= AT_HAND {
            pinned.clear();
        }
        pinned.insert(key, Arc::clone(&served));
        Ok(served)
    }

    /// A stored document: at rest, and opened.
    pub(super) fn open(&self, id: &SubscriptionId, content: &[u8]) -> Result<(Json, Json), ServiceError> {
        let at_rest: Json = serde_json::from_slice(content)
            .map_err(|error| ServiceError::Broken(format!("subscription `{id}` cannot be read back: {error}")))?;
        let opened = document::open(&*self.sealer, id.as_str(), &at_rest).map_err(|error| {
            ServiceError::Broken(format!("the secrets of subscription `{id}` cannot be opened: {error}"))
        })?;
        Ok((at_rest, opened))
    }

    /// A subscription's document as it may be shown. What is a secret for the integration in use or for the version of it
    /// that is served is none of a reader's business, sealed or not.
    pub(super) fn shown(&self, id: &SubscriptionId, at_rest: &Json, served: Option<&Served>) -> Json {
        let set = self.integrations.set();
        let key = at_rest.get("integration").and_then(Json::as_str).unwrap_or_default();
        let manifests = [
            set.get(key).map(|in_use| &in_use.integration.manifest),
            served.map(|served| &served.planner.integration().manifest),
        ];
        let members = at_rest.as_object();
        let secrets = manifests.into_iter().flatten().zip(members.into_iter().cycle());
        let secrets: Vec<String> =
            secrets.flat_map(|(manifest, members)| document::pointers(members, manifest)).collect();
        document::shown(&*self.sealer, id.as_str(), at_rest, &secrets)
    }

    /// Stores a version of a subscription, along with its integration: upkeep drops what nobody used. Both are asked for
    /// at once.
    pub(super) fn put_version(
        &self,
        id: &SubscriptionId,
        content: Vec<u8>,
        in_use: &InUse,
    ) -> impl Future<Output = Result<SubscriptionVersion, StoreError>> + use<> {
        let kept = self.store.put_integration(in_use.integration.pack());
        let new = NewVersion { content, integration: Some(in_use.digest) };
        let version = self.store.put_subscription(id.clone(), new, self.now());
        async move {
            match version.await {
                Err(StoreError::UnknownIntegration(digest)) => {
                    kept.await?;
                    Err(StoreError::UnknownIntegration(digest))
                }
                version => version,
            }
        }
    }

    /// Puts subscriptions in the table, all at once. A receiver that is gone switches its subscription off at any time,
    /// in the store first: whoever is on here is looked up there again.
    pub(super) async fn change_table(&self, changed: Vec<Active>) -> Result<(), ServiceError> {
        if changed.is_empty() {
            return Ok(());
        }
        let changed: Vec<Arc<Active>> = changed.into_iter().map(Arc::new).collect();
        self.table.rcu(|table| table.with(&changed));
        // Asked all at once and answered one after the other.
        let on = changed.iter().filter(|active| active.enabled);
        let stored: Vec<_> = on.map(|active| self.store.subscription(active.id.clone())).collect();
        let mut outcome = Ok(());
        for stored in stored {
            match stored.await {
                // Only changes switch on, and they come one at a time; so what is off there is off.
                Ok(Some(off)) if !off.enabled => self.switch_off(&off.id, off.reason),
                Ok(_) => {}
                Err(error) => outcome = outcome.and(Err(error.into())),
            }
        }
        outcome
    }

    /// Takes a subscription out of the table.
    pub(super) fn drop_from_table(&self, id: &SubscriptionId) {
        self.table.rcu(|table| table.without(id));
    }

    fn switch_off(&self, id: &SubscriptionId, reason: Option<String>) {
        self.table.rcu(|table| match table.get(id) {
            Some(active) => Arc::new(table.with(&[Arc::new(active.switched(false, reason.clone()))])),
            None => Arc::clone(table),
        });
    }

    /// A receiver said that it is gone: the store has switched the subscription off.
    pub(super) fn switched_off(&self, id: &SubscriptionId, reason: &str) {
        self.switch_off(id, Some(reason.to_owned()));
        self.tell(Happening::Disabled { subscription: id.clone(), reason: reason.to_owned() });
    }
}
