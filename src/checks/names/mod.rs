//! What templates ask for, and what there is: scopes by role, and the name behind every tag.
//!
//! Where nothing is known about a value, nothing is said about its members: silence here is no verdict.

mod address;
mod event;
mod reading;
mod scope;
mod shape;

pub(super) use address::{Position, position_at, positions};
pub(super) use event::source_of_field;
pub(super) use reading::{ELSE_IF, Given, HelperUse, How, Lookup, Reading, Use};
pub(super) use scope::{Capability, Scope, environment_variables, event_fields, main_and_own, scope};
pub(super) use shape::{Member, Shape};
