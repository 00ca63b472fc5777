//! The parts of a manifest that many rules walk over, each with its JSON pointer: forms, endpoints, pointers
//! into answers, regular expressions.

use crate::manifest::{
    ApprovalParser, Endpoint, FormVariable, Manifest, MemberListParser, OptionsParser, RequestParser, ValidationParser,
};

/// One list of form variables.
#[derive(Debug, Clone, Copy)]
pub(super) struct Form<'a> {
    /// What the manifest calls it, and `dependsOn` too: `formVariables`, `approvalFormVariables`, …
    pub(super) name: &'static str,
    /// JSON pointer of the list.
    pub(super) pointer: &'static str,
    /// What is in it.
    pub(super) variables: &'a [FormVariable],
}

impl<'a> Form<'a> {
    /// Each variable with its JSON pointer.
    pub(super) fn placed(self) -> impl Iterator<Item = (String, &'a FormVariable)> {
        self.variables.iter().enumerate().map(move |(index, variable)| (format!("{}/{index}", self.pointer), variable))
    }
}

/// Pointer of the integration's own form.
pub(super) const MAIN_FORM: &str = "/formVariables";

/// Every form of a manifest.
pub(super) fn forms(manifest: &Manifest) -> Vec<Form<'_>> {
    let mut forms = vec![Form { name: "formVariables", pointer: MAIN_FORM, variables: &manifest.form_variables }];
    let Some(capabilities) = &manifest.capabilities else { return forms };
    if let Some(approval) = &capabilities.approval {
        forms.push(Form {
            name: "environmentFormVariables",
            pointer: "/capabilities/approval/environmentFormVariables",
            variables: &approval.environment_form_variables,
        });
        forms.push(Form {
            name: "approvalFormVariables",
            pointer: "/capabilities/approval/approvalFormVariables",
            variables: &approval.approval_form_variables,
        });
    }
    if let Some(store) = &capabilities.feature_store {
        forms.push(Form {
            name: "formVariables",
            pointer: "/capabilities/featureStore/formVariables",
            variables: &store.form_variables,
        });
    }
    if let Some(cleanup) = &capabilities.flag_cleanup {
        forms.push(Form {
            name: "formVariables",
            pointer: "/capabilities/flagCleanup/formVariables",
            variables: &cleanup.form_variables,
        });
    }
    forms
}

/// Every endpoint of every capability and form variable, with its JSON pointer.
pub(super) fn endpoints(manifest: &Manifest) -> Vec<(String, &Endpoint)> {
    let mut endpoints: Vec<(String, &Endpoint)> = Vec::new();
    for form in forms(manifest) {
        for (pointer, variable) in form.placed() {
            if let Some(options) = &variable.dynamic_options {
                endpoints.push((format!("{pointer}/dynamicOptions/endpoint"), &options.endpoint));
            }
        }
    }
    let Some(capabilities) = &manifest.capabilities else { return endpoints };
    let mut add = Found(endpoints);
    if let Some(endpoint) = capabilities.audit_log_events_hook.as_ref().and_then(|hook| hook.endpoint.as_ref()) {
        add.at("auditLogEventsHook", endpoint);
    }
    if let Some(approval) = &capabilities.approval {
        let requests = [
            ("approval/creationRequest", &approval.creation_request),
            ("approval/statusRequest", &approval.status_request),
            ("approval/postApplyRequest", &approval.post_apply_request),
            ("approval/deletionRequest", &approval.deletion_request),
        ];
        for (pointer, request) in requests {
            if let Some(request) = request {
                add.at(pointer, &request.endpoint);
            }
        }
        if let Some(request) = &approval.member_list_request {
            add.at("approval/memberListRequest", &request.endpoint);
        }
    }
    if let Some(store) = &capabilities.feature_store {
        add.at("featureStore/featureStoreRequest", &store.feature_store_request.endpoint);
        if let Some(request) = &store.validation_request {
            add.at("featureStore/validationRequest", &request.endpoint);
        }
    }
    if let Some(endpoint) = capabilities.events_hook.as_ref().and_then(|hook| hook.endpoint.as_ref()) {
        add.at("eventsHook", endpoint);
    }
    if let Some(action) = &capabilities.button_action {
        add.at("buttonAction/actionRequest", &action.action_request.endpoint);
    }
    add.0
}

/// Endpoints as they are found.
struct Found<'a>(Vec<(String, &'a Endpoint)>);

impl<'a> Found<'a> {
    fn at(&mut self, request: &str, endpoint: &'a Endpoint) {
        self.0.push((format!("/capabilities/{request}/endpoint"), endpoint));
    }
}

/// Texts of a manifest with their JSON pointers.
#[derive(Default)]
struct Texts<'a>(Vec<(String, &'a str)>);

impl<'a> Texts<'a> {
    /// Adds the texts that are there. An empty one is either absent or points at the whole answer.
    fn add<const N: usize>(&mut self, pointer: &str, texts: [(&str, Option<&'a String>); N]) {
        for (key, text) in texts {
            if let Some(text) = text.filter(|text| !text.is_empty()) {
                self.0.push((format!("{pointer}/{key}"), text));
            }
        }
    }
}

/// Every JSON pointer into an answer or a pushed body, with its own pointer in the manifest.
pub(super) fn answer_pointers(manifest: &Manifest) -> Vec<(String, &str)> {
    let mut texts = Texts::default();
    for form in forms(manifest) {
        for (pointer, variable) in form.placed() {
            if let Some(options) = &variable.dynamic_options {
                let OptionsParser { options_path, options_items } = &options.parser;
                let parser = format!("{pointer}/dynamicOptions/parser");
                texts.add(&parser, [("optionsPath", Some(options_path))]);
                let items = format!("{parser}/optionsItems");
                texts.add(&items, [("label", Some(&options_items.label)), ("value", Some(&options_items.value))]);
            }
        }
    }
    let Some(capabilities) = &manifest.capabilities else { return texts.0 };
    for (pointer, parser) in approval_parsers(manifest) {
        texts.add(
            &pointer,
            [
                ("approvalId", parser.approval_id.as_ref()),
                ("statusValue", parser.status_value.as_ref()),
                ("statusDisplay", parser.status_display.as_ref()),
            ],
        );
    }
    let members = capabilities.approval.as_ref().and_then(|approval| approval.member_list_request.as_ref());
    if let Some(MemberListParser { member_array_path, member_items }) =
        members.and_then(|request| request.parser.as_ref())
    {
        let pointer = "/capabilities/approval/memberListRequest/parser";
        texts.add(pointer, [("memberArrayPath", Some(member_array_path))]);
        let items = [("email", Some(&member_items.email)), ("memberId", Some(&member_items.member_id))];
        texts.add(&format!("{pointer}/memberItems"), items);
    }
    if let Some(request) = capabilities.feature_store.as_ref().and_then(|store| store.validation_request.as_ref()) {
        let ValidationParser { success, errors } = &request.parser;
        let pointer = "/capabilities/featureStore/validationRequest/parser";
        texts.add(pointer, [("success", Some(success)), ("errors", errors.as_ref())]);
    }
    if let Some(parser) = capabilities.trigger.as_ref().and_then(|trigger| trigger.parser.as_ref()) {
        let pointer = "/capabilities/trigger/parser";
        let paths =
            [("eventName", parser.event_name.as_ref()), ("value", parser.value.as_ref()), ("url", parser.url.as_ref())];
        texts.add(pointer, paths);
    }
    if let Some(segment) = &capabilities.synced_segment {
        request_parser_pointers(&mut texts, &segment.request_parser);
    }
    texts.0
}

fn request_parser_pointers<'a>(texts: &mut Texts<'a>, parser: &'a RequestParser) {
    let pointer = "/capabilities/syncedSegment/requestParser";
    texts.add(
        pointer,
        [
            ("environmentIdPath", Some(&parser.environment_id_path)),
            ("contextKindPath", parser.context_kind_path.as_ref()),
            ("cohortIdPath", Some(&parser.cohort_id_path)),
            ("cohortNamePath", Some(&parser.cohort_name_path)),
            ("cohortUrlPath", parser.cohort_url_path.as_ref()),
            ("memberArrayPath", parser.member_array_path.as_ref()),
            ("addMemberArrayPath", parser.add_member_array_path.as_ref()),
            ("removeMemberArrayPath", parser.remove_member_array_path.as_ref()),
            ("arrayInclusion/path", parser.array_inclusion.as_ref().map(|inclusion| &inclusion.path)),
        ],
    );
    let member = &parser.member_array_parser;
    texts.add(
        &format!("{pointer}/memberArrayParser"),
        [
            ("memberIdPath", Some(&member.member_id_path)),
            ("booleanMembershipPath", member.boolean_membership_path.as_ref()),
            ("cohortNamePath", member.cohort_name_path.as_ref()),
            ("cohortIdPath", member.cohort_id_path.as_ref()),
        ],
    );
}

/// Every regular expression that is not empty, with its pointer in the manifest.
pub(super) fn regular_expressions(manifest: &Manifest) -> Vec<(String, &str)> {
    expressions(manifest).into_iter().filter(|(_, text)| !text.is_empty()).collect()
}

/// Pointers of the regular expressions that are empty, or not there at all.
pub(super) fn empty_expressions(manifest: &Manifest) -> Vec<String> {
    expressions(manifest).into_iter().filter(|(_, text)| text.is_empty()).map(|(pointer, _)| pointer).collect()
}

fn expressions(manifest: &Manifest) -> Vec<(String, &str)> {
    let mut found: Vec<(String, Option<&String>)> = Vec::new();
    for (pointer, parser) in approval_parsers(manifest) {
        found.push((format!("{pointer}/approvalMatcher"), parser.approval_matcher.as_ref()));
        found.push((format!("{pointer}/rejectionMatcher"), parser.rejection_matcher.as_ref()));
    }
    if let Some(capabilities) = &manifest.capabilities {
        if let Some(trigger) = &capabilities.trigger {
            let pointer = "/capabilities/trigger/testEventNameRegexp".to_owned();
            found.push((pointer, trigger.test_event_name_regexp.as_ref()));
        }
        let segment = capabilities.synced_segment.as_ref();
        if let Some(inclusion) = segment.and_then(|segment| segment.request_parser.array_inclusion.as_ref()) {
            let pointer = "/capabilities/syncedSegment/requestParser/arrayInclusion/matcher".to_owned();
            found.push((pointer, Some(&inclusion.matcher)));
        }
    }
    found.into_iter().filter_map(|(pointer, text)| Some((pointer, text?.as_str()))).collect()
}

/// The parser of each of an approval's requests.
fn approval_parsers(manifest: &Manifest) -> Vec<(String, &ApprovalParser)> {
    let approval = manifest.capabilities.as_ref().and_then(|capabilities| capabilities.approval.as_ref());
    let Some(approval) = approval else { return Vec::new() };
    [
        ("creationRequest", &approval.creation_request),
        ("statusRequest", &approval.status_request),
        ("postApplyRequest", &approval.post_apply_request),
        ("deletionRequest", &approval.deletion_request),
    ]
    .into_iter()
    .filter_map(|(key, request)| {
        let parser = request.as_ref()?.parser.as_ref()?;
        Some((format!("/capabilities/approval/{key}/parser"), parser))
    })
    .collect()
}
