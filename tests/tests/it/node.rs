//! Other people's programs for Node, installed under `target/`: `tests/third-party/README.md` says how.

use std::process::Command;

use crate::python::run;

/// The packages that `tests/third-party/package.json` names.
const MODULES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../target/third-party-node/node_modules");

/// Node with one of the scripts.
pub(crate) fn node(name: &str) -> Command {
    let mut command = Command::new("node");
    command.env("NODE_PATH", MODULES).arg(format!("{}/third-party/{name}", env!("CARGO_MANIFEST_DIR")));
    command
}

/// Runs one of the scripts, which must be content; what it said is shown with the test. It blocks: what it talks to must
/// run on other threads.
pub(crate) fn passes(name: &str, args: &[&str], input: &str) {
    let mut command = node(name);
    command.args(args);
    let outcome = run(command, input);
    assert!(outcome.success, "{name} fails:\n{}\n{}", outcome.out, outcome.err);
    eprintln!("{name}:\n{}", outcome.out);
}
