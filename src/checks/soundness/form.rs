//! Form values to try templates with: filled in, left empty, hostile.

use std::borrow::Cow;

use super::hostile::NASTY;
use crate::manifest::{FormVariable, FormVariableType, Manifest};
use crate::value::{Object, Value};

/// How a form is filled in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Filling {
    /// As the reference's own tests do: a text is its key, a box is ticked, and what they have no value for is
    /// not there.
    Reference,
    /// Every field.
    Filled,
    /// Only what has to be; boxes are not ticked.
    LeftEmpty,
    /// Every field, and every free text with what formats cannot take.
    Hostile,
}

/// The `formVariables` of a body.
pub(super) fn body_form<'a>(manifest: &'a Manifest, filling: Filling) -> Value<'a> {
    let mut members = members(&manifest.form_variables, filling);
    let oauth = if manifest.requires_oauth { oauth() } else { Value::Null };
    members.push((Cow::Borrowed("oauth"), oauth));
    Value::Object(Object::from_members(members))
}

/// The values of some variables by key.
pub(super) fn members<'a>(
    variables: impl IntoIterator<Item = &'a FormVariable>,
    filling: Filling,
) -> Vec<(Cow<'a, str>, Value<'a>)> {
    variables
        .into_iter()
        .filter_map(|variable| Some((Cow::Borrowed(variable.key.as_str()), value(variable, filling)?)))
        .collect()
}

/// The values that an OAuth connection gives.
pub(super) fn oauth<'a>() -> Value<'a> {
    let members = [("baseURI", "https://oauth.example.com"), ("accessToken", "accessToken")];
    members.into_iter().map(|(key, text)| (Cow::Borrowed(key), Value::text(text))).collect::<Object<'a>>().into()
}

/// The value of one variable; `None` where there is none.
pub(super) fn value(variable: &FormVariable, filling: Filling) -> Option<Value<'_>> {
    use FormVariableType as Type;
    let key = variable.key.as_str();
    let empty = filling == Filling::LeftEmpty;
    if empty && variable.optional() {
        return Some(match &variable.default_value {
            Some(serde_json::Value::String(text)) => Value::text(text),
            Some(serde_json::Value::Bool(flag)) => Value::Bool(*flag),
            _ if variable.kind == Type::Boolean => Value::Bool(false),
            _ if matches!(variable.kind, Type::Multiselect | Type::EnvironmentSelector) => Value::Array(Vec::new()),
            _ => Value::text(""),
        });
    }
    let reference = filling == Filling::Reference;
    Some(match variable.kind {
        Type::Boolean => Value::Bool(!empty),
        Type::Uri => Value::String(Cow::Owned(format!("https://{key}.com"))),
        Type::Enum => match variable.allowed_values.as_ref().and_then(|allowed| allowed.first()) {
            Some(first) if !reference => Value::text(first),
            _ => Value::text(key),
        },
        Type::String if filling == Filling::Hostile => Value::String(Cow::Owned(format!("{key}{NASTY}"))),
        Type::String | Type::DynamicEnum | Type::Generated => Value::text(key),
        _ if reference => return None,
        Type::Multiselect => Value::Array(
            variable.multiselect_options.iter().flatten().map(|option| Value::text(&option.value)).collect(),
        ),
        Type::EnvironmentSelector => Value::Array(vec![Value::text("default/production")]),
        Type::Oauth | Type::PublicKey | Type::Unknown => Value::text(key),
    })
}
