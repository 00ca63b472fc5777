//! How long the parts of an attempt take.

use std::cell::RefCell;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// How long the parts of an attempt took. What was not needed or not reached is `None`: a connection that was kept
/// open needs no name and no handshake.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Phases {
    /// Looking the name up.
    pub resolve: Option<Duration>,
    /// Connecting, until the other side has answered.
    pub connect: Option<Duration>,
    /// Agreeing on TLS.
    pub tls: Option<Duration>,
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
