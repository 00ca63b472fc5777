//! Cohorts of another tool that become segments.

use super::lenient::noun;

noun! {
    /// Takes cohorts that another tool pushes.
    pub struct SyncedSegment {
        /// Template of the answer's JSON body.
        pub json_response_body: Option<String>,
        /// How the pushed body is read.
        pub request_parser: RequestParser,
    }
}

noun! {
    /// JSON pointers into the pushed body.
    pub struct RequestParser {
        /// To the client-side id of the environment.
        pub environment_id_path: String,
        /// To the context kind; `user` when absent.
        pub context_kind_path: Option<String>,
        /// To the cohort's id.
        pub cohort_id_path: String,
        /// To the cohort's name.
        pub cohort_name_path: String,
        /// To the cohort's address in the other tool.
        pub cohort_url_path: Option<String>,
        /// To one list of members, added or removed by another rule.
        pub member_array_path: Option<String>,
        /// To the list of members to add.
        pub add_member_array_path: Option<String>,
        /// To the list of members to remove.
        pub remove_member_array_path: Option<String>,
        /// Decides for the whole list whether members are added.
        pub array_inclusion: Option<ArrayInclusion>,
        /// How one member is read.
        pub member_array_parser: MemberArrayParser,
    }
}

noun! {
    /// Decides for the whole list whether members are added.
    pub struct ArrayInclusion {
        /// Pointer to the deciding value.
        pub path: String,
        /// A value that matches this regular expression means added.
        pub matcher: String,
    }
}

noun! {
    /// JSON pointers within one member.
    pub struct MemberArrayParser {
        /// To the member's id.
        pub member_id_path: String,
        /// To a boolean that says whether it is in the cohort.
        pub boolean_membership_path: Option<String>,
        /// To a cohort name of its own.
        pub cohort_name_path: Option<String>,
        /// To a cohort id of its own.
        pub cohort_id_path: Option<String>,
    }
}
