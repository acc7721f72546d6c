//! What can go wrong with the log.

use std::{io, path::PathBuf};

use crate::{Head, LineFault};

/// Why a log could not be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// Another process has it open.
    #[error("{} is in use by {}: stop it first, or use another folder", dir.display(), holder(*pid))]
    Locked {
        /// The log's folder.
        dir: PathBuf,
        /// Its process id, if the lock file tells.
        pid: Option<u32>,
    },
    /// A record is not what was written. Nothing was changed on disk.
    #[error("{}, line {line}: record {record} {damage}; restore the folder from a copy, or set aside what is not sound with `standby audit repair`", file.display())]
    Damaged {
        /// The segment.
        file: PathBuf,
        /// The line in it, from 1.
        line: u64,
        /// The number of the record that should be there.
        record: u64,
        /// What is wrong.
        damage: Damage,
    },
    /// The records are well formed but are not those that the head file beside them counts: some were cut off, or rewritten.
    #[error("{} was cut or rewritten: its head file counts {head}, the segments hold {found}; restore the folder from a copy, or set aside what is not sound with `standby audit repair`", dir.display())]
    Rewritten {
        /// The log's folder.
        dir: PathBuf,
        /// What the head file says.
        head: Head,
        /// What the segments hold: as many records, if there are as many.
        found: Head,
    },
    /// A later version of this program wrote a record.
    #[error("{}, line {line}: the record has format version {version}, and this program reads up to {}: use the newer program", file.display(), crate::VERSION)]
    Newer {
        /// The segment.
        file: PathBuf,
        /// The line in it, from 1.
        line: u64,
        /// The record's version.
        version: u32,
    },
    /// The torn tail was cut, but the record that says so could not be appended.
    #[error("failed to record that the log's torn tail was cut")]
    TailCut(#[source] AppendError),
    /// The file system refused.
    #[error("failed to open {}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// Its answer.
        source: io::Error,
    },
}

fn holder(pid: Option<u32>) -> String {
    pid.map_or_else(|| "another process".to_owned(), |pid| format!("process {pid}"))
}

/// What is wrong with a record in the log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Damage {
    /// The line by itself.
    #[error(transparent)]
    Line(#[from] LineFault),
    /// Another record stands in its place.
    #[error("is not there: record {found} stands in its place")]
    Sequence {
        /// The number that was read.
        found: u64,
    },
    /// The hash of the line before is not the one it names.
    #[error("does not follow from the one before: either was changed")]
    Prev,
    /// The segment's name is not the number of its first record.
    #[error("is not there: the segment's name says that it starts with another")]
    Name,
    /// A segment that is not the last ends within a line.
    #[error("is cut off within its line")]
    Torn,
}

/// Why an entry was not appended.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum AppendError {
    /// The entry cannot be a record.
    #[error("entry {event} cannot be recorded: {reason}")]
    Invalid {
        /// The entry's event.
        event: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Writing or syncing failed, now or before. Nothing is appended until the log is opened anew: the kernel may have
    /// dropped what it failed to write, so a later success would prove nothing. Whether this entry is in the log
    /// shows then.
    #[error("the log takes no more records since {cause}; see to the disk and restart")]
    Poisoned {
        /// The first failure.
        cause: String,
    },
    /// The dedupe key could not be looked up.
    #[error("failed to look for earlier records with dedupe key {dedupe}: {reason}")]
    Lookup {
        /// The key.
        dedupe: String,
        /// Why.
        reason: String,
    },
    /// [`Log::close`](crate::Log::close) was called.
    #[error("the log is closed")]
    Closed,
}

/// Why records could not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// The file system refused.
    #[error("failed to read {}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// Its answer.
        source: io::Error,
    },
    /// A record is not what was written: the file was changed while the log was open.
    #[error("{}: record {record} {damage}", file.display())]
    Damaged {
        /// The segment.
        file: PathBuf,
        /// The number of the record that should be there.
        record: u64,
        /// What is wrong.
        damage: Damage,
    },
    /// The index failed while running, and cursors are kept nowhere else. It is rebuilt when the log is next opened.
    #[error("the index in {} is out of use; restart to rebuild it", dir.display())]
    NoIndex {
        /// The index's folder.
        dir: PathBuf,
    },
}
