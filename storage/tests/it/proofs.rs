//! Proofs of one record and of growth, against RFC 6962's own words.

use std::collections::HashMap;

use sha2::{Digest, Sha256};
use storage::{Hash, Head, Reader};

use crate::support::{append, entry, paused, small};

/// RFC 6962 section 2.1, word for word, over leaf hashes; subtrees are remembered.
struct Rfc6962 {
    leaves: Vec<[u8; 32]>,
    known: HashMap<(usize, usize), [u8; 32]>,
}

impl Rfc6962 {
    /// The largest power of two smaller than n.
    fn k(n: usize) -> usize {
        n.next_power_of_two() / 2
    }

    /// MTH(D[first:end]).
    fn mth(&mut self, first: usize, end: usize) -> [u8; 32] {
        if end - first == 1 {
            return self.leaves[first];
        }
        if let Some(hash) = self.known.get(&(first, end)) {
            return *hash;
        }
        let k = first + Self::k(end - first);
        let (left, right) = (self.mth(first, k), self.mth(k, end));
        let hash: [u8; 32] = Sha256::digest([&[1][..], &left, &right].concat()).into();
        self.known.insert((first, end), hash);
        hash
    }

    /// PATH(m, D[first:end]).
    fn path(&mut self, m: usize, first: usize, end: usize) -> Vec<[u8; 32]> {
        if end - first == 1 {
            return Vec::new();
        }
        let k = Self::k(end - first);
        let (mut path, last) = if m < k {
            (self.path(m, first, first + k), self.mth(first + k, end))
        } else {
            (self.path(m - k, first + k, end), self.mth(first, first + k))
        };
        path.push(last);
        path
    }

    /// SUBPROOF(m, D[first:end], b).
    fn subproof(&mut self, m: usize, first: usize, end: usize, b: bool) -> Vec<[u8; 32]> {
        let n = end - first;
        if m == n {
            return if b { Vec::new() } else { vec![self.mth(first, end)] };
        }
        let k = Self::k(n);
        let (mut proof, last) = if m <= k {
            (self.subproof(m, first, first + k, b), self.mth(first + k, end))
        } else {
            (self.subproof(m - k, first + k, end, false), self.mth(first, first + k))
        };
        proof.push(last);
        proof
    }
}

fn bytes(proof: Vec<Hash>) -> Vec<[u8; 32]> {
    proof.iter().map(|hash| *hash.as_bytes()).collect()
}

#[test]
fn proofs_are_rfc_6962s_for_all_sizes_to_1000() {
    const SIZE: usize = 1_000;
    let dir = tempfile::tempdir().unwrap();
    paused().block_on(async {
        let log = storage::Log::open(dir.path(), crate::support::clock()).await.unwrap();
        let waiting: Vec<_> = (0..SIZE).map(|_| log.append(entry("test.filled"))).collect();
        futures::future::try_join_all(waiting).await.unwrap();
        let mut text = Vec::new();
        for path in crate::support::segments(dir.path()) {
            text.extend(std::fs::read(path).unwrap());
        }
        let leaves = text.split(|&byte| byte == b'\n').take(SIZE).map(|line| *Hash::leaf(line).as_bytes()).collect();
        let mut rfc = Rfc6962 { leaves, known: HashMap::new() };
        let reader = log.reader();
        let mut checked = 0;
        for n in 1..=SIZE {
            let head = reader.head_at(n as u64).await.unwrap().unwrap();
            assert_eq!(*head.root.as_bytes(), rfc.mth(0, n), "{n}");
            let few = [0, 1, n / 3, n / 2, n - 1].into_iter().filter(|&m| m < n).collect();
            let which: Vec<usize> = if n <= 100 { (0..n).collect() } else { few };
            for m in which {
                let proof = reader.inclusion(m as u64, head).await.unwrap().unwrap();
                assert_eq!(bytes(proof), rfc.path(m, 0, n), "{m} in {n}");
                if m > 0 {
                    let from = Head { size: m as u64, root: Hash::from(rfc.mth(0, m)) };
                    let proof = reader.consistency(from, head).await.unwrap().unwrap();
                    assert_eq!(bytes(proof), rfc.subproof(m, 0, n, true), "{m} to {n}");
                }
                checked += 1;
            }
        }
        assert!(checked > 5_000);
    });
}

#[test]
fn proofs_are_made_from_the_log_where_the_hashes_are_lost_or_wrong() {
    let dir = tempfile::tempdir().unwrap();
    paused().block_on(async {
        let log = small(dir.path()).await;
        for _ in 0..20 {
            append(&log, entry("test.filled")).await;
        }
        let (head, early) = (log.head(), log.reader().head_at(7).await.unwrap().unwrap());
        let proof = log.reader().inclusion(3, head).await.unwrap().unwrap();
        let growth = log.reader().consistency(early, head).await.unwrap().unwrap();
        let path = dir.path().join("hashes");
        let good = std::fs::read(&path).unwrap();
        for bad in [None, Some(vec![7; good.len()]), Some(good[..100].to_vec())] {
            match &bad {
                None => std::fs::remove_file(&path).unwrap(),
                Some(bytes) => std::fs::write(&path, bytes).unwrap(),
            }
            let beside = Reader::open(dir.path()).await.unwrap();
            assert_eq!(beside.inclusion(3, head).await.unwrap().unwrap(), proof);
            assert_eq!(beside.consistency(early, head).await.unwrap().unwrap(), growth);
            assert_eq!(beside.head_at(7).await.unwrap(), Some(early));
        }
        // Nothing is proved of what the log does not hold.
        let other = Head { root: early.root, ..head };
        assert_eq!(log.reader().inclusion(3, other).await.unwrap(), None);
        assert_eq!(log.reader().consistency(Head { size: 7, root: head.root }, head).await.unwrap(), None);
        assert_eq!(log.reader().inclusion(20, head).await.unwrap(), None);
        log.close().await;
        small(dir.path()).await.close().await;
        assert_eq!(std::fs::read(&path).unwrap(), good, "the next start makes the hashes anew");
    });
}
