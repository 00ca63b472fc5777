//! The `flagpost` program: parse, run, exit.

use std::process::ExitCode;

/// Many small pieces come and go with every delivery: with the one of the C library, a quarter of the time went there.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    flagpost::cli::main()
}
