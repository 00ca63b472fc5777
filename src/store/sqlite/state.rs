//! What the writer keeps in memory of the tables, so that it need not look: small, and read anew after any failure.

use std::collections::{BTreeSet, HashMap};

use rusqlite::{Connection, OptionalExtension as _, params};

use crate::store::clock::{Clock, Observed};
use crate::store::codec::{Reader, Writer};
use crate::store::{Account, Accounts, Digest, EventKey, Moment, SourceId, Standing, SubscriptionId};

/// A subscription as the writer knows it.
#[derive(Debug)]
pub(super) struct Sub {
    pub(super) id: SubscriptionId,
    pub(super) current: u32,
    pub(super) enabled: bool,
    pub(super) removed: bool,
    pub(super) standing: Standing,
    /// By version, the last event that may refer to it without its row being touched.
    pub(super) used: HashMap<u32, u64>,
}

impl Sub {
    pub(super) fn hands_out(&self) -> bool {
        self.enabled && !self.removed
    }
}

/// An integration version as the writer knows it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Integration {
    pub(super) number: i64,
    pub(super) used: u64,
}

/// How many events pass before the row of a version that is in use is touched again.
pub(super) const USE_STRIDE: u64 = 1 << 16;

/// How many times the clock may have been set back and lists by time still be bounded by keys.
const STEPS_KEPT: usize = 256;

/// What the writer keeps in memory of the tables.
#[derive(Debug, Default)]
pub(super) struct Known {
    pub(super) clock: Clock,
    pub(super) next_event: u64,
    /// Events before which the clock was set back.
    pub(super) steps: Vec<u64>,
    pub(super) accounts: Accounts,
    pub(super) subs: HashMap<i64, Sub>,
    pub(super) sub_numbers: HashMap<SubscriptionId, i64>,
    pub(super) sources: HashMap<SourceId, i64>,
    pub(super) integrations: HashMap<Digest, Integration>,
    pub(super) digests: HashMap<i64, Digest>,
    /// Subscriptions whose standing is to be written.
    pub(super) touched: BTreeSet<i64>,
    pub(super) ledger_touched: bool,
}

impl Known {
    /// Reads everything anew.
    pub(super) fn load(connection: &Connection) -> rusqlite::Result<Known> {
        let mut known = Known { next_event: 1, ..Known::default() };
        if let Some(ledger) = read_ledger(connection)? {
            known.clock = ledger.clock;
            known.next_event = ledger.next_event;
            known.accounts = ledger.accounts;
            known.steps = ledger.steps;
        }
        let mut query = connection.prepare("SELECT number, name FROM source")?;
        let mut rows = query.query([])?;
        while let Some(row) = rows.next()? {
            known.sources.insert(SourceId::new(row.get::<_, String>(1)?), row.get(0)?);
        }
        let mut query = connection.prepare("SELECT number, digest, used FROM integration")?;
        let mut rows = query.query([])?;
        while let Some(row) = rows.next()? {
            let (number, digest) = (row.get(0)?, Digest(row.get(1)?));
            known.integrations.insert(digest, Integration { number, used: row.get(2)? });
            known.digests.insert(number, digest);
        }
        let mut query =
            connection.prepare("SELECT number, id, current, enabled, removed, standing FROM subscription")?;
        let mut rows = query.query([])?;
        while let Some(row) = rows.next()? {
            let id = SubscriptionId::new(row.get::<_, String>(1)?);
            let sub = Sub {
                id: id.clone(),
                current: row.get(2)?,
                enabled: row.get(3)?,
                removed: row.get::<_, Option<i64>>(4)?.is_some(),
                standing: read_standing(row.get_ref(5)?.as_blob()?),
                used: HashMap::new(),
            };
            known.subs.insert(row.get(0)?, sub);
            known.sub_numbers.insert(id, row.get(0)?);
        }
        let mut query = connection.prepare("SELECT subscription, version, used FROM subscription_version")?;
        let mut rows = query.query([])?;
        while let Some(row) = rows.next()? {
            if let Some(sub) = known.subs.get_mut(&row.get(0)?) {
                sub.used.insert(row.get(1)?, row.get(2)?);
            }
        }
        Ok(known)
    }

    /// Writes what changed of the books and standings, as the last thing of a transaction.
    pub(super) fn save(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        for number in std::mem::take(&mut self.touched) {
            if let Some(sub) = self.subs.get(&number) {
                connection
                    .prepare_cached("UPDATE subscription SET standing = ?2 WHERE number = ?1")?
                    .execute(params![number, write_standing(&sub.standing)])?;
            }
        }
        if std::mem::take(&mut self.ledger_touched) {
            connection
                .prepare_cached("INSERT OR REPLACE INTO meta (name, value) VALUES ('ledger', ?1)")?
                .execute([self.ledger()])?;
        }
        Ok(())
    }

    /// A subscription whose standing is about to change.
    pub(super) fn standing(&mut self, number: i64) -> Option<&mut Standing> {
        self.touched.insert(number);
        self.subs.get_mut(&number).map(|sub| &mut sub.standing)
    }

    pub(super) fn count(&mut self, account: Account, count: u64) {
        self.accounts.add(account, count);
        self.ledger_touched = true;
    }

    pub(super) fn recount(&mut self, from: Account, to: Account) {
        self.accounts.move_one(from, to);
        self.ledger_touched = true;
    }

    /// Takes note of what a caller's clock shows.
    pub(super) fn observe(&mut self, wall: Moment) -> Observed {
        let observed = self.clock.observe(wall);
        if observed.set_back {
            self.note_step();
        }
        observed
    }

    /// The clock was set back before the next event.
    fn note_step(&mut self) {
        if self.steps.last() != Some(&self.next_event) {
            self.steps.push(self.next_event);
        }
        if self.steps.len() > STEPS_KEPT {
            self.steps.remove(0);
        }
        self.ledger_touched = true;
    }

    fn ledger(&self) -> Vec<u8> {
        let mut writer = Writer::default();
        writer.number(self.clock.latest.cast_unsigned());
        writer.number(self.clock.ahead.cast_unsigned());
        writer.number(self.next_event);
        writer.number(self.steps.len() as u64);
        for step in &self.steps {
            writer.number(*step);
        }
        for number in self.accounts.numbers() {
            writer.number(*number);
        }
        writer.0
    }
}

/// The books as they are on disk.
pub(super) struct Ledger {
    pub(super) clock: Clock,
    pub(super) next_event: u64,
    pub(super) steps: Vec<u64>,
    pub(super) accounts: Accounts,
}

pub(super) fn read_ledger(connection: &Connection) -> rusqlite::Result<Option<Ledger>> {
    let mut query = connection.prepare_cached("SELECT value FROM meta WHERE name = 'ledger'")?;
    let Some(bytes) = query.query_row([], |row| row.get::<_, Vec<u8>>(0)).optional()? else { return Ok(None) };
    let mut reader = Reader(&bytes);
    let mut number = || reader.number().unwrap_or(0);
    let clock = Clock { latest: number().cast_signed(), ahead: number().cast_signed() };
    let next_event = number().clamp(1, EventKey::LAST);
    let steps = (0..number().min(STEPS_KEPT as u64)).map(|_| number()).collect();
    Ok(Some(Ledger {
        clock,
        next_event,
        steps,
        accounts: Accounts::from_numbers(std::iter::from_fn(|| reader.number())),
    }))
}

fn write_standing(standing: &Standing) -> Vec<u8> {
    let mut writer = Writer::default();
    let moment = |moment: Option<Moment>| moment.map_or(0, |moment| moment.millis().cast_unsigned().wrapping_add(1));
    writer.number(standing.waiting);
    writer.number(standing.delivered);
    writer.number(standing.dead);
    writer.number(standing.cancelled);
    writer.number(standing.last_status.map_or(0, |status| u64::from(status) + 1));
    writer.number(moment(standing.last_attempt));
    writer.number(moment(standing.last_success));
    writer.number(u64::from(standing.failures));
    writer.0
}

pub(super) fn read_standing(bytes: &[u8]) -> Standing {
    let mut reader = Reader(bytes);
    let mut number = || reader.number().unwrap_or(0);
    let moment = |number: u64| (number != 0).then(|| Moment::from_millis(number.wrapping_sub(1).cast_signed()));
    Standing {
        waiting: number(),
        delivered: number(),
        dead: number(),
        cancelled: number(),
        last_status: number().checked_sub(1).and_then(|status| u16::try_from(status).ok()),
        last_attempt: moment(number()),
        last_success: moment(number()),
        failures: u32::try_from(number()).unwrap_or(u32::MAX),
        oldest_waiting: None,
        next_retry: None,
    }
}
