//! Every ending of the program, written down once.

use std::process::ExitCode;

/// How the program ends; the number is what the shell sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Exit {
    /// It ran, and the answer is good.
    Done = 0,
    /// It ran, and found errors, or could not do what was asked; or a template could not be rendered.
    Errors = 1,
    /// It could not run: wrong usage, or nothing to read.
    Usage = 2,
    /// `send`, `subscriptions --test`: the receiver refused for good, or was not reached in all attempts.
    Refused = 3,
    /// `send`, `preview`: nothing to send, by policy or because the body is empty.
    NotSent = 4,
    /// `serve`: told a second time to end, it ended at once.
    AtOnce = 130,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        ExitCode::from(exit as u8)
    }
}
