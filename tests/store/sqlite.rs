//! What only the engine on disk can be asked: who may open it, old versions, full disks.

use std::path::Path;

use flagpost::store::{
    Account, Ended, EventFilter, Integrity, Options, PageRequest, Retention, SqliteStore, Store, StoreError,
    Unavailable,
};

use crate::support::*;

fn open(file: &Path) -> SqliteStore {
    SqliteStore::open(file, options()).expect("the store opens")
}

#[test]
fn everything_is_there_after_a_restart_and_what_was_out_is_due_at_once() {
    let folder = folder();
    let file = folder.path().join("store.db");
    let before = {
        let store = open(&file);
        subscribe(&store, &["a"]);
        for name in ["delivered", "dead", "retried", "out", "new"] {
            accept(&store, event(name, vec![send("a")]), at(0));
        }
        let out = claim_with(&store, at(0), 4, flagpost::store::Limits::all(9)).deliveries;
        settle(&store, &out[0], Ended::Delivered, at(1));
        settle(&store, &out[1], Ended::Dead, at(1));
        settle(&store, &out[2], Ended::Retry { at: at(5000) }, at(1));
        (store.accounts().wait().unwrap(), store.standing(id("a")).wait().unwrap())
    };
    let store = open(&file);
    assert_eq!((store.accounts().wait().unwrap(), store.standing(id("a")).wait().unwrap()), before);
    assert_eq!(names(&claim(&store, at(2))), ["out", "new"]);
    assert_eq!(names(&claim(&store, at(5000))), ["retried"]);
    let next = accept(&store, event("after", Vec::new()), at(6000));
    assert_eq!(next.number(), 6);
}

#[test]
fn a_clock_set_back_between_two_runs_holds_nothing_up() {
    let folder = folder();
    let file = folder.path().join("store.db");
    {
        let store = open(&file);
        subscribe(&store, &["a"]);
        accept(&store, event("one", vec![send("a")]), at(0));
        let leased = claim(&store, at(0)).remove(0);
        settle(&store, &leased, Ended::Retry { at: at(10_000) }, at(0));
    }
    let store = open(&file);
    let year = 365 * 86_400_000;
    assert_eq!(claim(&store, at(-year)), []);
    assert_eq!(names(&claim(&store, at(10_000 - year))), ["one"]);
}

#[test]
fn one_process_alone_works_on_a_store_and_others_may_visit() {
    let folder = folder();
    let file = folder.path().join("store.db");
    let owner = open(&file);
    assert_eq!(SqliteStore::open(&file, options()).err(), Some(StoreError::InUse(file.display().to_string())));
    subscribe(&owner, &["a"]);
    accept(&owner, event("one", vec![send("a")]), at(0));
    let dead = claim(&owner, at(0)).remove(0);
    settle(&owner, &dead, Ended::Dead, at(0));

    let visitor = SqliteStore::visit(&file, options()).unwrap();
    let asked =
        flagpost::store::Claim { now: at(0), lease: seconds(1), at_most: 1, limits: flagpost::store::Limits::all(1) };
    assert_eq!(visitor.claim(asked).wait(), Err(StoreError::NotOwner));
    // What a visitor changes, the owner knows at its next step: the books, switches and work.
    let of = dead.lease.delivery;
    visitor.replay(vec![flagpost::store::Replay { of, versions: None, due: None }], None, at(1)).wait().unwrap();
    assert_eq!(claim(&owner, at(1)).len(), 1);
    visitor.switch(id("a"), false, None).wait().unwrap();
    accept(&owner, event("two", vec![send("a")]), at(2));
    accept(&visitor, event("three", vec![send("a")]), at(2));
    assert_eq!(claim(&owner, at(100_000)), []);
    owner.switch(id("a"), true, None).wait().unwrap();
    assert_eq!(claim(&owner, at(100_000)).len(), 3);
    // And by its id, before it is accepted again.
    assert!(owner.find_event("source".into(), "three".into()).wait().unwrap().is_some());
    let again = owner.accept(vec![event("three", vec![send("a")])], at(3)).wait().unwrap();
    assert!(matches!(again[..], [flagpost::store::Receipt::Seen { .. }]), "{again:?}");
    let books = owner.accounts().wait().unwrap();
    assert!(books.balance());
    assert_eq!((books.get(Account::Events), books.get(Account::Replays)), (3, 1));
    drop(owner);
    drop(open(&file));
}

#[test]
fn a_store_of_an_older_form_is_left_alone_while_somebody_works_on_it() {
    let folder = folder();
    let file = folder.path().join("store.db");
    let owner = open(&file);
    let known: i64 = version(&file);
    // As an older program would have left it; nothing else of it matters here.
    rusqlite::Connection::open(&file).unwrap().execute_batch(&format!("PRAGMA user_version = {}", known - 1)).unwrap();
    let refused = SqliteStore::visit(&file, options()).err();
    assert_eq!(refused, Some(StoreError::TooOld { found: known - 1, known }));
    assert_eq!(version(&file), known - 1);
    drop(owner);
}

fn version(file: &std::path::Path) -> i64 {
    let connection = rusqlite::Connection::open(file).unwrap();
    connection.query_row("PRAGMA user_version", [], |row| row.get(0)).unwrap()
}

#[test]
fn a_store_that_may_not_grow_is_brought_up_to_date_all_the_same() {
    let folder = folder();
    let file = folder.path().join("store.db");
    let limited = Options { most_bytes: Some(8192), ..options() };
    // Its tables alone are larger than it may become.
    let store = SqliteStore::open(&file, limited).unwrap();
    let refused = store.put_integration(vec![0; 100_000]).wait();
    assert!(
        matches!(refused, Err(StoreError::Unavailable { kind: flagpost::store::Unavailable::Full, .. })),
        "{refused:?}"
    );
}

#[test]
fn a_full_store_refuses_and_recovers_by_itself() {
    let folder = folder();
    let limited = Options { most_bytes: Some(2_000_000), ..options() };
    let store = SqliteStore::open(&folder.path().join("store.db"), limited).unwrap();
    subscribe(&store, &["a"]);
    let big = "x".repeat(50_000);
    let mut taken = Vec::new();
    let refused = loop {
        let new = event_with(&taken.len().to_string(), &format!("{}{big}", taken.len()), vec![send("a")]);
        match store.accept(vec![new], at(0)).wait() {
            Ok(_) => taken.push(taken.len().to_string()),
            Err(error) => break error,
        }
        assert!(taken.len() < 100, "it does not fill");
    };
    assert!(matches!(refused, StoreError::Unavailable { kind: Unavailable::Full, .. }), "{refused:?}");
    assert!(refused.is_temporary());
    // Nothing of what was refused is there, and nothing of what was taken is missing.
    let books = store.accounts().wait().unwrap();
    assert!(books.balance());
    assert_eq!(books.get(Account::Events), taken.len() as u64);
    let listed = store.events(EventFilter::default(), PageRequest::first(1000)).wait().unwrap().items;
    assert_eq!(listed.len(), taken.len());
    // What was taken can still be delivered, and room is made.
    let out = claim(&store, at(1));
    assert_eq!(out.len(), taken.len());
    for leased in &out {
        settle(&store, leased, Ended::Delivered, at(2));
    }
    let all = Retention { age: Some(seconds(0)), bytes: None };
    assert_eq!(store.upkeep(all, at(60_000)).wait().unwrap().events, taken.len() as u64);
    accept(&store, event_with("again", &big, vec![send("a")]), at(60_000));
    assert_eq!(names(&claim(&store, at(60_001))), ["again"]);
}

#[test]
fn a_result_is_written_down_though_the_event_beside_it_finds_no_room() {
    let folder = folder();
    let limited = Options { most_bytes: Some(2_000_000), ..options() };
    let file = folder.path().join("store.db");
    let store = SqliteStore::open(&file, limited).unwrap();
    subscribe(&store, &["a"]);
    accept(&store, event("one", vec![send("a")]), at(0));
    let leased = claim(&store, at(0)).remove(0);
    let result = settlement(&leased, Ended::Delivered, at(1));
    // While somebody else writes they gather, and share a commit.
    let other = rusqlite::Connection::open(&file).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let first =
        store.put_subscription(id("b"), flagpost::store::NewVersion { content: vec![], integration: None }, at(0));
    let refused = store.accept(vec![event_with("two", &"x".repeat(3_000_000), Vec::new())], at(1));
    let settled = store.settle(vec![result], at(1));
    other.execute_batch("ROLLBACK").unwrap();
    drop(first);
    let refused = refused.wait();
    assert!(matches!(refused, Err(StoreError::Unavailable { kind: Unavailable::Full, .. })), "{refused:?}");
    assert!(settled.wait().is_ok());
    assert_eq!(store.accounts().wait().unwrap().get(Account::Delivered), 1);
}

#[test]
fn a_damaged_delivery_is_told_of_and_keeps_no_other_back() {
    let folder = folder();
    let file = folder.path().join("store.db");
    {
        let store = open(&file);
        subscribe(&store, &["a"]);
        for name in ["one", "lost", "two"] {
            accept(&store, event(name, vec![send("a")]), at(0));
        }
    }
    let damaged = rusqlite::Connection::open(&file).unwrap();
    assert_eq!(damaged.execute("DELETE FROM event WHERE id = 'lost'", []).unwrap(), 1);
    drop(damaged);
    let store = open(&file);
    let claimed = claim_with(&store, at(1), 1000, flagpost::store::Limits::all(1000));
    assert_eq!(names(&claimed.deliveries), ["one", "two"]);
    assert_eq!(claimed.damaged.len(), 1, "{:?}", claimed.damaged);
}

#[test]
fn while_another_process_writes_it_is_busy_and_recovers_by_itself() {
    let folder = folder();
    let file = folder.path().join("store.db");
    let impatient = Options { patience: std::time::Duration::from_millis(20), ..options() };
    let store = SqliteStore::open(&file, impatient).unwrap();
    subscribe(&store, &["a"]);
    accept(&store, event("before", vec![send("a")]), at(0));
    let other = rusqlite::Connection::open(&file).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let refused = store.accept(vec![event("one", vec![send("a")])], at(0)).wait();
    assert!(matches!(refused, Err(StoreError::Unavailable { kind: Unavailable::Busy, .. })), "{refused:?}");
    // A result that could not be recorded keeps its lease, so that it can be told again.
    let leased = claim(&store, at(0)).remove(0);
    let result = || {
        vec![flagpost::store::Settlement { lease: leased.lease, attempt: attempt(at(1), 200), ended: Ended::Delivered }]
    };
    assert!(store.settle(result(), at(1)).wait().unwrap_err().is_temporary());
    other.execute_batch("ROLLBACK").unwrap();
    let settled = store.settle(result(), at(2)).wait().unwrap();
    assert_eq!(settled, [flagpost::store::Settled::Recorded(flagpost::store::State::Delivered)]);
    accept(&store, event("one", vec![send("a")]), at(3));
    assert!(is_balanced(&store));
}

#[test]
fn what_is_no_store_of_ours_is_refused_and_left_alone() {
    let folder = folder();
    let file = folder.path().join("other.db");
    rusqlite::Connection::open(&file).unwrap().execute_batch("CREATE TABLE theirs (x)").unwrap();
    let before = std::fs::read(&file).unwrap();
    assert!(matches!(SqliteStore::open(&file, options()), Err(StoreError::Damaged(_))));
    assert_eq!(
        rusqlite::Connection::open(&file)
            .unwrap()
            .query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get::<_, i64>(0)),
        Ok(1)
    );
    assert!(!before.is_empty());

    let text = folder.path().join("notes.txt");
    std::fs::write(&text, "not a database at all, but long enough to have a header".repeat(100)).unwrap();
    assert!(matches!(SqliteStore::open(&text, options()), Err(StoreError::Damaged(_))));
    assert!(std::fs::read_to_string(&text).unwrap().starts_with("not a database"));

    let nowhere = folder.path().join("no/such/folder/store.db");
    assert!(SqliteStore::open(&nowhere, options()).is_err_and(|error| error.is_temporary()));
}

#[test]
fn a_store_from_the_future_is_refused() {
    let folder = folder();
    let file = folder.path().join("store.db");
    drop(open(&file));
    rusqlite::Connection::open(&file).unwrap().execute_batch("PRAGMA user_version = 99").unwrap();
    assert!(matches!(SqliteStore::open(&file, options()), Err(StoreError::TooNew { found: 99, .. })));
}

#[test]
fn damage_is_found_by_reading_everything() {
    let folder = folder();
    let file = folder.path().join("store.db");
    {
        let store = open(&file);
        for n in 0..50 {
            accept(&store, event_with(&n.to_string(), &"y".repeat(5000), Vec::new()), at(0));
        }
    }
    let integrity = || {
        let store = open(&file);
        assert_eq!(store.integrity(), Integrity::Unknown);
        let found = store.verify().wait();
        assert_eq!(found, Ok(store.integrity()));
        found
    };
    assert_eq!(integrity(), Ok(Integrity::Sound));
    let mut bytes = std::fs::read(&file).unwrap();
    // Whole pages in the middle of the file.
    let middle = bytes.len() / 2 / 4096 * 4096;
    bytes[middle..middle + 5 * 4096].fill(0x5a);
    std::fs::write(&file, bytes).unwrap();
    assert!(matches!(integrity(), Ok(Integrity::Damaged(_))), "{:?}", integrity());
}

#[cfg(unix)]
#[test]
fn only_its_owner_can_read_the_file() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = folder();
    let file = folder.path().join("store.db");
    let store = open(&file);
    subscribe(&store, &["a"]);
    for end in ["", "-wal", "-shm", ".lock"] {
        let path = folder.path().join(format!("store.db{end}"));
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o077, 0, "{}", path.display());
    }
}

#[test]
fn a_failing_request_does_not_take_its_group_down() {
    let folder = folder();
    let store = open(&folder.path().join("store.db"));
    subscribe(&store, &["a"]);
    let asked: Vec<_> = (0..200)
        .map(|n| {
            let to = if n % 3 == 0 { "nobody" } else { "a" };
            store.accept(vec![event(&n.to_string(), vec![send(to)])], at(n))
        })
        .collect();
    let taken = asked.into_iter().map(|accepted| accepted.wait().is_ok()).collect::<Vec<_>>();
    assert!(taken.iter().enumerate().all(|(n, taken)| *taken == (n % 3 != 0)));
    assert_eq!(claim(&store, at(300)).len(), 133);
    assert!(is_balanced(&store));
}
