//! The events that templates are tried with, made ready once for a whole tree.

use crate::catalog::Sample;
use crate::checks::names::{Shape, event_fields};
use crate::value::Value;

/// The sample events of a tree, read once and used for every integration in it.
#[derive(Debug)]
pub struct Stage<'a> {
    /// Each sample that is an event.
    pub(crate) samples: Vec<SampleEvent<'a>>,
    /// The fields that events have.
    pub(crate) fields: Shape,
}

/// One sample event.
#[derive(Debug)]
pub(crate) struct SampleEvent<'a> {
    /// Its name, for messages: `flag/toggle.json`.
    pub(crate) name: &'a str,
    /// Its fields.
    pub(crate) event: Value<'a>,
}

impl<'a> Stage<'a> {
    /// Reads the samples. One that is no JSON object is passed over; loading reports it.
    pub fn set(samples: &'a [Sample]) -> Self {
        let samples: Vec<SampleEvent<'a>> = samples
            .iter()
            .filter_map(|sample| {
                let event = Value::parse(&sample.bytes).ok().filter(|event| event.as_object().is_some())?;
                Some(SampleEvent { name: &sample.name, event })
            })
            .collect();
        let fields = event_fields(samples.iter().map(|sample| &sample.event));
        Stage { samples, fields }
    }
}
