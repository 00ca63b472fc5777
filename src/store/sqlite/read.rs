//! Looks things up. Each reader has its own connection, so that looking never waits for writing.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::accept::identity;
use super::recent::{Recent, Side, events_on_disk};
use super::state::{read_ledger, read_standing};
use crate::store::clock::Clock;
use crate::store::codec::{read_details, read_verdicts};
use crate::store::{
    Accounts, Attempt, AttemptRecord, Conflict, Delivery, DeliveryKey, Digest, Document, EventContent, EventKey,
    EventRecord, EventSummary, Moment, Phases, Shelf, SourceId, Standing, State, StoreError, Subscription,
    SubscriptionId, SubscriptionVersion, Verdict, Version, Versions,
};

/// A connection for looking, with the names it has met.
pub(super) struct Reader {
    pub(super) connection: Connection,
    names: RefCell<HashMap<u64, SubscriptionId>>,
    /// What the writer has not carried into the indexes yet; nothing where the writer is another process.
    recent: Option<Recent>,
    /// Those of the resource that is asked for, oldest first.
    pub(super) lately: RefCell<Vec<u64>>,
}

type Result<T> = std::result::Result<T, StoreError>;

/// The columns that [`Reader::summary`] reads.
const SUMMARY: &str = "e.key, e.received, e.occurred, e.unlisted, e.id, e.verdicts, s.name";

impl Reader {
    pub(super) fn new(connection: Connection, recent: Option<Recent>) -> Self {
        Reader { connection, names: RefCell::default(), recent, lately: RefCell::default() }
    }

    /// Events that the index may not show yet, oldest first. To be asked before anything else is read.
    pub(super) fn recent(&self, side: Side, hash: i64) -> Result<Vec<u64>> {
        match &self.recent {
            Some(recent) => Ok(recent.events(side, hash)),
            None => Ok(events_on_disk(&self.connection, side, hash)?),
        }
    }

    /// Numbers are handed out anew once a removed subscription is forgotten; so names are kept for one request only.
    pub(super) fn forget_names(&self) {
        self.names.borrow_mut().clear();
    }

    pub(super) fn name(&self, number: u64) -> Result<SubscriptionId> {
        if let Some(name) = self.names.borrow().get(&number) {
            return Ok(name.clone());
        }
        let name: Option<String> = self
            .connection
            .prepare_cached("SELECT id FROM subscription WHERE number = ?1")?
            .query_row([number], |row| row.get(0))
            .optional()?;
        let name = SubscriptionId::new(name.unwrap_or_default());
        self.names.borrow_mut().insert(number, name.clone());
        Ok(name)
    }

    pub(super) fn number(&self, id: &SubscriptionId) -> Result<Option<i64>> {
        let mut query = self.connection.prepare_cached("SELECT number FROM subscription WHERE id = ?1")?;
        Ok(query.query_row([id.as_str()], |row| row.get(0)).optional()?)
    }

    pub(super) fn clock(&self) -> Result<Clock> {
        Ok(read_ledger(&self.connection)?.map_or(Clock::default(), |ledger| ledger.clock))
    }

    pub(super) fn accounts(&self) -> Result<Accounts> {
        Ok(read_ledger(&self.connection)?.map_or(Accounts::default(), |ledger| ledger.accounts))
    }

    pub(super) fn integration(&self, digest: Digest) -> Result<Option<Vec<u8>>> {
        let mut query = self.connection.prepare_cached("SELECT content FROM integration WHERE digest = ?1")?;
        Ok(query.query_row([digest.0], |row| row.get(0)).optional()?)
    }

    pub(super) fn subscriptions(&self, after: &str, one: bool, limit: usize) -> Result<Vec<Subscription>> {
        let mut query = self.connection.prepare_cached(&format!(
            "SELECT s.id, s.enabled, s.reason, v.version, v.created, v.content, v.integration
             FROM subscription s JOIN subscription_version v ON v.subscription = s.number AND v.version = s.current
             WHERE s.id {} ?1 AND s.removed IS NULL ORDER BY s.id LIMIT ?2",
            if one { "=" } else { ">" }
        ))?;
        let rows = query.query_map(params![after, limit], |row| {
            Ok(Subscription {
                id: SubscriptionId::new(row.get::<_, String>(0)?),
                enabled: row.get(1)?,
                reason: row.get(2)?,
                current: version(row, 3)?,
            })
        })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    pub(super) fn version(&self, id: &SubscriptionId, number: SubscriptionVersion) -> Result<Option<Version>> {
        let mut query = self.connection.prepare_cached(
            "SELECT v.version, v.created, v.content, v.integration FROM subscription_version v
             JOIN subscription s ON s.number = v.subscription WHERE s.id = ?1 AND v.version = ?2",
        )?;
        Ok(query.query_row(params![id.as_str(), number.0], |row| version(row, 0)).optional()?)
    }

    pub(super) fn standing(&self, id: &SubscriptionId) -> Result<Option<Standing>> {
        let mut query = self
            .connection
            .prepare_cached("SELECT number, standing FROM subscription WHERE id = ?1 AND removed IS NULL")?;
        let found = query
            .query_row([id.as_str()], |row| Ok((row.get::<_, i64>(0)?, read_standing(row.get_ref(1)?.as_blob()?))));
        let Some((number, mut standing)) = found.optional()? else { return Ok(None) };
        let mut query = self.connection.prepare_cached(
            "SELECT e.received FROM event e WHERE e.key = (SELECT min(key) >> 20 FROM (
                 SELECT * FROM (SELECT key FROM delivery INDEXED BY delivery_ready
                     WHERE subscription = ?1 AND state = 0 ORDER BY key LIMIT 1)
                 UNION ALL
                 SELECT * FROM (SELECT key FROM delivery INDEXED BY delivery_postponed
                     WHERE subscription = ?1 AND state IN (1, 2) ORDER BY key LIMIT 1)))",
        )?;
        standing.oldest_waiting = query.query_row([number], |row| row.get(0)).optional()?.map(Moment::from_millis);
        let mut query = self.connection.prepare_cached(
            "SELECT due FROM delivery INDEXED BY delivery_later WHERE subscription = ?1 AND state = 1
             ORDER BY due LIMIT 1",
        )?;
        let due: Option<i64> = query.query_row([number], |row| row.get(0)).optional()?;
        if let Some(due) = due {
            standing.next_retry = Some(self.clock()?.wall(due));
        }
        Ok(Some(standing))
    }

    pub(super) fn find_event(&self, source: &SourceId, id: &str) -> Result<Option<EventKey>> {
        let identity = identity(source, id);
        let mut keys = self.recent(Side::Ids, identity)?;
        let mut query = self.connection.prepare_cached("SELECT event FROM event_by_id WHERE identity = ?1")?;
        let mut rows = query.query([identity])?;
        while let Some(row) = rows.next()? {
            keys.push(row.get(0)?);
        }
        let mut query = self.connection.prepare_cached(
            "SELECT 1 FROM event e JOIN source s ON s.number = e.source
             WHERE e.key = ?1 AND s.name = ?2 AND e.id = ?3",
        )?;
        for key in keys {
            if query.exists(params![key, source.as_str(), id])? {
                return Ok(Some(EventKey::new(key)));
            }
        }
        Ok(None)
    }

    pub(super) fn event(&self, key: EventKey) -> Result<Option<EventRecord>> {
        let Some((received, content)) = content(&self.connection, key)? else { return Ok(None) };
        let Some(summary) = self.summary(key.number())? else { return Ok(None) };
        let mut query = self
            .connection
            .prepare_cached("SELECT received, digest, raw FROM conflict WHERE event = ?1 ORDER BY rowid")?;
        let conflicts = query.query_map([key.number()], |row| {
            Ok(Conflict { received: Moment::from_millis(row.get(0)?), digest: Digest(row.get(1)?), raw: row.get(2)? })
        })?;
        let conflicts = conflicts.collect::<rusqlite::Result<_>>()?;
        Ok(Some(EventRecord {
            key,
            received,
            content,
            verdicts: summary.verdicts,
            unlisted: summary.unlisted,
            conflicts,
        }))
    }

    pub(super) fn summary(&self, key: u64) -> Result<Option<EventSummary>> {
        let mut query = self.connection.prepare_cached(&format!(
            "SELECT {SUMMARY} FROM event e JOIN source s ON s.number = e.source WHERE e.key = ?1"
        ))?;
        let mut rows = query.query([key])?;
        let Some(row) = rows.next()? else { return Ok(None) };
        let mut verdicts = Vec::new();
        for packed in read_verdicts(row.get_ref(5)?.as_blob().unwrap_or_default()) {
            let subscription = self.name(packed.subscription)?;
            verdicts.push(Verdict { subscription, version: SubscriptionVersion(packed.version), skip: packed.skip });
        }
        Ok(Some(EventSummary {
            key: EventKey::new(row.get(0)?),
            source: SourceId::new(row.get::<_, String>(6)?),
            id: row.get(4)?,
            received: Moment::from_millis(row.get(1)?),
            occurred: row.get::<_, Option<i64>>(2)?.map(Moment::from_millis),
            verdicts,
            unlisted: row.get(3)?,
        }))
    }

    pub(super) fn delivery(&self, key: u64, clock: Clock) -> Result<Option<Delivery>> {
        let mut query = self.connection.prepare_cached(
            "SELECT d.subscription, d.version, i.digest, d.state, d.attempts, d.due, d.settled, d.ordering, d.replay_of
             FROM delivery d JOIN integration i ON i.number = d.integration WHERE d.key = ?1",
        )?;
        let mut rows = query.query([key])?;
        let Some(row) = rows.next()? else { return Ok(None) };
        let Some(state) = State::from_code(row.get(3)?) else {
            return Err(StoreError::Damaged(format!("delivery {key} has no state")));
        };
        let due: i64 = row.get(5)?;
        Ok(Some(Delivery {
            key: DeliveryKey::new(key),
            subscription: self.name(row.get(0)?)?,
            versions: Versions { subscription: SubscriptionVersion(row.get(1)?), integration: Digest(row.get(2)?) },
            state,
            attempts: row.get(4)?,
            due: state.is_waiting().then(|| clock.wall(due)),
            settled: row.get::<_, Option<i64>>(6)?.map(Moment::from_millis),
            ordered: row.get::<_, Option<i64>>(7)?.is_some(),
            replay_of: row.get::<_, Option<u64>>(8)?.map(DeliveryKey::new),
        }))
    }

    pub(super) fn attempts(&self, delivery: DeliveryKey) -> Result<Vec<AttemptRecord>> {
        let mut query = self.connection.prepare_cached(
            "SELECT number, started, next, status, error, details FROM attempt WHERE delivery = ?1 ORDER BY number",
        )?;
        let rows = query.query_map([delivery.number()], |row| {
            let mut attempt = Attempt {
                started: Moment::from_millis(row.get(1)?),
                phases: Phases::default(),
                status: row.get(3)?,
                headers: Vec::new(),
                body: Vec::new(),
                error: row.get(4)?,
            };
            read_details(row.get_ref(5)?.as_blob().unwrap_or_default(), &mut attempt);
            let next = row.get::<_, Option<i64>>(2)?.map(Moment::from_millis);
            Ok(AttemptRecord { number: row.get(0)?, attempt, next })
        })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    pub(super) fn documents(&self, shelf: Shelf, after: &str, one: bool, limit: usize) -> Result<Vec<Document>> {
        let mut query = self.connection.prepare_cached(&format!(
            "SELECT name, revision, content FROM document WHERE shelf = ?1 AND name {} ?2 ORDER BY name LIMIT ?3",
            if one { "=" } else { ">" }
        ))?;
        let rows = query.query_map(params![shelf.code(), after, limit], |row| {
            Ok(Document { name: row.get(0)?, revision: row.get(1)?, content: row.get(2)? })
        })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }
}

/// An event's bytes; the writer reads them too, for those who claim.
pub(super) fn content(connection: &Connection, key: EventKey) -> Result<Option<(Moment, Arc<EventContent>)>> {
    let mut query = connection.prepare_cached(
        "SELECT e.received, s.name, e.id, e.occurred, e.digest, e.raw, e.context FROM event e
         JOIN source s ON s.number = e.source WHERE e.key = ?1",
    )?;
    let found = query.query_row([key.number()], |row| {
        let content = EventContent {
            source: SourceId::new(row.get::<_, String>(1)?),
            id: row.get(2)?,
            occurred: row.get::<_, Option<i64>>(3)?.map(Moment::from_millis),
            digest: Digest(row.get(4)?),
            raw: row.get(5)?,
            context: row.get(6)?,
        };
        Ok((Moment::from_millis(row.get(0)?), Arc::new(content)))
    });
    Ok(found.optional()?)
}

fn version(row: &Row<'_>, first: usize) -> rusqlite::Result<Version> {
    Ok(Version {
        version: SubscriptionVersion(row.get(first)?),
        created: Moment::from_millis(row.get(first + 1)?),
        content: row.get(first + 2)?,
        integration: row.get::<_, Option<[u8; 32]>>(first + 3)?.map(Digest),
    })
}
