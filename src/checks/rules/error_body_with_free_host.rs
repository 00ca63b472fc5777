//! `error-body-with-free-host`

use super::prelude::*;
use crate::manifest::{Endpoint, FormVariableType};

/// An answer shown to administrators must not come from a host that anyone may name: it could be one inside.
pub(super) struct ErrorBodyWithFreeHost;

impl Rule for ErrorBodyWithFreeHost {
    fn id(&self) -> &'static str {
        "error-body-with-free-host"
    }

    fn summary(&self) -> &'static str {
        "answers of a host that an administrator types in are shown"
    }

    fn check(&self, scene: Scene<'_>, out: &mut Vec<Finding>) {
        let manifest = &scene.integration.manifest;
        let Some(capabilities) = &manifest.capabilities else { return };
        let hook = capabilities.audit_log_events_hook.as_ref();
        let events = capabilities.events_hook.as_ref();
        let shown: [(&str, Option<&Endpoint>); 2] = [
            (
                "/capabilities/auditLogEventsHook",
                hook.filter(|hook| hook.include_error_response_body).and_then(|hook| hook.endpoint.as_ref()),
            ),
            (
                "/capabilities/eventsHook",
                events.filter(|hook| hook.include_error_response_body).and_then(|hook| hook.endpoint.as_ref()),
            ),
        ];
        for (pointer, endpoint) in shown {
            let Some(endpoint) = endpoint else { continue };
            for key in host_variables(&endpoint.url) {
                let Some(variable) = manifest.form_variables.iter().find(|variable| variable.key == key) else {
                    continue;
                };
                let chosen = variable.kind == FormVariableType::Enum
                    && variable.allowed_values.as_ref().is_some_and(|allowed| !allowed.is_empty());
                if !chosen {
                    let message = format!("`includeErrorResponseBody` shows answers of any host that `{key}` names");
                    let help = format!("remove it, or make `{key}` an `enum` with `allowedValues`");
                    let place = scene.key(&format!("{pointer}/includeErrorResponseBody"));
                    out.push(self.finding(place, message).helped(help));
                }
            }
        }
    }
}

/// The form variables that decide a URL's host: any named before the path, in tags without a helper.
fn host_variables(url: &str) -> Vec<&str> {
    let authority = url.find("://").map_or(0, |at| at + 3);
    let path = path_start(&url[authority..]).map_or(url.len(), |at| authority + at);
    // User info stands before the host, and names none.
    let host = url[authority..path].rfind('@').map_or(authority, |at| authority + at + 1);
    let mut keys = Vec::new();
    let mut rest = &url[host..path];
    loop {
        let Some(open) = rest.find("{{") else { return keys };
        let tag = &rest[open..];
        let Some(close) = tag.find("}}") else { return keys };
        let name = tag[..close].trim_matches(['{', '}', '~', '&', ' ', '#', '/']);
        keys.extend(name.split_whitespace().filter(|word| !matches!(*word, "if" | "unless" | "else" | "equal")));
        rest = tag[close + 2..].trim_start_matches('}');
    }
}

/// The first slash, question mark or number sign outside of tags.
fn path_start(text: &str) -> Option<usize> {
    let mut inside = false;
    for (at, character) in text.char_indices() {
        match character {
            '{' if text[at..].starts_with("{{") => inside = true,
            '}' if text[at..].starts_with("}}") => inside = false,
            '/' | '?' | '#' if !inside => return Some(at),
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::host_variables;

    #[test]
    fn the_host_ends_at_the_path() {
        let rows: [(&str, &[&str]); 6] = [
            ("{{url}}/api/{{x}}", &["url"]),
            ("{{{ url }}}", &["url"]),
            ("https://{{site}}.example.com/{{x}}", &["site"]),
            ("https://{{user}}:{{key}}@example.com/{{x}}", &[]),
            ("https://example.com/{{x}}", &[]),
            ("https://{{#if domain}}{{domain}}{{else}}a.example{{/if}}/x", &["domain", "domain"]),
        ];
        for (url, keys) in rows {
            assert_eq!(host_variables(url), keys, "{url}");
        }
    }
}
