//! `overview-period`

use super::prelude::*;

/// Cards in a list show the overview as a sentence.
pub(super) struct OverviewPeriod;

impl Rule for OverviewPeriod {
    fn id(&self) -> &'static str {
        "overview-period"
    }

    fn summary(&self) -> &'static str {
        "the overview is not a full sentence"
    }

    fn check(&self, scene: Scene<'_>, out: &mut Vec<Finding>) {
        let overview = &scene.integration.manifest.overview;
        if !overview.is_empty() && !overview.ends_with('.') {
            let message = "the overview does not end with a period".to_owned();
            out.push(self.finding(scene.value("/overview"), message).helped("end it with `.`"));
        }
    }
}
