//! An integration as loaded: what was written, what it means, and where each word stands.

use std::ops::Range;
use std::path::PathBuf;

use super::ManifestSource;
use crate::finding::Place;
use crate::manifest::Manifest;
use crate::render::{Escape, SyntaxError, Template};

/// One integration, loaded. It may still be wrong: `checks` says so.
#[derive(Debug)]
pub struct Integration {
    /// Name of its folder.
    pub key: String,
    /// Its folder, as the user named it.
    pub directory: PathBuf,
    /// Whether a folder `templates` stands in it.
    pub has_templates_folder: bool,
    /// The manifest, as far as it could be read.
    pub manifest: Manifest,
    /// The manifest's text, and where each value stands.
    pub source: ManifestSource,
    /// Every template of the manifest, inline ones and files, compiled once. A template file that cannot be
    /// read is not here; loading reports it.
    pub templates: Vec<TemplateText>,
}

impl Integration {
    /// The template that the string at `pointer` is, or names.
    pub fn template(&self, pointer: &str) -> Option<&TemplateText> {
        self.templates.iter().find(|template| template.pointer == pointer)
    }
}

impl TemplateText {
    /// Where a part of the template stands: in its own file, or within its string in the manifest.
    pub fn place(&self, source: &ManifestSource, within: Range<usize>) -> Place {
        match &self.file {
            Some(file) => {
                let span = within.start + self.file_offset..within.end + self.file_offset;
                Place { file: file.clone(), span, pointer: Some(self.pointer.clone()) }
            }
            None => source.string_part_place(&self.pointer, within),
        }
    }
}

/// One template of a manifest.
#[derive(Debug)]
pub struct TemplateText {
    /// JSON pointer of the string in the manifest: the template itself, or the path of its file.
    pub pointer: String,
    /// What it makes.
    pub role: TemplateRole,
    /// The file it was read from, when it has one of its own; its name decides the escaping.
    pub file: Option<PathBuf>,
    /// The template's text.
    pub text: String,
    /// Bytes of the file before the text: a byte order mark.
    pub file_offset: usize,
    /// The compiled template, or why there is none.
    pub compiled: Result<Template, SyntaxError>,
    /// What its values are escaped for.
    pub escape: Escape,
}

/// What a template makes; it decides which names the template may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TemplateRole {
    /// An address.
    Url,
    /// A header's value.
    HeaderValue,
    /// The body of the audit log hook for this kind of event (`flag`, …, `default`, `validation`).
    HookBody(&'static str),
    /// The body of an `eventsHook` event.
    EventsHookBody,
    /// A JSON body inside the manifest (`jsonBody`, `jsonResponseBody`).
    JsonBody,
    /// A text of a flag link.
    FlagLink,
    /// What stands before or after a feature store's data.
    Payload,
    /// A template of `flagImport`.
    FlagImport,
}
