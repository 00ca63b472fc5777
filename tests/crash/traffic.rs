//! Killed while events come in and go out.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::json;

use crate::support::{PATIENCE, Receiver, Server, draw, event, folder, request, subscribe};

/// Senders at once.
const SENDERS: usize = 4;
/// Events in a batch.
const BATCH: u64 = 10;
/// Attempts that the subscription may make at once.
const AT_ONCE: usize = 8;
/// What may be out of it then, with what is taken in hand and what is on its way to the disk. Each may arrive once more
/// after a death.
const IN_FLIGHT: usize = AT_ONCE * 3 + 16;
/// What one request hands in: every third one a batch, which must be taken whole or not at all.
fn handed_in(number: u64) -> (&'static str, String, u64) {
    if !number.is_multiple_of(3) {
        return ("/v1/sources/app/events", event(number), 1);
    }
    let entry =
        |place| json!({"id": format!("entry-{number}-{place}"), "verb": "updateOn", "key": "nav", "name": "Nav"});
    ("/v1/sources/many/events", serde_json::Value::from_iter((0..BATCH).map(entry)).to_string(), BATCH)
}

#[test]
fn no_acknowledged_event_is_lost_however_often_the_program_is_killed() {
    #[expect(clippy::disallowed_methods, reason = "a flag for the long run")]
    let deaths: u32 = std::env::var("FLAGPOST_TEST_DEATHS").ok().and_then(|deaths| deaths.parse().ok()).unwrap_or(20);
    let folder = folder();
    let receiver = Receiver::start();
    let mut server = Server::start(folder.path());
    subscribe(&server, &receiver, AT_ONCE);

    let address = Arc::new(Mutex::new(server.address.clone()));
    let (stop, next, acknowledged) =
        (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let senders: Vec<_> = (0..SENDERS)
        .map(|_| {
            let (address, stop) = (Arc::clone(&address), Arc::clone(&stop));
            let (next, acknowledged) = (Arc::clone(&next), Arc::clone(&acknowledged));
            std::thread::spawn(move || {
                while !stop.load(Ordering::SeqCst) {
                    let (path, body, events) = handed_in(next.fetch_add(1, Ordering::SeqCst));
                    // What is not acknowledged is sent again, as long as it takes.
                    loop {
                        let to = address.lock().expect("no thread broke").clone();
                        match request(&to, "POST", path, &body) {
                            Some((200..300, _)) => break,
                            Some((status, body)) => assert!(status >= 500 || status == 429, "{status}: {body}"),
                            None => std::thread::yield_now(),
                        }
                    }
                    acknowledged.fetch_add(events, Ordering::SeqCst);
                }
            })
        })
        .collect();

    let mut chance = 0x9e37_79b9_7f4a_7c15_u64;
    for _ in 0..deaths {
        let before = acknowledged.load(Ordering::SeqCst);
        let begun = Instant::now();
        let wanted = before + 20 + draw(&mut chance) % 200;
        while acknowledged.load(Ordering::SeqCst) < wanted && begun.elapsed() < PATIENCE {
            std::thread::sleep(Duration::from_micros(200));
        }
        server.die();
        server = Server::start(folder.path());
        address.lock().expect("no thread broke").clone_from(&server.address);
    }
    stop.store(true, Ordering::SeqCst);
    for sender in senders {
        sender.join().expect("a sender got what it must not get");
    }
    let sent = acknowledged.load(Ordering::SeqCst);
    let begun = Instant::now();
    while (receiver.count().0 as u64) < sent && begun.elapsed() < PATIENCE {
        std::thread::sleep(Duration::from_millis(10));
    }
    let (arrived, twice) = receiver.count();
    #[expect(clippy::print_stdout, reason = "the numbers of a long run are wanted")]
    {
        println!("{deaths} deaths: {sent} events acknowledged, {arrived} arrived, {twice} of them more than once");
    }
    assert_eq!(arrived as u64, sent, "an acknowledged event was lost, or one arrived that was never sent");
    assert!(twice <= deaths as usize * IN_FLIGHT, "{twice} arrived twice");
    assert!(sent > u64::from(deaths) * 20, "the program was killed before it did anything");

    // The books say the same, once the last result is written.
    let begun = Instant::now();
    loop {
        let (_, view) = request(&server.address, "GET", "/v1/subscriptions/one", "").expect("an answer");
        let view: serde_json::Value = serde_json::from_str(&view).expect("JSON");
        if view["status"]["delivered"] == json!(sent) && view["status"]["waiting"] == json!(0) {
            break;
        }
        assert!(begun.elapsed() < PATIENCE, "the books never agreed: {}", view["status"]);
        std::thread::sleep(Duration::from_millis(10));
    }
}
