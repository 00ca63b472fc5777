//! A policy as somebody wrote it, with the line of every word that is wrong.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;
use serde_json::value::RawValue;

use super::super::error::CliError;
use super::{read_bytes, shown};
use crate::policy::{PolicyError, PolicyWarning, Spot};

/// Where a manifest keeps the policy that a new subscription starts with.
const DEFAULT_POLICY: &str = "/capabilities/auditLogEventsHook/defaultPolicy";
/// Where else a list of statements may stand in a file.
const LISTS: [&str; 4] = ["/statements", "/policy", "/defaultPolicy", DEFAULT_POLICY];

/// A file, and the statements in it.
#[derive(Debug)]
pub(super) struct PolicyFile {
    /// The file as users know it.
    pub(super) name: String,
    /// The statements, still JSON.
    pub(super) statements: Vec<Value>,
    text: String,
    /// JSON pointer of the list in the file.
    list: &'static str,
}

/// A mistake or an oddity, ready to be told.
#[derive(Debug)]
pub(super) struct Trouble {
    severity: &'static str,
    spot: Spot,
    message: String,
    help: Option<String>,
}

impl PolicyFile {
    /// The default policy of the integration in `directory`.
    pub(super) fn of_integration(directory: &Path) -> Result<PolicyFile, CliError> {
        // Somebody who names the manifest means the same.
        let path = if directory.is_file() { directory.to_owned() } else { directory.join("manifest.json") };
        let (text, json) = read_json(&path)?;
        match json.pointer(DEFAULT_POLICY) {
            Some(Value::Array(statements)) => {
                Ok(PolicyFile { name: shown(&path), statements: statements.clone(), text, list: DEFAULT_POLICY })
            }
            Some(_) => Err(CliError::failed(format!("the default policy in `{}` is no list", shown(&path)))),
            None => Err(CliError::usage(format!("`{}` has no default policy", shown(&path)))
                .help("it would be `capabilities.auditLogEventsHook.defaultPolicy`; or name a file by `--policy`")),
        }
    }

    /// The list of statements in a file: all of it, or one of its members.
    pub(super) fn read(path: &Path) -> Result<PolicyFile, CliError> {
        let (text, json) = read_json(path)?;
        let list = match json {
            Value::Array(_) => "",
            _ => LISTS.into_iter().find(|list| json.pointer(list).is_some()).unwrap_or_default(),
        };
        match json.pointer(list) {
            Some(Value::Array(statements)) => {
                Ok(PolicyFile { name: shown(path), statements: statements.clone(), text, list })
            }
            _ => Err(CliError::failed(format!("`{}` holds no policy", shown(path)))
                .help("a policy is a list of statements, alone or as `statements`, `policy` or `defaultPolicy`")),
        }
    }

    /// A mistake with its place, as compilers tell it.
    pub(super) fn describe(&self, trouble: &Trouble) -> String {
        let pointer = self.pointer(trouble);
        let place = match self.place(trouble) {
            Some((line, column)) => format!("{}:{line}:{column}", self.name),
            None => self.name.clone(),
        };
        let mut text = format!("{}: {}\n  --> {place} ({pointer})\n", trouble.severity, trouble.message);
        if let Some(help) = &trouble.help {
            text.push_str(&format!("   = help: {help}\n"));
        }
        text
    }

    /// JSON pointer of what is meant, from the root of the file.
    fn pointer(&self, trouble: &Trouble) -> String {
        format!("{}{}", self.list, trouble.spot.pointer())
    }

    /// Line and column, in characters from 1, of the value or the part of it that is meant.
    pub(super) fn place(&self, trouble: &Trouble) -> Option<(usize, usize)> {
        let value = value_at(&self.text, &self.pointer(trouble))?;
        let mut start = value.as_ptr() as usize - self.text.as_ptr() as usize;
        // With an escape in it, the written string is longer than what it says.
        if let Some(within) = trouble.spot.within.as_ref().filter(|_| value.starts_with('"') && !value.contains('\\')) {
            start += 1 + within.start;
        }
        let before = self.text.get(..start)?;
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        Some((before.matches('\n').count() + 1, before[line_start..].chars().count() + 1))
    }
}

/// The text of the value at `pointer`, a part of `text`.
fn value_at<'t>(text: &'t str, pointer: &str) -> Option<&'t str> {
    pointer.split('/').skip(1).try_fold(text, |value, token| {
        let token = token.replace("~1", "/").replace("~0", "~");
        if value.trim_start().starts_with('[') {
            let items: Vec<&'t RawValue> = serde_json::from_str(value).ok()?;
            return items.get(token.parse::<usize>().ok()?).map(|item| item.get());
        }
        let members: BTreeMap<Cow<'t, str>, &'t RawValue> = serde_json::from_str(value).ok()?;
        members.get(token.as_str()).map(|member| member.get())
    })
}

fn read_json(path: &Path) -> Result<(String, Value), CliError> {
    let text = String::from_utf8(read_bytes(path)?)
        .map_err(|_| CliError::usage(format!("`{}` is not text in UTF-8", shown(path))))?;
    let text = text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text);
    match serde_json::from_str(&text) {
        Ok(json) => Ok((text, json)),
        Err(error) => Err(CliError::usage(format!("`{}` is not JSON: {error}", shown(path)))),
    }
}

impl From<PolicyError> for Trouble {
    fn from(error: PolicyError) -> Self {
        let (message, help) = (error.to_string(), error.help());
        Trouble { severity: "error", spot: error.spot, message, help }
    }
}

impl From<PolicyWarning> for Trouble {
    fn from(warning: PolicyWarning) -> Self {
        let (message, help) = (warning.to_string(), warning.help());
        Trouble { severity: "warning", spot: warning.spot, message, help }
    }
}
