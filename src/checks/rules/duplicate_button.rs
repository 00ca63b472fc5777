//! `duplicate-button`

use super::prelude::*;
use crate::finding::near_miss;

/// Of two bodies for one button only one is sent.
pub(super) struct DuplicateButton;

/// The buttons that are known; there may be more, so only a near miss is worth a word.
const BUTTONS: [&str; 2] = ["flagCleanup", "sdkSetup"];

impl Rule for DuplicateButton {
    fn id(&self) -> &'static str {
        "duplicate-button"
    }

    fn summary(&self) -> &'static str {
        "two bodies are for the same button, or one is for none"
    }

    fn check(&self, scene: Scene<'_>, out: &mut Vec<Finding>) {
        let capabilities = scene.integration.manifest.capabilities.as_ref();
        let Some(action) = capabilities.and_then(|capabilities| capabilities.button_action.as_ref()) else { return };
        for (index, body) in action.request_body_templates.iter().enumerate() {
            if let Some(known) = near_miss(&body.key, BUTTONS) {
                let at = format!("/capabilities/buttonAction/requestBodyTemplates/{index}/key");
                let message = format!("no button is named `{}`", body.key);
                out.push(self.finding(scene.value(&at), message).helped(format!("did you mean `{known}`?")));
            }
            let earlier = &action.request_body_templates[..index];
            if !body.key.is_empty() && earlier.iter().any(|other| other.key == body.key) {
                let at = format!("/capabilities/buttonAction/requestBodyTemplates/{index}/key");
                let message = format!("another body is already for the button `{}`", body.key);
                out.push(self.finding(scene.value(&at), message).helped("keep one of them"));
            }
        }
    }
}
