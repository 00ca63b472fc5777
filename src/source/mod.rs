//! Takes what a platform sends, and gives the events that templates read.
//!
//! A file a platform: its wire format and its signature in, [`IncomingEvent`]s out. Every source verifies,
//! bounds what it reads, keeps the exact bytes, and says of each entry that it could not use why not. One
//! pure call does all of it: [`Source::receive`]. This room matches no policy, delivers nothing, stores
//! nothing, opens no connection and asks no clock.

mod access;
mod atlassian;
mod batch;
mod cef;
mod configuration;
mod context;
mod generic;
mod inflate;
mod jwks;
mod konnect;
mod launchdarkly;
mod lines;
mod mapping;
mod markdown;
mod members;
mod mistake;
mod moment;
mod reading;
mod redact;
mod rejection;
mod settings;
mod split;
mod split_admin;
mod told;
mod verify;

pub use batch::{Batch, EntryFailure, IncomingEvent, Request};
pub use configuration::{Limits, SignatureEncoding, SignatureSettings, SourceConfiguration, SourceKind};
pub use mapping::{Field, FieldRule, Mapping};
pub use mistake::{ConfigurationError, ConfigurationMistake};
pub use reading::Source;
pub use rejection::{Rejection, RejectionKind};
pub use verify::Verification;
