//! Time, as something that is handed in.

use std::future::Future;
use std::time::{Duration, SystemTime};

/// What a delivery asks of time. The program hands in the real one, tests hand in one that they move.
pub trait Clock: Sync {
    /// The time on the wall, for time stamps and dates in headers.
    fn now(&self) -> SystemTime;

    /// Time that only goes forward, from any start, for measuring.
    fn elapsed(&self) -> Duration;

    /// Waits.
    fn sleep(&self, pause: Duration) -> impl Future<Output = ()> + Send;
}
