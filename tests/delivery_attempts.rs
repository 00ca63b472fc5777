//! A delivery's attempts under each named profile: what is tried again, when, and what stays the same.
//!
//! Time is a number that the tests move and answers are a script, so hours pass at once.

use std::collections::VecDeque;
use std::future::{Future, ready};
use std::sync::Mutex;
use std::time::{Duration, SystemTime};

use flagpost::delivery::{Answer, Clock, Ending, Exchange, Failure, FailureKind, Order, Profile, StopReason, deliver};
use flagpost::outbound::{OutboundRequest, Signing};
use flagpost::secret::Secret;

/// Sun, 06 Nov 1994 08:49:37 GMT
const START: u64 = 784_111_777;

#[derive(Default)]
struct HandClock {
    passed: Mutex<Duration>,
    slept: Mutex<Vec<Duration>>,
}

impl Clock for HandClock {
    fn now(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(START) + *self.passed.lock().expect("no thread broke")
    }

    fn elapsed(&self) -> Duration {
        *self.passed.lock().expect("no thread broke")
    }

    fn sleep(&self, pause: Duration) -> impl Future<Output = ()> + Send {
        *self.passed.lock().expect("no thread broke") += pause;
        self.slept.lock().expect("no thread broke").push(pause);
        ready(())
    }
}

type Sent = (OutboundRequest, Vec<(String, String)>);

struct Script {
    answers: Mutex<VecDeque<Result<Answer, Failure>>>,
    sent: Mutex<Vec<Sent>>,
}

impl Exchange for Script {
    fn exchange(
        &self,
        request: &OutboundRequest,
        headers: &[(String, String)],
        _timeout: Duration,
    ) -> impl Future<Output = Result<Answer, Failure>> + Send {
        self.sent.lock().expect("no thread broke").push((request.clone(), headers.to_vec()));
        // A script that has run out repeats its last trouble for ever.
        ready(self.answers.lock().expect("no thread broke").pop_front().unwrap_or_else(|| answer(500, None)))
    }
}

fn answer(status: u16, retry_after: Option<&str>) -> Result<Answer, Failure> {
    Ok(Answer {
        status,
        retry_after: retry_after.map(str::to_owned),
        headers: Vec::new(),
        body: Vec::new(),
        phases: Default::default(),
        truncated: false,
        address: None,
    })
}

fn broken() -> Result<Answer, Failure> {
    Err(Failure::new(FailureKind::Broken, "the connection broke"))
}

struct Ran {
    ending: Ending,
    pauses: Vec<Duration>,
    sent: Vec<Sent>,
    told: usize,
}

fn run(profile: &str, answers: impl IntoIterator<Item = Result<Answer, Failure>>) -> Ran {
    run_for(profile, Duration::MAX, answers)
}

fn run_for(profile: &str, longest_pause: Duration, answers: impl IntoIterator<Item = Result<Answer, Failure>>) -> Ran {
    let request = OutboundRequest {
        method: "PUT".into(),
        url: "https://example.com/hook".into(),
        headers: vec![("Content-Type".into(), "application/json".into())],
        body: "{\"ping\":true}".into(),
        signing: Some(Signing { header: Some("X-LD-Signature".into()), key: Secret::new("test-secret") }),
        skip_certificate_check: false,
    };
    let profile = Profile::named(profile).expect("the profile exists");
    let clock = HandClock::default();
    let script = Script { answers: Mutex::new(answers.into_iter().collect()), sent: Mutex::default() };
    let order = Order { request: &request, profile: &profile, id: "msg_1", longest_pause };
    let mut told = 0;
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let ending = runtime.block_on(deliver(
        &order,
        &script,
        &clock,
        || 0.0,
        |attempt| {
            told += 1;
            assert_eq!(usize::try_from(attempt.number.get()), Ok(told), "attempts are told in order");
        },
    ));
    Ran {
        ending,
        pauses: clock.slept.into_inner().expect("no thread broke"),
        sent: script.sent.into_inner().expect("no thread broke"),
        told,
    }
}

impl Ran {
    fn delivered_after(&self, attempts: u32) -> bool {
        matches!(self.ending, Ending::Delivered { attempts: made } if made.get() == attempts)
    }

    fn stopped(&self) -> Option<(u32, &StopReason)> {
        match &self.ending {
            Ending::Undelivered { attempts, reason } => Some((attempts.get(), reason)),
            Ending::Delivered { .. } => None,
        }
    }
}

fn seconds(pauses: &[u64]) -> Vec<Duration> {
    pauses.iter().map(|pause| Duration::from_secs(*pause)).collect()
}

#[test]
fn the_first_success_ends_a_delivery() {
    for status in [200, 201, 204, 299] {
        let ran = run("launchdarkly", [answer(status, None)]);
        assert!(ran.delivered_after(1), "{status}");
        assert_eq!((ran.sent.len(), ran.told), (1, 1));
    }
}

#[test]
fn split_fails_on_204_and_tries_once_more_after_300_ms() {
    let ran = run("split", [answer(204, None), answer(200, None)]);
    assert!(ran.delivered_after(2));
    assert_eq!(ran.pauses, [Duration::from_millis(300)]);
    assert_eq!(run("split", [answer(201, None), answer(204, None)]).stopped(), Some((2, &StopReason::Exhausted)));
}

#[test]
fn kong_waits_1_2_4_8_and_stops_after_five() {
    let ran = run("kong", [answer(500, None), broken(), answer(503, None), answer(429, None), answer(502, None)]);
    assert_eq!(ran.stopped(), Some((5, &StopReason::Exhausted)));
    assert_eq!(ran.pauses, seconds(&[1, 2, 4, 8]));
}

#[test]
fn kong_gives_up_at_once_on_what_no_retry_mends() {
    for status in [302, 400, 401, 404, 501] {
        assert_eq!(run("kong", [answer(status, None)]).stopped(), Some((1, &StopReason::Final)), "{status}");
    }
}

#[test]
fn retry_after_is_heard_in_both_forms() {
    assert_eq!(run("kong", [answer(429, Some("7")), answer(200, None)]).pauses, seconds(&[7]));
    let date = run("kong", [answer(503, Some("Sun, 06 Nov 1994 08:49:57 GMT")), answer(200, None)]);
    assert_eq!(date.pauses, seconds(&[20]));
    let past = run("kong", [answer(503, Some("Sun, 06 Nov 1994 08:00:00 GMT")), answer(200, None)]);
    assert_eq!(past.pauses, seconds(&[1]), "never earlier than the schedule");
    let nonsense = run("kong", [answer(503, Some("in a while")), answer(200, None)]);
    assert_eq!(nonsense.pauses, seconds(&[1]));
    let absurd = run("kong", [answer(503, Some("99999999999999999999")), answer(200, None)]);
    assert_eq!(absurd.pauses, seconds(&[3600]), "capped");
}

#[test]
fn standard_webhooks_makes_ten_attempts_over_three_days() {
    let ran = run("standard-webhooks", []);
    assert_eq!(ran.stopped(), Some((10, &StopReason::Exhausted)));
    assert_eq!(ran.pauses.iter().sum::<Duration>().as_secs(), 5 + 300 + 1800 + 3600 * (2 + 5 + 10 + 14 + 20 + 24));
}

#[test]
fn a_receiver_that_is_gone_ends_a_delivery_where_the_profile_says_so() {
    assert_eq!(run("standard-webhooks", [answer(410, None)]).stopped(), Some((1, &StopReason::Gone)));
    assert!(run("launchdarkly", [answer(410, None), answer(200, None)]).delivered_after(2));
}

#[test]
fn a_redirect_is_no_success() {
    for status in [301, 302, 303, 304, 307, 308] {
        let ran = run("github", [answer(status, None)]);
        assert_eq!(ran.stopped(), Some((1, &StopReason::Final)), "{status}");
    }
}

#[test]
fn github_tries_once() {
    assert_eq!(run("github", [broken()]).stopped(), Some((1, &StopReason::Final)));
    assert_eq!(run("github", [answer(503, Some("1"))]).sent.len(), 1);
}

#[test]
fn what_cannot_be_sent_is_not_tried_again() {
    for kind in [FailureKind::AddressRefused, FailureKind::Unsendable] {
        let ran = run("standard-webhooks", [Err(Failure::new(kind, "no"))]);
        assert_eq!(ran.stopped(), Some((1, &StopReason::Unsendable)), "{kind:?}");
    }
}

#[test]
fn a_pause_beyond_the_callers_patience_ends_the_delivery() {
    let minute = Duration::from_secs(60);
    let ran = run_for("standard-webhooks", minute, []);
    assert_eq!(ran.stopped(), Some((2, &StopReason::TooLongAPause(5 * minute))));
    assert_eq!(ran.pauses, seconds(&[5]));
}

#[test]
fn every_attempt_has_the_same_request_and_id_and_its_own_time_and_signature() {
    let ran = run("standard-webhooks", [answer(500, None), broken(), answer(429, Some("9")), answer(200, None)]);
    assert!(ran.delivered_after(4));
    let header = |sent: &Sent, name: &str| {
        let found: Vec<&String> = sent.1.iter().filter(|(own, _)| own == name).map(|(_, value)| value).collect();
        assert_eq!(found.len(), 1, "{name} once");
        found[0].clone()
    };
    for sent in &ran.sent {
        assert_eq!(sent.0, ran.sent[0].0);
        assert_eq!(header(sent, "webhook-id"), "msg_1");
        assert_eq!(header(sent, "X-LD-Signature"), "3f939ab9e5b409bd0b38349a0a4358fbd042f11bd5f4689c013190aa7eebd794");
    }
    let distinct = |name: &str| {
        let mut values: Vec<String> = ran.sent.iter().map(|sent| header(sent, name)).collect();
        values.dedup();
        values.len()
    };
    assert_eq!(distinct("webhook-timestamp"), 4);
    assert_eq!(distinct("webhook-signature"), 4);
}
