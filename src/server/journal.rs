//! The journal of a running engine: every happening is counted, and what people should read becomes a line of the log.
//!
//! Counting is done where it happens and misses nothing. Lines are written by one task, because whoever reads the log
//! may be slow; lines that there is no more room for are left out, and their number is told. It never makes the engine
//! wait.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tracing::Span;

use super::metrics::Metrics;
use super::seldom::Seldom;
use super::told;
use crate::service::{Clock, Happening, Hearer};
use crate::store::SourceId;

/// Lines that may wait for the log.
const WAITING: usize = 4096;

/// Between two lines about refused requests of one source: strangers do not fill the disk.
const REFUSALS_APART: Duration = Duration::from_secs(60);

/// Hears an engine from its start to its end. Cheap to clone.
#[derive(Clone)]
pub struct Journal {
    ears: Arc<Ears>,
    ending: CancellationToken,
    writing: Arc<Mutex<Option<JoinHandle<()>>>>,
}

/// A happening that becomes a line, with the request that it happened in.
struct Line {
    happening: Happening,
    /// How many like it were not told since the last one.
    left_out: u64,
    span: Span,
}

struct Ears {
    metrics: Metrics,
    clock: Arc<dyn Clock>,
    lines: mpsc::Sender<Line>,
    missed: AtomicU64,
    refusals: Mutex<HashMap<SourceId, Seldom>>,
}

impl Journal {
    /// Begins to write. Has to be called on a runtime.
    pub fn start(clock: Arc<dyn Clock>) -> Self {
        Journal::with_room(clock, WAITING)
    }

    fn with_room(clock: Arc<dyn Clock>, waiting: usize) -> Self {
        let (lines, written) = mpsc::channel(waiting);
        let ears = Arc::new(Ears {
            metrics: Metrics::default(),
            clock,
            lines,
            missed: AtomicU64::new(0),
            refusals: Mutex::default(),
        });
        let ending = CancellationToken::new();
        let writing = tokio::spawn(write(Arc::clone(&ears), written, ending.clone()));
        Journal { ears, ending, writing: Arc::new(Mutex::new(Some(writing))) }
    }

    /// What an engine is to tell everything to.
    pub fn hearer(&self) -> Arc<dyn Hearer> {
        Arc::<Ears>::clone(&self.ears)
    }

    /// Ends once every line is written. An engine that is to be heard to its end is stopped first.
    pub async fn end(&self) {
        self.ending.cancel();
        let writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(writing) = writing {
            let _ = writing.await;
        }
    }

    pub(super) fn metrics(&self) -> Metrics {
        self.ears.metrics.clone()
    }
}

impl std::fmt::Debug for Journal {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Journal").finish_non_exhaustive()
    }
}

impl Hearer for Ears {
    fn hear(&self, happening: &Happening) {
        self.metrics.heard(happening);
        if !told::is_told(happening) {
            return;
        }
        let left_out = match happening {
            Happening::Refused { source, .. } => {
                let mut refusals = self.refusals.lock().unwrap_or_else(PoisonError::into_inner);
                let seldom = refusals.entry(source.clone()).or_insert_with(|| Seldom::every(REFUSALS_APART));
                match seldom.turn(self.clock.elapsed()) {
                    Some(left_out) => left_out,
                    None => return,
                }
            }
            _ => 0,
        };
        let line = Line { happening: happening.clone(), left_out, span: Span::current() };
        if self.lines.try_send(line).is_err() {
            self.missed.fetch_add(1 + left_out, Ordering::Relaxed);
        }
    }
}

async fn write(ears: Arc<Ears>, mut lines: mpsc::Receiver<Line>, ending: CancellationToken) {
    let tell_missed = || {
        let missed = ears.missed.swap(0, Ordering::Relaxed);
        if missed > 0 {
            tracing::warn!(missed, "{missed} lines are left out: more happened than the log could take");
        }
    };
    let tell = |line: Line| {
        line.span.in_scope(|| told::tell(&line.happening, line.left_out));
        tell_missed();
    };
    loop {
        let line = tokio::select! {
            biased;
            line = lines.recv() => line,
            () = ending.cancelled() => None,
        };
        match line {
            Some(line) => tell(line),
            None => break,
        }
    }
    while let Ok(line) = lines.try_recv() {
        tell(line);
    }
    tell_missed();
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::{Arc, Mutex};
    use std::time::{Duration, SystemTime};

    use super::Journal;
    use crate::delivery::Clock;
    use crate::service::Happening;
    use crate::store::{Accounts, SourceId};

    /// A clock that is set.
    #[derive(Default)]
    struct Set(Arc<Mutex<Duration>>);

    impl Clock for Set {
        fn now(&self) -> SystemTime {
            SystemTime::UNIX_EPOCH
        }

        fn elapsed(&self) -> Duration {
            *self.0.lock().unwrap()
        }

        async fn sleep(&self, _pause: Duration) {}
    }

    /// A log that is kept.
    #[derive(Clone, Default)]
    struct Log(Arc<Mutex<Vec<u8>>>);

    impl Write for Log {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    /// Runs on one thread, so that the journal writes only when it is waited for; gives what was logged.
    fn logged(test: impl AsyncFnOnce()) -> String {
        let log = Log::default();
        let kept = log.clone();
        let subscriber = tracing_subscriber::fmt().with_writer(move || kept.clone()).with_ansi(false).finish();
        let _here = tracing::subscriber::set_default(subscriber);
        tokio::runtime::Builder::new_current_thread().build().expect("a runtime").block_on(test());
        let bytes = log.0.lock().unwrap().clone();
        String::from_utf8(bytes).expect("it is text")
    }

    #[test]
    fn everything_is_counted_and_lines_without_room_are_told_by_number() {
        let log = logged(async || {
            let journal = Journal::with_room(Arc::new(Set::default()), 4);
            let hearer = journal.hearer();
            for at in 0..10 {
                let source = SourceId::new("ld");
                let (accepted, seen, conflicts, deliveries) = (0, 0, 0, 0);
                let (failed, reason) = (at + 1, Some("no".to_owned()));
                hearer.hear(&Happening::Taken { source, accepted, seen, conflicts, failed, reason, deliveries });
            }
            journal.end().await;
            let text = journal.metrics().text(&Accounts::default(), false).expect("it is written");
            assert!(text.contains("flagpost_source_entries_total{outcome=\"failed\"} 55\n"), "{text}");
        });
        assert_eq!(log.matches(" that cannot be used").count(), 4, "{log}");
        assert!(
            log.contains("sent 1 entry that") && log.contains("sent 2 entries that cannot be used; the first: no"),
            "{log}"
        );
        assert!(log.contains("6 lines are left out"), "{log}");
    }

    #[test]
    fn refusals_of_a_source_are_one_line_a_minute_with_how_many_there_were() {
        let log = logged(async || {
            let clock = Set::default();
            let time = Arc::clone(&clock.0);
            let journal = Journal::with_room(Arc::new(clock), 100);
            let hearer = journal.hearer();
            for second in 0..62 {
                *time.lock().unwrap() = Duration::from_secs(second);
                for source in ["a", "b"] {
                    hearer.hear(&Happening::Refused { source: SourceId::new(source), reason: "no".to_owned() });
                }
            }
            journal.end().await;
            let text = journal.metrics().text(&Accounts::default(), false).expect("it is written");
            assert!(text.contains("flagpost_source_entries_total{outcome=\"refused\"} 124\n"), "{text}");
        });
        assert_eq!(log.matches("refused a request to the source `a`").count(), 2, "{log}");
        assert!(log.contains("`b`: no; and 59 more since the last line about it"), "{log}");
    }

    #[test]
    fn a_line_stands_in_the_request_that_it_happened_in() {
        let log = logged(async || {
            let journal = Journal::with_room(Arc::new(Set::default()), 4);
            tracing::error_span!("request", request.id = "req_7").in_scope(|| {
                journal.hearer().hear(&Happening::Refused { source: SourceId::new("a"), reason: "no".to_owned() });
            });
            journal.end().await;
        });
        assert!(log.contains("request{request.id=\"req_7\"}"), "{log}");
    }
}
