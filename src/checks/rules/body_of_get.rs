//! `body-of-get`

use super::prelude::*;

/// A `GET` asks for something and brings nothing: what the templates make stays here.
pub(super) struct BodyOfGet;

const METHOD: &str = "/capabilities/auditLogEventsHook/endpoint/method";

impl Rule for BodyOfGet {
    fn id(&self) -> &'static str {
        "body-of-get"
    }

    fn summary(&self) -> &'static str {
        "a hook sends with `GET`, which carries no body"
    }

    fn severity(&self) -> Severity {
        Severity::Warning
    }

    fn check(&self, scene: Scene<'_>, out: &mut Vec<Finding>) {
        let Some(hook) = scene.integration.manifest.hook() else { return };
        let asks = hook.endpoint.as_ref().is_some_and(|endpoint| endpoint.method == "GET");
        // An empty template says on purpose that there is nothing to bring.
        let written = |reading: &&crate::checks::names::Reading<'_>| {
            let of_hook = matches!(reading.template.role, crate::catalog::TemplateRole::HookBody(_));
            of_hook && !reading.template.text.trim().is_empty()
        };
        if asks && (hook.use_standard_webhook_payload || scene.readings.iter().any(|reading| written(&reading))) {
            let message = "a `GET` carries no body: what the templates make is not sent".to_owned();
            out.push(
                self.finding(scene.value(METHOD), message).helped("write `POST`, or put what matters into the address"),
            );
        }
    }
}
