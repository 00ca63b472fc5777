//! `flag-link-metadata`

use super::prelude::*;

/// Links can carry only what `metadata` declares.
pub(super) struct FlagLinkMetadata;

impl Rule for FlagLinkMetadata {
    fn id(&self) -> &'static str {
        "flag-link-metadata"
    }

    fn summary(&self) -> &'static str {
        "a flag link declares no `metadata`"
    }

    fn check(&self, scene: Scene<'_>, out: &mut Vec<Finding>) {
        let link = scene.integration.source.json.pointer("/capabilities/flagLink");
        // An empty one lacks everything, which the schema tells.
        if link.is_some_and(|link| link.as_object().is_some_and(|link| !link.is_empty()))
            && !scene.has("/capabilities/flagLink/metadata")
        {
            let message = "the flag link declares no `metadata`".to_owned();
            let help = "declare what a link carries, by name and type; `{}` when it carries nothing";
            out.push(self.finding(scene.key("/capabilities/flagLink"), message).helped(help));
        }
    }
}
