//! A right integration to spoil, and what is found in it then.

use std::path::Path;

use serde_json::{Value, json};

/// One finding, as `validate` tells it.
#[derive(Debug, Clone)]
pub(super) struct Told {
    pub(super) rule: String,
    pub(super) severity: String,
    pub(super) file: String,
    pub(super) line: usize,
    pub(super) pointer: String,
    pub(super) message: String,
    pub(super) help: String,
}

/// A folder of an integration, in memory.
#[derive(Debug, Clone)]
pub(super) struct Folder {
    pub(super) manifest: Value,
    pub(super) files: Vec<(String, String)>,
}

pub(super) const ICON: &str = "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 1 1\"/>\n";

/// An integration that nothing is wrong with.
pub(super) fn right() -> Folder {
    let manifest = json!({
        "name": "Lantern",
        "version": "1.0.0",
        "overview": "See every flag change on your Lantern wall.",
        "description": "Send flag changes to Lantern, where a lamp lights up for each of them and goes out again.",
        "author": "Lantern",
        "supportEmail": "help@lantern.example",
        "links": { "site": "https://lantern.example", "privacyPolicy": "https://lantern.example/privacy" },
        "categories": ["monitoring"],
        "icons": { "square": "square.svg", "horizontal": "horizontal.svg" },
        "formVariables": [
            { "key": "apiToken", "name": "Token", "type": "string", "description": "The token of your wall", "isSecret": true },
            { "key": "host", "name": "Host", "type": "uri", "description": "Where your wall is" },
            {
                "key": "colour", "name": "Colour", "type": "enum", "description": "How it lights up",
                "allowedValues": ["red", "green"], "isOptional": true, "defaultValue": "red"
            },
            {
                "key": "loud", "name": "Loud", "type": "boolean", "description": "Whether it rings too",
                "isOptional": true, "defaultValue": false
            }
        ],
        "capabilities": {
            "auditLogEventsHook": {
                "endpoint": {
                    "url": "{{host}}/lamps",
                    "method": "POST",
                    "headers": [
                        { "name": "Content-Type", "value": "application/json" },
                        { "name": "Authorization", "value": "Bearer {{apiToken}}" }
                    ]
                },
                "templates": { "flag": "templates/flag.json.hbs", "default": "templates/default.json.hbs" },
                "defaultPolicy": [
                    { "effect": "allow", "resources": ["proj/*:env/production:flag/*"], "actions": ["*"] }
                ]
            }
        }
    });
    let flag = "{\n  \"text\": \"{{title.plainText}}\",\n  \"colour\": \"{{formVariables.colour}}\",\n  \
                \"tags\": [{{#each tags}}\"{{this}}\"{{#unless @last}},{{/unless}}{{/each}}],\n  \
                {{#if comment}}\"comment\": \"{{comment}}\",{{/if}}\n  \"at\": {{timestamp.milliseconds}}\n}\n";
    let default = "{ \"text\": \"{{title.plainText}}\" }\n";
    let files = [
        ("templates/flag.json.hbs", flag),
        ("templates/default.json.hbs", default),
        ("square.svg", ICON),
        ("horizontal.svg", ICON),
    ];
    Folder { manifest, files: files.map(|(name, text)| (name.to_owned(), text.to_owned())).into() }
}

impl Folder {
    /// With the value at `pointer` replaced, or added where the last name is new.
    #[track_caller]
    pub(super) fn with(mut self, pointer: &str, value: Value) -> Self {
        let (around, name) = pointer.rsplit_once('/').expect("a pointer");
        match self.manifest.pointer_mut(around).unwrap_or_else(|| panic!("nothing is at {around}")) {
            Value::Object(members) => {
                members.insert(name.to_owned(), value);
            }
            Value::Array(items) if name == "-" => items.push(value),
            Value::Array(items) => items[name.parse::<usize>().expect("an index")] = value,
            _ => panic!("{around} holds nothing"),
        }
        self
    }

    /// Without the member at `pointer`.
    #[track_caller]
    pub(super) fn without(mut self, pointer: &str) -> Self {
        let (around, name) = pointer.rsplit_once('/').expect("a pointer");
        let members = self.manifest.pointer_mut(around).and_then(Value::as_object_mut).expect("an object");
        members.remove(name).unwrap_or_else(|| panic!("nothing is at {pointer}"));
        self
    }

    /// With one capability and no other.
    pub(super) fn with_only(self, capability: &str, value: Value) -> Self {
        self.with("/capabilities", json!({ capability: value }))
    }

    /// With this text in a file.
    pub(super) fn with_file(mut self, name: &str, text: &str) -> Self {
        self.files.retain(|(other, _)| other != name);
        self.files.push((name.to_owned(), text.to_owned()));
        self
    }

    pub(super) fn write(&self, folder: &Path) {
        for (name, text) in &self.files {
            let file = folder.join(name);
            std::fs::create_dir_all(file.parent().expect("a folder")).expect("it can be made");
            std::fs::write(file, text).expect("it can be written");
        }
        let text = serde_json::to_string_pretty(&self.manifest).expect("it prints");
        std::fs::write(folder.join("manifest.json"), text).expect("it can be written");
    }

    /// What is found in it.
    pub(super) fn findings(&self) -> Vec<Told> {
        tree(&[("lantern", self)])
    }
}

/// What is found in a tree of integrations.
pub(super) fn tree(folders: &[(&str, &Folder)]) -> Vec<Told> {
    let root = tempfile::tempdir().expect("a temporary folder");
    for (name, folder) in folders {
        folder.write(&root.path().join("integrations").join(name));
    }
    validate(&root.path().join("integrations"))
}

fn validate(path: &Path) -> Vec<Told> {
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_flagpost"))
        .args(["validate", "--format", "json"])
        .arg(path)
        .output()
        .expect("it runs");
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {errors}"));
    let told = |finding: &Value| {
        let text = |key: &str| finding[key].as_str().unwrap_or_default().to_owned();
        Told {
            rule: text("rule"),
            severity: text("severity"),
            file: text("file"),
            line: finding["line"].as_u64().and_then(|line| line.try_into().ok()).unwrap_or_default(),
            pointer: text("pointer"),
            message: text("message"),
            help: text("help"),
        }
    };
    report["findings"].as_array().expect("findings").iter().map(told).collect()
}

/// Asserts that exactly one thing is found: this rule, at this pointer, with these words in its message or help.
#[track_caller]
pub(super) fn only(folder: &Folder, rule: &str, severity: &str, pointer: &str, words: &[&str]) -> Told {
    let findings = folder.findings();
    assert_eq!(findings.len(), 1, "one finding is expected, of `{rule}`: {findings:#?}");
    let told = &findings[0];
    assert_eq!(
        (told.rule.as_str(), told.severity.as_str(), told.pointer.as_str()),
        (rule, severity, pointer),
        "{told:#?}"
    );
    for word in words {
        assert!(told.message.contains(word) || told.help.contains(word), "`{word}` is not said: {told:#?}");
    }
    told.clone()
}

/// Asserts that this rule is told at this pointer, whatever else is.
#[track_caller]
pub(super) fn tells(folder: &Folder, rule: &str, pointer: &str) -> Told {
    let findings = folder.findings();
    let found = findings.iter().find(|told| told.rule == rule && told.pointer == pointer);
    found.unwrap_or_else(|| panic!("`{rule}` is not told at `{pointer}`: {findings:#?}")).clone()
}

/// Asserts that nothing is found.
#[track_caller]
pub(super) fn nothing(folder: &Folder) {
    let findings = folder.findings();
    assert!(findings.is_empty(), "{findings:#?}");
}
