//! How long the parts of an attempt take, as far as they can be seen from around the client.

use std::cell::RefCell;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

/// How long the parts of an attempt took. What was not needed or not reached is `None`: a connection that was kept
/// open needs no name and no handshake.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Phases {
    /// Looking the name up.
    pub resolve: Option<Duration>,
    /// Connecting, with the TLS handshake where there is one.
    pub connect: Option<Duration>,
    /// From the start to the answer's head.
    pub first_byte: Option<Duration>,
    /// Everything.
    pub total: Option<Duration>,
}

/// Where the parts of one attempt are noted down.
pub(super) type Notes = Arc<Mutex<Phases>>;

tokio::task_local! {
    /// The attempt that this task is at.
    static ATTEMPT: RefCell<Notes>;
}

/// Does the work of an attempt; whatever it connects meanwhile is noted.
pub(super) async fn noting<T>(notes: &Notes, work: impl Future<Output = T>) -> T {
    ATTEMPT.scope(RefCell::new(Arc::clone(notes)), work).await
}

/// The notes of the attempt that this task is at, if it is at one.
pub(super) fn current() -> Option<Notes> {
    ATTEMPT.try_with(|notes| Arc::clone(&notes.borrow())).ok()
}

pub(super) fn note(notes: Option<&Notes>, write: impl FnOnce(&mut Phases)) {
    if let Some(notes) = notes {
        write(&mut notes.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

/// Measures what connects.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct MeasureConnect;

impl<S> tower::Layer<S> for MeasureConnect {
    type Service = Measured<S>;

    fn layer(&self, inner: S) -> Measured<S> {
        Measured { inner }
    }
}

#[derive(Debug, Clone)]
pub(super) struct Measured<S> {
    inner: S,
}

impl<S, R> tower::Service<R> for Measured<S>
where
    S: tower::Service<R>,
    S::Future: Send + 'static,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: R) -> Self::Future {
        let notes = current();
        let started = Instant::now();
        let connecting = self.inner.call(request);
        Box::pin(async move {
            let connected = connecting.await;
            note(notes.as_ref(), |phases| {
                // The name is looked up on the way.
                let resolved = phases.resolve.unwrap_or_default();
                phases.connect = Some(started.elapsed().saturating_sub(resolved));
            });
            connected
        })
    }
}
