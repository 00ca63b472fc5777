//! Access tokens: fetched when first needed, kept until shortly before their end, fetched anew when they are refused.
//!
//! The request for one goes through the same guarded sender as everything else.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde::Deserialize;
use sha2::{Digest as _, Sha256};
use url::form_urlencoded;

use crate::delivery::{Exchange, Failure, FailureKind};
use crate::dispatch;
use crate::form::OauthConnection;
use crate::outbound::OutboundRequest;
use crate::secret::Secret;
use crate::service::core::Core;
use crate::service::document::Oauth;
use crate::service::subscriptions::{Active, Served};
use crate::store::{Expected, Shelf, SubscriptionId, SubscriptionVersion};

/// How long a token server may take.
const PATIENCE: Duration = Duration::from_secs(15);
/// A token is not used any more so long before its end.
const MARGIN: Duration = Duration::from_secs(30);
/// How long a token is good whose server does not say.
const UNSAID: Duration = Duration::from_secs(30 * 60);

/// A connection with its token, and the planner that uses it.
pub(in crate::service) struct Connected {
    version: SubscriptionVersion,
    until: Duration,
    pub(in crate::service) connection: OauthConnection,
    pub(in crate::service) planner: dispatch::Subscription,
}

/// The tokens at hand.
#[derive(Default)]
pub(in crate::service) struct Tokens {
    slots: Mutex<HashMap<SubscriptionId, Slot>>,
}

/// One token is fetched at a time for a subscription; others wait for it.
type Slot = Arc<tokio::sync::Mutex<Option<Arc<Connected>>>>;

#[derive(Deserialize)]
struct Answered {
    access_token: String,
    expires_in: Option<f64>,
    refresh_token: Option<String>,
}

impl Tokens {
    /// The connection of a subscription, with a token that is still good.
    pub(in crate::service) async fn connected(
        &self,
        core: &Core,
        active: &Active,
        served: &Served,
    ) -> Result<Arc<Connected>, Failure> {
        let slot =
            Arc::clone(self.slots.lock().unwrap_or_else(PoisonError::into_inner).entry(active.id.clone()).or_default());
        let mut slot = slot.lock().await;
        let good = |known: &&Arc<Connected>| known.version == active.version && core.elapsed() < known.until;
        if let Some(known) = slot.as_ref().filter(good) {
            return Ok(Arc::clone(known));
        }
        let Some(oauth) = &served.document.oauth else {
            return Err(failed("the subscription has no OAuth connection"));
        };
        let (token, good_for) = fetch(core, &active.id, oauth).await?;
        let connection = OauthConnection { base_uri: oauth.base_uri.clone(), access_token: token };
        let planner = served
            .connected(connection.clone())
            .map_err(|errors| failed(errors.first().map_or("", |error| error.message.as_str())))?;
        let until = core.elapsed() + good_for.saturating_sub(MARGIN.min(good_for / 2));
        let connected = Arc::new(Connected { version: active.version, until, connection, planner });
        *slot = Some(Arc::clone(&connected));
        Ok(connected)
    }

    /// A receiver refused this token.
    pub(in crate::service) fn forget(&self, subscription: &SubscriptionId, refused: &Arc<Connected>) {
        let slot = self.slots.lock().unwrap_or_else(PoisonError::into_inner).get(subscription).cloned();
        // Whoever holds the slot is fetching another one already.
        if let Some(mut slot) = slot.as_ref().and_then(|slot| slot.try_lock().ok())
            && slot.as_ref().is_some_and(|known| Arc::ptr_eq(known, refused))
        {
            *slot = None;
        }
    }
}

fn failed(message: impl Into<String>) -> Failure {
    Failure::new(FailureKind::Broken, message)
}

async fn fetch(core: &Core, id: &SubscriptionId, oauth: &Oauth) -> Result<(Secret, Duration), Failure> {
    let kept = kept_refresh_token(core, id, oauth).await;
    let refresh = kept.as_ref().or(oauth.refresh_token.as_ref());
    let body = grant(oauth, refresh);
    let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let request = OutboundRequest {
        method: "POST".to_owned(),
        url: oauth.token_url.clone(),
        headers: vec![
            header("Content-Type", "application/x-www-form-urlencoded"),
            header("Accept", "application/json"),
        ],
        body,
        signing: None,
        skip_certificate_check: false,
    };
    let answer = core
        .sender
        .exchange(&request, &request.headers, PATIENCE)
        .await
        .map_err(|failure| Failure { message: format!("no access token: {}", failure.message), ..failure })?;
    if !(200..300).contains(&answer.status) {
        return Err(failed(format!("no access token: the token server answered {}", answer.status)));
    }
    let answered: Answered = serde_json::from_slice(&answer.body)
        .map_err(|_| failed("no access token: what the token server answered holds none"))?;
    if let Some(next) = answered.refresh_token.filter(|next| refresh.is_some_and(|refresh| refresh.expose() != next)) {
        keep_refresh_token(core, id, oauth, next).await?;
    }
    let good_for = answered.expires_in.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok()).unwrap_or(UNSAID);
    Ok((Secret::new(answered.access_token), good_for))
}

/// Servers that hand out a new refresh token with each access token take the old one no more, so the newest is kept.
/// It stands for the one in the document as long as that is the same.
async fn kept_refresh_token(core: &Core, id: &SubscriptionId, oauth: &Oauth) -> Option<Secret> {
    oauth.refresh_token.as_ref()?;
    let kept = core.store.document(Shelf::Secret, name_of(id, oauth)).await.ok()??;
    let sealed = String::from_utf8(kept.content).ok()?;
    core.sealer.open(&sealed, &name_of(id, oauth)).ok()
}

async fn keep_refresh_token(core: &Core, id: &SubscriptionId, oauth: &Oauth, next: String) -> Result<(), Failure> {
    let name = name_of(id, oauth);
    let sealed = core.sealer.seal(&Secret::new(next), &name).map_err(|error| failed(error.to_string()))?;
    let kept = core.store.put_document(Shelf::Secret, name, sealed.into_bytes(), Expected::Whatever).await;
    kept.map(drop).map_err(|error| failed(format!("the new refresh token cannot be kept: {error}")))
}

fn name_of(id: &SubscriptionId, oauth: &Oauth) -> String {
    let first = oauth.refresh_token.as_ref().map(Secret::expose).unwrap_or_default();
    format!("oauth/{id}/{}", hex::encode(&Sha256::digest(first)[..8]))
}

/// What is asked of the token server.
fn grant(oauth: &Oauth, refresh: Option<&Secret>) -> String {
    let mut form = form_urlencoded::Serializer::new(String::new());
    match refresh {
        Some(refresh) => {
            form.append_pair("grant_type", "refresh_token").append_pair("refresh_token", refresh.expose());
        }
        None => {
            form.append_pair("grant_type", "client_credentials");
        }
    }
    form.append_pair("client_id", &oauth.client_id).append_pair("client_secret", oauth.client_secret.expose());
    if !oauth.scopes.is_empty() {
        form.append_pair("scope", &oauth.scopes.join(" "));
    }
    form.finish()
}
