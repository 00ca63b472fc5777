//! Access tokens: fetched when first needed, kept until shortly before their end, fetched anew when they are refused.
//!
//! The request for one goes through the same guarded sender as everything else. A server that refuses is not asked again
//! at once, and no fetch stops half-way: a refresh token that was handed out is kept before anything else happens.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use sha2::{Digest as _, Sha256};
use tokio::sync::OwnedMutexGuard;
use url::form_urlencoded;

use crate::delivery::{Exchange, Failure, FailureKind};
use crate::dispatch;
use crate::form::OauthConnection;
use crate::outbound::OutboundRequest;
use crate::secret::Secret;
use crate::service::core::Core;
use crate::service::document::{ClientAuth, Oauth};
use crate::service::subscriptions::Served;
use crate::store::{Expected, Shelf, StoreError, SubscriptionId};

/// How long a token server may take.
const PATIENCE: Duration = Duration::from_secs(15);
/// How long somebody waits for a token, whoever is in the way: well within the time for which a delivery is lent.
const LONGEST: Duration = Duration::from_secs(60);
/// A token is not used any more so long before its end.
const MARGIN: Duration = Duration::from_secs(30);
/// How long a token is good whose server does not say.
const UNSAID: Duration = Duration::from_secs(30 * 60);
/// A server that gave none is left alone for so long: many deliveries may wait for the same token.
const LEFT_ALONE: Duration = Duration::from_secs(5);
/// How long a store that takes nothing is left alone before it is asked again to keep a refresh token.
const AGAIN: Duration = Duration::from_millis(250);
/// Documents that are listed at once.
const PAGE: usize = 64;

/// A connection with its token, and the planner that uses it.
pub(in crate::service) struct Connected {
    served: Arc<Served>,
    until: Duration,
    pub(in crate::service) connection: OauthConnection,
    pub(in crate::service) planner: Arc<dispatch::Subscription>,
}

/// The tokens at hand.
#[derive(Default)]
pub(in crate::service) struct Tokens {
    slots: Mutex<HashMap<SubscriptionId, Slot>>,
}

/// One token is fetched at a time for a subscription; others wait for it.
type Slot = Arc<tokio::sync::Mutex<Option<Kept>>>;

/// What the last fetch gave.
enum Kept {
    Good(Arc<Connected>),
    Failed { served: Arc<Served>, until: Duration, failure: Failure },
}

#[derive(Deserialize)]
struct Answered {
    access_token: String,
    expires_in: Option<serde_json::Value>,
    refresh_token: Option<String>,
}

impl Answered {
    /// How long the token is good. Some servers write the seconds as a text.
    fn good_for(&self) -> Duration {
        let seconds = self.expires_in.as_ref().and_then(|said| match said {
            serde_json::Value::String(text) => text.trim().parse().ok(),
            said => said.as_f64(),
        });
        seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok()).unwrap_or(UNSAID)
    }
}

impl Tokens {
    /// The connection of a subscription as it is served, with a token that is still good.
    pub(in crate::service) async fn connected(
        &self,
        core: &Arc<Core>,
        id: &SubscriptionId,
        served: &Arc<Served>,
    ) -> Result<Arc<Connected>, Failure> {
        in_time(core, self.kept_or_fetched(core, id, served)).await
    }

    async fn kept_or_fetched(
        &self,
        core: &Arc<Core>,
        id: &SubscriptionId,
        served: &Arc<Served>,
    ) -> Result<Arc<Connected>, Failure> {
        let slot = Arc::clone(self.slots.lock().unwrap_or_else(PoisonError::into_inner).entry(id.clone()).or_default());
        let mut kept = slot.lock_owned().await;
        let now = core.elapsed();
        match kept.as_ref() {
            Some(Kept::Good(known)) if now < known.until => {
                if Arc::ptr_eq(&known.served, served) {
                    return Ok(Arc::clone(known));
                }
                // Something else of the subscription changed: the token is as good as before, its planner is not.
                if known.served.document.oauth == served.document.oauth {
                    let planned = plan(served, known.connection.clone(), known.until)?;
                    *kept = Some(Kept::Good(Arc::clone(&planned)));
                    return Ok(planned);
                }
            }
            Some(Kept::Failed { served: of, until, failure }) if now < *until && Arc::ptr_eq(of, served) => {
                return Err(failure.clone());
            }
            _ => {}
        }
        let keeping = &core.keeping;
        let (core, id, served) = (Arc::clone(core), id.clone(), Arc::clone(served));
        ended(keeping.spawn(async move {
            let fetched = fetch(&core, &id, &served).await;
            *kept = Some(match &fetched {
                Ok(connected) => Kept::Good(Arc::clone(connected)),
                Err(failure) => Kept::Failed { served, until: core.elapsed() + LEFT_ALONE, failure: failure.clone() },
            });
            fetched
        }))
        .await
    }

    /// A connection for what is not served yet, and may never be: what deliveries use is left as it is. Only a refresh
    /// token that the server changed is kept, because it takes the old one no more.
    pub(in crate::service) async fn tried(
        &self,
        core: &Arc<Core>,
        id: &SubscriptionId,
        served: &Arc<Served>,
    ) -> Result<Arc<Connected>, Failure> {
        let slot = Arc::clone(self.slots.lock().unwrap_or_else(PoisonError::into_inner).entry(id.clone()).or_default());
        let (keeping, clock) = (&core.keeping, Arc::clone(core));
        let (core, id, served) = (Arc::clone(core), id.clone(), Arc::clone(served));
        let fetched = ended(keeping.spawn(async move {
            // Two fetches at a time could use the same refresh token, and lose it.
            let one_at_a_time = slot.lock_owned().await;
            let fetched = fetch(&core, &id, &served).await;
            let mut slots = core.tokens.slots.lock().unwrap_or_else(PoisonError::into_inner);
            let slot = OwnedMutexGuard::mutex(&one_at_a_time);
            // Nobody delivers under this name and nobody else tries: so nobody else would take the slot away.
            let only_here = slots.get(&id).is_some_and(|kept| Arc::ptr_eq(kept, slot) && Arc::strong_count(kept) == 2);
            if only_here && core.table.load().get(&id).is_none() {
                slots.remove(&id);
            }
            fetched
        }));
        in_time(&clock, fetched).await
    }

    /// A receiver refused this token.
    pub(in crate::service) async fn forget(&self, id: &SubscriptionId, refused: &Arc<Connected>) {
        let slot = self.slots.lock().unwrap_or_else(PoisonError::into_inner).get(id).cloned();
        let Some(slot) = slot else { return };
        let mut kept = slot.lock().await;
        let same = |known: &Connected| known.connection.access_token == refused.connection.access_token;
        if matches!(kept.as_ref(), Some(Kept::Good(known)) if same(known)) {
            *kept = None;
        }
    }

    /// A subscription is gone: nothing of its connection stays.
    pub(in crate::service) async fn removed(&self, core: &Core, id: &SubscriptionId) {
        let slot = self.slots.lock().unwrap_or_else(PoisonError::into_inner).remove(id);
        let _none_is_fetched = match &slot {
            Some(slot) => Some(slot.lock().await),
            None => None,
        };
        let place = format!("oauth/{id}/");
        let mut after = place.clone();
        loop {
            let Ok(page) = core.store.documents(Shelf::Secret, Some(after), PAGE).await else { return };
            let Some(last) = page.last().map(|last| last.name.clone()) else { return };
            for document in page {
                // Somebody may have made a subscription of this name again.
                if !document.name.starts_with(&place) || core.table.load().get(id).is_some() {
                    return;
                }
                let _ = core.store.remove_document(Shelf::Secret, document.name, Expected::Whatever).await;
            }
            after = last;
        }
    }
}

/// A fetch goes on to its end, whoever stops waiting for it.
async fn ended(task: tokio::task::JoinHandle<Result<Arc<Connected>, Failure>>) -> Result<Arc<Connected>, Failure> {
    task.await.unwrap_or_else(|error| Err(failed(format!("the fetch broke off: {error}"))))
}

async fn in_time(
    core: &Core,
    fetched: impl Future<Output = Result<Arc<Connected>, Failure>>,
) -> Result<Arc<Connected>, Failure> {
    tokio::select! {
        biased;
        fetched = fetched => fetched,
        () = core.clock.sleep(LONGEST) => Err(failed("it is still being fetched, or its refresh token being kept")),
    }
}

fn failed(why: impl std::fmt::Display) -> Failure {
    Failure::new(FailureKind::Broken, format!("no access token: {why}"))
}

fn plan(served: &Arc<Served>, connection: OauthConnection, until: Duration) -> Result<Arc<Connected>, Failure> {
    let planner = served
        .connected(connection.clone())
        .map_err(|errors| failed(errors.first().map_or("", |error| error.message.as_str())))?;
    Ok(Arc::new(Connected { served: Arc::clone(served), until, connection, planner: Arc::new(planner) }))
}

async fn fetch(core: &Core, id: &SubscriptionId, served: &Arc<Served>) -> Result<Arc<Connected>, Failure> {
    let Some(oauth) = &served.document.oauth else { return Err(failed("the subscription has no OAuth connection")) };
    let kept = kept_refresh_token(core, id, oauth).await?;
    let refresh = kept.as_ref().or(oauth.refresh_token.as_ref());
    let request = request(oauth, refresh);
    let asked = core.elapsed();
    let answer = core
        .sender
        .exchange(&request, &request.headers, PATIENCE)
        .await
        .map_err(|failure| Failure { message: format!("no access token: {}", failure.message), ..failure })?;
    if !(200..300).contains(&answer.status) {
        return Err(failed(format!("the token server answered {}", answer.status)));
    }
    let answered: Answered =
        serde_json::from_slice(&answer.body).map_err(|_| failed("what the token server answered holds none"))?;
    let good_for = answered.good_for();
    if let Some(next) = answered.refresh_token.filter(|next| refresh.is_some_and(|refresh| refresh.expose() != next)) {
        keep_refresh_token(core, id, oauth, next).await?;
    }
    let until = asked + good_for.saturating_sub(MARGIN.min(good_for / 2));
    let access_token = Secret::new(answered.access_token);
    plan(served, OauthConnection { base_uri: oauth.base_uri.clone(), access_token }, until)
}

/// Servers that hand out a new refresh token with each access token take the old one no more, so the newest is kept.
/// It stands for the one in the document as long as that is the same. One that cannot be read now is waited for: the
/// one before it is spent, and using it again may cost both.
async fn kept_refresh_token(core: &Core, id: &SubscriptionId, oauth: &Oauth) -> Result<Option<Secret>, Failure> {
    if oauth.refresh_token.is_none() {
        return Ok(None);
    }
    let name = name_of(id, oauth);
    let unread = |why: &dyn std::fmt::Display| failed(format!("the kept refresh token cannot be read: {why}"));
    let kept = core.store.document(Shelf::Secret, name.clone()).await.map_err(|error| unread(&error))?;
    let Some(kept) = kept else { return Ok(None) };
    let sealed = String::from_utf8(kept.content).map_err(|error| unread(&error))?;
    core.sealer.open(&sealed, &name).map(Some).map_err(|error| unread(&error))
}

async fn keep_refresh_token(core: &Core, id: &SubscriptionId, oauth: &Oauth, next: String) -> Result<(), Failure> {
    let name = name_of(id, oauth);
    let sealed = core.sealer.seal(&Secret::new(next), &name).map_err(failed)?;
    loop {
        let content = sealed.clone().into_bytes();
        let kept = core.store.put_document(Shelf::Secret, name.clone(), content, Expected::Whatever).await;
        match kept {
            Ok(_) => return Ok(()),
            // Nobody else knows it: what is lost here has to be asked of a person.
            Err(StoreError::Unavailable { .. }) if !core.abandoning.is_cancelled() => tokio::select! {
                () = core.clock.sleep(AGAIN) => {}
                () = core.abandoning.cancelled() => {}
            },
            Err(error) => return Err(failed(format!("the new refresh token cannot be kept: {error}"))),
        }
    }
}

fn name_of(id: &SubscriptionId, oauth: &Oauth) -> String {
    let first = oauth.refresh_token.as_ref().map(Secret::expose).unwrap_or_default();
    format!("oauth/{id}/{}", hex::encode(&Sha256::digest(first)[..8]))
}

/// What is asked of the token server.
fn request(oauth: &Oauth, refresh: Option<&Secret>) -> OutboundRequest {
    let mut form = form_urlencoded::Serializer::new(String::new());
    match refresh {
        Some(refresh) => {
            form.append_pair("grant_type", "refresh_token").append_pair("refresh_token", refresh.expose());
        }
        None => {
            form.append_pair("grant_type", "client_credentials");
        }
    }
    let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let mut headers =
        vec![header("Content-Type", "application/x-www-form-urlencoded"), header("Accept", "application/json")];
    match oauth.client_auth {
        ClientAuth::Body => {
            form.append_pair("client_id", &oauth.client_id).append_pair("client_secret", oauth.client_secret.expose());
        }
        ClientAuth::Basic => {
            // RFC 6749, 2.3.1: each half is encoded as in a form before both are encoded together.
            let half = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
            let pair = format!("{}:{}", half(&oauth.client_id), half(oauth.client_secret.expose()));
            headers.push(header("Authorization", &format!("Basic {}", STANDARD.encode(pair))));
        }
    }
    if !oauth.scopes.is_empty() {
        form.append_pair("scope", &oauth.scopes.join(" "));
    }
    OutboundRequest {
        method: "POST".to_owned(),
        url: oauth.token_url.clone(),
        headers,
        body: form.finish(),
        signing: None,
        skip_certificate_check: false,
    }
}
