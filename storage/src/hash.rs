//! SHA-256 hashes and the RFC 6962 Merkle tree over the log's lines.
//!
//! The two hash functions come from `tlog_tiles`, a port of Go's `sumdb/tlog` that also has the stored-hash arithmetic
//! that proofs need. Growing a tree and naming its root
//! needs none of that: the roots of the complete subtrees, at most 64 hashes, are enough, so that is all [`Tree`] keeps.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use sha2::{Digest, Sha256};

/// A SHA-256 hash, written as 64 lower-case hex digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Hash([u8; 32]);

impl Hash {
    /// The hash of a leaf, RFC 6962 section 2.1: `SHA-256(0x00 ‖ line)`; the line is without its newline.
    pub fn leaf(line: &[u8]) -> Self {
        Self(tlog_tiles::record_hash(line).0)
    }

    /// The hash of an inner node, RFC 6962 section 2.1: `SHA-256(0x01 ‖ left ‖ right)`.
    pub fn node(left: Self, right: Self) -> Self {
        Self(tlog_tiles::node_hash(tlog_tiles::Hash(left.0), tlog_tiles::Hash(right.0)).0)
    }

    /// The root of a tree without leaves: `SHA-256("")`.
    pub fn empty() -> Self {
        Self(Sha256::digest(b"").into())
    }

    /// The 32 bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl From<[u8; 32]> for Hash {
    fn from(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A text that is not a hash.
#[derive(Debug, thiserror::Error)]
#[error("not a hash: give the 64 hex digits that the log's head shows")]
pub struct NotAHash;

impl FromStr for Hash {
    type Err = NotAHash;

    fn from_str(text: &str) -> Result<Self, NotAHash> {
        let mut bytes = [0; 32];
        hex::decode_to_slice(text, &mut bytes).map_err(|_| NotAHash)?;
        Ok(Self(bytes))
    }
}

impl Serialize for Hash {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Hash {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

/// What a log holds, in 40 bytes: how many records, and the root of the Merkle tree over them. Whoever keeps a head can
/// later tell whether those records are still the ones that were written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Head {
    /// Number of records.
    pub size: u64,
    /// Root of the RFC 6962 Merkle tree whose leaves are the records' lines.
    pub root: Hash,
}

impl fmt::Display for Head {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} records, root {}", self.size, self.root)
    }
}

/// A growing Merkle tree and the chain of leaf hashes, in constant memory.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tree {
    size: u64,
    last: Option<Hash>,
    /// Roots of the complete subtrees, largest first: one for each set bit of `size`.
    peaks: Vec<Hash>,
}

impl Tree {
    /// Number of leaves, which is the number of the next record.
    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    /// The hash of the last leaf: the `prev` of the next record. None where only the hash of a subtree is known.
    pub(crate) fn last(&self) -> Option<Hash> {
        self.last
    }

    /// Adds a leaf.
    pub(crate) fn push(&mut self, leaf: Hash) {
        self.push_each(leaf, |_| {});
    }

    /// Adds a leaf, and hands over its hash and those of the subtrees that it completes, from the smallest.
    pub(crate) fn push_each(&mut self, leaf: Hash, each: impl FnMut(Hash)) {
        self.join(0, leaf, each);
        self.last = Some(leaf);
    }

    /// Adds a complete subtree of 2^level leaves. The size must be a multiple of that.
    pub(crate) fn graft(&mut self, level: u32, subtree: Hash) {
        self.join(level, subtree, |_| {});
        self.last = None;
    }

    /// The same tree, where the last leaf's hash is known.
    pub(crate) fn ending_with(self, leaf: Hash) -> Self {
        Self { last: Some(leaf), ..self }
    }

    fn join(&mut self, level: u32, subtree: Hash, mut each: impl FnMut(Hash)) {
        each(subtree);
        // Each trailing 1 bit of the size is a complete subtree that this one, or what it completes, makes twice as large.
        let completed = (self.size >> level).trailing_ones() as usize;
        let kept = self.peaks.len().saturating_sub(completed);
        let peak = self.peaks.drain(kept..).rev().fold(subtree, |right, left| {
            let joined = Hash::node(left, right);
            each(joined);
            joined
        });
        self.peaks.push(peak);
        self.size += 1 << level;
    }

    /// Size and root.
    pub(crate) fn head(&self) -> Head {
        let root = self.peaks.iter().rev().copied().reduce(|right, left| Hash::node(left, right));
        Head { size: self.size, root: root.unwrap_or_else(Hash::empty) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6962 section 2.1, word for word: split at the largest power of two smaller than n.
    fn naive(leaves: &[Vec<u8>]) -> [u8; 32] {
        let sha = |parts: &[&[u8]]| <[u8; 32]>::from(Sha256::digest(parts.concat()));
        match leaves {
            [] => sha(&[]),
            [leaf] => sha(&[&[0], leaf]),
            _ => {
                let mut split = 1;
                while split * 2 < leaves.len() {
                    split *= 2;
                }
                let (left, right) = leaves.split_at(split);
                sha(&[&[1], &naive(left), &naive(right)])
            }
        }
    }

    #[test]
    fn root_is_rfc_6962s_for_every_size() {
        let mut tree = Tree::default();
        let mut leaves = Vec::new();
        for n in 0..70_u64 {
            assert_eq!(tree.head(), Head { size: n, root: Hash(naive(&leaves)) });
            let leaf = format!("leaf {n}").into_bytes();
            tree.push(Hash::leaf(&leaf));
            assert_eq!(tree.last(), Some(Hash::leaf(&leaf)));
            leaves.push(leaf);
        }
    }
}
