//! Lists the files of `sample-context/` so that the program can carry them; nothing else.

use std::fmt::Write;
use std::path::{Path, PathBuf};

#[expect(clippy::disallowed_methods, reason = "a build script is told where to write by its environment")]
fn main() {
    let root = PathBuf::from(std::env::var("CARGO_MANIFEST_DIR").expect("cargo names the package's folder"));
    let folder = root.join("sample-context");
    println!("cargo:rerun-if-changed={}", folder.display());
    let mut files = Vec::new();
    collect(&folder, &mut files);
    files.sort();
    let mut table = String::from("&[\n");
    for file in &files {
        let name = file.strip_prefix(&folder).expect("it was found there").to_string_lossy().replace('\\', "/");
        writeln!(table, "({name:?}, include_bytes!({:?})),", file.display().to_string()).expect("text takes text");
    }
    table.push_str("]\n");
    let out = PathBuf::from(std::env::var("OUT_DIR").expect("cargo names a folder to write to"));
    std::fs::write(out.join("samples.rs"), table).expect("the folder can be written to");
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let path = entry.path();
        if path.is_dir() {
            println!("cargo:rerun-if-changed={}", path.display());
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "json") {
            println!("cargo:rerun-if-changed={}", path.display());
            files.push(path);
        }
    }
}
