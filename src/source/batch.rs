//! What comes in, and what a source makes of it.

use sha2::{Digest, Sha256};

use crate::event::Access;

/// A request as it came, with what a source may ask of it.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// Headers as they came; names are compared without regard to case.
    pub headers: &'a [(&'a str, &'a [u8])],
    /// The `token` of the query string, for senders that can set no header.
    pub token: Option<&'a str>,
    /// The body, still packed if it was packed.
    pub body: &'a [u8],
    /// When it came, in milliseconds since 1970; the time of events that tell none.
    pub received_at_milliseconds: i64,
}

impl<'a> Request<'a> {
    /// Every value of a header.
    pub(super) fn values<'s>(&'s self, name: &'s str) -> impl Iterator<Item = &'a [u8]> + use<'a, 's> {
        self.headers.iter().filter(move |(header, _)| header.eq_ignore_ascii_case(name)).map(|(_, value)| *value)
    }
}

/// What a request held.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Batch {
    /// The entries that could be used, in the order they came.
    pub events: Vec<IncomingEvent>,
    /// The entries that could not, and why.
    pub failures: Vec<EntryFailure>,
}

/// One entry of a request that could not be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("entry {index} (line {line}): {reason}")]
pub struct EntryFailure {
    /// Which entry, from 0; blank lines do not count.
    pub index: usize,
    /// On which line of the unpacked body it starts, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub reason: String,
}

/// One event, ready to be kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IncomingEvent {
    /// The same for the same event, however often it is sent.
    pub id: String,
    /// The exact bytes of this entry. Only `split-admin` changes them: it masks secrets first.
    pub raw: Vec<u8>,
    /// SHA-256 of what makes the entry what it is: `raw`, for `konnect` without the signature. The same id
    /// with another digest is another event under the same name.
    pub digest: [u8; 32],
    /// The event as templates see it: a JSON object.
    pub context: Vec<u8>,
    /// What it touches. `None`: the context tells, and whoever matches derives it from there.
    pub targets: Option<Vec<Access<'static>>>,
    /// When it happened, in milliseconds since 1970.
    pub occurred_at_milliseconds: i64,
}

/// An entry as it stands in the body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry<'a> {
    pub(super) line: usize,
    pub(super) bytes: &'a [u8],
}

/// The entries of a body; in place of one that could not even be told apart, its line and what is wrong.
pub(super) type Entries<'a> = Vec<Result<Entry<'a>, (usize, String)>>;

/// What reading one entry gives: the event, or what is wrong with the entry.
pub(super) type EntryResult = Result<IncomingEvent, String>;

impl Batch {
    /// Reads entry after entry; one that cannot be used takes no other with it.
    pub(super) fn of<'a>(entries: Entries<'a>, read: impl Fn(&Entry<'a>) -> EntryResult) -> Batch {
        let mut batch = Batch::default();
        for (index, entry) in entries.into_iter().enumerate() {
            let (line, result) = match entry {
                Ok(entry) => (entry.line, read(&entry)),
                Err((line, reason)) => (line, Err(reason)),
            };
            match result {
                Ok(event) => batch.events.push(event),
                Err(reason) => batch.failures.push(EntryFailure { index, line, reason }),
            }
        }
        batch
    }
}

pub(super) fn digest(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}
