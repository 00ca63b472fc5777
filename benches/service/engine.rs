//! The engine inside this process, on a fresh store and with an integration that sends about a kibibyte.

use std::future::Future;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use flagpost::delivery::{AddressGuard, Clock, Limits, Sender, SystemResolver};
use flagpost::service::{Parts, Service, Settings};
use flagpost::source::Source;
use flagpost::store::{Options, SqliteStore, Store};
use flagpost::vault::{MasterKey, Vault};
use serde_json::{Value as Json, json};

use crate::machine::now;

struct RealClock(Instant);

impl Clock for RealClock {
    fn now(&self) -> SystemTime {
        now()
    }

    fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }

    fn sleep(&self, pause: Duration) -> impl Future<Output = ()> + Send {
        tokio::time::sleep(pause)
    }
}

/// An integration that sends about a kibibyte.
fn integration(root: &Path) {
    let folder = root.join("bench");
    std::fs::create_dir_all(folder.join("templates")).expect("a folder");
    for icon in ["square.svg", "wide.svg"] {
        std::fs::write(folder.join(icon), "<svg/>").expect("a file");
    }
    let template = r#"{"id": "{{_id}}", "flag": "{{name}}", "project": "{{project.name}}", "by": "{{member.email}}", "filling": "{{comment}}"}"#;
    std::fs::write(folder.join("templates/default.json.hbs"), template).expect("a file");
    let manifest = json!({
        "name": "Bench", "version": "1.0.0", "overview": "Sends changes to a benchmark.",
        "description": "Sends every change of a flag to a receiver that exists for a benchmark only.",
        "author": "flagpost", "supportEmail": "support@example.com",
        "links": {"site": "https://example.com", "privacyPolicy": "https://example.com/privacy"},
        "categories": ["monitoring"], "icons": {"square": "square.svg", "horizontal": "wide.svg"},
        "formVariables": [
            {"key": "url", "name": "URL", "type": "uri", "description": "Where the changes are posted."},
        ],
        "capabilities": {"auditLogEventsHook": {
            "endpoint": {"url": "{{url}}", "method": "POST"},
            "templates": {"default": "templates/default.json.hbs"},
            "defaultPolicy": [{"effect": "allow", "resources": ["proj/*:env/*:flag/*"], "actions": ["*"]}],
        }},
    });
    std::fs::write(folder.join("manifest.json"), manifest.to_string()).expect("a file");
}

pub(crate) struct Bench {
    pub(crate) folder: tempfile::TempDir,
}

impl Bench {
    pub(crate) fn new() -> Bench {
        // Where `cargo` builds is a disk; where temporary files go may be memory, which flushes in no time.
        let place = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
        let bench = Bench { folder: tempfile::tempdir_in(place).expect("a folder") };
        integration(&bench.folder.path().join("integrations"));
        bench
    }

    pub(crate) fn store(&self) -> Arc<dyn Store> {
        Arc::new(SqliteStore::open(&self.folder.path().join("store.db"), Options::default()).expect("a store"))
    }

    pub(crate) async fn start(&self, store: Arc<dyn Store>) -> Arc<Service> {
        let parts = Parts {
            store,
            sealer: Arc::new(Vault::new(&MasterKey::new([7; 32])).expect("a key")),
            integrations: self.folder.path().join("integrations"),
            sources: vec![Source::read(json!({"key": "app", "kind": "launchdarkly"})).expect("a source")],
            settings: Settings { reload_every: None, ..Settings::default() },
            sender: Arc::new(Sender::new(AddressGuard::allowing_private(), SystemResolver, Limits::default())),
            clock: Arc::new(RealClock(Instant::now())),
            chance: Box::new(|| 0.5),
        };
        Arc::new(Service::start(parts).await.expect("it starts"))
    }
}

pub(crate) async fn subscribe(service: &Service, id: &str, url: &str, change: Json) {
    let secret = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
    let mut document = json!({"integration": "bench", "formValues": {"url": url}, "signing": {"secrets": [secret]}});
    for (key, value) in change.as_object().into_iter().flatten() {
        document[key] = value.clone();
    }
    service.put_subscription(id, document, false).await.expect("the document is fine");
}
