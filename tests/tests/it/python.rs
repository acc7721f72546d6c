//! Other people's programs, run by the Python that `STANDBY_PYTHON` names: `tests/third-party/README.md` says what it needs.

use std::{
    ffi::OsStr,
    io::Write as _,
    path::PathBuf,
    process::{Command, Stdio},
};

/// An account id for a key: ministack takes it for the caller's account, everybody else for any key.
const ACCESS_KEY: &str = "123456789012";

/// The folder of the Python programs.
pub(crate) fn folder() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/third-party"))
}

/// The interpreter, in an environment with credentials that open nothing, and without the machine's own AWS configuration.
pub(crate) fn python() -> Command {
    let mut command = Command::new(std::env::var("STANDBY_PYTHON").unwrap_or_else(|_| "python3".to_owned()));
    command.env("PYTHONDONTWRITEBYTECODE", "1");
    isolate(&mut command);
    command
}

/// Gives a program that calls AWS credentials that open nothing, and hides the machine's own configuration from it.
pub(crate) fn isolate(command: &mut Command) {
    let own = std::env::vars_os().map(|(name, _)| name).filter(|name| name.to_string_lossy().starts_with("AWS_"));
    own.for_each(|name| {
        command.env_remove(name);
    });
    command
        .env("AWS_ACCESS_KEY_ID", ACCESS_KEY)
        .env("AWS_SECRET_ACCESS_KEY", "not-a-secret")
        .env("AWS_CONFIG_FILE", "/dev/null")
        .env("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
        .env("AWS_EC2_METADATA_DISABLED", "true");
}

/// What a program said, and whether it was content.
pub(crate) struct Outcome {
    pub(crate) success: bool,
    pub(crate) out: String,
    pub(crate) err: String,
}

/// Runs one of the scripts to its end. It blocks: what it talks to must run on other threads.
pub(crate) fn script(name: &str, args: &[&OsStr], input: &str) -> Outcome {
    let mut command = python();
    command.arg(folder().join(name)).args(args);
    run(command, input)
}

/// Runs one of the scripts, which must be content; what it said is shown with the test, and returned.
pub(crate) fn passes(name: &str, args: &[&str], input: &str) -> String {
    let args: Vec<&OsStr> = args.iter().map(OsStr::new).collect();
    let outcome = script(name, &args, input);
    assert!(outcome.success, "{name} fails:\n{}\n{}", outcome.out, outcome.err);
    eprintln!("{name}:\n{}", outcome.out);
    outcome.out
}

/// Runs a program to its end.
pub(crate) fn run(mut command: Command, input: &str) -> Outcome {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let shown = format!("{command:?}");
    let mut child = command.spawn().unwrap_or_else(|error| panic!("{shown} cannot be started: {error}"));
    let mut stdin = child.stdin.take().expect("a pipe");
    let input = input.to_owned();
    // Written beside, so that a program that answers before it has read all blocks nobody; one that reads nothing closes the pipe.
    let writer = std::thread::spawn(move || stdin.write_all(input.as_bytes()));
    let output = child.wait_with_output().expect("an end");
    let _closed_early = writer.join().expect("a writer that does not panic");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Outcome { success: output.status.success(), out: text(&output.stdout), err: text(&output.stderr) }
}
