//! `no-capabilities`

use super::prelude::*;

/// An integration that can do nothing is a tile without a purpose.
pub(super) struct NoCapabilities;

impl Rule for NoCapabilities {
    fn id(&self) -> &'static str {
        "no-capabilities"
    }

    fn summary(&self) -> &'static str {
        "the manifest names neither `capabilities` nor `otherCapabilities`"
    }

    fn check(&self, scene: Scene<'_>, out: &mut Vec<Finding>) {
        // An empty `capabilities` counts as having some: the partner has begun, and the schema allows it.
        if scene.has("/capabilities") || !scene.integration.manifest.other_capabilities.is_empty() {
            return;
        }
        let pointer = if scene.has("/otherCapabilities") { "/otherCapabilities" } else { "" };
        let message = "the integration has no capabilities".to_owned();
        let help = "name what it does in `capabilities`, or what it does elsewhere in `otherCapabilities`";
        out.push(self.finding(scene.key(pointer), message).helped(help));
    }
}
