//! The world, captured once: variables, terminal, colour. Below this room nobody looks at it.

use std::io::{IsTerminal, Write};
use std::path::PathBuf;

/// What commands may know of the process around them.
#[derive(Clone)]
pub(super) struct Environment {
    /// Whether standard output takes colour.
    pub(super) colour: bool,
    /// Columns that fit on a line of standard output.
    pub(super) width: usize,
    /// The folder that the program was started in.
    pub(super) folder: PathBuf,
    /// The variables of this program; secrets may be among them.
    variables: Vec<(String, String)>,
}

impl std::fmt::Debug for Environment {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Environment").field("folder", &self.folder).finish_non_exhaustive()
    }
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
        // Not `vars`: it panics on a variable that is not text, whoever's it is.
        let texts =
            std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
        let variables = texts.filter(|(name, _)| name.starts_with("FLAGPOST_")).collect();
        Environment { colour, width, folder, variables }
    }

    /// Every variable whose name starts with `FLAGPOST_`.
    pub(super) fn variables(&self) -> &[(String, String)] {
        &self.variables
    }

    /// The variable of that name, unless it is empty.
    pub(super) fn variable(&self, name: &str) -> Option<&str> {
        let found = self.variables.iter().find(|(known, value)| known == name && !value.is_empty());
        found.map(|(_, value)| value.as_str())
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
