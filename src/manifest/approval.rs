//! Approvals: a change waits until another tool says yes.

use super::lenient::noun;
use super::{Endpoint, FormVariable};

noun! {
    /// The requests that create, follow and close an approval in another tool.
    pub struct Approval {
        /// What this kind of approval is called.
        pub name: Option<String>,
        /// Form variables filled in per environment.
        pub environment_form_variables: Vec<FormVariable>,
        /// Form variables filled in per approval.
        pub approval_form_variables: Vec<FormVariable>,
        /// Whether administrators may add form variables of their own.
        pub allow_additional_approval_form_variables: bool,
        /// Whether several configurations may be used side by side.
        pub allow_approval_integration_configurations: bool,
        /// Sent when an approval is asked for.
        pub creation_request: Option<ApprovalRequest>,
        /// Sent to learn how it stands.
        pub status_request: Option<ApprovalRequest>,
        /// Sent after the change was applied.
        pub post_apply_request: Option<ApprovalRequest>,
        /// Sent when the request is withdrawn.
        pub deletion_request: Option<ApprovalRequest>,
        /// Fetches the members of the other tool.
        pub member_list_request: Option<MemberListRequest>,
    }
}

noun! {
    /// One request of an approval's life.
    pub struct ApprovalRequest {
        /// Where it goes.
        pub endpoint: Endpoint,
        /// Template of its JSON body.
        pub json_body: Option<String>,
        /// How the answer is read.
        pub parser: Option<ApprovalParser>,
    }
}

noun! {
    /// Reads an approval out of a JSON answer: pointers and regular expressions.
    pub struct ApprovalParser {
        /// Pointer to the approval's id in the other tool.
        pub approval_id: Option<String>,
        /// Pointer to its status.
        pub status_value: Option<String>,
        /// Pointer to the status as people read it.
        pub status_display: Option<String>,
        /// A status that matches this is an approval.
        pub approval_matcher: Option<String>,
        /// A status that matches this is a rejection.
        pub rejection_matcher: Option<String>,
        /// Template of the approval's address for people.
        pub url_template: Option<String>,
    }
}

noun! {
    /// Fetches the members of the other tool, to be joined by e-mail.
    pub struct MemberListRequest {
        /// Where they are fetched.
        pub endpoint: Endpoint,
        /// Template of the request's JSON body.
        pub json_body: Option<String>,
        /// How the answer is read.
        pub parser: Option<MemberListParser>,
    }
}

noun! {
    /// Reads members out of a JSON answer.
    pub struct MemberListParser {
        /// Pointer to the list.
        pub member_array_path: String,
        /// Pointers within each member.
        pub member_items: MemberItems,
    }
}

noun! {
    /// Pointers within one member.
    pub struct MemberItems {
        /// To the e-mail address.
        pub email: String,
        /// To the other tool's id.
        pub member_id: String,
    }
}
