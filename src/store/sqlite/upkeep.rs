//! What must be done now and then, in small steps beside the traffic.

use rusqlite::params;

use super::failure::Stop;
use super::writer::Txn;
use crate::store::codec::read_verdicts;
use crate::store::{DeliveryKey, EventKey, Moment, Retention, Upkeep, VerdictKind};

/// Events that are looked at in one step.
const SWEEP_STEP: usize = 256;

/// An event that may be removed.
struct Old {
    key: u64,
    received: i64,
    identity: i64,
    resources: Vec<u8>,
    verdicts: Vec<u8>,
}

impl Txn<'_> {
    pub(super) fn upkeep(&mut self, retention: Retention, now: Moment) -> Result<Upkeep, Stop> {
        let wall = self.known.observe(now).wall;
        let mut done = Upkeep::default();
        let removed: Vec<i64> = self
            .known
            .subs
            .iter()
            .filter(|(_, sub)| sub.removed && sub.standing.waiting > 0)
            .map(|(n, _)| *n)
            .collect();
        for number in removed {
            done.cancelled += self.call_off(number, false, wall)?;
            if done.cancelled >= super::configuration::CANCEL_STEP as u64 {
                done.more = true;
                return Ok(done);
            }
        }
        self.sweep(retention, wall, &mut done)?;
        if !done.more {
            self.drop_versions(&mut done)?;
        }
        Ok(done)
    }

    fn sweep(&mut self, retention: Retention, wall: Moment, done: &mut Upkeep) -> Result<(), Stop> {
        let too_large = match retention.bytes {
            Some(most) => self.bytes()? > most,
            None => false,
        };
        let horizon = retention.age.map(|age| wall.before(age).millis());
        if !too_large && horizon.is_none() {
            return Ok(());
        }
        let looked_at = self.oldest(*self.sweep)?;
        let all = looked_at.len() < SWEEP_STEP;
        for old in looked_at {
            let too_old = horizon.is_some_and(|horizon| old.received < horizon);
            // An event from the future was taken while the clock was wrong; those behind it may be old all the same.
            if !too_old && !too_large && old.received <= wall.millis() {
                *self.sweep = 0;
                return Ok(());
            }
            *self.sweep = old.key + 1;
            if (too_old || too_large) && !self.waits(EventKey::new(old.key))? {
                self.forget(&old)?;
                done.events += 1;
            }
        }
        // At the end the walk begins anew: what waited when it came by may have been settled since.
        if all {
            *self.sweep = 0;
        }
        done.more = !all;
        Ok(())
    }

    fn oldest(&self, from: u64) -> Result<Vec<Old>, Stop> {
        let mut query = self.connection.prepare_cached(
            "SELECT key, received, identity, resources, verdicts FROM event WHERE key >= ?1 ORDER BY key LIMIT ?2",
        )?;
        let rows = query.query_map(params![from, SWEEP_STEP], |row| {
            Ok(Old {
                key: row.get(0)?,
                received: row.get(1)?,
                identity: row.get(2)?,
                resources: row.get(3)?,
                verdicts: row.get(4)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    fn waits(&self, event: EventKey) -> Result<bool, Stop> {
        let (first, last) = range(event);
        Ok(self
            .connection
            .prepare_cached("SELECT 1 FROM delivery WHERE key BETWEEN ?1 AND ?2 AND state < 3 LIMIT 1")?
            .exists([first, last])?)
    }

    fn forget(&mut self, old: &Old) -> Result<(), Stop> {
        let (first, last) = range(EventKey::new(old.key));
        for text in
            ["DELETE FROM attempt WHERE delivery BETWEEN ?1 AND ?2", "DELETE FROM delivery WHERE key BETWEEN ?1 AND ?2"]
        {
            self.connection.prepare_cached(text)?.execute([first, last])?;
        }
        self.merging.forget(self.connection, old.key, old.identity, &old.resources)?;
        for verdict in read_verdicts(&old.verdicts) {
            let kind = verdict.skip.map_or(VerdictKind::Sent, |skip| skip.kind());
            if kind != VerdictKind::Sent {
                self.connection
                    .prepare_cached("DELETE FROM skip WHERE subscription = ?1 AND kind = ?2 AND event = ?3")?
                    .execute(params![verdict.subscription, kind as i64, old.key])?;
            }
        }
        for text in ["DELETE FROM conflict WHERE event = ?1", "DELETE FROM event WHERE key = ?1"] {
            self.connection.prepare_cached(text)?.execute([old.key])?;
        }
        Ok(())
    }

    /// Bytes in use; what was freed is used again before the file grows.
    fn bytes(&self) -> Result<u64, Stop> {
        let number = |name: &str| self.connection.query_row(&format!("PRAGMA {name}"), [], |row| row.get::<_, u64>(0));
        Ok((number("page_count")? - number("freelist_count")?) * number("page_size")?)
    }

    /// Drops versions that only events refer to which are gone.
    fn drop_versions(&mut self, done: &mut Upkeep) -> Result<(), Stop> {
        let oldest: Option<u64> = self.connection.query_row("SELECT min(key) FROM event", [], |row| row.get(0))?;
        let oldest = oldest.unwrap_or(self.known.next_event);
        let mut gone = Vec::new();
        for (&number, sub) in &mut self.known.subs {
            let (current, removed) = (sub.current, sub.removed);
            let unused: Vec<u32> = sub
                .used
                .iter()
                .filter(|(version, used)| **used < oldest && (removed || **version != current))
                .map(|(version, _)| *version)
                .collect();
            for version in unused {
                self.connection.execute(
                    "DELETE FROM subscription_version WHERE subscription = ?1 AND version = ?2",
                    params![number, version],
                )?;
                sub.used.remove(&version);
                done.versions += 1;
            }
            if removed && sub.used.is_empty() {
                gone.push(number);
            }
        }
        for number in gone {
            self.connection.execute("DELETE FROM subscription WHERE number = ?1", [number])?;
            if let Some(sub) = self.known.subs.remove(&number) {
                self.known.sub_numbers.remove(&sub.id);
            }
            self.desk.rest(number);
        }
        let unused: Vec<_> = self
            .known
            .integrations
            .iter()
            .filter(|(_, one)| one.used < oldest)
            .map(|(d, one)| (*d, one.number))
            .collect();
        for (digest, number) in unused {
            let in_use = "SELECT 1 FROM subscription s JOIN subscription_version v
                 ON v.subscription = s.number AND v.version = s.current WHERE v.integration = ?1 AND s.removed IS NULL";
            if !self.connection.prepare_cached(in_use)?.exists([digest.0])? {
                self.connection.execute("DELETE FROM integration WHERE number = ?1", [number])?;
                self.known.integrations.remove(&digest);
                self.known.digests.remove(&number);
                done.versions += 1;
            }
        }
        Ok(())
    }
}

fn range(event: EventKey) -> (u64, u64) {
    (DeliveryKey::of(event, 0).number(), DeliveryKey::of(event, DeliveryKey::PER_EVENT - 1).number())
}
