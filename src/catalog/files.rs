//! Files of an integration: read within bounds, and only from within its folder.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Component, Path, PathBuf};

use crate::finding::near_miss;

/// The largest file that is read.
pub(super) const MAX_FILE: u64 = 1024 * 1024;

/// How many files of a folder are looked at for a near miss.
const MAX_LISTED: usize = 500;

/// Why a folder is not read.
pub(super) const FOLDER: &str = "it is a folder";
/// Why a large file is not read, up to its limit.
pub(super) const TOO_LARGE: &str = "it is larger than";

/// Why a path of a manifest gives no text.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// It leads out of the folder.
    Escapes(&'static str),
    /// There is nothing.
    Missing,
    /// There is something else than a file, or a file that cannot be read.
    Unreadable(String),
    /// It is not UTF-8.
    NotText {
        /// Where the first wrong byte is.
        at: usize,
        /// Whether it is text of another encoding, with two bytes a letter.
        wide: bool,
    },
}

/// Finds the file that `path` names within `folder`, whose real path is `real_folder`.
pub(super) fn locate(folder: &Path, real_folder: &Path, path: &str) -> Result<PathBuf, Refusal> {
    if let Some(reason) = leaves(path) {
        return Err(Refusal::Escapes(reason));
    }
    let file = join(folder, path);
    let real = file.canonicalize().map_err(|error| match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => Refusal::Missing,
        _ => Refusal::Unreadable(describe(&error)),
    })?;
    if !real.starts_with(real_folder) {
        return Err(Refusal::Escapes("it is a link to another folder"));
    }
    if real.is_dir() {
        return Err(Refusal::Unreadable(FOLDER.to_owned()));
    }
    if !real.is_file() {
        return Err(Refusal::Unreadable("it is not a regular file".to_owned()));
    }
    Ok(file)
}

/// Why a path, as it is written, cannot be one inside the folder.
fn leaves(path: &str) -> Option<&'static str> {
    if path.contains('\\') {
        return Some("it has a backslash");
    }
    if path.contains('\0') {
        return Some("it has a null character");
    }
    if path.starts_with('/') || path.as_bytes().get(1) == Some(&b':') {
        return Some("it is absolute");
    }
    if path == "~" || path.starts_with("~/") {
        return Some("it names a home folder");
    }
    if path.contains("://") {
        return Some("it is a web address");
    }
    let mut depth = 0i32;
    for part in path.split('/') {
        depth += match part {
            "" | "." => 0,
            ".." => -1,
            _ => 1,
        };
        if depth < 0 {
            return Some("it leads out with `..`");
        }
    }
    None
}

/// Joins without the `./` that nobody wants to read.
pub(super) fn join(folder: &Path, path: impl AsRef<Path>) -> PathBuf {
    if folder == Path::new(".") { path.as_ref().to_owned() } else { folder.join(path) }
}

/// A path without its `.` parts.
pub(super) fn plain(path: &Path) -> PathBuf {
    let plain: PathBuf = path.components().filter(|part| *part != Component::CurDir).collect();
    if plain.as_os_str().is_empty() { PathBuf::from(".") } else { plain }
}

/// Reads a text file.
pub(super) fn read_text(file: &Path) -> Result<String, Refusal> {
    let bytes = read_bounded(file, MAX_FILE).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => Refusal::Missing,
        _ => Refusal::Unreadable(describe(&error)),
    })?;
    String::from_utf8(bytes).map_err(|error| {
        let wide = error.as_bytes().starts_with(b"\xff\xfe") || error.as_bytes().starts_with(b"\xfe\xff");
        Refusal::NotText { at: error.utf8_error().valid_up_to(), wide }
    })
}

/// Reads a file of at most `limit` bytes; never waits for one that is no regular file.
pub(super) fn read_bounded(file: &Path, limit: u64) -> io::Result<Vec<u8>> {
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        let what = if metadata.is_dir() { FOLDER } else { "it is not a regular file" };
        return Err(io::Error::other(what));
    }
    let too_large = || io::Error::other(format!("{TOO_LARGE} {} KiB", limit / 1024));
    if metadata.len() > limit {
        return Err(too_large());
    }
    let mut bytes = Vec::with_capacity(usize::try_from(metadata.len()).unwrap_or(0) + 1);
    File::open(file)?.take(limit + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit { Err(too_large()) } else { Ok(bytes) }
}

/// What the system says, without its error numbers.
pub(super) fn describe(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::PermissionDenied => "it may not be read".to_owned(),
        _ => {
            let message = error.to_string();
            let message = message.split(" (os error").next().unwrap_or(&message);
            // A sentence goes on with it.
            let mut letters = message.chars();
            letters.next().map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
        }
    }
}

/// The files below a folder, in order; links to folders are not followed.
pub(super) fn below(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        let Ok(entries) = std::fs::read_dir(&next) else { continue };
        for entry in entries.flatten() {
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => folders.push(entry.path()),
                Ok(_) => files.push(entry.path()),
                Err(_) => {}
            }
            if files.len() + folders.len() > MAX_LISTED {
                files.sort();
                return files;
            }
        }
    }
    files.sort();
    files
}

/// The file of the folder that `path` was probably meant to be.
pub(super) fn near_file(folder: &Path, path: &str) -> Option<String> {
    let names: Vec<String> = below(folder)
        .iter()
        .filter_map(|file| Some(file.strip_prefix(folder).ok()?.to_str()?.replace('\\', "/")))
        .filter(|name| name != "manifest.json")
        .collect();
    let wanted = path.to_lowercase();
    let stem = stem_of(&wanted);
    let by_case = names.iter().find(|name| name.to_lowercase() == wanted);
    // The same file with other extensions, or in another folder.
    let by_stem = || names.iter().find(|name| stem_of(&name.to_lowercase()) == stem);
    let file_name = wanted.rsplit('/').next().unwrap_or(&wanted);
    let by_name = || names.iter().find(|name| name.to_lowercase().rsplit('/').next() == Some(file_name));
    let by_slip = || near_miss(path, names.iter().map(String::as_str)).map(str::to_owned);
    by_case.or_else(by_stem).or_else(by_name).cloned().or_else(by_slip)
}

fn stem_of(path: &str) -> &str {
    let file = path.rfind('/').map_or(0, |slash| slash + 1);
    path[file..].find('.').map_or(path, |dot| &path[..file + dot])
}

#[cfg(test)]
mod tests {
    use super::leaves;

    #[test]
    fn paths_that_leave_are_told_by_their_writing() {
        for inside in ["a.svg", "a/b.svg", "./a", "a/../b", "a//b", "..a", "a~", ""] {
            assert_eq!(leaves(inside), None, "{inside}");
        }
        for outside in ["..", "../a", "a/../../b", "/etc/passwd", "~/a", "~", "C:/a", "a\\b", "https://x/a.svg", "a\0"]
        {
            assert!(leaves(outside).is_some(), "{outside}");
        }
    }
}
