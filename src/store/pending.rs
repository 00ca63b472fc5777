//! An answer that is on its way.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::sync::oneshot;

use super::StoreError;

/// An answer that is on its way. Dropping it does not call the request back.
#[derive(Debug)]
#[must_use = "a request has happened once its answer says so"]
pub struct Pending<T>(oneshot::Receiver<Result<T, StoreError>>);

/// The other end of a [`Pending`].
pub(super) type Answer<T> = oneshot::Sender<Result<T, StoreError>>;

impl<T> Pending<T> {
    pub(super) fn channel() -> (Answer<T>, Self) {
        let (answer, pending) = oneshot::channel();
        (answer, Pending(pending))
    }

    /// An answer that is there already.
    pub fn ready(answer: Result<T, StoreError>) -> Self {
        let (sender, pending) = Self::channel();
        let _ = sender.send(answer); // the receiver is in our hands
        pending
    }

    /// Waits for the answer, blocking the thread: for programs and tests without a runtime.
    ///
    /// # Errors
    /// The request's own.
    ///
    /// # Panics
    /// When called from a task of an asynchronous runtime; `await` the answer there.
    pub fn wait(self) -> Result<T, StoreError> {
        self.0.blocking_recv().unwrap_or(Err(StoreError::Closed))
    }
}

impl<T> Future for Pending<T> {
    type Output = Result<T, StoreError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0).poll(context).map(|answer| answer.unwrap_or(Err(StoreError::Closed)))
    }
}
