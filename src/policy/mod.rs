//! Decides whether an event reaches an integration, and says why.
//!
//! Deny outweighs allow, order never matters, silence means no. This room reads no files, knows no clock
//! and has never heard of a manifest: strings in, a [`Decision`] out.

mod statement;

pub use statement::{Effect, Statement};
