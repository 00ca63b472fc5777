//! Which names a template may use, by what it makes and for which capability.

use std::borrow::Cow;

use super::event::event_shape;
use super::shape::{Member, Shape};
use crate::catalog::{Integration, TemplateRole, TemplateText};
use crate::manifest::{FormVariable, FormVariableType, Manifest};

/// The names of one template.
#[derive(Debug, Clone)]
pub(crate) struct Scope {
    /// What stands at the root.
    pub(crate) root: Shape,
    /// Names that surely do not stand at an open root, though they do so elsewhere.
    pub(crate) elsewhere: Vec<String>,
    /// What the names belong to, for messages: `the body of a change event`.
    pub(crate) place: &'static str,
}

/// The names of `template`; nothing when nobody knows them.
pub(crate) fn scope(integration: &Integration, template: &TemplateText, event: &Shape) -> Option<Scope> {
    let manifest = &integration.manifest;
    let capability = Capability::of(&template.pointer)?;
    let written = matches!(template.role, TemplateRole::Url | TemplateRole::HeaderValue);
    let root = match (capability, template.role) {
        (_, TemplateRole::FlagImport) => return None,
        (Capability::AuditLogEventsHook, TemplateRole::HookBody(_)) => {
            event.with([(Cow::Borrowed("formVariables"), body_form(manifest))])
        }
        (Capability::EventsHook, TemplateRole::EventsHookBody) => events_hook_body(manifest),
        (Capability::Approval, TemplateRole::JsonBody) => approval_body(manifest),
        (Capability::ButtonAction, TemplateRole::JsonBody) => button_body(manifest, &template.pointer),
        (Capability::SyncedSegment, _) => segment_answer(),
        (Capability::FlagLink, _) => flag_link(manifest),
        _ => {
            let mut members = form(main_and_own(manifest, capability));
            members.push((Cow::Borrowed("oauth"), oauth()));
            match capability {
                Capability::AuditLogEventsHook => members.push((Cow::Borrowed("context"), event.clone())),
                Capability::EventsHook => members.push((Cow::Borrowed("context"), Shape::Any)),
                Capability::Approval => {
                    let variables = environment_variables(manifest);
                    members.push((Cow::Borrowed("environment"), Shape::object(form(variables))));
                    if !is_before_the_id(&template.pointer) {
                        members.push((Cow::Borrowed("context"), Shape::object([("approvalId", Shape::Text)])));
                    }
                }
                Capability::FeatureStore => {
                    members.push((Cow::Borrowed("_featureStoreKey"), Shape::Text));
                    members.push((Cow::Borrowed("envId"), Shape::Text));
                }
                _ => {}
            }
            Shape::object(members)
        }
    };
    let place = match (capability, written) {
        (Capability::AuditLogEventsHook, false) => "a body, which sees the event and `formVariables`",
        (Capability::AuditLogEventsHook, true) => {
            "an address or header, which sees form variables by their keys, `context` and `oauth`"
        }
        (Capability::EventsHook, false) => {
            "an events hook's body, which sees `templateVariables`, `formVariables`, `link` and `timestamp`"
        }
        (Capability::Approval, false) => {
            "an approval's body, which sees the request, `environmentFormVariables` and `approvalFormVariables`"
        }
        (Capability::Approval, true) if is_before_the_id(&template.pointer) => {
            "asked before there is an approval, so that it sees form variables by their keys, `environment` and `oauth`"
        }
        (Capability::Approval, true) => {
            "an approval's address or header, which sees form variables by their keys, `environment`, `context` and `oauth`"
        }
        (Capability::FeatureStore, _) => {
            "a feature store's request, which sees form variables by their keys, `_featureStoreKey`, `envId` and `oauth`"
        }
        (Capability::ButtonAction, false) => "a button's body, which sees what its `requiredContext` lists",
        (Capability::SyncedSegment, _) => "a synced segment's answer, which sees `requestBody` and what came of it",
        (Capability::FlagLink, _) => "a flag link, which sees `deepLink` and `metadata`",
        _ => "an address or header, which sees form variables by their keys and `oauth`",
    };
    let elsewhere = match (capability, template.role) {
        (Capability::Approval, TemplateRole::JsonBody) => not_in_approval_bodies(manifest, &root),
        _ => Vec::new(),
    };
    Some(Scope { root, elsewhere, place })
}

/// Whether an approval's request is sent while the other tool has given no id yet.
fn is_before_the_id(pointer: &str) -> bool {
    ["creationRequest/endpoint/", "memberListRequest/endpoint/"]
        .iter()
        .any(|request| pointer.strip_prefix("/capabilities/approval/").is_some_and(|rest| rest.starts_with(request)))
}

/// What an approval's addresses see, and hooks, and its bodies do not.
fn not_in_approval_bodies(manifest: &Manifest, body: &Shape) -> Vec<String> {
    let approval = manifest.capabilities.as_ref().and_then(|capabilities| capabilities.approval.as_ref());
    let own = approval.into_iter().flat_map(|approval| &approval.approval_form_variables);
    let keys = manifest.form_variables.iter().chain(environment_variables(manifest)).chain(own);
    ["formVariables", "environment", "oauth", "context"]
        .into_iter()
        .chain(keys.map(|variable| variable.key.as_str()))
        .filter(|name| !matches!(body.member(name), Member::Known(_)))
        .map(str::to_owned)
        .collect()
}

/// Whose template it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Capability {
    AuditLogEventsHook,
    EventsHook,
    Approval,
    FeatureStore,
    ButtonAction,
    SyncedSegment,
    FlagLink,
    FlagImport,
    DynamicOptions,
}

impl Capability {
    /// By the template's pointer in the manifest.
    pub(crate) fn of(pointer: &str) -> Option<Capability> {
        if pointer.contains("/dynamicOptions/") {
            return Some(Capability::DynamicOptions);
        }
        match pointer.strip_prefix("/capabilities/")?.split('/').next()? {
            "auditLogEventsHook" => Some(Capability::AuditLogEventsHook),
            "eventsHook" => Some(Capability::EventsHook),
            "approval" => Some(Capability::Approval),
            "featureStore" => Some(Capability::FeatureStore),
            "buttonAction" => Some(Capability::ButtonAction),
            "syncedSegment" => Some(Capability::SyncedSegment),
            "flagLink" => Some(Capability::FlagLink),
            "flagImport" => Some(Capability::FlagImport),
            _ => None,
        }
    }
}

/// The form variables whose keys stand at the root of a capability's addresses and headers.
pub(crate) fn main_and_own(manifest: &Manifest, capability: Capability) -> impl Iterator<Item = &FormVariable> {
    let capabilities = manifest.capabilities.as_ref();
    let store = capabilities.and_then(|capabilities| capabilities.feature_store.as_ref());
    let approval = capabilities.and_then(|capabilities| capabilities.approval.as_ref());
    let store = store.filter(|_| matches!(capability, Capability::FeatureStore | Capability::DynamicOptions));
    // The choices of an approval's own field may be fetched with what stands beside it.
    let approval = approval.filter(|_| capability == Capability::DynamicOptions);
    manifest.form_variables.iter().chain(store.into_iter().flat_map(|store| &store.form_variables)).chain(
        approval
            .into_iter()
            .flat_map(|approval| approval.environment_form_variables.iter().chain(&approval.approval_form_variables)),
    )
}

/// The form variables filled in per environment, in an approval's addresses `environment.<key>`.
pub(crate) fn environment_variables(manifest: &Manifest) -> &[FormVariable] {
    let approval = manifest.capabilities.as_ref().and_then(|capabilities| capabilities.approval.as_ref());
    approval.map_or(&[], |approval| &approval.environment_form_variables)
}

fn form<'a>(variables: impl IntoIterator<Item = &'a FormVariable>) -> Vec<(Cow<'static, str>, Shape)> {
    variables.into_iter().map(|variable| (Cow::Owned(variable.key.clone()), of_variable(variable))).collect()
}

fn of_variable(variable: &FormVariable) -> Shape {
    match variable.kind {
        FormVariableType::String => Shape::FreeText,
        FormVariableType::Boolean => Shape::Bool,
        FormVariableType::Multiselect | FormVariableType::EnvironmentSelector => Shape::list(Shape::Text),
        FormVariableType::Oauth | FormVariableType::Unknown => Shape::Any,
        _ => Shape::Text,
    }
}

fn oauth() -> Shape {
    Shape::object([("baseURI", Shape::Text), ("accessToken", Shape::Text)])
}

fn body_form(manifest: &Manifest) -> Shape {
    let mut members = form(&manifest.form_variables);
    members.push((Cow::Borrowed("oauth"), oauth()));
    Shape::object(members)
}

fn events_hook_body(manifest: &Manifest) -> Shape {
    let variables = Shape::open([
        ("measuredRolloutDedupKey", Shape::Text),
        ("measuredRolloutFlagName", Shape::FreeText),
        ("projKey", Shape::Text),
        ("envKey", Shape::Text),
        ("flagKey", Shape::Text),
        ("tags", Shape::list(Shape::Text)),
        ("errorMonitoringDedupKey", Shape::Text),
        ("errorMessage", Shape::FreeText),
    ]);
    Shape::object([
        ("formVariables", body_form(manifest)),
        ("templateVariables", variables),
        ("link", Shape::Text),
        ("timestamp", Shape::Text),
    ])
}

/// What an approval's bodies were seen to use; there may be more.
fn approval_body(manifest: &Manifest) -> Shape {
    use Shape::{FreeText, Text};
    let approval = manifest.capabilities.as_ref().and_then(|capabilities| capabilities.approval.as_ref());
    let link = || Shape::object([("href", Text), ("type", Text)]);
    let said = || Shape::open([("plainText", FreeText), ("markdown", FreeText), ("html", FreeText)]);
    let thing = || [("name", FreeText), ("key", Text), ("tags", Shape::list(Text))];
    let project = Shape::open(thing().into_iter().chain([("environment", Shape::open(thing()))]));
    let member = [("_id", Text), ("email", Text), ("emailLocalPart", Text), ("displayName", FreeText)];
    let names = [("firstName", FreeText), ("lastName", FreeText), ("externalId", Text)];
    let time = [("milliseconds", Shape::Number), ("seconds", Shape::Number), ("rfc3339", Text), ("simple", Text)];
    let own = form(approval.map_or(&[][..], |approval| &approval.approval_form_variables));
    let more = approval.is_some_and(|approval| approval.allow_additional_approval_form_variables);
    let approval_form = if more { Shape::open(own) } else { Shape::object(own) };
    let environment_form = Shape::object(form(environment_variables(manifest)));
    Shape::open([
        ("approvalId", Text),
        ("_links", Shape::open([("approval", link()), ("history", link())])),
        ("title", said().with([(Cow::Borrowed("member"), Shape::Any)])),
        ("details", said()),
        ("timestamp", Shape::open(time)),
        ("project", project),
        ("flag", Shape::open(thing())),
        ("member", Shape::open(member.into_iter().chain(names))),
        ("approvalDescription", FreeText),
        ("comment", FreeText),
        ("customProperties", Shape::Map(Shape::open([("name", FreeText), ("values", Shape::list(FreeText))]).into())),
        ("creationResponseBody", Shape::Any),
        ("environmentFormVariables", environment_form),
        ("approvalFormVariables", approval_form),
    ])
}

fn button_body(manifest: &Manifest, pointer: &str) -> Shape {
    let capabilities = manifest.capabilities.as_ref();
    let index = pointer.split('/').nth_back(1).and_then(|index| index.parse::<usize>().ok());
    let body = capabilities
        .and_then(|capabilities| capabilities.button_action.as_ref())
        .and_then(|action| action.request_body_templates.get(index?));
    let context = body.map(|body| body.required_context.as_slice()).unwrap_or_default();
    Shape::object(context.iter().map(|name| (name.clone(), Shape::Any)))
}

fn segment_answer() -> Shape {
    Shape::object([
        ("requestBody", Shape::Any),
        ("statusCode", Shape::Number),
        ("errorMessage", Shape::FreeText),
        ("projectKey", Shape::Text),
        ("environmentKey", Shape::Text),
        ("segmentKey", Shape::Text),
        ("segmentUrl", Shape::Text),
    ])
}

fn flag_link(manifest: &Manifest) -> Shape {
    let link = manifest.capabilities.as_ref().and_then(|capabilities| capabilities.flag_link.as_ref());
    let metadata = link.and_then(|link| link.metadata.as_ref());
    let declared = metadata.into_iter().flat_map(|metadata| metadata.keys().map(|key| (key.clone(), Shape::FreeText)));
    Shape::object([("deepLink", Shape::Text), ("metadata", Shape::object(declared))])
}

/// The fields of events: those every platform has, and those that the samples have besides.
pub(crate) fn event_fields<'v>(events: impl IntoIterator<Item = &'v crate::value::Value<'v>>) -> Shape {
    let mut shape = event_shape();
    for event in events {
        shape.learn(event);
    }
    shape
}
