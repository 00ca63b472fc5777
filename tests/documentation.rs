//! What the guides promise is there: a command, an exit code or a folder that they leave out fails here.

use std::fs;
use std::path::Path;
use std::process::Command;

fn page(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).expect("the page can be read")
}

/// The commands that the program lists in its help.
fn commands() -> Vec<String> {
    let help = Command::new(env!("CARGO_BIN_EXE_flagpost")).arg("--help").output().expect("the program runs");
    let help = String::from_utf8(help.stdout).expect("help is text");
    let listed = help.split("Commands:").nth(1).expect("help lists commands");
    let listed = listed.split("\n\n").next().unwrap_or_default();
    let names = listed.lines().filter_map(|line| line.split_whitespace().next());
    names.filter(|name| *name != "help").map(str::to_owned).collect()
}

#[test]
fn the_readme_has_a_row_for_every_command() {
    let readme = page("README.md");
    let commands = commands();
    assert!(commands.len() >= 9, "help lists only {commands:?}");
    for command in commands {
        assert!(readme.contains(&format!("| `flagpost {command}")), "README.md has no row for `{command}`");
    }
}

#[test]
fn the_readme_has_a_row_for_every_exit_code() {
    let readme = page("README.md");
    let source = page("src/cli/exit.rs");
    let codes: Vec<&str> =
        source.lines().filter_map(|line| line.split_once(" = ").and_then(|(_, code)| code.strip_suffix(','))).collect();
    assert!(codes.len() >= 5, "exit.rs lists only {codes:?}");
    for code in codes {
        assert!(readme.contains(&format!("\n| {code} | ")), "README.md has no row for exit code {code}");
    }
}

#[test]
fn the_operators_guide_has_a_row_for_every_setting() {
    let guide = page("docs/operating.md");
    let folder = tempfile::tempdir().expect("a folder");
    let mut program = Command::new(env!("CARGO_BIN_EXE_flagpost"));
    let output = program.args(["serve", "--print-config"]).env_clear().current_dir(folder.path()).output();
    let printed = String::from_utf8(output.expect("the program runs").stdout).expect("settings are text");
    let mut settings = 0;
    let mut what = "";
    for line in printed.lines() {
        if let Some(comment) = line.strip_prefix("# ") {
            what = comment;
        } else if let Some((name, value)) = line.split_once(" = ") {
            let default = value.trim_matches('"');
            let default = if default.is_empty() { String::new() } else { format!("`{default}`") };
            let (flag, variable) = (name.replace('_', "-"), name.to_uppercase());
            let row = format!("| `{name}` | `--{flag}` | `FLAGPOST_{variable}` | {default} | {what} |");
            assert!(guide.contains(&row), "docs/operating.md has no row like this:\n{row}");
            settings += 1;
        }
    }
    assert!(settings >= 15, "only {settings} settings are printed");
    let rows = guide.lines().filter(|line| line.contains("| `FLAGPOST_")).count();
    assert_eq!(rows, settings, "docs/operating.md has rows for settings that are not there");
}

#[test]
fn the_map_names_every_room() {
    let map = page("ARCHITECTURE.md");
    let library = page("src/lib.rs");
    for line in library.lines() {
        if let Some(room) = line.strip_prefix("pub mod ").and_then(|rest| rest.strip_suffix(';')) {
            let named = map.contains(&format!("`{room}/`")) || map.contains(&format!("`{room}`"));
            assert!(named, "ARCHITECTURE.md does not name the room `{room}`");
        }
    }
}

#[test]
fn paths_in_the_guides_exist() {
    for name in ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md"] {
        let text = page(name);
        for word in text.split('`').skip(1).step_by(2) {
            let is_path = ["src/", "tests/", "schemas/", "docs/", "scripts/", "benches/"]
                .iter()
                .any(|folder| word.starts_with(folder) && !word.contains(['<', ' ', '*', '…']));
            let exists = Path::new(env!("CARGO_MANIFEST_DIR")).join(word).exists();
            assert!(!is_path || exists, "{name} names `{word}`, which does not exist");
        }
    }
}
