//! Opening a log that was interrupted, damaged, cut or rewritten.

use std::{
    fs::{self, OpenOptions},
    io::Write,
    path::Path,
    process::Command,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::Duration,
};

use futures::TryStreamExt;
use serde_json::json;
use storage::{Actor, AppendError, Damage, Head, LineFault, Log, OpenError, Options, Origin, Reader};

use crate::support::{clock, entry, fill, paused, segments, small};

/// A closed log of ten records, in segments of three.
fn filled(dir: &Path) -> Head {
    paused().block_on(async {
        let log = small(dir).await;
        fill(&log, 10).await;
        log.close().await;
        log.head()
    })
}

fn refused(dir: &Path) -> OpenError {
    paused().block_on(async {
        let reader = Reader::open(dir).await.unwrap_err();
        let log = Options::default().open(dir, clock()).await.unwrap_err();
        assert_eq!(reader.to_string(), log.to_string());
        log
    })
}

fn edit(path: &Path, change: impl FnOnce(String) -> String) {
    fs::write(path, change(fs::read_to_string(path).unwrap())).unwrap();
}

#[test]
fn a_reopened_log_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let head = filled(dir.path());
    paused().block_on(async {
        let log = small(dir.path()).await;
        assert_eq!(log.head(), head);
        fill(&log, 10).await;
        assert_eq!(log.run("run-1").await.unwrap().len(), 10);
        log.close().await;
        assert_eq!(Reader::open(dir.path()).await.unwrap().head(), log.head());
    });
}

/// A child shares every open file with its parent from when it is forked until it runs a program of its own.
#[test]
fn a_child_that_is_just_being_started_keeps_no_log_shut() {
    let (over, rounds) = (AtomicBool::new(false), 100);
    thread::scope(|scope| {
        let starts_children = || {
            while !over.load(Ordering::Relaxed) {
                assert!(Command::new("true").status().unwrap().success());
            }
        };
        for _ in 0..4 {
            scope.spawn(starts_children);
        }
        let reopened = scope.spawn(|| {
            let dir = tempfile::tempdir().unwrap();
            for round in 0..rounds {
                paused().block_on(async {
                    let log = Log::open(dir.path(), clock()).await.unwrap();
                    assert_eq!(log.cursor("projection").await.unwrap(), (round > 0).then_some(round));
                    fill(&log, 1).await;
                    log.set_cursor("projection", round + 1).await.unwrap();
                    log.close().await;
                });
            }
        });
        let reopened = reopened.join();
        over.store(true, Ordering::Relaxed);
        reopened.unwrap();
    });
}

#[test]
fn a_runtime_that_dies_leaves_a_sound_log() {
    let dir = tempfile::tempdir().unwrap();
    for round in 1..5 {
        let runtime = paused();
        let log = runtime.block_on(small(dir.path()));
        runtime.block_on(fill(&log, 5));
        assert_eq!(log.head().size, round * 5);
    }
}

#[test]
fn a_torn_tail_is_cut_and_recorded() {
    for torn in [&b"{\"actor\":{\"ki"[..], &[0; 3], &[0xff; 2_000_000]] {
        let dir = tempfile::tempdir().unwrap();
        let head = filled(dir.path());
        let last = segments(dir.path()).pop().unwrap();
        OpenOptions::new().append(true).open(last).unwrap().write_all(torn).unwrap();
        paused().block_on(async {
            assert_eq!(Reader::open(dir.path()).await.unwrap().head(), head, "a reader leaves it alone");
            let log = small(dir.path()).await;
            let record = log.last(1).await.unwrap().remove(0);
            assert_eq!((record.seq, record.event.as_str()), (10, "log.tail-cut"));
            assert_eq!((&record.actor, &record.origin), (&Actor::Bot, &Origin::System));
            assert_eq!(record.data["bytes"], json!(torn.len()));
            assert_eq!(record.data["sha256"].as_str().unwrap().len(), 64);
            log.close().await;
            assert_eq!(small(dir.path()).await.head().size, 11, "once");
        });
    }
}

#[test]
fn a_cut_into_acknowledged_records_is_not_a_torn_tail() {
    let dir = tempfile::tempdir().unwrap();
    let head = filled(dir.path());
    let last = segments(dir.path()).pop().unwrap();
    let whole = fs::read(&last).unwrap();
    fs::write(&last, &whole[..whole.len() - 5]).unwrap();
    let error = refused(dir.path());
    assert!(
        matches!(error, OpenError::Rewritten { head: told, found, .. } if told == head && found.size == 9),
        "{error}"
    );
    assert_eq!(fs::read(&last).unwrap().len(), whole.len() - 5, "nothing is mended");
}

#[test]
fn a_rewritten_log_is_told_by_its_head_file() {
    let (dir, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    filled(dir.path());
    paused().block_on(async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        let log = small(other.path()).await;
        tokio::time::sleep(Duration::from_secs(1)).await;
        fill(&log, 12).await;
        log.close().await;
    });
    fs::remove_dir_all(dir.path().join("segments")).unwrap();
    fs::rename(other.path().join("segments"), dir.path().join("segments")).unwrap();
    assert!(matches!(refused(dir.path()), OpenError::Rewritten { .. }));
}

#[test]
fn an_unreadable_head_file_does_not_keep_the_log_shut() {
    let dir = tempfile::tempdir().unwrap();
    let head = filled(dir.path());
    fs::write(dir.path().join("head.json"), "").unwrap();
    paused().block_on(async { assert_eq!(small(dir.path()).await.head(), head) });
}

/// A program's runtime, which leaves the check of a long log to another thread.
fn threads() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_time().build().unwrap()
}

#[test]
fn a_log_that_is_long_to_check_is_written_to_and_read_meanwhile() {
    let dir = tempfile::tempdir().unwrap();
    let head = filled(dir.path());
    threads().block_on(async {
        let log = Options::default().patience(Duration::ZERO).open(dir.path(), clock()).await.unwrap();
        assert_eq!(log.head(), head);
        fill(&log, 2).await;
        assert_eq!(log.run("run-1").await.unwrap().len(), 6);
        assert!(log.checked().await && log.is_checked());
        let read: Vec<_> = log.read(4..11).map_ok(|record| record.seq).try_collect().await.unwrap();
        assert_eq!(read, [4, 5, 6, 7, 8, 9, 10]);
        log.close().await;
    });
}

#[test]
fn damage_that_is_found_later_stops_the_log() {
    let dir = tempfile::tempdir().unwrap();
    filled(dir.path());
    let segment = segments(dir.path()).remove(1);
    edit(&segment, |text| text.replacen("test.filled", "test.forged", 1));
    threads().block_on(async {
        let log = Options::default().patience(Duration::ZERO).open(dir.path(), clock()).await.unwrap();
        assert!(!log.checked().await && !log.is_checked());
        let cause = log.poisoned().unwrap();
        assert!(cause.contains(&format!("{}, line 2: record 4", segment.display())), "{cause}");
        let error = log.append(entry("test.appended")).await.unwrap_err();
        assert!(matches!(&error, AppendError::Poisoned { cause: told } if *told == cause), "{error}");
    });
}

#[test]
fn wrong_hashes_of_the_tree_have_all_records_read() {
    let dir = tempfile::tempdir().unwrap();
    let head = filled(dir.path());
    fs::write(dir.path().join("hashes"), [7; 1_000]).unwrap();
    threads().block_on(async {
        let log = Options::default().patience(Duration::ZERO).open(dir.path(), clock()).await.unwrap();
        assert!(log.is_checked());
        assert_eq!(log.head(), head);
    });
}

#[test]
fn damage_is_named_by_file_line_and_record() {
    type Change = fn(String) -> String;
    let cases: [(Change, u64, u64, Damage); 6] = [
        (|text| text.replacen("test.filled", "test.forged", 1), 2, 4, Damage::Prev),
        (|text| text.replacen("\"seq\":4", "\"seq\":5", 1), 2, 4, Damage::Sequence { found: 5 }),
        (|text| text.replacen("\"seq\":4", "\"seq\": 4", 1), 2, 4, Damage::Line(LineFault::NotCanonical)),
        (|text| text.lines().skip(1).map(|line| format!("{line}\n")).collect(), 1, 3, Damage::Sequence { found: 4 }),
        (|text| text[..text.len() - 1].to_owned(), 3, 5, Damage::Torn),
        (|text| format!("{}\n{text}", "x".repeat(2_000_000)), 1, 3, Damage::Line(LineFault::TooLong)),
    ];
    for (change, line, record, damage) in cases {
        let dir = tempfile::tempdir().unwrap();
        filled(dir.path());
        let segment = segments(dir.path()).remove(1);
        edit(&segment, change);
        let error = refused(dir.path());
        let expected = format!("{}, line {line}: record {record} {damage}; ", segment.display());
        assert!(error.to_string().starts_with(&expected), "{error}\n{expected}");
    }
}

#[test]
fn a_lost_or_misnamed_segment_is_named() {
    let dir = tempfile::tempdir().unwrap();
    filled(dir.path());
    fs::remove_file(segments(dir.path()).remove(1)).unwrap();
    assert!(matches!(refused(dir.path()), OpenError::Damaged { record: 3, line: 1, damage: Damage::Name, .. }));
    let first = segments(dir.path()).remove(0);
    fs::rename(&first, first.with_file_name("0.jsonl")).unwrap();
    assert!(matches!(refused(dir.path()), OpenError::Damaged { record: 0, line: 1, damage: Damage::Name, .. }));
}

#[test]
fn a_newer_format_is_told() {
    let dir = tempfile::tempdir().unwrap();
    filled(dir.path());
    let last = segments(dir.path()).pop().unwrap();
    edit(&last, |text| text.replace("\"v\":1}", "\"v\":2,\"witness\":true}"));
    assert!(matches!(refused(dir.path()), OpenError::Newer { line: 1, version: 2, .. }));
}
