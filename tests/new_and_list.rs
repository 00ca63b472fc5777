//! `flagpost new` makes a folder that is right at once; `flagpost list` shows what there is.

use std::error::Error;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

type Outcome = Result<(), Box<dyn Error>>;

fn flagpost(folder: &Path, arguments: &[&str]) -> Result<Output, Box<dyn Error>> {
    Ok(Command::new(env!("CARGO_BIN_EXE_flagpost")).args(arguments).current_dir(folder).output()?)
}

fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Validates what is in `folder`, warnings counted.
fn findings(folder: &Path, path: &str) -> Result<serde_json::Value, Box<dyn Error>> {
    let output = flagpost(folder, &["validate", path, "--format", "json", "--deny-warnings", "--portable"])?;
    Ok(serde_json::from_slice(&output.stdout)?)
}

#[test]
fn a_new_integration_validates_with_no_finding_at_all() -> Outcome {
    let longest = "n".repeat(100);
    let rows: [&[&str]; 6] = [
        &["my-tool"],
        &["a"],
        &["with-url", "--url", "https://api.example.com/v1/events?source=flags"],
        &["with-name", "--name", "R&D \"north\" <lab> 森"],
        &["long-name", "--name", &longest, "--url", "https://example.com"],
        &["braces", "--name", "{{name}}"],
    ];
    for row in rows {
        let folder = tempfile::tempdir()?;
        let output = flagpost(folder.path(), &[&["new"], row].concat())?;
        assert_eq!(output.status.code(), Some(0), "{row:?}: {}", stderr(&output));
        let told = findings(folder.path(), &format!("integrations/{}", row[0]))?;
        assert_eq!(told["findings"], serde_json::json!([]), "{row:?}");
        assert_eq!(told["integrations"], 1, "{row:?}");
    }
    Ok(())
}

#[test]
fn a_new_integration_says_what_was_made_and_what_comes_next() -> Outcome {
    let folder = tempfile::tempdir()?;
    let output = flagpost(folder.path(), &["new", "my-tool", "--directory", "our integrations"])?;
    let told = stdout(&output);
    for line in told.lines().filter(|line| line.starts_with("  ") && !line.contains("flagpost")) {
        assert!(folder.path().join("our integrations/my-tool").join(line.trim()).is_file(), "{line}");
    }
    assert!(told.starts_with("created our integrations/my-tool\n"), "{told}");
    assert!(told.contains("  flagpost validate 'our integrations/my-tool'\n"), "{told}");
    assert!(told.ends_with("  flagpost preview 'our integrations/my-tool'\n"), "{told}");
    Ok(())
}

#[test]
fn a_new_integration_overwrites_nothing() -> Outcome {
    let folder = tempfile::tempdir()?;
    assert_eq!(flagpost(folder.path(), &["new", "my-tool"])?.status.code(), Some(0));
    let manifest = folder.path().join("integrations/my-tool/manifest.json");
    fs::write(&manifest, "mine")?;
    let output = flagpost(folder.path(), &["new", "my-tool"])?;
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("`integrations/my-tool` is there already"), "{}", stderr(&output));
    assert_eq!(fs::read_to_string(manifest)?, "mine");
    Ok(())
}

#[test]
fn a_refused_integration_leaves_nothing_behind() -> Outcome {
    for (arguments, message) in [
        (&["new", "My_Tool"][..], "did you mean `my-tool`?"),
        (&["new", "../up"], "did you mean `up`?"),
        (&["new", "x", "--name", "ab"], "between 3 and 100 characters"),
        (&["new", "x", "--url", "example.com"], "does not start with `https://`"),
        (&["new", "x", "--url", "https://user:pass@example.com"], "credentials"),
        (&["new", "x", "--directory", "file/inside"], "cannot write"),
    ] {
        let folder = tempfile::tempdir()?;
        fs::write(folder.path().join("file"), "")?;
        let output = flagpost(folder.path(), arguments)?;
        assert_ne!(output.status.code(), Some(0), "{arguments:?}");
        assert!(stderr(&output).contains(message), "{arguments:?}: {}", stderr(&output));
        let left: Vec<_> = fs::read_dir(folder.path())?.filter_map(Result::ok).map(|entry| entry.file_name()).collect();
        assert_eq!(left, ["file"], "{arguments:?}");
    }
    Ok(())
}

/// A tree with one integration that is right and two that are not.
fn tree() -> Result<tempfile::TempDir, Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    for key in ["bent", "right", "torn"] {
        assert_eq!(flagpost(folder.path(), &["new", key])?.status.code(), Some(0));
    }
    let integrations = folder.path().join("integrations");
    fs::write(integrations.join("torn/manifest.json"), "{ \"name\": ")?;
    fs::write(integrations.join("bent/templates/flag.json.hbs"), "{{#if key}}")?;
    Ok(folder)
}

#[test]
fn a_list_has_a_line_for_each_integration_and_hides_no_broken_one() -> Outcome {
    let folder = tree()?;
    let output = flagpost(folder.path(), &["list"])?;
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let told = stdout(&output);
    let lines: Vec<&str> = told.lines().collect();
    assert_eq!(lines.len(), 4, "{told}");
    assert!(lines[0].starts_with("KEY"), "{told}");
    assert!(lines[1].starts_with("bent ") && lines[1].contains("broken: "), "{told}");
    assert!(lines[3].starts_with("torn ") && lines[3].contains("broken: "), "{told}");
    let cells: Vec<&str> = lines[2].split("  ").map(str::trim).filter(|cell| !cell.is_empty()).collect();
    assert_eq!(
        cells,
        ["right", "Right", "0.1.0", "flag,*", "allow proj/*:env/production:flag/*", "auditLogEventsHook"]
    );
    // Columns start where their headings do.
    assert_eq!(lines[0].find("VERSION"), lines[2].find("0.1.0"), "{told}");
    assert!(stderr(&output).contains("2 of 3 broken"), "{}", stderr(&output));
    Ok(())
}

#[test]
fn a_list_can_be_read_by_programs() -> Outcome {
    let folder = tree()?;
    let output = flagpost(folder.path(), &["list", "integrations", "--format", "json"])?;
    let told: serde_json::Value = serde_json::from_slice(&output.stdout)?;
    let right = &told["integrations"][1];
    assert_eq!(right["key"], "right");
    assert_eq!(right["kinds"], serde_json::json!(["flag", "*"]));
    assert_eq!(right["capabilities"], serde_json::json!(["auditLogEventsHook"]));
    assert_eq!(right["policy"][0]["resources"][0], "proj/*:env/production:flag/*");
    assert_eq!(right["broken"], serde_json::json!([]));
    for broken in [0, 2] {
        assert!(told["integrations"][broken]["broken"][0].is_string(), "{told:#}");
    }
    Ok(())
}

#[test]
fn a_single_integration_can_be_listed() -> Outcome {
    let folder = tree()?;
    let output = flagpost(folder.path(), &["list", "integrations/right"])?;
    assert_eq!(stdout(&output).lines().count(), 2, "{}", stdout(&output));
    Ok(())
}

#[test]
fn a_list_of_nothing_says_so() -> Outcome {
    let folder = tempfile::tempdir()?;
    for arguments in [&["list"][..], &["list", "missing"], &["list", "."]] {
        let output = flagpost(folder.path(), arguments)?;
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(stderr(&output).starts_with("error: "), "{}", stderr(&output));
        assert_eq!(stdout(&output), "", "{arguments:?}");
    }
    Ok(())
}
