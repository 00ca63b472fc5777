//! How much is taken: requests at once, requests a second, bytes.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::problem::Problem;

/// How many clients are counted apart. Past that the idle ones are forgotten, which only lets them start afresh.
const COUNTED: usize = 10_000;

/// Long bodies that are unpacked and read at once. Each may swell to what its source allows, so together they are a
/// good part of the memory that is used.
const LONG_BODIES: usize = 4;

/// The limits, and what is left of them.
pub(super) struct Limits {
    pub(super) body_bytes: usize,
    pub(super) request: Duration,
    at_once: Arc<Semaphore>,
    long_bodies: Arc<Semaphore>,
    clients: Buckets,
    sources: Buckets,
}

impl Limits {
    pub(super) fn new(settings: &super::Settings) -> Self {
        Limits {
            body_bytes: settings.body_bytes,
            request: settings.request,
            at_once: Arc::new(Semaphore::new(settings.requests_at_once.min(Semaphore::MAX_PERMITS))),
            long_bodies: Arc::new(Semaphore::new(LONG_BODIES)),
            clients: Buckets::new(settings.requests_per_second),
            sources: Buckets::new(settings.events_per_second),
        }
    }

    /// A place among the requests that are worked on; `None` when all are taken.
    pub(super) fn place(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.at_once).try_acquire_owned().ok()
    }

    /// A place among the long bodies that are worked on, as soon as there is one.
    pub(super) async fn long_body(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.long_bodies).acquire_owned().await.ok()
    }

    /// Counts a request of a client.
    pub(super) fn of_client(&self, client: &str, now: Duration) -> Result<(), Problem> {
        self.clients.take(client, now).map_err(Problem::too_many)
    }

    /// Counts a request of a source.
    pub(super) fn of_source(&self, source: &str, now: Duration) -> Result<(), Problem> {
        self.sources.take(source, now).map_err(Problem::too_many)
    }
}

/// A token bucket for each name: a second's worth fits in.
struct Buckets {
    per_second: f64,
    left: Mutex<HashMap<String, (f64, Duration)>>,
}

impl Buckets {
    fn new(per_second: u32) -> Self {
        Buckets { per_second: f64::from(per_second), left: Mutex::default() }
    }

    /// Takes one; else the seconds until there is one.
    fn take(&self, name: &str, now: Duration) -> Result<(), u64> {
        if self.per_second == 0.0 {
            return Ok(());
        }
        let full = self.per_second;
        let mut buckets = self.left.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= COUNTED && !buckets.contains_key(name) {
            buckets.retain(|_, (left, at)| *left + now.saturating_sub(*at).as_secs_f64() * full < full);
            if buckets.len() >= COUNTED {
                buckets.clear();
            }
        }
        let (left, at) = buckets.entry(name.to_owned()).or_insert((full, now));
        *left = (*left + now.saturating_sub(*at).as_secs_f64() * full).min(full);
        *at = now;
        if *left < 1.0 {
            return Err(((1.0 - *left) / full).ceil() as u64);
        }
        *left -= 1.0;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Buckets;

    #[test]
    fn a_second_s_worth_is_given_at_once_and_more_as_time_goes() {
        let buckets = Buckets::new(3);
        let at = Duration::from_millis;
        for _ in 0..3 {
            assert_eq!(buckets.take("a", at(1000)), Ok(()));
        }
        assert_eq!(buckets.take("a", at(1000)), Err(1));
        assert_eq!(buckets.take("b", at(1000)), Ok(()), "others are counted apart");
        assert_eq!(buckets.take("a", at(1334)), Ok(()));
        assert_eq!(buckets.take("a", at(1335)), Err(1));
        assert_eq!(buckets.take("a", at(900)), Err(1), "a clock that goes back gives nothing");
    }

    #[test]
    fn zero_is_no_limit_and_memory_is_bounded() {
        let free = Buckets::new(0);
        assert!((0..1000).all(|_| free.take("a", Duration::ZERO).is_ok()));
        let counted = Buckets::new(1);
        for client in 0..super::COUNTED * 2 {
            assert_eq!(counted.take(&client.to_string(), Duration::ZERO), Ok(()));
        }
        assert!(counted.left.lock().expect("nobody panicked").len() <= super::COUNTED);
    }

    #[test]
    fn a_long_body_waits_until_another_is_done_with() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        runtime.block_on(async {
            let limits = super::Limits::new(&crate::server::Settings::default());
            let mut held = Vec::new();
            for _ in 0..super::LONG_BODIES {
                held.push(limits.long_body().await.expect("there is a place"));
            }
            let one_more = tokio::select! {
                biased;
                place = limits.long_body() => place,
                () = tokio::task::yield_now() => None,
            };
            assert!(one_more.is_none(), "all places are taken");
            held.pop();
            assert!(limits.long_body().await.is_some());
        });
    }
}
