//! Every template of a manifest, by the pointer of the string that is one, or that names a file.

use super::{ManifestSource, TemplateRole};
use crate::manifest::{Endpoint, FormVariable, Manifest};

/// A string of the manifest that is a template, or the path of one.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Mention<'m> {
    pub(super) pointer: String,
    pub(super) role: TemplateRole,
    pub(super) text: &'m str,
    /// Whether `text` is the path of a file.
    pub(super) is_path: bool,
}

/// Lists every template that the manifest mentions, in the order of the format.
pub(super) fn mentions<'m>(manifest: &'m Manifest, source: &ManifestSource) -> Vec<Mention<'m>> {
    let mut list = List { mentions: Vec::new() };
    list.form_variables("/formVariables", &manifest.form_variables);
    let Some(capabilities) = &manifest.capabilities else { return list.mentions };
    if let Some(hook) = &capabilities.audit_log_events_hook {
        let at = "/capabilities/auditLogEventsHook";
        list.optional_endpoint(at, hook.endpoint.as_ref());
        for (kind, path) in hook.templates.named() {
            list.path(format!("{at}/templates/{kind}"), TemplateRole::HookBody(kind), path);
        }
    }
    if let Some(approval) = &capabilities.approval {
        let at = "/capabilities/approval";
        list.form_variables(&format!("{at}/environmentFormVariables"), &approval.environment_form_variables);
        list.form_variables(&format!("{at}/approvalFormVariables"), &approval.approval_form_variables);
        for (name, request) in [
            ("creationRequest", &approval.creation_request),
            ("statusRequest", &approval.status_request),
            ("postApplyRequest", &approval.post_apply_request),
            ("deletionRequest", &approval.deletion_request),
        ] {
            let Some(request) = request else { continue };
            let at = format!("{at}/{name}");
            list.endpoint(&at, &request.endpoint);
            list.optional(format!("{at}/jsonBody"), TemplateRole::JsonBody, request.json_body.as_deref());
            let address = request.parser.as_ref().and_then(|parser| parser.url_template.as_deref());
            list.optional(format!("{at}/parser/urlTemplate"), TemplateRole::Url, address);
        }
        if let Some(request) = &approval.member_list_request {
            let at = format!("{at}/memberListRequest");
            list.endpoint(&at, &request.endpoint);
            list.optional(format!("{at}/jsonBody"), TemplateRole::JsonBody, request.json_body.as_deref());
        }
    }
    if let Some(store) = &capabilities.feature_store {
        let at = "/capabilities/featureStore";
        list.form_variables(&format!("{at}/formVariables"), &store.form_variables);
        let request = &store.feature_store_request;
        list.endpoint(&format!("{at}/featureStoreRequest"), &request.endpoint);
        for (name, text) in [("payloadPrefix", &request.payload_prefix), ("payloadSuffix", &request.payload_suffix)] {
            list.optional(format!("{at}/featureStoreRequest/{name}"), TemplateRole::Payload, text.as_deref());
        }
        if let Some(request) = &store.validation_request {
            list.endpoint(&format!("{at}/validationRequest"), &request.endpoint);
        }
    }
    if let Some(segment) = &capabilities.synced_segment {
        let pointer = "/capabilities/syncedSegment/jsonResponseBody".to_owned();
        list.optional(pointer, TemplateRole::JsonBody, segment.json_response_body.as_deref());
    }
    if let Some(link) = &capabilities.flag_link {
        list.flag_link("/capabilities/flagLink/uiBlocks", &link.ui_blocks);
    }
    if let Some(hook) = &capabilities.events_hook {
        let at = "/capabilities/eventsHook";
        list.optional_endpoint(at, hook.endpoint.as_ref());
        let templates = &hook.templates;
        for (name, path) in [
            ("measuredRolloutRegressionDetected", &templates.measured_rollout_regression_detected),
            ("measuredRolloutReverted", &templates.measured_rollout_reverted),
            ("errorMonitoringNewIssueFound", &templates.error_monitoring_new_issue_found),
        ] {
            list.optional_path(format!("{at}/templates/{name}"), TemplateRole::EventsHookBody, path.as_deref());
        }
    }
    if let Some(button) = &capabilities.button_action {
        let at = "/capabilities/buttonAction";
        list.endpoint(&format!("{at}/actionRequest"), &button.action_request.endpoint);
        for (index, body) in button.request_body_templates.iter().enumerate() {
            let pointer = format!("{at}/requestBodyTemplates/{index}/jsonBody");
            list.text(pointer, TemplateRole::JsonBody, &body.json_body);
        }
    }
    if let Some(templates) = capabilities.flag_import.as_ref().and_then(|import| import.templates.as_ref()) {
        for (name, path) in [
            ("splitOverview", &templates.split_overview),
            ("splitDetails", &templates.split_details),
            ("statsig", &templates.statsig),
        ] {
            let pointer = format!("/capabilities/flagImport/templates/{name}");
            list.optional_path(pointer, TemplateRole::FlagImport, path.as_deref());
        }
    }
    if let Some(cleanup) = &capabilities.flag_cleanup {
        list.form_variables("/capabilities/flagCleanup/formVariables", &cleanup.form_variables);
    }
    // A string of the wrong type is read as an empty one: only what is there is a template.
    list.mentions.retain(|mention| {
        mention.text == source.json.pointer(&mention.pointer).and_then(serde_json::Value::as_str).unwrap_or("\0")
            && !source.is_guessed(&mention.pointer)
    });
    list.mentions
}

struct List<'m> {
    mentions: Vec<Mention<'m>>,
}

impl<'m> List<'m> {
    fn text(&mut self, pointer: String, role: TemplateRole, text: &'m str) {
        self.mentions.push(Mention { pointer, role, text, is_path: false });
    }

    fn optional(&mut self, pointer: String, role: TemplateRole, text: Option<&'m str>) {
        if let Some(text) = text {
            self.text(pointer, role, text);
        }
    }

    fn path(&mut self, pointer: String, role: TemplateRole, path: &'m str) {
        self.mentions.push(Mention { pointer, role, text: path, is_path: true });
    }

    fn optional_path(&mut self, pointer: String, role: TemplateRole, path: Option<&'m str>) {
        if let Some(path) = path {
            self.path(pointer, role, path);
        }
    }

    fn optional_endpoint(&mut self, around: &str, endpoint: Option<&'m Endpoint>) {
        if let Some(endpoint) = endpoint {
            self.endpoint(around, endpoint);
        }
    }

    /// The endpoint of the request at `around`.
    fn endpoint(&mut self, around: &str, endpoint: &'m Endpoint) {
        self.text(format!("{around}/endpoint/url"), TemplateRole::Url, &endpoint.url);
        for (index, header) in endpoint.headers.iter().flatten().enumerate() {
            let pointer = format!("{around}/endpoint/headers/{index}/value");
            self.text(pointer, TemplateRole::HeaderValue, &header.value);
        }
    }

    fn form_variables(&mut self, at: &str, variables: &'m [FormVariable]) {
        for (index, variable) in variables.iter().enumerate() {
            if let Some(options) = &variable.dynamic_options {
                self.endpoint(&format!("{at}/{index}/dynamicOptions"), &options.endpoint);
            }
        }
    }

    fn flag_link(&mut self, at: &str, blocks: &'m crate::manifest::UiBlocks) {
        let role = TemplateRole::FlagLink;
        if let Some(image) = &blocks.image {
            self.text(format!("{at}/image/sourceUrl"), role, &image.source_url);
        }
        self.optional(format!("{at}/name"), role, blocks.name.as_deref());
        self.optional(format!("{at}/description"), role, blocks.description.as_deref());
        let title = blocks.title.iter().flat_map(|title| &title.elements);
        let context = blocks.context.iter().flat_map(|context| &context.elements);
        let lines = title.enumerate().map(|element| ("title", element));
        for (line, (index, element)) in lines.chain(context.enumerate().map(|element| ("context", element))) {
            self.text(format!("{at}/{line}/elements/{index}/text"), role, &element.text);
            self.optional(format!("{at}/{line}/elements/{index}/url"), role, element.url.as_deref());
        }
    }
}
