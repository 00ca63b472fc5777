//! The file: made for its owner alone, locked by the one process that works on it, opened with the settings that make
//! a commit last.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags};

use super::failure::io_error;
use super::{Options, backfill, schema};
use crate::store::StoreError;

/// Makes the file if there is none, and brings it to the newest form. That may need more room than is allowed for what
/// comes in, and room can only be made in a store that is open.
pub(super) fn prepare(path: &Path, options: &Options) -> Result<(), StoreError> {
    create_private(path)?;
    schema::migrate(&connect(path, &Options { most_bytes: None, ..options.clone() })?)
}

/// Opens a connection that writes.
pub(super) fn connect(path: &Path, options: &Options) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(options.patience)?;
    connection.set_prepared_statement_cache_capacity(128);
    // FULL: a commit returns once the log is on the disk, so what was acknowledged outlives a power cut.
    let settings = format!(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -{};
         PRAGMA temp_store = MEMORY; PRAGMA wal_autocheckpoint = {}; PRAGMA journal_size_limit = 67108864;",
        options.cache_kib,
        backfill::LEFT_TO_THE_WRITER,
    );
    connection.execute_batch(&settings)?;
    if let Some(bytes) = options.most_bytes {
        let size: u64 = connection.query_row("PRAGMA page_size", [], |row| row.get(0))?;
        connection.query_row(&format!("PRAGMA max_page_count = {}", (bytes / size).max(1)), [], |_| Ok(()))?;
    }
    Ok(connection)
}

/// Opens a connection that only looks.
pub(super) fn connect_reader(path: &Path, options: &Options) -> Result<Connection, StoreError> {
    let connection = connect(path, options)?;
    connection.execute_batch(&format!("PRAGMA query_only = 1; PRAGMA cache_size = -{};", options.cache_kib / 4))?;
    Ok(connection)
}

/// Makes the file so that only its owner can read it, before anything is in it.
pub(super) fn create_private(path: &Path) -> Result<(), StoreError> {
    private().open(path).map(|_| ()).map_err(|error| io_error(&error))
}

/// Makes sure that one process alone works on the file. The lock goes with the process, however it ends.
pub(super) fn lock(path: &Path) -> Result<File, StoreError> {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    let file = private().open(PathBuf::from(name)).map_err(|error| io_error(&error))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(StoreError::InUse(path.display().to_string())),
        Err(TryLockError::Error(error)) => Err(io_error(&error)),
    }
}

fn private() -> OpenOptions {
    let mut options = File::options();
    options.read(true).append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}
