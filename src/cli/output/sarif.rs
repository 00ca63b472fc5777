//! Findings as SARIF 2.1.0, which code scanners read.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::Path;

use serde_json::{Value, json};

use super::texts::{Located, seen_from, shown_path};
use crate::finding::Severity;
use crate::{catalog, checks};

const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";

pub(super) fn print(out: &mut impl Write, located: &[Located<'_>], folder: &Path) -> io::Result<()> {
    let rules = rules();
    let index: BTreeMap<&str, usize> = rules.iter().enumerate().map(|(index, (id, _))| (*id, index)).collect();
    let described: Vec<Value> =
        rules.iter().map(|(id, summary)| json!({"id": id, "shortDescription": {"text": summary}})).collect();
    let results: Vec<Value> = located.iter().map(|located| result(located, &index, folder)).collect();
    let log = json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "flagpost",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": described,
            }},
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    });
    serde_json::to_writer_pretty(&mut *out, &log)?;
    writeln!(out)
}

/// Every rule there is, with what is wrong when it is broken.
fn rules() -> Vec<(&'static str, &'static str)> {
    let mut rules = catalog::RULES.to_vec();
    for rule in checks::rules() {
        if rules.iter().all(|(id, _)| *id != rule.id()) {
            rules.push((rule.id(), rule.summary()));
        }
    }
    rules
}

fn result(located: &Located<'_>, index: &BTreeMap<&str, usize>, folder: &Path) -> Value {
    let finding = located.finding;
    let level = match finding.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    let text = match &finding.help {
        Some(help) => format!("{}\n{help}", finding.message),
        None => finding.message.clone(),
    };
    let mut location = json!({
        "physicalLocation": {
            "artifactLocation": {"uri": uri(seen_from(folder, &finding.place.file))},
            "region": {
                "startLine": located.line,
                "startColumn": located.column,
                "endLine": located.end_line,
                "endColumn": located.end_column,
            },
        },
    });
    if let Some(pointer) = finding.place.pointer.as_deref().filter(|pointer| !pointer.is_empty()) {
        location["logicalLocations"] = json!([{"fullyQualifiedName": pointer}]);
    }
    let mut result = json!({
        "ruleId": finding.rule,
        "level": level,
        "message": {"text": text},
        "locations": [location],
    });
    if let Some(index) = index.get(finding.rule) {
        result["ruleIndex"] = json!(index);
    }
    result
}

/// A path as a URI reference: relative to the sources, or absolute when it is not among them.
fn uri(path: &Path) -> String {
    let mut uri = if path.is_absolute() { "file://".to_owned() } else { String::new() };
    for byte in shown_path(path).bytes() {
        match byte {
            b'/' | b'-' | b'.' | b'_' | b'~' | b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => uri.push(char::from(byte)),
            _ => uri.push_str(&format!("%{byte:02X}")),
        }
    }
    uri
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::uri;

    #[test]
    fn paths_become_uris() {
        assert_eq!(uri(Path::new("integrations/a b/é%.json")), "integrations/a%20b/%C3%A9%25.json");
        assert_eq!(uri(Path::new("/tmp/x.json")), "file:///tmp/x.json");
    }
}
