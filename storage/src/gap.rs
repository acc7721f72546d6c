//! Records that are left out of a partial export, by the hashes that stand for them.
//!
//! Whoever has the records before and after, and these hashes, arrives at the same root as the whole log: all the
//! inclusion proofs of an export are in its gaps, each hash once.

use serde::{Deserialize, Serialize};

use crate::{Hash, VERSION, hash::Tree};

/// The line that stands for records which are left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct GapLine {
    pub(crate) gap: Gap,
    pub(crate) v: u32,
}

/// Consecutive records that are left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Gap {
    /// The number of the first.
    pub(crate) first: u64,
    /// The roots of the largest complete subtrees that the records fill, in their order: see [`levels`].
    pub(crate) hashes: Vec<Hash>,
    /// The number of the last.
    pub(crate) last: u64,
    /// The leaf hash of the record before the first; absent if that is not in the export.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) prev: Option<Hash>,
    /// The root of all records before the first.
    pub(crate) root: Hash,
}

impl GapLine {
    pub(crate) fn new(gap: Gap) -> Self {
        Self { gap, v: VERSION }
    }
}

impl Gap {
    /// Adds what is left out to a tree that ends where the gap begins.
    pub(crate) fn graft(&self, tree: &mut Tree) {
        for (level, hash) in levels(self.first, self.last).zip(&self.hashes) {
            tree.graft(level, *hash);
        }
    }

    /// Whether it has as many hashes as its records need.
    pub(crate) fn is_complete(&self) -> bool {
        self.first <= self.last && levels(self.first, self.last).count() == self.hashes.len()
    }
}

/// The largest complete subtrees that these records fill, in their order: each by its level, having 2^level leaves and
/// beginning at a multiple of that.
fn levels(first: u64, last: u64) -> impl Iterator<Item = u32> {
    let mut next = first;
    std::iter::from_fn(move || {
        let left = last.checked_sub(next)?.checked_add(1)?;
        let level = next.trailing_zeros().min(left.ilog2());
        next += 1 << level;
        Some(level)
    })
}

/// A gap while its records pass by, in constant memory.
#[derive(Debug)]
pub(crate) struct OpenGap {
    first: u64,
    next: u64,
    prev: Option<Hash>,
    root: Hash,
    /// Complete subtrees so far, each with its level: none can be joined with the one after it.
    subtrees: Vec<(u32, Hash)>,
}

impl OpenGap {
    /// Begins where the tree ends. `prev` is the leaf of the record before, if that is in the export.
    pub(crate) fn begin(tree: &Tree, prev: Option<Hash>) -> Self {
        let head = tree.head();
        Self { first: head.size, next: head.size, prev, root: head.root, subtrees: Vec::new() }
    }

    /// Leaves a record out.
    pub(crate) fn push(&mut self, leaf: Hash) {
        let (mut level, mut subtree) = (0, leaf);
        self.next += 1;
        // The subtree ends at `next`. It has a sibling to its left if it is a right child and that lies within the gap.
        while (self.next >> level).is_multiple_of(2)
            && let Some((_, left)) = self.subtrees.pop_if(|(below, _)| *below == level)
        {
            (level, subtree) = (level + 1, Hash::node(left, subtree));
        }
        self.subtrees.push((level, subtree));
    }

    /// The line for what was left out.
    pub(crate) fn end(self) -> Gap {
        let Self { first, next, prev, root, subtrees } = self;
        let hashes = subtrees.into_iter().map(|(_, hash)| hash).collect();
        Gap { first, hashes, last: next.saturating_sub(1), prev, root }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_gap_leads_to_the_same_root() {
        let leaf = |n: u64| Hash::leaf(&n.to_be_bytes());
        const SIZE: u64 = 40;
        let mut whole = Tree::default();
        (0..SIZE).for_each(|n| whole.push(leaf(n)));
        for first in 0..SIZE {
            for last in first..SIZE {
                let mut tree = Tree::default();
                (0..first).for_each(|n| tree.push(leaf(n)));
                let mut open = OpenGap::begin(&tree, tree.last());
                (first..=last).for_each(|n| open.push(leaf(n)));
                let gap = open.end();
                assert!(gap.is_complete() && (gap.first, gap.last) == (first, last), "{gap:?}");
                gap.graft(&mut tree);
                (last + 1..SIZE).for_each(|n| tree.push(leaf(n)));
                assert_eq!(tree.head(), whole.head(), "{first} to {last}");
            }
        }
    }
}
