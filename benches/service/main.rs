//! What the whole engine does in a second: events accepted durably, delivered over sockets, settled.
//!
//! The receiver is a process of its own (this program, told so by its environment), so that the processor time is the
//! engine's, with what hands the events in. A bare client posts into the same receiver first, as the limit.
//!
//! `cargo bench --bench service` runs all of it; a name runs one part: `bare`, `one`, `ten`, `program`, `latency`,
//! `memory`, `index`, `hanging`, `start`. `FLAGPOST_BENCH_EVENTS` and `FLAGPOST_BENCH_WAITING` change how much. `soak`
//! runs by its name alone: it is the load of `scripts/soak`.

#![allow(clippy::print_stdout, reason = "a benchmark prints what it measured")]

mod bare;
mod engine;
mod feed;
mod index;
mod latency;
mod machine;
mod program;
mod receiver;
mod soak;
mod throughput;
mod waiting;

use machine::variable;
use receiver::{RECEIVER, Receiver, receive};

/// As in the program.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() {
    if variable(RECEIVER).is_some() {
        receive();
        return;
    }
    let wanted: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    let wants = |name: &str| wanted.is_empty() || wanted.iter().any(|word| word == name);
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let receiver = Receiver::start();
        if wants("bare") {
            bare::bare(&receiver).await;
        }
        if wants("one") {
            throughput::throughput(&receiver, 1).await;
        }
        if wants("ten") {
            throughput::throughput(&receiver, 10).await;
        }
        if wants("program") {
            program::program(&receiver, 1).await;
            program::program(&receiver, 10).await;
        }
        if wants("latency") {
            latency::latency(&receiver).await;
        }
        if wants("memory") {
            waiting::memory().await;
        }
        if wants("index") {
            index::index().await;
        }
        if wants("hanging") {
            throughput::hanging(&receiver).await;
        }
        if wants("start") {
            waiting::start(&receiver).await;
        }
        if wanted.iter().any(|word| word == "soak") {
            soak::soak(&receiver).await;
        }
    });
}
