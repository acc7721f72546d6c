//! The append-only audit log: JSONL segments, Merkle tree, sled index, export and offline verification.
//!
//! The truth is the segments: text files of canonical JSON, one record a line, that are only ever appended to. All else
//! (the tree over them, the index, the head file) is derived and can be made again. `docs/audit.md` describes the format.

mod blocking;
mod checkpoint;
mod clock;
mod error;
pub mod export;
mod fault;
mod filter;
mod gap;
mod hash;
mod index;
mod key;
mod layout;
mod line;
mod log;
mod order;
mod ownership;
mod personal;
mod proof;
mod queue;
mod reader;
mod record;
mod recover;
mod repair;
mod restore;
mod scan;
mod stored;
pub mod tiles;
pub mod verify;
mod view;
mod writer;

pub use checkpoint::{Checkpoint, NotACheckpoint};
pub use clock::Clock;
pub use error::{AppendError, Damage, OpenError, ReadError};
pub use fault::Fault;
pub use filter::Filter;
pub use hash::{Hash, Head, NotAHash};
pub use key::{KeyError, PublicKeys, SigningKey};
pub use line::{LineFault, MAX_LINE};
pub use log::{Appended, Log, Options, Records};
pub use personal::{Opening, Personal};
pub use proof::Proof;
pub use reader::Reader;
pub use record::{Actor, Entry, Origin, Record, VERSION};
pub use repair::{Repair, RepairError, repair};
pub use restore::{RestoreError, restorable, restore};
