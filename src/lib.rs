//! flagpost turns change events of feature-flag platforms into the requests that other tools expect.
//!
//! Data walks one way: load, validate, match, render, deliver. Each room is one line here and one page in
//! `ARCHITECTURE.md`.

pub mod catalog;
pub mod checks;
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
pub mod server;
pub mod service;
pub mod source;
pub mod store;
pub mod value;
pub mod vault;
