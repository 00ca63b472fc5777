//! Who may use whom, as data: a new arrow between rooms is a decision made on purpose.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// A room may name only rooms on floors below its own.
const FLOORS: &[&[&str]] = &[
    &["cli"],
    &["server"],
    &["service"],
    &["checks", "dispatch"],
    &["catalog"],
    &["render", "delivery", "source", "store", "vault"],
    &["manifest", "event", "outbound", "form", "finding"],
    &["policy", "secret", "value"],
];

/// And never, though the floor would allow it.
const NEVER: &[(&str, &str)] = &[
    // Delivery does not learn where a request came from.
    ("delivery", "manifest"),
    ("delivery", "event"),
    ("delivery", "policy"),
    // Templates know values, not events or manifests.
    ("render", "manifest"),
    ("render", "event"),
    ("render", "policy"),
];

/// Words that belong to one room: a path or macro, and the rooms that may say it.
const ONLY_IN: &[(&str, &[&str])] = &[
    ("std::fs", &["catalog", "cli", "store"]),
    ("rusqlite", &["store"]),
    ("reqwest::", &["cli", "delivery"]),
    ("axum::", &["cli", "server"]),
    ("println!", &[]),
    ("eprintln!", &[]),
    ("std::env::", &["cli"]),
    ("SystemTime::now", &["cli"]),
    ("Instant::now", &["cli", "delivery"]),
    ("clap::", &["cli"]),
];

#[test]
fn every_room_is_on_a_floor() {
    let placed: BTreeSet<&str> = FLOORS.iter().copied().flatten().copied().collect();
    for (room, _) in rooms() {
        assert!(placed.contains(room.as_str()), "`{room}` is on no floor: say in FLOORS where it belongs");
    }
}

#[test]
fn rooms_use_only_rooms_below_them() {
    let floor = |room: &str| FLOORS.iter().position(|rooms| rooms.contains(&room));
    let mut wrong = Vec::new();
    for (room, files) in rooms() {
        for file in files {
            let text = code_of(&file);
            for used in rooms_named_in(&text) {
                if used == room {
                    continue;
                }
                let below = floor(&used) > floor(&room);
                let never = NEVER.contains(&(room.as_str(), used.as_str()));
                if floor(&used).is_some() && (!below || never) {
                    wrong.push(format!("{}: `{room}` must not use `{used}`", file.display()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn some_words_belong_to_some_rooms() {
    let mut wrong = Vec::new();
    for (room, files) in rooms() {
        for file in files {
            let text = code_of(&file);
            for (word, allowed) in ONLY_IN {
                if text.contains(word) && !allowed.contains(&room.as_str()) {
                    wrong.push(format!("{}: `{word}` does not belong in `{room}`", file.display()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Every room of the library with its files.
fn rooms() -> Vec<(String, Vec<PathBuf>)> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut rooms = Vec::new();
    for entry in fs::read_dir(&source).expect("src can be read") {
        let path = entry.expect("src can be read").path();
        let name = path.file_stem().expect("files have names").to_string_lossy().into_owned();
        if path.is_dir() {
            let mut files = Vec::new();
            collect(&path, &mut files);
            rooms.push((name, files));
        } else if name != "lib" && name != "main" {
            rooms.push((name, vec![path]));
        }
    }
    assert!(rooms.len() >= 10, "the walk over src found only {} rooms", rooms.len());
    rooms
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder of src can be read") {
        let path = entry.expect("a folder of src can be read").path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

/// A file's text without comments, and without its tests, which may use what they like.
fn code_of(file: &Path) -> String {
    let text = fs::read_to_string(file).expect("a source file can be read");
    let text = text.split("#[cfg(test)]\nmod ").next().unwrap_or_default();
    text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

/// The rooms that a text names as `crate::room`, also within braces.
fn rooms_named_in(text: &str) -> BTreeSet<String> {
    let mut named = BTreeSet::new();
    for rest in text.split("crate::").skip(1) {
        let group = rest.strip_prefix('{').map_or(rest, |inside| inside.split(';').next().unwrap_or(inside));
        let first = group.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or_default();
        named.insert(first.to_owned());
    }
    named
}
