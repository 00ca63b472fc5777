//! Verdicts that are not written down: those of subscriptions that an index ruled out before they were asked.

use std::collections::HashSet;
use std::sync::Arc;

use super::Service;
use crate::service::subscriptions::Active;
use crate::service::{ServiceError, Verdict, VerdictView};
use crate::store::{EventRecord, SubscriptionId, SubscriptionVersion, VerdictKind};

/// Versions of one subscription that are looked at to find out whether it was there already.
const MOST_VERSIONS: usize = 64;

/// Whether a subscription was there when an event came in.
enum There {
    At(SubscriptionVersion),
    No,
    /// What it was then is not kept any more.
    Unknown,
}

impl Service {
    /// The verdicts of those that were there when the event came in, and were not asked because nothing of theirs could
    /// allow it. Those that are gone since remain a number.
    pub(super) async fn ruled_out(&self, record: &EventRecord) -> Result<Vec<VerdictView>, ServiceError> {
        let unlisted = record.unlisted as usize;
        if unlisted == 0 {
            return Ok(Vec::new());
        }
        let listed: HashSet<&SubscriptionId> = record.verdicts.iter().map(|verdict| &verdict.subscription).collect();
        let table = self.core.table.load_full();
        let (mut found, mut unknown) = (Vec::new(), Vec::new());
        for active in table.all().iter().filter(|active| !listed.contains(&active.id)) {
            match self.was_there(active, record).await? {
                There::At(version) => found.push(ruled_out(active, version)),
                There::Unknown => unknown.push(ruled_out(active, active.version)),
                There::No => {}
            }
        }
        // As many as are missing: then it was they.
        if found.len() + unknown.len() == unlisted {
            found.append(&mut unknown);
        }
        found.truncate(unlisted);
        found.sort_by(|a, b| a.subscription.cmp(&b.subscription));
        Ok(found)
    }

    async fn was_there(&self, active: &Arc<Active>, record: &EventRecord) -> Result<There, ServiceError> {
        if active.created <= record.received {
            return Ok(There::At(active.version));
        }
        // Versions were made one after the other, so the last one from before the event is found by halves. Upkeep drops
        // some that nothing uses; those say nothing.
        let (mut before, mut after, mut first_is_later) = (0, active.version.0 + 1, false);
        let (mut middle, mut looked_at) = (after / 2, 0);
        let mut number = middle;
        while after - before > 1 && looked_at < MOST_VERSIONS {
            looked_at += 1;
            match self.core.store.version(active.id.clone(), SubscriptionVersion(number)).await? {
                Some(known) if known.created <= record.received => before = number,
                Some(_) => {
                    first_is_later |= number == 1;
                    after = middle;
                }
                None if number + 1 < after => {
                    number += 1;
                    continue;
                }
                None => after = middle,
            }
            middle = before + (after - before) / 2;
            number = middle;
        }
        Ok(match before {
            // Versions between were dropped, and too many of them to find those that were not.
            _ if after - before > 1 => There::Unknown,
            0 if first_is_later => There::No,
            0 => There::Unknown,
            version => There::At(SubscriptionVersion(version)),
        })
    }
}

fn ruled_out(active: &Active, version: SubscriptionVersion) -> VerdictView {
    VerdictView {
        subscription: active.id.to_string(),
        version: version.0,
        verdict: Verdict(VerdictKind::NoAllow),
        statement: None,
        message: None,
    }
}
