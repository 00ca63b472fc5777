//! `duplicate-property-key`

use std::collections::HashMap;

use super::prelude::*;

/// Of two custom properties with one key, flags hold only one.
pub(super) struct DuplicatePropertyKey;

impl Rule for DuplicatePropertyKey {
    fn id(&self) -> &'static str {
        "duplicate-property-key"
    }

    fn summary(&self) -> &'static str {
        "two reserved custom properties have the same key"
    }

    fn check(&self, scene: Scene<'_>, out: &mut Vec<Finding>) {
        let capabilities = scene.integration.manifest.capabilities.as_ref();
        let properties = capabilities.and_then(|capabilities| capabilities.reserved_custom_properties.as_deref());
        let mut known: HashMap<&str, usize> = HashMap::new();
        for (index, property) in properties.unwrap_or_default().iter().enumerate() {
            let key = property.key.as_str();
            let first = *known.entry(key).or_insert(index);
            if first != index && !key.is_empty() {
                let at = format!("/capabilities/reservedCustomProperties/{index}/key");
                let message = format!("the custom property `{key}` is reserved twice");
                let help = format!("the first one is number {}; give this one a key of its own", first + 1);
                out.push(self.finding(scene.value(&at), message).helped(help));
            }
        }
    }
}
