//! The way that events of an integration go out: method, templates, signature.

use super::address::Address;
use super::error::{HOOK, Part, PlanError, PlanErrorKind, compiled, manifest_spot};
use super::headers;
use super::placeholder::placeholder;
use super::plan::SkipReason;
use super::steady::Made;
use crate::catalog::Integration;
use crate::form::{FormValue, FormValues};
use crate::manifest::{Endpoint, FormVariableType, HmacSignature};
use crate::outbound::Signing;
use crate::secret::Secret;

const METHODS: [&str; 5] = ["POST", "PUT", "PATCH", "GET", "DELETE"];

/// The form variable whose tick switches the check of the receiver's certificate off. Its key has had this
/// meaning on the platform that this format comes from; a manifest without it cannot switch the check off.
const SKIP_CERTIFICATE_CHECK: &str = "skip-ca-verification";

/// How events go out. Templates are named by their places among those of the integration.
#[derive(Debug)]
pub(super) struct Way {
    /// Whether the platform's own payload is the body, whatever templates there are.
    pub(super) standard_payload: bool,
    /// The templates of bodies, by the kind of event they are for; `None` where the file cannot be read.
    pub(super) bodies: Vec<(&'static str, Option<usize>)>,
    pub(super) method: String,
    pub(super) address: Made<Address>,
    pub(super) headers: Vec<HeaderWay>,
    /// Whether a body without headers of the manifest's is said to be JSON.
    pub(super) says_json: bool,
    pub(super) signing: Option<Signing>,
    /// Whether the signing secret is a placeholder: what it signs proves nothing.
    pub(super) unsigned: bool,
    pub(super) skip_certificate_check: bool,
}

/// One header of the manifest.
#[derive(Debug)]
pub(super) struct HeaderWay {
    pub(super) name: String,
    pub(super) value: Made<String>,
}

/// Finds the way: every mistake on it goes to `mistakes`.
pub(super) fn find(
    integration: &Integration,
    form: &FormValues,
    placeholders: bool,
    mistakes: &mut Vec<PlanError>,
) -> Result<Way, SkipReason> {
    let hook = integration.manifest.hook().ok_or(SkipReason::NoHook)?;
    if hook.delivery_method.as_deref() == Some("custom") {
        return Err(SkipReason::CustomDelivery);
    }
    let endpoint = hook.endpoint.as_ref().ok_or(SkipReason::NoEndpoint)?;
    if !METHODS.contains(&endpoint.method.as_str()) {
        let upper = endpoint.method.to_uppercase();
        let help = match METHODS.iter().find(|method| **method == upper) {
            Some(method) => format!("write `{method}`"),
            None => "the methods are `POST`, `PUT`, `PATCH`, `GET` and `DELETE`".to_owned(),
        };
        mistakes.push(
            PlanError::new(PlanErrorKind::Method, format!("`{}` is no method to send with", endpoint.method))
                .help(help)
                .at(manifest_spot(integration, &format!("{HOOK}/endpoint/method"))),
        );
    }
    let position = |pointer: &str| integration.templates.iter().position(|template| template.pointer == pointer);
    let mut template = |pointer: String, what: Part<'_>| {
        let Some(at) = position(&pointer) else {
            let message = format!("{what} is missing");
            let spot = manifest_spot(integration, &pointer);
            mistakes.push(PlanError::new(PlanErrorKind::Template, message).at(spot));
            return None;
        };
        mistakes.extend(compiled(integration, &integration.templates[at], what).err());
        Some(at)
    };
    let url = template(format!("{HOOK}/endpoint/url"), Part::Address);
    let mut headers = Vec::new();
    for (at, header) in endpoint.headers.iter().flatten().enumerate() {
        let pointer = format!("{HOOK}/endpoint/headers/{at}");
        let text = template(format!("{pointer}/value"), Part::Header(&header.name));
        headers.extend(text.map(|at| HeaderWay { name: header.name.clone(), value: Made::EachTime { template: at } }));
    }
    for (at, header) in endpoint.headers.iter().flatten().enumerate() {
        if let Err((message, help)) = headers::check_name(&header.name) {
            let spot = manifest_spot(integration, &format!("{HOOK}/endpoint/headers/{at}/name"));
            mistakes.push(PlanError::new(PlanErrorKind::Header, message).help(help).at(spot));
        }
    }
    // Without an address there is a mistake already, and no subscription to need one.
    let url = url.ok_or(SkipReason::NoEndpoint)?;
    let signing = signing(endpoint, form);
    let variable = endpoint.hmac_signature.as_ref().and_then(|hmac| hmac.hmac_secret_form_variable_key.as_deref());
    let is_placeholder = |signing: &Signing| variable.is_some_and(|key| placeholder(key) == signing.key.expose());
    Ok(Way {
        standard_payload: hook.use_standard_webhook_payload,
        bodies: hook.templates.named().map(|(kind, _)| (kind, position(&format!("{HOOK}/templates/{kind}")))).collect(),
        method: endpoint.method.clone(),
        address: Made::EachTime { template: url },
        headers,
        says_json: endpoint.headers.is_none(),
        unsigned: placeholders && signing.as_ref().is_some_and(is_placeholder),
        signing,
        skip_certificate_check: skips_certificate_check(integration, form),
    })
}

/// What signs the body; nothing while the secret is empty, since signing is a thing administrators choose.
fn signing(endpoint: &Endpoint, form: &FormValues) -> Option<Signing> {
    let HmacSignature { header_name, hmac_secret_form_variable_key } = endpoint.hmac_signature.as_ref()?;
    let key = match form.values.get(hmac_secret_form_variable_key.as_deref()?)? {
        FormValue::Secret(secret) => secret.clone(),
        FormValue::Text(text) => Secret::new(text.clone()),
        FormValue::Flag(_) | FormValue::List(_) => return None,
    };
    let header = header_name.clone().filter(|name| headers::check_name(name).is_ok());
    (!key.expose().is_empty()).then_some(Signing { header, key })
}

fn skips_certificate_check(integration: &Integration, form: &FormValues) -> bool {
    let declared = integration
        .manifest
        .form_variables
        .iter()
        .any(|variable| variable.key == SKIP_CERTIFICATE_CHECK && variable.kind == FormVariableType::Boolean);
    declared && form.values.get(SKIP_CERTIFICATE_CHECK) == Some(&FormValue::Flag(true))
}
