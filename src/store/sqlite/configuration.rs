//! Subscriptions and integrations with their versions, and documents.

use rusqlite::{OptionalExtension as _, params};

use super::accept::mark;
use super::failure::Stop;
use super::state::{Integration, Sub};
use super::writer::Txn;
use crate::store::{
    Account, Digest, EventKey, Expected, Happening, Moment, NewVersion, Shelf, Standing, State, StoreError,
    SubscriptionId, SubscriptionVersion,
};

/// Deliveries that are called off in one step.
pub(super) const CANCEL_STEP: usize = 500;

impl Txn<'_> {
    /// The mark of what is made now: it is kept at least as long as the event that comes next.
    fn fresh_mark(&self) -> u64 {
        mark(EventKey::new(self.known.next_event))
    }

    pub(super) fn put_integration(&mut self, digest: Digest, content: &[u8]) -> Result<Digest, Stop> {
        let used = self.fresh_mark();
        if let Some(integration) = self.known.integrations.get_mut(&digest) {
            if integration.used < used {
                integration.used = used;
                self.connection
                    .execute("UPDATE integration SET used = ?2 WHERE number = ?1", params![integration.number, used])?;
            }
            return Ok(digest);
        }
        self.connection.execute(
            "INSERT INTO integration (digest, used, content) VALUES (?1, ?2, ?3)",
            params![digest.0, used, content],
        )?;
        let number = self.connection.last_insert_rowid();
        self.known.integrations.insert(digest, Integration { number, used });
        self.known.digests.insert(number, digest);
        Ok(digest)
    }

    pub(super) fn put_subscription(
        &mut self,
        id: &SubscriptionId,
        new: &NewVersion,
        now: Moment,
    ) -> Result<SubscriptionVersion, Stop> {
        if let Some(digest) = new.integration
            && !self.known.integrations.contains_key(&digest)
        {
            return Err(Stop::Refused(StoreError::UnknownIntegration(digest.to_string())));
        }
        let created = self.known.observe(now).wall;
        let number = self.known.sub_numbers.get(id).copied();
        let before =
            number.and_then(|number| self.known.subs.get(&number).map(|sub| (number, sub.current, sub.removed)));
        let (number, version) = match before {
            Some((number, current, false)) => {
                if self.is_unchanged(number, current, new)? {
                    return Ok(SubscriptionVersion(current));
                }
                (number, current.saturating_add(1))
            }
            Some((number, current, true)) => {
                // What waited for it before it was removed must not come back with it.
                while self.call_off(number, true, created)? > 0 {}
                (number, current.saturating_add(1))
            }
            None => {
                self.connection.execute(
                    "INSERT INTO subscription (id, current, enabled, standing) VALUES (?1, 1, 1, x'')",
                    [id.as_str()],
                )?;
                (self.connection.last_insert_rowid(), 1)
            }
        };
        let used = self.fresh_mark();
        self.connection.execute(
            "INSERT INTO subscription_version (subscription, version, created, used, integration, content)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            params![number, version, created.millis(), used, new.integration.map(|digest| digest.0), new.content],
        )?;
        let sub = self.known.subs.entry(number).or_insert_with(|| Sub {
            id: id.clone(),
            current: 1,
            enabled: true,
            removed: false,
            standing: Standing::default(),
            used: Default::default(),
        });
        sub.current = version;
        sub.used.insert(version, used);
        if sub.removed {
            sub.removed = false;
            sub.enabled = true;
            self.connection.execute(
                "UPDATE subscription SET removed = NULL, enabled = 1, reason = NULL WHERE number = ?1",
                [number],
            )?;
        }
        self.connection.execute("UPDATE subscription SET current = ?2 WHERE number = ?1", params![number, version])?;
        self.known.sub_numbers.insert(id.clone(), number);
        Ok(SubscriptionVersion(version))
    }

    fn is_unchanged(&self, number: i64, current: u32, new: &NewVersion) -> Result<bool, Stop> {
        Ok(self
            .connection
            .prepare_cached(
                "SELECT 1 FROM subscription_version
                 WHERE subscription = ?1 AND version = ?2 AND content = ?3 AND integration IS ?4",
            )?
            .exists(params![number, current, new.content, new.integration.map(|digest| digest.0)])?)
    }

    pub(super) fn switch(&mut self, id: &SubscriptionId, enabled: bool, reason: Option<&String>) -> Result<(), Stop> {
        let number = self.present(id).map_err(Stop::Refused)?;
        self.switch_number(number, enabled, reason)
    }

    pub(super) fn switch_number(&mut self, number: i64, enabled: bool, reason: Option<&String>) -> Result<(), Stop> {
        self.connection
            .prepare_cached("UPDATE subscription SET enabled = ?2, reason = ?3 WHERE number = ?1")?
            .execute(params![number, enabled, reason])?;
        if let Some(sub) = self.known.subs.get_mut(&number) {
            sub.enabled = enabled;
        }
        Ok(())
    }

    pub(super) fn remove_subscription(&mut self, id: &SubscriptionId, now: Moment) -> Result<(), Stop> {
        let number = self.present(id).map_err(Stop::Refused)?;
        let removed = self.known.observe(now).wall;
        self.connection
            .execute("UPDATE subscription SET removed = ?2 WHERE number = ?1", params![number, removed.millis()])?;
        if let Some(sub) = self.known.subs.get_mut(&number) {
            sub.removed = true;
        }
        Ok(())
    }

    /// A subscription that is not removed.
    fn present(&self, id: &SubscriptionId) -> Result<i64, StoreError> {
        let number = self.known.sub_numbers.get(id).copied();
        number
            .filter(|number| self.known.subs.get(number).is_some_and(|sub| !sub.removed))
            .ok_or_else(|| StoreError::UnknownSubscription(id.clone()))
    }

    /// Calls off some of what waits for a subscription; says how many. What is out is left alone unless `all`.
    pub(super) fn call_off(&mut self, number: i64, all: bool, now: Moment) -> Result<u64, Stop> {
        let mut keys = Vec::new();
        for text in [
            "SELECT key FROM delivery INDEXED BY delivery_ready WHERE subscription = ?1 AND state = 0",
            "SELECT key FROM delivery INDEXED BY delivery_postponed WHERE subscription = ?1 AND state IN (1, 2)",
        ] {
            let mut query = self.connection.prepare_cached(text)?;
            let mut rows = query.query([number])?;
            while let Some(row) = rows.next()? {
                let key = crate::store::DeliveryKey::new(row.get(0)?);
                if all || !self.desk.is_out(key) {
                    keys.push(key);
                }
                if keys.len() >= CANCEL_STEP {
                    break;
                }
            }
        }
        for &key in &keys {
            self.desk.end_any_in_transaction(key);
            let Some(row) = self.delivery_row(key)? else { continue };
            let state = self.after(key, row.state, Happening::CalledOff)?;
            self.connection
                .prepare_cached("UPDATE delivery SET state = ?2, settled = ?3 WHERE key = ?1")?
                .execute(params![key.number(), state.code(), now.millis()])?;
            self.known.recount(Account::of_state(row.state, row.replay), Account::of_state(state, row.replay));
            if let Some(standing) = self.known.standing(number) {
                standing.waiting = standing.waiting.saturating_sub(1);
                standing.cancelled += 1;
            }
            if row.state != State::Held {
                self.release_next(row)?;
            }
        }
        Ok(keys.len() as u64)
    }

    pub(super) fn put_document(
        &mut self,
        shelf: Shelf,
        name: &str,
        content: &[u8],
        expected: Expected,
    ) -> Result<u64, Stop> {
        let found = self.expect_document(shelf, name, expected)?;
        let revision = found.unwrap_or(0) + 1;
        self.connection
            .prepare_cached("INSERT OR REPLACE INTO document (shelf, name, revision, content) VALUES (?1, ?2, ?3, ?4)")?
            .execute(params![shelf.code(), name, revision, content])?;
        Ok(revision)
    }

    pub(super) fn remove_document(&mut self, shelf: Shelf, name: &str, expected: Expected) -> Result<bool, Stop> {
        let found = self.expect_document(shelf, name, expected)?;
        self.connection.execute("DELETE FROM document WHERE shelf = ?1 AND name = ?2", params![shelf.code(), name])?;
        Ok(found.is_some())
    }

    /// The revision that is there, if it is as expected.
    pub(super) fn expect_document(&self, shelf: Shelf, name: &str, expected: Expected) -> Result<Option<u64>, Stop> {
        let found = self
            .connection
            .prepare_cached("SELECT revision FROM document WHERE shelf = ?1 AND name = ?2")?
            .query_row(params![shelf.code(), name], |row| row.get::<_, u64>(0))
            .optional()?;
        if expected.holds(found) {
            Ok(found)
        } else {
            Err(Stop::Refused(StoreError::Changed { name: name.to_owned() }))
        }
    }
}
