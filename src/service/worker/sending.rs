//! One request on its way: the body as it was planned, everything else as it is now.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use sha2::{Digest as _, Sha256};

use crate::delivery::{Answer, Exchange, Failure, FailureKind, sign_all};
use crate::dispatch;
use crate::event::Event;
use crate::outbound::OutboundRequest;
use crate::render;
use crate::service::clock::moment;
use crate::service::core::Core;
use crate::service::subscriptions::Served;
use crate::store::{EventContent, SubscriptionId, Versions};

/// The answer that asks for another access token.
const UNAUTHORIZED: u16 = 401;

/// Names a delivery: the same at every attempt and in an exact replay, because it is made of what is delivered.
pub(in crate::service) fn delivery_id(
    content: &EventContent,
    subscription: &SubscriptionId,
    versions: Versions,
) -> String {
    let mut hasher = Sha256::new();
    for part in [content.source.as_str(), content.id.as_str(), subscription.as_str()] {
        hasher.update(part.as_bytes());
        hasher.update([0xff]);
    }
    hasher.update(content.digest.0);
    hasher.update(versions.subscription.0.to_be_bytes());
    hasher.update(versions.integration.0);
    format!("msg_{}", hex::encode(&hasher.finalize()[..16]))
}

/// What is to be sent.
pub(in crate::service) struct Letter<'l> {
    pub(in crate::service) subscription: &'l SubscriptionId,
    pub(in crate::service) served: &'l Arc<Served>,
    /// The versions that the body is of, where they are not the current ones.
    pub(in crate::service) pinned: Option<Arc<Served>>,
    pub(in crate::service) event: &'l Event<'l>,
    pub(in crate::service) body: Body,
    pub(in crate::service) id: &'l str,
    /// Whether it is not served yet: then nothing of it is left behind.
    pub(in crate::service) draft: bool,
}

/// Where the body comes from.
pub(in crate::service) enum Body {
    /// It is at hand.
    Ready(String),
    /// It is rendered, as pinned.
    Rendered,
    /// It tests the connection.
    Validation,
}

/// What became of a letter.
pub(in crate::service) struct Sent {
    pub(in crate::service) outcome: Result<Answer, Failure>,
    /// Everything that put secrets into the request: a receiver may repeat them.
    planners: Vec<Arc<dispatch::Subscription>>,
}

impl Sent {
    /// A letter that could not even be written.
    pub(in crate::service) fn not(failure: Failure, served: &Served) -> Self {
        Sent { outcome: Err(failure), planners: vec![Arc::clone(&served.planner)] }
    }

    /// A text without the secrets that the request held.
    pub(in crate::service) fn masked(&self, text: &str) -> String {
        self.planners.iter().fold(text.to_owned(), |text, planner| planner.mask().apply(&text))
    }

    /// Whether one of the secrets is too short to be found: then nothing of the answer may be shown.
    pub(in crate::service) fn is_blind(&self) -> bool {
        self.planners.iter().any(|planner| planner.mask().is_blind())
    }
}

/// Sends one request and gives what came back. A request that cannot even be made fails like one that cannot be sent.
pub(in crate::service) async fn send(core: &Arc<Core>, letter: Letter<'_>) -> Sent {
    let mut planners = vec![Arc::clone(&letter.served.planner)];
    planners.extend(letter.pinned.as_ref().map(|pinned| Arc::clone(&pinned.planner)));
    let outcome = exchanged(core, &letter, &mut planners).await;
    Sent { outcome, planners }
}

async fn exchanged(
    core: &Arc<Core>,
    letter: &Letter<'_>,
    planners: &mut Vec<Arc<dispatch::Subscription>>,
) -> Result<Answer, Failure> {
    let Letter { served, subscription, pinned, .. } = letter;
    if served.document.oauth.is_none() {
        let body = body(letter, pinned.as_ref().map_or(&served.planner, |pinned| &pinned.planner))?;
        let request = request(core, &served.planner, letter.event, body)?;
        return exchange(core, served, &request, letter.id).await;
    }
    let mut renewed = letter.draft;
    loop {
        let connected = match letter.draft {
            true => core.tokens.tried(core, subscription, served).await?,
            false => core.tokens.connected(core, subscription, served).await?,
        };
        planners.push(Arc::clone(&connected.planner));
        let body = match pinned {
            None => body(letter, &connected.planner)?,
            Some(pinned) => {
                let planner = pinned.connected(connected.connection.clone()).map_err(|errors| unplanned(&errors))?;
                body(letter, &planner)?
            }
        };
        let request = request(core, &connected.planner, letter.event, body)?;
        let answer = exchange(core, served, &request, letter.id).await?;
        if answer.status != UNAUTHORIZED || renewed {
            return Ok(answer);
        }
        // The token may have been revoked before its time: once, another one is fetched.
        core.tokens.forget(subscription, &connected).await;
        renewed = true;
    }
}

fn body(letter: &Letter<'_>, planner: &dispatch::Subscription) -> Result<String, Failure> {
    let planned = match &letter.body {
        Body::Ready(body) => return Ok(body.clone()),
        Body::Rendered => planner.body(letter.event),
        Body::Validation => planner.validation_body(letter.event),
    };
    match planned {
        Ok(dispatch::Body::Text(body)) => Ok(body),
        Ok(dispatch::Body::Skip(reason)) => Err(unsendable(reason.to_string())),
        Err(error) => Err(unplanned(&[error])),
    }
}

fn request(
    core: &Core,
    planner: &dispatch::Subscription,
    event: &Event<'_>,
    body: String,
) -> Result<OutboundRequest, Failure> {
    let milliseconds = moment(core.clock.now()).millis();
    // Two draws, because one has no more than 53 bits.
    let draw = || (((core.chance)() * 9_007_199_254_740_992.0) as u128) & 0x1f_ffff_ffff_ffff;
    let moment = render::Moment { milliseconds, nonce: (draw() << 64) | draw() };
    planner.request_at(event, body, moment).map_err(|error| unplanned(&[error]))
}

fn unsendable(message: String) -> Failure {
    Failure::new(FailureKind::Unsendable, message)
}

fn unplanned(errors: &[dispatch::PlanError]) -> Failure {
    let message: Vec<&str> = errors.iter().map(|error| error.message.as_str()).collect();
    Failure { help: errors.iter().find_map(|error| error.help.clone()), ..unsendable(message.join("; ")) }
}

async fn exchange(core: &Core, served: &Served, request: &OutboundRequest, id: &str) -> Result<Answer, Failure> {
    let profile = served.planner.profile();
    let headers = headers(served, request, id, core.clock.now())?;
    core.sender.exchange(request, &headers, profile.timeout).await
}

/// The headers of one attempt: those of the request and its profile, then what the subscription asks for.
pub(in crate::service) fn headers(
    served: &Served,
    request: &OutboundRequest,
    id: &str,
    now: SystemTime,
) -> Result<Vec<(String, String)>, Failure> {
    let stamped = served.planner.profile().stamp.headers(request, id, now);
    let mut headers = stamped.map_err(|error| unsendable(error.to_string()))?;
    if let Some(name) = &served.document.id_header {
        set(&mut headers, name, id.to_owned());
    }
    if !served.keys.is_empty() {
        let seconds = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or(Duration::ZERO).as_secs();
        set(&mut headers, "webhook-id", id.to_owned());
        set(&mut headers, "webhook-timestamp", seconds.to_string());
        let signature = sign_all(&served.keys, id, seconds, request.body.as_bytes());
        set(&mut headers, "webhook-signature", signature);
    }
    Ok(headers)
}

fn set(headers: &mut Vec<(String, String)>, name: &str, value: String) {
    match headers.iter_mut().find(|(own, _)| own.eq_ignore_ascii_case(name)) {
        Some(own) => own.1 = value,
        None => headers.push((name.to_owned(), value)),
    }
}
