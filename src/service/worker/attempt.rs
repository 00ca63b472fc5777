//! One attempt: what is sent, how the answer is judged, what is written down.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use super::lane::Sign;
use super::sending::{Body, Letter, Sent, delivery_id, send};
use crate::delivery::{self, Answer, Failure, FailureKind, Profile, Verdict, parse_retry_after};
use crate::event::Event;
use crate::service::ServiceError;
use crate::service::core::Core;
use crate::service::intake::event_of;
use crate::service::subscriptions::Served;
use crate::store::{Attempt, Ended, Leased, Moment, Phases, Settlement};
use crate::value::Value;

/// How long a delivery waits whose version cannot be read at the moment.
const STORE_IS_BUSY: Duration = Duration::from_millis(500);
/// Headers of an answer that are kept, and how many bytes of them.
const MOST_HEADERS: usize = 64;
const HEADER_BYTES: usize = 8 * 1024;

/// An attempt that was made.
pub(super) struct Made {
    pub(super) settlement: Settlement,
    pub(super) sign: Sign,
    pub(super) took: Duration,
    pub(super) next: Option<Duration>,
}

/// Makes an attempt; `None` when none can be made at the moment.
pub(super) async fn make(core: &Arc<Core>, leased: &Leased) -> Option<Made> {
    let table = core.table.load_full();
    // Whether it is switched on is asked now, not when the delivery was taken in hand.
    let active = table.get(&leased.subscription).filter(|active| active.enabled)?;
    let served = active.state.as_ref().ok()?;
    let (started, begin) = (core.now(), core.elapsed());
    let sent = match core.pinned(active, leased.versions.subscription, leased.versions.integration).await {
        Err(ServiceError::Unavailable(_)) => {
            // Nothing is wrong with the delivery. It is handed out again as soon as it is given back, so not at once.
            tokio::select! {
                () = core.clock.sleep(STORE_IS_BUSY) => {}
                () = core.stopping.cancelled() => {}
            }
            return None;
        }
        Err(error) => Sent::not(Failure::new(FailureKind::Unsendable, unreadable(&error)), served),
        Ok(pinned) => {
            let ready = core.bodies.take(&leased.content, &leased.subscription, leased.versions.subscription);
            let needs_raw = pinned.as_deref().is_some_and(Served::needs_raw) || served.needs_raw();
            let body = ready.map_or(Body::Rendered, Body::Ready);
            let id = delivery_id(&leased.content, &leased.subscription, leased.versions);
            let event = match &body {
                // Nothing of the event is read any more.
                Body::Ready(_) if served.planner.is_steady() => Ok(Event::new(Value::Null)),
                _ => event_of(&leased.content, needs_raw),
            };
            match event {
                Err(error) => {
                    let message = format!("the event cannot be read: {error}");
                    Sent::not(Failure::new(FailureKind::Unsendable, message), served)
                }
                Ok(event) => {
                    let subscription = &leased.subscription;
                    send(core, Letter { subscription, served, pinned, event: &event, body, id: &id, draft: false })
                        .await
                }
            }
        }
    };
    let took = core.elapsed().saturating_sub(begin);
    Some(judged(core, leased, served, &sent, started, took))
}

/// What keeps a pinned version from being read, with the first of its mistakes.
fn unreadable(error: &ServiceError) -> String {
    match error {
        ServiceError::Invalid(mistakes) => {
            let first = mistakes.first().map(|first| format!("{}: {}", first.pointer, first.message));
            format!("the version it was planned with cannot be used: {}", first.unwrap_or_default())
        }
        error => error.to_string(),
    }
}

fn judged(core: &Core, leased: &Leased, served: &Served, sent: &Sent, started: Moment, took: Duration) -> Made {
    let profile = served.planner.profile();
    let outcome = &sent.outcome;
    let now = core.clock.now();
    let wish = outcome.as_ref().ok().and_then(|answer| parse_retry_after(answer.retry_after.as_deref()?, now));
    let (ended, next) = match verdict(profile, outcome) {
        Verdict::Delivered => (Ended::Delivered, None),
        Verdict::GiveUp => (Ended::Dead, None),
        Verdict::Disable => {
            let status = outcome.as_ref().map_or(0, |answer| answer.status);
            (Ended::Disabled { reason: format!("the receiver answered {status}: it wants nothing any more") }, None)
        }
        Verdict::Retry { .. } => {
            let number = NonZeroU32::new(leased.attempt).unwrap_or(NonZeroU32::MIN);
            let status = outcome.as_ref().ok().map(|answer| answer.status);
            match profile.pause_after(number, status, wish, (core.chance)()) {
                Some(pause) => (Ended::Retry { at: core.now().after(pause) }, Some(pause)),
                None => (Ended::Dead, None),
            }
        }
    };
    let sign = sign(profile, outcome, wish, took);
    let attempt = written(sent, served, started, took, core.settings.answer_bytes, &ended);
    Made { settlement: Settlement { lease: leased.lease, attempt, ended }, sign, took, next }
}

fn verdict(profile: &Profile, outcome: &Result<Answer, Failure>) -> Verdict {
    match outcome {
        Err(failure) if !failure.kind.may_pass() => Verdict::GiveUp,
        Err(_) => profile.verdict_without_answer(),
        Ok(answer) => profile.verdict(answer.status),
    }
}

/// What the outcome says about the receiver, whatever it means for the delivery.
fn sign(profile: &Profile, outcome: &Result<Answer, Failure>, wish: Option<Duration>, took: Duration) -> Sign {
    match outcome {
        // Nothing reached the receiver.
        Err(failure) if !failure.kind.may_pass() => Sign::None,
        Err(_) => Sign::Failed { hold: None },
        Ok(answer) if profile.success.contains(answer.status) => Sign::Well(took),
        Ok(answer) => {
            let slow_down = matches!(profile.verdict(answer.status), Verdict::Retry { slow_down: true });
            let heard = profile.retry_after.as_ref().filter(|rule| rule.on.contains(answer.status));
            let hold = heard.and_then(|rule| wish.map(|wish| wish.min(rule.cap)));
            match answer.status {
                408 | 429 | 500.. => Sign::Failed { hold: hold.filter(|_| slow_down || answer.status == 503) },
                _ if slow_down => Sign::Failed { hold },
                _ => Sign::Alive,
            }
        }
    }
}

/// The attempt as it is written down: without secrets, and with no more of the answer than may be shown.
fn written(sent: &Sent, served: &Served, started: Moment, took: Duration, most: usize, ended: &Ended) -> Attempt {
    match &sent.outcome {
        Err(failure) => Attempt {
            started,
            phases: Phases { total: Some(took), ..Phases::default() },
            status: None,
            headers: Vec::new(),
            body: Vec::new(),
            error: Some(sent.masked(&failure.message)),
        },
        Ok(answer) => {
            let shows = served.shows_answers() && !sent.is_blind();
            Attempt {
                started,
                phases: phases(&answer.phases),
                status: Some(answer.status),
                headers: if shows { masked_headers(answer, sent) } else { Vec::new() },
                body: if shows { masked_body(answer, sent, most) } else { Vec::new() },
                error: match ended {
                    Ended::Delivered => None,
                    _ => Some(format!("the receiver answered {}", with_reason(answer))),
                },
            }
        }
    }
}

fn with_reason(answer: &Answer) -> String {
    match answer.reason() {
        Some(reason) => format!("{} {reason}", answer.status),
        None => answer.status.to_string(),
    }
}

/// The headers of an answer as they are kept: the first ones, as far as there is room.
pub(in crate::service) fn masked_headers(answer: &Answer, sent: &Sent) -> Vec<(String, String)> {
    // A receiver's cookies are nobody's business but the receiver's.
    let shown = answer.headers.iter().filter(|(name, _)| name != "set-cookie").take(MOST_HEADERS);
    let mut room = HEADER_BYTES;
    shown
        .map(|(name, value)| (name.clone(), sent.masked(value)))
        .take_while(|(name, value)| {
            let fits = room.checked_sub(name.len() + value.len());
            room = fits.unwrap_or(room);
            fits.is_some()
        })
        .collect()
}

/// The beginning of an answer's body as it is kept.
pub(in crate::service) fn masked_body(answer: &Answer, sent: &Sent, most: usize) -> Vec<u8> {
    if answer.body.is_empty() {
        return Vec::new();
    }
    // Masked before it is cut, or the beginning of a secret could stand at the end.
    let text = sent.masked(&String::from_utf8_lossy(&answer.body));
    text.as_bytes()[..text.floor_char_boundary(most)].to_vec()
}

fn phases(phases: &delivery::Phases) -> Phases {
    Phases {
        resolve: phases.resolve,
        connect: phases.connect,
        tls: phases.tls,
        first_byte: phases.first_byte,
        total: phases.total,
    }
}
