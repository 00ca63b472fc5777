//! How far a replay job is, as a bar on a terminal.

use std::io::IsTerminal;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::Value as Json;

/// How far a job is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Progress {
    /// Deliveries that are done with.
    pub(super) done: u64,
    /// Deliveries that there are, as far as is known.
    pub(super) of: u64,
    /// Whether the job is through.
    pub(super) ended: bool,
}

impl Progress {
    /// Reads a job, or what happened with one.
    pub(super) fn of(job: &Json) -> Self {
        let count = |name: &str| job.pointer(&format!("/progress/{name}")).and_then(Json::as_u64);
        let done = count("replayed").unwrap_or(0) + count("skipped").unwrap_or(0);
        // How many there are in all is counted ahead; else what was matched so far is the best guess.
        let total = count("total").or_else(|| job.get("total").and_then(Json::as_u64)).or_else(|| count("matched"));
        let state = job.get("state").and_then(Json::as_str).unwrap_or_default();
        Progress { done, of: total.unwrap_or(0).max(done), ended: matches!(state, "completed" | "failed") }
    }

    /// Draws it.
    pub(super) fn show(&self, bar: &ProgressBar) {
        bar.set_length(self.of);
        bar.set_position(self.done);
        if self.ended {
            bar.finish_and_clear();
        }
    }
}

/// A bar on a terminal; nothing where nobody looks.
pub(super) fn bar(what: &str) -> ProgressBar {
    let target =
        if std::io::stderr().is_terminal() { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
    let style = ProgressStyle::with_template("{msg}{bar:40} {pos} of {len} ({per_sec}, {eta} left)");
    let bar = ProgressBar::with_draw_target(Some(0), target).with_message(what.to_owned());
    match style {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::Progress;

    #[test]
    fn a_job_is_read_with_its_total_and_without() {
        let progress = |done, of, ended| Progress { done, of, ended };
        for (job, expected) in [
            (json!({}), progress(0, 0, false)),
            (
                json!({"state": "running", "progress": {"matched": 9, "replayed": 5, "skipped": 2}}),
                progress(7, 9, false),
            ),
            (json!({"progress": {"matched": 9, "replayed": 5, "total": 70}}), progress(5, 70, false)),
            (json!({"total": 70, "progress": {"matched": 9, "replayed": 5}}), progress(5, 70, false)),
            (json!({"state": "failed", "progress": {"matched": 1, "replayed": 5}}), progress(5, 5, true)),
            (json!({"state": "completed", "progress": {"matched": 5, "replayed": 5}}), progress(5, 5, true)),
        ] {
            assert_eq!(Progress::of(&job), expected, "{job}");
        }
    }
}
