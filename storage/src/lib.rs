//! The append-only audit log: JSONL segments, Merkle tree, sled index, export and offline verification.
