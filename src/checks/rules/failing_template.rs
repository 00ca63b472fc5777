//! `failing-template`

use super::prelude::*;

/// A template that cannot be rendered sends nothing.
pub(super) struct FailingTemplate;

impl Rule for FailingTemplate {
    fn id(&self) -> &'static str {
        "failing-template"
    }

    fn summary(&self) -> &'static str {
        "a template cannot be rendered"
    }

    fn check(&self, scene: Scene<'_>, out: &mut Vec<Finding>) {
        for failure in &scene.rehearsal.failures {
            let place = scene.within(&scene.readings[failure.reading], failure.error.span.clone());
            out.push(self.finding(place, failure.error.message.clone()).maybe_helped(failure.error.help.clone()));
        }
    }
}
