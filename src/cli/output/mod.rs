//! How answers look: for people, programs, scanners and code reviews.

pub(super) mod findings;

mod github;
mod human;
mod json;
mod sarif;
mod texts;
