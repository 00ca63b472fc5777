//! What the sender does on real sockets: what it sends, what it takes for an answer, and where it does not go.

mod receiver;

use std::io::{Read, Write};
use std::net::{IpAddr, TcpListener};
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use flagpost::delivery::{
    AddressGuard, Answer, Exchange, Failure, FailureKind, Limits, Resolver, Sender, SystemResolver,
};
use flagpost::outbound::OutboundRequest;
use receiver::{Behaviour, Receiver, answer, status};

const SHORT: Duration = Duration::from_millis(300);
const LIMITS: Limits = Limits { connect: SHORT, body: SHORT, answer: 64 * 1024 };

fn request(url: impl Into<String>) -> OutboundRequest {
    OutboundRequest {
        method: "POST".into(),
        url: url.into(),
        headers: vec![("Content-Type".into(), "application/json".into()), ("X-Empty".into(), String::new())],
        body: "{\"naïve\":\"✓\"}".into(),
        signing: None,
        skip_certificate_check: false,
    }
}

fn send_with(sender: &Sender, request: &OutboundRequest, timeout: Duration) -> Result<Answer, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(sender.exchange(request, &request.headers, timeout))
}

fn send(request: &OutboundRequest) -> Result<Answer, Failure> {
    let sender = Sender::new(AddressGuard::allowing_private(), SystemResolver, LIMITS);
    send_with(&sender, request, Duration::from_secs(20))
}

fn refused(url: &str, guard: AddressGuard) -> Failure {
    let sender = Sender::new(guard, SystemResolver, LIMITS);
    let failure = send_with(&sender, &request(url), Duration::from_secs(5)).expect_err(url);
    assert_eq!(failure.kind, FailureKind::AddressRefused, "{url}: {failure}");
    failure
}

#[test]
fn the_request_arrives_as_it_was_planned() {
    let receiver = Receiver::start(vec![answer(200, "", "thanks")]);
    let request = request(receiver.url("/hook?a=b%20c"));
    let answer = send(&request).expect("an answer");
    assert_eq!((answer.status, answer.body.as_slice(), answer.truncated), (200, b"thanks".as_slice(), false));
    assert_eq!(answer.address, Some(receiver.address));
    let received = &receiver.received()[0];
    assert_eq!((received.method.as_str(), received.target.as_str()), ("POST", "/hook?a=b%20c"));
    assert_eq!(received.body, request.body.as_bytes());
    assert_eq!(received.header("content-length"), Some(request.body.len().to_string().as_str()));
    assert_eq!(received.header("content-type"), Some("application/json"));
    assert_eq!(received.header("x-empty"), Some(""));
    assert_eq!(received.header("user-agent"), Some(concat!("flagpost/", env!("CARGO_PKG_VERSION"))));
    for absent in ["accept-encoding", "cookie", "referer", "transfer-encoding"] {
        assert_eq!(received.header(absent), None, "{absent}");
    }
}

#[test]
fn every_method_arrives_with_a_length_where_one_is_expected() {
    for (method, body, length) in [
        ("POST", "", Some("0")),
        ("PUT", "x", Some("1")),
        ("PATCH", "", Some("0")),
        ("DELETE", "x", Some("1")),
        ("DELETE", "", None),
        ("GET", "", None),
    ] {
        let receiver = Receiver::start(vec![status(204)]);
        let request = OutboundRequest { method: method.into(), body: body.into(), ..request(receiver.url("/")) };
        assert_eq!(send(&request).expect("an answer").status, 204, "{method}");
        let received = &receiver.received()[0];
        assert_eq!((received.method.as_str(), received.header("content-length")), (method, length), "{method}");
        let lengths = received.headers.iter().filter(|(name, _)| name == "content-length").count();
        assert_eq!(lengths, usize::from(length.is_some()), "{method}: said once");
    }
}

#[test]
fn statuses_and_retry_after_come_back_as_they_are() {
    for code in [200, 204, 304, 400, 404, 410, 429, 500, 503] {
        let receiver = Receiver::start(vec![answer(code, "Retry-After: Sun, 06 Nov 1994 08:49:37 GMT\r\n", "")]);
        let answer = send(&request(receiver.url("/"))).expect("an answer");
        assert_eq!((answer.status, answer.retry_after.as_deref()), (code, Some("Sun, 06 Nov 1994 08:49:37 GMT")));
    }
}

#[test]
fn no_redirect_is_followed() {
    for code in [301, 302, 303, 307, 308] {
        let trap = Receiver::start(vec![status(200)]);
        let receiver = Receiver::start(vec![answer(code, &format!("Location: {}\r\n", trap.url("/trap")), "")]);
        assert_eq!(send(&request(receiver.url("/"))).expect("an answer").status, code);
        assert_eq!((receiver.received().len(), trap.received().len()), (1, 0), "{code}");
    }
    let receiver = Receiver::start(vec![answer(302, "Location: http://169.254.169.254/latest/meta-data\r\n", "")]);
    assert_eq!(send(&request(receiver.url("/"))).expect("an answer").status, 302);
}

#[test]
fn a_large_answer_is_read_up_to_its_cap() {
    let receiver = Receiver::start(vec![Behaviour::Flood(20_000_000)]);
    let answer = send(&request(receiver.url("/"))).expect("an answer");
    assert_eq!((answer.status, answer.body.len(), answer.truncated), (200, 64 * 1024, true));
    let receiver = Receiver::start(vec![Behaviour::Flood(64 * 1024)]);
    let answer = send(&request(receiver.url("/"))).expect("an answer");
    assert_eq!((answer.body.len(), answer.truncated), (64 * 1024, false), "exactly the cap is whole");
}

#[test]
fn a_body_that_breaks_off_or_drips_leaves_the_status_standing() {
    let half = Behaviour::Answer("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhalf".into());
    let receiver = Receiver::start(vec![half]);
    let answer = send(&request(receiver.url("/"))).expect("an answer");
    assert_eq!((answer.status, answer.body.as_slice(), answer.truncated), (200, b"half".as_slice(), true));

    let drip = format!("HTTP/1.1 503 Busy\r\nContent-Length: 1000\r\n\r\n{}", "x".repeat(1000));
    let head = drip.find("xxx").expect("there is a body");
    let sender = Sender::new(AddressGuard::allowing_private(), SystemResolver, LIMITS);
    let receiver = Receiver::start(vec![Behaviour::Drip(drip)]);
    let started = Instant::now();
    let answer = send_with(&sender, &request(receiver.url("/")), Duration::from_secs(60)).expect("an answer");
    assert_eq!((answer.status, answer.truncated), (503, true));
    assert!(answer.body.len() < 1000);
    assert!(
        started.elapsed()
            < SHORT + Duration::from_millis(40) * u32::try_from(head).expect("small") + Duration::from_secs(5)
    );
}

#[test]
fn a_connection_that_breaks_before_the_answer_is_a_failure() {
    for behaviour in [
        Behaviour::Reset,
        Behaviour::Answer(String::new()),
        Behaviour::Answer("HTTP/1.1 20".into()),
        Behaviour::Answer("SSH-2.0-OpenSSH_9.2\r\n".into()),
    ] {
        let receiver = Receiver::start(vec![behaviour]);
        let failure = send(&request(receiver.url("/?token=hunter2"))).expect_err("no answer");
        assert_eq!(failure.kind, FailureKind::Broken, "{failure}");
        assert!(!failure.to_string().contains("hunter2"), "{failure}");
    }
}

#[test]
fn a_receiver_that_never_answers_or_drips_its_head_runs_out_of_time() {
    let sender = Sender::new(AddressGuard::allowing_private(), SystemResolver, LIMITS);
    for behaviour in [Behaviour::Silence, Behaviour::Drip(format!("HTTP/1.1 200 OK\r\nX-Slow: {}", "x".repeat(10_000)))]
    {
        let receiver = Receiver::start(vec![behaviour]);
        let failure = send_with(&sender, &request(receiver.url("/")), SHORT).expect_err("no answer");
        assert_eq!((failure.kind, failure.to_string().as_str()), (FailureKind::TimedOut, "no answer within 0.3 s"));
    }
}

#[test]
fn a_receiver_that_never_agrees_on_tls_runs_out_of_time() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let url = format!("https://{}/", listener.local_addr().expect("it is bound"));
    let failure = send(&OutboundRequest { skip_certificate_check: true, ..request(url) }).expect_err("no answer");
    assert_eq!((failure.kind, failure.to_string().as_str()), (FailureKind::TimedOut, "no connection within 0.3 s"));
}

#[test]
fn a_receiver_that_is_not_there_is_unreachable() {
    let address = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port was free");
    let failure = send(&request(format!("http://{address}/?token=hunter2"))).expect_err("nobody listens");
    assert_eq!(failure.kind, FailureKind::Unreachable);
    assert!(failure.to_string().starts_with("cannot connect: "), "{failure}");
    assert!(!failure.to_string().contains("hunter2"), "{failure}");
}

#[test]
fn plain_text_behind_https_is_said_to_be_no_secure_connection() {
    let receiver = Receiver::start(vec![status(200)]);
    let url = receiver.url("/").replace("http://", "https://");
    let failure = send(&OutboundRequest { skip_certificate_check: true, ..request(url) }).expect_err("no TLS");
    assert!(matches!(failure.kind, FailureKind::Tls | FailureKind::Unreachable), "{failure:?}");
}

#[test]
fn the_guard_refuses_every_spelling_of_this_machine() {
    let receiver = Receiver::start(vec![status(200)]);
    let port = receiver.address.port();
    for host in [
        "127.0.0.1",
        "127.1",
        "127.0.0.1.",
        "2130706433",
        "0x7f000001",
        "0x7f.1",
        "0177.0.0.1",
        "017700000001",
        "１２７.0.0.1",
        "127.0.0.1%2e",
        "localhost",
        "LOCALHOST",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[::127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
        "0.0.0.0",
        "0",
        "[::]",
        "example.com@127.0.0.1",
        "example.com:80@127.0.0.1",
        "127.0.0.2",
    ] {
        refused(&format!("http://{host}:{port}/"), AddressGuard::public_only());
    }
    // Whether a system knows the name with its dot at the end is its own affair.
    let sender = Sender::new(AddressGuard::public_only(), SystemResolver, LIMITS);
    let failure = send_with(&sender, &request(format!("http://localhost.:{port}/")), SHORT).expect_err("not sent");
    assert!(matches!(failure.kind, FailureKind::AddressRefused | FailureKind::Unresolved), "{failure:?}");
    assert_eq!(receiver.received(), []);
}

#[test]
fn the_guard_refuses_what_no_switch_allows() {
    for host in ["169.254.169.254", "[fd00:ec2::254]", "[::ffff:169.254.169.254]", "0.0.0.0", "224.0.0.1", "[fe80::1]"]
    {
        let failure = refused(&format!("http://{host}/"), AddressGuard::allowing_private());
        assert!(!failure.help.expect("there is help").contains("--allow-private"), "{host}");
    }
}

#[test]
fn a_private_name_is_refused_by_its_address_with_the_switch_that_allows_it() {
    let failure = refused("http://localhost:9/", AddressGuard::public_only());
    assert!(failure.to_string().contains("of `localhost` is refused: it is a loopback address"), "{failure}");
    assert!(failure.help.expect("there is help").contains("--allow-private"));
}

/// Answers one list of addresses after another, the last again and again, and counts how often it is asked.
struct Rebinding {
    answers: Vec<Vec<IpAddr>>,
    asked: Arc<AtomicUsize>,
}

impl Resolver for Rebinding {
    fn resolve(&self, _host: &str) -> Pin<Box<dyn Future<Output = std::io::Result<Vec<IpAddr>>> + Send>> {
        let at = self.asked.fetch_add(1, Ordering::SeqCst);
        let addresses = self.answers[at.min(self.answers.len() - 1)].clone();
        Box::pin(async move { Ok(addresses) })
    }
}

fn rebinding(guard: AddressGuard, answers: &[&[&str]]) -> (Sender, Arc<AtomicUsize>) {
    let asked = Arc::new(AtomicUsize::new(0));
    let parsed = |list: &&[&str]| list.iter().map(|address| address.parse().expect("an address")).collect();
    let resolver = Rebinding { answers: answers.iter().map(parsed).collect(), asked: Arc::clone(&asked) };
    (Sender::new(guard, resolver, LIMITS), asked)
}

#[test]
fn a_name_that_answers_otherwise_the_second_time_is_asked_once() {
    let receiver = Receiver::start(vec![status(200)]);
    let url = format!("http://rebind.example:{}/", receiver.address.port());
    // The second answer would be a metadata service.
    let (sender, asked) = rebinding(AddressGuard::allowing_private(), &[&["127.0.0.1"], &["169.254.169.254"]]);
    let answer = send_with(&sender, &request(&*url), SHORT).expect("an answer");
    assert_eq!((answer.address, asked.load(Ordering::SeqCst)), (Some(receiver.address), 1));
    // A new connection asks anew, and is refused.
    let failure = send_with(&sender, &request(&*url), SHORT).expect_err("refused");
    assert_eq!(failure.kind, FailureKind::AddressRefused);
    assert_eq!(receiver.received().len(), 1);
}

#[test]
fn among_several_addresses_only_the_allowed_are_connected_to() {
    let receiver = Receiver::start(vec![status(200)]);
    let url = format!("http://mixed.example:{}/", receiver.address.port());
    let (sender, _) = rebinding(AddressGuard::allowing_private(), &[&["169.254.169.254", "127.0.0.1", "::"]]);
    assert_eq!(send_with(&sender, &request(&*url), SHORT).expect("an answer").address, Some(receiver.address));
    let (sender, _) = rebinding(AddressGuard::public_only(), &[&["127.0.0.1", "::1", "::ffff:10.0.0.1"]]);
    let failure = send_with(&sender, &request(&*url), SHORT).expect_err("refused");
    assert_eq!(failure.to_string(), "address `127.0.0.1` of `mixed.example` is refused: it is a loopback address");
    assert_eq!(receiver.received().len(), 1);
}

#[test]
fn a_name_without_an_address_is_told_as_such() {
    let (sender, _) = rebinding(AddressGuard::public_only(), &[&[]]);
    let failure = send_with(&sender, &request("http://nowhere.example/"), SHORT).expect_err("no address");
    assert_eq!(failure.kind, FailureKind::Unresolved);
    assert_eq!(failure.to_string(), "host `nowhere.example` has no address: its name resolves to nothing");
}

#[test]
fn user_name_and_password_of_an_address_go_as_a_header_unless_there_is_one() {
    let receiver = Receiver::start(vec![status(200), status(200)]);
    let url = receiver.url("/a?b").replace("http://", "http://ana:p%40ss@");
    send(&request(&*url)).expect("an answer");
    let own = vec![("Authorization".to_owned(), "Bearer k".to_owned())];
    send(&OutboundRequest { headers: own, ..request(&*url) }).expect("an answer");
    let received = receiver.received();
    assert_eq!(received[0].header("authorization"), Some("Basic YW5hOnBAc3M="));
    assert_eq!(received[1].header("authorization"), Some("Bearer k"));
    for received in &received {
        assert_eq!(received.target, "/a?b");
        assert_eq!(received.header("host"), Some(receiver.address.to_string().as_str()));
    }
}

#[test]
fn what_is_no_web_address_is_not_sent() {
    for url in ["ftp://example.com/", "file:///etc/passwd", "mailto:a@b", "unix:/run/x", "http://", "not a url", ""] {
        assert_eq!(send(&request(url)).expect_err(url).kind, FailureKind::Unsendable, "{url}");
    }
}

/// A self-signed certificate for `localhost` and `127.0.0.1`, valid until 2126, and its key.
const CERTIFICATE: &[u8] = include_bytes!("receiver/localhost.der");
const KEY: &[u8] = include_bytes!("receiver/localhost.key.der");

/// Serves one HTTPS request after another with 200; gives the address and what was read.
fn start_https() -> (std::net::SocketAddr, Arc<Mutex<Vec<u8>>>) {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let key = rustls::pki_types::PrivateKeyDer::try_from(KEY.to_vec()).expect("a key");
    let config = rustls::ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![CERTIFICATE.to_vec().into()], key)
        .expect("a certificate");
    let (config, log) = (Arc::new(config), Arc::new(Mutex::new(Vec::new())));
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let address = listener.local_addr().expect("it is bound");
    let read = Arc::clone(&log);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let Ok(connection) = rustls::ServerConnection::new(Arc::clone(&config)) else { return };
            let mut stream = rustls::StreamOwned::new(connection, stream);
            let mut buffer = [0; 4096];
            let Ok(length) = stream.read(&mut buffer) else { continue };
            read.lock().expect("no thread broke").extend_from_slice(&buffer[..length]);
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
            stream.conn.send_close_notify();
            let _ = stream.flush();
        }
    });
    (address, log)
}

#[test]
fn a_certificate_that_nobody_vouches_for_is_refused_unless_its_check_is_switched_off() {
    let (address, read) = start_https();
    let request = request(format!("https://{address}/"));
    let failure = send(&request).expect_err("not trusted");
    // Without any root certificate on the machine, no check can be made at all.
    assert!(matches!(failure.kind, FailureKind::Tls | FailureKind::Unsendable), "{failure:?}");
    assert!(failure.help.is_some());
    assert!(read.lock().expect("no thread broke").is_empty(), "nothing was said to a stranger");
    let unchecked = OutboundRequest { skip_certificate_check: true, ..request };
    let answer = send(&unchecked).expect("an answer");
    assert_eq!(answer.status, 200);
    assert!(answer.phases.connect.is_some() && answer.phases.tls.is_some(), "{:?}", answer.phases);
    assert!(read.lock().expect("no thread broke").starts_with(b"POST / HTTP/1.1\r\n"));
}
