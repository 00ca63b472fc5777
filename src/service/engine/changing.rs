//! Subscriptions, changed: each change is checked whole, stored, and only then served.
//!
//! Once something is stored, a change goes on to its end, whoever waits for it.

use std::sync::Arc;

use serde_json::Value as Json;

use super::Service;
use super::checking::{Change, Wanted};
use super::reloading::activate;
use crate::finding::near_miss;
use crate::service::subscriptions::Active;
use crate::service::{PutReport, ServiceError, TestReport};
use crate::store::{SubscriptionId, SubscriptionVersion};

impl Service {
    /// Makes or replaces a subscription. With `validate`, only if a test succeeds.
    ///
    /// # Errors
    /// Every mistake in the document; a test that did not succeed; a change of the same subscription during the test.
    pub async fn put_subscription(&self, id: &str, document: Json, validate: bool) -> Result<PutReport, ServiceError> {
        self.change(id, Wanted::Whole(document), validate).await
    }

    /// Changes a subscription by a JSON merge patch (RFC 7396). Secrets that are left out stay.
    ///
    /// # Errors
    /// As [`Service::put_subscription`]; there is no such subscription.
    pub async fn patch_subscription(&self, id: &str, patch: Json, validate: bool) -> Result<PutReport, ServiceError> {
        self.change(id, Wanted::Patched(patch), validate).await
    }

    async fn change(&self, id: &str, wanted: Wanted, validate: bool) -> Result<PutReport, ServiceError> {
        let id = id.to_owned();
        if !validate {
            let whole = |service: Service| async move {
                let _one_at_a_time = service.core.changes.lock().await;
                let change = service.check(&id, wanted).await?;
                service.carry_out(change, None).await
            };
            return self.to_the_end(whole).await;
        }
        // Tested before anybody else has to wait: a receiver may take its time.
        let change = self.check(&id, wanted).await?;
        let test = self.tried(&change).await?;
        let rest = |service: Service| async move {
            let _one_at_a_time = service.core.changes.lock().await;
            service.still_holds(&change).await?;
            service.carry_out(change, Some(test)).await
        };
        self.to_the_end(rest).await
    }

    /// Removes a subscription. Its stream stops at once.
    ///
    /// # Errors
    /// There is no such subscription.
    pub async fn remove_subscription(&self, id: &str) -> Result<(), ServiceError> {
        let id = id.to_owned();
        let whole = |service: Service| async move {
            let core = &service.core;
            let _one_at_a_time = core.changes.lock().await;
            let name = SubscriptionId::new(&*id);
            if core.table.load().get(&name).is_none() {
                return Err(service.no_subscription(&id));
            }
            core.store.remove_subscription(name.clone(), core.now()).await?;
            core.drop_from_table(&name);
            service.worker.look_again();
            let core = Arc::clone(core);
            let keeping = core.keeping.clone();
            keeping.spawn(async move { core.tokens.removed(&core, &name).await });
            Ok(())
        };
        self.to_the_end(whole).await
    }

    pub(super) fn no_subscription(&self, id: &str) -> ServiceError {
        let table = self.core.table.load();
        let near = near_miss(id, table.all().iter().map(|active| active.id.as_str()));
        ServiceError::NotFound { what: "subscription", name: id.to_owned(), help: near.map(str::to_owned) }
    }

    /// Tests what is to be stored.
    async fn tried(&self, change: &Change) -> Result<TestReport, ServiceError> {
        let report = self.test(&change.id, &change.served, true).await?;
        if report.succeeded {
            return Ok(report);
        }
        let mut why = report.error.unwrap_or_else(|| "the receiver did not take the test event".to_owned());
        for more in [report.body.filter(|body| !body.trim().is_empty()), report.help].into_iter().flatten() {
            why = format!("{why}: {}", more.trim());
        }
        Err(ServiceError::Refused(format!("nothing is stored, because the test failed: {why}")))
    }

    /// Whether a change is still one of what is there, after a test that nobody had to wait for.
    async fn still_holds(&self, change: &Change) -> Result<(), ServiceError> {
        let core = &self.core;
        let stored = core.store.subscription(change.id.clone()).await?;
        let now = stored.as_ref().map(|stored| (stored.current.version, stored.enabled));
        let then = change.before.as_ref().map(|before| (before.version, before.enabled));
        let set = core.integrations.set();
        let swapped = set.get(&change.in_use.integration.key).is_none_or(|now| now.digest != change.in_use.digest);
        let what = if now != then {
            format!("subscription `{}`", change.id)
        } else if swapped {
            format!("integration `{}`", change.in_use.integration.key)
        } else {
            return Ok(());
        };
        Err(ServiceError::Conflict(format!("nothing is stored, because {what} was changed during the test")))
    }

    async fn carry_out(&self, change: Change, test: Option<TestReport>) -> Result<PutReport, ServiceError> {
        let core = &self.core;
        let version = match self.write(&change).await {
            Ok(version) => version,
            Err(error) => {
                // Some of it may have happened: what is served stays what the store has.
                if let Ok(Some(stored)) = core.store.subscription(change.id.clone()).await
                    && let Ok(active) = activate(core, stored, &core.integrations.set()).await
                {
                    let _ = core.change_table(vec![active]).await;
                    self.worker.look_again();
                }
                return Err(error);
            }
        };
        let Change { id, at_rest, served, before, .. } = change;
        let enabled = served.document.enabled;
        // Why it is off is still true while it stays off.
        let reason = before.as_ref().filter(|before| !before.enabled && !enabled).and_then(|off| off.reason.clone());
        // A document that is as it was made no new version.
        let same = before.as_ref().filter(|before| before.version == version);
        let active = Active {
            id: id.clone(),
            version,
            created: same.map_or_else(|| core.now(), |same| same.created),
            enabled,
            reason,
            at_rest,
            state: Ok(served),
            behind: Vec::new(),
        };
        let changed = core.change_table(vec![active]).await;
        // It is served by now, whatever could not be asked of the store.
        self.worker.look_again();
        changed?;
        let subscription = self.subscription(id.as_str()).await?;
        Ok(PutReport { created: before.is_none(), subscription, test })
    }

    /// Stores a version and its switch, in an order in which nothing is sent that is not wanted: off is off before the
    /// new version is there, and on only after it.
    async fn write(&self, change: &Change) -> Result<SubscriptionVersion, ServiceError> {
        let (core, id) = (&self.core, &change.id);
        let wanted = change.served.document.enabled;
        let put = || core.put_version(id, change.at_rest.to_string().into_bytes(), &change.in_use);
        match (&change.before, wanted) {
            (Some(before), false) if before.enabled => {
                core.store.switch(id.clone(), false, None).await?;
                Ok(put().await?)
            }
            (Some(before), true) if !before.enabled => {
                let version = put().await?;
                core.store.switch(id.clone(), true, None).await?;
                Ok(version)
            }
            (None, false) => {
                // The store switches on what is new. Both are asked for before either is answered, so they lie side by
                // side in its queue; and nobody plans for a subscription that is not in the table yet.
                let version = put();
                let off = core.store.switch(id.clone(), false, None);
                let version = version.await?;
                off.await?;
                Ok(version)
            }
            _ => Ok(put().await?),
        }
    }
}
