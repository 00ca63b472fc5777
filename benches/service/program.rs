//! The program itself, as a process: events over HTTP from another process's point of view, one a request.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde_json::json;

use crate::engine::Bench;
use crate::feed::{TAKERS, event, repeated};
use crate::machine::{number, processor_of, resident, told};
use crate::receiver::Receiver;

/// A client that asks for no certificates, as none are needed.
pub(crate) fn client() -> reqwest::Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    // Shorter than the server keeps a connection that is idle, or a request might meet one that was just closed.
    let idle = Duration::from_secs(5);
    let builder = reqwest::Client::builder().no_proxy().tls_certs_only([]).pool_idle_timeout(idle);
    builder.build().expect("a client")
}

/// `flagpost serve`, which ends with this value at the latest.
pub(crate) struct Program {
    child: Child,
    base: String,
}

impl Program {
    /// Starts it in the folder of `bench`, with its log at `log`.
    pub(crate) fn start(bench: &Bench, flags: &[String], log: Stdio) -> Program {
        let configuration = "[[source]]\nkey = \"app\"\nkind = \"launchdarkly\"\n";
        std::fs::write(bench.folder.path().join("flagpost.toml"), configuration).expect("a file");
        let mut child = Command::new(env!("CARGO_BIN_EXE_flagpost"))
            .args(["serve", "--allow-private", "--listen", "127.0.0.1:0"])
            .args(flags)
            .env_clear()
            .current_dir(bench.folder.path())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .expect("the program runs");
        let mut said = BufReader::new(child.stdout.take().expect("it is piped")).lines().map_while(Result::ok);
        let line = said.find(|line| line.starts_with("listening at ")).expect("it listens");
        std::thread::spawn(move || said.for_each(drop));
        Program { child, base: line.trim_start_matches("listening at ").to_owned() }
    }

    /// Where it listens.
    pub(crate) fn base(&self) -> &str {
        &self.base
    }

    /// Where events are posted to.
    pub(crate) fn intake(&self) -> String {
        format!("{}/v1/sources/app/events", self.base)
    }

    pub(crate) fn process(&self) -> String {
        self.child.id().to_string()
    }

    /// How it ended, if it did.
    pub(crate) fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().expect("it is a child of this process")
    }

    /// Makes so many subscriptions that sign.
    pub(crate) async fn subscribe(&self, client: &reqwest::Client, receiver: &Receiver, subscriptions: u64) {
        for number in 0..subscriptions {
            let document = json!({
                "integration": "bench", "formValues": {"url": format!("http://{}/{number}", receiver.address)},
                "signing": {"secrets": ["whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="]},
            });
            let url = format!("{}/v1/subscriptions/s-{number}", self.base);
            let put = client.put(url).header("content-type", "application/json");
            let answer = put.body(document.to_string()).send().await.expect("it answers");
            assert!(answer.status().is_success(), "{}", answer.text().await.unwrap_or_default());
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(crate) async fn program(receiver: &Receiver, subscriptions: u64) {
    let bench = Bench::new();
    let program = Program::start(&bench, &[], Stdio::null());
    let client = client();
    program.subscribe(&client, receiver, subscriptions).await;
    let count = number("FLAGPOST_BENCH_EVENTS", 100_000) / subscriptions;
    let next = Arc::new(AtomicU64::new(0));
    let (url, process) = (program.intake(), program.process());
    receiver.seen().await;
    for (round, count) in [count / 10, count].into_iter().enumerate() {
        let (begun, used) = (Instant::now(), processor_of(&process));
        let (client, url, next) = (client.clone(), url.clone(), Arc::clone(&next));
        repeated(TAKERS, count, move || {
            let body = event(next.fetch_add(1, Ordering::Relaxed), "web");
            let request = client.post(&url).header("content-type", "application/json").body(body);
            async move {
                let answer = request.send().await.expect("it answers");
                assert_eq!(answer.status(), 202);
                answer.bytes().await.expect("it answers whole");
            }
        })
        .await;
        let mut seen = 0;
        while seen < count * subscriptions {
            tokio::time::sleep(Duration::from_millis(2)).await;
            seen += receiver.seen().await["count"].as_u64().unwrap_or(0);
        }
        if round == 1 {
            let what = format!("the program, over HTTP, {subscriptions} subscription(s); deliveries");
            told(&what, count * subscriptions, begun.elapsed(), processor_of(&process) - used);
            println!("the program afterwards: {} MiB resident", resident(&process));
        }
    }
}
