//! What the schema says about a value, in words and in place.

use jsonschema::error::{TypeKind, ValidationErrorKind};
use serde_json::Value;

use crate::catalog::ManifestSource;
use crate::catalog::schema::{self, SCHEMA};
use crate::finding::{Finding, Place, near_miss};
use crate::value::pointer_token;

/// One thing that the schema says about one value.
pub(super) struct Violation<'a> {
    pub(super) source: &'a ManifestSource,
    pub(super) pointer: &'a str,
    pub(super) value: &'a Value,
}

impl Violation<'_> {
    pub(super) fn finding(&self, kind: &ValidationErrorKind) -> Finding {
        let at_value = || self.source.value_place(self.pointer);
        match kind {
            ValidationErrorKind::Type { kind } => self.wrong_type(kind),
            ValidationErrorKind::Enum { options } => self.wrong_choice(options),
            ValidationErrorKind::Required { property } => self.missing(property.as_str().unwrap_or_default()),
            ValidationErrorKind::PropertyNames { error } => self.unknown(error.instance().as_str().unwrap_or_default()),
            ValidationErrorKind::MinLength { limit } => {
                let message =
                    format!("{} is too short: {}, at least {limit} are asked for", self.named(), self.length());
                self.error(at_value(), message)
                    .help(format!("write {} more", self.characters(limit.abs_diff(self.count()))))
            }
            ValidationErrorKind::MaxLength { limit } => {
                let message = format!("{} is too long: {}, at most {limit} are allowed", self.named(), self.length());
                self.error(at_value(), message)
                    .help(format!("take {} out", self.characters(limit.abs_diff(self.count()))))
            }
            ValidationErrorKind::MinItems { limit } => {
                let message = match limit {
                    1 => format!("{} is empty", self.named()),
                    _ => format!("{} has {} of at least {limit} values", self.named(), self.count()),
                };
                self.with_example(self.error(at_value(), message))
            }
            ValidationErrorKind::MaxItems { limit } => {
                let message = format!("{} has {} values, at most {limit} are allowed", self.named(), self.count());
                self.error(at_value(), message).help(format!("take {} out", self.count().abs_diff(*limit)))
            }
            ValidationErrorKind::Minimum { limit } => {
                let message = format!("{} is {}, which is too little", self.named(), self.value);
                self.error(at_value(), message).help(format!("write at least `{limit}`"))
            }
            ValidationErrorKind::Maximum { limit } => {
                let message = format!("{} is {}, which is too much", self.named(), self.value);
                self.error(at_value(), message).help(format!("write at most `{limit}`"))
            }
            ValidationErrorKind::UniqueItems => self.repeated(),
            ValidationErrorKind::Format { format } if format == "email" => {
                let message = format!("{} is not an e-mail address", self.quoted());
                self.error(at_value(), message).help("write it as `support@example.com`")
            }
            ValidationErrorKind::Pattern { .. } => self.wrong_pattern(),
            other => self.error(at_value(), format!("{} breaks `{}` of the schema", self.named(), other.keyword())),
        }
    }

    /// An object with nothing in it that must have these.
    pub(super) fn empty(&self, missing: &[&str]) -> Finding {
        let place = self.source.opening_place(self.pointer);
        let names = crate::checks::near::listed(missing.iter().copied());
        self.error(place, format!("{} is empty and lacks {names}", self.named())).help("add them, or leave the key out")
    }

    fn error(&self, place: Place, message: String) -> Finding {
        Finding::error(SCHEMA, place, message)
    }

    fn wrong_type(&self, wanted: &TypeKind) -> Finding {
        let wanted: Vec<&str> = match wanted {
            TypeKind::Single(wanted) => vec![type_in_words(wanted.as_str())],
            TypeKind::Multiple(wanted) => {
                // `true`, `false` or text: the schema lists them by the alphabet.
                wanted.iter().map(|wanted| type_in_words(wanted.as_str())).collect()
            }
        };
        let found = match self.value {
            Value::Null => "`null`",
            Value::Bool(_) => "`true` or `false`",
            Value::Number(_) => "a number",
            Value::String(_) => "text",
            Value::Array(_) => "a list",
            Value::Object(_) => "an object",
        };
        let found = match self.value {
            Value::Bool(flag) => format!("`{flag}`"),
            _ => found.to_owned(),
        };
        let message = format!("{} must be {}, not {found}", self.named(), wanted.join(" or "));
        let finding = self.error(self.source.value_place(self.pointer), message);
        let wants = |name: &str| wanted.contains(&type_in_words(name));
        let part = schema::part_for(self.pointer).map(schema::resolved);
        let choices = part.and_then(|part| part.get("enum")).and_then(Value::as_array);
        match self.value {
            _ if choices.is_some_and(|choices| !choices.iter().any(Value::is_boolean)) => {
                finding.help(format!("write one of {}", listed(choices.into_iter().flatten())))
            }
            Value::String(text)
                if wanted.len() == 1 && wants("boolean") && !matches!(text.as_str(), "true" | "false") =>
            {
                finding.help(match text.to_ascii_lowercase().as_str() {
                    "yes" | "y" | "on" | "1" | "true" => "write `true`",
                    "no" | "n" | "off" | "0" | "false" | "" => "write `false`",
                    _ => "write `true` or `false`, without quotes",
                })
            }
            Value::Number(number) if wanted.len() == 1 && wants("boolean") => {
                finding.help(if number.as_f64() == Some(0.0) { "write `false`" } else { "write `true`" })
            }
            Value::String(text) if wants("boolean") && matches!(text.as_str(), "true" | "false") => {
                finding.help(format!("write `{text}` without quotes"))
            }
            Value::Number(_) | Value::Bool(_) if wants("string") && !wants("object") => {
                finding.help(format!("write `\"{}\"`", self.value))
            }
            Value::Array(items) if items.len() == 1 && (wants("object") || wants("string")) => {
                finding.help("take the value out of the list")
            }
            Value::Null if self.is_required() => match example(self.pointer) {
                Some(example) => finding.help(format!("give it a value, for example `{example}`")),
                None => finding.help("give it a value: it has to be there"),
            },
            Value::Null => finding.help("give it a value, or leave the key out"),
            Value::Object(members) if wants("array") && !members.is_empty() => {
                finding.help(as_list(self.pointer, members))
            }
            Value::String(_) | Value::Object(_) if wants("array") => finding.help("put it in a list, in `[` and `]`"),
            _ => self.with_example(finding),
        }
    }

    /// Whether the value cannot be left out.
    fn is_required(&self) -> bool {
        let Some((around, name)) = self.pointer.rsplit_once('/') else { return false };
        let required = schema::part_for(around).map(schema::resolved).and_then(|part| part.get("required"));
        required.and_then(Value::as_array).is_some_and(|names| names.iter().any(|required| required == name))
    }

    fn wrong_choice(&self, options: &Value) -> Finding {
        let options: Vec<&str> = options.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let shown = self.value.as_str().map_or_else(|| self.value.to_string(), str::to_owned);
        let name = self.title();
        let message = format!("`{}` is no {name}", shortened(&shown));
        let help = match near_miss(&shown, options.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("write one of `{}`", options.join("`, `")),
        };
        self.error(self.source.value_place(self.pointer), message).help(help)
    }

    fn missing(&self, name: &str) -> Finding {
        let message = match self.name() {
            Some(owner) => format!("{owner} has no `{name}`"),
            None => format!("the manifest has no `{name}`"),
        };
        let finding = self.error(self.source.opening_place(self.pointer), message);
        match example(&format!("{}/{name}", self.pointer)) {
            Some(example) => finding.help(format!("add `\"{name}\": {example}`")),
            None => finding.help(format!("add `{name}`")),
        }
    }

    fn unknown(&self, name: &str) -> Finding {
        let message = format!("unknown property `{name}`");
        let finding = self.error(self.source.key_place(&self.member(name)), message);
        let part = schema::part_for(self.pointer).map(schema::resolved);
        let known: Vec<&str> = part
            .and_then(|part| part.pointer("/propertyNames/enum"))
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect();
        let help = if let Some(near) = near_miss(name, known.iter().copied()) {
            format!("remove it: `{near}` is there already")
        } else if let Some(home) = home_of(name) {
            format!("`{name}` belongs in {home}")
        } else {
            let free: Vec<String> = known
                .iter()
                .filter(|known| self.value.get(**known).is_none() && **known != "$schema")
                .map(|known| format!("`{known}`"))
                .collect();
            match free.len() {
                0 => "remove it".to_owned(),
                1..=8 => format!("remove it, or write one of {}", free.join(", ")),
                _ => format!("remove it; known here are {}, …", free[..8].join(", ")),
            }
        };
        finding.help(help)
    }

    pub(super) fn exchanged(&self, unknown: &str, missing: &str) -> Finding {
        let place = self.source.key_place(&self.member(unknown));
        self.error(place, format!("unknown property `{unknown}`, while `{missing}` is missing"))
            .help(format!("did you mean `{missing}`?"))
    }

    /// Pointer of a member of the value.
    fn member(&self, name: &str) -> String {
        format!("{}/{}", self.pointer, pointer_token(name))
    }

    fn wrong_pattern(&self) -> Finding {
        let rule = pattern_in_words(self.pointer);
        let message = format!("{} {}", self.named(), rule.unwrap_or("does not match its pattern"));
        let finding = self.error(self.source.value_place(self.pointer), message);
        let text = self.value.as_str().unwrap_or_default();
        if self.pointer.starts_with("/icons/") && text.to_ascii_lowercase().ends_with(".svg") {
            return finding.help("write the ending in lower case");
        }
        if rule.is_some_and(|rule| rule.contains("`https://`")) && !text.is_empty() && !text.contains(':') {
            return finding.help(format!("did you mean `https://{text}`?"));
        }
        match text.char_indices().find(|(_, letter)| matches!(letter, '\n' | '\r' | '\u{2028}' | '\u{2029}')) {
            Some(_) if rule.is_some_and(|rule| rule.contains("line")) => finding.help("take the line break out"),
            _ => self.with_example(finding),
        }
    }

    fn repeated(&self) -> Finding {
        let items = self.value.as_array().map_or(&[][..], Vec::as_slice);
        let second = (1..items.len()).find(|index| items[..*index].contains(&items[*index])).unwrap_or(0);
        let shown = items.get(second).map(|item| item.as_str().map_or_else(|| item.to_string(), str::to_owned));
        let message = format!("`{}` is here twice", shown.unwrap_or_default());
        self.error(self.source.value_place(&format!("{}/{second}", self.pointer)), message).help("remove it")
    }

    fn with_example(&self, finding: Finding) -> Finding {
        match example(self.pointer) {
            Some(example) => finding.help(format!("for example: `{example}`")),
            None => finding,
        }
    }

    /// The value by its name, as a sentence begins with it.
    fn named(&self) -> String {
        self.name().unwrap_or_else(|| "the manifest".to_owned())
    }

    /// The key of the value, with its position when it stands in a list.
    fn name(&self) -> Option<String> {
        let mut tokens = self.pointer.rsplit('/');
        let last = tokens.next().filter(|last| !last.is_empty())?;
        let last = last.replace("~1", "/").replace("~0", "~");
        match tokens.next() {
            Some(list) if last.bytes().all(|byte| byte.is_ascii_digit()) && !list.is_empty() => {
                Some(format!("`{list}[{last}]`"))
            }
            _ => Some(format!("`{last}`")),
        }
    }

    /// What the schema calls the value, within a sentence.
    fn title(&self) -> String {
        let part = schema::part_for(self.pointer);
        let title = part.and_then(|part| part.get("title").or_else(|| schema::resolved(part).get("title")));
        let own = self.name().filter(|name| !name.contains('['));
        match (own, title.and_then(Value::as_str)) {
            (Some(name), _) => name,
            (None, Some(title)) => title.to_lowercase(),
            (None, None) => "value that is allowed here".to_owned(),
        }
    }

    fn quoted(&self) -> String {
        self.value.as_str().map_or_else(|| self.named(), |text| format!("`{}`", shortened(text)))
    }

    fn count(&self) -> u64 {
        let count = match self.value {
            Value::String(text) => text.chars().count(),
            Value::Array(items) => items.len(),
            _ => 0,
        };
        count as u64
    }

    fn length(&self) -> String {
        self.characters(self.count())
    }

    fn characters(&self, count: u64) -> String {
        if count == 1 { "1 character".to_owned() } else { format!("{count} characters") }
    }
}

/// What the schema says, in words, of the pattern for the value at `pointer`.
pub(super) fn pattern_in_words(pointer: &str) -> Option<&'static str> {
    schema::resolved(schema::part_for(pointer)?).get("patternErrorMessage")?.as_str()
}

fn listed<'v>(choices: impl Iterator<Item = &'v Value>) -> String {
    choices.map(|choice| format!("`{}`", choice.as_str().unwrap_or_default())).collect::<Vec<_>>().join(", ")
}

/// An object that should be a list, with its names where the items have theirs.
fn as_list(pointer: &str, members: &serde_json::Map<String, Value>) -> String {
    let items = schema::part_for(pointer).map(schema::resolved).and_then(|part| part.get("items"));
    let allows = |name: &str| {
        let items = items.map(schema::resolved);
        items.and_then(|items| items.pointer("/properties")).is_some_and(|known| known.get(name).is_some())
    };
    let Some((first, value)) = members.iter().next() else { return "write a list".to_owned() };
    let item = match value {
        Value::Object(_) if allows("key") && !members.contains_key("key") => {
            format!("{{ \"key\": {}, … }}", Value::from(first.as_str()))
        }
        Value::String(_) if allows("name") && allows("value") && !members.contains_key("name") => {
            format!("{{ \"name\": {}, \"value\": {} }}", Value::from(first.as_str()), shortened(&value.to_string()))
        }
        _ => return "put it in a list, in `[` and `]`".to_owned(),
    };
    let more = if members.len() > 1 { ", …" } else { "" };
    format!("write a list: `[{item}{more}]`")
}

fn type_in_words(name: &str) -> &'static str {
    match name {
        "array" => "a list",
        "boolean" => "`true` or `false`",
        "object" => "an object",
        "null" => "`null`",
        "string" => "text",
        _ => "a number",
    }
}

/// What the schema shows as an example of the value at `pointer`, when it is short.
fn example(pointer: &str) -> Option<String> {
    let part = schema::part_for(pointer)?;
    let examples = part.get("examples").or_else(|| schema::resolved(part).get("examples"))?;
    let example = examples.as_array()?.first()?.to_string();
    (example.chars().count() <= 90).then_some(example)
}

/// The only place of the format where `name` is known, if there is but one.
fn home_of(name: &str) -> Option<String> {
    let knows = |part: &Value| part.get("properties").is_some_and(|properties| properties.get(name).is_some());
    let bundled = schema::bundled();
    let capabilities = bundled.pointer("/definitions/capabilities")?;
    let mut homes = Vec::new();
    if knows(bundled) {
        homes.push("the outermost object".to_owned());
    }
    if knows(capabilities) {
        homes.push("`capabilities`".to_owned());
    }
    for (capability, part) in capabilities.get("properties")?.as_object()? {
        if knows(schema::resolved(part)) {
            homes.push(format!("`{capability}`"));
        }
    }
    (homes.len() == 1).then(|| homes.remove(0))
}

fn shortened(text: &str) -> String {
    if text.chars().count() <= 60 { text.to_owned() } else { text.chars().take(59).chain(['…']).collect() }
}
