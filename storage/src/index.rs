//! The index: which records belong to a run, which dedupe keys were used, and how far projections have come.
//!
//! It lies in sled and is derived from the log (the cursors excepted, and those may be lost). sled panics on some damage,
//! and silently opens with records gone on other; so every call is guarded, and a mark tells which head of the log the
//! index was last brought to. What fails is given up until the log is opened again, and readers then scan the log.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io, iter,
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
};

use crate::{Hash, Head, Record, layout::Layout};

/// Memory for sled's page cache, in bytes. Its own default is 1 GiB.
const CACHE: u64 = 16 << 20;

/// The kinds of keys: the first byte of each.
mod key {
    use super::Head;

    /// The head that the index was brought to.
    pub(super) const MARK: &[u8] = b"m";
    const RUN: u8 = b'r';
    const DEDUPE: u8 = b'd';
    const CURSOR: u8 = b'c';
    /// Ends a name. It occurs in no UTF-8 text, so no run's keys start with another's.
    const END: u8 = 0xff;

    fn named(kind: u8, name: &str) -> Vec<u8> {
        let mut key = vec![kind];
        key.extend_from_slice(name.as_bytes());
        key.push(END);
        key
    }

    /// What the keys of a run's records start with.
    pub(super) fn run(run: &str) -> Vec<u8> {
        named(RUN, run)
    }

    /// The key of records that were added together: the first one's number; those of the others are its value.
    pub(super) fn run_records(run: &str, first: u64) -> Vec<u8> {
        let mut key = self::run(run);
        key.extend_from_slice(&first.to_be_bytes());
        key
    }

    pub(super) fn dedupe(dedupe: &str) -> Vec<u8> {
        named(DEDUPE, dedupe)
    }

    pub(super) fn cursor(name: &str) -> Vec<u8> {
        named(CURSOR, name)
    }

    /// The value under [`MARK`].
    pub(super) fn mark(head: Head) -> Vec<u8> {
        let mut value = head.size.to_be_bytes().to_vec();
        value.extend_from_slice(head.root.as_bytes());
        value
    }
}

/// The index, or nothing once it failed.
#[derive(Debug)]
pub(crate) struct Index {
    dir: PathBuf,
    db: Mutex<Option<sled::Db>>,
}

/// The index is out of use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Unavailable;

impl Index {
    /// Opens or creates the index. Only who holds the log's lock may.
    pub(crate) fn open(layout: &Layout) -> Self {
        let dir = layout.index();
        let opened = guarded(|| {
            await_release(&dir)?;
            let db = sled::Config::new().path(&dir).cache_capacity(CACHE).open()?;
            if db.is_empty() {
                db.insert(key::MARK, key::mark(Head { size: 0, root: Hash::empty() }))?;
            }
            Ok(db)
        });
        let db =
            opened.inspect_err(|cause| tracing::error!(dir = %dir.display(), cause, "the index does not open")).ok();
        Self { dir, db: Mutex::new(db) }
    }

    /// Sets the index's folder aside and starts an empty one.
    pub(crate) fn replace(self, layout: &Layout) -> Self {
        self.close();
        match set_aside(&self.dir) {
            Ok(aside) => {
                tracing::warn!(aside = %aside.display(), "the index did not agree with the log and is rebuilt");
                Self::open(layout)
            }
            Err(error) => {
                tracing::error!(dir = %self.dir.display(), %error, "failed to set the broken index aside");
                self
            }
        }
    }

    /// The index's folder.
    pub(crate) fn dir(&self) -> &Path {
        &self.dir
    }

    /// The head that it was last brought to: the empty log's in a new index, none if it is broken.
    pub(crate) fn mark(&self) -> Option<Head> {
        self.with(|db| db.get(key::MARK)).ok().flatten().and_then(|value| mark(&value))
    }

    /// Holds the index for one who adds to it: readers wait.
    pub(crate) fn hold(&self) -> Held<'_> {
        Held { dir: &self.dir, db: self.db.lock().unwrap_or_else(PoisonError::into_inner) }
    }

    /// The numbers of a run's records, ascending.
    pub(crate) fn run(&self, run: &str) -> Result<Vec<u64>, Unavailable> {
        let prefix = key::run(run);
        let pairs = self.with(|db| db.scan_prefix(&prefix).collect::<sled::Result<Vec<_>>>())?;
        let mut seqs = Vec::new();
        for (key, others) in pairs {
            let first = key.get(prefix.len()..).unwrap_or_default();
            for seq in iter::once(first).chain(others.chunks(8)) {
                seqs.push(number(seq).ok_or(Unavailable)?);
            }
        }
        Ok(seqs)
    }

    /// The number of the record that was appended under a dedupe key.
    pub(crate) fn seen(&self, dedupe: &str) -> Result<Option<u64>, Unavailable> {
        self.number(&key::dedupe(dedupe))
    }

    /// A projection's cursor.
    pub(crate) fn cursor(&self, name: &str) -> Result<Option<u64>, Unavailable> {
        self.number(&key::cursor(name))
    }

    /// Sets a projection's cursor.
    pub(crate) fn set_cursor(&self, name: &str, next: u64) -> Result<(), Unavailable> {
        self.with(|db| db.insert(key::cursor(name), &next.to_be_bytes()).map(drop))
    }

    /// Writes everything out and lets go of the folder.
    pub(crate) fn close(&self) {
        let _ = self.with(|db| db.flush().map(drop));
        self.hold().db.take();
    }

    fn number(&self, key: &[u8]) -> Result<Option<u64>, Unavailable> {
        let value = self.with(|db| db.get(key))?;
        value.map(|value| number(&value).ok_or(Unavailable)).transpose()
    }

    /// Uses the database; when that fails, gives it up.
    fn with<T>(&self, work: impl FnOnce(&sled::Db) -> sled::Result<T>) -> Result<T, Unavailable> {
        self.hold().with(work)
    }
}

/// The index while nobody else uses it.
pub(crate) struct Held<'a> {
    dir: &'a Path,
    db: MutexGuard<'a, Option<sled::Db>>,
}

impl Held<'_> {
    /// Adds records; with a head, they are the last ones that it counts. All of them are added, or none.
    pub(crate) fn add<'r>(mut self, records: impl IntoIterator<Item = &'r Record>, head: Option<Head>) {
        let (mut batch, mut runs) = (sled::Batch::default(), BTreeMap::<_, Vec<u64>>::new());
        for record in records {
            if let Some(run) = &record.run {
                runs.entry(run).or_default().push(record.seq);
            }
            if let Some(dedupe) = &record.dedupe {
                batch.insert(key::dedupe(dedupe), &record.seq.to_be_bytes());
            }
        }
        for (run, seqs) in runs {
            let [first, others @ ..] = seqs.as_slice() else { continue };
            let others: Vec<u8> = others.iter().flat_map(|seq| seq.to_be_bytes()).collect();
            batch.insert(key::run_records(run, *first), others);
        }
        if let Some(head) = head {
            batch.insert(key::MARK, key::mark(head));
        }
        // A failure is told once, by `with`; from then on readers scan.
        let _ = self.with(|db| db.apply_batch(batch));
    }

    /// Uses the database; when that fails, gives it up.
    fn with<T>(&mut self, work: impl FnOnce(&sled::Db) -> sled::Result<T>) -> Result<T, Unavailable> {
        let open = self.db.as_ref().ok_or(Unavailable)?;
        guarded(|| work(open)).map_err(|cause| {
            tracing::error!(dir = %self.dir.display(), cause, "the index failed; the log is scanned instead");
            *self.db = None;
            Unavailable
        })
    }
}

/// Runs sled, whose panics are failures like others.
fn guarded<T>(work: impl FnOnce() -> sled::Result<T>) -> Result<T, String> {
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(result) => result.map_err(|error| error.to_string()),
        Err(_) => Err("sled panicked".to_owned()),
    }
}

/// Waits for sled's lock, for which sled does not. Whoever opens the index holds the log's lock, so it can only be with a child that was forked while
/// the index was open before, until that runs a program of its own.
fn await_release(dir: &Path) -> io::Result<()> {
    match File::open(dir.join("db")) {
        Ok(file) => file.lock().and_then(|()| file.unlock()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}

fn number(bytes: &[u8]) -> Option<u64> {
    bytes.try_into().map(u64::from_be_bytes).ok()
}

fn mark(value: &[u8]) -> Option<Head> {
    let (size, root) = value.split_at_checked(8)?;
    Some(Head { size: number(size)?, root: Hash::from(<[u8; 32]>::try_from(root).ok()?) })
}

/// Renames a broken index to the first free `index.broken-<n>`.
fn set_aside(dir: &Path) -> io::Result<PathBuf> {
    let mut n = 1_u64;
    loop {
        let aside = dir.with_file_name(format!("index.broken-{n}"));
        if !aside.exists() {
            return fs::rename(dir, &aside).map(|()| aside);
        }
        n += 1;
    }
}
