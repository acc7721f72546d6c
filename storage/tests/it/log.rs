//! Appending and reading.

use std::time::Duration;

use futures::{StreamExt, TryStreamExt, future::join_all};
use serde_json::json;
use storage::{AppendError, Appended, Entry, Log, OpenError, Reader};

use crate::support::{append, clock, entry, fill, segments, small};

#[tokio::test(start_paused = true)]
async fn appended_records_are_chained_and_read_back() {
    let dir = tempfile::tempdir().unwrap();
    let log = Log::open(dir.path(), clock()).await.unwrap();
    let first = append(&log, Entry { data: json!({ "lag": 1.0, "n": 7 }), ..entry("a.b") }).await;
    tokio::time::sleep(Duration::from_millis(1500)).await;
    let second = append(&log, entry("c.d")).await;

    assert_eq!((first.seq, second.seq), (0, 1));
    assert_eq!(first.at.to_string(), "2026-11-22T08:00:00.123456Z");
    assert_eq!(second.at.to_string(), "2026-11-22T08:00:01.623456Z");
    assert!(first.prev.is_none() && second.prev.is_some());
    let read: Vec<_> = log.read(..).try_collect().await.unwrap();
    assert_eq!(read, [first, second]);
    assert_eq!(log.head().size, 2);
}

#[tokio::test(start_paused = true)]
async fn ranges_cross_segments_and_end_where_the_log_does() {
    let dir = tempfile::tempdir().unwrap();
    let log = small(dir.path()).await;
    fill(&log, 200).await;
    assert!(segments(dir.path()).len() > 20);
    let seqs = async |range: std::ops::Range<u64>| {
        log.read(range).map_ok(|record| record.seq).try_collect::<Vec<_>>().await.unwrap()
    };
    for (from, to) in [(0, 200), (0, 1), (63, 66), (130, 190), (199, 1000), (200, 201), (7, 7)] {
        assert_eq!(seqs(from..to).await, (from..to.min(200)).collect::<Vec<_>>());
    }
    let last: Vec<_> = log.last(3).await.unwrap().iter().map(|record| record.seq).collect();
    assert_eq!(last, [197, 198, 199]);
    assert_eq!(log.last(1000).await.unwrap().len(), 200);
    assert_eq!(log.read(..=2).count().await, 3);
}

#[tokio::test(start_paused = true)]
async fn a_follower_gets_what_is_there_and_what_comes() {
    let dir = tempfile::tempdir().unwrap();
    let log = small(dir.path()).await;
    fill(&log, 10).await;
    let follower = tokio::spawn(log.follow(5).take(20).map(|record| record.unwrap().seq).collect::<Vec<_>>());
    for _ in 0..15 {
        tokio::time::sleep(Duration::from_secs(1)).await;
        fill(&log, 1).await;
    }
    assert_eq!(follower.await.unwrap(), (5..25).collect::<Vec<_>>());
    let more = tokio::time::timeout(Duration::from_secs(3600), log.follow(25).next()).await;
    assert!(more.is_err(), "a follower at the end waits");
}

#[tokio::test(start_paused = true)]
async fn waiting_entries_share_a_sync() {
    let dir = tempfile::tempdir().unwrap();
    let log = Log::open(dir.path(), clock()).await.unwrap();
    // Every sync changes the head once.
    let sizes = tokio::spawn({
        let log = log.clone();
        async move {
            let mut sizes = vec![0];
            while sizes.last() != Some(&1000) {
                tokio::task::yield_now().await;
                let size = log.head().size;
                if sizes.last() != Some(&size) {
                    sizes.push(size);
                }
            }
            sizes
        }
    });
    let appended = join_all((0..1000).map(|_| log.append(entry("a.b")))).await;
    assert!(appended.iter().all(Result::is_ok));
    let sizes = sizes.await.unwrap();
    assert!(sizes.len() < 20, "{sizes:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn concurrent_appends_on_several_threads_are_all_kept() {
    let dir = tempfile::tempdir().unwrap();
    let log = small(dir.path()).await;
    let tasks = (0..200).map(|_| {
        let log = log.clone();
        tokio::spawn(async move { append(&log, entry("a.b")).await.seq })
    });
    let mut seqs: Vec<_> = join_all(tasks).await.into_iter().map(Result::unwrap).collect();
    seqs.sort_unstable();
    assert_eq!(seqs, (0..200).collect::<Vec<_>>());
    log.close().await;
    assert_eq!(Reader::open(dir.path()).await.unwrap().head().size, 200);
}

#[tokio::test(start_paused = true)]
async fn a_dedupe_key_is_appended_once() {
    let dir = tempfile::tempdir().unwrap();
    let log = small(dir.path()).await;
    let click = || Entry { dedupe: Some("click".to_owned()), ..entry("a.b") };
    let both = join_all([log.append(click()), log.append(click())]).await;
    assert!(matches!(both[0], Ok(Appended::New(_))));
    assert!(matches!(both[1], Ok(Appended::Duplicate { seq: 0 })));
    log.close().await;

    let log = small(dir.path()).await;
    assert_eq!(log.append(click()).await.unwrap(), Appended::Duplicate { seq: 0 });
    assert_eq!(log.seen("click").await.unwrap(), Some(0));
    assert_eq!(log.seen("other").await.unwrap(), None);
    assert_eq!(log.head().size, 1);
}

#[tokio::test(start_paused = true)]
async fn entries_that_canonical_json_would_change_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let log = small(dir.path()).await;
    let large = "x".repeat(storage::MAX_LINE);
    for (data, reason) in [
        (json!([1]), "its data is not an object"),
        (json!({ "a": [{ "n": 9_007_199_254_740_993_u64 }] }), "not exact as a double"),
        (json!({ "text": large }), "more than 1048576"),
    ] {
        let error = log.append(Entry { data, ..entry("a.b") }).await.unwrap_err();
        assert!(matches!(error, AppendError::Invalid { .. }), "{error}");
        assert!(error.to_string().contains(reason), "{error}");
    }
    assert_eq!(log.head().size, 0);
    fill(&log, 1).await;
}

#[tokio::test(start_paused = true)]
async fn one_process_at_a_time() {
    let dir = tempfile::tempdir().unwrap();
    let log = small(dir.path()).await;
    fill(&log, 4).await;
    let error = Log::open(dir.path(), clock()).await.unwrap_err();
    assert!(matches!(error, OpenError::Locked { pid: Some(pid), .. } if pid == std::process::id()), "{error}");
    assert!(error.to_string().starts_with(&format!("{} is in use by process", dir.path().display())), "{error}");
    assert_eq!(Reader::open(dir.path()).await.unwrap().head(), log.head(), "a reader needs no lock");

    log.close().await;
    assert!(matches!(log.append(entry("a.b")).await, Err(AppendError::Closed)));
    assert_eq!(log.run("run-0").await.unwrap().len(), 2, "reads go on");
    small(dir.path()).await;
}

#[tokio::test(start_paused = true)]
async fn a_failed_write_poisons() {
    let dir = tempfile::tempdir().unwrap();
    let log = small(dir.path()).await;
    fill(&log, 3).await;
    // The next segment cannot be created: a folder has its name.
    let occupied = dir.path().join("segments").join(format!("{:020}.jsonl", 3));
    std::fs::create_dir(&occupied).unwrap();
    assert_eq!(log.poisoned(), None);
    for _ in 0..2 {
        let error = log.append(entry("a.b")).await.unwrap_err();
        assert!(matches!(&error, AppendError::Poisoned { cause } if cause.contains("File exists")), "{error}");
    }
    assert!(log.poisoned().unwrap().contains("00000000000000000003.jsonl"));
    assert_eq!(log.last(10).await.unwrap().len(), 3);
    assert_eq!(log.follow(1).take(2).count().await, 2);

    log.close().await;
    std::fs::remove_dir(&occupied).unwrap();
    let log = small(dir.path()).await;
    fill(&log, 1).await;
    assert_eq!(log.head().size, 4);
}
