//! What every handler is handed.

use std::ops::Deref;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::access::Doorkeeper;
use super::limits::Limits;
use super::metrics::Metrics;
use super::repeats::Repeats;
use super::seldom::Seldom;
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
    /// When the store last refused events, and why; nothing once it took some.
    pub(super) refused: Mutex<Option<(Duration, String)>>,
    /// Answers to requests that may come again.
    pub(super) repeats: Arc<Repeats>,
    /// When a 503 was told last.
    pub(super) unavailable: Seldom,
    /// Held while the one webhook is made, changed or removed.
    pub(super) webhook: tokio::sync::Mutex<()>,
    pub(super) stopping: tokio_util::sync::CancellationToken,
}

impl App {
    pub(super) fn new(inside: Inside) -> Self {
        App(Arc::new(inside))
    }
}

/// For how long a refusal of the store counts, when nothing has come since that could show that it works again.
const REFUSAL_COUNTS: Duration = Duration::from_secs(10);

impl Inside {
    /// Takes note of whether the store took events.
    pub(super) fn note_refusal(&self, why: Option<String>) {
        let refusal = why.map(|why| (self.clock.elapsed(), why));
        *self.refused.lock().unwrap_or_else(PoisonError::into_inner) = refusal;
    }

    /// Why the store refused events a moment ago, and has taken none since.
    pub(super) fn refusal(&self) -> Option<String> {
        let refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        let (at, why) = refused.as_ref()?;
        (self.clock.elapsed().saturating_sub(*at) < REFUSAL_COUNTS).then(|| why.clone())
    }

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
