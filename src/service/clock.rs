//! Time and chance, as things that are handed in.

use std::pin::Pin;
use std::time::{Duration, SystemTime};

use serde::{Serialize, Serializer};

use crate::delivery;
use crate::store::Moment;

/// What the service asks of time. Whatever is a clock for `delivery` is one here.
pub trait Clock: Send + Sync {
    /// The time on the wall.
    fn now(&self) -> SystemTime;

    /// Time that only goes forward, from any start, for measuring.
    fn elapsed(&self) -> Duration;

    /// Waits.
    fn sleep(&self, pause: Duration) -> Pin<Box<dyn Future<Output = ()> + Send + '_>>;
}

impl<C: delivery::Clock + Send> Clock for C {
    fn now(&self) -> SystemTime {
        delivery::Clock::now(self)
    }

    fn elapsed(&self) -> Duration {
        delivery::Clock::elapsed(self)
    }

    fn sleep(&self, pause: Duration) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(delivery::Clock::sleep(self, pause))
    }
}

/// Draws from `0.0..=1.0`.
pub type Chance = Box<dyn Fn() -> f64 + Send + Sync>;

/// The moment that a clock's wall shows.
pub(super) fn moment(time: SystemTime) -> Moment {
    let millis = match time.duration_since(SystemTime::UNIX_EPOCH) {
        Ok(since) => i64::try_from(since.as_millis()).unwrap_or(i64::MAX),
        Err(before) => -i64::try_from(before.duration().as_millis()).unwrap_or(i64::MAX),
    };
    Moment::from_millis(millis)
}

/// A moment as answers show it: RFC 3339 in UTC, to the millisecond.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, utoipa::ToSchema)]
#[schema(value_type = String, format = DateTime)]
pub struct Timestamp(pub i64);

impl From<Moment> for Timestamp {
    fn from(moment: Moment) -> Self {
        Timestamp(moment.millis())
    }
}

impl std::fmt::Display for Timestamp {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let moment = chrono::DateTime::from_timestamp_millis(self.0).unwrap_or_default();
        formatter.write_str(&moment.to_rfc3339_opts(chrono::SecondsFormat::Millis, true))
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
