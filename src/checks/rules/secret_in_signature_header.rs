//! `secret-in-signature-header`

use super::prelude::*;
use crate::catalog::TemplateRole;

/// A signature proves who sent a body; the secret itself in its place proves nothing, and gives the secret away.
pub(super) struct SecretInSignatureHeader;

impl Rule for SecretInSignatureHeader {
    fn id(&self) -> &'static str {
        "secret-in-signature-header"
    }

    fn summary(&self) -> &'static str {
        "a signature header holds the secret instead of a signature"
    }

    fn check(&self, scene: Scene<'_>, out: &mut Vec<Finding>) {
        for reading in scene.readings.iter().filter(|reading| reading.template.role == TemplateRole::HeaderValue) {
            let Some(header) = reading.template.pointer.strip_suffix("/value") else { continue };
            let name = scene.integration.source.json.pointer(&format!("{header}/name"));
            let Some(name) = name.and_then(serde_json::Value::as_str) else { continue };
            let folded = name.to_ascii_lowercase();
            if !["signature", "hmac"].iter().any(|word| folded.contains(word)) {
                continue;
            }
            let Some(secret) = reading.uses.iter().find(|found| scene.is_secret(reading, found)) else { continue };
            let key = &secret.path.text;
            let message = format!("the header `{name}` sends the secret `{key}` itself, which signs nothing");
            let help = format!(
                "remove the header and sign with it: `\"hmacSignature\": {{\"headerName\": \"{name}\", \"hmacSecretFormVariableKey\": \"{key}\"}}`"
            );
            out.push(self.finding(scene.within(reading, secret.path.span.clone()), message).helped(help));
        }
    }
}
