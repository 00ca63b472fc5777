//! Decides whether an event reaches an integration, and says why.
//!
//! Deny outweighs allow, order never matters, silence means no. This room reads no files, knows no clock
//! and has never heard of a manifest: strings in, a [`Decision`] out.
//!
//! Statements come in two forms. A [`Statement`] is what somebody wrote; it may be wrong and prints back
//! exactly. A [`Policy`] is what it means; it can only decide. [`Policy::compile`] stands between them and
//! reports every mistake at once, each with its place.

mod anchor;
mod compile;
mod decide;
mod environment;
mod explain;
mod glob;
mod miss;
mod mistake;
mod near;
mod reach;
mod read;
mod resource;
mod specifier;
mod specifier_reader;
mod statement;
mod truth;
mod vocabulary;
mod warning;

pub use anchor::Anchor;
pub use compile::Policy;
pub use decide::{Decision, Verdict};
pub use environment::{Environment, Spoken};
pub use explain::Explanation;
pub use miss::{Difference, Miss};
pub use mistake::{Mistake, PolicyError, Spot};
pub use resource::{ALL_ENVIRONMENTS, Resource, ResourceError, Segment, Target, UnstatedTags};
pub use statement::{Effect, List, Statement};
pub use vocabulary::{ResourceType, Vocabulary};
pub use warning::{PolicyWarning, Remark, warnings};
