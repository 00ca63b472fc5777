//! Buttons that send a request.

use super::Endpoint;
use super::lenient::noun;

noun! {
    /// A request for each button that a member can press.
    pub struct ButtonAction {
        /// Where every one of them goes.
        pub action_request: ActionRequest,
        /// The body by button.
        pub request_body_templates: Vec<RequestBodyTemplate>,
    }
}

noun! {
    /// Where a button's request goes.
    pub struct ActionRequest {
        /// The endpoint.
        pub endpoint: Endpoint,
    }
}

noun! {
    /// The body of one button's request.
    pub struct RequestBodyTemplate {
        /// The button.
        pub key: String,
        /// Template of the JSON body.
        pub json_body: String,
        /// Names the template needs.
        pub required_context: Vec<String>,
    }
}
