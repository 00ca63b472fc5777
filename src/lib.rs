//! flagpost turns change events of feature-flag platforms into the requests that other tools expect.
//!
//! Data walks one way: load, validate, match, render, deliver. Each room is one line here and one page in
//! `ARCHITECTURE.md`.

pub mod catalog;
pub mod checks;
#[cfg(not(fuzzing))]
pub mod cli;
pub mod delivery;
pub mod dispatch;
pub mod event;
pub mod finding;
pub mod form;
pub mod manifest;
pub mod outbound;
pub mod policy;
pub mod render;
pub mod secret;
#[cfg(not(fuzzing))]
pub mod server;
#[cfg(not(fuzzing))]
pub mod service;
pub mod source;
#[cfg(not(fuzzing))]
pub mod store;
pub mod value;
#[cfg(not(fuzzing))]
pub mod vault;
