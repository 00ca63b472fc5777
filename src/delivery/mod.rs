//! Carries a finished request to its receiver: retry profiles, the sender, the address guard.
//!
//! `status`, `schedule` and `retry_after` are pure; `sender` alone speaks HTTP; `attempts` is the loop, and
//! asks for time and chance. This room has never heard of templates, manifests, events or policies, follows
//! no redirect, and connects to nothing that the guard has not seen.

mod address;
mod attempts;
mod clock;
mod connection;
mod connector;
mod failure;
mod guard;
mod phases;
mod profile;
mod profile_reader;
mod retry_after;
mod schedule;
mod sender;
mod signature;
mod stamp;
mod standard_webhooks;
mod status;
mod status_set;
mod tls;

pub use address::{AddressKind, classify};
pub use attempts::{Attempt, Ending, Exchange, Order, Outcome, StopReason, deliver};
pub use clock::Clock;
pub use failure::{Failure, FailureKind};
pub use guard::{AddressGuard, RefusedAddress};
pub use phases::Phases;
pub use profile::{Profile, RetryAfterRule, Verdict};
pub use profile_reader::ProfileMistake;
pub use retry_after::parse as parse_retry_after;
pub use schedule::{Curve, Schedule};
pub use sender::{Answer, Limits, Resolver, Sender, SystemResolver};
pub use signature::{Scheme, SignatureError};
pub use stamp::Stamp;
pub use standard_webhooks::{KeyError, SigningKey, sign_all};
pub use status::{DeliveryEvent, IllegalMove, Status};
pub use status_set::StatusSet;
