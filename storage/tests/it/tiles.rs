//! The log in the layout of tiles, growing, and made again from it.

use std::{
    collections::BTreeMap,
    fs,
    io::{BufReader, Read},
    path::Path,
};

use futures::TryStreamExt as _;
use serde_json::json;
use storage::{
    Entry, Log, RestoreError, SigningKey, restorable, restore,
    tiles::{self, Bundle, Folder},
    verify::{Trust, verify_with},
};

use crate::support::{append, clock, entry, exported, fill, small};

fn key() -> SigningKey {
    SigningKey::generate("standby.example.com/shop").unwrap().parse().unwrap()
}

/// Everything below a folder, by path.
fn files(dir: &Path) -> BTreeMap<String, Vec<u8>> {
    fn gather(root: &Path, dir: &Path, found: &mut BTreeMap<String, Vec<u8>>) {
        for entry in fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()) {
            match entry.is_dir() {
                true => gather(root, &entry, found),
                false => {
                    let name = entry.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
                    found.insert(name, fs::read(entry).unwrap());
                }
            }
        }
    }
    let mut found = BTreeMap::new();
    gather(dir, dir, &mut found);
    found
}

async fn added(log: &Log, from: u64) -> BTreeMap<String, Vec<u8>> {
    let added = tiles::added(log.reader(), from, log.head()).await.unwrap();
    added.map_ok(|object| (object.name, object.bytes)).try_collect().await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn what_is_added_bit_by_bit_is_what_is_written_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let log = small(&dir.path().join("store")).await;
    let mut brought = BTreeMap::new();
    for records in [1, 0, 100, 155, 1, 1, 300, 254] {
        let from = log.head().size;
        fill(&log, records).await;
        for (name, bytes) in added(&log, from).await {
            let before = brought.insert(name.clone(), bytes.clone());
            assert!(before.is_none(), "{name} is put there a second time");
        }
    }
    let checkpoint = key().sign(log.head()).unwrap();
    let folder = dir.path().join("tiles");
    tiles::write(log.reader(), &checkpoint, &folder).await.unwrap();
    let mut whole = files(&folder);
    assert_eq!(whole.remove(tiles::CHECKPOINT).unwrap(), checkpoint.as_str().as_bytes());
    for (name, bytes) in whole {
        assert_eq!(brought.get(&name), Some(&bytes), "{name}");
    }
    assert_eq!(tiles::names(log.head().size).count(), 4);
    assert!(added(&log, log.head().size).await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_log_comes_back_from_its_tiles_byte_for_byte_and_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let (log, key) = (small(&dir.path().join("store")).await, key());
    fill(&log, 300).await;
    // Longer than a bundle can hold of one.
    append(&log, Entry { data: json!({ "plan": "x".repeat(70_000) }), ..entry("test.large") }).await;
    fill(&log, 5).await;
    let folder = dir.path().join("tiles");
    tiles::write(log.reader(), &key.sign(log.head()).unwrap(), &folder).await.unwrap();
    assert!(files(&folder).contains_key("large/300"));

    // As a folder that was downloaded, it verifies as an export does.
    let mut text = String::new();
    Folder::open(&folder).unwrap().read_to_string(&mut text).unwrap();
    let lines = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
    let export = lines(&String::from_utf8(exported(&log).await).unwrap());
    assert_eq!(lines(&text)[..306], export[..306]);
    let trust = || Trust { keys: Some(key.public().parse().unwrap()), ..Trust::default() };
    let verified = verify_with(text.as_bytes(), None::<&[u8]>, trust()).unwrap();
    assert_eq!(verified.head, log.head());

    let lost = dir.path().join("lost");
    restorable(&lost).unwrap();
    let seq = restore(&lost, Folder::open(&folder).unwrap(), entry("log.restored"), clock()).await.unwrap();
    assert_eq!(seq, 306);
    let again = Log::open(&lost, clock()).await.unwrap();
    assert_eq!(again.reader().head_at(306).await.unwrap(), Some(log.head()));
    assert_eq!(append(&again, entry("test.on")).await.seq, 307);
    again.close().await;
    let refused = restore(&lost, Folder::open(&folder).unwrap(), entry("log.restored"), clock()).await;
    assert!(matches!(refused, Err(RestoreError::NotEmpty { .. })), "{refused:?}");
    assert!(!lost.join("restoring").exists());
}

#[tokio::test(start_paused = true)]
async fn tiles_that_were_changed_are_not_restored() {
    let dir = tempfile::tempdir().unwrap();
    let (log, key) = (small(&dir.path().join("store")).await, key());
    fill(&log, 10).await;
    let folder = dir.path().join("tiles");
    tiles::write(log.reader(), &key.sign(log.head()).unwrap(), &folder).await.unwrap();
    let (bundle, lost) = (folder.join("tile/entries/000.p/10"), dir.path().join("lost"));
    let sound = fs::read(&bundle).unwrap();
    assert!(Bundle::read(0, &sound, |_| None).is_some());
    assert!(Bundle::read(1, &sound, |_| None).is_none(), "its records have other numbers");
    for at in (0..sound.len()).step_by(61) {
        let mut changed = sound.clone();
        changed[at] ^= 1;
        fs::write(&bundle, changed).unwrap();
        let trust = Trust { keys: Some(key.public().parse().unwrap()), ..Trust::default() };
        let found = verify_with(BufReader::new(Folder::open(&folder).unwrap()), None::<&[u8]>, trust);
        assert!(found.is_err(), "a change at byte {at} verifies");
        let refused = restore(&lost, Folder::open(&folder).unwrap(), entry("log.restored"), clock()).await;
        assert!(refused.is_err(), "a change at byte {at} is restored");
        restorable(&lost).unwrap();
    }
}
