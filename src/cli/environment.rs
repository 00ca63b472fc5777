//! The world, captured once: variables, terminal, colour. Below this room nobody looks at it.

use std::io::{IsTerminal, Write};
use std::path::PathBuf;

/// What commands may know of the process around them.
#[derive(Debug, Clone)]
pub(super) struct Environment {
    /// Whether standard output takes colour.
    pub(super) colour: bool,
    /// Columns that fit on a line of standard output.
    pub(super) width: usize,
    /// The folder that the program was started in.
    pub(super) folder: PathBuf,
}

impl Environment {
    /// Looks around, once, at the start of the program.
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the environment")]
    pub(super) fn capture() -> Self {
        let set = |name: &str| std::env::var(name).is_ok_and(|value| !value.is_empty());
        let forced = set("CLICOLOR_FORCE");
        let colour = !set("NO_COLOR") && (forced || std::io::stdout().is_terminal());
        let width = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok()).unwrap_or(120);
        let folder = std::env::current_dir().unwrap_or_default();
        Environment { colour, width, folder }
    }

    /// Answers go here.
    pub(super) fn stdout(&self) -> impl Write + use<> {
        std::io::stdout().lock()
    }

    /// Talk goes here.
    pub(super) fn stderr(&self) -> impl Write + use<> {
        std::io::stderr().lock()
    }
}
