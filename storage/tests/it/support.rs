//! Entries, logs and files for the tests.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use jiff::Timestamp;
use serde_json::json;
use storage::{Actor, Appended, Clock, Entry, Log, Options, Origin, Record, export};

/// An entry of the bot itself.
pub(crate) fn entry(event: &str) -> Entry {
    Entry {
        actor: Actor::Bot,
        origin: Origin::System,
        application: None,
        run: None,
        step: None,
        event: event.to_owned(),
        dedupe: None,
        data: json!({}),
    }
}

/// A clock that starts on a fixed day and moves with tokio's time.
pub(crate) fn clock() -> Clock {
    Clock::simulated("2026-11-22T08:00:00.123456789Z".parse::<Timestamp>().unwrap())
}

/// A log with segments of about three records.
pub(crate) async fn small(dir: &Path) -> Log {
    Options::default().segment_bytes(600).open(dir, clock()).await.unwrap()
}

/// Appends an entry that is no duplicate.
pub(crate) async fn append(log: &Log, entry: Entry) -> Arc<Record> {
    match log.append(entry).await.unwrap() {
        Appended::New(record) => record,
        Appended::Duplicate { seq } => panic!("duplicate of {seq}"),
    }
}

/// Appends `n` entries, of two runs in turn, with dedupe keys `k0`, `k1` and so on.
pub(crate) async fn fill(log: &Log, n: u64) {
    for _ in 0..n {
        let seq = log.head().size;
        let run = Some(format!("run-{}", seq % 2));
        append(log, Entry { run, dedupe: Some(format!("k{seq}")), ..entry("test.filled") }).await;
    }
}

/// The bytes of an export.
pub(crate) async fn exported(log: &Log) -> Vec<u8> {
    let mut bytes = Vec::new();
    export::write(log.reader(), &mut bytes).await.unwrap();
    bytes
}

/// The segment files, in order.
pub(crate) fn segments(dir: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<_> = fs::read_dir(dir.join("segments")).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

/// A single-threaded runtime with tokio's time paused, for tests that are not async themselves.
pub(crate) fn paused() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap()
}
