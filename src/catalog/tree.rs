//! A tree of integrations, whatever of it can be read.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::path::{Path, PathBuf};

use super::{Integration, Loaded, Sample, files, folder, samples};
use crate::finding::Finding;

/// The folder that is read when none is named.
pub const DEFAULT_FOLDER: &str = "integrations";

/// Many integrations, and what went wrong while loading them.
#[derive(Debug, Default)]
pub struct Catalog {
    /// Every integration whose manifest could be read, in the order of their folders.
    pub integrations: Vec<Integration>,
    /// What went wrong while loading, of all folders.
    pub findings: Vec<Finding>,
    /// How many folders of integrations there are, broken ones among them.
    pub folders: usize,
    /// Sample events by the folder they come from; those built in have none.
    samples: HashMap<Option<PathBuf>, Vec<Sample>>,
}

/// Why there is nothing to read.
#[derive(Debug, thiserror::Error)]
pub enum CatalogError {
    /// Nothing has this name.
    #[error("there is no `{}`", .0.display())]
    Missing(PathBuf),
    /// There are no integrations.
    #[error("there are no integrations in `{}`", .0.display())]
    Empty(PathBuf),
    /// The folder cannot be listed.
    #[error("cannot read the folder `{}`: {reason}", .folder.display())]
    Unreadable {
        /// The folder.
        folder: PathBuf,
        /// What the system says.
        reason: String,
    },
}

impl Catalog {
    /// Loads what `paths` name: folders of integrations, folders of such folders, or files within one. No path
    /// at all means `integrations`.
    ///
    /// # Errors
    /// When a path has nothing to read. A broken integration is a finding.
    pub fn open(paths: &[PathBuf]) -> Result<Self, CatalogError> {
        let default = [PathBuf::from(DEFAULT_FOLDER)];
        let paths = if paths.is_empty() { default.as_slice() } else { paths };
        let mut folders: Vec<PathBuf> = Vec::new();
        for path in paths {
            folders.extend(folders_of(&files::plain(path))?);
        }
        let folders = each_once(folders);
        let mut catalog = Catalog { folders: folders.len(), ..Catalog::default() };
        for folder in folders {
            let Loaded { integration, findings, .. } = folder::load(&folder);
            if let Some(integration) = &integration {
                let from = samples::sample_folder(&integration.directory);
                catalog.samples.entry(from).or_insert_with_key(|from| match from {
                    Some(folder) => samples::read_folder(folder),
                    None => samples::built_in(),
                });
            }
            catalog.integrations.extend(integration);
            catalog.findings.extend(findings);
        }
        Ok(catalog)
    }

    /// The sample events for one of the integrations.
    pub fn samples(&self, integration: &Integration) -> &[Sample] {
        self.samples.get(&samples::sample_folder(&integration.directory)).map_or(&[], Vec::as_slice)
    }
}

/// Each folder by one name only: a link beside the folder it leads to is that folder again. Of its names, one
/// that is no link stays.
fn each_once(folders: Vec<PathBuf>) -> Vec<PathBuf> {
    let is_link = |folder: &Path| folder.symlink_metadata().is_ok_and(|metadata| metadata.is_symlink());
    let mut known: HashMap<PathBuf, usize> = HashMap::with_capacity(folders.len());
    let mut once: Vec<PathBuf> = Vec::with_capacity(folders.len());
    for folder in folders {
        let real = folder.canonicalize().unwrap_or_else(|_| folder.clone());
        match known.entry(real) {
            Entry::Occupied(at) if is_link(&once[*at.get()]) && !is_link(&folder) => once[*at.get()] = folder,
            Entry::Occupied(_) => {}
            Entry::Vacant(entry) => {
                entry.insert(once.len());
                once.push(folder);
            }
        }
    }
    once
}

/// The folders of integrations that `path` means.
fn folders_of(path: &Path) -> Result<Vec<PathBuf>, CatalogError> {
    if path.is_file() {
        // Tools that check what changed name files.
        let around =
            path.ancestors().skip(1).map(|folder| if folder.as_os_str().is_empty() { Path::new(".") } else { folder });
        let holder = around.into_iter().find(|folder| has_manifest(folder));
        return holder.map(|folder| vec![folder.to_owned()]).ok_or_else(|| CatalogError::Empty(path.to_owned()));
    }
    if !path.exists() {
        return Err(CatalogError::Missing(path.to_owned()));
    }
    if has_manifest(path) {
        return Ok(vec![path.to_owned()]);
    }
    let folders = children(path)?;
    if folders.iter().any(|folder| has_manifest(folder)) {
        return Ok(folders.into_iter().filter(|folder| is_meant(folder)).collect());
    }
    // The root of a project.
    let inner = files::join(path, DEFAULT_FOLDER);
    if inner.is_dir() && path.file_name().is_none_or(|name| name != DEFAULT_FOLDER) {
        return folders_of(&inner);
    }
    // A folder that was to become an integration.
    if is_meant(path) && folder::near_manifest(path).is_some() {
        return Ok(vec![path.to_owned()]);
    }
    let meant: Vec<PathBuf> = folders.into_iter().filter(|folder| is_meant(folder)).collect();
    if meant.is_empty() { Err(CatalogError::Empty(path.to_owned())) } else { Ok(meant) }
}

fn children(path: &Path) -> Result<Vec<PathBuf>, CatalogError> {
    let entries = std::fs::read_dir(path)
        .map_err(|error| CatalogError::Unreadable { folder: path.to_owned(), reason: files::describe(&error) })?;
    let mut folders: Vec<PathBuf> = entries
        .flatten()
        .map(|entry| files::join(path, entry.file_name()))
        .filter(|folder| folder.is_dir() && !is_hidden(folder))
        .collect();
    folders.sort();
    Ok(folders)
}

fn is_hidden(folder: &Path) -> bool {
    folder
        .file_name()
        .and_then(|name| name.to_str())
        .is_some_and(|name| name.starts_with('.') || name == "node_modules")
}

/// Whether anything of the name is there: a manifest that cannot be read is a finding, not a reason to look away.
fn has_manifest(folder: &Path) -> bool {
    folder.join("manifest.json").symlink_metadata().is_ok()
}

/// Whether a folder is an integration, or was surely to be one.
fn is_meant(folder: &Path) -> bool {
    has_manifest(folder)
        || folder::near_manifest(folder).is_some()
        || ["templates", "assets"].iter().any(|inner| folder.join(inner).is_dir())
}
