//! Names and numbers that the store hands out or is handed.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use sha2::{Digest as _, Sha256};

/// A moment in milliseconds since 1970, as the caller's clock told it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Moment(i64);

impl Moment {
    /// The moment `millis` milliseconds after the start of 1970.
    pub const fn from_millis(millis: i64) -> Self {
        Moment(millis)
    }

    /// Milliseconds since the start of 1970.
    pub const fn millis(self) -> i64 {
        self.0
    }

    /// The moment that comes `pause` later; the end of time when there is no such moment.
    #[must_use]
    pub fn after(self, pause: Duration) -> Self {
        Moment(self.0.saturating_add(i64::try_from(pause.as_millis()).unwrap_or(i64::MAX)))
    }

    /// The moment `pause` earlier.
    #[must_use]
    pub fn before(self, pause: Duration) -> Self {
        Moment(self.0.saturating_sub(i64::try_from(pause.as_millis()).unwrap_or(i64::MAX)))
    }
}

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Arc<str>);

        impl $name {
            /// Wraps a name.
            pub fn new(name: impl Into<Arc<str>>) -> Self {
                $name(name.into())
            }

            /// The name.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl From<&str> for $name {
            fn from(name: &str) -> Self {
                $name(name.into())
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(&self.0)
            }
        }
    };
}

text_id!(
    /// A configured source of events.
    SourceId
);
text_id!(
    /// A subscription, as its administrator named it.
    SubscriptionId
);

/// A subscription's version: 1 at first, one more with each change. A version never changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SubscriptionVersion(pub u32);

/// An event's place in the order of arrival. Never reused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventKey(u64);

impl EventKey {
    /// The largest number that an event can have.
    pub(super) const LAST: u64 = u64::MAX >> (DeliveryKey::BITS + 1);

    /// The event of that number; numbers past the last possible one are taken as the last.
    pub fn new(number: u64) -> Self {
        EventKey(number.min(Self::LAST))
    }

    /// The number.
    pub const fn number(self) -> u64 {
        self.0
    }
}

/// A delivery: its event's number, and its place among the deliveries of that event, replays included. So the
/// deliveries of an event lie together, and deliveries are in their events' order of arrival.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DeliveryKey(u64);

impl DeliveryKey {
    pub(super) const BITS: u32 = 20;
    /// How many deliveries an event can have, replays included.
    pub const PER_EVENT: u64 = 1 << Self::BITS;

    pub(super) fn of(event: EventKey, place: u64) -> Self {
        DeliveryKey(event.0 << Self::BITS | (place & (Self::PER_EVENT - 1)))
    }

    /// The delivery of that number.
    pub const fn new(number: u64) -> Self {
        DeliveryKey(number & (u64::MAX >> 1))
    }

    /// The number.
    pub const fn number(self) -> u64 {
        self.0
    }

    /// The event that is delivered.
    pub const fn event(self) -> EventKey {
        EventKey(self.0 >> Self::BITS)
    }
}

/// The SHA-256 of some bytes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest(pub [u8; 32]);

impl Digest {
    /// Hashes bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Digest(Sha256::digest(bytes).into())
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

/// A number that stands for a text in an index. Stable over versions and machines, unlike the standard hashers.
pub(super) fn text_number(parts: &[&str]) -> i64 {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update(part.as_bytes());
        hasher.update([0xff]); // never part of UTF-8, so that `ab`, `c` is not `a`, `bc`
    }
    let digest: [u8; 32] = hasher.finalize().into();
    let mut first = [0; 8];
    first.copy_from_slice(&digest[..8]);
    i64::from_be_bytes(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_delivery_knows_its_event() {
        let key = DeliveryKey::of(EventKey::new(77), 12);
        assert_eq!(key.event(), EventKey::new(77));
        assert!(key < DeliveryKey::of(EventKey::new(78), 0));
        assert!(i64::try_from(DeliveryKey::of(EventKey::new(u64::MAX), DeliveryKey::PER_EVENT - 1).number()).is_ok());
    }

    #[test]
    fn texts_are_told_apart_at_their_borders() {
        assert_ne!(text_number(&["ab", "c"]), text_number(&["a", "bc"]));
    }

    #[test]
    fn moments_stop_at_the_end_of_time() {
        assert_eq!(Moment::from_millis(5).after(Duration::MAX).millis(), i64::MAX);
    }
}
