//! Sample events: the ones beside a tree of integrations, or the ones built in.

use std::path::{Path, PathBuf};

use super::files::{self, MAX_FILE};

/// One sample event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sample {
    /// Its path within `sample-context/`, with `/`: `flag/toggle.json`.
    pub name: String,
    /// The event, in the form templates see.
    pub bytes: Vec<u8>,
}

/// The events that the program carries, by name; the build script lists the files.
const BUILT_IN: &[(&str, &[u8])] = include!(concat!(env!("OUT_DIR"), "/samples.rs"));

/// The sample events for the integration in `directory`: those of a `sample-context/` beside the folder
/// that holds it, else the ones built into the program.
pub fn samples_for(directory: &Path) -> Vec<Sample> {
    sample_folder(directory).map_or_else(built_in, |folder| read_folder(&folder))
}

/// The `sample-context/` beside the folder that holds `directory`.
pub(super) fn sample_folder(directory: &Path) -> Option<PathBuf> {
    let directory = directory.canonicalize().ok()?;
    let folder = directory.parent()?.parent()?.join("sample-context");
    folder.is_dir().then_some(folder)
}

pub(super) fn built_in() -> Vec<Sample> {
    BUILT_IN.iter().map(|(name, bytes)| Sample { name: (*name).to_owned(), bytes: bytes.to_vec() }).collect()
}

pub(super) fn read_folder(folder: &Path) -> Vec<Sample> {
    let mut samples = Vec::new();
    for file in files::below(folder) {
        let is_json = file.extension().is_some_and(|extension| extension == "json");
        let Some(name) = file.strip_prefix(folder).ok().and_then(Path::to_str).filter(|_| is_json) else { continue };
        if let Ok(bytes) = files::read_bounded(&file, MAX_FILE) {
            samples.push(Sample { name: name.replace('\\', "/"), bytes });
        }
    }
    samples
}

#[cfg(test)]
mod tests {
    use super::{built_in, read_folder};

    #[test]
    fn the_program_carries_every_sample_of_the_project() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("sample-context");
        assert_eq!(built_in(), read_folder(&folder));
    }
}
