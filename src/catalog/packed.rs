//! An integration as one piece of bytes: manifest and templates, nothing of the folder they came from.
//!
//! What is packed here is what a version of an integration is. The same folder gives the same bytes, and they are
//! read back by the code that reads folders.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Integration, folder};

/// What is packed. A later form will have other members, so that this one stays readable.
#[derive(Serialize, Deserialize)]
struct Packed {
    key: String,
    manifest: String,
    /// Texts of templates by the paths that the manifest writes.
    files: BTreeMap<String, String>,
}

impl Integration {
    /// The integration as bytes.
    pub fn pack(&self) -> Vec<u8> {
        let files = self.templates.iter().filter_map(|template| {
            template.file.as_ref()?;
            let path = self.source.json.pointer(&template.pointer)?.as_str()?;
            // Whatever stood before the text moves every place in it.
            let mark = if template.file_offset > 0 { "\u{feff}" } else { "" };
            Some((path.to_owned(), format!("{mark}{}", template.text)))
        });
        let packed = Packed { key: self.key.clone(), manifest: self.source.text.clone(), files: files.collect() };
        serde_json::to_vec(&packed).unwrap_or_default()
    }

    /// Reads back what [`Integration::pack`] made; `None` when the bytes are something else.
    pub fn unpack(bytes: &[u8]) -> Option<Integration> {
        let Packed { key, manifest, files } = serde_json::from_slice(bytes).ok()?;
        folder::load_packed(key, manifest, &files)
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use crate::catalog::{Catalog, Integration};

    #[test]
    fn every_integration_of_the_project_comes_back_as_it_was() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("integrations");
        let catalog = Catalog::open(&[root]).expect("the tree is there");
        assert!(catalog.integrations.len() > 20);
        for integration in &catalog.integrations {
            let packed = integration.pack();
            let back = Integration::unpack(&packed).expect("it was packed");
            assert_eq!((&back.key, &back.source.json), (&integration.key, &integration.source.json));
            let texts = |integration: &Integration| -> Vec<_> {
                let texts = integration.templates.iter();
                texts.map(|text| (text.pointer.clone(), text.role, text.text.clone(), text.escape)).collect()
            };
            assert_eq!(texts(&back), texts(integration), "{}", integration.key);
            assert_eq!(back.pack(), packed);
        }
    }

    #[test]
    fn other_bytes_are_no_integration() {
        for bytes in [&b""[..], b"{}", b"null", br#"{"key":"a","manifest":"{","files":{}}"#] {
            assert!(Integration::unpack(bytes).is_none());
        }
    }
}
