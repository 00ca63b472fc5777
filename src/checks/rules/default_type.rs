//! `default-type`

use super::prelude::*;
use crate::checks::parts::forms;
use crate::manifest::FormVariableType;
use serde_json::Value;

/// A tick box cannot start as a text, nor a text as a tick.
pub(super) struct DefaultType;

impl Rule for DefaultType {
    fn id(&self) -> &'static str {
        "default-type"
    }

    fn summary(&self) -> &'static str {
        "a default is not of its variable's type"
    }

    fn check(&self, scene: Scene<'_>, out: &mut Vec<Finding>) {
        for form in forms(&scene.integration.manifest) {
            for (pointer, variable) in form.placed() {
                let key = &variable.key;
                let at = format!("{pointer}/defaultValue");
                let (message, help) = match (&variable.default_value, variable.kind) {
                    (Some(Value::String(text)), FormVariableType::Boolean) => {
                        let help = match text.to_ascii_lowercase().as_str() {
                            "true" => "write `true` without quotes",
                            "false" => "write `false` without quotes",
                            _ => "write `true` or `false`, without quotes",
                        };
                        (format!("`{key}` is a boolean, and its default is a text"), help)
                    }
                    (
                        Some(Value::Bool(_)),
                        FormVariableType::String
                        | FormVariableType::Uri
                        | FormVariableType::Enum
                        | FormVariableType::DynamicEnum,
                    ) => (format!("`{key}` holds a text, and its default is a boolean"), "write it in quotes"),
                    // An optional address may start as none.
                    (Some(Value::String(text)), FormVariableType::Uri)
                        if !(is_address(text) || text.is_empty() && variable.optional()) =>
                    {
                        (
                            format!("`{key}` holds an address, and its default `{text}` is none"),
                            "begin it with `https://`",
                        )
                    }
                    _ => continue,
                };
                out.push(self.finding(scene.value(&at), message).helped(help));
            }
        }
    }
}

fn is_address(text: &str) -> bool {
    url::Url::parse(text).is_ok_and(|url| url.has_host())
}
