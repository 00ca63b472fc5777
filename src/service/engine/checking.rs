//! A change of a subscription, checked: every mistake in it, and how it would be served. Nothing is stored here.

use std::sync::Arc;

use serde_json::Value as Json;

use super::Service;
use crate::finding::near_miss;
use crate::service::document;
use crate::service::integrations::InUse;
use crate::service::subscriptions::{Served, prepare};
use crate::service::{FieldMistake, ServiceError};
use crate::store::{Moment, SubscriptionId, SubscriptionVersion};

/// The longest name of a subscription.
const LONGEST_ID: usize = 128;

/// What is asked for.
pub(super) enum Wanted {
    /// This document.
    Whole(Json),
    /// The document that is there, with this merge patch.
    Patched(Json),
}

/// A checked change of a subscription.
pub(super) struct Change {
    pub(super) id: SubscriptionId,
    pub(super) at_rest: Json,
    pub(super) served: Arc<Served>,
    pub(super) in_use: Arc<InUse>,
    /// What is there, unless it is new.
    pub(super) before: Option<Before>,
}

/// A subscription before its change.
pub(super) struct Before {
    pub(super) version: SubscriptionVersion,
    /// When that version was made.
    pub(super) created: Moment,
    pub(super) enabled: bool,
    pub(super) reason: Option<String>,
}

impl Service {
    /// Checks a document: every mistake, and how it would be served.
    pub(super) async fn check(&self, id: &str, wanted: Wanted) -> Result<Change, ServiceError> {
        let core = &self.core;
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
        if id.is_empty() || id.len() > LONGEST_ID || !id.bytes().all(plain) {
            let help = format!("use 1 to {LONGEST_ID} letters, digits, `-`, `_` and `.`");
            let mistake = FieldMistake::new("/id", format!("`{id}` cannot name a subscription")).help(help);
            return Err(ServiceError::Invalid(vec![mistake]));
        }
        let name = SubscriptionId::new(id);
        let stored = core.store.subscription(name.clone()).await?;
        let before = match &stored {
            Some(stored) => Some(core.open(&name, &stored.current.content)?),
            None => None,
        };
        let document = match (wanted, &stored, &before) {
            (Wanted::Whole(document), ..) => document,
            (Wanted::Patched(patch), Some(stored), Some((at_rest, _))) => {
                // What the patch leaves out keeps its mark, and is known as kept.
                let mut document = core.shown(&name, at_rest, None);
                if let Some(members) = document.as_object_mut() {
                    members.insert("enabled".to_owned(), Json::Bool(stored.enabled));
                }
                document::merge(&mut document, &patch);
                document
            }
            (Wanted::Patched(_), ..) => return Err(self.no_subscription(id)),
        };
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
        let mut pointers = document::pointers(members, &in_use.integration.manifest);
        let (mut document, mut mistakes) = (document, Vec::new());
        let known = before.as_ref().map(|(at_rest, opened)| (at_rest, opened));
        let kept = document::resolve(&mut document, known, &pointers, &mut mistakes);
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
        // What is off may keep an address that was fine when it was given.
        if served.document.enabled {
            mistakes.extend(self.refused_addresses(&served));
        }
        if let Some((_, opened)) = &before
            && !(kept.secrets.is_empty() && kept.passwords.is_empty())
            && !self.sends_where(&name, stored.as_ref().map(|stored| stored.current.version), opened, in_use, &served)
        {
            let gone = kept.secrets.iter().chain(&kept.passwords);
            mistakes.extend(gone.map(|pointer| {
                FieldMistake::new(pointer.clone(), "the address changed; give the secret again")
                    .help("it was given for another receiver, and goes to none but that one".to_owned())
            }));
        }
        if !mistakes.is_empty() {
            return Err(ServiceError::Invalid(mistakes));
        }
        // What was sealed stays sealed, also when it is no secret any more.
        pointers.extend(kept.secrets);
        // Whether it is switched on is kept beside the versions.
        if let Some(members) = document.as_object_mut() {
            members.remove("enabled");
        }
        let at_rest = document::seal(&*core.sealer, id, &document, &pointers, known)
            .map_err(|error| ServiceError::Broken(format!("a secret cannot be sealed: {error}")))?;
        // The same members in another order are the same document, and make no new version.
        let at_rest =
            before.as_ref().map(|(known, _)| known).filter(|known| **known == at_rest).cloned().unwrap_or(at_rest);
        let before = stored.map(|stored| Before {
            version: stored.current.version,
            created: stored.current.created,
            enabled: stored.enabled,
            reason: stored.reason,
        });
        Ok(Change { id: name, at_rest, served, in_use: Arc::clone(in_use), before })
    }
}
