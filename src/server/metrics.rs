//! Numbers for Prometheus, with labels of few values only: no subscription, event or path of a caller is one.

use std::fmt::Write;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use axum::http::{Method, StatusCode};
use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue, LabelValueEncoder};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use crate::service::Happening;
use crate::store::{Account, Accounts};

/// Seconds at which the histograms are cut.
const BUCKETS: [f64; 12] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 30.0];

/// Counts while the server runs; what the store's books know is read from them when it is asked for.
#[derive(Clone)]
pub(super) struct Metrics {
    requests: Family<RequestLabels, Counter>,
    answers: Family<RouteLabel, Histogram, fn() -> Histogram>,
    entries: Family<OutcomeLabel, Counter>,
    attempts: Family<AttemptLabels, Counter>,
    attempt_seconds: Histogram,
    breakers: Counter,
    reloads: Family<OutcomeLabel, Counter>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    method: Word,
    route: String,
    status: u16,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RouteLabel {
    route: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OutcomeLabel {
    outcome: Word,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct AttemptLabels {
    ended: Word,
    answer: Word,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Word(&'static str);

impl EncodeLabelValue for Word {
    fn encode(&self, encoder: &mut LabelValueEncoder<'_>) -> Result<(), std::fmt::Error> {
        encoder.write_str(self.0)
    }
}

fn histogram() -> Histogram {
    Histogram::new(BUCKETS)
}

impl Default for Metrics {
    fn default() -> Self {
        Metrics {
            requests: Family::default(),
            answers: Family::new_with_constructor(histogram),
            entries: Family::default(),
            attempts: Family::default(),
            attempt_seconds: histogram(),
            breakers: Counter::default(),
            reloads: Family::default(),
        }
    }
}

impl Metrics {
    /// Counts an answer.
    pub(super) fn answered(&self, method: &Method, route: &str, status: StatusCode, took: Duration) {
        let labels = RequestLabels { method: word(method), route: route.to_owned(), status: status.as_u16() };
        self.requests.get_or_create(&labels).inc();
        self.answers.get_or_create(&RouteLabel { route: route.to_owned() }).observe(took.as_secs_f64());
    }

    /// Counts what the service tells.
    pub(super) fn heard(&self, happening: &Happening) {
        let outcome = |outcome, count: u32| {
            self.entries.get_or_create(&OutcomeLabel { outcome: Word(outcome) }).inc_by(u64::from(count));
        };
        match happening {
            Happening::Taken { accepted, seen, conflicts, failed, .. } => {
                outcome("accepted", *accepted);
                outcome("seen", *seen);
                outcome("conflict", *conflicts);
                outcome("failed", *failed);
            }
            Happening::Refused { .. } => outcome("refused", 1),
            Happening::Attempted { status, took, ended, .. } => {
                let answer = match status {
                    None => "none",
                    Some(200..=299) => "2xx",
                    Some(300..=399) => "3xx",
                    Some(400..=499) => "4xx",
                    Some(500..=599) => "5xx",
                    Some(_) => "other",
                };
                self.attempts.get_or_create(&AttemptLabels { ended: Word(ended), answer: Word(answer) }).inc();
                self.attempt_seconds.observe(took.as_secs_f64());
            }
            Happening::Breaker { open: true, .. } => {
                self.breakers.inc();
            }
            Happening::Swapped { .. } => {
                self.reloads.get_or_create(&OutcomeLabel { outcome: Word("swapped") }).inc();
            }
            Happening::IntegrationRefused { .. } => {
                self.reloads.get_or_create(&OutcomeLabel { outcome: Word("refused") }).inc();
            }
            _ => {}
        }
    }

    /// Everything as text; in the classic format of Prometheus unless OpenMetrics is asked for.
    pub(super) fn text(&self, books: &Accounts, open_metrics: bool) -> Result<String, std::fmt::Error> {
        let mut registry = Registry::with_prefix("flagpost");
        registry.register("http_requests", "Answers of this server", self.requests.clone());
        registry.register("http_request_seconds", "Time until the head of an answer", self.answers.clone());
        registry.register("source_entries", "Entries of requests to sources since the start", self.entries.clone());
        registry.register("attempts", "Attempts to deliver since the start", self.attempts.clone());
        registry.register("attempt_seconds", "Time that an attempt took", self.attempt_seconds.clone());
        registry.register("breaker_openings", "Receivers that were left alone for a while", self.breakers.clone());
        registry.register("integration_changes", "Changes of integrations since the start", self.reloads.clone());
        enter_books(&mut registry, books);
        let mut text = String::new();
        encode(&mut text, &registry)?;
        Ok(if open_metrics { text } else { classic(&text) })
    }
}

/// What the books hold: they are kept with the data, so they go on where the last process ended.
fn enter_books(registry: &mut Registry, books: &Accounts) {
    let totals = Family::<OutcomeLabel, Counter>::default();
    let events = Family::<OutcomeLabel, Counter>::default();
    for (account, name) in [(Account::Events, "accepted"), (Account::Repeats, "seen"), (Account::Conflicts, "conflict")]
    {
        events.get_or_create(&OutcomeLabel { outcome: Word(name) }).inc_by(books.get(account));
    }
    for (account, name) in [
        (Account::Denied, "denied"),
        (Account::NoAllow, "no_allow"),
        (Account::NoTemplate, "no_template"),
        (Account::EmptyBody, "empty_body"),
        (Account::RenderError, "render_error"),
        (Account::Paused, "paused"),
        (Account::Unsubscribed, "unsubscribed"),
        (Account::Delivered, "delivered"),
        (Account::Cancelled, "cancelled"),
    ] {
        totals.get_or_create(&OutcomeLabel { outcome: Word(name) }).inc_by(books.get(account));
    }
    let waiting = gauge(books.get(Account::Pending) + books.get(Account::ReplaysPending));
    let dead = gauge(books.get(Account::Dead) + books.get(Account::ReplaysDead));
    registry.register("events", "Events in the books", events);
    registry.register("decisions", "Decisions in the books that nothing more follows from", totals);
    registry.register("deliveries_waiting", "Deliveries that wait now", waiting);
    registry.register("dead_letters", "Deliveries that were given up and not replayed", dead);
    registry.register("books_balance", "1 while every decision is accounted for", gauge(u64::from(books.balance())));
}

fn gauge(value: u64) -> Gauge<u64, AtomicU64> {
    let gauge = Gauge::default();
    gauge.set(value);
    gauge
}

/// OpenMetrics as the classic format: there a counter is described under the name that its samples have.
fn classic(open_metrics: &str) -> String {
    let counters: Vec<&str> =
        open_metrics.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.strip_suffix(" counter")).collect();
    let mut text = String::with_capacity(open_metrics.len() + 256);
    for line in open_metrics.lines().filter(|line| *line != "# EOF") {
        let described = ["# HELP ", "# TYPE "].iter().find_map(|start| Some((start, line.strip_prefix(start)?)));
        let renamed = described.and_then(|(start, rest)| {
            let (name, rest) = rest.split_once(' ')?;
            counters.contains(&name).then(|| format!("{start}{name}_total {rest}"))
        });
        let _ = writeln!(text, "{}", renamed.as_deref().unwrap_or(line));
    }
    text
}

/// Methods have few names; what a caller makes up is none of them.
fn word(method: &Method) -> Word {
    Word(match method.as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        "PUT" => "PUT",
        "PATCH" => "PATCH",
        "DELETE" => "DELETE",
        "OPTIONS" => "OPTIONS",
        _ => "other",
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use axum::http::{Method, StatusCode};

    use super::Metrics;
    use crate::store::Accounts;

    fn metrics() -> Metrics {
        let metrics = Metrics::default();
        let made_up = Method::from_bytes(b"MADEUP").expect("it is a method");
        for method in [Method::GET, made_up.clone(), made_up] {
            metrics.answered(&method, "/v1/events", StatusCode::OK, Duration::from_millis(3));
        }
        metrics
    }

    #[test]
    fn the_classic_format_describes_every_sample_by_its_own_name() {
        let text = metrics().text(&Accounts::default(), false).expect("it is written");
        let described: Vec<&str> =
            text.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next()).collect();
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            let name = line.split(['{', ' ']).next().unwrap_or_default();
            let base = ["_bucket", "_sum", "_count"].iter().find_map(|end| name.strip_suffix(end)).unwrap_or(name);
            assert!(described.contains(&name) || described.contains(&base), "{line} is described by no line");
        }
        assert!(text.contains("flagpost_http_requests_total{method=\"other\",route=\"/v1/events\",status=\"200\"} 2"));
        assert!(!text.contains("MADEUP") && !text.contains("# EOF"));
    }

    #[test]
    fn open_metrics_end_as_they_must() {
        assert!(metrics().text(&Accounts::default(), true).expect("it is written").ends_with("# EOF\n"));
    }
}
