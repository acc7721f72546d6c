//! A log that was lost, made again from a copy of it in the layout of tiles.

use std::{
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
};

use crate::{
    AppendError, Appended, Clock, Entry, Head, Log, OpenError, blocking,
    layout::{Layout, sync_dir},
    tiles::Folder,
};

/// Bytes after which a new segment is started, as [`crate::Options`] has it.
const SEGMENT: u64 = 64 << 20;

/// Why a log was not restored. Where it should be, there is nothing yet.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RestoreError {
    /// Something is there that a restore would replace.
    #[error("{} has a log already: restore into an empty folder, and keep this one aside", dir.display())]
    NotEmpty {
        /// The log's folder.
        dir: PathBuf,
    },
    /// The copy is damaged, or the folder is in use.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The copy could not be read, or the log not written.
    #[error("failed to write the log")]
    Io(#[from] io::Error),
    /// The copy is not what its checkpoint counts.
    #[error("the copy holds {found}, and its checkpoint counts {expected}")]
    Differs {
        /// What the checkpoint says.
        expected: Head,
        /// What was written.
        found: Head,
    },
    /// The record that says what was done could not be appended.
    #[error("failed to record the restore")]
    Append(#[from] AppendError),
}

/// Whether a folder has no log, so that one can be restored to it.
///
/// # Errors
/// [`RestoreError::NotEmpty`], or when the folder cannot be read.
pub fn restorable(dir: &Path) -> Result<(), RestoreError> {
    let layout = Layout::new(dir);
    let is_empty = !layout.segments().exists() || layout.list()?.is_empty();
    match is_empty && layout.read_head()?.is_none() {
        true => Ok(()),
        false => Err(RestoreError::NotEmpty { dir: dir.to_owned() }),
    }
}

/// Makes the log of a folder from a copy, and appends `entry`, which says so: first beside, and all at once when every record was checked and is
/// durable. Answers the number of that record.
///
/// # Errors
/// See [`RestoreError`].
pub async fn restore(dir: &Path, copy: Folder, entry: Entry, clock: Clock) -> Result<u64, RestoreError> {
    let layout = Layout::new(dir);
    layout.create()?;
    let _lock = layout.lock()?;
    restorable(dir)?;
    let beside = dir.join("restoring");
    if beside.exists() {
        fs::remove_dir_all(&beside)?;
    }
    let (expected, made) = (copy.checkpoint().head(), Layout::new(&beside));
    let to = made.clone();
    blocking::run(move || write(&to, copy)).await??;
    let log = Log::open(&beside, clock).await?;
    let found = log.head();
    let appended = match found == expected {
        true => log.append(entry).await.map_err(RestoreError::from),
        false => Err(RestoreError::Differs { expected, found }),
    };
    log.close().await;
    let seq = match appended? {
        Appended::New(record) => record.seq,
        Appended::Duplicate { seq } => seq,
    };
    // The segments are the log; everything else is made again when it is opened.
    fs::rename(made.segments(), layout.segments())?;
    sync_dir(dir)?;
    fs::remove_dir_all(beside)?;
    Ok(seq)
}

fn write(to: &Layout, mut copy: Folder) -> io::Result<()> {
    to.create()?;
    let (mut segment, mut next): (Option<(File, u64)>, u64) = (None, 0);
    while let Some(lines) = copy.next_lines()? {
        let (mut file, bytes) = match segment.take() {
            Some(open) => open,
            None => (File::create_new(to.segment(next))?, 0),
        };
        file.write_all(&lines)?;
        next += lines.iter().filter(|&&byte| byte == b'\n').count() as u64;
        let bytes = bytes + lines.len() as u64;
        match bytes < SEGMENT {
            true => segment = Some((file, bytes)),
            false => file.sync_all()?,
        }
    }
    segment.map_or(Ok(()), |(file, _)| file.sync_all())?;
    sync_dir(&to.segments())
}
