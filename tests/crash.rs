//! The program killed with SIGKILL again and again: every acknowledged event arrives or is accounted for, none is lost,
//! and no more arrive twice than were in flight.
//!
//! Twenty deaths in every run; `FLAGPOST_TEST_DEATHS=100` makes it the long one.

#[path = "crash/migration.rs"]
mod migration;
#[path = "crash/support.rs"]
mod support;
#[path = "crash/traffic.rs"]
mod traffic;
