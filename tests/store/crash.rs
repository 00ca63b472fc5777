//! Crashes: a process that works on a store is killed in the middle of it; what it had acknowledged is there, whole.
//!
//! The process is this test binary itself, told by its environment to be the victim.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use flagpost::store::{
    Account, DeliveryFilter, Ended, EventFilter, Limits, PageRequest, Receipt, Settlement, SourceId, SqliteStore,
    State, Store,
};

use crate::support::*;

/// Names the file that the victim works on.
const VICTIM: &str = "FLAGPOST_TEST_STORE_VICTIM";

/// Acknowledged lines after which each victim is killed: early, and in full run.
const DEATHS: [usize; 6] = [1, 7, 40, 150, 300, 611];

#[test]
fn what_was_acknowledged_outlives_a_killed_process() {
    let folder = folder();
    let file = folder.path().join("store.db");
    subscribe(&SqliteStore::open(&file, options()).expect("a store can be made"), &["a", "b"]);
    let mut acknowledged = Vec::new();
    let mut settled = Vec::new();
    for (round, death) in DEATHS.into_iter().enumerate() {
        let lines = run_victim(&file, round, death);
        assert!(lines.len() >= death);
        for line in lines {
            match line.split_once(' ') {
                Some(("accepted", name)) => acknowledged.push(name.to_owned()),
                Some(("settled", key)) => settled.push(key.parse::<u64>().expect("a number")),
                _ => panic!("{line}"),
            }
        }
        let store = SqliteStore::open(&file, options()).expect("the store opens again");
        check(&store, &acknowledged, &settled);
    }
    assert!(acknowledged.len() > 500, "the victims were killed before they did anything");
    assert!(settled.len() > 100);
    let connection = rusqlite::Connection::open(&file).expect("the file opens");
    let verdict: String = connection.query_row("PRAGMA integrity_check", [], |row| row.get(0)).expect("an answer");
    assert_eq!(verdict, "ok");
}

/// Starts a victim and kills it once it has acknowledged so much; gives what it said until it was dead.
fn run_victim(file: &Path, round: usize, death: usize) -> Vec<String> {
    let mut victim = Command::new(std::env::current_exe().expect("this test has a path"))
        .args(["--exact", "crash::a_victim_works_until_it_is_killed", "--nocapture", "--test-threads=1"])
        .env(VICTIM, format!("{round} {}", file.display()))
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("the victim starts");
    let said = BufReader::new(victim.stdout.take().expect("it speaks"));
    let mut lines = Vec::new();
    for line in said.split(b'\n').map_while(Result::ok) {
        let line = String::from_utf8_lossy(&line).into_owned();
        // The test runner says something too; and the last line may be cut short.
        let Some(line) = line.strip_prefix("> ").and_then(|line| line.strip_suffix(" .")) else { continue };
        lines.push(line.to_owned());
        if lines.len() == death {
            victim.kill().expect("it can be killed");
        }
    }
    victim.wait().expect("it is dead");
    lines
}

/// Every acknowledged event is there with both its deliveries, nothing is half, and everything adds up.
fn check(store: &SqliteStore, acknowledged: &[String], settled: &[u64]) {
    for name in acknowledged {
        let key = store.find_event(SourceId::from("source"), name.clone()).wait().expect("an answer");
        let key = key.unwrap_or_else(|| panic!("`{name}` was acknowledged and is lost"));
        let record = store.event(key).wait().expect("an answer").expect("the event");
        assert_eq!(record.content.raw, format!("bytes of {name}").as_bytes());
    }
    for key in settled {
        let key = flagpost::store::DeliveryKey::new(*key);
        let delivery = store.delivery(key).wait().expect("an answer").expect("the delivery");
        assert_eq!((delivery.state, delivery.attempts), (State::Delivered, 1));
        assert_eq!(store.attempts(key).wait().expect("an answer").len(), 1);
    }
    let (mut events, mut waiting, mut delivered) = (0, 0, 0);
    let mut page = PageRequest::first(1000);
    loop {
        let read = store.events(EventFilter::default(), page).wait().expect("an answer");
        for event in &read.items {
            let filter = DeliveryFilter { event: Some(event.key), ..DeliveryFilter::default() };
            let deliveries = store.deliveries(filter, PageRequest::first(10)).wait().expect("an answer").items;
            assert_eq!((event.verdicts.len(), deliveries.len()), (2, 2), "`{}` is half there", event.id);
            events += 1;
            waiting += deliveries.iter().filter(|one| one.state.is_waiting()).count() as u64;
            delivered += deliveries.iter().filter(|one| one.state == State::Delivered).count() as u64;
        }
        match read.next {
            Some(next) => page.after = Some(next),
            None => break,
        }
    }
    let books = store.accounts().wait().expect("the books");
    assert!(books.balance());
    let counted = [Account::Events, Account::Pending, Account::Delivered].map(|account| books.get(account));
    assert_eq!(counted, [events, waiting, delivered]);
    // What was out when the process died is due at once.
    let due = claim_with(store, at(0), 100_000, Limits::all(100_000)).deliveries;
    let ready: BTreeMap<_, _> = due.iter().map(|one| (one.lease.delivery, ())).collect();
    assert_eq!((due.len() as u64, ready.len() as u64), (waiting, waiting));
    store.give_back(due.into_iter().map(|one| one.lease).collect()).wait().expect("it is taken back");
}

/// Only does something when it is the victim.
#[expect(clippy::disallowed_methods, reason = "a process can be told that it is the victim in no other way")]
#[test]
fn a_victim_works_until_it_is_killed() {
    let Ok(told) = std::env::var(VICTIM) else { return };
    let (round, file) = told.split_once(' ').expect("a round and a file");
    let store = SqliteStore::open(Path::new(file), options()).expect("the store opens");
    let mut accepting = std::collections::VecDeque::new();
    let mut settling = std::collections::VecDeque::new();
    for n in 0..100_000 {
        let name = format!("{round}-{n}");
        accepting.push_back((name.clone(), store.accept(vec![event(&name, vec![send("a"), send("b")])], at(0))));
        if n % 7 == 0 {
            let out = claim_with(&store, at(0), 5, Limits::all(100_000)).deliveries;
            let results = out.iter().map(|one| Settlement {
                lease: one.lease,
                attempt: attempt(at(0), 200),
                ended: Ended::Delivered,
            });
            settling.push_back((keys(&out), store.settle(results.collect(), at(0))));
        }
        // Many are on their way at once, so that groups are cut in their middle.
        if accepting.len() > 32 {
            let (name, accepted) = accepting.pop_front().expect("one is there");
            if let [Receipt::Accepted { .. }] = accepted.wait().expect("it is taken")[..] {
                say(&format!("accepted {name}"));
            }
        }
        if settling.len() > 4 {
            let (keys, settled) = settling.pop_front().expect("one is there");
            settled.wait().expect("it is taken");
            for key in keys {
                say(&format!("settled {}", key.number()));
            }
        }
    }
}

#[expect(clippy::print_stdout, reason = "the victim tells its murderer how far it is")]
fn say(what: &str) {
    println!("> {what} .");
}
