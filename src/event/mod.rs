//! The event as templates see it, and what it touches.
//!
//! This room parses no platform's wire format; that is for `source`.

use crate::value::{ParseError, Value};

/// A change event: the root of what a body template reads.
#[derive(Debug, Clone, PartialEq)]
pub struct Event<'a> {
    /// The fields, as in the platform's template context.
    pub context: Value<'a>,
}

impl<'a> Event<'a> {
    /// Reads an event in the form templates see.
    ///
    /// # Errors
    /// The bytes are not JSON.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, ParseError> {
        Ok(Event { context: Value::parse(bytes)? })
    }

    /// `flag`, `project`, `environment`, `member`, …; empty when the event does not say.
    pub fn kind(&self) -> &str {
        self.context.get("kind").and_then(Value::as_str).unwrap_or_default()
    }

    /// The action: `updateOn`, `createFlag`, …; empty when the event does not say.
    pub fn action(&self) -> &str {
        self.context.get("verbKind").and_then(Value::as_str).unwrap_or_default()
    }
}
