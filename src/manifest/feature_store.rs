//! Flag data kept in an edge store.

use super::lenient::noun;
use super::{Endpoint, FormVariable};

noun! {
    /// Writes an environment's flag data to a store at each change.
    pub struct FeatureStore {
        /// Form variables of its own.
        pub form_variables: Vec<FormVariable>,
        /// The request that writes.
        pub feature_store_request: FeatureStoreRequest,
        /// The request behind the "validate" button.
        pub validation_request: Option<ValidationRequest>,
    }
}

noun! {
    /// Writes flag data between a prefix and a suffix.
    pub struct FeatureStoreRequest {
        /// Where it goes.
        pub endpoint: Endpoint,
        /// Template of what stands before the data.
        pub payload_prefix: Option<String>,
        /// Template of what stands after it.
        pub payload_suffix: Option<String>,
    }
}

noun! {
    /// Asks whether the store can be reached.
    pub struct ValidationRequest {
        /// Where it goes.
        pub endpoint: Endpoint,
        /// How the answer is read.
        pub parser: ValidationParser,
    }
}

noun! {
    /// JSON pointers into the answer.
    pub struct ValidationParser {
        /// To a value that is truthy on success.
        pub success: String,
        /// To what went wrong.
        pub errors: Option<String>,
    }
}
