//! `not-portable`

use super::prelude::*;

/// The public format has no such key, and the reference refuses keys it does not know.
pub(super) struct NotPortable;

impl Rule for NotPortable {
    fn id(&self) -> &'static str {
        "not-portable"
    }

    fn summary(&self) -> &'static str {
        "the manifest uses this engine's own addition to the format (told with `--portable`)"
    }

    fn check(&self, scene: Scene<'_>, out: &mut Vec<Finding>) {
        let pointer = "/capabilities/auditLogEventsHook/delivery";
        if scene.portable && scene.has(pointer) {
            let message = "`delivery` is this engine's own addition to the format".to_owned();
            let help = "remove it before handing the integration on; deliveries then follow the engine's default";
            out.push(self.finding(scene.key(pointer), message).helped(help));
        }
    }
}
