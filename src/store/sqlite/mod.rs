//! The store in one file: SQLite with a write-ahead log, flushed to disk at every commit.
//!
//! One thread writes and shares each flush among all who wait; a few others look. SQL stays in this folder.

mod accept;
mod backfill;
mod claim;
mod configuration;
mod desk;
mod failure;
mod file;
mod list;
mod read;
mod recent;
mod replay;
mod schema;
mod settle;
mod state;
mod upkeep;
mod writer;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, Sender, SyncSender, TrySendError};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;

use rusqlite::Connection;
use tokio::sync::watch;

use accept::Prepared;
use failure::{Stop, io_error, store_error};
use file::{connect, connect_reader, create_private, lock, prepare};
use read::Reader;
use recent::Recent;
use writer::{Job, Request, Txn, Writer};

use super::{
    Accounts, AttemptRecord, Claim, Claimed, Delivery, DeliveryFilter, DeliveryKey, Digest, Document, EventFilter,
    EventKey, EventRecord, EventSummary, Expected, Lease, Moment, NewEvent, NewVersion, Page, PageRequest, Pending,
    Receipt, Replay, Retention, Settled, Settlement, Shelf, SourceId, Standing, Store, StoreError, Subscription,
    SubscriptionId, SubscriptionVersion, Upkeep, Version,
};

/// How many requests may wait for the writer; more are refused, so that memory stays bounded.
const WAITING_REQUESTS: usize = 8192;

/// How a store is opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// How many threads look things up.
    pub readers: usize,
    /// How long to wait while another process writes.
    pub patience: Duration,
    /// The file may not grow beyond this. Past it, what comes in is refused as on a full disk.
    pub most_bytes: Option<u64>,
    /// Memory for pages that are at hand, in KiB, for the writer; a reader has a quarter of it.
    pub cache_kib: u32,
    /// Entries of an index that stay in memory, at least, before they are written into it many at a time.
    pub recent: usize,
    /// Whether to read the whole file at the start, in the background, for what the disk may have done to it.
    pub verify: bool,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            readers: 2,
            patience: Duration::from_secs(5),
            most_bytes: None,
            cache_kib: 6144,
            recent: 32_768,
            verify: true,
        }
    }
}

/// What reading the whole file has shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Integrity {
    /// It has not been read to the end.
    Unknown,
    /// Nothing is wrong.
    Sound,
    /// Something is: take the store out of service and go back to a backup.
    Damaged(String),
}

/// A store in one file. Dropping it finishes what was asked for, then closes the file.
#[derive(Debug)]
pub struct SqliteStore {
    path: PathBuf,
    options: Options,
    requests: SyncSender<Request>,
    looks: Option<Sender<Look>>,
    /// Nothing is sent; that it is gone ends the thread at the other end.
    backfilling: Option<Sender<()>>,
    arrivals: watch::Receiver<u64>,
    integrity: Arc<Mutex<Integrity>>,
    threads: Vec<JoinHandle<()>>,
    /// Held as long as this process works on the file.
    _lock: Option<File>,
}

type Look = Box<dyn FnOnce(&Reader) + Send>;

impl SqliteStore {
    /// Opens the store to work on it, and makes it if there is none. Work that was out when the last owner ended is
    /// due again at once.
    ///
    /// # Errors
    /// Another process works on it, it cannot be opened, or it is not a store that this program knows.
    pub fn open(path: &Path, options: Options) -> Result<Self, StoreError> {
        let lock = lock(path)?;
        prepare(path, &options)?;
        Self::start(path, options, Some(lock))
    }

    /// Opens the store beside the process that works on it: to look, to change settings, to ask for replays. Such a
    /// store hands out no work.
    ///
    /// # Errors
    /// It cannot be opened, it is not a store that this program knows, or it is of an older form and an older program
    /// works on it.
    pub fn visit(path: &Path, options: Options) -> Result<Self, StoreError> {
        create_private(path)?;
        let (found, known) = (schema::version(&connect(path, &options)?)?, schema::newest());
        if found > known {
            return Err(StoreError::TooNew { found, known });
        }
        if found < known {
            // Whoever works on it would go on writing what the newer form has no place for.
            let _lock = lock(path).map_err(|error| match error {
                StoreError::InUse(_) => StoreError::TooOld { found, known },
                error => error,
            })?;
            prepare(path, &options)?;
        }
        Self::start(path, options, None)
    }

    /// What reading the whole file has shown so far.
    pub fn integrity(&self) -> Integrity {
        self.integrity.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Reads the whole file for what the disk may have done to it, beside everything else.
    pub fn verify(&self) -> Pending<Integrity> {
        let (answer, pending) = Pending::channel();
        let (path, options, told) = (self.path.clone(), self.options.clone(), Arc::clone(&self.integrity));
        // Not waited for at the end: it reads only, and may take long on a large file.
        let reading = spawn("store-verify", move || {
            let found = connect_reader(&path, &options).map(|connection| read_everything(&connection));
            if let Ok(found) = &found {
                *told.lock().unwrap_or_else(PoisonError::into_inner) = found.clone();
            }
            let _ = answer.send(found);
        });
        match reading {
            Ok(_) => pending,
            Err(error) => Pending::ready(Err(error)),
        }
    }

    fn start(path: &Path, options: Options, lock: Option<File>) -> Result<Self, StoreError> {
        let connection = connect(path, &options)?;
        let (arrived, arrivals) = watch::channel(0);
        let (requests, asked) = mpsc::sync_channel(WAITING_REQUESTS);
        let owner = lock.is_some();
        let recent = Recent::default();
        let writer = Writer::new(path.to_owned(), options.clone(), connection, owner, arrived, recent.clone())?;
        let mut threads = vec![spawn("store-writer", move || writer.serve(&asked))?];

        let (looks, looked) = mpsc::channel::<Look>();
        let looked = Arc::new(Mutex::new(looked));
        for _ in 0..options.readers.max(1) {
            let reader = Reader::new(connect_reader(path, &options)?, owner.then(|| recent.clone()));
            let looked = Arc::clone(&looked);
            threads.push(spawn("store-reader", move || serve_looks(&reader, &looked))?);
        }
        let (backfilling, ends) = mpsc::channel();
        if owner {
            let (connection, commits) = (connect_reader(path, &options)?, arrivals.clone());
            threads.push(spawn("store-backfill", move || backfill::run(&connection, &commits, &ends))?);
        }
        let verifies = options.verify;
        let store = SqliteStore {
            path: path.to_owned(),
            options,
            requests,
            looks: Some(looks),
            backfilling: Some(backfilling),
            arrivals,
            integrity: Arc::new(Mutex::new(Integrity::Unknown)),
            threads,
            _lock: lock,
        };
        if verifies {
            drop(store.verify());
        }
        Ok(store)
    }

    /// Hands a piece of writing to the writer.
    fn write<T: Send + 'static>(
        &self,
        weight: usize,
        work: impl FnMut(&mut Txn<'_>) -> Result<T, Stop> + Send + 'static,
    ) -> Pending<T> {
        self.write_when(weight, None, work)
    }

    /// The same; what `patient` names may wait a moment for a commit to share.
    fn write_when<T: Send + 'static>(
        &self,
        weight: usize,
        patient: Option<Vec<DeliveryKey>>,
        work: impl FnMut(&mut Txn<'_>) -> Result<T, Stop> + Send + 'static,
    ) -> Pending<T> {
        let (answer, pending) = Pending::channel();
        self.ask(Request::Write(Box::new(Job { work, result: None, answer, weight, patient })), pending)
    }

    fn ask<T>(&self, request: Request, pending: Pending<T>) -> Pending<T> {
        match self.requests.try_send(request) {
            Ok(()) => pending,
            Err(TrySendError::Full(_)) => Pending::ready(Err(StoreError::overloaded())),
            Err(TrySendError::Disconnected(_)) => Pending::ready(Err(StoreError::Closed)),
        }
    }

    fn look<T: Send + 'static>(
        &self,
        question: impl FnOnce(&Reader) -> Result<T, StoreError> + Send + 'static,
    ) -> Pending<T> {
        let (answer, pending) = Pending::channel();
        let look: Look = Box::new(move |reader| {
            let _ = answer.send(question(reader));
        });
        match self.looks.as_ref().map(|looks| looks.send(look)) {
            Some(Ok(())) => pending,
            _ => Pending::ready(Err(StoreError::Closed)),
        }
    }
}

impl Drop for SqliteStore {
    fn drop(&mut self) {
        // A full queue is emptied by the writer, so this waits at most for what was asked for before.
        let _ = self.requests.send(Request::Stop);
        self.looks = None;
        self.backfilling = None;
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

impl Store for SqliteStore {
    fn accept(&self, events: Vec<NewEvent>, now: Moment) -> Pending<Vec<Receipt>> {
        // Hashing is done here, on the caller's thread: the writer's time is everybody's.
        let prepared: Vec<Prepared> = events.into_iter().map(Prepared::new).collect();
        let weight = prepared.iter().map(Prepared::weight).sum();
        self.write(weight, move |txn| txn.accept(&prepared, now))
    }

    fn claim(&self, claim: Claim) -> Pending<Claimed> {
        let (answer, pending) = Pending::channel();
        self.ask(Request::Claim(claim, answer), pending)
    }

    fn settle(&self, results: Vec<Settlement>, now: Moment) -> Pending<Vec<Settled>> {
        let weight = results.iter().map(|result| 200 + result.attempt.body.len()).sum();
        let deliveries = results.iter().map(|result| result.lease.delivery).collect();
        self.write_when(weight, Some(deliveries), move |txn| txn.settle(&results, now))
    }

    fn extend(&self, leases: Vec<Lease>, lease: Duration, now: Moment) -> Pending<Vec<bool>> {
        let (answer, pending) = Pending::channel();
        self.ask(Request::Extend(leases, lease, now, answer), pending)
    }

    fn give_back(&self, leases: Vec<Lease>) -> Pending<()> {
        let (answer, pending) = Pending::channel();
        self.ask(Request::GiveBack(leases, answer), pending)
    }

    fn arrivals(&self) -> watch::Receiver<u64> {
        self.arrivals.clone()
    }

    fn replay(
        &self,
        replays: Vec<Replay>,
        job: Option<(Document, Expected)>,
        now: Moment,
    ) -> Pending<Vec<DeliveryKey>> {
        self.write(replays.len() * 300, move |txn| txn.replay(&replays, job.as_ref(), now))
    }

    fn put_integration(&self, content: Vec<u8>) -> Pending<Digest> {
        let digest = Digest::of(&content);
        self.write(content.len(), move |txn| txn.put_integration(digest, &content))
    }

    fn integration(&self, digest: Digest) -> Pending<Option<Vec<u8>>> {
        self.look(move |reader| reader.integration(digest))
    }

    fn put_subscription(&self, id: SubscriptionId, version: NewVersion, now: Moment) -> Pending<SubscriptionVersion> {
        self.write(version.content.len(), move |txn| txn.put_subscription(&id, &version, now))
    }

    fn switch(&self, id: SubscriptionId, enabled: bool, reason: Option<String>) -> Pending<()> {
        self.write(100, move |txn| txn.switch(&id, enabled, reason.as_ref()))
    }

    fn remove_subscription(&self, id: SubscriptionId, now: Moment) -> Pending<()> {
        self.write(100, move |txn| txn.remove_subscription(&id, now))
    }

    fn subscription(&self, id: SubscriptionId) -> Pending<Option<Subscription>> {
        self.look(move |reader| Ok(reader.subscriptions(id.as_str(), true, 1)?.pop()))
    }

    fn subscriptions(&self, after: Option<SubscriptionId>, limit: usize) -> Pending<Vec<Subscription>> {
        self.look(move |reader| reader.subscriptions(after.as_ref().map_or("", |id| id.as_str()), false, limit))
    }

    fn version(&self, id: SubscriptionId, version: SubscriptionVersion) -> Pending<Option<Version>> {
        self.look(move |reader| reader.version(&id, version))
    }

    fn standing(&self, id: SubscriptionId) -> Pending<Option<Standing>> {
        self.look(move |reader| reader.standing(&id))
    }

    fn event(&self, key: EventKey) -> Pending<Option<EventRecord>> {
        self.look(move |reader| reader.event(key))
    }

    fn find_event(&self, source: SourceId, id: String) -> Pending<Option<EventKey>> {
        self.look(move |reader| reader.find_event(&source, &id))
    }

    fn events(&self, filter: EventFilter, page: PageRequest) -> Pending<Page<EventSummary>> {
        self.look(move |reader| reader.events(&filter, page))
    }

    fn delivery(&self, key: DeliveryKey) -> Pending<Option<Delivery>> {
        self.look(move |reader| reader.delivery(key.number(), reader.clock()?))
    }

    fn deliveries(&self, filter: DeliveryFilter, page: PageRequest) -> Pending<Page<Delivery>> {
        self.look(move |reader| reader.deliveries(&filter, page))
    }

    fn attempts(&self, delivery: DeliveryKey) -> Pending<Vec<AttemptRecord>> {
        self.look(move |reader| reader.attempts(delivery))
    }

    fn put_document(&self, shelf: Shelf, name: String, content: Vec<u8>, expected: Expected) -> Pending<u64> {
        self.write(content.len(), move |txn| txn.put_document(shelf, &name, &content, expected))
    }

    fn remove_document(&self, shelf: Shelf, name: String, expected: Expected) -> Pending<bool> {
        self.write(100, move |txn| txn.remove_document(shelf, &name, expected))
    }

    fn document(&self, shelf: Shelf, name: String) -> Pending<Option<Document>> {
        self.look(move |reader| Ok(reader.documents(shelf, &name, true, 1)?.pop()))
    }

    fn documents(&self, shelf: Shelf, after: Option<String>, limit: usize) -> Pending<Vec<Document>> {
        self.look(move |reader| reader.documents(shelf, after.as_deref().unwrap_or(""), false, limit))
    }

    fn accounts(&self) -> Pending<Accounts> {
        self.look(Reader::accounts)
    }

    fn upkeep(&self, retention: Retention, now: Moment) -> Pending<Upkeep> {
        self.write(100_000, move |txn| txn.upkeep(retention, now))
    }
}

/// Answers questions until nobody can ask any more.
fn serve_looks(reader: &Reader, looks: &Mutex<Receiver<Look>>) {
    loop {
        let look = looks.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(look) = look else { return };
        // One transaction a question: everything in an answer is of the same moment.
        let begun = reader.connection.execute_batch("BEGIN").is_ok();
        look(reader);
        if begun {
            let _ = reader.connection.execute_batch("COMMIT");
        }
        reader.forget_names();
    }
}

fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>, StoreError> {
    std::thread::Builder::new().name(name.to_owned()).spawn(work).map_err(|error| io_error(&error))
}

fn read_everything(connection: &Connection) -> Integrity {
    match connection.query_row("PRAGMA quick_check(1)", [], |row| row.get::<_, String>(0)) {
        Ok(answer) if answer == "ok" => Integrity::Sound,
        Ok(answer) => Integrity::Damaged(answer),
        Err(error) => match store_error(&error) {
            StoreError::Damaged(message) => Integrity::Damaged(message),
            _ => Integrity::Unknown,
        },
    }
}
