//! Reading the log at start-up: what is new since its head was written down, and all of it, believing nothing.

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
    /// How many records are read; none for all.
    to: Option<u64>,
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
        let scan = Self { stored: stored.cloned(), ..Self::default() };
        scan.segments(&list(layout)?, 0, heads)
    }

    /// Reads and checks the records that a head counts, and that it does; more may be appended meanwhile.
    pub(crate) fn up_to(layout: &Layout, head: Head, stored: Option<&Stored>) -> Result<Self, OpenError> {
        let scan = Self { stored: stored.cloned(), to: Some(head.size), ..Self::default() };
        let scan = scan.segments(&list(layout)?, 0, &[Some(head)])?;
        scan.check(layout, Some(head))?;
        Ok(scan)
    }

    /// Reads and checks only the records that follow those of a head, whose tree is taken from `stored`; of those before, the last must be the one
    /// that the tree ends with. None where that is not so, or anything else is unusual: then all has to be read.
    pub(crate) fn after(layout: &Layout, head: Head, heads: &[Option<Head>], stored: &Stored) -> Option<Self> {
        let tree = stored.tree(head)?;
        let segments = list(layout).ok()?;
        let at = segments.iter().rposition(|segment| segment.first.is_some_and(|first| first < head.size))?;
        let (before, from) = segments.split_at_checked(at)?;
        let mut scan = Self { tree, stored: Some(stored.clone()), ..Self::default() };
        before.iter().filter_map(|segment| segment.first).for_each(|first| scan.places.add(first, first, 0));
        let earlier = heads.iter().flatten().filter(|&&earlier| stored.consistency(earlier, head).is_some());
        scan.confirmed.extend(earlier);
        let passed = head.size - from.first()?.first?;
        let scan = scan.segments(from, passed, heads).ok()?;
        scan.last.as_ref().is_some_and(|last| last.tail.is_none()).then_some(scan)
    }

    /// Reads segments, the first without its first `passed` lines.
    fn segments(mut self, segments: &[Segment], mut passed: u64, heads: &[Option<Head>]) -> Result<Self, OpenError> {
        self.confirm(heads);
        for (n, segment) in segments.iter().enumerate() {
            if !self.is_at_its_end() {
                self.segment(segment, n + 1 == segments.len(), passed, heads)?;
            }
            passed = 0;
        }
        self.store_hashes();
        Ok(self)
    }

    fn is_at_its_end(&self) -> bool {
        self.to == Some(self.tree.size())
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

    fn segment(
        &mut self,
        segment: &Segment,
        is_last: bool,
        passed: u64,
        heads: &[Option<Head>],
    ) -> Result<(), OpenError> {
        let path = &segment.path;
        let io = |source| OpenError::Io { path: path.clone(), source };
        let first = self.tree.size() - passed;
        if segment.first != Some(first) {
            return Err(self.damaged(path, 1, Damage::Name));
        }
        let mut file = BufReader::with_capacity(1 << 16, File::open(path).map_err(io)?);
        let (mut line, mut offset, mut number) = (Vec::new(), 0, 1);
        let tail = loop {
            if self.is_at_its_end() {
                break None;
            }
            let accepted = match next_line(&mut file, &mut line).map_err(io)? {
                Next::Line if number < passed => Ok(()),
                Next::Line if number == passed => self.joins(&line),
                Next::Line => self.accept(&line),
                Next::TooLong => Err(Damage::Line(LineFault::TooLong)),
                Next::Torn if is_last => break Some(Tail::read(path, offset).map_err(io)?),
                Next::Torn => Err(Damage::Torn),
                Next::End => break None,
            };
            accepted.map_err(|damage| self.damaged(path, number, damage))?;
            self.places.add(first + number - 1, first, offset);
            self.confirm(heads);
            offset += line.len() as u64 + 1;
            number += 1;
        };
        self.last = Some(Last { path: path.clone(), first, bytes: offset, tail });
        Ok(())
    }

    /// Whether the line is the last of those in the tree.
    fn joins(&self, line: &[u8]) -> Result<(), Damage> {
        if self.tree.last() == Some(Hash::leaf(line)) { Ok(()) } else { Err(Damage::Prev) }
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

fn list(layout: &Layout) -> Result<Vec<Segment>, OpenError> {
    layout.list().map_err(|source| OpenError::Io { path: layout.segments(), source })
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
