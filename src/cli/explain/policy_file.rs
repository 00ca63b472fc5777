//! A policy as somebody wrote it, with the line of every word that is wrong.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::super::error::CliError;
use super::{read_bytes, shown};
use crate::catalog::{self, Integration, ManifestSource};
use crate::finding::{Finding, Place};
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
    /// What reading the file found.
    pub(super) findings: Vec<Finding>,
    source: ManifestSource,
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
    /// The default policy of an integration; loading it has told what is wrong with the rest.
    pub(super) fn of_integration(integration: Integration) -> Result<PolicyFile, CliError> {
        let source = integration.source;
        let name = source.file.display().to_string();
        match source.json.pointer(DEFAULT_POLICY) {
            Some(Value::Array(statements)) => {
                let statements = statements.clone();
                Ok(PolicyFile { name, statements, findings: Vec::new(), source, list: DEFAULT_POLICY })
            }
            Some(_) => Err(CliError::failed(format!("the default policy in `{name}` is no list"))),
            None => Err(CliError::usage(format!("`{name}` has no default policy"))
                .help("it would be `capabilities.auditLogEventsHook.defaultPolicy`; or name a file by `--policy`")),
        }
    }

    /// The list of statements in a file: all of it, or one of its members.
    pub(super) fn read(path: &Path) -> Result<PolicyFile, CliError> {
        let text = String::from_utf8(read_bytes(path)?)
            .map_err(|_| CliError::usage(format!("`{}` is not text in UTF-8", shown(path))))?;
        let text = text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text);
        if let Err(error) = serde_json::from_str::<serde::de::IgnoredAny>(&text) {
            return Err(CliError::usage(format!("`{}` is not JSON: {error}", shown(path))));
        }
        let (source, findings) = catalog::read_json(PathBuf::from(shown(path)), text);
        let Some(source) = source else {
            return Err(CliError::usage(format!("`{}` cannot be read as JSON", shown(path))));
        };
        let list = match &source.json {
            Value::Array(_) => "",
            json => LISTS.into_iter().find(|list| json.pointer(list).is_some()).unwrap_or_default(),
        };
        match source.json.pointer(list) {
            Some(Value::Array(statements)) => {
                Ok(PolicyFile { name: shown(path), statements: statements.clone(), findings, source, list })
            }
            _ => Err(CliError::failed(format!("`{}` holds no policy", shown(path)))
                .help("a policy is a list of statements, alone or as `statements`, `policy` or `defaultPolicy`")),
        }
    }

    /// A mistake with its place, as compilers tell it.
    pub(super) fn describe(&self, trouble: &Trouble) -> String {
        let place = self.place_of(trouble);
        self.sentence(trouble.severity, &trouble.message, &place, trouble.help.as_deref())
    }

    /// What reading found, told the same way. It keeps nothing from being decided.
    pub(super) fn describe_finding(&self, finding: &Finding) -> String {
        self.sentence("warning", &finding.message, &finding.place, finding.help.as_deref())
    }

    fn sentence(&self, severity: &str, message: &str, place: &Place, help: Option<&str>) -> String {
        let (line, column) = self.position(place);
        let pointer = place.pointer.as_deref().unwrap_or_default();
        let mut text = format!("{severity}: {message}\n  --> {}:{line}:{column} ({pointer})\n", self.name);
        if let Some(help) = help {
            text.push_str(&format!("   = help: {help}\n"));
        }
        text
    }

    /// Where a mistake is, in the order of the file.
    pub(super) fn position_of(&self, trouble: &Trouble) -> (usize, usize) {
        self.position(&self.place_of(trouble))
    }

    /// The value or the part of it that is meant.
    fn place_of(&self, trouble: &Trouble) -> Place {
        let spot = &trouble.spot;
        let pointer = format!("{}{}", self.list, spot.pointer());
        match &spot.within {
            Some(within) => self.source.string_part_place(&pointer, within.clone()),
            None => self.source.value_place(&pointer),
        }
    }

    /// Line and column, in characters from 1.
    fn position(&self, place: &Place) -> (usize, usize) {
        let before = self.source.text.get(..place.span.start).unwrap_or_default();
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
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
