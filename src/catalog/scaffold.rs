//! The catalog's other direction: a new folder that validates at once, for `flagpost new`.
//!
//! The folder is built beside its place and moved there whole, so a failure leaves nothing half-written. It
//! never overwrites anything.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde_json::json;

/// A key: the folder's name, and how everything else names the integration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IntegrationKey(String);

/// Why a text is not a key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{written}` is not a key: {reason}")]
pub struct KeyError {
    /// The text as it was written.
    pub written: String,
    /// What is wrong with it.
    pub reason: &'static str,
    /// The nearest key, when there is one.
    pub suggestion: Option<String>,
}

/// Longer keys would not leave room for an approval's or a segment's name beside them.
const LONGEST_KEY: usize = 64;
/// What the schema allows for a name.
const NAME_LENGTH: std::ops::RangeInclusive<usize> = 3..=100;
/// What the schema allows for an overview.
const LONGEST_OVERVIEW: usize = 100;

impl IntegrationKey {
    /// Reads a key: lower-case letters, digits, and hyphens between them.
    ///
    /// # Errors
    /// The text is not a key; the error suggests one that is near.
    pub fn parse(written: &str) -> Result<Self, KeyError> {
        let reason = if written.is_empty() {
            "it is empty"
        } else if written.len() > LONGEST_KEY {
            "it is longer than 64 characters"
        } else if !written.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-')) {
            "only lower-case letters, digits and hyphens may stand in it"
        } else if written.starts_with('-') || written.ends_with('-') {
            "it starts or ends with a hyphen"
        } else {
            return Ok(IntegrationKey(written.to_owned()));
        };
        Err(KeyError { written: written.to_owned(), reason, suggestion: cleaned(written) })
    }

    /// The key as a text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// A name for people: `my-tool` gives `My Tool`.
    fn name(&self) -> String {
        let words = self.0.split('-').filter(|word| !word.is_empty()).map(|word| {
            let (first, rest) = word.split_at(1);
            first.to_ascii_uppercase() + rest
        });
        let name = words.collect::<Vec<_>>().join(" ");
        if name.len() < *NAME_LENGTH.start() { format!("{name} integration") } else { name }
    }
}

/// The key that the writer of `written` may have meant.
fn cleaned(written: &str) -> Option<String> {
    let mut key = String::new();
    let mut after_lower_case = false;
    for character in written.chars() {
        if character.is_ascii_alphanumeric() {
            // `MyTool` is two words.
            if character.is_ascii_uppercase() && after_lower_case {
                key.push('-');
            }
            key.push(character.to_ascii_lowercase());
        } else if !key.is_empty() && !key.ends_with('-') && character != '\'' {
            key.push('-');
        }
        after_lower_case = character.is_ascii_lowercase();
    }
    key.truncate(LONGEST_KEY);
    let key = key.trim_end_matches('-');
    (!key.is_empty()).then(|| key.to_owned())
}

/// What a new integration starts with.
#[derive(Debug, Clone)]
pub struct Blueprint {
    /// Its key.
    pub key: IntegrationKey,
    /// Its name for people; made from the key when absent.
    pub name: Option<String>,
    /// Where events go; administrators fill it in when absent.
    pub url: Option<String>,
}

/// Why there is no new folder. Whatever it is, nothing was left behind.
#[derive(Debug, thiserror::Error)]
pub enum ScaffoldError {
    /// The name does not fit into a manifest.
    #[error("the name `{0}` is not between 3 and 100 characters on one line")]
    Name(String),
    /// The address is not one that events can go to.
    #[error("`{url}` is not an address that events can go to: {reason}")]
    Url {
        /// The address as it was written.
        url: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Something is there already.
    #[error("`{}` is there already", .0.display())]
    Exists(PathBuf),
    /// The disk refused.
    #[error("cannot write `{}`", .path.display())]
    Write {
        /// What could not be written.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}

/// Writes the folder of a new integration into `directory`, which is made if need be. Gives the folder and the
/// paths of its files, relative to it.
///
/// # Errors
/// See [`ScaffoldError`].
pub fn scaffold(directory: &Path, blueprint: &Blueprint) -> Result<(PathBuf, Vec<&'static str>), ScaffoldError> {
    let files = files(blueprint)?;
    let folder = directory.join(blueprint.key.as_str());
    // Also a dangling link is something.
    if fs::symlink_metadata(&folder).is_ok() {
        return Err(ScaffoldError::Exists(folder));
    }
    let made = make_directories(directory)?;
    let draft = directory.join(format!(".{}.{}.new", blueprint.key.as_str(), std::process::id()));
    let written = write_all(&draft, &files).and_then(|()| {
        fs::rename(&draft, &folder).map_err(|source| ScaffoldError::Write { path: folder.clone(), source })
    });
    if let Err(error) = written {
        // Cleaning up is all that can be done; the first error is the one to tell.
        let _ = fs::remove_dir_all(&draft);
        for directory in made.iter().rev() {
            let _ = fs::remove_dir(directory);
        }
        return Err(error);
    }
    Ok((folder, files.iter().map(|(path, _)| *path).collect()))
}

/// Makes `directory` and its parents; gives the ones that were not there, outermost first.
fn make_directories(directory: &Path) -> Result<Vec<PathBuf>, ScaffoldError> {
    let missing = |path: &&Path| !path.as_os_str().is_empty() && !path.is_dir();
    let mut made: Vec<PathBuf> = directory.ancestors().take_while(missing).map(Path::to_path_buf).collect();
    made.reverse();
    fs::create_dir_all(directory).map_err(|source| ScaffoldError::Write { path: directory.to_path_buf(), source })?;
    Ok(made)
}

fn write_all(draft: &Path, files: &[(&'static str, String)]) -> Result<(), ScaffoldError> {
    for (path, text) in files {
        let path = draft.join(path);
        let written = path.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| fs::write(&path, text));
        written.map_err(|source| ScaffoldError::Write { path, source })?;
    }
    Ok(())
}

/// Every file of the new folder.
fn files(blueprint: &Blueprint) -> Result<Vec<(&'static str, String)>, ScaffoldError> {
    let name = blueprint.name.clone().unwrap_or_else(|| blueprint.key.name());
    if !NAME_LENGTH.contains(&name.trim().chars().count()) || name.chars().any(char::is_control) {
        return Err(ScaffoldError::Name(name));
    }
    let site = blueprint.url.as_deref().map(site_of).transpose()?;
    Ok(vec![
        ("manifest.json", manifest(name.trim(), blueprint.url.as_deref(), site.as_deref())),
        ("templates/flag.json.hbs", include_str!("scaffold/flag.json.hbs").to_owned()),
        ("templates/default.json.hbs", include_str!("scaffold/default.json.hbs").to_owned()),
        ("templates/validation.json.hbs", include_str!("scaffold/validation.json.hbs").to_owned()),
        ("assets/square.svg", icon(name.trim(), false)),
        ("assets/horizontal.svg", icon(name.trim(), true)),
    ])
}

/// The site that an address belongs to, when it is one that events can go to.
fn site_of(url: &str) -> Result<String, ScaffoldError> {
    let refuse = |reason: &str| Err(ScaffoldError::Url { url: url.to_owned(), reason: reason.to_owned() });
    if url.contains(['{', '}']) {
        return refuse("it is taken as it is, not as a template; put variables into the manifest later");
    }
    if url.chars().any(|character| character.is_whitespace() || character.is_control()) {
        return refuse("there is white space in it");
    }
    let parsed = match url::Url::parse(url) {
        Ok(parsed) => parsed,
        Err(url::ParseError::RelativeUrlWithoutBase) => return refuse("it does not start with `https://`"),
        Err(error) => return refuse(&error.to_string()),
    };
    if !matches!(parsed.scheme(), "http" | "https") {
        return refuse("it does not start with `https://`");
    }
    if !parsed.username().is_empty() || parsed.password().is_some() {
        return refuse("there are credentials in it, and a manifest is no place for them");
    }
    Ok(parsed.origin().ascii_serialization())
}

fn manifest(name: &str, url: Option<&str>, site: Option<&str>) -> String {
    let site = site.unwrap_or("https://example.com");
    let overview = format!("Sends changes of flags to {name}.");
    let overview = if overview.chars().count() > LONGEST_OVERVIEW {
        "Sends changes of flags to another tool.".to_owned()
    } else {
        overview
    };
    let mut form_variables = Vec::new();
    if url.is_none() {
        form_variables.push(json!({
            "key": "url",
            "name": "URL",
            "type": "uri",
            "description": "Where the changes are sent.",
            "placeholder": "https://api.example.com/events",
        }));
    }
    form_variables.push(json!({
        "key": "apiKey",
        "name": "API key",
        "type": "string",
        "description": "A key that may write events.",
        "isSecret": true,
    }));
    let manifest = json!({
        "name": name,
        "version": "0.1.0",
        "overview": overview,
        "description": format!("Sends a request to {name} whenever a flag changes. Say here, in Markdown, what people gain from it."),
        "author": name,
        "supportEmail": "support@example.com",
        "links": { "site": site, "privacyPolicy": format!("{site}/privacy") },
        "categories": ["developer-tools"],
        "icons": { "square": "assets/square.svg", "horizontal": "assets/horizontal.svg" },
        "formVariables": form_variables,
        "capabilities": {
            "auditLogEventsHook": {
                "endpoint": {
                    "url": url.unwrap_or("{{url}}"),
                    "method": "POST",
                    "headers": [
                        { "name": "Content-Type", "value": "application/json" },
                        { "name": "Authorization", "value": "Bearer {{apiKey}}" },
                    ],
                },
                "templates": {
                    "flag": "templates/flag.json.hbs",
                    "default": "templates/default.json.hbs",
                    "validation": "templates/validation.json.hbs",
                },
                "defaultPolicy": [
                    { "effect": "allow", "resources": ["proj/*:env/production:flag/*"], "actions": ["*"] },
                ],
            },
        },
    });
    format!("{manifest:#}\n")
}

/// A plain mark with the name's initials, and for headings the name beside it.
fn icon(name: &str, wide: bool) -> String {
    let title = escaped(name);
    let words = name.split_whitespace().filter_map(|word| word.chars().find(|character| character.is_alphanumeric()));
    let initials = escaped(&words.take(2).flat_map(char::to_uppercase).collect::<String>());
    let (width, label) = if wide {
        // A long name is pressed into the room there is.
        let fit = if name.chars().count() > 13 { r#" textLength="158" lengthAdjust="spacingAndGlyphs""# } else { "" };
        let label = format!(
            "  <text x=\"76\" y=\"33\" font-family=\"sans-serif\" font-size=\"22\" dominant-baseline=\"central\" fill=\"#333\"{fit}>{title}</text>\n"
        );
        (240, label)
    } else {
        (64, String::new())
    };
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} 64\" width=\"{width}\" height=\"64\" role=\"img\">\n  <title>{title}</title>\n  <rect x=\"4\" y=\"4\" width=\"56\" height=\"56\" rx=\"12\" fill=\"#44546a\"/>\n  <text x=\"32\" y=\"33\" font-family=\"sans-serif\" font-size=\"24\" font-weight=\"700\" text-anchor=\"middle\" dominant-baseline=\"central\" fill=\"#fff\">{initials}</text>\n{label}</svg>\n"
    )
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blueprint(key: &str) -> Blueprint {
        Blueprint { key: IntegrationKey(key.to_owned()), name: None, url: None }
    }

    #[test]
    fn a_key_is_lower_case_letters_digits_and_hyphens() {
        for key in ["datadog", "new-relic", "a", "3scale", "a--b"] {
            assert_eq!(IntegrationKey::parse(key).map(|key| key.0), Ok(key.to_owned()));
        }
        let long = "x".repeat(65);
        for text in ["", "Datadog", "new_relic", "new relic", "-a", "a-", "../a", "a/b", "é", long.as_str()] {
            assert!(IntegrationKey::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_text_that_is_no_key_gets_the_nearest_one_suggested() {
        let suggestion = |text: &str| IntegrationKey::parse(text).err().and_then(|error| error.suggestion);
        for (text, near) in [
            ("My Tool", "my-tool"),
            ("MyTool", "my-tool"),
            ("new_relic", "new-relic"),
            ("--a--", "a"),
            ("../../etc", "etc"),
            ("Jiří's tool", "ji-s-tool"),
            ("HTTP", "http"),
            ("a/b", "a-b"),
        ] {
            assert_eq!(suggestion(text).as_deref(), Some(near), "{text}");
        }
        assert_eq!(suggestion("森"), None);
        assert_eq!(suggestion(&"x".repeat(200)).map(|key| key.len()), Some(64));
    }

    #[test]
    fn a_suggested_key_is_a_key() {
        for text in ["My Tool", "-x-", "a/b\\c", "ÆØÅ-1", &format!("{}-b", "a".repeat(63))] {
            if let Some(key) = cleaned(text) {
                assert!(IntegrationKey::parse(&key).is_ok(), "{text} gave {key}");
            }
        }
    }

    #[test]
    fn a_name_is_made_from_the_key_and_is_long_enough() {
        for (key, name) in [("my-tool", "My Tool"), ("a", "A integration"), ("x2", "X2 integration"), ("a--b", "A B")] {
            assert_eq!(IntegrationKey(key.to_owned()).name(), name);
        }
    }

    #[test]
    fn an_address_must_be_one_that_events_can_go_to() {
        for url in [
            "example.com",
            "ftp://example.com",
            "https://",
            "https://a:b@example.com",
            "https://example.com/{{x}}",
            "https://example.com/a b",
            "/x",
        ] {
            assert!(matches!(site_of(url), Err(ScaffoldError::Url { .. })), "{url}");
        }
        assert_eq!(
            site_of("https://api.example.com:8443/v1?x=1").ok().as_deref(),
            Some("https://api.example.com:8443")
        );
    }

    #[test]
    fn every_text_of_the_manifest_keeps_its_limits_with_the_longest_name() {
        let name = "n".repeat(100);
        let files = files(&Blueprint { name: Some(name), ..blueprint("x") }).unwrap_or_default();
        let manifest: serde_json::Value = serde_json::from_str(&files[0].1).unwrap_or_default();
        for (key, limits) in
            [("name", 3..=100), ("overview", 10..=100), ("description", 50..=2048), ("author", 3..=100)]
        {
            let length = manifest[key].as_str().map_or(0, |text| text.chars().count());
            assert!(limits.contains(&length), "{key}: {length}");
        }
    }

    #[test]
    fn a_name_that_does_not_fit_is_refused() {
        for name in ["", "  ab ", "a\nb c", &"n".repeat(101)] {
            let blueprint = Blueprint { name: Some(name.to_owned()), ..blueprint("x") };
            assert!(matches!(files(&blueprint), Err(ScaffoldError::Name(_))), "{name:?}");
        }
    }

    #[test]
    fn an_icon_shows_a_name_as_it_is() {
        let icon = icon("R&D <lab>", true);
        assert!(icon.contains("<title>R&amp;D &lt;lab&gt;</title>"), "{icon}");
        assert!(icon.contains(">RL</text>"), "{icon}");
    }

    #[test]
    fn a_failure_leaves_nothing_behind() -> io::Result<()> {
        let root = tempfile::tempdir()?;
        // A file stands where a directory is needed.
        fs::write(root.path().join("file"), "")?;
        let directory = root.path().join("file/integrations");
        assert!(matches!(scaffold(&directory, &blueprint("x")), Err(ScaffoldError::Write { .. })));
        let left: Vec<_> = fs::read_dir(root.path())?.filter_map(Result::ok).map(|entry| entry.file_name()).collect();
        assert_eq!(left, ["file"]);
        Ok(())
    }
}
