//! Copies what was committed from the log into the file, beside everything else, so that no commit has to wait until
//! thousands of pages are copied.
//!
//! The log begins anew when everything in it was copied at a moment at which nobody writes. Where that moment never
//! comes, the writer copies the little that is left.

use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

use rusqlite::Connection;
use tokio::sync::watch;

/// How often it is done, as long as there are commits.
const EVERY: Duration = Duration::from_millis(200);

/// Pages in the log at which the writer does it itself: 64 MiB.
pub(super) const LEFT_TO_THE_WRITER: u32 = 16_384;

/// Runs until the other end of `ends` is gone.
pub(super) fn run(connection: &Connection, commits: &watch::Receiver<u64>, ends: &Receiver<()>) {
    let mut copied = 0;
    while let Err(RecvTimeoutError::Timeout) = ends.recv_timeout(EVERY) {
        let committed = *commits.borrow();
        if committed == copied {
            continue;
        }
        // What cannot be copied now is copied later, and at last by the writer, who tells what is in the way.
        let done = connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |row| {
            let (busy, in_log, in_file): (bool, i64, i64) = (row.get(0)?, row.get(1)?, row.get(2)?);
            Ok(!busy && in_log == in_file)
        });
        if done.is_ok_and(|done| done) {
            copied = committed;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{Options, SqliteStore, Store};

    #[test]
    fn the_log_is_copied_without_the_writer_doing_it() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("store.db");
        let store = SqliteStore::open(&file, Options { verify: false, ..Options::default() }).unwrap();
        let content = vec![b'x'; 1 << 20];
        let digest = store.put_integration(content.clone()).wait().unwrap();
        // The file itself grows though nobody asks for it.
        let grown = (0..2000).any(|_| {
            std::thread::sleep(Duration::from_millis(10));
            std::fs::metadata(&file).unwrap().len() >= 1 << 20
        });
        assert!(grown, "it was never copied");
        assert_eq!(store.integration(digest).wait().unwrap(), Some(content));
    }
}
