//! The verifier that a stranger wrote from `docs/audit.md`, in Python's standard library, and the bot's own, on the same exports.

use std::{io::BufReader, path::Path};

use futures::TryStreamExt as _;
use storage::{Actor, Clock, Entry, Head, Log, Origin, Reader, export, verify};

use crate::python;

const RECORDS: u64 = 12;

/// Writes a log and exports it; returns the export and its head.
async fn exported(folder: &Path) -> (Vec<u8>, Head) {
    let store = folder.join("store");
    let log = Log::open(&store, Clock::system()).await.unwrap();
    for number in 0..RECORDS {
        let entry = Entry {
            actor: Actor::Slack { team: "T1".to_owned(), user: "U1".to_owned(), name: Some("Zoë".to_owned()) },
            origin: Origin::System,
            application: None,
            run: None,
            step: None,
            event: "help.given".to_owned(),
            dedupe: None,
            data: serde_json::json!({ "text": format!("nummer {number} ü \u{1F600}") }),
        };
        log.append(entry).await.unwrap();
    }
    log.close().await;
    let reader = Reader::open(&store).await.unwrap();
    assert_eq!(reader.read(..).try_collect::<Vec<_>>().await.unwrap().len() as u64, RECORDS);
    let mut bytes = Vec::new();
    let head = export::write(&reader, &mut bytes).await.unwrap();
    (bytes, head)
}

/// What both verifiers say of those bytes: each a verdict and its words.
fn judged(folder: &Path, export: &[u8]) -> [(bool, String); 2] {
    let file = folder.join("export.jsonl");
    std::fs::write(&file, export).unwrap();
    let stranger = python::script("verify_export.py", &[file.as_os_str()], "");
    let own = match verify::verify(BufReader::new(export), None) {
        Ok(report) => (true, report.head.to_string()),
        Err(faults) => (false, faults.iter().map(|fault| format!("{fault}\n")).collect()),
    };
    [own, (stranger.success, stranger.out)]
}

#[tokio::test]
#[ignore = "needs Python: see tests/third-party/README.md"]
async fn both_verifiers_accept_an_export() {
    let folder = tempfile::tempdir().unwrap();
    let (export, head) = exported(folder.path()).await;
    for (sound, words) in judged(folder.path(), &export) {
        assert!(sound && words.contains(&head.root.to_string()), "{words}");
    }
}

#[tokio::test]
#[ignore = "needs Python: see tests/third-party/README.md"]
async fn both_verifiers_name_the_record_that_was_tampered_with() {
    let folder = tempfile::tempdir().unwrap();
    let (export, _) = exported(folder.path()).await;
    let text = String::from_utf8(export).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let join = |lines: &[&str]| lines.iter().map(|line| format!("{line}\n")).collect::<String>();

    let changed = text.replace("nummer 5 ", "nummer 6 ");
    let mut swapped = lines.clone();
    swapped.swap(3, 4);
    let mut removed = lines.clone();
    removed.remove(7);
    let cut = &lines[..lines.len() - 1];
    for (what, export, named) in [
        ("changed", changed, "record 5"),
        ("swapped", join(&swapped), "record 3"),
        ("removed", join(&removed), "record 7"),
        ("cut off", join(cut), "after 12 records"),
    ] {
        for (sound, words) in judged(folder.path(), export.as_bytes()) {
            assert!(!sound && words.contains(named), "{what}: {words}");
        }
    }
}
