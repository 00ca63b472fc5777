//! The manifest against its JSON Schema, one finding a mistake.
//!
//! `jsonschema` judges; here its verdict is put in words and in place. What it says twice is said once: a value
//! of the wrong type is told of once, a misspelt key is not missed under its right name too.

mod violation;

use std::sync::LazyLock;

use jsonschema::error::ValidationErrorKind;
use jsonschema::{ValidationError, Validator};
use serde_json::Value;

use super::{Rule, Scene};
use crate::catalog::ManifestSource;
use crate::catalog::schema::{self, SCHEMA};
use crate::delivery::Profile;
use crate::finding::{Finding, Place};
use violation::{Violation, pattern_in_words};

/// Whoever publishes the integration has it refused.
pub(super) struct Schema;

impl Rule for Schema {
    fn id(&self) -> &'static str {
        SCHEMA
    }

    fn summary(&self) -> &'static str {
        "the manifest is not what its schema asks for"
    }

    fn check(&self, scene: Scene<'_>, out: &mut Vec<Finding>) {
        let first = out.len();
        violations(&scene.integration.source, out);
        delivery_mistakes(&scene.integration.source, first, out);
    }
}

/// What a schema cannot say of a retry profile, such as how its pauses go together.
fn delivery_mistakes(source: &ManifestSource, first: usize, out: &mut Vec<Finding>) {
    const DELIVERY: &str = "/capabilities/auditLogEventsHook/delivery";
    let written = source.json.pointer(DELIVERY).filter(|written| written.is_object());
    let Some(Err(mistakes)) = written.map(Profile::from_json) else { return };
    for mistake in mistakes {
        let pointer = format!("{DELIVERY}{}", mistake.pointer);
        let place = source.opening_place(&pointer);
        let told = out[first..].iter().any(|other| {
            let other = other.place.pointer.as_deref().unwrap_or_default();
            other.starts_with(place.pointer.as_deref().unwrap_or_default())
        });
        if !told {
            let finding = Finding::error(SCHEMA, place, mistake.message);
            out.push(Finding { help: mistake.help, ..finding });
        }
    }
}

/// Partners who take the folder elsewhere find that it is refused there.
pub(super) struct Portable;

impl Rule for Portable {
    fn id(&self) -> &'static str {
        "portable"
    }

    fn summary(&self) -> &'static str {
        "the manifest uses what only flagpost knows"
    }

    fn check(&self, scene: Scene<'_>, out: &mut Vec<Finding>) {
        if !scene.portable {
            return;
        }
        let source = &scene.integration.source;
        for pointer in ["/$schema", "/capabilities/auditLogEventsHook/delivery"] {
            if source.json.pointer(pointer).is_some() {
                let name = pointer.rsplit('/').next().unwrap_or_default();
                let message = format!("`{name}` is known to flagpost only: other engines refuse the manifest");
                out.push(
                    Finding::error(self.id(), source.key_place(pointer), message).help(format!("remove `{name}`")),
                );
            }
        }
    }
}

/// A manifest with more mistakes than this is something else; they are only counted.
const MAX_ERRORS: usize = 200;

static VALIDATOR: LazyLock<Result<Validator, String>> = LazyLock::new(|| {
    jsonschema::draft7::options()
        .with_format("email", is_email)
        .build(schema::bundled())
        .map_err(|error| error.to_string())
});

/// What the format means by an e-mail address: HTML's definition, which asks for no dot in the host.
fn is_email(text: &str) -> bool {
    let Some((local, host)) = text.split_once('@') else { return false };
    let is_local = |byte: u8| byte.is_ascii_alphanumeric() || b".!#$%&'*+/=?^_`{|}~-".contains(&byte);
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    !local.is_empty() && local.bytes().all(is_local) && host.split('.').all(is_label)
}

fn violations(source: &ManifestSource, out: &mut Vec<Finding>) {
    let validator = match &*VALIDATOR {
        Ok(validator) => validator,
        Err(error) => {
            out.push(Finding::error(SCHEMA, source.value_place(""), format!("the schema itself is wrong: {error}")));
            return;
        }
    };
    if validator.is_valid(&source.json) {
        return;
    }
    let mut all = validator.iter_errors(&source.json);
    let errors: Vec<ValidationError<'_>> = all.by_ref().take(MAX_ERRORS).collect();
    for error in &errors {
        let pointer = error.instance_path().as_str();
        if source.is_guessed(pointer) || is_shadowed(error, &errors) {
            continue;
        }
        let violation = Violation { source, pointer, value: error.instance() };
        match (exchanged(error, &errors), error.kind()) {
            (Some((unknown, missing)), ValidationErrorKind::Required { .. }) => {
                out.push(violation.exchanged(unknown, missing));
            }
            // Told together with what is missing.
            (Some(_), _) => {}
            // Of an empty object all that it lacks is told together.
            (None, ValidationErrorKind::Required { property }) if is_empty_object(error.instance()) => {
                let beside = |other: &&ValidationError<'_>| other.instance_path().as_str() == pointer;
                let missing: Vec<&str> = errors.iter().filter(beside).filter_map(required).collect();
                if missing.first().copied() == property.as_str() {
                    out.push(if missing.len() > 1 {
                        violation.empty(&missing)
                    } else {
                        violation.finding(error.kind())
                    });
                }
            }
            (None, kind) => out.push(violation.finding(kind)),
        }
    }
    let more = all.count();
    if more > 0 {
        let message = format!("… and {more} more mistakes, which are not told");
        out.push(Finding::error(SCHEMA, source.opening_place(""), message).help("mend those that are told first"));
    }
}

fn is_empty_object(value: &Value) -> bool {
    value.as_object().is_some_and(serde_json::Map::is_empty)
}

fn required<'e>(error: &'e ValidationError<'_>) -> Option<&'e str> {
    match error.kind() {
        ValidationErrorKind::Required { property } => property.as_str(),
        _ => None,
    }
}

/// An unknown name, and the one name that its object lacks: surely one mistake when the value would do.
fn exchanged<'e>(error: &'e ValidationError<'_>, all: &'e [ValidationError<'_>]) -> Option<(&'e str, &'e str)> {
    use ValidationErrorKind::{PropertyNames, Required};
    if !matches!(error.kind(), PropertyNames { .. } | Required { .. }) {
        return None;
    }
    let pointer = error.instance_path().as_str();
    let beside = || all.iter().filter(|other| other.instance_path().as_str() == pointer).map(ValidationError::kind);
    let mut unknown = beside().filter_map(|kind| match kind {
        PropertyNames { error } => error.instance().as_str(),
        _ => None,
    });
    let mut missing = beside().filter_map(|kind| match kind {
        Required { property } => property.as_str(),
        _ => None,
    });
    let (only_unknown, only_missing) = (unknown.next()?, missing.next()?);
    if unknown.next().is_some() || missing.next().is_some() {
        return None;
    }
    let part = schema::resolved(schema::part_for(&format!("{pointer}/{only_missing}"))?);
    let wanted = part.get("type").and_then(Value::as_str)?;
    let value = error.instance().get(only_unknown)?;
    let fits = match value {
        Value::String(_) => wanted == "string",
        Value::Bool(_) => wanted == "boolean",
        Value::Array(_) => wanted == "array",
        Value::Object(_) => wanted == "object",
        Value::Null | Value::Number(_) => false,
    };
    fits.then_some((only_unknown, only_missing))
}

/// The values that the schema refuses for what they are: other rules have nothing to say of them.
pub fn refused_values(source: &ManifestSource) -> Vec<Place> {
    refused_pointers(source).iter().map(|pointer| source.value_place(pointer)).collect()
}

/// The pointers of those values.
pub(super) fn refused_pointers(source: &ManifestSource) -> Vec<String> {
    let Some(validator) = VALIDATOR.as_ref().ok().filter(|validator| !validator.is_valid(&source.json)) else {
        return Vec::new();
    };
    let is_refused = |error: &ValidationError<'_>| {
        use ValidationErrorKind::{Enum, Pattern, Type};
        matches!(error.kind(), Type { .. } | Enum { .. } | Pattern { .. })
    };
    let refused = validator.iter_errors(&source.json).take(MAX_ERRORS).filter(is_refused);
    let pointers = refused.map(|error| error.instance_path().as_str().to_owned());
    pointers.filter(|pointer| !source.is_guessed(pointer)).collect()
}

/// Whether another mistake at the same place says it already.
fn is_shadowed(error: &ValidationError<'_>, all: &[ValidationError<'_>]) -> bool {
    let pointer = error.instance_path().as_str();
    let beside = |test: &dyn Fn(&ValidationErrorKind) -> bool| {
        all.iter().any(|other| other.instance_path().as_str() == pointer && test(other.kind()))
    };
    match error.kind() {
        ValidationErrorKind::Type { .. } => false,
        // Of a value of the wrong type, nothing else needs to be said.
        _ if beside(&|kind| matches!(kind, ValidationErrorKind::Type { .. })) => true,
        // What is no version or no address at all need not be called too short or too long.
        ValidationErrorKind::MinLength { .. } | ValidationErrorKind::MaxLength { .. } => {
            let says_it_all = |rule: &str| rule.starts_with("must be a") && !rule.contains("line");
            pattern_in_words(pointer).is_some_and(says_it_all)
                && beside(&|kind| matches!(kind, ValidationErrorKind::Pattern { .. }))
        }
        // Taking the repeated values out may be enough.
        ValidationErrorKind::MaxItems { limit } => {
            let items = error.instance().as_array().map_or(&[][..], Vec::as_slice);
            let distinct = (0..items.len()).filter(|index| !items[..*index].contains(&items[*index])).count();
            distinct as u64 <= *limit && beside(&|kind| matches!(kind, ValidationErrorKind::UniqueItems))
        }
        // Values that are wrong are wrong twice when they are repeated.
        ValidationErrorKind::UniqueItems => {
            let inside = format!("{pointer}/");
            all.iter().any(|other| other.instance_path().as_str().starts_with(&inside))
        }
        _ => false,
    }
}
