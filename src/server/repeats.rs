//! Requests that are sent again under the same `Idempotency-Key`, because an answer was lost: what was asked for is done
//! once, and every one of them gets the first answer.
//!
//! Kept in memory, for a day and up to a number: it is for retries after a timeout, and no promise across a restart.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Json;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderName, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::Value as Json_;
use tokio::sync::OnceCell;
use tracing::Instrument;

use super::problem::Problem;
use super::state::App;
use crate::store::Digest;

/// What callers are told about it.
pub(super) const DESCRIPTION: &str = "A text of the client's own for this request, new for each: sent again with the same, it is done once and answered as it was the first time. Kept in memory for a day";

const HEADER: HeaderName = HeaderName::from_static("idempotency-key");

/// For how long an answer is kept.
const KEPT_FOR: Duration = Duration::from_secs(24 * 3600);

/// How many are kept; past that the oldest go.
const KEPT: usize = 1000;

/// Letters of a key, at most.
const LONGEST: usize = 255;

/// What identifies a request that may come again; nothing when its sender does not say.
#[derive(Debug, Clone)]
pub(super) struct RepeatKey(Option<Named>);

#[derive(Debug, Clone)]
struct Named {
    /// Who asks, and what they call the request.
    name: Digest,
    /// What is asked for.
    what: String,
}

impl FromRequestParts<App> for RepeatKey {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Problem> {
        let mut values = parts.headers.get_all(HEADER).iter();
        let Some(value) = values.next() else { return Ok(RepeatKey(None)) };
        let key = value.to_str().ok().filter(|key| (1..=LONGEST).contains(&key.len()) && values.next().is_none());
        let Some(key) = key else {
            return Err(Problem::malformed("the header `idempotency-key` cannot be used")
                .help(format!("give it once, with 1 to {LONGEST} plain letters")));
        };
        // Two callers may have thought of the same key.
        let caller = parts.headers.get(header::AUTHORIZATION).map_or(&b""[..], |value| value.as_bytes());
        let name = Digest::of(&[caller, b"\n", key.as_bytes()].concat());
        Ok(RepeatKey(Some(Named { name, what: format!("{} {}", parts.method, parts.uri.path()) })))
    }
}

/// An answer that can be given again.
#[derive(Debug, Clone)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) location: Option<String>,
    pub(super) body: Json_,
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        let location = self.location.map(|place| [(header::LOCATION, place)]);
        (self.status, location, Json(self.body)).into_response()
    }
}

/// The answers that are kept.
#[derive(Default)]
pub(super) struct Repeats(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    by_name: HashMap<Digest, Known>,
    /// The oldest first.
    order: VecDeque<(Duration, Digest)>,
}

struct Known {
    asked: Digest,
    answer: Arc<OnceCell<Answer>>,
}

impl Kept {
    fn drop_oldest(&mut self) {
        if let Some((_, oldest)) = self.order.pop_front() {
            self.by_name.remove(&oldest);
        }
    }
}

impl Repeats {
    /// The place for the answer to a request; nothing when the name stands for another request.
    fn place(&self, name: Digest, asked: Digest, now: Duration) -> Option<Arc<OnceCell<Answer>>> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        while kept.order.front().is_some_and(|(at, _)| now.saturating_sub(*at) >= KEPT_FOR) {
            kept.drop_oldest();
        }
        // Before room is made: it may be the oldest that is asked for.
        if let Some(known) = kept.by_name.get(&name) {
            return (known.asked == asked).then(|| Arc::clone(&known.answer));
        }
        while kept.order.len() >= KEPT {
            kept.drop_oldest();
        }
        let answer = Arc::default();
        kept.by_name.insert(name, Known { asked, answer: Arc::clone(&answer) });
        kept.order.push_back((now, name));
        Some(answer)
    }

    /// What was not done may be asked for under the same key in other words.
    fn forget(&self, name: Digest, place: &Arc<OnceCell<Answer>>) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Another request may be at work in it: then the place is that one's. Places are shared under the lock alone.
        let alone = Arc::strong_count(place) == 2 && !place.initialized();
        if alone && kept.by_name.get(&name).is_some_and(|known| Arc::ptr_eq(&known.answer, place)) {
            kept.by_name.remove(&name);
            kept.order.retain(|(_, other)| *other != name);
        }
    }
}

/// Does `work` once for all requests under this key, and answers as it did. A second request that comes while the first
/// is worked on waits for it.
pub(super) async fn once<W>(app: App, key: RepeatKey, body: &Json_, work: W) -> Result<Answer, Problem>
where
    W: Future<Output = Result<Answer, Problem>> + Send + 'static,
{
    let RepeatKey(Some(named)) = key else { return work.await };
    named_once(Arc::clone(&app.repeats), named, app.clock.elapsed(), body, work).await
}

async fn named_once<W>(
    repeats: Arc<Repeats>,
    named: Named,
    now: Duration,
    body: &Json_,
    work: W,
) -> Result<Answer, Problem>
where
    W: Future<Output = Result<Answer, Problem>> + Send + 'static,
{
    let Named { name, what } = named;
    let asked = Digest::of(format!("{what}\n{body}").as_bytes());
    let Some(place) = repeats.place(name, asked, now) else {
        return Err(Problem::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "key-reused",
            "the key is another request's",
            "another request was made under this `idempotency-key`",
        )
        .help("take a new key for each request, and the same one only to send it again"));
    };
    // A client that gives up takes nothing with it: what was begun is done, and its answer kept for the next try.
    let working = async move {
        let answer = place.get_or_try_init(|| work).await.cloned();
        if answer.is_err() {
            repeats.forget(name, &place);
        }
        answer
    };
    tokio::spawn(working.instrument(tracing::Span::current())).await.map_err(|_| Problem::internal())?
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use axum::http::StatusCode;
    use serde_json::{Value as Json, json};
    use tokio::sync::oneshot;

    use super::{Answer, KEPT, KEPT_FOR, Named, Repeats, named_once};
    use crate::store::Digest;

    fn answer(body: Json) -> Answer {
        Answer { status: StatusCode::OK, location: None, body }
    }

    #[test]
    fn answers_are_kept_for_a_time_and_up_to_a_number() {
        let repeats = Repeats::default();
        let name = |count: usize| Digest::of(count.to_string().as_bytes());
        let (one, other) = (Digest::of(b"one"), Digest::of(b"other"));
        let start = Duration::from_secs(5);
        let first = repeats.place(name(0), one, start).expect("it is new");
        let again = repeats.place(name(0), one, start).expect("it is the same");
        assert!(Arc::ptr_eq(&first, &again));
        assert!(repeats.place(name(0), other, start).is_none(), "another request has the name");
        repeats.forget(name(0), &first);
        assert!(repeats.place(name(0), other, start).is_none(), "somebody else is at work under it");
        drop(again);
        repeats.forget(name(0), &first);
        assert!(repeats.place(name(0), other, start).is_some(), "nothing was done under it");
        let late = repeats.place(name(0), one, start + KEPT_FOR).expect("it is forgotten by then");
        late.set(answer(Json::Null)).expect("it was not set");
        repeats.forget(name(0), &late);
        assert!(repeats.place(name(0), other, start + KEPT_FOR).is_none(), "what was done is kept");
        for count in 1..KEPT {
            repeats.place(name(count), one, start + KEPT_FOR);
        }
        let again = repeats.place(name(0), one, start + KEPT_FOR).expect("it is kept");
        assert!(Arc::ptr_eq(&late, &again), "asking for the oldest once more does not put it out");
        repeats.place(name(KEPT), one, start + KEPT_FOR);
        let kept = repeats.0.lock().expect("nobody panicked");
        assert!(kept.by_name.len() <= KEPT && kept.by_name.len() == kept.order.len());
        assert!(!kept.by_name.contains_key(&name(0)), "the oldest goes first");
    }

    #[test]
    fn what_was_begun_is_done_though_whoever_asked_is_gone() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        runtime.block_on(async {
            let repeats = Arc::new(Repeats::default());
            let named = || Named { name: Digest::of(b"name"), what: "POST /v1/replay-jobs".to_owned() };
            let (begun, begins) = oneshot::channel();
            let (goes_on, may_go_on) = oneshot::channel();
            let work = async move {
                let _ = begun.send(());
                let _ = may_go_on.await;
                Ok(answer(json!("done")))
            };
            let asking = named_once(Arc::clone(&repeats), named(), Duration::ZERO, &Json::Null, work);
            tokio::select! {
                _ = asking => panic!("it cannot be through"),
                begins = begins => begins.expect("it begins"),
            }
            // The caller is gone, with the future that waited.
            goes_on.send(()).expect("somebody still works on it");
            let again = async { Ok(answer(json!("done once more"))) };
            let told = named_once(repeats, named(), Duration::ZERO, &Json::Null, again).await;
            assert_eq!(told.expect("it is done").body, json!("done"));
        });
    }
}
