//! Subscriptions and integrations, changed: each change is checked whole, stored, and only then served.

use std::sync::Arc;

use serde_json::Value as Json;

use super::Service;
use crate::finding::{Finding, near_miss};
use crate::service::core::Core;
use crate::service::document::{self, Written};
use crate::service::integrations::{InUse, Set, Tree, finding_views};
use crate::service::subscriptions::{Active, Served, Table, prepare};
use crate::service::{FieldMistake, Happening, PutReport, RefusedIntegration, ReloadReport, ServiceError};
use crate::store::{NewVersion, Subscription, SubscriptionId};

/// The longest name of a subscription.
const LONGEST_ID: usize = 128;
/// Subscriptions that are read at once.
const PAGE: usize = 256;

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
async fn activate(core: &Core, stored: Subscription, set: &Set) -> Result<Active, ServiceError> {
    let (at_rest, opened) = core.open(&stored.id, &stored.current.content)?;
    let written = opened.as_object().cloned().unwrap_or_default();
    let key = written.get("integration").and_then(Json::as_str).unwrap_or_default();
    let mut behind = Vec::new();
    let state = match set.get(key).map(|in_use| (in_use, prepare(&written, in_use))) {
        // A version is pinned with the integration it was put with, so the newer one is taken by a new version.
        Some((in_use, Ok(served))) if stored.current.integration == Some(in_use.digest) => Ok(Arc::new(served)),
        Some((in_use, Ok(served))) => {
            let new = NewVersion { content: stored.current.content.clone(), integration: Some(in_use.digest) };
            let version = core.store.put_subscription(stored.id.clone(), new, core.now()).await?;
            return Ok(Active {
                id: stored.id,
                version,
                enabled: stored.enabled,
                reason: stored.reason,
                at_rest,
                state: Ok(Arc::new(served)),
                behind,
            });
        }
        other => {
            behind = match other {
                Some((_, Err(mistakes))) => mistakes,
                _ => vec![FieldMistake::new("/integration", format!("there is no integration `{key}`"))],
            };
            last_served(core, &stored, &written).await.ok_or_else(|| behind.clone())
        }
    };
    Ok(Active {
        id: stored.id,
        version: stored.current.version,
        enabled: stored.enabled,
        reason: stored.reason,
        at_rest,
        state,
        behind,
    })
}

async fn last_served(core: &Core, stored: &Subscription, written: &Written) -> Option<Arc<Served>> {
    let digest = stored.current.integration?;
    let integration = core.integrations.version(digest, &*core.store).await.ok()??;
    prepare(written, &InUse { digest, integration }).ok().map(Arc::new)
}

/// The folder `key` is not taken in use as it is.
pub(super) fn refusal(key: &str, in_use: bool, findings: &Arc<Vec<Finding>>) -> Happening {
    Happening::IntegrationRefused { integration: key.to_owned(), in_use, findings: Arc::clone(findings) }
}

/// A checked change of a subscription.
struct Change {
    id: SubscriptionId,
    at_rest: Json,
    served: Arc<Served>,
    created: bool,
}

impl Service {
    /// Looks at the folder of integrations again: what is valid is swapped in, what is broken is refused.
    ///
    /// # Errors
    /// The folder cannot be read, or the store takes nothing.
    pub async fn reload(&self) -> Result<ReloadReport, ServiceError> {
        let core = &self.core;
        let _one_at_a_time = core.changes.lock().await;
        core.integrations.looks_changed();
        let tree = read_tree(core).await?;
        let before = core.integrations.refused();
        let changes = core.integrations.take(tree, &*core.store).await?;
        let set = core.integrations.set();
        let mut report = ReloadReport {
            swapped: Vec::new(),
            refused: Vec::new(),
            removed: changes.removed.clone(),
            unchanged: changes.unchanged,
        };
        let touched = |key: &str| {
            changes.swapped.iter().any(|in_use| in_use.integration.key == key)
                || changes.removed.iter().any(|gone| gone == key)
        };
        let table = core.table.load_full();
        for active in table.all() {
            let key = active.at_rest.get("integration").and_then(Json::as_str).unwrap_or_default();
            if !touched(key) {
                continue;
            }
            let Some(stored) = core.store.subscription(active.id.clone()).await? else { continue };
            let active = activate(core, stored, &set).await?;
            core.change_table(&active.id.clone(), Some(active));
        }
        for in_use in &changes.swapped {
            let (integration, version) = (in_use.integration.key.clone(), in_use.digest.to_string());
            report.swapped.push(integration.clone());
            core.tell(Happening::Swapped { integration, version });
        }
        for (key, findings) in &changes.refused {
            report.refused.push(RefusedIntegration { key: key.clone(), findings: finding_views(findings) });
            if before.get(key) != Some(findings) {
                core.tell(refusal(key, set.contains_key(key), findings));
            }
        }
        for key in &changes.removed {
            core.tell(Happening::IntegrationRemoved { integration: key.clone() });
        }
        self.worker.look_again();
        Ok(report)
    }

    /// Makes or replaces a subscription. With `validate`, only if a test succeeds.
    ///
    /// # Errors
    /// Every mistake in the document; a test that did not succeed.
    pub async fn put_subscription(&self, id: &str, document: Json, validate: bool) -> Result<PutReport, ServiceError> {
        let _one_at_a_time = self.core.changes.lock().await;
        self.change(id, document, validate).await
    }

    /// Changes a subscription by a JSON merge patch (RFC 7396). Secrets that are left out stay.
    ///
    /// # Errors
    /// As [`Service::put_subscription`]; there is no such subscription.
    pub async fn patch_subscription(&self, id: &str, patch: Json, validate: bool) -> Result<PutReport, ServiceError> {
        let _one_at_a_time = self.core.changes.lock().await;
        let name = SubscriptionId::new(id);
        let stored = self.core.store.subscription(name.clone()).await?;
        let stored = stored.ok_or_else(|| self.no_subscription(id))?;
        let (_, mut opened) = self.core.open(&name, &stored.current.content)?;
        if let Some(members) = opened.as_object_mut() {
            members.insert("enabled".to_owned(), Json::Bool(stored.enabled));
        }
        document::merge(&mut opened, &patch);
        self.change(id, opened, validate).await
    }

    /// Removes a subscription. Its stream stops at once.
    ///
    /// # Errors
    /// There is no such subscription.
    pub async fn remove_subscription(&self, id: &str) -> Result<(), ServiceError> {
        let core = &self.core;
        let _one_at_a_time = core.changes.lock().await;
        let name = SubscriptionId::new(id);
        if core.table.load().get(&name).is_none() {
            return Err(self.no_subscription(id));
        }
        core.store.remove_subscription(name.clone(), core.now()).await?;
        core.change_table(&name, None);
        self.worker.look_again();
        Ok(())
    }

    pub(super) fn no_subscription(&self, id: &str) -> ServiceError {
        let table = self.core.table.load();
        let near = near_miss(id, table.all().iter().map(|active| active.id.as_str()));
        ServiceError::NotFound {
            what: "subscription",
            name: id.to_owned(),
            help: near.map(|near| format!("did you mean `{near}`?")),
        }
    }

    async fn change(&self, id: &str, document: Json, validate: bool) -> Result<PutReport, ServiceError> {
        let core = &self.core;
        let change = self.check(id, document).await?;
        let enabled = change.served.document.enabled;
        let content = change.at_rest.to_string().into_bytes();
        let integration = Some(change.served.integration);
        let id = change.id.clone();
        let table = core.table.load_full();
        let known = table.get(&id);
        let mut active = Active {
            id: id.clone(),
            version: known.map_or(crate::store::SubscriptionVersion(0), |known| known.version),
            enabled,
            reason: None,
            at_rest: change.at_rest,
            state: Ok(change.served),
            behind: Vec::new(),
        };
        let test = if validate {
            let report = self.test(&active).await?;
            if !report.succeeded {
                let why = report.error.unwrap_or_else(|| "the receiver did not take the test event".to_owned());
                return Err(ServiceError::Refused(format!("nothing is stored, because the test failed: {why}")));
            }
            Some(report)
        } else {
            None
        };
        active.version =
            core.store.put_subscription(id.clone(), NewVersion { content, integration }, core.now()).await?;
        let was_on = known.is_none_or(|known| known.enabled);
        if was_on != enabled || (enabled && known.is_some_and(|known| known.reason.is_some())) {
            core.store.switch(id.clone(), enabled, None).await?;
        }
        core.change_table(&id, Some(active));
        self.worker.look_again();
        let subscription = self.subscription(id.as_str()).await?;
        Ok(PutReport { created: change.created, subscription, test })
    }

    /// Checks a document: every mistake, and how it would be served.
    async fn check(&self, id: &str, document: Json) -> Result<Change, ServiceError> {
        let core = &self.core;
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
        if id.is_empty() || id.len() > LONGEST_ID || !id.bytes().all(plain) {
            let help = format!("use 1 to {LONGEST_ID} letters, digits, `-`, `_` and `.`");
            let mistake = FieldMistake::new("/id", format!("`{id}` cannot name a subscription")).help(help);
            return Err(ServiceError::Invalid(vec![mistake]));
        }
        let name = SubscriptionId::new(id);
        let invalid = |mistake: FieldMistake| Err(ServiceError::Invalid(vec![mistake]));
        let Json::Object(members) = &document else {
            return invalid(FieldMistake::new("", "a subscription is a JSON object"));
        };
        let set = core.integrations.set();
        let key = match members.get("integration") {
            Some(Json::String(key)) => key.clone(),
            Some(_) => return invalid(FieldMistake::new("/integration", "`integration` is a text")),
            None => return invalid(FieldMistake::new("/integration", "`integration` is missing")),
        };
        let before = match core.table.load().get(&name) {
            Some(active) => {
                let opened = document::open(&*core.sealer, id, &active.at_rest);
                let opened = opened.map_err(|error| {
                    ServiceError::Broken(format!("the secrets of subscription `{id}` cannot be opened: {error}"))
                })?;
                Some((active.at_rest.clone(), opened))
            }
            None => None,
        };
        let Some(in_use) = set.get(&key) else {
            let help = match near_miss(&key, set.keys().map(String::as_str)) {
                Some(near) => Some(format!("did you mean `{near}`?")),
                None if set.is_empty() => Some("there are no integrations in use".to_owned()),
                None => None,
            };
            let refused = core.integrations.refused().contains_key(&key);
            let message = if refused {
                format!("integration `{key}` has mistakes and is not in use")
            } else {
                format!("there is no integration `{key}`")
            };
            return invalid(FieldMistake::new("/integration", message).help(help));
        };
        let pointers = document::pointers(members, &in_use.integration.manifest);
        let (mut document, mut mistakes) = (document, Vec::new());
        document::resolve(&mut document, before.as_ref().map(|(_, opened)| opened), &pointers, &mut mistakes);
        let written = document.as_object().cloned().unwrap_or_default();
        let served = match prepare(&written, in_use) {
            Ok(served) if mistakes.is_empty() => Arc::new(served),
            Ok(_) => return Err(ServiceError::Invalid(mistakes)),
            Err(others) => {
                let new =
                    others.into_iter().filter(|other| !mistakes.iter().any(|known| known.pointer == other.pointer));
                let new: Vec<FieldMistake> = new.collect();
                mistakes.extend(new);
                return Err(ServiceError::Invalid(mistakes));
            }
        };
        // Whether it is switched on is kept beside the versions.
        if let Some(members) = document.as_object_mut() {
            members.remove("enabled");
        }
        let known = before.as_ref().map(|(at_rest, opened)| (at_rest, opened));
        let at_rest = document::seal(&*core.sealer, id, &document, &pointers, known)
            .map_err(|error| ServiceError::Broken(format!("a secret cannot be sealed: {error}")))?;
        // The same members in another order are the same document, and make no new version.
        let at_rest =
            before.as_ref().map(|(known, _)| known).filter(|known| **known == at_rest).cloned().unwrap_or(at_rest);
        Ok(Change { id: name, at_rest, served, created: before.is_none() })
    }
}
