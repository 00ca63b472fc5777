//! What the engine's errors mean to those who asked.

use rusqlite::ErrorCode;

use crate::store::{StoreError, Unavailable};

/// Why a piece of work stopped.
#[derive(Debug)]
pub(super) enum Stop {
    /// It was refused before it wrote anything.
    Refused(StoreError),
    /// It failed; everything in its transaction is to be undone.
    Failed(StoreError),
}

impl From<rusqlite::Error> for Stop {
    fn from(error: rusqlite::Error) -> Self {
        Stop::Failed(store_error(&error))
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        store_error(&error)
    }
}

/// Full, read-only, busy and failing disks pass; everything else does not.
pub(super) fn store_error(error: &rusqlite::Error) -> StoreError {
    let kind = match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => Unavailable::Full,
        Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => Unavailable::ReadOnly,
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Unavailable::Busy,
        Some(ErrorCode::SystemIoFailure | ErrorCode::CannotOpen | ErrorCode::OutOfMemory) => Unavailable::Failing,
        _ => return StoreError::Damaged(error.to_string()),
    };
    StoreError::Unavailable { kind, detail: error.to_string() }
}

/// What keeps a file from being opened, or a thread from being started.
pub(super) fn io_error(error: &std::io::Error) -> StoreError {
    let kind = match error.kind() {
        std::io::ErrorKind::StorageFull => Unavailable::Full,
        std::io::ErrorKind::ReadOnlyFilesystem | std::io::ErrorKind::PermissionDenied => Unavailable::ReadOnly,
        _ => Unavailable::Failing,
    };
    StoreError::Unavailable { kind, detail: error.to_string() }
}
