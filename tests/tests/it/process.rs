//! Programs that run beside a test: the bot itself, and what it talks to.

use std::{
    net::{Ipv4Addr, SocketAddr, TcpListener},
    path::PathBuf,
    process::{Child, Command, ExitStatus, Stdio},
    sync::atomic::{AtomicU8, Ordering},
    time::{Duration, Instant},
};

use crate::python;

/// How long a program may take to listen.
const PATIENCE: Duration = Duration::from_secs(90);
/// Lines of a program's output that a failed test shows.
const LAST: usize = 40;

/// A process that ends with the test, and tells what it said last if the test fails.
pub(crate) struct Process {
    child: Child,
    log: PathBuf,
}

impl Process {
    /// Starts it; what it prints goes to `log`.
    pub(crate) fn start(mut command: Command, log: PathBuf) -> Self {
        let file = std::fs::File::create(&log).unwrap();
        command.stdin(Stdio::null()).stdout(file.try_clone().unwrap()).stderr(file);
        let child = command.spawn().unwrap_or_else(|error| panic!("{command:?} cannot be started: {error}"));
        Self { child, log }
    }

    /// Waits until it listens.
    pub(crate) fn listens(&mut self, at: SocketAddr) {
        let began = Instant::now();
        while std::net::TcpStream::connect(at).is_err() {
            let ended = self.child.try_wait().unwrap();
            assert!(ended.is_none() && began.elapsed() < PATIENCE, "nothing listens at {at} ({ended:?})");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Its process id.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Asks it to stop, and waits until it has.
    pub(crate) fn terminate(mut self) -> ExitStatus {
        let mut kill = Command::new("kill");
        kill.arg("-TERM").arg(self.child.id().to_string());
        succeeds(kill);
        self.child.wait().unwrap()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _gone = self.child.kill();
        let _reaped = self.child.wait();
        if std::thread::panicking() {
            let said = std::fs::read_to_string(&self.log).unwrap_or_default();
            let first = said.lines().count().saturating_sub(LAST);
            let last: Vec<&str> = said.lines().skip(first).collect();
            eprintln!("the end of {}:\n{}", self.log.display(), last.join("\n"));
        }
    }
}

/// Addresses on loopback that nobody else listens at or calls from: each has an IP address of its own, named by this process and by how many it has given.
pub(crate) fn free_addresses<const N: usize>() -> [SocketAddr; N] {
    static GIVEN: AtomicU8 = AtomicU8::new(1);
    let [.., high, low] = std::process::id().to_be_bytes();
    std::array::from_fn(|_| {
        let ip = Ipv4Addr::new(127, GIVEN.fetch_add(1, Ordering::Relaxed), high, low);
        TcpListener::bind((ip, 0)).unwrap().local_addr().unwrap()
    })
}

/// Runs a program to its end, which must be a good one; returns what it printed.
pub(crate) fn succeeds(command: Command) -> String {
    let shown = format!("{command:?}");
    let outcome = python::run(command, "");
    assert!(outcome.success, "{shown} fails:\n{}\n{}", outcome.out, outcome.err);
    outcome.out
}

/// The program, as cargo builds it for these tests.
pub(crate) fn standby(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_standby-tested"));
    python::isolate(&mut command);
    command.args(args);
    command
}
