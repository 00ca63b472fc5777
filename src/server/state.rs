//! What every handler is handed.

use std::ops::Deref;
use std::sync::Arc;

use super::access::Doorkeeper;
use super::limits::Limits;
use super::metrics::Metrics;
use crate::service::{Clock, Service, SourceView};
use crate::store::{Moment, Store};

/// What every handler is handed; cheap to clone.
#[derive(Clone)]
pub(super) struct App(Arc<Inside>);

/// What is in it.
pub(super) struct Inside {
    pub(super) service: Arc<Service>,
    pub(super) store: Arc<dyn Store>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) doorkeeper: Doorkeeper,
    pub(super) limits: Limits,
    pub(super) metrics: Metrics,
    /// The configured sources: they never change while it runs.
    pub(super) sources: Vec<SourceView>,
    pub(super) damage: Box<dyn Fn() -> Option<String> + Send + Sync>,
    pub(super) document: utoipa::openapi::OpenApi,
    /// Held while the one webhook is made, changed or removed.
    pub(super) webhook: tokio::sync::Mutex<()>,
    pub(super) stopping: tokio_util::sync::CancellationToken,
}

impl App {
    pub(super) fn new(inside: Inside) -> Self {
        App(Arc::new(inside))
    }
}

impl Inside {
    /// Now, as the store counts.
    pub(super) fn now(&self) -> Moment {
        let since = self.clock.now().duration_since(std::time::SystemTime::UNIX_EPOCH).unwrap_or_default();
        Moment::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }
}

impl Deref for App {
    type Target = Inside;

    fn deref(&self) -> &Inside {
        &self.0
    }
}
