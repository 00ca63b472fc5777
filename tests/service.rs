//! The running engine on real sockets: what comes in is delivered, or accounted for.

#[path = "service/between.rs"]
mod between;
mod receiver;
#[path = "service/support.rs"]
mod support;

#[path = "service/accounts.rs"]
mod accounts;
#[path = "service/changes.rs"]
mod changes;
#[path = "service/delivering.rs"]
mod delivering;
#[path = "service/faults.rs"]
mod faults;
#[path = "service/integrations.rs"]
mod integrations;
#[path = "service/lanes.rs"]
mod lanes;
#[path = "service/oauth.rs"]
mod oauth;
#[path = "service/pinning.rs"]
mod pinning;
#[path = "service/replays.rs"]
mod replays;
#[path = "service/secrets.rs"]
mod secrets;
#[path = "service/settling.rs"]
mod settling;
#[path = "service/subscriptions.rs"]
mod subscriptions;
#[path = "service/verdicts.rs"]
mod verdicts;
