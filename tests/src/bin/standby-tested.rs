//! The program `standby` once more, so that cargo builds it for the tests that start it as a process.

use std::process::ExitCode;

fn main() -> ExitCode {
    bot::program::main()
}
