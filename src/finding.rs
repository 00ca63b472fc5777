//! A finding: something that an author should mend, with its place and the remedy.
//!
//! Findings are values; `cli` prints them for people, programs, scanners and code reviews.

mod near_miss;

pub use near_miss::near_miss;

use std::ops::Range;
use std::path::PathBuf;

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth a look; the integration works.
    Warning,
    /// A request would be wrong, or the integration cannot be used.
    Error,
}

/// Where a finding is: a file, and a span of bytes in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The file, as the user would name it.
    pub file: PathBuf,
    /// Bytes of the file that are meant; empty marks a point.
    pub span: Range<usize>,
    /// JSON pointer of the value, for places in a manifest.
    pub pointer: Option<String>,
}

impl Place {
    /// The very start of a file, for what is wrong with the file as such.
    pub fn start_of(file: impl Into<PathBuf>) -> Self {
        Place { file: file.into(), span: 0..0, pointer: None }
    }
}

/// Something an author should mend.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Name of the rule that found it, as users look it up: `unknown-helper`.
    pub rule: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// Where it is.
    pub place: Place,
    /// What is wrong: lower case, no full stop, the user's words in backticks.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
}

impl Finding {
    /// Something that makes a request wrong or an integration useless.
    pub fn error(rule: &'static str, place: Place, message: impl Into<String>) -> Self {
        Finding { rule, severity: Severity::Error, place, message: message.into(), help: None }
    }

    /// Something worth a look.
    pub fn warning(rule: &'static str, place: Place, message: impl Into<String>) -> Self {
        Finding { severity: Severity::Warning, ..Finding::error(rule, place, message) }
    }

    /// Adds the remedy.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}
