//! Why a command could not do its work: one sentence, one remedy, one exit code.

use super::exit::Exit;

/// A command's failure, as the user reads it on standard error.
#[derive(Debug)]
pub(super) struct CliError {
    /// What is wrong: lower case, no full stop, the user's words in backticks. Empty when nothing is to be said.
    pub(super) message: String,
    /// What to do about it.
    pub(super) help: Option<String>,
    /// How the program ends.
    pub(super) exit: Exit,
}

impl CliError {
    /// Wrong usage, or nothing to read.
    pub(super) fn usage(message: impl Into<String>) -> Self {
        CliError { message: message.into(), help: None, exit: Exit::Usage }
    }

    /// The work was tried and failed.
    pub(super) fn failed(message: impl Into<String>) -> Self {
        CliError { message: message.into(), help: None, exit: Exit::Errors }
    }

    /// Adds the remedy.
    #[must_use]
    pub(super) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

impl From<std::io::Error> for CliError {
    fn from(error: std::io::Error) -> Self {
        // `flagpost list | head`: whoever reads has read enough, and that is no mistake to tell.
        if error.kind() == std::io::ErrorKind::BrokenPipe {
            return CliError { message: String::new(), help: None, exit: Exit::Done };
        }
        CliError::failed(format!("cannot write the answer: {error}"))
    }
}
