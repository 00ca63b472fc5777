//! What a feature store is sent: a prefix, the flag data, a suffix. Together they have to be JSON where the request
//! says that they are.

use super::json::{Kind, first_mistake};
use super::synthetic;
use crate::catalog::{Integration, TemplateRole};
use crate::checks::names::Reading;
use crate::render::{Context, Options};

/// What the platform puts between the two, for an environment without flags.
const DATA: &str = r#"{"flags":{},"segments":{}}"#;

/// The piece to mend and what is wrong, when prefix and suffix make no JSON around the data.
pub(super) fn judge(integration: &Integration, readings: &[Reading<'_>]) -> Option<(usize, Kind)> {
    let capabilities = integration.manifest.capabilities.as_ref()?;
    let request = &capabilities.feature_store.as_ref()?.feature_store_request;
    let headers = request.endpoint.headers.as_deref().unwrap_or_default();
    let content = headers.iter().find(|header| header.name.eq_ignore_ascii_case("content-type"));
    // Without a header of its own the request says that it is JSON.
    if content.is_some_and(|content| !content.value.to_ascii_lowercase().contains("json")) {
        return None;
    }
    let piece = |name: &str| {
        let is_it = |reading: &&Reading<'_>| {
            reading.template.role == TemplateRole::Payload && reading.template.pointer.ends_with(name)
        };
        readings.iter().find(is_it).map_or(Some(String::new()), rendered)
    };
    let (prefix, suffix) = (piece("/payloadPrefix")?, piece("/payloadSuffix")?);
    let mistake = first_mistake(&format!("{prefix}{DATA}{suffix}"))?;
    let at = readings.iter().position(|reading| {
        let of_prefix = mistake.span.start < prefix.len() || suffix.is_empty();
        let name = if of_prefix { "/payloadPrefix" } else { "/payloadSuffix" };
        reading.template.role == TemplateRole::Payload && reading.template.pointer.ends_with(name)
    });
    let any = || readings.iter().position(|reading| reading.template.role == TemplateRole::Payload);
    Some((at.or_else(any)?, mistake.kind))
}

fn rendered(reading: &Reading<'_>) -> Option<String> {
    let context = synthetic::context(reading);
    let options = Options::new(reading.template.escape);
    reading.template.compiled.as_ref().ok()?.render(Context::new(&context), options).ok()
}
