//! A bundle: up to 256 records, each with its length before it.

use std::ops::Range;

use tlog_tiles::Tile;

use super::{ENTRIES, HEIGHT, LARGE, Object};
use crate::{Hash, Record, line::decode};

/// Records of a full bundle.
const FULL: u64 = 1 << HEIGHT;

/// Records of each bundle that a log of `size` records has, and one of `from` has not, or not so long.
pub(super) fn ranges(from: u64, size: u64) -> impl Iterator<Item = Range<u64>> {
    let first = if from < size { from / FULL } else { size.div_ceil(FULL) };
    (first..size.div_ceil(FULL)).map(move |number| number * FULL..size.min((number + 1) * FULL))
}

/// The bundles of a log with `size` records: the number of the first record in each, and its name.
pub fn names(size: u64) -> impl DoubleEndedIterator<Item = (u64, String)> {
    ranges(0, size).collect::<Vec<_>>().into_iter().map(|range| (range.start, name(range.end)))
}

/// The name of the bundle that ends with record `end` - 1.
fn name(end: u64) -> String {
    let (number, width) = ((end - 1) / FULL, (end - 1) % FULL + 1);
    let mut tile = Tile::new(HEIGHT, 0, number, u32::try_from(width).unwrap_or_default(), false);
    tile.set_is_data();
    let path = tile.path();
    format!("{ENTRIES}{}", path.strip_prefix("tile/8/data/").unwrap_or(&path))
}

/// The name of the file of a record that is longer than the 65,535 bytes which a bundle can hold of one. In the bundle stands an empty entry, which no
/// record is.
pub fn large_name(record: u64) -> String {
    format!("{LARGE}{record}")
}

/// The bundle of these lines, after the files of those that it cannot hold.
pub(super) fn objects(first: u64, end: u64, lines: &[Vec<u8>]) -> Vec<Object> {
    let (mut objects, mut bytes) = (Vec::new(), Vec::new());
    for (record, line) in (first..).zip(lines) {
        match u16::try_from(line.len()) {
            Ok(length) => {
                bytes.extend_from_slice(&length.to_be_bytes());
                bytes.extend_from_slice(line);
            }
            Err(_) => {
                bytes.extend_from_slice(&0_u16.to_be_bytes());
                objects.push(Object { name: large_name(record), bytes: line.clone() });
            }
        }
    }
    objects.push(Object { name: name(end), bytes });
    objects
}

/// A bundle that was read: records in their one form, numbered without a gap, each of which names the one before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bundle {
    prev: Option<Hash>,
    last: Hash,
}

impl Bundle {
    /// Reads it; none if it is no such thing. `large` answers the line of a record that is too long for a bundle.
    pub fn read(first: u64, bytes: &[u8], large: impl Fn(u64) -> Option<Vec<u8>>) -> Option<Self> {
        let mut prev = None;
        let mut last = None;
        for (number, line) in (first..).zip(entries(bytes)?) {
            let line = if line.is_empty() { large(number)? } else { line.to_vec() };
            let record: Record = decode(&line).ok()?;
            match last {
                None => prev = record.prev,
                before if record.prev == before => {}
                Some(_) => return None,
            }
            if record.seq != number {
                return None;
            }
            last = Some(Hash::leaf(&line));
        }
        Some(Self { prev, last: last? })
    }

    /// The leaf hash of the record before the first one, as that one names it.
    pub fn prev(&self) -> Option<Hash> {
        self.prev
    }

    /// The leaf hash of the last record.
    pub fn last(&self) -> Hash {
        self.last
    }
}

/// The numbers of records in a bundle that stand in files of their own; none if it is no bundle.
pub fn large_in(first: u64, bytes: &[u8]) -> Option<Vec<u64>> {
    let entries = entries(bytes)?;
    Some((first..).zip(entries).filter(|(_, line)| line.is_empty()).map(|(number, _)| number).collect())
}

/// The entries of a bundle.
pub(super) fn entries(mut bytes: &[u8]) -> Option<Vec<&[u8]>> {
    let mut entries = Vec::new();
    while let Some((length, rest)) = bytes.split_first_chunk() {
        let (entry, rest) = rest.split_at_checked(u16::from_be_bytes(*length).into())?;
        entries.push(entry);
        bytes = rest;
    }
    bytes.is_empty().then_some(entries)
}
