//! The tables, as numbered steps that only go forward.
//!
//! A step is one transaction together with its number, so a crash leaves the file before the step or after it. A step
//! that was released never changes; what is to change becomes the next step.

use rusqlite::Connection;

use super::failure::store_error;
use crate::store::StoreError;

/// Marks a file as ours: `flgp`.
const APPLICATION: i64 = 0x666c_6770;

/// Each step brings a file from the version of its place to the next.
pub(super) const STEPS: &[&str] = &[
    // 1: events, and what was decided about them. What comes in last is written last: all keys but hashes only grow.
    "CREATE TABLE meta (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
     CREATE TABLE source (number INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
     CREATE TABLE event (
         key INTEGER PRIMARY KEY, received INTEGER NOT NULL, source INTEGER NOT NULL, identity INTEGER NOT NULL,
         occurred INTEGER, unlisted INTEGER NOT NULL, id TEXT NOT NULL, verdicts BLOB NOT NULL, resources BLOB NOT NULL,
         digest BLOB NOT NULL, context BLOB, raw BLOB NOT NULL);
     CREATE INDEX event_identity ON event (identity);
     CREATE TABLE event_resource (resource INTEGER, event INTEGER, PRIMARY KEY (resource, event)) WITHOUT ROWID;
     CREATE TABLE conflict (
         event INTEGER, digest BLOB, received INTEGER NOT NULL, raw BLOB NOT NULL, PRIMARY KEY (event, digest));
     CREATE TABLE skip (
         subscription INTEGER, kind INTEGER, event INTEGER, PRIMARY KEY (subscription, kind, event)) WITHOUT ROWID;",
    // 2: subscriptions and the queue. An index holds only rows of its own states, so a delivery that waits is in one
    // index, and a settled one in one other.
    "CREATE TABLE integration (
         number INTEGER PRIMARY KEY, digest BLOB NOT NULL UNIQUE, used INTEGER NOT NULL, content BLOB NOT NULL);
     CREATE TABLE subscription (
         number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, current INTEGER NOT NULL, enabled INTEGER NOT NULL,
         removed INTEGER, reason TEXT, standing BLOB NOT NULL);
     CREATE TABLE subscription_version (
         subscription INTEGER, version INTEGER, created INTEGER NOT NULL, used INTEGER NOT NULL, integration BLOB,
         content BLOB NOT NULL, PRIMARY KEY (subscription, version));
     CREATE TABLE delivery (
         key INTEGER PRIMARY KEY, subscription INTEGER NOT NULL, state INTEGER NOT NULL, attempts INTEGER NOT NULL,
         version INTEGER NOT NULL, integration INTEGER NOT NULL, due INTEGER NOT NULL, settled INTEGER,
         ordering INTEGER, replay_of INTEGER);
     CREATE INDEX delivery_ready ON delivery (subscription) WHERE state = 0;
     CREATE INDEX delivery_later ON delivery (subscription, due) WHERE state = 1;
     CREATE INDEX delivery_postponed ON delivery (subscription) WHERE state IN (1, 2);
     CREATE INDEX delivery_ordering ON delivery (subscription, ordering) WHERE ordering IS NOT NULL AND state < 3;
     CREATE INDEX delivery_settled ON delivery (subscription, state) WHERE state >= 3;
     CREATE TABLE attempt (
         delivery INTEGER, number INTEGER, started INTEGER NOT NULL, next INTEGER, status INTEGER, error TEXT,
         details BLOB NOT NULL, PRIMARY KEY (delivery, number)) WITHOUT ROWID;",
    // 3: small named things.
    "CREATE TABLE document (
         shelf INTEGER, name TEXT, revision INTEGER NOT NULL, content BLOB NOT NULL,
         PRIMARY KEY (shelf, name)) WITHOUT ROWID;",
    // 4: the newest events in the order in which they came, so that their ids and resources go into the indexes later
    // and many together.
    "CREATE TABLE event_recent (event INTEGER PRIMARY KEY, identity INTEGER NOT NULL, resources BLOB NOT NULL);
     CREATE TABLE event_by_id (identity INTEGER, event INTEGER, PRIMARY KEY (identity, event)) WITHOUT ROWID;
     INSERT INTO event_by_id SELECT identity, key FROM event ORDER BY identity, key;
     DROP INDEX event_identity;",
];

/// Brings a file to the newest version.
pub(super) fn migrate(connection: &Connection) -> Result<(), StoreError> {
    migrate_to(connection, STEPS.len())
}

pub(super) fn migrate_to(connection: &Connection, target: usize) -> Result<(), StoreError> {
    loop {
        let found = version(connection)?;
        let known = newest();
        if found > known {
            return Err(StoreError::TooNew { found, known });
        }
        let next = usize::try_from(found).map_err(|_| StoreError::Damaged("its version is negative".into()))?;
        let Some(step) = STEPS.get(next).filter(|_| next < target) else { return Ok(()) };
        let text = format!(
            "BEGIN IMMEDIATE; {step} PRAGMA application_id = {APPLICATION}; PRAGMA user_version = {}; COMMIT;",
            next + 1
        );
        if let Err(error) = connection.execute_batch(&text) {
            // No transaction is open when BEGIN itself failed; there is nothing to undo then.
            let _ = connection.execute_batch("ROLLBACK");
            // Another process may have made the step while this one waited for its turn.
            if version(connection)? == found {
                return Err(store_error(&error));
            }
        }
    }
}

/// The version that files have which this program writes.
pub(super) fn newest() -> i64 {
    i64::try_from(STEPS.len()).unwrap_or(i64::MAX)
}

/// The file's version; an error if it belongs to another program.
pub(super) fn version(connection: &Connection) -> Result<i64, StoreError> {
    let number = |name: &str| {
        connection.query_row(&format!("PRAGMA {name}"), [], |row| row.get::<_, i64>(0)).map_err(|e| store_error(&e))
    };
    let version = number("user_version")?;
    let application = number("application_id")?;
    let tables: i64 = connection
        .query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))
        .map_err(|error| store_error(&error))?;
    let fresh = application == 0 && version == 0 && tables == 0;
    if application != APPLICATION && !fresh {
        return Err(StoreError::Damaged("the file belongs to another program".into()));
    }
    Ok(version)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tables(connection: &Connection) -> Vec<String> {
        let mut query = connection.prepare("SELECT sql FROM sqlite_schema ORDER BY name").unwrap();
        let rows = query.query_map([], |row| row.get::<_, Option<String>>(0)).unwrap();
        rows.map(|row| row.unwrap().unwrap_or_default()).collect()
    }

    #[test]
    fn every_older_version_becomes_the_newest_with_what_was_in_it() {
        let newest = Connection::open_in_memory().unwrap();
        migrate(&newest).unwrap();
        for older in 0..STEPS.len() {
            let connection = Connection::open_in_memory().unwrap();
            migrate_to(&connection, older).unwrap();
            if older >= 1 {
                connection.execute("INSERT INTO source (name) VALUES ('kept')", []).unwrap();
            }
            migrate(&connection).unwrap();
            assert_eq!(tables(&connection), tables(&newest), "from version {older}");
            let kept: i64 = connection.query_row("SELECT count(*) FROM source", [], |row| row.get(0)).unwrap();
            assert_eq!(kept, i64::from(older >= 1));
            migrate(&connection).unwrap();
        }
    }

    #[test]
    fn a_crash_within_a_step_leaves_the_step_before_it() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("store.db");
        for (older, step) in STEPS.iter().enumerate() {
            for statements in 0..step.matches(';').count() {
                let _ = std::fs::remove_file(&file);
                let connection = Connection::open(&file).unwrap();
                connection.execute_batch("PRAGMA journal_mode = WAL").unwrap();
                migrate_to(&connection, older).unwrap();
                let part: Vec<&str> = step.split_inclusive(';').take(statements).collect();
                connection.execute_batch(&format!("BEGIN IMMEDIATE; {}", part.concat())).unwrap();
                // What a killed process leaves: the files as they are in this moment, its locks gone.
                let left = folder.path().join("left.db");
                for end in ["", "-wal"] {
                    let _ = std::fs::remove_file(folder.path().join(format!("left.db{end}")));
                    let _ = std::fs::copy(
                        folder.path().join(format!("store.db{end}")),
                        folder.path().join(format!("left.db{end}")),
                    );
                }
                drop(connection);
                let opened = Connection::open(&left).unwrap();
                assert_eq!(version(&opened).unwrap(), i64::try_from(older).unwrap());
                migrate(&opened).unwrap();
                assert_eq!(version(&opened).unwrap(), i64::try_from(STEPS.len()).unwrap());
            }
        }
    }
}
