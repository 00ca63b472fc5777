//! Whether anything below a folder changed, told by names, sizes and times without reading a file.
//!
//! Looking is cheap enough for once a second, and works on every file system, also where nobody tells of changes.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::files;

/// A number that changes when a file below `folder` does.
pub fn fingerprint(folder: &Path) -> u64 {
    let mut hasher = DefaultHasher::new();
    // Folder by folder, because a walk stops after a few hundred files.
    let mut inner: Vec<PathBuf> = std::fs::read_dir(folder)
        .map(|entries| entries.flatten().map(|entry| entry.path()).filter(|path| path.is_dir()).collect())
        .unwrap_or_default();
    inner.sort();
    inner.hash(&mut hasher);
    for file in inner.iter().flat_map(|inner| files::below(inner)) {
        let Ok(about) = std::fs::metadata(&file) else { continue };
        file.hash(&mut hasher);
        about.len().hash(&mut hasher);
        let modified = about.modified().unwrap_or(SystemTime::UNIX_EPOCH);
        modified.hash(&mut hasher);
    }
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::fingerprint;

    #[test]
    fn a_change_of_a_file_and_a_new_one_are_seen() {
        let folder = tempfile::tempdir().expect("a folder can be made");
        std::fs::create_dir(folder.path().join("inner")).expect("a folder can be made");
        let file = folder.path().join("inner/a.txt");
        std::fs::write(&file, "one").expect("it can be written");
        let first = fingerprint(folder.path());
        assert_eq!(fingerprint(folder.path()), first);
        std::fs::write(&file, "three").expect("it can be written");
        let second = fingerprint(folder.path());
        assert_ne!(first, second);
        std::fs::write(folder.path().join("inner/b.txt"), "").expect("it can be written");
        assert_ne!(fingerprint(folder.path()), second);
    }
}
