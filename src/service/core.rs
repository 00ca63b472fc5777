//! What every part of the running engine shares.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use tokio_util::sync::CancellationToken;

use super::bodies::Bodies;
use super::clock::moment;
use super::happening::Happenings;
use super::integrations::{InUse, Integrations};
use super::subscriptions::{Active, Served, Table, prepare};
use super::worker::Tokens;
use super::{Chance, Clock, Happening, Hearer, Sealer, ServiceError, Settings, document};
use crate::delivery::Sender;
use crate::source::Source;
use crate::store::{Digest, Moment, Store, SubscriptionId, SubscriptionVersion};

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
        let served = prepare(&written, &in_use).map(Arc::new).map_err(ServiceError::Invalid)?;
        let mut pinned = self.pinned.lock().unwrap_or_else(PoisonError::into_inner);
        if pinned.len() >= AT_HAND {
            pinned.clear();
        }
        pinned.insert(key, Arc::clone(&served));
        Ok(served)
    }

    /// A stored document: at rest, and opened.
    pub(super) fn open(
        &self,
        id: &SubscriptionId,
        content: &[u8],
    ) -> Result<(serde_json::Value, serde_json::Value), ServiceError> {
        let at_rest: serde_json::Value = serde_json::from_slice(content)
            .map_err(|error| ServiceError::Broken(format!("subscription `{id}` cannot be read back: {error}")))?;
        let opened = document::open(&*self.sealer, id.as_str(), &at_rest).map_err(|error| {
            ServiceError::Broken(format!("the secrets of subscription `{id}` cannot be opened: {error}"))
        })?;
        Ok((at_rest, opened))
    }

    /// Puts a subscription in the table, or takes it out.
    pub(super) fn change_table(&self, id: &SubscriptionId, changed: Option<Active>) {
        let changed = changed.map(Arc::new);
        self.table.rcu(|table| table.with(id, changed.clone()));
    }

    /// A receiver said that it is gone: the store has switched the subscription off.
    pub(super) fn switched_off(&self, id: &SubscriptionId, reason: &str) {
        self.table.rcu(|table| match table.get(id) {
            Some(active) => table.with(id, Some(Arc::new(active.switched(false, Some(reason.to_owned()))))),
            None => table.with(id, None),
        });
        self.tell(Happening::Disabled { subscription: id.clone(), reason: reason.to_owned() });
    }
}
