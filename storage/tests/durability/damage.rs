//! Damage of any kind to any file of the store.

use std::{
    collections::BTreeMap,
    fs,
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    sync::atomic::{AtomicU32, Ordering},
};

use futures::TryStreamExt;
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use storage::{Appended, Head, Log, OpenError};

use crate::{
    Outcome,
    store::{block_on, entry, open},
};

/// Records of the sound log: five segments.
const RECORDS: u64 = 400;

fn files(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for item in fs::read_dir(dir).unwrap() {
        let path = item.unwrap().path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found.sort();
    found
}

fn copy(from: &Path, to: &Path) {
    for path in files(from) {
        let new = to.join(path.strip_prefix(from).unwrap());
        fs::create_dir_all(new.parent().unwrap()).unwrap();
        fs::copy(path, new).unwrap();
    }
}

/// Harms one file; how.
fn harm(dir: &Path, random: &mut ChaCha8Rng) -> (PathBuf, &'static str) {
    let files = files(dir);
    let path = files[random.random_range(0..files.len())].clone();
    let mut bytes = fs::read(&path).unwrap();
    let at = random.random_range(0..bytes.len().max(1));
    let how = match random.random_range(0..6) {
        _ if bytes.is_empty() => "deleted",
        0 | 1 => {
            bytes[at] ^= 1 << random.random_range(0..8);
            "a bit flipped"
        }
        2 => {
            let end = (at + random.random_range(1..4_096)).min(bytes.len());
            bytes[at..end].fill(0);
            "bytes zeroed"
        }
        3 => {
            bytes.truncate(at);
            "cut off"
        }
        4 => {
            bytes.extend((0..random.random_range(1..200)).map(|_| random.random::<u8>()));
            "garbage added"
        }
        _ => "deleted",
    };
    match how {
        "deleted" => fs::remove_file(&path).unwrap(),
        _ => fs::write(&path, bytes).unwrap(),
    }
    (path.strip_prefix(dir).unwrap().to_owned(), how)
}

/// Harms so many copies of a store; each says what is wrong and is left alone, or works and has lost nothing.
pub(crate) fn damages(times: u32) -> Outcome {
    let sound = tempfile::tempdir().unwrap();
    let head = block_on(async {
        let log = open(sound.path()).await.unwrap();
        for n in 0..RECORDS {
            assert!(matches!(log.append(entry(&format!("sound/{n}"))).await, Ok(Appended::New(_))));
        }
        log.close().await;
        log.head()
    });
    // The index's library panics on some damage. Those are caught where it is called; what comes through to here is not.
    static CAUGHT: AtomicU32 = AtomicU32::new(0);
    std::panic::set_hook(Box::new(|_| {
        CAUGHT.fetch_add(1, Ordering::Relaxed);
    }));
    let mut random = ChaCha8Rng::seed_from_u64(4);
    let mut told: BTreeMap<&str, u32> = BTreeMap::new();
    let mut failures = Vec::new();
    for n in 0..times {
        let dir = tempfile::tempdir().unwrap();
        copy(sound.path(), dir.path());
        let (file, how) = harm(dir.path(), &mut random);
        match catch_unwind(AssertUnwindSafe(|| tried(dir.path(), head))) {
            Ok(Ok(what)) => *told.entry(what).or_default() += 1,
            Ok(Err(wrong)) => failures.push(format!("{n}: {} {how}: {wrong}", file.display())),
            Err(_) => failures.push(format!("{n}: {} {how}: it panicked", file.display())),
        }
    }
    let _ours = std::panic::take_hook();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    let told: Vec<String> = told.iter().map(|(what, count)| format!("{count} {what}")).collect();
    let caught = CAUGHT.load(Ordering::Relaxed);
    Ok(format!("{times} damages, 0 panics ({caught} of the index's library were caught): {}", told.join(", ")))
}

/// What the store does; a fault if it lost something without a word.
fn tried(dir: &Path, head: Head) -> Result<&'static str, String> {
    let before: BTreeMap<PathBuf, Vec<u8>> =
        files(&dir.join("segments")).into_iter().map(|path| (path.clone(), fs::read(path).unwrap())).collect();
    let tried = block_on(async {
        match open(dir).await {
            Ok(log) => Ok(lost_nothing(&log, head).await),
            Err(error) => Err(error),
        }
    });
    match tried {
        Err(error) => {
            let after: BTreeMap<PathBuf, Vec<u8>> =
                files(&dir.join("segments")).into_iter().map(|path| (path.clone(), fs::read(path).unwrap())).collect();
            if after != before {
                return Err(format!("it was mended silently: {error}"));
            }
            match error {
                OpenError::Damaged { .. } => Ok("refused, naming file, line and record"),
                OpenError::Rewritten { .. } => Ok("refused as cut or rewritten"),
                OpenError::Newer { .. } => Ok("refused as of a newer version"),
                other => Err(other.to_string()),
            }
        }
        Ok(held) => held,
    }
}

async fn lost_nothing(log: &Log, head: Head) -> Result<&'static str, String> {
    let mut records = log.read(..head.size);
    let mut next = 0;
    while let Some(record) = records.try_next().await.map_err(|error| error.to_string())? {
        if record.data["id"] != format!("sound/{next}") {
            return Err(format!("record {next} is another"));
        }
        next += 1;
    }
    if next != head.size || log.reader().head_at(head.size).await.map_err(|error| error.to_string())? != Some(head) {
        return Err(format!("{next} records are left"));
    }
    let cut = log.head().size > head.size;
    let appended = log.append(entry("sound/after")).await;
    log.close().await;
    match appended {
        Ok(Appended::New(_)) if cut => Ok("opened with a tail cut off and recorded"),
        Ok(Appended::New(_)) => Ok("opened with every record, what is derived made anew"),
        other => Err(format!("{other:?}")),
    }
}
