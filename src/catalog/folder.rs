//! One folder: its manifest, its templates and its icons.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use super::files::{self, Refusal};
use super::json::conflicts;
use super::templates::{self, Mention};
use super::{ENCODING, Integration, Loaded, MISSING_FILE, ManifestSource, PATH_ESCAPE, TEMPLATE_SYNTAX};
use super::{TemplateRole, TemplateText, UNREADABLE_FILE};
use crate::finding::{Finding, Place};
use crate::manifest::Manifest;
use crate::render::{Escape, Template};

/// What an editor on Windows may leave at the start of a file.
const BYTE_ORDER_MARK: char = '\u{feff}';

pub(super) fn load(directory: &Path) -> Loaded {
    let directory = files::plain(directory);
    let file = files::join(&directory, "manifest.json");
    let mut findings = Vec::new();
    let real = directory.canonicalize();
    let key = real.as_deref().unwrap_or(&directory).file_name().unwrap_or_default().to_string_lossy().into_owned();
    let source = read_manifest(&file, &directory, &mut findings)
        .and_then(|text| ManifestSource::read(file, text, &mut findings));
    let real = real.unwrap_or_else(|_| directory.clone());
    let files = Files::Disk { real: &real };
    let integration = source.map(|source| read(key, &directory, source, files, &mut findings));
    Loaded { directory, integration, findings }
}

/// Makes an integration of what was packed: the manifest's text, and the files that it names by their paths.
pub(super) fn load_packed(key: String, manifest: String, files: &BTreeMap<String, String>) -> Option<Integration> {
    let (directory, mut findings) = (PathBuf::from(&key), Vec::new());
    let file = files::join(&directory, "manifest.json");
    let source = ManifestSource::read(file, manifest, &mut findings)?;
    Some(read(key, &directory, source, Files::Packed(files), &mut findings))
}

/// Reads what a manifest mentions, from wherever its files are.
fn read(
    key: String,
    directory: &Path,
    source: ManifestSource,
    files: Files<'_>,
    findings: &mut Vec<Finding>,
) -> Integration {
    let manifest = Manifest::from_json(&source.json);
    let mut reader = Reader { directory, files, source: &source, texts: HashMap::new(), findings };
    for (icon, path) in [("square", &manifest.icons.square), ("horizontal", &manifest.icons.horizontal)] {
        reader.icon(&format!("/icons/{icon}"), path);
    }
    let mentions = templates::mentions(&manifest, &source);
    let templates = mentions.iter().filter_map(|mention| reader.template(mention)).collect();
    let has_templates_folder = match files {
        Files::Disk { .. } => files::join(directory, "templates").is_dir(),
        Files::Packed(_) => false,
    };
    Integration { key, directory: directory.to_owned(), has_templates_folder, manifest, source, templates }
}

/// The text of the manifest, or findings that say why there is none.
fn read_manifest(file: &Path, directory: &Path, findings: &mut Vec<Finding>) -> Option<String> {
    let start = Place::start_of(file);
    let refusal = match files::read_text(file) {
        Ok(text) if is_hollow(&text) => {
            let message = "the file holds nothing but NUL characters";
            findings.push(Finding::error(ENCODING, start, message).help("it was cut off or damaged: write it anew"));
            return None;
        }
        Ok(text) => return Some(without_mark(text, file, findings).0),
        Err(refusal) => refusal,
    };
    findings.push(match refusal {
        Refusal::Missing => {
            let finding = Finding::error(MISSING_FILE, start, "the folder has no `manifest.json`");
            match near_manifest(directory) {
                Some(name) => finding.help(format!("rename `{name}`")),
                None => finding.help("write one, or start with `flagpost new`"),
            }
        }
        Refusal::NotText { at, wide } => not_text(file, at, wide, None),
        Refusal::Unreadable(reason) => {
            Finding::error(UNREADABLE_FILE, start, format!("`manifest.json` cannot be read: {reason}")).help(
                if reason == files::FOLDER {
                    "rename the folder, and write a file of that name"
                } else {
                    remedy(&reason)
                },
            )
        }
        Refusal::Escapes(reason) => Finding::error(PATH_ESCAPE, start, reason),
    });
    None
}

/// What to do about a file that cannot be read, by the reason that [`files`] gives.
fn remedy(reason: &str) -> &'static str {
    match reason {
        files::FOLDER => "name a file in it",
        reason if reason.starts_with(files::TOO_LARGE) => "keep the file smaller, or take out what is not sent",
        reason if reason.contains("symbolic link") => "put the file itself in place of the link",
        _ => "put a plain file there that may be read",
    }
}

/// A file whose name is nearly `manifest.json`.
pub(super) fn near_manifest(directory: &Path) -> Option<String> {
    let names: Vec<String> =
        std::fs::read_dir(directory).ok()?.flatten().filter_map(|entry| entry.file_name().into_string().ok()).collect();
    let slip = names.iter().find(|name| {
        let lower = name.to_lowercase();
        let stem = lower.split('.').next().unwrap_or(&lower);
        stem == "manifest" || strsim::damerau_levenshtein(&lower, "manifest.json") <= 2
    });
    slip.cloned()
}

/// Whether a file is as long as it should be, and empty all the same: so a disk leaves it that failed.
fn is_hollow(text: &str) -> bool {
    text.contains('\0') && text.chars().all(|character| character == '\0' || character.is_whitespace())
}

/// Takes the byte order mark off a text, and tells of it.
fn without_mark(text: String, file: &Path, findings: &mut Vec<Finding>) -> (String, usize) {
    let Some(rest) = text.strip_prefix(BYTE_ORDER_MARK) else { return (text, 0) };
    findings.push(
        Finding::error(ENCODING, Place::start_of(file), "the file begins with a byte order mark")
            .help("save it as UTF-8 without BOM"),
    );
    (rest.to_owned(), BYTE_ORDER_MARK.len_utf8())
}

fn not_text(file: &Path, at: usize, wide: bool, pointer: Option<String>) -> Finding {
    let place = Place { file: file.to_owned(), span: at..at + 1, pointer };
    let message = if wide { "the file is UTF-16" } else { "the file is not UTF-8 from here on" };
    Finding::error(ENCODING, place, message).help("save it as UTF-8")
}

/// Where the files of an integration are.
#[derive(Clone, Copy)]
enum Files<'a> {
    /// In its folder, which is really this one.
    Disk { real: &'a Path },
    /// At hand, by the paths that the manifest writes.
    Packed(&'a BTreeMap<String, String>),
}

/// Reads what the manifest mentions, each file once.
struct Reader<'a> {
    directory: &'a Path,
    files: Files<'a>,
    source: &'a ManifestSource,
    /// Text by path, with what precedes it in the file; nothing for files that were refused.
    texts: HashMap<PathBuf, Option<(String, usize)>>,
    findings: &'a mut Vec<Finding>,
}

impl Reader<'_> {
    /// An icon has to be there; what it shows is not looked at.
    fn icon(&mut self, pointer: &str, path: &str) {
        let written = self.source.json.pointer(pointer).and_then(serde_json::Value::as_str);
        if written.is_none() || self.source.is_guessed(pointer) {
            return;
        }
        // Nobody looks at icons but people, and those who pack an integration have seen them.
        let Files::Disk { real } = self.files else { return };
        if let Err(refusal) = files::locate(self.directory, real, path) {
            self.refused(pointer, path, refusal);
        }
    }

    fn template(&mut self, mention: &Mention<'_>) -> Option<TemplateText> {
        let (file, text, file_offset) = if mention.is_path {
            let (file, text, offset) = self.text_of(mention)?;
            (Some(file), text, offset)
        } else {
            (None, mention.text.to_owned(), 0)
        };
        let escape = match (&file, mention.role) {
            (Some(_), _) => escape_for(mention.text),
            (None, TemplateRole::JsonBody) => Escape::Json,
            (None, _) => Escape::None,
        };
        let compiled = Template::compile(&text);
        let (pointer, role) = (mention.pointer.clone(), mention.role);
        let template = TemplateText { pointer, role, file, text, file_offset, compiled, escape };
        if let Err(error) = &template.compiled {
            let place = template.place(self.source, error.span.clone());
            let finding = Finding::error(TEMPLATE_SYNTAX, place, &error.message);
            let finding = Finding { help: error.help.clone(), ..finding };
            // One file may serve several kinds of events.
            let known = self.findings.iter().any(|other| {
                other.rule == TEMPLATE_SYNTAX
                    && other.place.file == finding.place.file
                    && other.place.span == finding.place.span
            });
            if !known {
                self.findings.push(finding);
            }
        }
        Some(template)
    }

    fn text_of(&mut self, mention: &Mention<'_>) -> Option<(PathBuf, String, usize)> {
        let located = match self.files {
            Files::Disk { real } => files::locate(self.directory, real, mention.text),
            Files::Packed(_) => Ok(files::join(self.directory, mention.text)),
        };
        let file = match located {
            Ok(file) => file,
            Err(refusal) => {
                self.refused(&mention.pointer, mention.text, refusal);
                return None;
            }
        };
        if !self.texts.contains_key(&file) {
            let text = match self.files {
                Files::Disk { .. } => files::read_text(&file),
                Files::Packed(packed) => packed.get(mention.text).cloned().ok_or(Refusal::Missing),
            };
            let text = match text {
                Ok(text) => {
                    let (text, offset) = without_mark(text, &file, self.findings);
                    Some((self.without_conflicts(text, offset, &file, mention), offset))
                }
                Err(Refusal::NotText { at, wide }) => {
                    self.findings.push(not_text(&file, at, wide, Some(mention.pointer.clone())));
                    None
                }
                Err(refusal) => {
                    self.refused(&mention.pointer, mention.text, refusal);
                    None
                }
            };
            self.texts.insert(file.clone(), text);
        }
        let (text, offset) = self.texts.get(&file)?.clone()?;
        Some((file, text, offset))
    }

    /// The text as if the first side of every merge conflict had been chosen; each is told once.
    fn without_conflicts(&mut self, text: String, offset: usize, file: &Path, mention: &Mention<'_>) -> String {
        let Some((settled, places)) = conflicts::settle(&text) else { return text };
        for at in places {
            let span = at.start + offset..at.end + offset;
            let place = Place { file: file.to_owned(), span, pointer: Some(mention.pointer.clone()) };
            self.findings.push(Finding::error(TEMPLATE_SYNTAX, place, conflicts::MESSAGE).help(conflicts::HELP));
        }
        settled
    }

    fn refused(&mut self, pointer: &str, path: &str, refusal: Refusal) {
        let place = self.source.value_place(pointer);
        let finding = match refusal {
            Refusal::Escapes(reason) => Finding::error(
                PATH_ESCAPE,
                place,
                format!("the path `{path}` leaves the folder of the integration: {reason}"),
            )
            .help("name a file inside the folder, with `/` between the parts of its path"),
            Refusal::Missing => {
                let file = files::join(self.directory, path);
                if let Ok(target) = file.read_link() {
                    let message = format!("`{path}` is a link to `{}`, which is not there", target.display());
                    Finding::error(MISSING_FILE, place, message).help("put the file itself in place of the link")
                } else {
                    let help = match files::near_file(self.directory, path) {
                        Some(near) => format!("did you mean `{near}`?"),
                        None => format!("add it as `{}`", file.display()),
                    };
                    Finding::error(MISSING_FILE, place, format!("there is no file `{path}`")).help(help)
                }
            }
            Refusal::Unreadable(_) if path.is_empty() => {
                Finding::error(MISSING_FILE, place, "the path is empty").help("name a file inside the folder")
            }
            Refusal::Unreadable(reason) => {
                Finding::error(UNREADABLE_FILE, place, format!("`{path}` cannot be read: {reason}"))
                    .help(remedy(&reason))
            }
            Refusal::NotText { at, wide } => {
                not_text(&files::join(self.directory, path), at, wide, Some(pointer.to_owned()))
            }
        };
        self.findings.push(finding);
    }
}

/// What the values of a template file are escaped for, by the file's name.
pub(super) fn escape_for(path: &str) -> Escape {
    let name = path.rsplit('/').next().unwrap_or(path).to_ascii_lowercase();
    if name.ends_with(".json") || name.ends_with(".json.hbs") {
        Escape::Json
    } else if name.contains(".html") {
        Escape::Html
    } else {
        Escape::None
    }
}

#[cfg(test)]
mod tests {
    use super::escape_for;
    use crate::render::Escape;

    #[test]
    fn the_file_name_decides_the_escaping() {
        for (path, escape) in [
            ("templates/flag.json", Escape::Json),
            ("templates/flag.json.hbs", Escape::Json),
            ("templates/mail.html.hbs", Escape::Html),
            ("templates/mail.html", Escape::Html),
            ("templates/note.txt.hbs", Escape::None),
            ("templates/flag.hbs", Escape::None),
            ("x.json/flag.txt", Escape::None),
        ] {
            assert_eq!(escape_for(path), escape, "{path}");
        }
    }
}
