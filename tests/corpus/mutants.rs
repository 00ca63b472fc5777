//! The reference schema's verdict on broken and unbroken manifests.

use std::collections::BTreeMap;
use std::process::Command;

use serde_json::Value;

/// One manifest, and what the reference says of it.
struct Row {
    name: String,
    valid: bool,
    /// Pointers of the values that it complains about.
    places: Vec<String>,
}

#[test]
fn every_mutant_gets_the_verdict_of_the_reference_once_and_in_its_place() {
    let Some(path) = crate::corpus_path("mutants.jsonl") else { return };
    let text = std::fs::read_to_string(path).expect("the corpus has its mutants");
    let tree = tempfile::tempdir().expect("a folder can be made");
    let mut rows = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let row: Value = serde_json::from_str(line).expect("a row is JSON");
        let folder = tree.path().join(format!("{index:05}"));
        std::fs::create_dir(&folder).expect("a folder can be made");
        std::fs::write(folder.join("manifest.json"), row["manifest"].to_string()).expect("a file can be written");
        rows.push(Row {
            name: format!("row {}, {} of {}", index + 1, row["mutation"], row["integration"]),
            valid: row["valid"].as_bool().expect("a verdict"),
            places: row["errorAt"].as_array().into_iter().flatten().filter_map(Value::as_str).map(pointer).collect(),
        });
    }
    assert!(rows.len() > 100, "the corpus is whole");
    for arguments in [&[][..], &["--portable"][..]] {
        let found = findings(tree.path(), arguments);
        let wrong: Vec<String> = rows
            .iter()
            .enumerate()
            .filter_map(|(index, row)| disagreement(row, found.get(&index).map_or(&[][..], Vec::as_slice)))
            .collect();
        assert!(wrong.is_empty(), "{} of {} disagree:\n{}", wrong.len(), rows.len(), wrong.join("\n"));
    }
}

/// Pointers of what the schema complains about, by row.
fn findings(tree: &std::path::Path, arguments: &[&str]) -> BTreeMap<usize, Vec<String>> {
    let output = Command::new(env!("CARGO_BIN_EXE_flagpost"))
        .args(["validate", ".", "--format", "json"])
        .args(arguments)
        .current_dir(tree)
        .output()
        .expect("the program runs");
    let answer: Value = serde_json::from_slice(&output.stdout).expect("the answer is JSON");
    let mut found: BTreeMap<usize, Vec<String>> = BTreeMap::new();
    for finding in answer["findings"].as_array().expect("a list of findings") {
        if finding["rule"] == "schema" || finding["rule"] == "portable" {
            let file = finding["file"].as_str().expect("a file");
            let index = file.split('/').next().and_then(|folder| folder.parse().ok()).expect("a row's folder");
            found.entry(index).or_default().push(finding["pointer"].as_str().expect("a pointer").to_owned());
        }
    }
    found
}

fn disagreement(row: &Row, found: &[String]) -> Option<String> {
    let inside = |pointer: &str, place: &str| {
        pointer.strip_prefix(place).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    let name = &row.name;
    if row.valid != found.is_empty() {
        return Some(format!("{name}: the reference says {}, found {found:?}", row.valid));
    }
    if let Some(place) = row.places.iter().find(|place| !found.iter().any(|pointer| inside(pointer, place))) {
        return Some(format!("{name}: nothing said of `{place}`, found {found:?}"));
    }
    if let Some(stray) = found.iter().find(|pointer| !row.places.iter().any(|place| inside(pointer, place))) {
        return Some(format!("{name}: `{stray}` is not complained about"));
    }
    // One object may lack several things; everything else is told once.
    let distinct: std::collections::BTreeSet<&String> = found.iter().collect();
    (distinct.len() > row.places.len()).then(|| format!("{name}: one mistake, told {} times: {found:?}", found.len()))
}

/// `.icons.square`, `.list[1]` and `['a b']` as a JSON pointer.
fn pointer(path: &str) -> String {
    let mut pointer = String::new();
    let mut rest = path;
    while !rest.is_empty() {
        let (token, after) = if let Some(quoted) = rest.strip_prefix("['") {
            quoted.split_once("']").expect("a bracket closes")
        } else if let Some(index) = rest.strip_prefix('[') {
            index.split_once(']').expect("a bracket closes")
        } else {
            let name = rest.strip_prefix('.').expect("a dot");
            name.split_at(name.find(['.', '[']).unwrap_or(name.len()))
        };
        pointer.push('/');
        pointer.push_str(&token.replace("\\'", "'").replace('~', "~0").replace('/', "~1"));
        rest = after;
    }
    pointer
}
