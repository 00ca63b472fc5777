//! Flags over variables over the file over defaults: one value for each setting, and where it is from.

use std::collections::BTreeMap;

use super::table::{Kind, Setting, TABLE, TABLES};
use crate::cli::error::CliError;
use crate::finding::near_miss;

/// Where a value is from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Origin {
    Flag(String),
    Variable(String),
    File(String),
    Default,
}

impl std::fmt::Display for Origin {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Origin::Flag(name) => write!(formatter, "--{name}"),
            Origin::Variable(name) => formatter.write_str(name),
            Origin::File(name) => formatter.write_str(name),
            Origin::Default => formatter.write_str("default"),
        }
    }
}

/// One value for each setting, and the sources as they were written.
#[derive(Debug)]
pub(super) struct Layered {
    values: BTreeMap<&'static str, (String, Origin)>,
    /// The `[[source]]` tables, as JSON.
    pub(super) sources: Vec<serde_json::Value>,
}

impl Layered {
    /// Lays the layers over each other.
    ///
    /// `file` is the name and the text of the file, if there is one.
    pub(super) fn new(
        flags: &[(&'static str, String)],
        variables: &[(String, String)],
        file: Option<(&str, &str)>,
    ) -> Result<Self, CliError> {
        let mut values: BTreeMap<&'static str, (String, Origin)> =
            TABLE.iter().map(|setting| (setting.name, (setting.default.to_owned(), Origin::Default))).collect();
        let mut sources = Vec::new();
        if let Some((name, text)) = file {
            read_file(name, text, &mut values, &mut sources)?;
        }
        refuse_slips(variables)?;
        for setting in TABLE {
            let variable = setting.variable();
            // An empty variable is how many systems unset one.
            let given = variables.iter().find(|(name, value)| *name == variable && !value.is_empty());
            if let Some((_, value)) = given {
                values.insert(setting.name, (value.clone(), Origin::Variable(variable)));
            }
            if let Some((_, value)) = flags.iter().find(|(name, _)| *name == setting.name) {
                values.insert(setting.name, (value.clone(), Origin::Flag(setting.flag())));
            }
        }
        Ok(Layered { values, sources })
    }

    /// The value of a setting, read by `read`.
    pub(super) fn get<T>(&self, name: &str, read: impl FnOnce(&str) -> Result<T, String>) -> Result<T, CliError> {
        let (value, origin) = self.raw(name);
        read(value).map_err(|wrong| {
            let place = match origin {
                Origin::Default => format!("the default of `{name}`"),
                Origin::File(file) => format!("`{name}` in `{file}`"),
                origin => format!("`{origin}`"),
            };
            CliError::usage(format!("{place}: `{value}` {wrong}"))
        })
    }

    pub(super) fn text(&self, name: &str) -> &str {
        self.raw(name).0
    }

    pub(super) fn number<T: std::str::FromStr>(&self, name: &str) -> Result<T, CliError> {
        self.get(name, |value| value.parse().map_err(|_| "is not a whole number that fits".to_owned()))
    }

    pub(super) fn switch(&self, name: &str) -> Result<bool, CliError> {
        self.get(name, |value| value.parse().map_err(|_| "is neither `true` nor `false`".to_owned()))
    }

    pub(super) fn raw(&self, name: &str) -> (&str, &Origin) {
        // Every name that is asked for is a literal of this folder, and a test asks for all of them.
        self.values.get(name).map_or(("", &Origin::Default), |(value, origin)| (value.as_str(), origin))
    }
}

fn read_file(
    name: &str,
    text: &str,
    values: &mut BTreeMap<&'static str, (String, Origin)>,
    sources: &mut Vec<serde_json::Value>,
) -> Result<(), CliError> {
    let wrong = |message: String| CliError::usage(format!("`{name}`: {message}"));
    let table: toml::Table = text.parse().map_err(|error: toml::de::Error| {
        // Not the error's own text: it shows the line, and the line may hold a secret.
        let before = error.span().map_or("", |span| text.get(..span.start).unwrap_or_default());
        wrong(format!("line {}: {}", before.matches('\n').count() + 1, error.message()))
    })?;
    for (key, value) in table {
        if let Some(setting) = TABLE.iter().find(|setting| setting.name == key) {
            let text = written(setting, &value).map_err(|kind| wrong(format!("`{key}` is not {kind}")))?;
            values.insert(setting.name, (text, Origin::File(name.to_owned())));
        } else if key == "source" {
            let toml::Value::Array(tables) = value else {
                return Err(wrong("`source` is not a list of tables".to_owned()).help("write `[[source]]`"));
            };
            for table in tables {
                sources.push(serde_json::to_value(table).map_err(|error| wrong(error.to_string()))?);
            }
        } else {
            let known = TABLE.iter().map(|setting| setting.name).chain(TABLES.iter().copied());
            return Err(unknown(wrong(format!("no setting is named `{key}`")), near_miss(&key, known)));
        }
    }
    Ok(())
}

fn written(setting: &Setting, value: &toml::Value) -> Result<String, &'static str> {
    match (setting.kind, value) {
        (Kind::Text | Kind::Word(_), toml::Value::String(text)) => Ok(text.clone()),
        (Kind::Text | Kind::Word(_), _) => Err("a text"),
        (Kind::Number, toml::Value::Integer(number)) => Ok(number.to_string()),
        (Kind::Number, _) => Err("a whole number"),
        (Kind::Switch, toml::Value::Boolean(switch)) => Ok(switch.to_string()),
        (Kind::Switch, _) => Err("`true` or `false`"),
    }
}

/// Variables that this program reads elsewhere.
pub(in crate::cli) const OTHER_VARIABLES: &[&str] =
    &["FLAGPOST_CONFIG", "FLAGPOST_MASTER_KEY", "FLAGPOST_SERVER", "FLAGPOST_TOKEN", "FLAGPOST_CORPUS"];

/// A variable that is nearly a setting's is a slip. One that is nobody's is left alone: some systems make
/// variables of their own from the name of a service, as in `FLAGPOST_SERVICE_HOST`.
fn refuse_slips(variables: &[(String, String)]) -> Result<(), CliError> {
    let names: Vec<String> = TABLE.iter().map(Setting::variable).collect();
    let known = || names.iter().map(String::as_str).chain(OTHER_VARIABLES.iter().copied());
    for (name, _) in variables {
        let Some(word) = name.strip_prefix("FLAGPOST_") else { continue };
        if known().any(|known| known == name) {
            continue;
        }
        // The common beginning would make every two names alike.
        let words = known().filter_map(|known| known.strip_prefix("FLAGPOST_"));
        if let Some(near) = near_miss(word, words) {
            let error = CliError::usage(format!("no setting is named by the variable `{name}`"));
            return Err(unknown(error, Some(&format!("FLAGPOST_{near}"))));
        }
    }
    Ok(())
}

fn unknown(error: CliError, near: Option<&str>) -> CliError {
    match near {
        Some(near) => error.help(format!("did you mean `{near}`?")),
        None => error.help("`flagpost serve --print-config` shows all settings"),
    }
}

#[cfg(test)]
mod tests {
    use super::{Layered, Origin};

    fn variables(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn flags_outweigh_variables_outweigh_the_file_outweighs_defaults() {
        let file = Some(("f.toml", "listen = \"f\"\ndata = \"f\"\nstop_seconds = 7\n"));
        let variables = variables(&[("FLAGPOST_LISTEN", "v"), ("FLAGPOST_DATA", "v"), ("FLAGPOST_STOP_SECONDS", "")]);
        let layered = Layered::new(&[("listen", "g".to_owned())], &variables, file).expect("it is right");
        assert_eq!(layered.raw("listen"), ("g", &Origin::Flag("listen".to_owned())));
        assert_eq!(layered.raw("data"), ("v", &Origin::Variable("FLAGPOST_DATA".to_owned())));
        assert_eq!(layered.raw("stop_seconds"), ("7", &Origin::File("f.toml".to_owned())));
        assert_eq!(layered.raw("log_format"), ("text", &Origin::Default));
    }

    #[test]
    fn slips_are_told_with_the_word_that_was_meant() {
        let file = |text: &str| Layered::new(&[], &[], Some(("f.toml", text))).expect_err("it is wrong");
        assert_eq!(file("lisen = 1").help.as_deref(), Some("did you mean `listen`?"));
        assert_eq!(file("[[sources]]\nkey = 1").help.as_deref(), Some("did you mean `source`?"));
        assert!(file("colour = 1").help.is_some_and(|help| help.contains("--print-config")));
        assert_eq!(file("listen = 1").message, "`f.toml`: `listen` is not a text");
        assert!(file("\nlisten = ").message.starts_with("`f.toml`: line 2: "));
        let slip = Layered::new(&[], &variables(&[("FLAGPOST_LISTEM", "x")]), None).expect_err("it is wrong");
        assert_eq!(slip.help.as_deref(), Some("did you mean `FLAGPOST_LISTEN`?"));
    }

    #[test]
    fn variables_of_others_are_left_alone() {
        let foreign =
            variables(&[("FLAGPOST_SERVICE_HOST", "10.0.0.1"), ("FLAGPOST_PORT_80_TCP", "tcp://x"), ("X", "")]);
        assert!(Layered::new(&[], &foreign, None).is_ok());
    }

    #[test]
    fn a_line_that_cannot_be_read_is_not_shown() {
        let error = Layered::new(&[], &[], Some(("f.toml", "tokens = \"hunter2\nx"))).expect_err("it is wrong");
        assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
    }
}
