//! One subscription as it is served.

use std::sync::Arc;

use serde_json::Value as Json;

use crate::catalog::Integration;
use crate::delivery::{Profile, SigningKey};
use crate::dispatch::{self, PlanError, PlanErrorKind};
use crate::form::{FormValue, OauthConnection};
use crate::manifest::Manifest;
use crate::policy::Policy;
use crate::service::FieldMistake;
use crate::service::document::{self, Document, Written};
use crate::service::integrations::InUse;
use crate::store::{Digest, Moment, SubscriptionId, SubscriptionVersion};
use crate::value::pointer_token;

/// Headers that requests have whatever the integration.
const HEADERS_IN_USE: [&str; 6] =
    ["accept", "authorization", "content-type", "user-agent", "webhook-signature", "webhook-timestamp"];

/// A subscription at a version.
#[derive(Debug)]
pub(in crate::service) struct Active {
    pub(in crate::service) id: SubscriptionId,
    pub(in crate::service) version: SubscriptionVersion,
    /// When this version was made, or a little later.
    pub(in crate::service) created: Moment,
    pub(in crate::service) enabled: bool,
    pub(in crate::service) reason: Option<String>,
    /// The document with its secrets sealed.
    pub(in crate::service) at_rest: Json,
    /// How it is served, or what keeps it from being served.
    pub(in crate::service) state: Result<Arc<Served>, Vec<FieldMistake>>,
    /// What is wrong with it under the newest version of its integration, while it is served with an older one.
    pub(in crate::service) behind: Vec<FieldMistake>,
}

impl Active {
    pub(in crate::service) fn served(&self) -> Option<&Served> {
        self.state.as_deref().ok()
    }

    /// The same, switched on or off.
    pub(in crate::service) fn switched(&self, enabled: bool, reason: Option<String>) -> Active {
        Active {
            id: self.id.clone(),
            version: self.version,
            created: self.created,
            enabled,
            reason,
            at_rest: self.at_rest.clone(),
            state: self.state.clone(),
            behind: self.behind.clone(),
        }
    }
}

/// How a subscription is served.
#[derive(Debug)]
pub(in crate::service) struct Served {
    pub(in crate::service) document: Document,
    pub(in crate::service) integration: Digest,
    pub(in crate::service) planner: Arc<dispatch::Subscription>,
    pub(in crate::service) keys: Vec<SigningKey>,
    /// Own delivery rules, for planners that are made again.
    profile: Option<Profile>,
}

impl Served {
    /// Whether bodies are events as they came.
    pub(in crate::service) fn needs_raw(&self) -> bool {
        self.hook().is_some_and(|hook| hook.use_standard_webhook_payload)
    }

    /// Whether what the receiver answers may be shown.
    pub(in crate::service) fn shows_answers(&self) -> bool {
        self.hook().is_some_and(|hook| hook.include_error_response_body)
    }

    fn hook(&self) -> Option<&crate::manifest::AuditLogEventsHook> {
        self.planner.integration().manifest.hook()
    }

    /// The same with another OAuth connection.
    pub(in crate::service) fn connected(
        &self,
        connection: OauthConnection,
    ) -> Result<dispatch::Subscription, Vec<PlanError>> {
        let form = crate::form::FormValues { oauth: Some(connection), ..self.document.form.clone() };
        self.planner_for(self.planner.integration(), &form, false)
    }

    /// A planner whose requests may be shown: masks stand for secrets.
    pub(in crate::service) fn masked(&self) -> Result<dispatch::Subscription, Vec<PlanError>> {
        let integration = self.planner.integration();
        let mut form = dispatch::masked(&integration.manifest, &self.document.form);
        for value in form.values.values_mut() {
            if let FormValue::Text(text) = value
                && let Some(shown) = document::without_password(text)
            {
                *text = shown;
            }
        }
        if let Some(oauth) = &mut form.oauth
            && let Some(shown) = document::without_password(&oauth.base_uri)
        {
            oauth.base_uri = shown;
        }
        self.planner_for(integration, &form, true)
    }

    fn planner_for(
        &self,
        integration: &Arc<Integration>,
        form: &crate::form::FormValues,
        placeholders: bool,
    ) -> Result<dispatch::Subscription, Vec<PlanError>> {
        let settings = dispatch::Settings {
            policy: self.document.policy.as_deref(),
            profile: self.profile.as_ref(),
            placeholders,
            ..dispatch::Settings::default()
        };
        dispatch::Subscription::new(integration, form, settings)
    }
}

/// Works out how an opened document is served with an integration.
///
/// # Errors
/// Every mistake by its field.
pub(in crate::service) fn prepare(opened: &Written, in_use: &InUse) -> Result<Served, Vec<FieldMistake>> {
    let mut mistakes = Vec::new();
    let manifest = &in_use.integration.manifest;
    document::known_settings(opened, &mut mistakes);
    let document = document::read(opened, manifest, &mut mistakes);
    match manifest.hook() {
        Some(hook) if hook.delivery_method.as_deref() != Some("custom") && hook.endpoint.is_some() => {}
        _ => mistakes.push(
            FieldMistake::new("/integration", format!("`{}` sends no change events", in_use.integration.key))
                .help("choose one whose manifest has an `auditLogEventsHook` with an `endpoint`".to_owned()),
        ),
    }
    if let Some(errors) = document.policy.as_deref().and_then(|policy| Policy::from_json(policy).err()) {
        mistakes.extend(errors.into_iter().map(|error| {
            FieldMistake::new(format!("/policy{}", error.spot.pointer()), error.to_string()).help(error.help())
        }));
    }
    let profile = document.profile.as_ref().map(Profile::from_json).transpose().unwrap_or_else(|errors| {
        mistakes.extend(
            errors
                .into_iter()
                .map(|error| FieldMistake::new(format!("/profile{}", error.pointer), error.message).help(error.help)),
        );
        None
    });
    if !mistakes.is_empty() {
        // Of a value that could not be read, or is told already, nothing more is said.
        let form = planner(in_use, &Document { policy: None, ..document }, None).err().unwrap_or_default();
        let others: Vec<FieldMistake> = form
            .iter()
            .flat_map(by_field)
            .filter(|other| !mistakes.iter().any(|told| told.pointer == other.pointer || told.pointer == "/formValues"))
            .filter(|other| other.pointer.starts_with("/formValues/"))
            .collect();
        mistakes.extend(others);
        return Err(mistakes);
    }
    let planner = planner(in_use, &document, profile.as_ref())
        .map_err(|errors| errors.iter().flat_map(by_field).collect::<Vec<_>>())?;
    let mut unsendable: Vec<FieldMistake> = planner.unsendable().iter().flat_map(by_field).collect();
    unsendable.extend(taken_id_header(&document, manifest));
    if !unsendable.is_empty() {
        return Err(unsendable);
    }
    let keys = document.signing.iter().filter_map(|secret| SigningKey::read(secret).ok()).collect();
    Ok(Served { document, integration: in_use.digest, planner: Arc::new(planner), keys, profile })
}

/// Works out how a version that deliveries are pinned to makes their bodies. It was right when it was put, and what is
/// checked more strictly today takes nothing back. Its policy has decided, and its delivery rules are not asked.
///
/// # Errors
/// No body can be made of it.
pub(in crate::service) fn prepare_pinned(opened: &Written, in_use: &InUse) -> Result<Served, Vec<FieldMistake>> {
    let mut document = document::read(opened, &in_use.integration.manifest, &mut Vec::new());
    document.policy = Some(Vec::new());
    let profile = Profile::engine_default();
    let planner = planner(in_use, &document, Some(&profile))
        .map_err(|errors| errors.iter().flat_map(by_field).collect::<Vec<_>>())?;
    let (integration, planner) = (in_use.digest, Arc::new(planner));
    Ok(Served { document, integration, planner, keys: Vec::new(), profile: Some(profile) })
}

fn planner(
    in_use: &InUse,
    document: &Document,
    profile: Option<&Profile>,
) -> Result<dispatch::Subscription, Vec<PlanError>> {
    let settings = dispatch::Settings { policy: document.policy.as_deref(), profile, ..dispatch::Settings::default() };
    dispatch::Subscription::new(&in_use.integration, &document.form, settings)
}

/// A header for the id that carries something else already: one of the two would be lost.
fn taken_id_header(document: &Document, manifest: &Manifest) -> Option<FieldMistake> {
    let name = document.id_header.as_deref()?;
    let of_manifest = manifest.hook().and_then(|hook| hook.endpoint.as_ref()?.headers.as_ref());
    let mut own = of_manifest.into_iter().flatten().map(|header| header.name.as_str()).chain(HEADERS_IN_USE);
    own.any(|own| own.eq_ignore_ascii_case(name)).then(|| {
        FieldMistake::new("/idHeader", format!("the header `{name}` carries something else"))
            .help("choose a name of its own, as in `X-Delivery-Id`".to_owned())
    })
}

/// What planning says, by the field it is about.
fn by_field(error: &PlanError) -> Vec<FieldMistake> {
    let told = |pointer: String| FieldMistake::new(pointer, error.message.clone()).help(error.help.clone());
    match &error.kind {
        PlanErrorKind::Form(keys) if error.message.starts_with("the form lacks") => keys
            .iter()
            .map(|key| {
                let pointer = match key.strip_prefix("oauth.") {
                    Some("baseURI") => "/oauth/baseUri".to_owned(),
                    Some(_) => "/oauth".to_owned(),
                    None => format!("/formValues/{}", pointer_token(key)),
                };
                FieldMistake::new(pointer, format!("`{key}` is missing"))
            })
            .collect(),
        PlanErrorKind::Form(keys) => {
            keys.iter().map(|key| told(format!("/formValues/{}", pointer_token(key)))).collect()
        }
        PlanErrorKind::Policy => vec![told("/policy".to_owned())],
        PlanErrorKind::Profile => vec![told("/profile".to_owned())],
        _ => vec![told("/integration".to_owned())],
    }
}
