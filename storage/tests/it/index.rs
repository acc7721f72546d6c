//! The index is derived: losing it loses no record.

use std::{
    fs,
    path::{Path, PathBuf},
};

use storage::Log;

use crate::support::{fill, paused, small};

/// Every answer that the index gives is the log's.
async fn check(log: &Log) {
    let size = log.head().size;
    for run in 0..2 {
        let seqs: Vec<_> = log.run(&format!("run-{run}")).await.unwrap().iter().map(|record| record.seq).collect();
        assert_eq!(seqs, (0..size).filter(|seq| seq % 2 == run).collect::<Vec<_>>());
    }
    assert_eq!(log.run("run").await.unwrap(), []);
    for seq in 0..size {
        assert_eq!(log.seen(&format!("k{seq}")).await.unwrap(), Some(seq));
    }
    assert_eq!(log.seen("k").await.unwrap(), None);
}

fn filled(dir: &Path) {
    paused().block_on(async {
        let log = small(dir).await;
        fill(&log, 40).await;
        log.set_cursor("slack", 17).await.unwrap();
        log.close().await;
    });
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

fn files(dir: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

#[test]
fn cursors_and_indexes_survive_a_reopening() {
    let dir = tempfile::tempdir().unwrap();
    filled(dir.path());
    paused().block_on(async {
        let log = small(dir.path()).await;
        assert_eq!(log.cursor("slack").await.unwrap(), Some(17));
        assert_eq!(log.cursor("web").await.unwrap(), None);
        check(&log).await;
    });
    assert!(!dir.path().join("index.broken-1").exists());
}

#[test]
fn a_cursor_may_be_set_before_any_record() {
    let dir = tempfile::tempdir().unwrap();
    for _ in 0..2 {
        paused().block_on(async {
            let log = small(dir.path()).await;
            log.set_cursor("slack", 0).await.unwrap();
            log.close().await;
        });
    }
    assert!(!dir.path().join("index.broken-1").exists());
}

#[test]
fn a_deleted_index_is_made_again() {
    let dir = tempfile::tempdir().unwrap();
    filled(dir.path());
    fs::remove_dir_all(dir.path().join("index")).unwrap();
    paused().block_on(async {
        let log = small(dir.path()).await;
        check(&log).await;
        assert_eq!(log.cursor("slack").await.unwrap(), None);
    });
}

#[test]
fn an_index_that_lags_is_caught_up() {
    let (dir, old) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    filled(dir.path());
    copy(&dir.path().join("index"), old.path());
    paused().block_on(async {
        let log = small(dir.path()).await;
        fill(&log, 3000).await;
        log.close().await;
    });
    fs::remove_dir_all(dir.path().join("index")).unwrap();
    copy(old.path(), &dir.path().join("index"));
    paused().block_on(async {
        let log = small(dir.path()).await;
        assert_eq!(log.cursor("slack").await.unwrap(), Some(17));
        check(&log).await;
    });
    assert!(!dir.path().join("index.broken-1").exists());
}

#[test]
fn an_index_of_another_log_is_set_aside() {
    let (dir, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    filled(dir.path());
    paused().block_on(async {
        let log = small(other.path()).await;
        fill(&log, 41).await;
        log.close().await;
    });
    fs::remove_dir_all(dir.path().join("index")).unwrap();
    copy(&other.path().join("index"), &dir.path().join("index"));
    paused().block_on(async { check(&small(dir.path()).await).await });
    assert!(dir.path().join("index.broken-1").exists());
}

#[test]
fn damage_to_any_file_of_the_index_is_survived() {
    type Change = fn(&mut Vec<u8>);
    let changes: [Change; 4] = [
        |bytes| bytes.clear(),
        |bytes| bytes.truncate(bytes.len() / 2),
        |bytes| bytes.iter_mut().step_by(97).for_each(|byte| *byte ^= 0x10),
        |bytes| bytes.fill(0xff),
    ];
    for change in changes {
        let dir = tempfile::tempdir().unwrap();
        filled(dir.path());
        for file in files(&dir.path().join("index")) {
            let mut bytes = fs::read(&file).unwrap();
            change(&mut bytes);
            fs::write(&file, bytes).unwrap();
        }
        paused().block_on(async {
            let log = small(dir.path()).await;
            check(&log).await;
            fill(&log, 5).await;
            check(&log).await;
            log.close().await;
        });
        paused().block_on(async { check(&small(dir.path()).await).await });
    }
}
