//! The integrations in use, each with the version it has: swapped in whole, or not at all.

mod loading;

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;

use crate::catalog::{Integration, fingerprint};
use crate::finding::{Finding, Severity};
use crate::service::{FindingView, ServiceError};
use crate::store::{Digest, Store};

pub(super) use loading::Tree;

/// Versions that are kept at hand beside those in use.
const AT_HAND: usize = 256;

/// An integration in use.
#[derive(Debug)]
pub(super) struct InUse {
    pub(super) digest: Digest,
    pub(super) integration: Arc<Integration>,
}

/// By key.
pub(super) type Set = BTreeMap<String, Arc<InUse>>;

/// The integrations in use, and what is known about the others.
pub(super) struct Integrations {
    root: PathBuf,
    in_use: ArcSwap<Set>,
    refused: Mutex<BTreeMap<String, Arc<Vec<Finding>>>>,
    versions: Mutex<HashMap<Digest, Arc<Integration>>>,
    seen: AtomicU64,
}

/// What a look at the folder changed.
#[derive(Debug, Default)]
pub(super) struct Changes {
    pub(super) swapped: Vec<Arc<InUse>>,
    pub(super) refused: Vec<(String, Arc<Vec<Finding>>)>,
    pub(super) removed: Vec<String>,
    pub(super) unchanged: usize,
}

impl Integrations {
    pub(super) fn new(root: PathBuf) -> Self {
        Integrations {
            root,
            in_use: ArcSwap::default(),
            refused: Mutex::default(),
            versions: Mutex::default(),
            seen: AtomicU64::new(0),
        }
    }

    /// Those in use.
    pub(super) fn set(&self) -> Arc<Set> {
        self.in_use.load_full()
    }

    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// What is wrong with the newest state of each that was refused.
    pub(super) fn refused(&self) -> BTreeMap<String, Arc<Vec<Finding>>> {
        self.refused.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether anything in the folder changed since this was asked last.
    pub(super) fn looks_changed(&self) -> bool {
        let now = fingerprint(&self.root);
        self.seen.swap(now, Ordering::Relaxed) != now
    }

    /// Makes the folder look changed at the next look.
    pub(super) fn look_again(&self) {
        self.seen.fetch_xor(1, Ordering::Relaxed);
    }

    /// Takes what a look at the folder found in use: what is valid and new; the rest stays as it was.
    pub(super) async fn take(&self, tree: Tree, store: &dyn Store) -> Result<Changes, ServiceError> {
        let before = self.set();
        let mut set = Set::clone(&before);
        let mut changes = Changes::default();
        let mut refused = BTreeMap::new();
        set.retain(|key, _| tree.has(key));
        changes.removed = before.keys().filter(|key| !set.contains_key(*key)).cloned().collect();
        for (key, loaded) in tree.into_folders() {
            let errors = loaded.findings.iter().any(|finding| finding.severity == Severity::Error);
            let Some(integration) = loaded.integration.filter(|_| !errors) else {
                let findings = Arc::new(loaded.findings);
                refused.insert(key.clone(), Arc::clone(&findings));
                changes.refused.push((key, findings));
                continue;
            };
            let packed = integration.pack();
            let digest = Digest::of(&packed);
            if set.get(&key).is_some_and(|known| known.digest == digest) {
                changes.unchanged += 1;
                continue;
            }
            store.put_integration(packed).await?;
            let integration = Arc::new(integration);
            self.keep(digest, &integration);
            let in_use = Arc::new(InUse { digest, integration });
            set.insert(key, Arc::clone(&in_use));
            changes.swapped.push(in_use);
        }
        self.in_use.store(Arc::new(set));
        *self.refused.lock().unwrap_or_else(PoisonError::into_inner) = refused;
        Ok(changes)
    }

    /// A version of an integration, in use or not.
    pub(super) async fn version(
        &self,
        digest: Digest,
        store: &dyn Store,
    ) -> Result<Option<Arc<Integration>>, ServiceError> {
        let known = self.versions.lock().unwrap_or_else(PoisonError::into_inner).get(&digest).cloned();
        if known.is_some() {
            return Ok(known);
        }
        let Some(packed) = store.integration(digest).await? else { return Ok(None) };
        let Some(integration) = Integration::unpack(&packed).map(Arc::new) else {
            return Err(ServiceError::Broken(format!("integration version `{digest}` cannot be read back")));
        };
        self.keep(digest, &integration);
        Ok(Some(integration))
    }

    fn keep(&self, digest: Digest, integration: &Arc<Integration>) {
        let mut versions = self.versions.lock().unwrap_or_else(PoisonError::into_inner);
        // What is in use is held elsewhere as well; the others are read again when they are needed.
        if versions.len() >= AT_HAND {
            versions.clear();
        }
        versions.insert(digest, Arc::clone(integration));
    }
}

/// Findings as answers show them.
pub(super) fn finding_views(findings: &[Finding]) -> Vec<FindingView> {
    let view = |finding: &Finding| FindingView {
        rule: finding.rule.to_owned(),
        severity: finding.severity,
        file: finding.place.file.display().to_string(),
        pointer: finding.place.pointer.clone(),
        message: finding.message.clone(),
        help: finding.help.clone(),
    };
    findings.iter().map(view).collect()
}
