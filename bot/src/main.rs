//! The program `standby`.

use std::process::ExitCode;

fn main() -> ExitCode {
    bot::program::main()
}
