//! The `flagpost` program: parse, run, exit.

use std::process::ExitCode;

/// Many small pieces come and go with every delivery: with the one of the C library, a quarter of the time went there.
/// It asks for no huge pages: those hold twice the memory for next to nothing.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    flagpost::cli::main()
}
