//! `approval-id`

use super::prelude::*;

/// Without the id that the other tool gave, nobody can ask it how the approval stands.
pub(super) struct ApprovalId;

impl Rule for ApprovalId {
    fn id(&self) -> &'static str {
        "approval-id"
    }

    fn summary(&self) -> &'static str {
        "an approval's creation does not read the id that later requests need"
    }

    fn check(&self, scene: Scene<'_>, out: &mut Vec<Finding>) {
        let request = "/capabilities/approval/creationRequest";
        let parser = format!("{request}/parser");
        if !scene.has(request) || scene.has(&format!("{parser}/approvalId")) {
            return;
        }
        let user = scene.integration.templates.iter().find(|template| {
            template.pointer.starts_with("/capabilities/approval/") && template.text.contains("context.approvalId")
        });
        if let Some(user) = user {
            let at = if scene.has(&parser) { parser.as_str() } else { request };
            let message = format!("nothing reads the approval's id, which `{}` uses", user.pointer);
            let help = "add `parser.approvalId`, a JSON pointer into the answer";
            out.push(self.finding(scene.key(at), message).helped(help));
        }
    }
}
