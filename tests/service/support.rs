//! A service on a real socket: a receiver that answers as it is told, integrations in a folder, a clock.

use std::future::Future;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime};

use flagpost::delivery::{AddressGuard, Clock, Limits, Sender, SystemResolver};
use flagpost::service::{Parts, Service, ServiceError, Settings, TakeReport};
use flagpost::source::{Request, Source};
use flagpost::store::{Options, SqliteStore, Store};
use flagpost::vault::{MasterKey, Vault};
use serde_json::{Value as Json, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};

/// How long a test waits for what must happen.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// One request as it arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Received {
    pub(crate) target: String,
    /// Names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
    /// When it arrived, by the test's own clock.
    pub(crate) at: Instant,
}

impl Received {
    pub(crate) fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(own, _)| own == name);
        found.map(|(_, value)| value.as_str()).unwrap_or_else(|| panic!("no header `{name}` in {self:?}"))
    }

    pub(crate) fn json(&self) -> Json {
        serde_json::from_str(&self.body).expect("the body is JSON")
    }
}

/// What the receiver does with a request.
#[derive(Debug, Clone)]
pub(crate) enum Reply {
    Status(u16),
    /// Status, header lines, body.
    Full(u16, String, String),
    /// A status, once there is a permit for it.
    Held(u16, Arc<Semaphore>),
    /// Nothing, ever.
    Silence,
}

pub(crate) struct Receiver {
    pub(crate) address: SocketAddr,
    log: Arc<Mutex<Vec<Received>>>,
}

impl Receiver {
    /// A receiver that answers by the request and how many came before it.
    pub(crate) async fn start(reply: impl Fn(&Received, usize) -> Reply + Send + Sync + 'static) -> Receiver {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let address = listener.local_addr().expect("it is bound");
        let log = Arc::new(Mutex::new(Vec::new()));
        let (reply, kept) = (Arc::new(reply), Arc::clone(&log));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&reply), Arc::clone(&kept)));
            }
        });
        Receiver { address, log }
    }

    /// One that always answers with this status.
    pub(crate) async fn answering(status: u16) -> Receiver {
        Self::start(move |_, _| Reply::Status(status)).await
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/hook", self.address)
    }

    pub(crate) fn received(&self) -> Vec<Received> {
        self.log.lock().expect("no test broke").clone()
    }

    /// Waits until so many requests have come.
    pub(crate) async fn wait_for(&self, count: usize) -> Vec<Received> {
        until(&format!("{count} requests"), || async { self.received().len() >= count }).await;
        self.received()
    }
}

async fn serve(
    mut stream: TcpStream,
    reply: Arc<impl Fn(&Received, usize) -> Reply>,
    log: Arc<Mutex<Vec<Received>>>,
) -> Option<()> {
    let mut buffer = Vec::new();
    loop {
        let head = loop {
            if let Some(at) = buffer.windows(4).position(|four| four == b"\r\n\r\n") {
                break at + 4;
            }
            if stream.read_buf(&mut buffer).await.ok()? == 0 {
                return None;
            }
        };
        let text = String::from_utf8_lossy(&buffer[..head]).into_owned();
        let mut lines = text.lines();
        let target = lines.next()?.split(' ').nth(1)?.to_owned();
        let headers: Vec<(String, String)> = lines
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
            .collect();
        let length = headers.iter().find(|(name, _)| name == "content-length");
        let length: usize = length.and_then(|(_, value)| value.parse().ok()).unwrap_or(0);
        while buffer.len() < head + length {
            if stream.read_buf(&mut buffer).await.ok()? == 0 {
                return None;
            }
        }
        let body = String::from_utf8_lossy(&buffer[head..head + length]).into_owned();
        buffer.drain(..head + length);
        let received = Received { target, headers, body, at: Instant::now() };
        let reply = {
            let mut log = log.lock().expect("no test broke");
            let before = log.len();
            log.push(received.clone());
            reply(&received, before)
        };
        let (status, lines, body) = match reply {
            Reply::Status(status) => (status, String::new(), String::new()),
            Reply::Full(status, lines, body) => (status, lines, body),
            Reply::Held(status, permits) => {
                permits.acquire().await.ok()?.forget();
                (status, String::new(), String::new())
            }
            Reply::Silence => std::future::pending().await,
        };
        let length = body.len();
        let length = if status == 204 { String::new() } else { format!("Content-Length: {length}\r\n") };
        stream.write_all(format!("HTTP/1.1 {status} X\r\n{lines}{length}\r\n{body}").as_bytes()).await.ok()?;
    }
}

/// Waits until something holds; what must hold at once is no excuse for a pause.
pub(crate) async fn until<F: Future<Output = bool>>(what: &str, mut holds: impl FnMut() -> F) {
    let end = Instant::now() + PATIENCE;
    while !holds().await {
        assert!(Instant::now() < end, "waited in vain for {what}");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

/// A subscription of its own, whose deliveries show that the worker has looked at everything that is due. So a test
/// can say that nothing was sent, and need not wait to see whether something is.
pub(crate) struct Canary<'s> {
    service: &'s Service,
    receiver: Receiver,
}

impl<'s> Canary<'s> {
    pub(crate) async fn beside(service: &'s Service) -> Canary<'s> {
        let receiver = Receiver::answering(200).await;
        let mut document = document(&receiver.url());
        document["policy"] = json!([{"resources": ["proj/canary"], "actions": ["*"]}]);
        subscribe(service, "canary", document).await;
        Canary { service, receiver }
    }

    /// Has two deliveries made, one after the other: what was claimed along with the first was begun before the
    /// second was.
    pub(crate) async fn sings(&self) {
        for _ in 0..2 {
            let sung = self.sung();
            let event = json!({"_id": format!("canary-{sung}"), "kind": "project", "key": "canary", "name": "Canary",
                "verbKind": "updateName", "tags": [], "project": {"key": "canary", "tags": []}});
            take(self.service, event.to_string().as_bytes()).await;
            self.receiver.wait_for(sung + 1).await;
        }
    }

    /// How many deliveries it had.
    pub(crate) fn sung(&self) -> usize {
        self.receiver.received().len()
    }
}

/// The machine's own clock.
pub(crate) struct RealClock(Instant);

impl RealClock {
    pub(crate) fn start() -> Self {
        RealClock(Instant::now())
    }
}

#[expect(clippy::disallowed_methods, reason = "a test is an edge")]
fn wall() -> SystemTime {
    SystemTime::now()
}

impl Clock for RealClock {
    fn now(&self) -> SystemTime {
        wall()
    }

    fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }

    fn sleep(&self, pause: Duration) -> impl Future<Output = ()> + Send {
        tokio::time::sleep(pause)
    }
}

/// A clock that moves when it is told to.
#[derive(Clone)]
pub(crate) struct OwnClock(pub(crate) watch::Sender<Duration>, Arc<Mutex<Duration>>);

impl OwnClock {
    pub(crate) fn start() -> Self {
        OwnClock(watch::channel(Duration::ZERO).0, Arc::default())
    }

    pub(crate) fn forward(&self, by: Duration) {
        self.0.send_modify(|now| *now += by);
    }

    /// Moves on in a hundred steps, so that no task reads it before a leap and tells it after one, which would look
    /// like a clock set back.
    pub(crate) async fn walk(&self, by: Duration) {
        for _ in 0..100 {
            self.forward(by / 100);
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    /// Somebody sets the clock on the wall back.
    pub(crate) fn set_back(&self, by: Duration) {
        *self.1.lock().expect("no test broke") += by;
    }
}

impl Clock for OwnClock {
    fn now(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(1_750_000_000) + *self.0.borrow()
            - *self.1.lock().expect("no test broke")
    }

    fn elapsed(&self) -> Duration {
        *self.0.borrow()
    }

    fn sleep(&self, pause: Duration) -> impl Future<Output = ()> + Send {
        let mut now = self.0.subscribe();
        async move {
            let end = *now.borrow() + pause;
            let _ = now.wait_for(|now| *now >= end).await;
        }
    }
}

/// A manifest whose hook can be changed at some points.
pub(crate) fn manifest(hook: &Json, oauth: bool) -> String {
    let mut endpoint = json!({
        "url": "{{url}}", "method": "POST",
        "headers": [
            {"name": "Content-Type", "value": "application/json"},
            {"name": "X-Api-Key", "value": "{{apiKey}}"},
        ],
    });
    if oauth {
        endpoint["headers"][1] = json!({"name": "Authorization", "value": "Bearer {{oauth.accessToken}}"});
    }
    let mut whole = json!({
        "endpoint": endpoint,
        "templates": {"default": "templates/default.json.hbs"},
        "defaultPolicy": [{"effect": "allow", "resources": ["proj/*:env/*:flag/*"], "actions": ["*"]}],
    });
    for (key, value) in hook.as_object().into_iter().flatten() {
        whole[key] = value.clone();
    }
    let mut manifest = json!({
        "name": "Example",
        "version": "1.0.0",
        "overview": "Sends changes to an example.",
        "description": "Sends every change of a flag in production to a tool that exists for this test only.",
        "author": "Example Inc.",
        "supportEmail": "support@example.com",
        "links": {"site": "https://example.com", "privacyPolicy": "https://example.com/privacy"},
        "categories": ["monitoring"],
        "icons": {"square": "square.svg", "horizontal": "wide.svg"},
        "requiresOAuth": oauth,
        "formVariables": [
            {"key": "url", "name": "URL", "type": "uri", "description": "Where the changes are posted."},
            {"key": "apiKey", "name": "Key", "type": "string", "description": "Proves who asks.", "isSecret": true},
        ],
        "capabilities": {"auditLogEventsHook": whole},
    });
    if !oauth {
        manifest.as_object_mut().expect("an object").remove("requiresOAuth");
    }
    serde_json::to_string_pretty(&manifest).expect("it prints")
}

pub(crate) const TEMPLATE: &str = r#"{"id": "{{_id}}", "flag": "{{name}}", "by": "{{member.email}}"}"#;

/// Writes an integration into the folder of the test.
pub(crate) fn integration(root: &Path, key: &str, manifest: &str, template: &str) {
    let folder = root.join(key);
    std::fs::create_dir_all(folder.join("templates")).expect("a folder can be made");
    for icon in ["square.svg", "wide.svg"] {
        std::fs::write(folder.join(icon), "<svg/>").expect("a file can be written");
    }
    std::fs::write(folder.join("templates/default.json.hbs"), template).expect("a file can be written");
    std::fs::write(folder.join("manifest.json"), manifest).expect("a file can be written");
}

/// An event in the form that templates see.
pub(crate) fn event(id: &str, flag: &str) -> Vec<u8> {
    event_in(id, flag, "production")
}

pub(crate) fn event_in(id: &str, flag: &str, environment: &str) -> Vec<u8> {
    json!({
        "_id": id, "kind": "flag", "key": flag, "name": format!("Flag {flag}"), "verbKind": "updateOn", "tags": [],
        "timestamp": {"milliseconds": 1_749_000_000_000_i64, "seconds": 1_749_000_000},
        "member": {"email": "ana@example.com"},
        "project": {"key": "web", "name": "Web", "tags": [],
            "environment": {"key": environment, "name": environment, "tags": []}},
    })
    .to_string()
    .into_bytes()
}

/// A service with its folder. The folder outlives the service, so that it can be started again.
pub(crate) struct Stage {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) settings: Settings,
}

impl Stage {
    pub(crate) fn new() -> Stage {
        let stage = Stage {
            folder: tempfile::tempdir().expect("a folder can be made"),
            // A clock that leaps must be read by one task alone, or what was read before a leap and told after it
            // looks like a clock set back.
            settings: Settings {
                reload_every: None,
                upkeep_every: Duration::from_secs(1 << 40),
                ..Settings::default()
            },
        };
        integration(&stage.root(), "example", &manifest(&json!({}), false), TEMPLATE);
        stage
    }

    pub(crate) fn root(&self) -> std::path::PathBuf {
        self.folder.path().join("integrations")
    }

    pub(crate) fn sqlite(&self) -> Arc<dyn Store> {
        let file = self.folder.path().join("store.db");
        Arc::new(SqliteStore::open(&file, Options::default()).expect("a store can be made"))
    }

    pub(crate) async fn start(&self, store: Arc<dyn Store>) -> Service {
        self.start_at(store, RealClock::start()).await
    }

    pub(crate) async fn start_at(&self, store: Arc<dyn Store>, clock: impl Clock + Send + 'static) -> Service {
        self.try_start(store, clock, 7).await.expect("the service starts")
    }

    pub(crate) async fn try_start(
        &self,
        store: Arc<dyn Store>,
        clock: impl Clock + Send + 'static,
        key: u8,
    ) -> Result<Service, ServiceError> {
        let limits = Limits { connect: Duration::from_secs(2), body: Duration::from_secs(1), ..Limits::default() };
        self.start_with(store, clock, key, Sender::new(AddressGuard::allowing_private(), SystemResolver, limits)).await
    }

    pub(crate) async fn start_with(
        &self,
        store: Arc<dyn Store>,
        clock: impl Clock + Send + 'static,
        key: u8,
        sender: Sender,
    ) -> Result<Service, ServiceError> {
        let source = Source::read(json!({"key": "app", "kind": "launchdarkly"})).expect("a source");
        let parts = Parts {
            store,
            sealer: Arc::new(Vault::new(&MasterKey::new([key; 32])).expect("a key")),
            integrations: self.root(),
            sources: vec![source],
            settings: self.settings.clone(),
            sender: Arc::new(sender),
            clock: Arc::new(clock),
            chance: Box::new(|| 0.0),
        };
        Service::start(parts).await
    }
}

/// A document of a subscription to `url`.
pub(crate) fn document(url: &str) -> Json {
    json!({"integration": "example", "formValues": {"url": url, "apiKey": "hush-hush-hush"}})
}

/// Subscribes.
pub(crate) async fn subscribe(service: &Service, id: &str, document: Json) {
    service.put_subscription(id, document, false).await.expect("the document is fine");
}

/// Hands an event in.
pub(crate) async fn take(service: &Service, body: &[u8]) -> TakeReport {
    service.take("app", request(body)).await.expect("it is taken")
}

pub(crate) fn request(body: &[u8]) -> Request<'_> {
    Request { headers: &[], token: None, body, received_at_milliseconds: 1_750_000_000_000 }
}

/// Waits until nothing waits any more.
pub(crate) async fn drained(service: &Service) {
    use flagpost::store::Account;
    until("everything to be settled", || async {
        let books = service.accounts().await.expect("the books");
        books.get(Account::Pending) == 0 && books.get(Account::ReplaysPending) == 0
    })
    .await;
}
