//! Folders on disk in, [`Integration`]s out, with source text for diagnostics.
//!
//! The only room that reads `integrations/`, `schemas/` and `sample-context/`. A broken folder becomes
//! findings and never hides the others.

mod files;
mod fingerprint;
mod folder;
mod integration;
mod json;
mod packed;
mod samples;
mod scaffold;
pub mod schema;
mod source;
mod templates;
mod tree;

pub use fingerprint::fingerprint;
pub use integration::{Integration, TemplateRole, TemplateText};
pub use json::{DUPLICATE_KEY, JSON_SYNTAX};
pub use samples::{Sample, samples_for};
pub use scaffold::{Blueprint, IntegrationKey, KeyError, ScaffoldError, scaffold};
pub use source::ManifestSource;
pub use tree::{Catalog, CatalogError, DEFAULT_FOLDER};

use std::path::{Path, PathBuf};

use crate::finding::Finding;

const ENCODING: &str = "encoding";
const MISSING_FILE: &str = "missing-file";
const PATH_ESCAPE: &str = "path-escape";
const TEMPLATE_SYNTAX: &str = "template-syntax";
const UNREADABLE_FILE: &str = "unreadable-file";

/// What loading finds, beside the rules of `checks`: the name of each rule, and what is wrong when it is broken.
pub const RULES: &[(&str, &str)] = &[
    (json::JSON_SYNTAX, "the manifest is not JSON"),
    (json::DUPLICATE_KEY, "a key is written twice in one object"),
    (ENCODING, "a file is not plain UTF-8"),
    (MISSING_FILE, "a file that has to be there is not"),
    (UNREADABLE_FILE, "a file cannot be read, or is too large"),
    (PATH_ESCAPE, "a path leads out of the folder of the integration"),
    (TEMPLATE_SYNTAX, "a template is not Handlebars"),
];

/// Whether a rule is about how a file is written, whatever it says.
pub fn is_about_writing(rule: &str) -> bool {
    [json::JSON_SYNTAX, json::DUPLICATE_KEY, ENCODING, TEMPLATE_SYNTAX].contains(&rule)
}

/// What loading one folder gave.
#[derive(Debug)]
pub struct Loaded {
    /// The folder, as the user named it.
    pub directory: PathBuf,
    /// The integration, unless its manifest could not be read at all.
    pub integration: Option<Integration>,
    /// What went wrong while reading: syntax of the JSON and of templates, files missing or outside the folder.
    pub findings: Vec<Finding>,
}

/// Loads the integration in `directory`.
pub fn load(directory: &Path) -> Loaded {
    folder::load(directory)
}

/// Reads the text of a JSON file that is no manifest, such as a policy, with the place of every value. Nothing when
/// too much is wrong with it to say what was meant.
pub fn read_json(file: PathBuf, text: String) -> (Option<ManifestSource>, Vec<Finding>) {
    let mut findings = Vec::new();
    let source = ManifestSource::read_any(file, text, &mut findings);
    (source, findings)
}
