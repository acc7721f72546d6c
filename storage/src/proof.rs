//! Proofs for tools that know RFC 6962 alone: that one record is in the log, and that the log only grew.

use futures::TryStreamExt;
use tlog_tiles::HashReader;

use crate::{Hash, Head, ReadError, Reader, hash::Tree, stored::Stored};

/// The hashes of a proof, in RFC 6962's order.
pub type Proof = Vec<Hash>;

/// See [`Reader::inclusion`].
pub(crate) async fn inclusion(reader: &Reader, record: u64, head: Head) -> Result<Option<Proof>, ReadError> {
    let line = reader.lines(record..record.saturating_add(1)).try_next().await?;
    let Some(leaf) = line.map(|line| Hash::leaf(&line.bytes)).filter(|_| record < head.size) else { return Ok(None) };
    if let Some(proof) = kept(reader).and_then(|stored| stored.inclusion(record, leaf, head)) {
        return Ok(Some(proof));
    }
    let made = Made::of(reader, head.size).await?;
    let proof = tlog_tiles::prove_record(head.size, record, &made).ok();
    Ok(proof.filter(|_| made.head() == Some(head)).map(ours))
}

/// See [`Reader::consistency`].
pub(crate) async fn consistency(reader: &Reader, from: Head, to: Head) -> Result<Option<Proof>, ReadError> {
    if let Some(proof) = kept(reader).and_then(|stored| stored.consistency(from, to)) {
        return Ok(Some(proof));
    }
    let made = Made::of(reader, to.size).await?;
    if made.head() != Some(to) || made.root(from.size) != Some(from.root) {
        return Ok(None);
    }
    Ok(tlog_tiles::prove_tree(to.size, from.size, &made).ok().map(ours))
}

/// See [`Reader::head_at`].
pub(crate) async fn head_at(reader: &Reader, size: u64) -> Result<Option<Head>, ReadError> {
    if size > reader.head().size {
        return Ok(None);
    }
    // The file is as good as the log if it proves that the log's head, which was computed, begins so.
    let known = kept(reader).and_then(|stored| {
        let head = Head { size, root: stored.root(size)? };
        stored.consistency(head, reader.head()).filter(|_| size > 0).map(|_| head)
    });
    if known.is_some() {
        return Ok(known);
    }
    let made = Made::of(reader, size).await?;
    Ok(made.head())
}

/// The hashes of the tree with that head: those that are kept, if they lead to its root.
pub(crate) async fn hashes(reader: &Reader, head: Head) -> Result<Hashes, ReadError> {
    match kept(reader).filter(|stored| stored.root(head.size) == Some(head.root)) {
        Some(stored) => Ok(Hashes::Kept(stored.clone())),
        None => Made::of(reader, head.size).await.map(Hashes::Made),
    }
}

/// The tree's hashes, wherever they come from.
pub(crate) enum Hashes {
    Kept(Stored),
    Made(Made),
}

impl HashReader for Hashes {
    fn read_hashes(&self, indexes: &[u64]) -> Result<Vec<tlog_tiles::Hash>, tlog_tiles::Error> {
        match self {
            Self::Kept(stored) => stored.read_hashes(indexes),
            Self::Made(made) => made.read_hashes(indexes),
        }
    }
}

fn kept(reader: &Reader) -> Option<&Stored> {
    reader.view().stored.as_ref()
}

fn ours(hashes: Vec<tlog_tiles::Hash>) -> Proof {
    hashes.into_iter().map(|hash| Hash::from(hash.0)).collect()
}

/// The tree's hashes made from the log, where they are not kept: 64 bytes a record.
pub(crate) struct Made {
    size: u64,
    hashes: Vec<Hash>,
}

impl Made {
    /// Reads the log's first `size` records.
    pub(crate) async fn of(reader: &Reader, size: u64) -> Result<Self, ReadError> {
        let (mut tree, mut hashes) = (Tree::default(), Vec::new());
        let mut lines = reader.lines(..size);
        while let Some(line) = lines.try_next().await? {
            tree.push_each(Hash::leaf(&line.bytes), |hash| hashes.push(hash));
        }
        Ok(Self { size: tree.size(), hashes })
    }

    fn head(&self) -> Option<Head> {
        Some(Head { size: self.size, root: self.root(self.size)? })
    }

    fn root(&self, size: u64) -> Option<Hash> {
        tlog_tiles::tree_hash(size, self).ok().map(|hash| Hash::from(hash.0))
    }
}

impl HashReader for Made {
    fn read_hashes(&self, indexes: &[u64]) -> Result<Vec<tlog_tiles::Hash>, tlog_tiles::Error> {
        let read = |&index: &u64| {
            let hash = usize::try_from(index).ok().and_then(|index| self.hashes.get(index));
            hash.map(|hash| tlog_tiles::Hash(*hash.as_bytes())).ok_or(tlog_tiles::Error::IndexesNotInTree)
        };
        indexes.iter().map(read).collect()
    }
}
