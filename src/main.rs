//! The `flagpost` program: parse, run, exit.

use std::process::ExitCode;

fn main() -> ExitCode {
    flagpost::cli::main()
}
