//! Killed while the file of an older program is made to fit.

use std::path::Path;
use std::time::{Duration, Instant};

use rusqlite::Connection;

use crate::support::{PATIENCE, Receiver, Server, event, folder, request, subscribe};

const EVENTS: u64 = 40;
/// Attempts at once. What was on its way when the older program ended arrives again.
const AT_ONCE: usize = 4;
/// Events of former times, enough for the step to take a while.
const OLD_EVENTS: u64 = 600_000;
const DEATHS: u32 = 5;
/// The step takes less.
const LONGEST: Duration = Duration::from_secs(20);

/// Makes the file what the program before the fourth step wrote, with many events that are long delivered.
fn make_old(file: &Path) {
    let connection = Connection::open(file).expect("it opens");
    connection.execute_batch("BEGIN").expect("nobody else is there");
    {
        let mut query = connection.prepare("SELECT event, resources FROM event_recent").expect("it is of this version");
        let mut rows = query.query([]).expect("it can be asked");
        while let Some(row) = rows.next().expect("it is whole") {
            let (event, resources): (i64, Vec<u8>) = (row.get(0).expect("a key"), row.get(1).expect("hashes"));
            for resource in resources.chunks_exact(8) {
                let hash = i64::from_be_bytes(resource.try_into().expect("eight bytes"));
                connection
                    .execute("INSERT OR IGNORE INTO event_resource (resource, event) VALUES (?1, ?2)", [hash, event])
                    .expect("it can be written");
            }
        }
    }
    let old = format!(
        "DROP TABLE event_recent; DROP TABLE event_by_id; CREATE INDEX event_identity ON event (identity);
         WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {OLD_EVENTS})
         INSERT OR IGNORE INTO event (key, received, source, identity, unlisted, id, verdicts, resources, digest, raw)
         SELECT 1000000000 + i, 0, 1, random(), 0, 'old-' || i, x'', x'', zeroblob(32), x'' FROM n;
         PRAGMA user_version = 3; COMMIT; PRAGMA wal_checkpoint(TRUNCATE);"
    );
    connection.execute_batch(&old).expect("it can be made old");
}

/// The version of the file, read from a copy: whoever opens the file itself tidies up after the death.
fn version(file: &Path) -> i64 {
    let copies = tempfile::tempdir().expect("a folder");
    for end in ["", "-wal"] {
        let name = |path: &Path| format!("{}{end}", path.display());
        // There may be no log.
        let _ = std::fs::copy(name(file), name(&copies.path().join("copy.db")));
    }
    let file = copies.path().join("copy.db");
    let connection = Connection::open(file).expect("it opens");
    connection.query_row("PRAGMA user_version", [], |row| row.get(0)).expect("it has one")
}

/// Kills the program while it brings the file up to date, and says how often that came before the end.
fn die_in_the_middle(folder: &Path, file: &Path) -> u32 {
    let log = format!("{}-wal", file.display());
    let written = || std::fs::metadata(&log).and_then(|log| log.modified()).ok();
    let mut in_the_middle = 0;
    for death in 0..DEATHS {
        let before = written();
        let mut program = Server::spawn(folder);
        let begun = Instant::now();
        while written() == before && begun.elapsed() < LONGEST {
            std::thread::sleep(Duration::from_micros(200));
        }
        // The step is on its way to the disk; each death comes a little later in it.
        std::thread::sleep(Duration::from_millis(3) * death);
        program.kill().expect("it can be killed");
        program.wait().expect("it is dead");
        if version(file) != 3 {
            break;
        }
        in_the_middle += u32::from(written() != before);
    }
    in_the_middle
}

#[test]
fn a_file_is_made_to_fit_however_often_the_program_is_killed_in_the_middle_of_it() {
    let folder = folder();
    let (receiver, mut server) = (Receiver::silent(), Server::start(folder.path()));
    subscribe(&server, &receiver, AT_ONCE);
    for number in 0..EVENTS {
        let answer = request(&server.address, "POST", "/v1/sources/app/events", &event(number)).expect("an answer");
        assert_eq!(answer.0, 202, "{}", answer.1);
    }
    server.die();
    let file = folder.path().join("flagpost-data/flagpost.db");
    // A starved machine may look away until the step is made; then it is made undone, and tried again.
    let mut in_the_middle = 0;
    for _ in 0..5 {
        make_old(&file);
        in_the_middle += die_in_the_middle(folder.path(), &file);
        if in_the_middle > 0 {
            break;
        }
    }
    #[expect(clippy::print_stdout, reason = "the number is wanted")]
    {
        println!("{in_the_middle} deaths in the middle of a step of {OLD_EVENTS} events");
    }
    assert!(in_the_middle > 0, "the step was never interrupted");

    // Then it comes to its end, and everything is where it was.
    let server = Server::start(folder.path());
    assert_eq!(version(&file), 4);
    for number in 0..EVENTS {
        let answer = request(&server.address, "POST", "/v1/sources/app/events", &event(number)).expect("an answer");
        assert!(answer.1.contains("\"seen\""), "{}", answer.1);
    }
    receiver.answer();
    let begun = Instant::now();
    while receiver.count().0 < EVENTS as usize && begun.elapsed() < PATIENCE {
        std::thread::sleep(Duration::from_millis(10));
    }
    let (arrived, twice) = receiver.count();
    assert_eq!(arrived, EVENTS as usize);
    assert!(twice <= AT_ONCE, "{twice} arrived twice");
}
