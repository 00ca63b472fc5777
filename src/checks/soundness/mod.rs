//! Every template, rendered with every event it may meet.
//!
//! [`Rehearsal`] renders and keeps what went wrong; the rules that speak of it are in `rules`.

mod absent;
mod address;
mod cases;
mod edit;
mod form;
mod hostile;
mod json;
mod payload;
mod rehearsal;
mod repeated;
mod shrink;
mod signs;
mod stage;
mod synthetic;
mod thin;
mod trace;

pub(super) use json::Kind;
pub(super) use rehearsal::{Break, Missing, Rehearsal};
pub(super) use signs::{foreign_quoted, quotes, sign};
pub use stage::Stage;
