//! The tree's hashes in a file, so that proofs need not read the log.
//!
//! The layout is that of Go's checksum database (`tlog_tiles::stored_hash_index`): each leaf's hash, and after it those of the subtrees that it
//! completes, 32 bytes each. It is derived from the log; what it says is used only where it leads to a root that is known.

use std::{
    fs::File,
    io::{self, ErrorKind},
    os::unix::fs::FileExt,
    path::Path,
    sync::Arc,
};

use tlog_tiles::HashReader;

use crate::{Hash, Head, hash::Tree};

/// Bytes that are compared or written at once.
const CHUNK: usize = 1 << 16;

/// The file.
#[derive(Debug, Clone)]
pub(crate) struct Stored(Arc<File>);

impl Stored {
    /// Opens the file for reading, or for writing as well; then it is created if need be.
    pub(crate) fn open(path: &Path, writes: bool) -> io::Result<Self> {
        let file = File::options().read(true).write(writes).create(writes).truncate(false).open(path)?;
        Ok(Self(Arc::new(file)))
    }

    /// Puts the hashes that stand from `index` on, unless they stand there already.
    pub(crate) fn put(&self, index: u64, hashes: &[Hash]) -> io::Result<()> {
        let bytes: Vec<u8> = hashes.iter().flat_map(Hash::as_bytes).copied().collect();
        let mut there = vec![0; bytes.len().min(CHUNK)];
        for (chunk, at) in bytes.chunks(CHUNK).zip((index * 32..).step_by(CHUNK)) {
            let there = there.get_mut(..chunk.len()).unwrap_or_default();
            if self.0.read_exact_at(there, at).is_err() || there != chunk {
                self.0.write_all_at(chunk, at)?;
            }
        }
        Ok(())
    }

    /// Proves that a record is in the tree with that head: its audit path, RFC 6962 section 2.1.1.
    pub(crate) fn inclusion(&self, record: u64, leaf: Hash, head: Head) -> Option<Vec<Hash>> {
        let proof = tlog_tiles::prove_record(head.size, record, self).ok()?;
        let root = tlog_tiles::Hash(*head.root.as_bytes());
        tlog_tiles::check_record(&proof, head.size, root, record, tlog_tiles::Hash(*leaf.as_bytes())).ok()?;
        Some(ours(proof))
    }

    /// Proves that the tree with that head begins with an earlier one: RFC 6962 section 2.1.2.
    pub(crate) fn consistency(&self, from: Head, to: Head) -> Option<Vec<Hash>> {
        if from.size == 0 {
            return Some(Vec::new());
        }
        let proof = tlog_tiles::prove_tree(to.size, from.size, self).ok()?;
        let [old, new] = [from, to].map(|head| tlog_tiles::Hash(*head.root.as_bytes()));
        tlog_tiles::check_tree(&proof, to.size, new, from.size, old).ok()?;
        Some(ours(proof))
    }

    /// The root over the first `size` records as the file has it.
    pub(crate) fn root(&self, size: u64) -> Option<Hash> {
        tlog_tiles::tree_hash(size, self).ok().map(|hash| Hash::from(hash.0))
    }

    /// The tree with that head, if the file's hashes lead to it.
    pub(crate) fn tree(&self, head: Head) -> Option<Tree> {
        let last = head.size.checked_sub(1)?;
        let mut tree = Tree::default();
        for level in (0..u64::BITS).rev().filter(|level| head.size >> level & 1 == 1) {
            let subtree = self.hash(level, tree.size() >> level)?;
            tree.graft(level, subtree);
        }
        (tree.head() == head).then_some(())?;
        Some(tree.ending_with(self.hash(0, last)?))
    }

    /// The hash of the n-th subtree of 2^level leaves.
    fn hash(&self, level: u32, n: u64) -> Option<Hash> {
        let index = tlog_tiles::stored_hash_index(u8::try_from(level).ok()?, n);
        let hash = self.read_hashes(&[index]).ok()?.pop()?;
        Some(Hash::from(hash.0))
    }

    /// Cuts off what stands after the hashes of so many records.
    pub(crate) fn truncate(&self, size: u64) -> io::Result<()> {
        let bytes = tlog_tiles::stored_hash_count(size) * 32;
        if self.0.metadata()?.len() > bytes { self.0.set_len(bytes) } else { Ok(()) }
    }
}

fn ours(hashes: Vec<tlog_tiles::Hash>) -> Vec<Hash> {
    hashes.into_iter().map(|hash| Hash::from(hash.0)).collect()
}

impl HashReader for Stored {
    fn read_hashes(&self, indexes: &[u64]) -> Result<Vec<tlog_tiles::Hash>, tlog_tiles::Error> {
        let read = |&index: &u64| {
            let mut hash = [0; 32];
            let at = index.checked_mul(32).ok_or(ErrorKind::InvalidInput)?;
            self.0.read_exact_at(&mut hash, at)?;
            Ok(tlog_tiles::Hash(hash))
        };
        let hashes: io::Result<Vec<_>> = indexes.iter().map(read).collect();
        hashes.map_err(|error| tlog_tiles::Error::InvalidInput(error.to_string()))
    }
}
