//! Runs the real program on folders that tests write.
#![allow(dead_code, reason = "each test file uses the part that it needs")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::{Value, json};

/// A folder of an integration and of events, gone at the end of the test.
pub(crate) struct Folder {
    root: tempfile::TempDir,
}

/// What a run of the program came to.
pub(crate) struct Run {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Run {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {}{}", self.stdout, self.stderr))
    }

    /// Standard output of a run that ended with `code`.
    pub(crate) fn expect(self, code: i32) -> String {
        assert_eq!(self.code, Some(code), "stdout: {}\nstderr: {}", self.stdout, self.stderr);
        self.stdout
    }

    /// Standard error of a run that ended with `code`.
    pub(crate) fn fails(self, code: i32) -> String {
        assert_eq!(self.code, Some(code), "stdout: {}\nstderr: {}", self.stdout, self.stderr);
        self.stderr
    }

    pub(crate) fn all(&self) -> String {
        format!("{}{}", self.stdout, self.stderr)
    }
}

impl From<Output> for Run {
    fn from(output: Output) -> Self {
        Run {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).expect("standard output is text"),
            stderr: String::from_utf8(output.stderr).expect("standard error is text"),
        }
    }
}

impl Folder {
    /// An integration of this hook, form and templates.
    pub(crate) fn new(hook: &Value, form: &Value, templates: &[(&str, &str)]) -> Folder {
        let root = tempfile::tempdir().expect("a folder");
        let folder = Folder { root };
        let manifest = json!({
            "name": "Test receiver", "version": "1.0.0", "overview": "Sends events to a test.",
            "description": "Sends every event to a test, which looks at what arrives.", "author": "flagpost",
            "supportEmail": "help@example.com",
            "links": {"site": "https://example.com", "privacyPolicy": "https://example.com/privacy"},
            "categories": ["developer-tools"],
            "icons": {"square": "square.svg", "horizontal": "horizontal.svg"},
            "formVariables": form, "capabilities": {"auditLogEventsHook": hook},
        });
        folder.write("receiver/manifest.json", &format!("{manifest:#}"));
        for icon in ["square", "horizontal"] {
            folder.write(&format!("receiver/{icon}.svg"), "<svg xmlns=\"http://www.w3.org/2000/svg\"/>");
        }
        for (path, text) in templates {
            folder.write(&format!("receiver/{path}"), text);
        }
        folder
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    pub(crate) fn directory(&self) -> PathBuf {
        self.path("receiver")
    }

    pub(crate) fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().expect("a file has a folder")).expect("a folder");
        std::fs::write(&path, text).expect("a file");
        path
    }

    /// Writes an event: a flag of production switched on, with `changes` to its fields.
    pub(crate) fn event(&self, name: &str, changes: &Value) -> PathBuf {
        let mut event = json!({
            "_links": {
                "canonical": {"href": "https://flags.example.com/api/v2/flags/web/nav", "type": "application/json"},
                "parent": {"href": "https://flags.example.com/api/v2/auditlog", "type": "application/json"},
                "self": {"href": "https://flags.example.com/api/v2/auditlog/5e38", "type": "application/json"},
                "site": {"href": "https://flags.example.com/web/production/features/nav", "type": "text/html"},
                "details": {"href": "https://flags.example.com/web/production/audit/5e38/details", "type": "text/html"},
            },
            "baseURL": "https://flags.example.com", "_id": "5e38", "_accountId": "569f",
            "timestamp": {
                "milliseconds": 1_580_777_319_650_u64, "seconds": 1_580_777_319, "rfc3339": "2020-02-04T00:48:39Z",
                "simple": "2020-02-04 00:48:39",
            },
            "kind": "flag", "name": "Navigation", "key": "nav", "tags": ["ops"],
            "details": {"plainText": "a\nb", "markdown": "* a\n* b", "html": "<b>a</b>"},
            "project": {
                "name": "Web", "key": "web", "tags": [],
                "environment": {"name": "Production", "key": "production", "tags": []},
            },
            "member": {
                "_links": {"self": {"href": "https://flags.example.com/api/v2/members/1", "type": "application/json"}},
                "_id": "1", "email": "ana@example.com", "emailLocalPart": "ana", "firstName": "Ana", "lastName": "Ruiz",
                "displayName": "Ana Ruiz",
            },
            "titleVerb": "turned on the flag", "verbKind": "updateOn",
            "title": {"plainText": "Ana turned on Navigation", "markdown": "**Ana** turned on Navigation", "html": "Ana"},
            "target": {
                "_links": {"site": {"href": "https://flags.example.com/web/production/features/nav", "type": "text/html"}},
                "name": "Navigation", "_id": "77",
            },
        });
        for (key, value) in changes.as_object().into_iter().flatten() {
            event[key] = value.clone();
        }
        self.write(name, &event.to_string())
    }
}

/// A policy that lets every change of a flag through.
pub(crate) fn every_flag() -> Value {
    json!([{"effect": "allow", "resources": ["proj/*:env/*:flag/*"], "actions": ["*"]}])
}

/// Runs the program with an environment of nothing but the path.
pub(crate) fn flagpost(arguments: &[&str]) -> Run {
    command(arguments).output().expect("the program runs").into()
}

pub(crate) fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_flagpost"));
    command.env_clear().args(arguments);
    command
}

pub(crate) fn text(path: &Path) -> &str {
    path.to_str().expect("a path of letters")
}
