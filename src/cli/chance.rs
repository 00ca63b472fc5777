//! Time and chance, drawn at the edge: the rooms below are handed them.

use std::time::{Duration, Instant, SystemTime};

use crate::delivery::Clock;
use crate::render::Moment;

/// The machine's own clock.
#[derive(Debug)]
pub(super) struct SystemClock {
    started: Instant,
}

impl SystemClock {
    pub(super) fn start() -> Self {
        SystemClock { started: Instant::now() }
    }
}

impl Clock for SystemClock {
    fn now(&self) -> SystemTime {
        wall_time()
    }

    fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    fn sleep(&self, pause: Duration) -> impl Future<Output = ()> + Send {
        tokio::time::sleep(pause)
    }
}

#[expect(clippy::disallowed_methods, reason = "this is the edge: below it, time is an argument")]
fn wall_time() -> SystemTime {
    SystemTime::now()
}

/// The machine's own dice.
#[derive(Debug)]
pub(super) struct Chance;

impl Chance {
    fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        // Without dice the bytes stay zero: pauses lose their jitter and nothing else.
        let _ = rustls::crypto::ring::default_provider().secure_random.fill(&mut bytes);
        bytes
    }

    /// From `0.0..1.0`.
    pub(super) fn share(&self) -> f64 {
        let [a, b, c, d] = self.bytes();
        f64::from(u32::from_le_bytes([a, b, c, d])) / (f64::from(u32::MAX) + 1.0)
    }

    /// A name that nothing else has.
    pub(super) fn name(&self) -> String {
        hex::encode(self.bytes::<16>())
    }

    /// Names a delivery.
    pub(super) fn delivery_id(&self) -> String {
        format!("msg_{}", self.name())
    }

    /// Now, in nanoseconds since 1970, and bytes that name a trace and a span.
    pub(super) fn instant(&self) -> (u64, [u8; 24]) {
        let since = wall_time().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        (u64::try_from(since.as_nanos()).unwrap_or(u64::MAX), self.bytes())
    }

    /// Now, and a number that is used once.
    pub(super) fn moment(&self) -> Moment {
        let since = wall_time().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let milliseconds = i64::try_from(since.as_millis()).unwrap_or(i64::MAX);
        Moment { milliseconds, nonce: u128::from_le_bytes(self.bytes()) }
    }
}
