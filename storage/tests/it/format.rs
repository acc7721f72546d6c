//! The format on disk, as `docs/audit.md` gives it to strangers: these bytes must stay readable for ever.

use std::{fs, time::Duration};

use futures::TryStreamExt;
use serde_json::json;
use storage::{
    Actor, Entry, Filter, Hash, Log, Origin, SigningKey,
    export::{self, Selection},
    verify::verify,
};

use crate::support::{append, clock, entry, exported, paused};

const DOC: &str = include_str!("../../../docs/audit.md");

/// The export in the document.
fn worked() -> &'static str {
    DOC.split_once("```jsonl\n").unwrap().1.split_once("```").unwrap().0
}

/// What the records of the export were made of: each kind of actor and origin once.
fn entries() -> [Entry; 3] {
    [
        Entry {
            actor: Actor::Slack { team: "T01".to_owned(), user: "U07".to_owned(), name: Some("Zoë".to_owned()) },
            origin: Origin::Slack { channel: "C42".to_owned(), message: Some("1795334400.000100".to_owned()) },
            application: Some("shop".to_owned()),
            run: Some("shop-7".to_owned()),
            step: Some("database".to_owned()),
            dedupe: Some("click/1795334400.000100".to_owned()),
            data: json!({ "lag_seconds": 0.25, "approvals": 1 }),
            ..entry("gate.approved")
        },
        Entry { actor: Actor::Terminal { user: "root".to_owned() }, origin: Origin::Terminal, ..entry("log.exported") },
        Entry { data: json!({ "text": "tab\tand \"quotes\"" }), ..entry("bot.stopped") },
    ]
}

#[test]
fn the_documents_export_is_what_this_program_writes() {
    let dir = tempfile::tempdir().unwrap();
    paused().block_on(async {
        let log = Log::open(dir.path(), clock()).await.unwrap();
        for entry in entries() {
            append(&log, entry).await;
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        assert_eq!(worked(), String::from_utf8(exported(&log).await).unwrap());
    });
}

#[test]
fn the_documents_export_verifies_and_opens() {
    let report = verify(worked().as_bytes(), None).unwrap();
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("segments")).unwrap();
    let lines: String = worked().lines().take(3).map(|line| format!("{line}\n")).collect();
    fs::write(dir.path().join("segments/00000000000000000000.jsonl"), lines).unwrap();
    paused().block_on(async {
        let log = Log::open(dir.path(), clock()).await.unwrap();
        assert_eq!(log.head(), report.head);
        let records: Vec<_> = log.read(..).try_collect().await.unwrap();
        for (record, entry) in records.iter().zip(entries()) {
            assert_eq!((&record.actor, &record.origin, &record.event), (&entry.actor, &entry.origin, &entry.event));
            assert_eq!((&record.application, &record.run, &record.step), (&entry.application, &entry.run, &entry.step));
            assert_eq!((&record.dedupe, &record.data), (&entry.dedupe, &entry.data));
        }
    });
}

#[test]
fn the_documents_hashes_are_right() {
    let leaves: Vec<_> = worked().lines().take(3).map(|line| Hash::leaf(line.as_bytes())).collect();
    let pair = Hash::node(leaves[0], leaves[1]);
    let root = Hash::node(pair, leaves[2]);
    for (name, hash) in [("L0", leaves[0]), ("L1", leaves[1]), ("L2", leaves[2]), ("N", pair), ("root", root)] {
        let line = format!("{name:<5}= {hash}");
        assert!(DOC.lines().any(|told| told.starts_with(&line)), "docs/audit.md lacks: {line}");
    }
}

/// Of ed25519 secret key 000102…1f: never to be used for anything else.
const KEY: &str = "PRIVATE+KEY+standby.example.com/shop+71eed8ad+AQABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f";

#[test]
fn the_documents_checkpoint_and_part_are_what_this_program_writes() {
    let dir = tempfile::tempdir().unwrap();
    paused().block_on(async {
        let log = Log::open(dir.path(), clock()).await.unwrap();
        for entry in entries() {
            append(&log, entry).await;
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        let key: SigningKey = KEY.parse().unwrap();
        assert!(DOC.contains(key.public()), "{}", key.public());
        let checkpoint = key.sign(log.head()).unwrap();
        assert!(DOC.contains(checkpoint.as_str()), "{}", checkpoint.as_str());
        let filter = Filter { kind: Some("log".to_owned()), ..Filter::default() };
        let selection = Selection { filter, checkpoint: Some(checkpoint), ..Selection::default() };
        let mut part = Vec::new();
        export::select(log.reader(), &selection, &mut part, None::<&mut Vec<u8>>, |_, _| {}).await.unwrap();
        let part = String::from_utf8(part).unwrap();
        let documented = DOC.split("```jsonl\n").nth(2).unwrap().split_once("```").unwrap().0;
        assert_eq!(part, documented);
        verify(part.as_bytes(), Some(log.head())).unwrap();
    });
}
