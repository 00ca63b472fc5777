//! A look at the folder of integrations: everything in it, with everything that is wrong with it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::catalog::{Catalog, CatalogError, Integration};
use crate::checks;
use crate::finding::Finding;

/// What one folder gave.
#[derive(Debug, Default)]
pub(in crate::service) struct Folder {
    pub(super) integration: Option<Integration>,
    pub(super) findings: Vec<Finding>,
}

/// What the folders of a tree gave, by key.
#[derive(Debug, Default)]
pub(in crate::service) struct Tree(BTreeMap<String, Folder>);

impl Tree {
    /// Reads and checks everything below `root`. It takes its time: do it where nobody waits.
    ///
    /// # Errors
    /// The folder is not there or cannot be read. That there is nothing in it is none: integrations may come later.
    pub(in crate::service) fn read(root: &Path) -> Result<Tree, CatalogError> {
        let catalog = match Catalog::open(&[root.to_owned()]) {
            Ok(catalog) => catalog,
            Err(CatalogError::Empty(_)) => return Ok(Tree::default()),
            Err(error) => return Err(error),
        };
        let findings = checks::report(&catalog, false);
        let mut tree: BTreeMap<String, Folder> = BTreeMap::new();
        let mut keys: Vec<(PathBuf, String)> = Vec::new();
        for integration in catalog.integrations {
            keys.push((integration.directory.clone(), integration.key.clone()));
            tree.insert(integration.key.clone(), Folder { integration: Some(integration), findings: Vec::new() });
        }
        for finding in findings {
            let file = &finding.place.file;
            let key = match keys.iter().find(|(directory, _)| file.starts_with(directory)) {
                Some((_, key)) => key.clone(),
                // A folder whose manifest could not be read at all.
                None => name_below(root, file),
            };
            tree.entry(key).or_default().findings.push(finding);
        }
        Ok(Tree(tree))
    }

    pub(super) fn has(&self, key: &str) -> bool {
        self.0.contains_key(key)
    }

    pub(super) fn into_folders(self) -> impl Iterator<Item = (String, Folder)> {
        self.0.into_iter()
    }
}

/// The name of the folder that a file is in, seen from `root`.
fn name_below(root: &Path, file: &Path) -> String {
    let inside = file.strip_prefix(root).unwrap_or(file);
    let folder = inside.parent().filter(|folder| !folder.as_os_str().is_empty());
    let first = folder.and_then(|folder| folder.components().next());
    match first {
        Some(name) => name.as_os_str().to_string_lossy().into_owned(),
        None => root.file_name().unwrap_or_default().to_string_lossy().into_owned(),
    }
}
