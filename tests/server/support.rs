//! A server on a free port, a receiver that keeps what it got, and a caller.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use flagpost::catalog::{Blueprint, IntegrationKey, scaffold};
use flagpost::delivery::{AddressGuard, Clock, Limits, Sender, SystemResolver};
use flagpost::server::{self, tokens};
use flagpost::service::{self, Service};
use flagpost::source::Source;
use flagpost::store::{MemoryStore, Moment, Store};
use flagpost::vault::{MasterKey, Vault};
use serde_json::{Value as Json, json};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// A secret that no answer may ever hold.
pub(crate) const SECRET: &str = "hunter2-Geheimnis";

pub(crate) struct WallClock(pub(crate) Instant);

impl Clock for WallClock {
    fn now(&self) -> std::time::SystemTime {
        #[expect(clippy::disallowed_methods, reason = "a test is an edge")]
        std::time::SystemTime::now()
    }

    fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }

    fn sleep(&self, pause: Duration) -> impl Future<Output = ()> + Send {
        tokio::time::sleep(pause)
    }
}

/// A server that runs, and everything around it.
pub(crate) struct Running {
    pub(crate) address: String,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) service: Arc<Service>,
    pub(crate) http: reqwest::Client,
    pub(crate) token: Option<String>,
    stop: CancellationToken,
    _folder: tempfile::TempDir,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// What a server is started with.
pub(crate) struct Start {
    pub(crate) sources: Vec<Json>,
    pub(crate) settings: server::Settings,
    pub(crate) listen: &'static str,
    /// Integrations beside the scaffolded one.
    pub(crate) shipped: &'static [&'static str],
    pub(crate) store: Arc<dyn Store>,
}

impl Default for Start {
    fn default() -> Self {
        let everyone = json!({"key": "everyone", "kind": "launchdarkly"});
        let settings = server::Settings { requests_per_second: 0, ..server::Settings::default() };
        let store = Arc::new(MemoryStore::default());
        Start {
            sources: vec![everyone],
            settings,
            listen: "127.0.0.1:0",
            shipped: &["konnect-audit", "webhook"],
            store,
        }
    }
}

impl Start {
    pub(crate) async fn run(self) -> Running {
        // For the caller's own client; that another test has done so before is fine.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let folder = tempfile::tempdir().expect("a folder");
        let integrations = folder.path().join("integrations");
        let blueprint = Blueprint { key: IntegrationKey::parse("acme").expect("a key"), name: None, url: None };
        scaffold(&integrations, &blueprint).expect("it is written");
        for shipped in self.shipped {
            copy(
                &Path::new(env!("CARGO_MANIFEST_DIR")).join("integrations").join(shipped),
                &integrations.join(shipped),
            );
        }
        let store = self.store;
        let clock: Arc<dyn service::Clock> = Arc::new(WallClock(Instant::now()));
        let read = |source: Json| Source::read(source).expect("the source is right");
        let vault = Vault::new(&MasterKey::new([7; 32])).expect("a vault");
        let sender = Sender::new(AddressGuard::allowing_private(), SystemResolver, Limits::default());
        let parts = service::Parts {
            store: Arc::clone(&store),
            sealer: Arc::new(vault),
            integrations,
            sources: self.sources.into_iter().map(read).collect(),
            settings: service::Settings::default(),
            sender: Arc::new(sender),
            clock: Arc::clone(&clock),
            chance: Box::new(|| 0.5),
        };
        let journal = server::Journal::start(Arc::clone(&clock));
        let service = Service::start_and_tell(parts, Some(journal.hearer())).await;
        let service = Arc::new(service.expect("the service starts"));
        let listener = TcpListener::bind(self.listen).await.expect("a port is free");
        let port = listener.local_addr().expect("it listens").port();
        let stop = CancellationToken::new();
        let parts = server::Parts {
            service: Arc::clone(&service),
            store: Arc::clone(&store),
            clock,
            settings: self.settings,
            journal,
            damage: Box::new(|| None),
        };
        tokio::spawn(server::serve(listener, parts, stop.clone()));
        let http = reqwest::Client::builder().no_proxy().build().expect("a client");
        let address = format!("http://127.0.0.1:{port}");
        Running { address, store, service, http, token: None, stop, _folder: folder }
    }
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder");
    for entry in std::fs::read_dir(from).expect("it ships") {
        let path: PathBuf = entry.expect("it ships").path();
        let target = to.join(path.file_name().expect("files have names"));
        if path.is_dir() {
            copy(&path, &target);
        } else {
            std::fs::copy(&path, &target).expect("it is copied");
        }
    }
}

/// An answer, read whole.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: reqwest::header::HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Json {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// The pointers of a problem's mistakes; also checks that it is a problem.
    #[track_caller]
    pub(crate) fn pointers(&self) -> Vec<String> {
        assert_eq!(self.header("content-type"), "application/problem+json", "{}", self.text);
        let json = self.json();
        assert_eq!(json["status"], self.status);
        assert!(json["type"].as_str().is_some_and(|kind| kind.starts_with("urn:flagpost:problem:")));
        let errors = json["errors"].as_array().cloned().unwrap_or_default();
        errors.iter().map(|error| error["pointer"].as_str().expect("a pointer").to_owned()).collect()
    }
}

impl Running {
    pub(crate) async fn start() -> Running {
        Start::default().run().await
    }

    /// Makes a token and uses it from here on.
    pub(crate) async fn token(&mut self, scopes: &[tokens::Scope]) {
        let count = tokens::list(&*self.store).await.expect("the store works").len();
        let name = format!("test-{count}");
        let made = tokens::create(&*self.store, &name, scopes, Moment::from_millis(1)).await.expect("it is made");
        self.token = Some(made.expose().to_owned());
    }

    pub(crate) async fn ask(&self, method: &str, path: &str, body: Option<&str>) -> Answer {
        self.ask_with(method, path, body, &[]).await
    }

    pub(crate) async fn ask_with(
        &self,
        method: &str,
        path: &str,
        body: Option<&str>,
        headers: &[(&str, &str)],
    ) -> Answer {
        let bytes = body.map(|body| body.as_bytes().to_vec());
        self.send(method, path, bytes, headers).await
    }

    pub(crate) async fn send(
        &self,
        method: &str,
        path: &str,
        body: Option<Vec<u8>>,
        headers: &[(&str, &str)],
    ) -> Answer {
        let method = method.parse().expect("a method");
        let mut request = self.http.request(method, format!("{}{path}", self.address));
        let own = headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("authorization"));
        if let Some(token) = self.token.as_ref().filter(|_| !own) {
            request = request.bearer_auth(token);
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(body) = body {
            request = request.body(body);
        }
        let response = request.send().await.expect("the server answers");
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Answer { status, headers, text: response.text().await.expect("the answer is whole") }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, None).await
    }

    pub(crate) async fn put(&self, path: &str, body: &Json) -> Answer {
        self.ask("PUT", path, Some(&body.to_string())).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Json) -> Answer {
        self.ask("POST", path, Some(&body.to_string())).await
    }

    /// Asks until the answer is as wanted.
    pub(crate) async fn until(&self, path: &str, wanted: impl Fn(&Json) -> bool) -> Json {
        let started = Instant::now();
        loop {
            let json = self.get(path).await.json();
            if wanted(&json) {
                return json;
            }
            assert!(started.elapsed() < Duration::from_secs(20), "`{path}` stays {json:#}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

impl Running {
    /// Asks for the numbers until this line is among them.
    pub(crate) async fn until_metric(&self, line: &str) {
        let started = Instant::now();
        loop {
            let metrics = self.get("/metrics").await.text;
            if metrics.lines().any(|other| other == line) {
                return;
            }
            assert!(started.elapsed() < Duration::from_secs(20), "`{line}` is not in {metrics}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

/// A request that a receiver got.
#[derive(Debug, Clone)]
pub(crate) struct Got {
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

/// A receiver that keeps what it got, and answers as it is told.
pub(crate) struct Receiver {
    pub(crate) url: String,
    pub(crate) got: Arc<Mutex<Vec<Got>>>,
    pub(crate) status: Arc<Mutex<u16>>,
}

impl Receiver {
    pub(crate) async fn start() -> Receiver {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let url = format!("http://{}/hook", listener.local_addr().expect("it listens"));
        let (got, status) = (Arc::new(Mutex::new(Vec::new())), Arc::new(Mutex::new(204)));
        let (kept, answered) = (Arc::clone(&got), Arc::clone(&status));
        let answer = move |headers: axum::http::HeaderMap, body: String| {
            let text = |value: &axum::http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
            let headers = headers.iter().map(|(name, value)| (name.to_string(), text(value))).collect();
            kept.lock().expect("nobody panicked").push(Got { headers, body });
            let status = *answered.lock().expect("nobody panicked");
            async move { axum::http::StatusCode::from_u16(status).expect("a status") }
        };
        let routes = axum::Router::new().fallback(answer);
        tokio::spawn(async move { axum::serve(listener, routes).await });
        Receiver { url, got, status }
    }

    pub(crate) async fn until(&self, count: usize) -> Vec<Got> {
        let started = Instant::now();
        loop {
            let got = self.got.lock().expect("nobody panicked").clone();
            if got.len() >= count {
                return got;
            }
            assert!(started.elapsed() < Duration::from_secs(20), "only {} of {count} came", got.len());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

/// A subscription of the scaffolded integration that gets everything.
pub(crate) fn document(url: &str) -> Json {
    json!({
        "integration": "acme",
        "name": "Acme",
        "formValues": {"url": url, "apiKey": SECRET},
        "policy": [{"effect": "allow", "resources": ["*"], "actions": ["*"]}],
    })
}

/// A sample event with an id of its own.
pub(crate) fn event(id: &str) -> String {
    let text = include_str!("../../sample-context/flag/toggled.json");
    let mut json: Json = serde_json::from_str(text).expect("a sample is JSON");
    json["_id"] = id.into();
    json.to_string()
}
