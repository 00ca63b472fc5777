//! Real integrations load and validate.
