//! Every rule, a file each, and the one list of them.

mod approval_id;
mod blank_body;
mod body_of_get;
mod broken_json;
mod default_not_allowed;
mod default_type;
mod default_without_optional;
mod duplicate_button;
mod duplicate_form_key;
mod duplicate_property_key;
mod enum_without_values;
mod error_body_with_free_host;
mod failing_template;
mod flag_link_metadata;
mod header_name;
mod helper_arguments;
mod hmac_secret;
mod hook_without_templates;
mod idle_statement;
mod impossible_resource;
mod insecure_url;
mod invalid_pointer;
mod invalid_policy;
mod invalid_regex;
mod invalid_url;
mod line_break_in_header;
mod never_matching_policy;
mod no_capabilities;
mod oauth_key_taken;
mod oauth_missing;
mod optional_without_default;
mod overview_period;
mod policy_twins;
mod printed_object;
mod property_of_another_type;
mod reserved_form_key;
mod secret_in_signature_header;
mod secret_in_url;
mod secret_not_string;
mod secret_with_default;
mod standard_payload_with_templates;
mod synced_segment_members;
mod trailing_comma;
mod unbalanced_braces;
mod unencoded_url_value;
mod unguarded_variable;
mod unknown_action;
mod unknown_dependency;
mod unknown_helper;
mod unknown_variable;
mod unserved_kind;

use super::names::Reading;
use super::soundness::Break;
use super::{Rule, Scene, schema};
use crate::finding::Place;
use crate::policy::{Spot, Statement};
use crate::render::outline::Part;

/// What every rule needs.
mod prelude {
    pub(super) use crate::checks::{FindingExt, Rule, Scene};
    pub(super) use crate::finding::{Finding, Severity};
}

/// Every rule, in the order findings of one place are told.
pub fn rules() -> &'static [&'static dyn Rule] {
    &[
        &schema::Schema,
        &schema::Portable,
        &overview_period::OverviewPeriod,
        &no_capabilities::NoCapabilities,
        &duplicate_form_key::DuplicateFormKey,
        &reserved_form_key::ReservedFormKey,
        &enum_without_values::EnumWithoutValues,
        &default_type::DefaultType,
        &default_not_allowed::DefaultNotAllowed,
        &default_without_optional::DefaultWithoutOptional,
        &optional_without_default::OptionalWithoutDefault,
        &property_of_another_type::PropertyOfAnotherType,
        &secret_not_string::SecretNotString,
        &secret_with_default::SecretWithDefault,
        &unknown_dependency::UnknownDependency,
        &hook_without_templates::HookWithoutTemplates,
        &standard_payload_with_templates::StandardPayloadWithTemplates,
        &body_of_get::BodyOfGet,
        &invalid_policy::InvalidPolicy,
        &impossible_resource::ImpossibleResource,
        &policy_twins::PolicyTwins,
        &unknown_action::UnknownAction,
        &idle_statement::IdleStatement,
        &never_matching_policy::NeverMatchingPolicy,
        &unserved_kind::UnservedKind,
        &header_name::HeaderName,
        &hmac_secret::HmacSecret,
        &error_body_with_free_host::ErrorBodyWithFreeHost,
        &invalid_pointer::InvalidPointer,
        &invalid_regex::InvalidRegex,
        &approval_id::ApprovalId,
        &synced_segment_members::SyncedSegmentMembers,
        &flag_link_metadata::FlagLinkMetadata,
        &duplicate_button::DuplicateButton,
        &duplicate_property_key::DuplicatePropertyKey,
        &oauth_key_taken::OauthKeyTaken,
        &oauth_missing::OauthMissing,
        &unbalanced_braces::UnbalancedBraces,
        &unknown_helper::UnknownHelper,
        &helper_arguments::HelperArguments,
        &unknown_variable::UnknownVariable,
        &printed_object::PrintedObject,
        &secret_in_signature_header::SecretInSignatureHeader,
        &secret_in_url::SecretInUrl,
        &unencoded_url_value::UnencodedUrlValue,
        &invalid_url::InvalidUrl,
        &insecure_url::InsecureUrl,
        &line_break_in_header::LineBreakInHeader,
        &trailing_comma::TrailingComma,
        &broken_json::BrokenJson,
        &unguarded_variable::UnguardedVariable,
        &blank_body::BlankBody,
        &failing_template::FailingTemplate,
    ]
}

/// Pointer of the audit log hook's policy.
pub(super) const POLICY: &str = "/capabilities/auditLogEventsHook/defaultPolicy";

/// The statements of the hook's policy, as far as they can be read.
fn statements(scene: Scene<'_>) -> Vec<Statement> {
    let written = scene.integration.source.json.pointer(POLICY).and_then(serde_json::Value::as_array);
    written.map_or_else(Vec::new, |written| Statement::read_all(written).0)
}

/// Where a place in the policy stands in the manifest.
fn policy_place(scene: Scene<'_>, spot: &Spot) -> Place {
    let pointer = format!("{POLICY}{}", spot.pointer());
    match (&spot.within, spot.entry, &spot.key) {
        (Some(within), Some(_), _) => scene.integration.source.string_part_place(&pointer, within.clone()),
        (None, None, Some(_)) => scene.key(&pointer),
        _ => scene.value(&pointer),
    }
}

/// The kinds of events that have a template; nothing when every kind is served.
fn served_kinds(scene: Scene<'_>) -> Option<Vec<&str>> {
    let hook = scene.integration.manifest.hook()?;
    if hook.use_standard_webhook_payload || hook.templates.default.is_some() {
        return None;
    }
    Some(hook.templates.named().map(|(kind, _)| kind).filter(|kind| *kind != "validation").collect())
}

/// For which events a template breaks: `` when `tags` is an empty list``.
fn when(broken: &Break) -> String {
    let states: Vec<String> = broken.fields.iter().take(3).map(|(path, state)| format!("`{path}` {state}")).collect();
    match states.as_slice() {
        [] => String::new(),
        states => format!(" when {}", states.join(" and ")),
    }
}

/// Whether a byte of a template stands inside `each`.
fn is_in_loop(reading: &Reading<'_>, at: usize) -> bool {
    fn within(parts: &[Part], at: usize, looped: bool) -> Option<bool> {
        parts.iter().find_map(|part| match part {
            Part::Text(span) => (span.start <= at && at <= span.end).then_some(looped),
            Part::Value(call) => call.span.contains(&at).then_some(looped),
            Part::Block(block) => within(&block.body, at, looped || block.call.name() == Some("each"))
                .or_else(|| within(&block.inverse, at, looped)),
        })
    }
    within(&reading.parts, at, false).unwrap_or(false)
}
