//! One rule a file over a loaded integration; findings out.
//!
//! Rules are sync, pure and offline, and never stop at the first mistake.

mod schema;

use crate::catalog::{Integration, Sample};
use crate::finding::Finding;

/// What a rule may look at.
#[derive(Debug, Clone, Copy)]
pub struct Scene<'a> {
    /// The integration under review.
    pub integration: &'a Integration,
    /// Every other integration of the same tree, for rules that compare.
    pub neighbours: &'a [Integration],
    /// The sample events it is rendered with.
    pub samples: &'a [Sample],
    /// Whether this engine's own additions to the format are reported.
    pub portable: bool,
}

/// One thing that can be wrong with an integration.
pub trait Rule: Sync {
    /// The name users look up: `unknown-helper`.
    fn id(&self) -> &'static str;
    /// What is wrong when it is broken, in one line.
    fn summary(&self) -> &'static str;
    /// Reports every place where it is broken.
    fn check(&self, scene: Scene<'_>, out: &mut Vec<Finding>);
}

/// Every rule, in the order findings of one place are told.
pub fn rules() -> &'static [&'static dyn Rule] {
    &[&schema::Schema, &schema::Portable]
}
