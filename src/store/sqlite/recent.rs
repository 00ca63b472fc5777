//! Finds the newest events by id and by resource, before they are in the indexes.
//!
//! Both are found by their hashes, so what comes in lands anywhere in an index, and every page that is touched goes to
//! the log whole. So the newest are kept in memory, and in a table in the order in which they came, from which memory is
//! filled at the start. They go into the indexes later, neighbouring hashes together: a page is then written once for
//! several events, however many are kept.

use std::collections::BTreeSet;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use rusqlite::{Connection, params};

/// A hash and an event that has it.
type Entry = (i64, u64);

/// Entries that go into an index at a time, at most.
const STEP: usize = 256;

/// Walks' worth of events that the table may hold. In the steady state it holds four.
const LAPS: u64 = 5;

/// What an event is found by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Ids,
    Resources,
}

impl Side {
    const ALL: [Side; 2] = [Side::Ids, Side::Resources];

    fn insert(self) -> &'static str {
        match self {
            Side::Ids => "INSERT OR IGNORE INTO event_by_id (identity, event) VALUES (?1, ?2)",
            Side::Resources => "INSERT OR IGNORE INTO event_resource (resource, event) VALUES (?1, ?2)",
        }
    }

    fn remove(self) -> &'static str {
        match self {
            Side::Ids => "DELETE FROM event_by_id WHERE identity = ?1 AND event = ?2",
            Side::Resources => "DELETE FROM event_resource WHERE resource = ?1 AND event = ?2",
        }
    }
}

/// The entries that are in no index, or in both places. Whoever looks for something looks here first, and then begins to
/// read the indexes: an entry leaves only when it is in its index for all to see.
#[derive(Debug, Clone, Default)]
pub(super) struct Recent(Arc<RwLock<[BTreeSet<Entry>; 2]>>);

impl Recent {
    /// The events that have a hash, oldest first.
    pub(super) fn events(&self, side: Side, hash: i64) -> Vec<u64> {
        self.read()[side as usize].range((hash, 0)..=(hash, u64::MAX)).map(|(_, event)| *event).collect()
    }

    fn read(&self) -> RwLockReadGuard<'_, [BTreeSet<Entry>; 2]> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, [BTreeSet<Entry>; 2]> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The same for a process that does not share the writer's memory: walks the table.
pub(super) fn events_on_disk(connection: &Connection, side: Side, hash: i64) -> rusqlite::Result<Vec<u64>> {
    let mut events = Vec::new();
    each(connection, |of, (found, event)| {
        if of == side && found == hash {
            events.push(event);
        }
    })?;
    Ok(events)
}

fn each(connection: &Connection, mut take: impl FnMut(Side, Entry)) -> rusqlite::Result<()> {
    let mut query = connection.prepare_cached("SELECT event, identity, resources FROM event_recent ORDER BY event")?;
    let mut rows = query.query([])?;
    while let Some(row) = rows.next()? {
        let event = row.get(0)?;
        take(Side::Ids, (row.get(1)?, event));
        for resource in numbers(row.get_ref(2)?.as_blob()?) {
            take(Side::Resources, (resource, event));
        }
    }
    Ok(())
}

/// Hashes as one blob.
pub(super) fn blob(numbers: &[i64]) -> Vec<u8> {
    numbers.iter().flat_map(|number| number.to_be_bytes()).collect()
}

/// What [`blob`] wrote.
pub(super) fn numbers(blob: &[u8]) -> impl Iterator<Item = i64> {
    blob.as_chunks().0.iter().map(|bytes| i64::from_be_bytes(*bytes))
}

/// A walk through the entries of one side in the order of their hashes, from the lowest to the highest.
#[derive(Debug, Clone, Copy)]
struct Lap {
    /// Where it goes on.
    at: Entry,
    /// The first event that came after the walk began.
    began: u64,
    /// The events before it are in the index.
    done: u64,
}

impl Lap {
    fn from(next_event: u64) -> Self {
        Lap { at: (i64::MIN, 0), began: next_event, done: 0 }
    }
}

/// What a transaction can undo.
#[derive(Debug, Clone, Copy)]
struct Progress {
    laps: [Lap; 2],
    /// No event before it has a row in the table.
    lowest: u64,
}

/// The writer's part: adds what comes in, and carries what came before it into the indexes.
#[derive(Debug)]
pub(super) struct Merging {
    recent: Recent,
    /// Entries of a side that stay in memory.
    keep: usize,
    /// Whether memory holds what the table does.
    loaded: bool,
    now: Progress,
    /// As it was before the transaction.
    before: Progress,
    added: Vec<(Side, Entry)>,
    removed: Vec<(Side, Entry)>,
    merged: Vec<(Side, Entry)>,
}

impl Merging {
    pub(super) fn new(recent: Recent, keep: usize) -> Self {
        let now = Progress { laps: [Lap::from(1); 2], lowest: 0 };
        Merging {
            recent,
            keep,
            loaded: false,
            now,
            before: now,
            added: Vec::new(),
            removed: Vec::new(),
            merged: Vec::new(),
        }
    }

    /// Another process has written: what is in memory may not be all there is.
    pub(super) fn doubt(&mut self) {
        self.loaded = false;
    }

    /// Reads everything anew, where that is in doubt.
    pub(super) fn load(&mut self, connection: &Connection, next_event: u64) -> rusqlite::Result<()> {
        if self.loaded {
            return Ok(());
        }
        let mut entries = [const { Vec::new() }; 2];
        let mut lowest = next_event;
        each(connection, |side, entry| {
            entries[side as usize].push(entry);
            lowest = lowest.min(entry.1);
        })?;
        *self.recent.write() = entries.map(BTreeSet::from_iter);
        self.now = Progress { laps: [Lap::from(next_event); 2], lowest };
        self.before = self.now;
        self.loaded = true;
        Ok(())
    }

    /// Events that the index may not show yet.
    pub(super) fn events(&self, side: Side, hash: i64) -> Vec<u64> {
        self.recent.events(side, hash)
    }

    /// Takes in a new event.
    pub(super) fn add(
        &mut self,
        connection: &Connection,
        event: u64,
        identity: i64,
        resources: &[i64],
    ) -> rusqlite::Result<()> {
        connection
            .prepare_cached("INSERT INTO event_recent (event, identity, resources) VALUES (?1, ?2, ?3)")?
            .execute(params![event, identity, blob(resources)])?;
        let mut sides = self.recent.write();
        for (side, hash) in entries(identity, resources.iter().copied()) {
            sides[side as usize].insert((hash, event));
            self.added.push((side, (hash, event)));
        }
        Ok(())
    }

    /// Takes out an event that is removed.
    pub(super) fn forget(
        &mut self,
        connection: &Connection,
        event: u64,
        identity: i64,
        resources: &[u8],
    ) -> rusqlite::Result<()> {
        for (side, hash) in entries(identity, numbers(resources)) {
            connection.prepare_cached(side.remove())?.execute(params![hash, event])?;
            if self.recent.write()[side as usize].remove(&(hash, event)) {
                self.removed.push((side, (hash, event)));
            }
        }
        if event >= self.now.lowest {
            connection.prepare_cached("DELETE FROM event_recent WHERE event = ?1")?.execute([event])?;
        }
        Ok(())
    }

    /// Carries into the indexes what is too much, as the last thing of a transaction that took something in.
    pub(super) fn carry(&mut self, connection: &Connection, next_event: u64) -> rusqlite::Result<()> {
        if self.added.is_empty() {
            return Ok(());
        }
        let step = STEP.min(self.keep.max(1));
        for side in Side::ALL {
            // After a start there may be more than is kept; that goes little by little.
            let most = 2 * (self.added.len() / step + 1);
            let merged = self.merged.len();
            for _ in 0..most {
                let length = self.recent.read()[side as usize].len() - (self.merged.len() - merged);
                // Where few entries come, or one hash always, or a program begins anew again and again, those of old
                // events are carried all the same, or the table would grow.
                let carried = self.now.laps[side as usize].done.max(self.now.lowest);
                let late = next_event.saturating_sub(carried) > LAPS * self.keep.max(1) as u64;
                if length < self.keep + step && !late {
                    break;
                }
                // One walk a transaction comes to its end: the next would carry again what is not yet committed.
                if self.step(connection, side, step, next_event)? {
                    break;
                }
            }
        }
        let done = self.now.laps.iter().map(|lap| lap.done).min().unwrap_or(0);
        let rows = 4 * step as u64;
        // As many as come, and more: one transaction may take in thousands.
        let until = done.min(self.now.lowest + rows.max(2 * self.added.len() as u64));
        if until >= self.now.lowest + rows {
            connection.prepare_cached("DELETE FROM event_recent WHERE event < ?1")?.execute([until])?;
            self.now.lowest = until;
        }
        Ok(())
    }

    /// Carries the next entries of a walk; says whether it came to its end.
    fn step(&mut self, connection: &Connection, side: Side, most: usize, next_event: u64) -> rusqlite::Result<bool> {
        let lap = &mut self.now.laps[side as usize];
        let entries: Vec<Entry> = self.recent.read()[side as usize].range(lap.at..).take(most).copied().collect();
        let mut insert = connection.prepare_cached(side.insert())?;
        for (hash, event) in &entries {
            insert.execute(params![hash, event])?;
        }
        let next = entries.last().filter(|_| entries.len() == most).map(|&(hash, event)| (hash, event + 1));
        *lap = match next {
            Some(at) => Lap { at, ..*lap },
            None => Lap { done: lap.began, ..Lap::from(next_event) },
        };
        self.merged.extend(entries.into_iter().map(|entry| (side, entry)));
        Ok(next.is_none())
    }

    /// What was carried is in the indexes for all to see.
    pub(super) fn committed(&mut self) {
        if !self.merged.is_empty() {
            let mut sides = self.recent.write();
            for (side, entry) in self.merged.drain(..) {
                sides[side as usize].remove(&entry);
            }
        }
        self.added.clear();
        self.removed.clear();
        self.before = self.now;
    }

    /// Nothing of the transaction has happened.
    pub(super) fn undone(&mut self) {
        self.merged.clear();
        let mut sides = self.recent.write();
        for (side, entry) in self.removed.drain(..) {
            sides[side as usize].insert(entry);
        }
        for (side, entry) in self.added.drain(..) {
            sides[side as usize].remove(&entry);
        }
        self.now = self.before;
    }
}

fn entries(identity: i64, resources: impl Iterator<Item = i64>) -> impl Iterator<Item = (Side, i64)> {
    std::iter::once((Side::Ids, identity)).chain(resources.map(|resource| (Side::Resources, resource)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::sqlite::schema;

    struct Store {
        connection: Connection,
        merging: Merging,
        next: u64,
    }

    impl Store {
        fn keeping(keep: usize) -> Self {
            let connection = Connection::open_in_memory().unwrap();
            schema::migrate(&connection).unwrap();
            Store { connection, merging: Merging::new(Recent::default(), keep), next: 1 }
        }

        /// Takes in an event in a transaction of its own.
        fn take(&mut self, identity: i64, resources: &[i64], commits: bool) {
            self.take_together(&[(identity, resources.to_vec())], commits);
        }

        fn take_together(&mut self, events: &[(i64, Vec<i64>)], commits: bool) {
            self.connection.execute_batch("BEGIN").unwrap();
            self.merging.load(&self.connection, self.next).unwrap();
            let count = events.len() as u64;
            for ((identity, resources), event) in events.iter().zip(self.next..) {
                self.merging.add(&self.connection, event, *identity, resources).unwrap();
            }
            self.merging.carry(&self.connection, self.next + count).unwrap();
            if commits {
                self.next += count;
                self.connection.execute_batch("COMMIT").unwrap();
                self.merging.committed();
            } else {
                self.connection.execute_batch("ROLLBACK").unwrap();
                self.merging.undone();
            }
        }

        fn count(&self, table: &str) -> usize {
            self.connection.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0)).unwrap()
        }

        fn in_memory(&self, side: Side) -> usize {
            self.merging.recent.read()[side as usize].len()
        }

        /// How often an event is found by a hash, in memory and in the index.
        fn found(&self, side: Side, hash: i64, event: u64) -> (bool, bool) {
            let text = match side {
                Side::Ids => "SELECT 1 FROM event_by_id WHERE identity = ?1 AND event = ?2",
                Side::Resources => "SELECT 1 FROM event_resource WHERE resource = ?1 AND event = ?2",
            };
            let indexed = self.connection.prepare(text).unwrap().exists(params![hash, event]).unwrap();
            (self.merging.events(side, hash).contains(&event), indexed)
        }
    }

    fn scattered(number: u64) -> i64 {
        number.wrapping_mul(0x9e37_79b9_7f4a_7c15).cast_signed()
    }

    #[test]
    fn every_event_is_found_in_one_place_and_little_stays_in_memory_and_in_the_table() {
        type Resources = fn(u64) -> Vec<i64>;
        let shapes: [(&str, Resources); 5] = [
            ("none", |_| vec![]),
            ("one that always comes", |_| vec![7]),
            ("the highest hash", |_| vec![i64::MAX]),
            ("some", |n| vec![scattered(n % 10), scattered(n % 3 + 100)]),
            ("a new one each time, now and then", |n| if n.is_multiple_of(50) { vec![scattered(n)] } else { vec![] }),
        ];
        for (name, resources) in shapes {
            let mut store = Store::keeping(8);
            for n in 1..=1000 {
                store.take(scattered(n), &resources(n), n % 7 != 0);
                if n % 7 == 0 {
                    store.take(scattered(n), &resources(n), true);
                }
                assert!(store.in_memory(Side::Ids) <= 16, "{name}");
                assert!(store.in_memory(Side::Resources) <= 50, "{name}: {}", store.in_memory(Side::Resources));
                assert!(store.count("event_recent") <= 120, "{name}: {}", store.count("event_recent"));
            }
            for n in 1..=1000 {
                let (recent, indexed) = store.found(Side::Ids, scattered(n), n);
                assert!(recent != indexed, "{name}: the id of {n}");
                for resource in resources(n) {
                    let (recent, indexed) = store.found(Side::Resources, resource, n);
                    assert!(recent != indexed, "{name}: a resource of {n}");
                }
            }
        }
    }

    #[test]
    fn what_a_failed_transaction_did_has_not_happened() {
        let mut store = Store::keeping(4);
        let events = |from: u64, count: u64| -> Vec<_> {
            (from..from + count).map(|n| (scattered(n), vec![scattered(n % 5)])).collect()
        };
        for n in 0..400 {
            // Larger ones fail, so that whole walks are undone; and what comes in their place is other events.
            for count in [3, 7, 20] {
                store.take_together(&events(1_000_000 + n, count), false);
            }
            store.take_together(&events(store.next, 1 + n % 3), true);
            let first: u64 =
                store.connection.query_row("SELECT min(event) FROM event_recent", [], |row| row.get(0)).unwrap();
            assert!(store.merging.now.lowest <= first && first < store.merging.now.lowest + 2, "{n}");
        }
        let undone = |store: &Store| {
            (0..420).flat_map(|n| store.merging.events(Side::Ids, scattered(1_000_000 + n))).collect::<Vec<_>>()
        };
        assert_eq!(undone(&store), Vec::<u64>::new());
        store.merging.doubt();
        store.merging.load(&store.connection, store.next).unwrap();
        for n in 1..store.next {
            for (side, hash) in [(Side::Ids, scattered(n)), (Side::Resources, scattered(n % 5))] {
                let (recent, indexed) = store.found(side, hash, n);
                assert!(recent || indexed, "{side:?} of {n} after the next start");
            }
        }
    }

    #[test]
    fn little_stays_however_often_a_program_begins_and_however_much_comes_at_once() {
        for (at_once, begins_after) in [(1, 20), (1, 50), (3, 60), (100, 100), (100, 1000)] {
            let mut store = Store::keeping(8);
            let mut most = 0;
            while store.next < 3000 {
                let events: Vec<_> = (store.next..store.next + at_once).map(|n| (scattered(n), vec![])).collect();
                store.take_together(&events, true);
                if store.next % begins_after < at_once {
                    store.merging.doubt();
                }
                if store.next > 1000 {
                    most = most.max(store.count("event_recent"));
                }
                assert!(store.in_memory(Side::Ids) <= 100 + 2 * at_once as usize, "{}", store.in_memory(Side::Ids));
            }
            assert!(most <= 120 + 4 * at_once as usize, "{at_once}, {begins_after}: {most}");
            for n in 1..store.next {
                let (recent, indexed) = store.found(Side::Ids, scattered(n), n);
                assert!(recent || indexed, "the id of {n}");
            }
        }
    }

    #[test]
    fn what_is_read_anew_is_what_was_there() {
        let mut store = Store::keeping(8);
        for n in 1..=300 {
            store.take(scattered(n), &[scattered(n % 5)], true);
        }
        let mut anew = Merging::new(Recent::default(), 8);
        anew.load(&store.connection, store.next).unwrap();
        std::mem::swap(&mut store.merging, &mut anew);
        for n in 1..=300 {
            let (recent, indexed) = store.found(Side::Ids, scattered(n), n);
            assert!(recent || indexed, "{n}");
            assert_eq!(
                events_on_disk(&store.connection, Side::Ids, scattered(n)).unwrap(),
                store.merging.events(Side::Ids, scattered(n))
            );
        }
        // What there is too much of after a start is carried with what comes.
        for n in 301..=400 {
            store.take(scattered(n), &[], true);
        }
        assert!(store.in_memory(Side::Ids) <= 16 && store.count("event_recent") <= 120);
    }

    #[test]
    fn what_is_removed_is_found_nowhere_unless_it_is_undone() {
        let mut store = Store::keeping(4);
        for n in 1..=20 {
            store.take(scattered(n), &[7], true);
        }
        let forget = |store: &mut Store, n: u64| {
            store.merging.forget(&store.connection, n, scattered(n), &blob(&[7])).unwrap();
        };
        let places = |store: &Store| -> Vec<_> {
            (1..=20).map(|n| (store.found(Side::Ids, scattered(n), n), store.found(Side::Resources, 7, n))).collect()
        };
        let before = places(&store);
        store.connection.execute_batch("BEGIN").unwrap();
        (1..=20).for_each(|n| forget(&mut store, n));
        assert!(places(&store).iter().all(|place| *place == ((false, false), (false, false))));
        store.connection.execute_batch("ROLLBACK").unwrap();
        store.merging.undone();
        assert_eq!(places(&store), before);
        (1..=20).for_each(|n| forget(&mut store, n));
        store.merging.committed();
        assert!(places(&store).iter().all(|place| *place == ((false, false), (false, false))));
        assert_eq!(store.count("event_recent"), 0);
    }
}
