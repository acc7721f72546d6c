//! Reading the whole log at start-up, believing nothing.

use std::{
    fs::File,
    io::{self, BufReader, Read, Seek, SeekFrom},
    path::{Path, PathBuf},
};

use sha2::{Digest, Sha256};

use crate::{
    Damage, Hash, Head, LineFault, OpenError, Record,
    hash::Tree,
    layout::{Layout, Segment},
    line::{Next, decode, next_line},
    stored::Stored,
    view::Places,
};

/// What the segments hold.
#[derive(Debug, Default)]
pub(crate) struct Scan {
    /// The tree over all complete records.
    pub(crate) tree: Tree,
    /// Where records are.
    pub(crate) places: Places,
    /// The last segment, if there is one.
    pub(crate) last: Option<Last>,
    /// Those of the heads asked for that the log has had.
    confirmed: Vec<Head>,
    /// Where the tree's hashes are put, and those that are not there yet.
    stored: Option<Stored>,
    hashes: Vec<Hash>,
}

/// Hashes that are gathered before they are put into their file.
const HASHES: usize = 1 << 12;

/// The last segment.
#[derive(Debug)]
pub(crate) struct Last {
    pub(crate) path: PathBuf,
    /// The number of its first record.
    pub(crate) first: u64,
    /// Where its last complete line ends.
    pub(crate) bytes: u64,
    /// What stands after that.
    pub(crate) tail: Option<Tail>,
}

/// Bytes after the last newline: the writing of a line was interrupted, so it was never acknowledged.
#[derive(Debug)]
pub(crate) struct Tail {
    /// How long it is.
    pub(crate) bytes: u64,
    /// What it hashes to.
    pub(crate) sha256: Hash,
}

impl Scan {
    /// Reads and checks every record. `heads` are those that [`Scan::check`] and [`Scan::had`] will ask for; the tree's hashes go
    /// to `stored`.
    pub(crate) fn run(layout: &Layout, heads: &[Option<Head>], stored: Option<&Stored>) -> Result<Self, OpenError> {
        let segments = layout.list().map_err(|source| OpenError::Io { path: layout.segments(), source })?;
        let mut scan = Self { stored: stored.cloned(), ..Self::default() };
        scan.confirm(heads);
        for (n, segment) in segments.iter().enumerate() {
            scan.segment(segment, n + 1 == segments.len(), heads)?;
        }
        scan.store_hashes();
        Ok(scan)
    }

    /// Whether the log has had this head: it was asked for, and the records up to its size have its root.
    pub(crate) fn had(&self, head: Head) -> bool {
        self.confirmed.contains(&head)
    }

    /// Checks the log against the head file.
    pub(crate) fn check(&self, layout: &Layout, head: Option<Head>) -> Result<(), OpenError> {
        match head {
            Some(head) if !self.had(head) => {
                Err(OpenError::Rewritten { dir: layout.dir().to_owned(), head, found: self.tree.head() })
            }
            _ => Ok(()),
        }
    }

    fn confirm(&mut self, heads: &[Option<Head>]) {
        if heads.iter().flatten().any(|head| head.size == self.tree.size()) {
            let now = self.tree.head();
            self.confirmed.extend(heads.iter().flatten().filter(|&&head| head == now));
        }
    }

    fn segment(&mut self, segment: &Segment, is_last: bool, heads: &[Option<Head>]) -> Result<(), OpenError> {
        let path = &segment.path;
        let io = |source| OpenError::Io { path: path.clone(), source };
        let first = self.tree.size();
        if segment.first != Some(first) {
            return Err(self.damaged(path, 1, Damage::Name));
        }
        let mut file = BufReader::with_capacity(1 << 16, File::open(path).map_err(io)?);
        let (mut line, mut offset, mut number) = (Vec::new(), 0, 1);
        let tail = loop {
            let accepted = match next_line(&mut file, &mut line).map_err(io)? {
                Next::Line => self.accept(&line),
                Next::TooLong => Err(Damage::Line(LineFault::TooLong)),
                Next::Torn if is_last => break Some(Tail::read(path, offset).map_err(io)?),
                Next::Torn => Err(Damage::Torn),
                Next::End => break None,
            };
            accepted.map_err(|damage| self.damaged(path, number, damage))?;
            self.places.add(self.tree.size() - 1, first, offset);
            self.confirm(heads);
            offset += line.len() as u64 + 1;
            number += 1;
        };
        self.last = Some(Last { path: path.clone(), first, bytes: offset, tail });
        Ok(())
    }

    /// Takes the next line into the tree, if it is the next record.
    fn accept(&mut self, line: &[u8]) -> Result<(), Damage> {
        let record = decode(line)?;
        follows(&record, &self.tree)?;
        let hashes = &mut self.hashes;
        self.tree.push_each(Hash::leaf(line), |hash| hashes.push(hash));
        if self.hashes.len() >= HASHES {
            self.store_hashes();
        }
        Ok(())
    }

    /// Puts what was gathered into the file. Without it proofs are made from the log.
    fn store_hashes(&mut self) {
        if let Some(stored) = &self.stored {
            let end = tlog_tiles::stored_hash_count(self.tree.size());
            let put = stored.put(end - self.hashes.len() as u64, &self.hashes);
            if let Err(error) = put {
                tracing::warn!(%error, "the tree's hashes cannot be kept in a file");
                self.stored = None;
            }
        }
        self.hashes.clear();
    }

    fn damaged(&self, file: &Path, line: u64, damage: Damage) -> OpenError {
        let (file, record) = (file.to_owned(), self.tree.size());
        match damage {
            Damage::Line(LineFault::Newer(version)) => OpenError::Newer { file, line, version },
            damage => OpenError::Damaged { file, line, record, damage },
        }
    }
}

/// Whether a record is the one after those in the tree.
fn follows(record: &Record, tree: &Tree) -> Result<(), Damage> {
    if record.seq != tree.size() {
        return Err(Damage::Sequence { found: record.seq });
    }
    if record.prev != tree.last() {
        return Err(Damage::Prev);
    }
    Ok(())
}

impl Tail {
    fn read(path: &Path, offset: u64) -> io::Result<Self> {
        let mut file = File::open(path)?;
        file.seek(SeekFrom::Start(offset))?;
        let (mut sha256, mut bytes, mut buffer) = (Sha256::new(), 0, vec![0; 1 << 16]);
        loop {
            let read = file.read(&mut buffer)?;
            if read == 0 {
                let sha256 = Hash::from(<[u8; 32]>::from(sha256.finalize()));
                return Ok(Self { bytes, sha256 });
            }
            sha256.update(buffer.get(..read).unwrap_or_default());
            bytes += read as u64;
        }
    }
}
