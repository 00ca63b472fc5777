//! What is wrong with the configuration of a source: everything at once.

use std::fmt;

/// One mistake in the configuration of a source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigurationMistake {
    /// JSON pointer of the setting.
    pub pointer: String,
    /// What is wrong: lower case, no full stop, the user's words in backticks.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
}

/// Every mistake in the configuration of a source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigurationError {
    /// Never empty.
    pub mistakes: Vec<ConfigurationMistake>,
}

impl std::error::Error for ConfigurationError {}

impl fmt::Display for ConfigurationError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, mistake) in self.mistakes.iter().enumerate() {
            let separator = if at == 0 { "" } else { "; " };
            write!(formatter, "{separator}`{}`: {}", mistake.pointer, mistake.message)?;
        }
        Ok(())
    }
}

/// Gathers mistakes while a configuration is read.
#[derive(Debug, Default)]
pub(super) struct Mistakes(pub(super) Vec<ConfigurationMistake>);

impl Mistakes {
    pub(super) fn add(&mut self, pointer: impl Into<String>, message: impl Into<String>) -> &mut ConfigurationMistake {
        let at = self.0.len();
        self.0.push(ConfigurationMistake { pointer: pointer.into(), message: message.into(), help: None });
        &mut self.0[at]
    }

    pub(super) fn settle<T>(self, value: T) -> Result<T, ConfigurationError> {
        if self.0.is_empty() { Ok(value) } else { Err(ConfigurationError { mistakes: self.0 }) }
    }
}

impl ConfigurationMistake {
    pub(super) fn help(&mut self, help: impl Into<String>) {
        self.help = Some(help.into());
    }
}
