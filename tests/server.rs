//! The server over real sockets: doors, problems, ingest, secrets, the document that describes it.

#[path = "server/access.rs"]
mod access;
#[path = "service/between.rs"]
#[expect(dead_code, reason = "others stand in the way of more")]
mod between;
#[path = "server/described.rs"]
mod described;
#[path = "server/ingest.rs"]
mod ingest;
#[path = "server/kong.rs"]
mod kong;
#[path = "server/limits.rs"]
mod limits;
#[path = "server/management.rs"]
mod management;
#[path = "server/refused.rs"]
mod refused;
#[path = "server/support.rs"]
mod support;
