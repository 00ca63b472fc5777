//! `hook-without-templates`

use super::prelude::*;

/// A partner once relied on an empty list of templates to pass events on, and received `{}`.
pub(super) struct HookWithoutTemplates;

const HOOK: &str = "/capabilities/auditLogEventsHook";

impl Rule for HookWithoutTemplates {
    fn id(&self) -> &'static str {
        "hook-without-templates"
    }

    fn summary(&self) -> &'static str {
        "a hook has nothing to send, or nowhere to send it"
    }

    fn check(&self, scene: Scene<'_>, out: &mut Vec<Finding>) {
        let events = "/capabilities/eventsHook/templates";
        let named = scene.integration.source.json.pointer(events).and_then(serde_json::Value::as_object);
        if named.is_some_and(|named| named.values().all(serde_json::Value::is_null)) {
            let message = "the events hook has no template for any event".to_owned();
            let help = "name one, as `measuredRolloutReverted`";
            out.push(self.finding(scene.key(events), message).helped(help));
        }
        let Some(hook) = scene.integration.manifest.hook() else { return };
        let delivers_itself = hook.delivery_method.is_some();
        // `validation` is for the button alone: it renders no event.
        let renders_events = hook.templates.named().any(|(kind, _)| kind != "validation");
        if !renders_events && !hook.use_standard_webhook_payload {
            let at =
                if scene.has(&format!("{HOOK}/templates")) { format!("{HOOK}/templates") } else { HOOK.to_owned() };
            let message = "the hook has no template for any kind of event".to_owned();
            let help = "name a template under `default`, or set `useStandardWebhookPayload` to `true`";
            out.push(self.finding(scene.key(&at), message).helped(help));
        }
        if !scene.has(&format!("{HOOK}/endpoint")) && !delivers_itself {
            let message = "the hook has no endpoint".to_owned();
            let help = "say in `endpoint` where events go";
            out.push(self.finding(scene.key(HOOK), message).helped(help));
        }
    }
}
