//! One suite for every store, run on each engine; and what only the engine on disk can be asked: crashes, old
//! versions, full disks.

#![expect(clippy::unwrap_used, reason = "a test stops where something is wrong")]

#[path = "store/support.rs"]
mod support;

#[path = "store/accepting.rs"]
mod accepting;
#[path = "store/configuration.rs"]
mod configuration;
#[path = "store/crash.rs"]
mod crash;
#[path = "store/lists.rs"]
mod lists;
#[path = "store/oracle.rs"]
mod oracle;
#[path = "store/queue.rs"]
mod queue;
#[path = "store/replays.rs"]
mod replays;
#[path = "store/sqlite.rs"]
mod sqlite;
#[path = "store/upkeep.rs"]
mod upkeep;
