//! The event as templates see it, and what it touches.
//!
//! This room parses no platform's wire format; that is for `source`. It judges no event either: what it does
//! not tell stays untold, and a policy decides what follows from that.

mod targets;

use std::borrow::Cow;

use crate::value::{ParseError, Value};

/// A change event: the root of what a body template reads.
#[derive(Debug, Clone, PartialEq)]
pub struct Event<'a> {
    /// The fields, as in the platform's template context.
    pub context: Value<'a>,
    /// What the event touched, when its source knows; otherwise it is read from the fields.
    pub accesses: Option<Vec<Access<'a>>>,
    /// Its bytes as its platform sent them, when it came as an entry of an audit log.
    pub raw: Option<&'a [u8]>,
}

/// One thing that an event did, as audit logs write it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Access<'a> {
    /// What was done: `updateOn`.
    pub action: Cow<'a, str>,
    /// What it was done to: `proj/web:env/test:flag/nav;ops`. Tags that are not written are not known.
    pub resource: Cow<'a, str>,
}

impl<'a> Event<'a> {
    /// An event with these fields, and nothing known beside them.
    pub fn new(context: Value<'a>) -> Self {
        Event { context, accesses: None, raw: None }
    }

    /// Reads an event in the form templates see, or as an entry of an audit log.
    ///
    /// # Errors
    /// The bytes are not JSON.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, ParseError> {
        let event = Event::new(Value::parse(bytes)?);
        // An entry has a date and no time stamp; the form that templates see has it the other way round.
        let has = |key| event.context.get(key).is_some();
        let raw = (has("date") && has("accesses") && !has("timestamp")).then_some(bytes);
        Ok(Event { raw, ..event })
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
