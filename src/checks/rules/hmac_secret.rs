//! `hmac-secret`

use super::prelude::*;
use crate::checks::near::did_you_mean;
use crate::checks::parts::endpoints;
use crate::manifest::FormVariableType;

/// Without a secret nothing is signed, and a receiver that checks signatures refuses every event.
pub(super) struct HmacSecret;

impl Rule for HmacSecret {
    fn id(&self) -> &'static str {
        "hmac-secret"
    }

    fn summary(&self) -> &'static str {
        "`hmacSignature` does not name a secret form variable"
    }

    fn check(&self, scene: Scene<'_>, out: &mut Vec<Finding>) {
        let manifest = &scene.integration.manifest;
        for (pointer, endpoint) in endpoints(manifest) {
            let Some(hmac) = &endpoint.hmac_signature else { continue };
            let at = format!("{pointer}/hmacSignature");
            if hmac.header_name.as_deref().is_none_or(str::is_empty) {
                let message = "the signature has no header to stand in".to_owned();
                out.push(self.finding(scene.key(&at), message).helped("add `headerName`"));
            }
            let Some(key) = hmac.hmac_secret_form_variable_key.as_deref() else {
                let message = "nothing says which secret signs the body".to_owned();
                out.push(self.finding(scene.key(&at), message).helped("add `hmacSecretFormVariableKey`"));
                continue;
            };
            let place = scene.value(&format!("{at}/hmacSecretFormVariableKey"));
            let Some(variable) = manifest.form_variables.iter().find(|variable| variable.key == key) else {
                let secrets = manifest.form_variables.iter().filter(|variable| variable.secret());
                let keys = manifest.form_variables.iter().map(|variable| variable.key.as_str());
                let help = did_you_mean(key, keys).or_else(|| {
                    let only: Vec<&str> = secrets.map(|variable| variable.key.as_str()).collect();
                    (only.len() == 1).then(|| format!("the only secret is `{}`", only[0]))
                });
                let message = format!("no form variable is named `{key}`, which should hold the signing secret");
                out.push(self.finding(place, message).maybe_helped(help));
                continue;
            };
            if variable.kind != FormVariableType::String {
                let message = format!("the signing secret `{key}` is not of type `string`");
                out.push(self.finding(place, message).helped("make its type `string`"));
            } else if !variable.secret() {
                let message = format!("the signing secret `{key}` is not a secret");
                out.push(self.finding(place, message).helped("set its `isSecret` to `true`"));
            }
        }
    }
}
