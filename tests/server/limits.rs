//! How much is taken, and what is said when it is too much.

use std::io::{Read, Write};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use flagpost::server::Settings;
use flagpost::server::tokens::Scope;
use flagpost::store::MemoryStore;
use serde_json::json;

use super::between::{Asked, Between};
use super::support::{Running, Start, event};

#[tokio::test(flavor = "multi_thread")]
async fn bodies_are_bounded_announced_or_not() {
    let settings = Settings { body_bytes: 1000, requests_per_second: 0, ..Settings::default() };
    let source = json!({"key": "small", "kind": "launchdarkly", "limits": {"body_bytes": 2000}});
    let server = Start { settings, sources: vec![source], ..Default::default() }.run().await;
    let large = format!("{{\"x\":\"{}\"}}", "a".repeat(3000));
    for (method, path) in [("PUT", "/v1/subscriptions/a"), ("POST", "/v1/sources/small/events")] {
        let answer = server.ask(method, path, Some(&large)).await;
        assert_eq!(answer.status, 413, "{path}: {}", answer.text);
        answer.pointers();
    }
    // In chunks, so that nothing tells the size beforehand.
    let address = server.address.trim_start_matches("http://").to_owned();
    let answer = tokio::task::spawn_blocking(move || {
        let mut stream = std::net::TcpStream::connect(&address).expect("it connects");
        stream.set_read_timeout(Some(Duration::from_secs(10))).expect("a socket has time limits");
        let head = "POST /v1/sources/small/events HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\n";
        stream.write_all(head.as_bytes()).expect("it is sent");
        for _ in 0..5 {
            let chunk = format!("3e8\r\n{}\r\n", "a".repeat(1000));
            // The server may close before it has read everything.
            if stream.write_all(chunk.as_bytes()).is_err() {
                break;
            }
        }
        let mut answer = [0; 64];
        let read = stream.read(&mut answer).expect("it answers");
        String::from_utf8_lossy(&answer[..read]).into_owned()
    });
    let answer = answer.await.expect("the thread ends");
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_asks_too_often_is_told_to_wait() {
    let settings = Settings { requests_per_second: 3, ..Settings::default() };
    let server = Start { settings, ..Default::default() }.run().await;
    let mut refused = None;
    for _ in 0..50 {
        let answer = server.get("/v1/sources").await;
        if answer.status == 429 {
            refused = Some(answer);
            break;
        }
    }
    let refused = refused.expect("fifty at once are more than three a second");
    assert_eq!(refused.header("retry-after"), "1");
    refused.pointers();
    // Events and health are not counted with it.
    assert_eq!(server.get("/healthz").await.status, 200);
    assert_eq!(server.ask("POST", "/v1/sources/everyone/events", Some(&event("a"))).await.status, 202);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_asks_too_often_is_told_to_wait_and_no_other_with_it() {
    let settings = Settings { requests_per_second: 3, ..Settings::default() };
    let mut server = Start { settings, ..Default::default() }.run().await;
    server.token(&[Scope::Read]).await;
    let mut statuses = Vec::new();
    for _ in 0..50 {
        statuses.push(server.get("/v1/sources").await.status);
    }
    assert!(statuses.contains(&200) && statuses.contains(&429), "{statuses:?}");
    server.token(&[Scope::Read]).await;
    assert_eq!(server.get("/v1/sources").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_has_a_rate_of_its_own() {
    let settings = Settings { events_per_second: 2, requests_per_second: 0, ..Settings::default() };
    let server = Start { settings, ..Default::default() }.run().await;
    let mut statuses = Vec::new();
    for number in 0..20 {
        let id = number.to_string();
        statuses.push(server.ask("POST", "/v1/sources/everyone/events", Some(&event(&id))).await.status);
    }
    assert!(statuses.contains(&202) && statuses.contains(&429), "{statuses:?}");
}

/// A source that only a signature opens.
fn signed() -> Vec<serde_json::Value> {
    vec![json!({"key": "ld", "kind": "launchdarkly", "secrets": "source-secret"})]
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_do_not_use_up_what_a_source_may_send() {
    let settings = Settings { events_per_second: 1, requests_per_second: 0, ..Settings::default() };
    let server = Start { settings, sources: signed(), ..Default::default() }.run().await;
    let body = event("a");
    for _ in 0..20 {
        assert_eq!(server.ask("POST", "/v1/sources/ld/events", Some(&body)).await.status, 401);
    }
    let signature = super::ingest::signed(&body);
    let taken = server.ask_with("POST", "/v1/sources/ld/events", Some(&body), &[("x-ld-signature", &signature)]).await;
    assert_eq!(taken.status, 202, "{}", taken.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_refused_is_counted_by_their_address() {
    let settings = Settings { requests_per_second: 5, ..Settings::default() };
    let mut sources = signed();
    sources.push(json!({"key": "open", "kind": "launchdarkly"}));
    let mut server = Start { settings, sources, ..Default::default() }.run().await;
    server.token(&[Scope::Read]).await;
    let known = server.token.clone();
    assert_eq!(server.get("/v1/sources").await.status, 200);
    let path = "/v1/sources/ld/events";
    let rows: [(&str, &str, Option<&str>, u16); 4] = [
        ("POST", path, None, 401),
        ("POST", "/v1/sources/open/events", None, 401),
        ("GET", "/v1/events", Some("fp_guess"), 401),
        ("PUT", "/v1/subscriptions/a", None, 403),
    ];
    for (method, path, token, status) in rows {
        server.token = if status == 403 { known.clone() } else { token.map(str::to_owned) };
        let mut statuses = Vec::new();
        for _ in 0..30 {
            statuses.push(server.ask(method, path, Some("{}")).await.status);
        }
        assert!(statuses.contains(&429), "{method} {path}: {statuses:?}");
        assert!(statuses.iter().all(|one| [status, 429].contains(one)), "{method} {path}: {statuses:?}");
    }
    // A token that was known before pays for itself alone, even once it has to be looked up again.
    server.token = Some("fp_guess".to_owned());
    let started = std::time::Instant::now();
    while started.elapsed() < Duration::from_millis(1200) {
        server.get("/v1/events").await;
    }
    server.token = known;
    assert_eq!(server.get("/v1/sources").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_that_trickles_in_is_cut_off() {
    let settings = Settings { head: Duration::from_millis(300), ..Settings::default() };
    let server = Start { settings, ..Default::default() }.run().await;
    for first in ["GET /healthz HTTP/1.1\r\nx: ", "P", ""] {
        let address = server.address.trim_start_matches("http://").to_owned();
        let cut = tokio::task::spawn_blocking(move || {
            let mut stream = std::net::TcpStream::connect(address).expect("it connects");
            stream.set_read_timeout(Some(Duration::from_millis(20))).expect("a socket has time limits");
            stream.write_all(first.as_bytes()).expect("it is sent");
            let started = std::time::Instant::now();
            while started.elapsed() < Duration::from_secs(20) {
                // Something moves all the time, but for the one who says nothing.
                if first.len() > 1 && stream.write_all(b"x").is_err() {
                    return true;
                }
                match stream.read(&mut [0; 64]) {
                    Ok(0) => return true,
                    Ok(_) => {}
                    Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
                    Err(error) if error.kind() == std::io::ErrorKind::TimedOut => {}
                    Err(_) => return true,
                }
            }
            false
        });
        assert!(cut.await.expect("the thread ends"), "`{first}` and no more keeps its place");
    }
    assert_eq!(server.get("/healthz").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn more_requests_at_once_than_there_are_places_are_sent_away() {
    let settings = Settings { requests_at_once: 1, requests_per_second: 0, ..Settings::default() };
    let server = Start { settings, ..Default::default() }.run().await;
    // A request whose body never ends takes the one place.
    let address = server.address.trim_start_matches("http://").to_owned();
    let mut held = std::net::TcpStream::connect(address).expect("it connects");
    let head = "PUT /v1/subscriptions/a HTTP/1.1\r\nhost: localhost\r\ncontent-length: 100\r\n\r\n{";
    held.write_all(head.as_bytes()).expect("it is sent");
    let started = std::time::Instant::now();
    loop {
        let answer = server.get("/v1/sources").await;
        if answer.status == 503 {
            assert_eq!(answer.header("retry-after"), "1");
            break;
        }
        assert!(started.elapsed() < Duration::from_secs(10), "there is still a place");
    }
    assert_eq!(server.get("/healthz").await.status, 200, "health is told in any case");
    drop(held);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_takes_too_long_is_ended() {
    let settings = Settings { request: Duration::from_millis(200), ..Settings::default() };
    let server = Start { settings, ..Default::default() }.run().await;
    let address = server.address.trim_start_matches("http://").to_owned();
    let answer = tokio::task::spawn_blocking(move || {
        let mut stream = std::net::TcpStream::connect(address).expect("it connects");
        stream.set_read_timeout(Some(Duration::from_secs(10))).expect("a socket has time limits");
        let head = "PUT /v1/subscriptions/a HTTP/1.1\r\nhost: localhost\r\ncontent-length: 100\r\n\r\n{";
        stream.write_all(head.as_bytes()).expect("it is sent");
        let mut answer = [0; 64];
        let read = stream.read(&mut answer).expect("it answers");
        String::from_utf8_lossy(&answer[..read]).into_owned()
    });
    let answer = answer.await.expect("the thread ends");
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_has_an_id_and_problems_name_it() {
    let server = Running::start().await;
    let answer = server.get("/v1/nothing").await;
    let id = answer.header("x-request-id").to_owned();
    assert!(id.starts_with("req_"), "{id}");
    assert_eq!(answer.json()["instance"], format!("/v1/nothing#{id}"));
    let own = server.ask_with("GET", "/v1/events/x", None, &[("x-request-id", "my-id.7")]).await;
    assert_eq!(own.header("x-request-id"), "my-id.7");
    assert_eq!(own.json()["instance"], "/v1/events/x#my-id.7");
    let bad = server.ask_with("GET", "/healthz", None, &[("x-request-id", "a b<script>")]).await;
    assert!(bad.header("x-request-id").starts_with("req_"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_on_which_nothing_moves_is_closed() {
    let settings = Settings { idle: Duration::from_millis(300), ..Settings::default() };
    let server = Start { settings, ..Default::default() }.run().await;
    let address = server.address.trim_start_matches("http://").to_owned();
    let closed = tokio::task::spawn_blocking(move || {
        let mut stream = std::net::TcpStream::connect(address).expect("it connects");
        stream.set_read_timeout(Some(Duration::from_secs(20))).expect("a socket has time limits");
        stream.write_all(b"GET /healthz HTTP/1.1\r\nhost: loc").expect("it is sent");
        let mut rest = Vec::new();
        // An end or a reset: either way it is closed, and not after twenty seconds.
        stream.read_to_end(&mut rest).is_ok_and(|_| true)
    });
    assert!(closed.await.expect("the thread ends"), "the connection stays open");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_hears_that_the_connection_closes_when_its_body_is_left_unread() {
    let server = Running::start().await;
    let address = server.address.trim_start_matches("http://").to_owned();
    for (path, length, closes) in [
        ("/v1/subscriptions/a", "content-length: 9000000", true),
        ("/v1/nothing", "content-length: 9000000", true),
        ("/v1/nothing", "content-length: 2", false),
    ] {
        let (address, head) = (address.clone(), format!("PUT {path} HTTP/1.1\r\nhost: localhost\r\n{length}\r\n\r\n"));
        let answer = tokio::task::spawn_blocking(move || {
            let mut stream = std::net::TcpStream::connect(address).expect("it connects");
            stream.set_read_timeout(Some(Duration::from_secs(10))).expect("a socket has time limits");
            stream.write_all(head.as_bytes()).expect("it is sent");
            // Enough to be refused, or all there is.
            let body = vec![b' '; if closes { 2_000_000 } else { 2 }];
            let _ = stream.write_all(&body);
            let mut answer = [0; 512];
            let read = stream.read(&mut answer).expect("it answers");
            String::from_utf8_lossy(&answer[..read]).to_ascii_lowercase()
        });
        let answer = answer.await.expect("the thread ends");
        assert!(answer.starts_with("http/1.1 4"), "{answer}");
        assert_eq!(answer.contains("connection: close"), closes, "{path} {length}: {answer}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn four_long_bodies_are_worked_on_at_once_and_short_ones_do_not_wait_for_them() {
    // How many long ones are at the store, the most that were, and whether they may go on.
    let gate = Arc::new((Mutex::new((0, 0, false)), Condvar::new()));
    let held = Arc::clone(&gate);
    let store = Between::stand(Arc::new(MemoryStore::default()), move |_, asked| {
        let Asked::Accept(ids) = asked else { return None };
        if ids.iter().any(|id| id.starts_with("long")) {
            let (state, opened) = &*held;
            let mut state = state.lock().expect("nobody panicked");
            state.0 += 1;
            state.1 = state.1.max(state.0);
            let mut state = opened.wait_while(state, |state| !state.2).expect("nobody panicked");
            state.0 -= 1;
        }
        None
    });
    // Also when it fails: nobody could end while somebody waits.
    type Gate = (Mutex<(usize, usize, bool)>, Condvar);
    struct Opened(Arc<Gate>);
    impl Drop for Opened {
        fn drop(&mut self) {
            if let Ok(mut state) = self.0.0.lock() {
                state.2 = true;
            }
            self.0.1.notify_all();
        }
    }
    let opened = Opened(Arc::clone(&gate));
    let server = Arc::new(Start { store, ..Default::default() }.run().await);
    let path = "/v1/sources/everyone/events";
    let mut asked = Vec::new();
    for number in 0..8 {
        let mut body: serde_json::Value = serde_json::from_str(&event(&format!("long-{number}"))).expect("JSON");
        body["comment"] = json!("x".repeat(70_000));
        let server = Arc::clone(&server);
        asked.push(tokio::spawn(async move { server.ask("POST", path, Some(&body.to_string())).await.status }));
    }
    let inside = || gate.0.lock().expect("nobody panicked").0;
    let started = std::time::Instant::now();
    while inside() < 4 {
        assert!(started.elapsed() < Duration::from_secs(20), "only {} get in", inside());
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    for number in 0..50 {
        assert_eq!(server.ask("POST", path, Some(&event(&format!("short-{number}")))).await.status, 202);
    }
    // Whoever does not wait for the answer leaves the work behind, and the place with it.
    asked.drain(..4).for_each(|asking| asking.abort());
    for number in 50..100 {
        assert_eq!(server.ask("POST", path, Some(&event(&format!("short-{number}")))).await.status, 202);
    }
    assert_eq!(inside(), 4);
    drop(opened);
    for asking in asked {
        assert_eq!(asking.await.expect("it is asked"), 202);
    }
    assert_eq!(gate.0.lock().expect("nobody panicked").1, 4);
}
