//! The helpers that templates may call, a file each. They are plain functions; `run` brings them their
//! arguments.

mod basic_auth_header_value;
mod edge_grid_auth;
mod encode;
mod format_with_offset;

pub(super) use basic_auth_header_value::basic_auth_header_value;
pub(super) use edge_grid_auth::{Credentials, edge_grid_auth};
pub(super) use encode::{path_encode, query_encode};
pub(super) use format_with_offset::{Formatted, format_with_offset};

use super::compiled::Helper;

/// Name and helper, in the order they are listed to users.
const HELPERS: [(&str, Helper); 13] = [
    ("if", Helper::If),
    ("unless", Helper::Unless),
    ("each", Helper::Each),
    ("with", Helper::With),
    ("lookup", Helper::Lookup),
    ("log", Helper::Log),
    ("equal", Helper::Equal),
    ("equalWithElse", Helper::Equal),
    ("pathEncode", Helper::PathEncode),
    ("queryEncode", Helper::QueryEncode),
    ("basicAuthHeaderValue", Helper::BasicAuthHeaderValue),
    ("formatWithOffset", Helper::FormatWithOffset),
    ("edgeGridAuth", Helper::EdgeGridAuth),
];

/// The names of all helpers.
pub fn helper_names() -> impl ExactSizeIterator<Item = &'static str> + Clone {
    HELPERS.iter().map(|(name, _)| *name)
}

/// The helper of that name.
pub(super) fn helper(name: &str) -> Option<Helper> {
    HELPERS.iter().find(|(known, _)| *known == name).map(|(_, helper)| *helper)
}

/// A helper that handlebars.js brings itself. It answers to its name even at the start of a longer path.
pub(super) fn built_in(name: &str) -> Option<Helper> {
    match name {
        "helperMissing" | "blockHelperMissing" => Some(Helper::Hook),
        "if" | "unless" | "each" | "with" | "lookup" | "log" => helper(name),
        _ => None,
    }
}

/// The helper whose name is most like `name`, when one is near enough to be meant.
pub(super) fn near_miss(name: &str) -> Option<&'static str> {
    if name.len() > 64 {
        return None;
    }
    helper_names()
        .map(|known| (strsim::damerau_levenshtein(&name.to_lowercase(), &known.to_lowercase()), known))
        .filter(|(distance, known)| *distance <= (known.len() / 3).max(1))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, known)| known)
}
