//! What is asked of the machine and told of it: the environment, the time, processors, memory, the disk.

use std::path::Path;
use std::time::{Duration, Instant, SystemTime};

#[expect(clippy::disallowed_methods, reason = "a benchmark is an edge")]
pub(crate) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

#[expect(clippy::disallowed_methods, reason = "a benchmark is an edge")]
pub(crate) fn now() -> SystemTime {
    SystemTime::now()
}

pub(crate) fn number(name: &str, default: u64) -> u64 {
    variable(name).and_then(|text| text.parse().ok()).unwrap_or(default)
}

pub(crate) fn nanoseconds() -> u64 {
    let since = now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}

/// Processor time of this process, all threads.
pub(crate) fn processor() -> Duration {
    processor_of("self")
}

pub(crate) fn processor_of(process: &str) -> Duration {
    let text = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    let fields: Vec<&str> = text.rsplit(") ").next().unwrap_or_default().split(' ').collect();
    let ticks = |at: usize| fields.get(at).and_then(|field| field.parse::<u64>().ok()).unwrap_or(0);
    Duration::from_millis((ticks(11) + ticks(12)) * 10)
}

pub(crate) fn resident(process: &str) -> u64 {
    let text = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.trim().split(' ').next()?.parse::<u64>().ok()).unwrap_or(0) / 1024
}

pub(crate) fn told(what: &str, count: u64, took: Duration, processor: Duration) {
    let rate = count as f64 / took.as_secs_f64();
    let cost = processor.as_secs_f64() / count as f64 * 1000.0;
    println!("{what}: {rate:.0} a second, {cost:.4} processor seconds per 1,000");
}

/// What a flush of the disk takes at the same pace: nothing durable arrives sooner.
pub(crate) fn flushes(folder: &Path, count: u64) -> Vec<u64> {
    let mut file = std::fs::File::create(folder.join("flushed")).expect("a file");
    let mut took: Vec<u64> = (0..count)
        .map(|_| {
            std::thread::sleep(Duration::from_millis(5));
            std::io::Write::write_all(&mut file, &[b'x'; 8192]).expect("it is written");
            let begun = Instant::now();
            file.sync_data().expect("it is flushed");
            u64::try_from(begun.elapsed().as_nanos()).unwrap_or(u64::MAX)
        })
        .collect();
    took.sort_unstable();
    took
}

pub(crate) fn at(sorted: &[u64], share: f64) -> f64 {
    sorted[((sorted.len() - 1) as f64 * share) as usize] as f64 / 1e6
}
