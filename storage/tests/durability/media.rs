//! Power cuts on an ext4 of its own, and media that are full or read-only.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};

use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use storage::{AppendError, Appended, OpenError, Reader};

use crate::{
    Outcome,
    child::{Life, may_have_asked},
    store::{block_on, check, entry, open},
};

/// `EXT4_IOC_SHUTDOWN` with `EXT4_GOING_FLAGS_NOLOGFLUSH` (include/uapi/linux/ext4.h): the file system stops at once, and its journal is not
/// written out. What was not synced is gone.
const SHUTDOWN: &str = "import fcntl, os, struct, sys
fcntl.ioctl(os.open(sys.argv[1], os.O_RDONLY), 0x8004587D, struct.pack('I', 2))";

fn runs(program: &str, arguments: &[&str]) -> bool {
    let mut command = Command::new(program);
    command.args(arguments).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

/// A mounted file system, until it is dropped.
struct Mounted(PathBuf);

impl Mounted {
    fn at(dir: &Path, arguments: &[&str]) -> Option<Self> {
        std::fs::create_dir_all(dir).ok()?;
        let path = dir.to_str()?;
        runs("mount", &[arguments, &[path]].concat()).then(|| Self(dir.to_owned()))
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        runs("umount", &["-l", self.0.to_str().unwrap_or_default()]);
    }
}

/// Cuts the power so many times in a storm of appends.
pub(crate) fn power_cuts(times: u32) -> Outcome {
    if times == 0 {
        return Err("run with --ignored".to_owned());
    }
    let dir = tempfile::tempdir().unwrap();
    let (image, mountpoint) = (dir.path().join("image"), dir.path().join("mounted"));
    let (image, shown) = (image.to_str().unwrap(), mountpoint.to_str().unwrap());
    std::fs::File::create(image).unwrap().set_len(96 << 20).unwrap();
    let mount = || Mounted::at(&mountpoint, &["-o", "loop", image]);
    if !runs("mkfs.ext4", &["-q", "-F", image]) || mount().is_none() {
        return Err("needs root, mkfs.ext4 and loop devices, which this machine does not give".to_owned());
    }
    let mut random = ChaCha8Rng::seed_from_u64(2);
    let (mut acknowledged, mut unacknowledged, mut cut) = (0, 0, 0);
    for n in 0..times {
        let mounted = mount().expect("the file system mounts");
        let store = mountpoint.join(format!("store-{n}"));
        let life = Life::begin(&store);
        life.goes_on(Duration::from_micros(random.random_range(0..80_000)));
        // What was told before the cut counts. A sync that is under way when the file system stops may return success with its data gone
        // (ext4's conversion of unwritten extents fails then, and the sync does not learn of it): a machine without power tells nobody.
        let told = life.told();
        assert!(runs("python3", &["-c", SHUTDOWN, shown]), "the file system shuts down");
        let (id, late) = life.end();
        drop(mounted);
        let mounted = mount().expect("the file system mounts after the cut");
        let held = check(&store, &told, |asked| may_have_asked(id, &late, asked));
        acknowledged += told.len();
        (unacknowledged, cut) = (unacknowledged + held.unacknowledged, cut + held.tails_cut);
        assert!(held.records >= told.len() as u64);
        std::fs::remove_dir_all(&store).unwrap();
        drop(mounted);
    }
    Ok(format!(
        "{times} power cuts: {acknowledged} records acknowledged, 0 of them lost, 0 invented; {unacknowledged} were written and not yet acknowledged, {cut} torn tails cut and recorded"
    ))
}

/// Fills a small medium up, frees it, and makes it read-only, so many times.
pub(crate) fn full_and_read_only(times: u32) -> Outcome {
    if times == 0 {
        return Err("run with --ignored".to_owned());
    }
    let dir = tempfile::tempdir().unwrap();
    let mountpoint = dir.path().join("mounted");
    let mut random = ChaCha8Rng::seed_from_u64(3);
    let (mut acknowledged, mut refused_while_full) = (0, 0);
    for _ in 0..times {
        let Some(mounted) = Mounted::at(&mountpoint, &["-t", "tmpfs", "-o", "size=2m", "tmpfs"]) else {
            return Err("needs root to mount a tmpfs".to_owned());
        };
        let (store, ballast) = (mountpoint.join("store"), mountpoint.join("ballast"));
        std::fs::write(&ballast, vec![0; random.random_range(400_000..1_200_000)]).unwrap();
        let told = fills_up(&store);
        acknowledged += told.len();
        // Reading goes on, and opening for writing says what is wrong or works.
        block_on(async { assert!(Reader::open(&store).await.unwrap().head().size >= told.len() as u64) });
        if let Err(error) = block_on(open(&store)).map(drop) {
            assert!(!error.to_string().is_empty());
            refused_while_full += 1;
        }
        std::fs::remove_file(&ballast).unwrap();
        check(&store, &told, |id| id.starts_with("full/"));

        assert!(runs("mount", &["-o", "remount,ro", mounted.0.to_str().unwrap()]));
        let error = block_on(open(&store)).map(drop).expect_err("a read-only medium takes no writer");
        let OpenError::Io { source, .. } = &error else { panic!("{error}") };
        assert!(source.to_string().contains("Read-only"), "{source}");
        block_on(async { assert!(Reader::open(&store).await.unwrap().head().size >= told.len() as u64) });
    }
    Ok(format!(
        "{times} media filled up, freed, and made read-only: {acknowledged} records acknowledged, 0 lost; {refused_while_full} openings refused while full, {times} while read-only; reading always went on"
    ))
}

/// Appends until the medium is full; what was acknowledged.
fn fills_up(store: &Path) -> BTreeMap<u64, String> {
    block_on(async {
        let log = open(store).await.unwrap();
        let mut told = BTreeMap::new();
        for n in 0.. {
            let id = format!("full/{n}");
            match log.append(entry(&id)).await {
                Ok(Appended::New(record)) => drop(told.insert(record.seq, id)),
                Err(AppendError::Poisoned { cause }) => {
                    assert!(cause.contains("No space left"), "{cause}");
                    break;
                }
                other => panic!("{other:?}"),
            }
        }
        assert!(log.append(entry("full/again")).await.is_err(), "a log that failed takes no more");
        log.close().await;
        told
    })
}
