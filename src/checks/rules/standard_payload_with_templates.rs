//! `standard-payload-with-templates`

use super::prelude::*;

/// The standard payload is sent as it is; templates beside it are never used, and their author does not know.
pub(super) struct StandardPayloadWithTemplates;

impl Rule for StandardPayloadWithTemplates {
    fn id(&self) -> &'static str {
        "standard-payload-with-templates"
    }

    fn summary(&self) -> &'static str {
        "`useStandardWebhookPayload` stands beside templates"
    }

    fn check(&self, scene: Scene<'_>, out: &mut Vec<Finding>) {
        let Some(hook) = scene.integration.manifest.hook().filter(|hook| hook.use_standard_webhook_payload) else {
            return;
        };
        if scene.integration.has_templates_folder && hook.templates.named().next().is_none() {
            let place = scene.key("/capabilities/auditLogEventsHook/useStandardWebhookPayload");
            let message = "the folder `templates` is never used: the hook sends the standard payload".to_owned();
            let help = "remove the folder, or name its templates and remove `useStandardWebhookPayload`";
            out.push(self.finding(place, message).helped(help));
        }
        for (kind, _) in hook.templates.named() {
            let place = scene.key(&format!("/capabilities/auditLogEventsHook/templates/{kind}"));
            let message = format!("the template `{kind}` is never used: the hook sends the standard payload");
            let help = "remove the template, or remove `useStandardWebhookPayload`";
            out.push(self.finding(place, message).helped(help));
        }
    }
}
