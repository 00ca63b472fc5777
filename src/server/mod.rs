//! The engine over HTTP: extract, call, answer.
//!
//! `router` is the table of contents, then a file a resource. The only room that knows our status codes. It holds no
//! logic of its own, opens no file, and no answer of it holds a secret. Pages of other origins get nothing: there is
//! no CORS header in any answer.

mod access;
mod audit_log_webhook;
mod books;
mod deliveries;
mod events;
mod extract;
mod health;
mod integrations;
mod journal;
mod limits;
mod listening;
mod lists;
mod metrics;
mod openapi;
mod policy;
mod problem;
mod repeats;
mod replays;
mod router;
mod seldom;
mod sources;
mod state;
mod subscriptions;
mod tail;
pub mod tokens;
mod told;
mod watch;
mod webhook_words;

use std::sync::Arc;
use std::time::Duration;

pub use deliveries::states;
pub use extract::moment;
pub use journal::Journal;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::service::{Clock, Service};
use crate::store::Store;

/// How the server runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Bytes of a request's body; sources have their own limit.
    pub body_bytes: usize,
    /// How long a request may take.
    pub request: Duration,
    /// Requests that are worked on at once.
    pub requests_at_once: usize,
    /// Connections that are open at once; more wait.
    pub connections: usize,
    /// How long a client may take for the head of a request, counted from the answer before it.
    pub head: Duration,
    /// How long a connection stays open on which nothing is read or written.
    pub idle: Duration,
    /// Requests a second of one client of the API; zero for no limit.
    pub requests_per_second: u32,
    /// Ingest requests a second of one source; zero for no limit.
    pub events_per_second: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            body_bytes: 1 << 20,
            request: Duration::from_secs(30),
            requests_at_once: 512,
            connections: 4096,
            head: Duration::from_secs(10),
            idle: Duration::from_secs(120),
            requests_per_second: 100,
            events_per_second: 0,
        }
    }
}

/// What a server is made of.
pub struct Parts {
    /// The engine.
    pub service: Arc<Service>,
    /// The store, for tokens.
    pub store: Arc<dyn Store>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// How it runs.
    pub settings: Settings,
    /// What hears the engine; its numbers are the server's.
    pub journal: Journal,
    /// What was found wrong with the store's file, if anything was.
    pub damage: Box<dyn Fn() -> Option<String> + Send + Sync>,
}

/// Serves until `stop` is told, then lets the requests that are under way end; connections that ask for nothing are
/// closed at once.
///
/// # Errors
/// The listener's address cannot be told.
pub async fn serve(listener: TcpListener, parts: Parts, stop: CancellationToken) -> std::io::Result<()> {
    let address = listener.local_addr()?;
    let (routes, _) = router::router(state::Inside {
        doorkeeper: access::Doorkeeper::new(address),
        limits: limits::Limits::new(&parts.settings),
        metrics: parts.journal.metrics(),
        document: openapi::document(),
        refused: std::sync::Mutex::default(),
        repeats: Arc::default(),
        unavailable: seldom::Seldom::every(Duration::from_secs(1)),
        webhook: tokio::sync::Mutex::new(()),
        stopping: stop.clone(),
        sources: parts.service.sources(),
        service: parts.service,
        store: parts.store,
        clock: parts.clock,
        damage: parts.damage,
    });
    let bounded = listening::Bounded::new(listener, &parts.settings);
    listening::serve(bounded, routes, parts.settings.head, stop).await;
    Ok(())
}
