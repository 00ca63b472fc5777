//! Folders of integrations to try the program on.
#![allow(dead_code, reason = "each test file uses the part that it needs")]

use std::path::Path;
use std::process::Command;

use serde_json::Value;

/// A manifest without mistakes, a value a line.
pub(crate) const MANIFEST: &str = r#"{
  "name": "Example",
  "version": "1.0.0",
  "overview": "Sends changes to an example.",
  "description": "Sends every change of a flag in production to a tool that exists for this test only.",
  "author": "Example Inc.",
  "supportEmail": "support@example.com",
  "links": {
    "site": "https://example.com",
    "privacyPolicy": "https://example.com/privacy"
  },
  "categories": ["monitoring"],
  "icons": {
    "square": "square.svg",
    "horizontal": "wide.svg"
  },
  "otherCapabilities": ["external"]
}
"#;

/// A folder that goes away after the test.
pub(crate) struct Tree(tempfile::TempDir);

/// How a run of the program ended.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) exit: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Tree {
    pub(crate) fn new() -> Self {
        Tree(tempfile::tempdir().expect("a folder can be made"))
    }

    /// A tree with one integration, `integrations/example`, whose manifest is `manifest`.
    pub(crate) fn with_manifest(manifest: impl AsRef<[u8]>) -> Self {
        Tree::new().integration("example", manifest)
    }

    /// Adds an integration with its icons.
    pub(crate) fn integration(self, key: &str, manifest: impl AsRef<[u8]>) -> Self {
        self.file(&format!("integrations/{key}/manifest.json"), manifest)
            .file(&format!("integrations/{key}/square.svg"), "<svg/>")
            .file(&format!("integrations/{key}/wide.svg"), "<svg/>")
    }

    pub(crate) fn file(self, path: &str, content: impl AsRef<[u8]>) -> Self {
        let path = self.path().join(path);
        std::fs::create_dir_all(path.parent().expect("a file is in a folder")).expect("a folder can be made");
        std::fs::write(path, content).expect("a file can be written");
        self
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    /// Runs the program in the tree, with nothing of this machine's settings.
    pub(crate) fn run(&self, arguments: &[&str]) -> Answer {
        let output = Command::new(env!("CARGO_BIN_EXE_flagpost"))
            .args(arguments)
            .current_dir(self.path())
            .env_clear()
            .output()
            .expect("the program runs");
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("the answer is text");
        Answer {
            exit: output.status.code().expect("it ends by itself"),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
        }
    }

    /// Findings of `validate`, as JSON.
    pub(crate) fn findings(&self) -> Vec<Value> {
        self.validated(&[]).0
    }

    /// Findings of `validate` with some arguments, and the whole answer.
    pub(crate) fn validated(&self, arguments: &[&str]) -> (Vec<Value>, Value, i32) {
        let answer = self.run(&[&["validate", "--format", "json"], arguments].concat());
        let document: Value = serde_json::from_str(&answer.stdout)
            .unwrap_or_else(|error| panic!("not JSON: {error}: {}{}", answer.stdout, answer.stderr));
        let findings = document["findings"].as_array().expect("a list of findings").clone();
        (findings, document, answer.exit)
    }
}

/// `line:column message; help` of each finding of a rule.
pub(crate) fn told(findings: &[Value], rule: &str) -> Vec<String> {
    findings
        .iter()
        .filter(|finding| finding["rule"] == rule)
        .map(|finding| {
            let text = |name: &str| finding[name].as_str().unwrap_or_default().to_owned();
            format!("{}:{} {}; {}", finding["line"], finding["column"], text("message"), text("help"))
        })
        .collect()
}
