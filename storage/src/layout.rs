//! What lies where in a log's folder, and the small files in it: the lock and the head.

use std::{
    fs::{self, File, TryLockError},
    io::{self, Write},
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
};

use crate::{
    Head, OpenError,
    line::{HeadLine, encode},
    ownership::hand_over,
};

/// The paths in a log's folder.
#[derive(Debug, Clone)]
pub(crate) struct Layout {
    dir: PathBuf,
}

impl Layout {
    pub(crate) fn new(dir: &Path) -> Self {
        Self { dir: dir.to_owned() }
    }

    pub(crate) fn dir(&self) -> &Path {
        &self.dir
    }

    pub(crate) fn segments(&self) -> PathBuf {
        self.dir.join("segments")
    }

    /// The segment whose first record has this number.
    pub(crate) fn segment(&self, first: u64) -> PathBuf {
        self.segments().join(format!("{first:020}.jsonl"))
    }

    pub(crate) fn index(&self) -> PathBuf {
        self.dir.join("index")
    }

    /// What of people can be erased.
    pub(crate) fn personal(&self) -> PathBuf {
        self.dir.join("personal")
    }

    /// The tree's hashes.
    pub(crate) fn hashes(&self) -> PathBuf {
        self.dir.join("hashes")
    }

    fn head(&self) -> PathBuf {
        self.dir.join("head.json")
    }

    /// Creates the folders, durably.
    pub(crate) fn create(&self) -> io::Result<()> {
        if self.segments().is_dir() {
            return Ok(());
        }
        fs::create_dir_all(self.segments())?;
        sync_dir(&self.dir)?;
        // The entry of the log's folder itself; a relative path of one part has the empty parent.
        match self.dir.parent().filter(|parent| !parent.as_os_str().is_empty()) {
            Some(parent) => sync_dir(parent),
            None => sync_dir(Path::new(".")),
        }
    }

    /// Takes the process lock.
    pub(crate) fn lock(&self) -> Result<Lock, OpenError> {
        let path = self.dir.join("lock");
        let io = |source| OpenError::Io { path: path.clone(), source };
        let mut file = File::options().create(true).truncate(false).write(true).open(&path).map_err(io)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let pid = fs::read_to_string(&path).ok().and_then(|text| text.trim().parse().ok());
                return Err(OpenError::Locked { dir: self.dir.clone(), pid });
            }
            Err(TryLockError::Error(source)) => return Err(io(source)),
        }
        file.set_len(0).and_then(|()| writeln!(file, "{}", std::process::id())).map_err(io)?;
        Ok(Lock { file, dir: self.dir.clone() })
    }

    /// Numbers of the first records of all segments, ascending, as their names have them.
    pub(crate) fn list(&self) -> io::Result<Vec<Segment>> {
        let mut segments = Vec::new();
        for entry in fs::read_dir(self.segments())? {
            let path = entry?.path();
            if path.extension().is_some_and(|extension| extension == "jsonl") {
                segments.push(Segment { first: self.first_of(&path), path });
            } else {
                tracing::warn!(path = %path.display(), "ignoring a file that is not a segment");
            }
        }
        segments.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(segments)
    }

    fn first_of(&self, path: &Path) -> Option<u64> {
        let first = path.file_stem()?.to_str()?.parse().ok()?;
        (self.segment(first) == path).then_some(first)
    }

    /// The head that was last written down, if it can be read. A power cut may leave the file empty, which must not keep
    /// the log from opening.
    pub(crate) fn read_head(&self) -> Result<Option<Head>, OpenError> {
        let path = self.head();
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(OpenError::Io { path, source }),
        };
        match serde_json::from_slice::<HeadLine>(&bytes) {
            Ok(line) => Ok(Some(line.head)),
            Err(error) => {
                tracing::warn!(path = %path.display(), %error, "ignoring an unreadable head file");
                Ok(None)
            }
        }
    }

    /// Writes the head down, in place: a rename would make the next sync of the log's file wait for a change of the folder. When power fails, an
    /// older head is as good, and one that cannot be read is none. A file that belongs to somebody else is replaced.
    pub(crate) fn write_head(&self, head: Head) -> io::Result<()> {
        let mut bytes = encode(&HeadLine::new(head))?;
        bytes.push(b'\n');
        let open = || File::options().create(true).truncate(false).write(true).open(self.head());
        let file = match open() {
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                fs::remove_file(self.head()).and_then(|()| open()).map_err(|_| error)?
            }
            opened => opened?,
        };
        file.write_all_at(&bytes, 0)?;
        match bytes.len() as u64 {
            length if file.metadata()?.len() > length => file.set_len(length),
            _ => Ok(()),
        }
    }
}

/// The process lock, which the kernel releases with the file, however the process ends.
pub(crate) struct Lock {
    file: File,
    dir: PathBuf,
}

impl Drop for Lock {
    /// Not left to the file's closing: a child that was just forked has the file open too, until it runs a program of its own.
    fn drop(&mut self) {
        if let Err(error) = hand_over(&self.dir) {
            tracing::warn!(%error, "failed to give the log's files to the owner of its folder");
        }
        if let Err(error) = self.file.unlock() {
            tracing::warn!(%error, "failed to release the log's lock");
        }
    }
}

/// A segment file.
#[derive(Debug, Clone)]
pub(crate) struct Segment {
    /// The number of its first record, unless it is misnamed.
    pub(crate) first: Option<u64>,
    pub(crate) path: PathBuf,
}

/// Makes a folder's entries durable.
pub(crate) fn sync_dir(dir: &Path) -> io::Result<()> {
    File::open(dir)?.sync_all()
}
