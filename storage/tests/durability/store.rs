//! A log whose entries tell which they are, and what it must hold.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use futures::TryStreamExt;
use serde_json::json;
use storage::{Actor, Clock, Entry, Log, OpenError, Options, Origin, export, verify::verify};

/// Small, so that there are many.
pub(crate) const SEGMENT: u64 = 20_000;

/// A runtime for work that is done when this ends.
pub(crate) fn block_on<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap().block_on(work)
}

/// Opens a log with small segments.
pub(crate) async fn open(dir: &Path) -> Result<Log, OpenError> {
    Options::default().segment_bytes(SEGMENT).open(dir, Clock::system()).await
}

/// The entry of a life, by which it is known.
pub(crate) fn entry(id: &str) -> Entry {
    Entry {
        actor: Actor::Bot,
        origin: Origin::System,
        application: None,
        run: None,
        step: None,
        event: "test.appended".to_owned(),
        dedupe: None,
        data: json!({ "id": id }),
    }
}

/// What the log holds after something happened to it, and how many of that nobody was told of.
pub(crate) struct Held {
    pub(crate) records: u64,
    pub(crate) unacknowledged: u64,
    pub(crate) tails_cut: u64,
}

/// Opens the log again and compares: everything that was acknowledged is there under its number, and what else is there was asked for,
/// once.
pub(crate) fn check(dir: &Path, acknowledged: &BTreeMap<u64, String>, asked: impl Fn(&str) -> bool) -> Held {
    block_on(async {
        let log = open(dir).await.expect("a log that opens");
        let mut held = Held { records: log.head().size, unacknowledged: 0, tails_cut: 0 };
        let mut ids = BTreeSet::new();
        let mut records = log.read(..);
        let mut left = acknowledged.clone();
        while let Some(record) = records.try_next().await.expect("readable records") {
            if record.event == "log.tail-cut" {
                held.tails_cut += 1;
                continue;
            }
            let id = record.data["id"].as_str().expect("a record of ours").to_owned();
            assert!(ids.insert(id.clone()), "{id} is there twice");
            match left.remove(&record.seq) {
                Some(told) => assert_eq!(told, id, "record {} is another", record.seq),
                None => {
                    assert!(asked(&id), "{id} was invented");
                    held.unacknowledged += 1;
                }
            }
        }
        assert!(left.is_empty(), "acknowledged records are lost: {left:?}");
        let mut bytes = Vec::new();
        let head = export::write(log.reader(), &mut bytes).await.unwrap();
        verify(bytes.as_slice(), Some(head)).unwrap();
        log.close().await;
        held
    })
}
