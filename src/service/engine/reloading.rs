//! Integrations swapped and subscriptions taken in use: what the store has is what is served.
//!
//! One subscription that cannot be taken over holds up no other: it goes on as it was, and is looked at again.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value as Json;
use tokio::task::JoinSet;

use super::Service;
use crate::finding::Finding;
use crate::service::core::Core;
use crate::service::document::{self, Written};
use crate::service::integrations::{Changes, InUse, Set, Tree, finding_views};
use crate::service::subscriptions::{Active, Served, Table, prepare};
use crate::service::{FieldMistake, Happening, RefusedIntegration, ReloadReport, ServiceError};
use crate::store::{Subscription, SubscriptionId};

/// Subscriptions that are read at once.
const PAGE: usize = 256;
/// Subscriptions that are taken over at once.
const AT_ONCE: usize = 32;

/// Takes the subscriptions in use as they were served last: with the versions of integrations that the store has.
pub(super) async fn begin(core: &Arc<Core>) -> Result<(), ServiceError> {
    let set = Set::default();
    let mut after: Option<SubscriptionId> = None;
    let mut all = Vec::new();
    loop {
        let page = core.store.subscriptions(after.take(), PAGE).await?;
        let last = page.len() < PAGE;
        after = page.last().map(|one| one.id.clone());
        for subscription in page {
            all.push(Arc::new(activate(core, subscription, &set).await?));
        }
        if last {
            break;
        }
    }
    core.table.store(Arc::new(Table::new(all)));
    Ok(())
}

async fn read_tree(core: &Core) -> Result<Tree, ServiceError> {
    let root = core.integrations.root().to_owned();
    let read = tokio::task::spawn_blocking(move || Tree::read(&root)).await;
    let read = read.map_err(|error| ServiceError::Broken(format!("the integrations cannot be read: {error}")))?;
    read.map_err(|error| ServiceError::Refused(error.to_string()))
}

/// A stored subscription as it is served now: with the integration in use, else with the version that it was last
/// served with. A new version of an integration that it does not fit yet must not stop it.
pub(super) async fn activate(core: &Core, stored: Subscription, set: &Set) -> Result<Active, ServiceError> {
    let (mut at_rest, opened) = core.open(&stored.id, &stored.current.content)?;
    let written = opened.as_object().cloned().unwrap_or_default();
    let key = written.get("integration").and_then(Json::as_str).unwrap_or_default();
    let (mut version, mut created, mut behind) = (stored.current.version, stored.current.created, Vec::new());
    let state = match set.get(key).map(|in_use| (in_use, prepare(&written, in_use))) {
        Some((in_use, Ok(served))) => {
            // What is a secret from now on is sealed from now on.
            let mut places = document::pointers(&written, &in_use.integration.manifest);
            places.extend(document::sealed_places(&at_rest));
            let sealed = document::seal(&*core.sealer, stored.id.as_str(), &opened, &places, Some((&at_rest, &opened)))
                .map_err(|error| ServiceError::Broken(format!("a secret cannot be sealed: {error}")))?;
            // A version is pinned with the integration it was put with, so the newer one is taken by a new version.
            if stored.current.integration != Some(in_use.digest) || sealed != at_rest {
                let content = if sealed == at_rest { stored.current.content } else { sealed.to_string().into_bytes() };
                version = core.put_version(&stored.id, content, in_use).await?;
                (created, at_rest) = (core.now(), sealed);
            }
            Ok(Arc::new(served))
        }
        other => {
            behind = match other {
                Some((_, Err(mistakes))) => mistakes,
                _ => vec![FieldMistake::new("/integration", format!("there is no integration `{key}`"))],
            };
            last_served(core, &stored, &written, &mut behind).await?.ok_or_else(|| behind.clone())
        }
    };
    let Subscription { id, enabled, reason, .. } = stored;
    Ok(Active { id, version, created, enabled, reason, at_rest, state, behind })
}

/// With the version of its integration that it was put with. A store that does not answer at the moment is no reason to
/// do without; a version that is damaged is one, and told.
async fn last_served(
    core: &Core,
    stored: &Subscription,
    written: &Written,
    behind: &mut Vec<FieldMistake>,
) -> Result<Option<Arc<Served>>, ServiceError> {
    let Some(digest) = stored.current.integration else { return Ok(None) };
    match core.integrations.version(digest, &*core.store).await {
        Ok(found) => Ok(found.and_then(|integration| {
            let served = prepare(written, &InUse { digest, integration }).ok()?;
            Some(Arc::new(served))
        })),
        Err(error @ ServiceError::Unavailable(_)) => Err(error),
        Err(error) => {
            behind.push(FieldMistake::new("/integration", error.to_string()));
            Ok(None)
        }
    }
}

/// Whether a subscription is served with what is in use; whether that is known to be impossible, where it is.
fn is_up_to_date(active: &Active, set: &Set) -> bool {
    let key = active.at_rest.get("integration").and_then(Json::as_str).unwrap_or_default();
    match set.get(key) {
        Some(in_use) => {
            active.behind.is_empty() && active.served().is_some_and(|served| served.integration == in_use.digest)
        }
        None => active.state.is_err() || !active.behind.is_empty(),
    }
}

/// The folder `key` is not taken in use as it is.
pub(super) fn refusal(key: &str, in_use: bool, findings: &Arc<Vec<Finding>>) -> Happening {
    Happening::IntegrationRefused { integration: key.to_owned(), in_use, findings: Arc::clone(findings) }
}

impl Service {
    /// Looks at the folder of integrations again: what is valid is swapped in, what is broken is refused.
    ///
    /// # Errors
    /// The folder cannot be read, or the store takes nothing; or some subscriptions could not be taken over, and are
    /// served as before.
    pub async fn reload(&self) -> Result<ReloadReport, ServiceError> {
        self.to_the_end(|service| async move {
            let core = &service.core;
            let _one_at_a_time = core.changes.lock().await;
            core.integrations.looks_changed();
            let reloaded = service.swap().await;
            if reloaded.is_err() {
                // A folder is seen as changed once: what could not be taken now is looked at again.
                core.integrations.look_again();
            }
            service.worker.look_again();
            reloaded
        })
        .await
    }

    async fn swap(&self) -> Result<ReloadReport, ServiceError> {
        let core = &self.core;
        let tree = read_tree(core).await?;
        let before = core.integrations.refused();
        let changes = core.integrations.take(tree, &*core.store).await?;
        let set = core.integrations.set();
        let report = self.told(changes, &before, &set);
        self.take_over(set).await?;
        Ok(report)
    }

    /// Tells what a look at the folder changed.
    fn told(&self, changes: Changes, before: &BTreeMap<String, Arc<Vec<Finding>>>, set: &Set) -> ReloadReport {
        let core = &self.core;
        let (mut swapped, mut refused) = (Vec::new(), Vec::new());
        for in_use in &changes.swapped {
            let (integration, version) = (in_use.integration.key.clone(), in_use.digest.to_string());
            swapped.push(integration.clone());
            core.tell(Happening::Swapped { integration, version });
        }
        for (key, findings) in &changes.refused {
            refused.push(RefusedIntegration { key: key.clone(), findings: finding_views(findings) });
            if before.get(key) != Some(findings) {
                core.tell(refusal(key, set.contains_key(key), findings));
            }
        }
        for key in &changes.removed {
            core.tell(Happening::IntegrationRemoved { integration: key.clone() });
        }
        ReloadReport { swapped, refused, removed: changes.removed, unchanged: changes.unchanged }
    }

    /// Takes over every subscription that is not served with what is in use, and swaps the table once.
    async fn take_over(&self, set: Arc<Set>) -> Result<(), ServiceError> {
        let core = &self.core;
        let table = core.table.load_full();
        let mut late = table.all().iter().filter(|active| !is_up_to_date(active, &set)).map(|active| active.id.clone());
        let (mut tasks, mut changed, mut wrong) = (JoinSet::new(), Vec::new(), Vec::new());
        loop {
            while tasks.len() < AT_ONCE
                && let Some(id) = late.next()
            {
                let (core, set) = (Arc::clone(core), Arc::clone(&set));
                tasks.spawn(async move {
                    let taken = async {
                        let Some(stored) = core.store.subscription(id.clone()).await? else { return Ok(None) };
                        activate(&core, stored, &set).await.map(Some)
                    };
                    (id.clone(), taken.await)
                });
            }
            match tasks.join_next().await {
                None => break,
                Some(Ok((_, Ok(active)))) => changed.extend(active),
                Some(Ok((id, Err(error)))) => wrong.push((id.to_string(), error)),
                Some(Err(error)) => wrong.push((String::new(), ServiceError::Broken(error.to_string()))),
            }
        }
        core.change_table(changed).await?;
        all_in_one(wrong)
    }
}

/// What kept some from being taken over; that the store was busy comes first, for then the same may succeed later.
fn all_in_one(mut wrong: Vec<(String, ServiceError)>) -> Result<(), ServiceError> {
    if let Some(at) = wrong.iter().position(|(_, error)| matches!(error, ServiceError::Unavailable(_))) {
        return Err(wrong.swap_remove(at).1);
    }
    wrong.sort_by(|(a, _), (b, _)| a.cmp(b));
    match wrong.as_slice() {
        [] => Ok(()),
        wrong => {
            let told: Vec<String> = wrong.iter().map(|(id, error)| format!("`{id}`: {error}")).collect();
            Err(ServiceError::Broken(format!("not every subscription could be taken over: {}", told.join("; "))))
        }
    }
}
