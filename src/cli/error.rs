//! Why a command could not do its work: one sentence, one remedy, one exit code.

use super::exit::Exit;

/// A command's failure, as the user reads it on standard error.
#[derive(Debug)]
pub struct CliError {
    /// What is wrong: lower case, no full stop, the user's words in backticks.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
    /// How the program ends.
    pub exit: Exit,
}

impl CliError {
    /// Wrong usage, or nothing to read.
    pub fn usage(message: impl Into<String>) -> Self {
        CliError { message: message.into(), help: None, exit: Exit::Usage }
    }

    /// The work was tried and failed.
    pub fn failed(message: impl Into<String>) -> Self {
        CliError { message: message.into(), help: None, exit: Exit::Errors }
    }

    /// Adds the remedy.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

impl From<std::io::Error> for CliError {
    fn from(error: std::io::Error) -> Self {
        CliError::failed(format!("cannot write the answer: {error}"))
    }
}
