//! The one writer: takes what waits, does it in one transaction, and answers when that is on disk.
//!
//! While a commit is on its way to the disk the next requests gather; so the more there is to do, the more of it
//! shares one write. A claim writes nothing and is served after the commit. A few results wait a moment for something
//! that somebody waits for, and share its commit: otherwise every event would find the disk busy with the result of
//! the one before.

use std::path::PathBuf;
use std::sync::mpsc::Receiver;
use std::time::Duration;

use rusqlite::Connection;
use tokio::sync::watch;

use super::Options;
use super::claim::Claiming;
use super::desk::Desk;
use super::failure::{Stop, store_error};
use super::file::connect;
use super::recent::{Merging, Recent};
use super::state::Known;
use crate::store::pending::Answer;
use crate::store::{Claim, Claimed, DeliveryKey, Lease, Moment, StoreError, Unavailable};

/// At most so many requests share a transaction.
const GROUP_REQUESTS: usize = 1024;

/// At most so many bytes, roughly, share a transaction.
const GROUP_BYTES: usize = 4 << 20;

/// How long results wait for others to share a commit with. A crash within that time repeats their deliveries, as it
/// does with all that are on their way.
const PATIENCE: Duration = Duration::from_millis(10);

/// How often they wait so long, each time for one thing that can wait as well.
const WAITS: u32 = 4;

/// So many results are worth a commit of their own.
const MANY_RESULTS: usize = 64;

/// A request to the writer.
pub(super) enum Request {
    Write(Box<dyn Write>),
    Claim(Claim, Answer<Claimed>),
    Extend(Vec<Lease>, std::time::Duration, Moment, Answer<Vec<bool>>),
    GiveBack(Vec<Lease>, Answer<()>),
    Stop,
}

/// Work within a transaction. It may be run more than once, each time after everything was undone.
pub(super) trait Write: Send {
    fn run(&mut self, txn: &mut Txn<'_>) -> Result<(), StoreError>;
    fn answer(self: Box<Self>, outcome: Result<(), StoreError>);
    fn weight(&self) -> usize;
    /// Results that may wait for a commit to share; nothing when somebody waits.
    fn patient(&self) -> Option<&[DeliveryKey]>;
}

/// A transaction, and what the writer knows without looking.
pub(super) struct Txn<'a> {
    pub(super) connection: &'a Connection,
    pub(super) known: &'a mut Known,
    pub(super) desk: &'a mut Desk,
    pub(super) merging: &'a mut Merging,
    /// Where retention goes on.
    pub(super) sweep: &'a mut u64,
}

/// A closure as a [`Write`].
pub(super) struct Job<T, F> {
    pub(super) work: F,
    pub(super) result: Option<Result<T, StoreError>>,
    pub(super) answer: Answer<T>,
    pub(super) weight: usize,
    pub(super) patient: Option<Vec<DeliveryKey>>,
}

impl<T: Send, F: FnMut(&mut Txn<'_>) -> Result<T, Stop> + Send> Write for Job<T, F> {
    fn run(&mut self, txn: &mut Txn<'_>) -> Result<(), StoreError> {
        self.result = None;
        match (self.work)(txn) {
            Ok(value) => self.result = Some(Ok(value)),
            Err(Stop::Refused(error)) => self.result = Some(Err(error)),
            Err(Stop::Failed(error)) => return Err(error),
        }
        Ok(())
    }

    fn answer(self: Box<Self>, outcome: Result<(), StoreError>) {
        let result = match outcome {
            Ok(()) => self.result.unwrap_or(Err(StoreError::Closed)),
            Err(error) => Err(error),
        };
        // Nobody may be waiting any more; what was asked for has happened all the same.
        let _ = self.answer.send(result);
    }

    fn weight(&self) -> usize {
        self.weight
    }

    fn patient(&self) -> Option<&[DeliveryKey]> {
        self.patient.as_deref()
    }
}

/// Requests that share a transaction.
struct Group {
    writes: Vec<Box<dyn Write>>,
    /// What writes nothing.
    others: Vec<Request>,
    requests: usize,
    bytes: usize,
    /// How often results alone still wait for more.
    waits: u32,
    /// Somebody waits for it.
    hurried: bool,
    /// Nothing comes after it.
    last: bool,
}

impl Group {
    fn new() -> Self {
        Group {
            writes: Vec::new(),
            others: Vec::new(),
            requests: 0,
            bytes: 0,
            waits: WAITS,
            hurried: false,
            last: false,
        }
    }

    fn take(&mut self, request: Request, desk: &Desk) {
        self.requests += 1;
        match request {
            Request::Write(write) => {
                self.bytes += write.weight();
                // The next of the same key cannot go before.
                let hurried = |keys: &[DeliveryKey]| keys.len() >= MANY_RESULTS || desk.any_ordered(keys);
                self.hurried |= write.patient().is_none_or(hurried);
                self.writes.push(write);
            }
            Request::Stop => self.last = true,
            other => self.others.push(other),
        }
    }

    fn is_complete(&self) -> bool {
        self.last || self.requests >= GROUP_REQUESTS || self.bytes >= GROUP_BYTES
    }

    fn may_wait(&self) -> bool {
        !self.hurried && !self.writes.is_empty() && !self.is_complete() && self.waits > 0
    }
}

/// The writer's thread.
pub(super) struct Writer {
    path: PathBuf,
    options: Options,
    connection: Option<Connection>,
    known: Known,
    desk: Desk,
    merging: Merging,
    sweep: u64,
    /// The version of the file as of this connection's last look, to see when another process has written.
    data_version: Option<i64>,
    /// What is known may not be what is on disk.
    stale: bool,
    owner: bool,
    arrivals: watch::Sender<u64>,
}

impl Writer {
    pub(super) fn new(
        path: PathBuf,
        options: Options,
        connection: Connection,
        owner: bool,
        arrivals: watch::Sender<u64>,
        recent: Recent,
    ) -> Result<Self, StoreError> {
        let merging = Merging::new(recent, options.recent);
        let mut writer = Writer {
            path,
            options,
            connection: Some(connection),
            known: Known::default(),
            desk: Desk::default(),
            merging,
            sweep: 0,
            data_version: None,
            stale: true,
            owner,
            arrivals,
        };
        writer.refresh()?;
        Ok(writer)
    }

    /// Serves until it is told to stop, or until nobody can ask any more.
    pub(super) fn serve(mut self, requests: &Receiver<Request>) {
        while let Ok(first) = requests.recv() {
            let mut group = Group::new();
            let mut next = Some(first);
            while let Some(request) = next {
                group.take(request, &self.desk);
                next = if group.is_complete() { None } else { requests.try_recv().ok() };
                if next.is_none() && group.may_wait() {
                    // What was asked besides has nothing to do with results that are on their way.
                    group.others.drain(..).for_each(|other| self.lend(other));
                    group.waits -= 1;
                    next = requests.recv_timeout(PATIENCE).ok();
                }
            }
            if !group.writes.is_empty() {
                self.write(group.writes);
            }
            for other in group.others {
                self.lend(other);
            }
            if group.last {
                return;
            }
        }
    }

    fn write(&mut self, mut writes: Vec<Box<dyn Write>>) {
        let outcome = self.transaction(&mut writes);
        match outcome {
            // One bad request must not take the others down with it. What is wrong with the disk is wrong for all.
            Err(error) if writes.len() > 1 && !error.is_temporary() => {
                for write in writes {
                    self.write(vec![write]);
                }
            }
            // What comes in needs room on the disk; results may do with what is there, and they keep deliveries from
            // being made again.
            Err(error @ StoreError::Unavailable { kind: Unavailable::Full, .. })
                if writes.iter().any(|write| write.patient().is_some())
                    && writes.iter().any(|write| write.patient().is_none()) =>
            {
                let (results, others): (Vec<_>, Vec<_>) =
                    writes.into_iter().partition(|write| write.patient().is_some());
                others.into_iter().for_each(|write| write.answer(Err(error.clone())));
                self.write(results);
            }
            outcome => {
                // Before the answers, so that whoever has one finds the worker woken.
                if outcome.is_ok() {
                    self.arrivals.send_modify(|count| *count = count.wrapping_add(1));
                }
                for write in writes {
                    write.answer(outcome.clone());
                }
            }
        }
    }

    fn transaction(&mut self, writes: &mut [Box<dyn Write>]) -> Result<(), StoreError> {
        self.reconnect()?;
        let outcome = self.attempt(writes);
        if let Err(error) = &outcome {
            self.stale = true;
            let broken = matches!(
                error,
                StoreError::Unavailable { kind: Unavailable::Failing | Unavailable::ReadOnly, .. }
                    | StoreError::Damaged(_)
            );
            let undone = self
                .connection
                .as_ref()
                .is_some_and(|connection| connection.is_autocommit() || connection.execute_batch("ROLLBACK").is_ok());
            // After a failed write to disk a connection's cached pages are in doubt, and one that found the file
            // read-only stays so; a new one looks anew.
            if broken || !undone {
                self.connection = None;
            }
        }
        outcome
    }

    fn attempt(&mut self, writes: &mut [Box<dyn Write>]) -> Result<(), StoreError> {
        self.connection()?.execute_batch("BEGIN IMMEDIATE")?;
        // Now that nobody else can write, what is known is compared with what is.
        self.refresh()?;
        let next_event = self.known.next_event;
        let Some(connection) = &self.connection else { return Err(StoreError::Closed) };
        let mut txn = Txn {
            connection,
            known: &mut self.known,
            desk: &mut self.desk,
            merging: &mut self.merging,
            sweep: &mut self.sweep,
        };
        let mut outcome = writes.iter_mut().try_for_each(|write| write.run(&mut txn));
        outcome = outcome.and_then(|()| Ok(self.merging.carry(connection, self.known.next_event)?));
        outcome = outcome.and_then(|()| self.known.save(connection).map_err(|error| store_error(&error)));
        outcome = outcome.and_then(|()| {
            connection
                .prepare_cached("COMMIT")
                .and_then(|mut commit| commit.execute([]))
                .map_err(|e| store_error(&e))?;
            Ok(())
        });
        match outcome {
            Ok(()) => {
                self.desk.committed();
                self.merging.committed();
            }
            Err(_) => {
                self.desk.undone(next_event);
                self.merging.undone();
            }
        }
        outcome
    }

    fn lend(&mut self, request: Request) {
        match request {
            Request::Claim(claim, answer) => {
                let _ = answer.send(self.claim(&claim));
            }
            Request::Extend(leases, lease, now, answer) => {
                let now = self.known.observe(now).now;
                self.desk.expire(now);
                let lease = i64::try_from(lease.as_millis()).unwrap_or(i64::MAX / 4).min(i64::MAX / 4);
                let held = leases.into_iter().map(|one| self.desk.extend(one, now + lease)).collect();
                let _ = answer.send(Ok(held));
            }
            Request::GiveBack(leases, answer) => {
                for lease in leases {
                    self.desk.give_back(lease);
                }
                self.arrivals.send_modify(|count| *count = count.wrapping_add(1));
                let _ = answer.send(Ok(()));
            }
            Request::Write(_) | Request::Stop => {}
        }
    }

    fn claim(&mut self, claim: &Claim) -> Result<Claimed, StoreError> {
        if !self.owner {
            return Err(StoreError::NotOwner);
        }
        self.reconnect()?;
        self.refresh()?;
        let Some(connection) = &self.connection else { return Err(StoreError::Closed) };
        Claiming { connection, known: &mut self.known, desk: &mut self.desk }.run(claim)
    }

    fn connection(&self) -> Result<&Connection, StoreError> {
        self.connection.as_ref().ok_or(StoreError::Closed)
    }

    fn reconnect(&mut self) -> Result<(), StoreError> {
        if self.connection.is_none() {
            self.connection = Some(connect(&self.path, &self.options)?);
            self.data_version = None;
            self.stale = true;
        }
        Ok(())
    }

    /// Reads anew what another process has changed, or what is in doubt after a failure.
    fn refresh(&mut self) -> Result<(), StoreError> {
        let Some(connection) = &self.connection else { return Err(StoreError::Closed) };
        let version = connection.prepare_cached("PRAGMA data_version")?.query_row([], |row| row.get::<_, i64>(0))?;
        let changed = self.data_version != Some(version);
        if self.stale || changed {
            self.known = Known::load(connection)?;
            if changed {
                self.merging.doubt();
            }
            // Readers share it. A visitor has none that do, and needs it only to take something in.
            if self.owner {
                self.merging.load(connection, self.known.next_event)?;
            }
            self.data_version = Some(version);
            self.desk.doubt(self.known.subs.keys().copied());
            self.stale = false;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::{Group, Job, MANY_RESULTS, Request, Txn};
    use crate::store::sqlite::desk::{Desk, Held};
    use crate::store::{
        DeliveryKey, EventContent, Moment, NewEvent, Options, Pending, Receipt, SourceId, SqliteStore, State, Store,
        StoreError, Unavailable,
    };

    fn write(patient: Option<Vec<DeliveryKey>>) -> Request {
        let work = |_: &mut Txn<'_>| Ok(());
        Request::Write(Box::new(Job { work, result: None, answer: Pending::channel().0, weight: 1, patient }))
    }

    #[test]
    fn only_a_few_results_that_hold_nothing_up_wait_for_others() {
        let mut desk = Desk::default();
        let mut held = Held {
            token: 0,
            until: 1000,
            subscription: 1,
            state: State::Ready,
            due: 0,
            attempts: 0,
            ordering: None,
            replay: false,
            bytes: 1,
        };
        desk.lend(DeliveryKey::new(1), held);
        held.ordering = Some(7);
        desk.lend(DeliveryKey::new(2), held);
        let waits = |requests: Vec<Request>| {
            let mut group = Group::new();
            requests.into_iter().for_each(|request| group.take(request, &desk));
            group.may_wait()
        };
        let results = |keys: std::ops::RangeInclusive<u64>| write(Some(keys.map(DeliveryKey::new).collect()));
        assert!(waits(vec![results(1..=1)]));
        assert!(!waits(vec![results(1..=1), write(None)]), "somebody waits for the other");
        assert!(!waits(vec![results(2..=2)]), "others of its key wait for it");
        assert!(!waits(vec![results(100..=99 + MANY_RESULTS as u64)]), "they are many");
        assert!(!waits(vec![results(1..=1), Request::Stop]));
        assert!(!waits(Vec::new()), "there is nothing to do");
    }

    #[test]
    fn a_store_that_cannot_be_written_refuses_and_recovers_by_itself() {
        let folder = tempfile::tempdir().unwrap();
        let options = Options { verify: false, ..Options::default() };
        let store = SqliteStore::open(&folder.path().join("store.db"), options).unwrap();
        let accept = |name: &str| {
            let content = EventContent::new(SourceId::from("s"), name, b"{}".to_vec());
            let event = NewEvent { content: Arc::new(content), resources: vec![], decided: vec![], unlisted: 0 };
            store.accept(vec![event], Moment::from_millis(1)).wait()
        };
        accept("before").unwrap();
        store.write(1, |txn| Ok(txn.connection.execute_batch("PRAGMA query_only = 1")?)).wait().unwrap();
        let refused = accept("refused");
        assert!(matches!(refused, Err(StoreError::Unavailable { kind: Unavailable::ReadOnly, .. })), "{refused:?}");
        // The connection that could not write is given up, and the next one can.
        assert!(matches!(accept("refused").unwrap()[..], [Receipt::Accepted { .. }]));
        assert!(store.accounts().wait().unwrap().balance());
    }
}
