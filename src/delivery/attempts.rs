//! The loop of a delivery: try, judge the answer, wait, try again.
//!
//! It knows neither sockets nor clocks: an [`Exchange`] sends, a [`Clock`] waits, and chance is drawn by the
//! caller. Method, address and body are the same bytes at every attempt.

use std::num::NonZeroU32;
use std::time::{Duration, SystemTime};

use super::clock::Clock;
use super::failure::{Failure, FailureKind};
use super::profile::{Profile, Verdict};
use super::retry_after;
use super::sender::Answer;
use crate::outbound::OutboundRequest;

/// Sends one attempt: the production one speaks HTTP, tests script theirs.
pub trait Exchange: Sync {
    /// Sends `request` with `headers` in place of its own and gives the answer.
    fn exchange(
        &self,
        request: &OutboundRequest,
        headers: &[(String, String)],
        timeout: Duration,
    ) -> impl Future<Output = Result<Answer, Failure>> + Send;
}

/// What is to be delivered, and under which rules.
#[derive(Debug)]
pub struct Order<'o> {
    /// The request.
    pub request: &'o OutboundRequest,
    /// The rules.
    pub profile: &'o Profile,
    /// Names the delivery; the same at every attempt.
    pub id: &'o str,
    /// The caller's patience: a longer pause ends the delivery.
    pub longest_pause: Duration,
}

/// What an attempt came to.
pub type Outcome = Result<Answer, Failure>;

/// One attempt, as it is told.
#[derive(Debug)]
pub struct Attempt {
    /// Counts from one.
    pub number: NonZeroU32,
    /// How many the profile allows.
    pub of: NonZeroU32,
    /// The answer, or why there was none.
    pub outcome: Outcome,
    /// How long it took.
    pub took: Duration,
    /// The pause before the next attempt, when one follows.
    pub next: Option<Duration>,
}

/// How a delivery ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ending {
    /// The receiver has it.
    Delivered {
        /// After so many attempts.
        attempts: NonZeroU32,
    },
    /// It does not have it, and no further attempt is made.
    Undelivered {
        /// After so many attempts.
        attempts: NonZeroU32,
        /// Why no more are made.
        reason: StopReason,
    },
}

/// Why a delivery stops without success.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StopReason {
    /// The profile takes this answer, or the lack of one, as final.
    Final,
    /// The receiver says that it is gone.
    Gone,
    /// The last attempt failed.
    Exhausted,
    /// The next attempt would come later than the caller waits.
    TooLongAPause(Duration),
    /// It cannot be sent at all: a refused address, or an address or header that is none.
    Unsendable,
}

/// Delivers `order`, telling each attempt to `tell` before the pause that follows it. `chance` draws from
/// `0.0..=1.0`.
pub async fn deliver(
    order: &Order<'_>,
    exchange: &impl Exchange,
    clock: &impl Clock,
    mut chance: impl FnMut() -> f64,
    mut tell: impl FnMut(&Attempt),
) -> Ending {
    let profile = order.profile;
    let mut number = NonZeroU32::MIN;
    loop {
        let started = clock.elapsed();
        let outcome = match profile.stamp.headers(order.request, order.id, clock.now()) {
            Ok(headers) => exchange.exchange(order.request, &headers, profile.timeout).await,
            Err(error) => Err(Failure::new(FailureKind::Unsendable, error.to_string())),
        };
        let took = clock.elapsed().saturating_sub(started);
        let step = judge(order, number, &outcome, clock.now(), &mut chance);
        let next = if let Step::Again(pause) = step { Some(pause) } else { None };
        tell(&Attempt { number, of: profile.schedule.attempts, outcome, took, next });
        match step {
            Step::Delivered => return Ending::Delivered { attempts: number },
            Step::Stop(reason) => return Ending::Undelivered { attempts: number, reason },
            Step::Again(pause) => clock.sleep(pause).await,
        }
        number = number.saturating_add(1);
    }
}

/// What follows an attempt.
enum Step {
    Delivered,
    Stop(StopReason),
    Again(Duration),
}

fn judge(
    order: &Order<'_>,
    number: NonZeroU32,
    outcome: &Outcome,
    now: SystemTime,
    chance: &mut impl FnMut() -> f64,
) -> Step {
    let profile = order.profile;
    let verdict = match outcome {
        Err(failure) if !failure.kind.may_pass() => return Step::Stop(StopReason::Unsendable),
        Err(_) => profile.verdict_without_answer(),
        Ok(answer) => profile.verdict(answer.status),
    };
    match verdict {
        Verdict::Delivered => Step::Delivered,
        Verdict::GiveUp => Step::Stop(StopReason::Final),
        Verdict::Disable => Step::Stop(StopReason::Gone),
        Verdict::Retry { .. } => {
            let answer = outcome.as_ref().ok();
            let wish = answer.and_then(|answer| retry_after::parse(answer.retry_after.as_deref()?, now));
            match profile.pause_after(number, answer.map(|answer| answer.status), wish, chance()) {
                None => Step::Stop(StopReason::Exhausted),
                Some(pause) if pause > order.longest_pause => Step::Stop(StopReason::TooLongAPause(pause)),
                Some(pause) => Step::Again(pause),
            }
        }
    }
}
