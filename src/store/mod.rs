//! What must survive: events, what was decided about them, and every delivery until it is settled.
//!
//! [`Store`] is the contract; [`SqliteStore`] keeps it in one file, [`MemoryStore`] keeps it plainly and forgets it.
//! A command is answered once it is durable. Work is handed out under a lease, never inside an open transaction, so
//! that an engine of several machines can stand beside these two. This room knows no HTTP, no template and no clock:
//! bytes and moments are arguments. `docs/store.md` holds the argument why nothing is lost.

mod accounts;
mod clock;
mod codec;
mod contract;
mod delivery;
mod document;
mod error;
mod event;
mod ids;
mod memory;
mod page;
mod pending;
mod retention;
mod sqlite;
mod state;
mod subscription;

pub use accounts::{Account, Accounts};
pub use contract::Store;
pub use delivery::{
    Attempt, AttemptRecord, Claim, Claimed, Delivery, DeliveryFilter, Ended, Lease, Leased, Limits, Phases, Replay,
    Settled, Settlement, Versions,
};
pub use document::{Document, Expected, Shelf};
pub use error::{StoreError, Unavailable};
pub use event::{
    Conflict, Decided, EventContent, EventFilter, EventRecord, EventSummary, NewEvent, Outcome, Planned, Receipt, Skip,
    Verdict, VerdictKind,
};
pub use ids::{DeliveryKey, Digest, EventKey, Moment, SourceId, SubscriptionId, SubscriptionVersion};
pub use memory::MemoryStore;
pub use page::{Cursor, Page, PageRequest};
pub use pending::Pending;
pub use retention::{Retention, Upkeep};
pub use sqlite::{Integrity, Options, SqliteStore};
pub use state::{Happening, IllegalHappening, State};
pub use subscription::{NewVersion, Standing, Subscription, Version};
