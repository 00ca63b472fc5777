//! `blank-body`

use super::prelude::*;

/// A body of only white space is not sent. That is a way to hold some events back, but not the plainest one.
pub(super) struct BlankBody;

impl Rule for BlankBody {
    fn id(&self) -> &'static str {
        "blank-body"
    }

    fn summary(&self) -> &'static str {
        "a template prints nothing for an event that has to be sent"
    }

    fn check(&self, scene: Scene<'_>, out: &mut Vec<Finding>) {
        for blank in &scene.rehearsal.blanks {
            let reading = &scene.readings[blank.reading];
            let message = format!("the template prints nothing for `{}`, so that it is not sent", blank.sample);
            let help = "print a body for it; only what should be held back may come out empty";
            out.push(self.finding(scene.within(reading, 0..0), message).helped(help));
        }
    }
}
