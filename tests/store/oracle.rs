//! The engine on disk beside the one in memory, which is slow and plainly right: whatever is done to both, both say
//! the same, and the books balance after every step.

use std::collections::BTreeMap;

use flagpost::store::{
    DeliveryFilter, Ended, EventFilter, EventKey, Limits, NewVersion, PageRequest, Replay, Retention, Settlement, Skip,
    Store,
};
use proptest::prelude::*;

use crate::support::*;

const SUBSCRIPTIONS: [&str; 3] = ["a", "b", "c"];

#[derive(Debug, Clone)]
enum Step {
    /// An event, with a decision for each subscription; ids repeat, and so sometimes do bytes.
    Accept {
        name: u8,
        bytes: u8,
        decisions: [u8; 3],
        unlisted: u32,
    },
    Claim {
        limit: u32,
        paused: u8,
    },
    Settle {
        which: usize,
        how: u8,
    },
    GiveBack {
        which: usize,
    },
    Extend {
        which: usize,
    },
    Switch {
        which: usize,
        enabled: bool,
    },
    Remove {
        which: usize,
    },
    Put {
        which: usize,
        content: u8,
    },
    Replay {
        event: u64,
        place: u64,
    },
    Upkeep {
        age: u64,
    },
    Wait {
        millis: i64,
    },
    SetBack {
        millis: i64,
    },
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (0..40_u8, 0..8_u8, [0..9_u8, 0..9_u8, 0..9_u8], 0..3_u32).prop_map(|(name, bytes, decisions, unlisted)| {
            Step::Accept { name, bytes: bytes / 7, decisions, unlisted }
        }),
        5 => (0..4_u32, 0..6_u8).prop_map(|(limit, paused)| Step::Claim { limit, paused }),
        8 => (any::<usize>(), 0..8_u8).prop_map(|(which, how)| Step::Settle { which, how }),
        1 => any::<usize>().prop_map(|which| Step::GiveBack { which }),
        1 => any::<usize>().prop_map(|which| Step::Extend { which }),
        1 => (0..3_usize, any::<bool>()).prop_map(|(which, enabled)| Step::Switch { which, enabled }),
        1 => (0..3_usize).prop_map(|which| Step::Remove { which }),
        2 => (0..3_usize, 0..3_u8).prop_map(|(which, content)| Step::Put { which, content }),
        2 => (1..20_u64, 0..4_u64).prop_map(|(event, place)| Step::Replay { event, place }),
        1 => (0..200_u64).prop_map(|age| Step::Upkeep { age }),
        3 => (0..90_000_i64).prop_map(|millis| Step::Wait { millis }),
        1 => (2_000..10_000_000_i64).prop_map(|millis| Step::SetBack { millis }),
    ]
}

/// Both stores, the clock, and what is or was out: the two leases of each.
struct Pair {
    disk: Fixture,
    memory: Fixture,
    now: i64,
    out: Vec<(flagpost::store::Lease, flagpost::store::Lease)>,
}

impl Pair {
    fn new() -> Self {
        let (disk, memory) = (Fixture::sqlite(), Fixture::memory());
        for store in [&disk.store, &memory.store] {
            subscribe(&**store, &SUBSCRIPTIONS);
        }
        Pair { disk, memory, now: 0, out: Vec::new() }
    }

    /// Does the same to both, and gives what both say.
    fn both<T: PartialEq + std::fmt::Debug>(&self, ask: impl Fn(&dyn Store) -> T) -> T {
        let (disk, memory) = (ask(&*self.disk.store), ask(&*self.memory.store));
        assert_eq!(disk, memory, "disk on the left, memory on the right");
        disk
    }

    fn lease(&self, which: usize) -> Option<(flagpost::store::Lease, flagpost::store::Lease)> {
        // The last few: some are still held, some ran out, some are settled.
        let last = self.out.len().min(12);
        (last > 0).then(|| self.out[self.out.len() - 1 - which % last])
    }

    fn run(&mut self, step: &Step) {
        let now = at(self.now);
        match step {
            Step::Wait { millis } => self.now += millis,
            Step::SetBack { millis } => self.now -= millis,
            Step::Accept { name, bytes, decisions, unlisted } => {
                self.both(|store| {
                    let version =
                        |name: &str| store.subscription(id(name)).wait().unwrap().map(|one| one.current.version);
                    let decided = SUBSCRIPTIONS.iter().zip(decisions).filter_map(|(name, decision)| {
                        let mut decided = match decision {
                            0..=2 => send(name),
                            3 | 4 => send_in_order(name, "key"),
                            5 => skip(name, Skip::Denied { statement: 1 }),
                            6 => skip(name, Skip::NoTemplate),
                            7 => skip(name, Skip::RenderError { message: "x".into() }),
                            _ => return None,
                        };
                        decided.version = version(name)?;
                        Some(decided)
                    });
                    let mut new = event_with(&name.to_string(), &bytes.to_string(), decided.collect());
                    new.unlisted = *unlisted;
                    new.resources = vec![format!("flag/{}", name % 3)];
                    store.accept(vec![new], now).wait()
                })
                .ok();
            }
            Step::Claim { limit, paused } => {
                let limits = || match SUBSCRIPTIONS.get(*paused as usize) {
                    Some(name) => Limits { others: *limit, of: BTreeMap::from([(id(name), 0)]) },
                    None => Limits::all(*limit),
                };
                let claim = |store: &dyn Store| {
                    let mut claimed = claim_with(store, now, 10_000, limits());
                    claimed.deliveries.sort_by_key(|one| one.lease.delivery);
                    claimed
                };
                let (disk, memory) = (claim(&*self.disk.store), claim(&*self.memory.store));
                // The engine on disk may ask to be asked too early, never too late.
                assert!(memory.next.is_none_or(|next| disk.next.is_some_and(|asked| asked <= next)));
                assert_eq!(keys(&disk.deliveries), keys(&memory.deliveries));
                for (one, other) in disk.deliveries.iter().zip(&memory.deliveries) {
                    assert_eq!(
                        (one.attempt, one.versions, &one.content),
                        (other.attempt, other.versions, &other.content)
                    );
                    self.out.push((one.lease, other.lease));
                }
            }
            Step::Settle { which, how } => {
                let Some((disk, memory)) = self.lease(*which) else { return };
                let ended = match how {
                    0..=3 => Ended::Delivered,
                    4 | 5 => Ended::Retry { at: at(self.now + 20_000) },
                    6 => Ended::Dead,
                    _ => Ended::Disabled { reason: "gone".into() },
                };
                let result = |lease| vec![Settlement { lease, attempt: attempt(now, 200), ended: ended.clone() }];
                let (one, other) = (
                    self.disk.store.settle(result(disk), now).wait(),
                    self.memory.store.settle(result(memory), now).wait(),
                );
                assert_eq!(one, other);
            }
            Step::GiveBack { which } => {
                let Some((disk, memory)) = self.lease(*which) else { return };
                self.disk.store.give_back(vec![disk]).wait().unwrap();
                self.memory.store.give_back(vec![memory]).wait().unwrap();
            }
            Step::Extend { which } => {
                let Some((disk, memory)) = self.lease(*which) else { return };
                let one = self.disk.store.extend(vec![disk], seconds(30), now).wait();
                assert_eq!(one, self.memory.store.extend(vec![memory], seconds(30), now).wait());
            }
            Step::Switch { which, enabled } => {
                self.both(|store| store.switch(id(SUBSCRIPTIONS[*which]), *enabled, None).wait()).ok();
            }
            Step::Remove { which } => {
                self.both(|store| store.remove_subscription(id(SUBSCRIPTIONS[*which]), now).wait()).ok();
            }
            Step::Put { which, content } => {
                let version = NewVersion { content: vec![*content], integration: Some(integration()) };
                self.both(|store| store.put_subscription(id(SUBSCRIPTIONS[*which]), version.clone(), now).wait()).ok();
            }
            Step::Replay { event, place } => {
                let of = flagpost::store::DeliveryKey::new((EventKey::new(*event).number() << 20) + place);
                self.both(|store| store.replay(vec![Replay { of, versions: None, due: None }], None, now).wait()).ok();
            }
            Step::Upkeep { age } => {
                let retention = Retention { age: Some(seconds(*age)), bytes: None };
                self.both(|store| {
                    let (mut events, mut cancelled) = (0, 0);
                    loop {
                        let done = store.upkeep(retention, now).wait().unwrap();
                        (events, cancelled) = (events + done.events, cancelled + done.cancelled);
                        if !done.more {
                            return (events, cancelled);
                        }
                    }
                });
            }
        }
    }

    fn compare(&self) {
        let books = self.both(|store| store.accounts().wait().unwrap());
        assert!(books.balance(), "{books:?}");
    }

    fn compare_everything(&self) {
        let page = PageRequest::first(1000);
        let events = self.both(|store| store.events(EventFilter::default(), page).wait().unwrap());
        for event in events.items {
            self.both(|store| store.event(event.key).wait().unwrap());
        }
        let deliveries = self.both(|store| {
            // When the clock was set back, and nothing was written since, the engine on disk does not know it yet.
            let mut page = store.deliveries(DeliveryFilter::default(), page).wait().unwrap();
            for delivery in &mut page.items {
                delivery.due = None;
            }
            page
        });
        for delivery in deliveries.items {
            self.both(|store| store.attempts(delivery.key).wait().unwrap());
        }
        let visitor = self.disk.visitor().expect("it is a file");
        for name in 0..40 {
            let find = |store: &dyn Store| store.find_event("source".into(), name.to_string()).wait().unwrap();
            assert_eq!(self.both(find), find(&visitor));
        }
        for resource in ["flag/0", "flag/1", "flag/2", "flag/3"] {
            let list = |store: &dyn Store| {
                let filter = EventFilter { resource: Some(resource.into()), ..EventFilter::default() };
                let (mut keys, mut page) = (Vec::new(), PageRequest::first(3));
                loop {
                    let found = store.events(filter.clone(), page).wait().unwrap();
                    keys.extend(found.items.into_iter().map(|event| event.key));
                    match found.next {
                        Some(next) => page.after = Some(next),
                        None => return keys,
                    }
                }
            };
            assert_eq!(self.both(list), list(&visitor));
        }
        for name in SUBSCRIPTIONS {
            self.both(|store| store.subscription(id(name)).wait().unwrap());
            self.both(|store| {
                let standing = store.standing(id(name)).wait().unwrap();
                standing
                    .map(|one| (one.waiting, one.delivered, one.dead, one.cancelled, one.failures, one.oldest_waiting))
            });
            let filter =
                DeliveryFilter { subscription: Some(id(name)), resource: Some("flag/1".into()), ..Default::default() };
            self.both(|store| {
                let page = store.deliveries(filter.clone(), page).wait().unwrap();
                page.items.into_iter().map(|delivery| delivery.key).collect::<Vec<_>>()
            });
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, max_shrink_iters: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn both_engines_say_the_same_and_the_books_balance(steps in prop::collection::vec(step(), 1..60)) {
        let mut pair = Pair::new();
        for step in &steps {
            pair.run(step);
            pair.compare();
        }
        pair.compare_everything();
    }
}
