//! Verifying an export from its bytes alone: no log, no index, no trust in whoever made it.

use std::io::BufRead;

use crate::{
    Fault, Hash, Head, LineFault, Record, VERSION,
    fault::Faults,
    hash::Tree,
    line::{HeadLine, Next, decode, encode, next_line},
    order::Order,
};

/// What a sound export holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Report {
    /// How many records, and their Merkle root.
    pub head: Head,
}

/// Verifies an export: every line's form, the numbers, the chain of hashes, the Merkle root, and, if `expected` is given,
/// that the export begins with the records which that head counts. Reads in constant memory.
///
/// An export that is sound in itself proves only that it is what somebody exported; compare with a head that was kept
/// elsewhere to know that nothing was rewritten.
///
/// # Errors
/// What is wrong, by record number, in the order in which it was noticed.
pub fn verify(input: impl BufRead, expected: Option<Head>) -> Result<Report, Vec<Fault>> {
    let mut verifier = Verifier { expected, ..Verifier::default() };
    verifier.read(input);
    verifier.finish()
}

/// The state between two lines.
#[derive(Default)]
struct Verifier {
    expected: Option<Head>,
    /// The records' leaves, as they come. Its root means something only if they came in order.
    tree: Tree,
    /// The leaves of all records but the last, as the records after them name them. With the last record's own leaf it has
    /// the head's root if that record, and all that is named, is what was written.
    named: Tree,
    /// The root that the records had when they were as many as `expected` counts.
    found: Option<Hash>,
    order: Order,
    head: Option<Head>,
    faults: Faults,
}

impl Verifier {
    fn read(&mut self, mut input: impl BufRead) {
        self.note_expected();
        let (mut line, mut number) = (Vec::new(), 0);
        while !self.faults.is_full() {
            number += 1;
            match next_line(&mut input, &mut line) {
                Ok(Next::End) => return,
                Ok(Next::Line) => self.line(number, &line),
                Ok(Next::TooLong) => self.order.stray(number, LineFault::TooLong, &mut self.faults),
                // What is cut off within a line has no head line after it either.
                Ok(Next::Torn) => return,
                Err(error) => return self.faults.add(Fault::Unreadable { line: number, reason: error.to_string() }),
            }
        }
    }

    fn line(&mut self, number: u64, line: &[u8]) {
        if self.head.is_some() {
            return self.faults.add(Fault::AfterHead { line: number });
        }
        match decode(line) {
            Ok(record) => self.record(&record, Hash::leaf(line)),
            Err(fault) => match head(line) {
                Some(head) => self.head = Some(head),
                None => self.order.stray(number, fault, &mut self.faults),
            },
        }
    }

    fn record(&mut self, record: &Record, leaf: Hash) {
        self.order.record(record, leaf, &mut self.faults);
        self.tree.push(leaf);
        record.prev.into_iter().for_each(|prev| self.named.push(prev));
        self.note_expected();
    }

    fn note_expected(&mut self) {
        if self.expected.is_some_and(|expected| expected.size == self.tree.size()) {
            self.found = Some(self.tree.head().root);
        }
    }

    fn finish(mut self) -> Result<Report, Vec<Fault>> {
        let computed = self.tree.head();
        let Some(head) = self.head else {
            let records = self.order.finish(None, false, &mut self.faults);
            self.faults.add(Fault::CutOff { records });
            return Err(self.faults.into_vec());
        };
        // With the right root, it is the head's number that was changed.
        let size = if head.root == computed.root { computed.size } else { head.size };
        self.tree.last().into_iter().for_each(|last| self.named.push(last));
        self.order.finish(Some(size), self.named.head() == head, &mut self.faults);
        if self.faults.is_empty() {
            self.compare(head, computed);
        }
        if self.faults.is_empty() { Ok(Report { head }) } else { Err(self.faults.into_vec()) }
    }

    /// Compares roots, which says something if the lines are in order.
    fn compare(&mut self, head: Head, computed: Head) {
        if head != computed {
            self.faults.add(Fault::Root { head, computed });
        }
        if let Some(expected) = self.expected
            && self.found != Some(expected.root)
        {
            self.faults.add(Fault::NotExpected { expected, computed });
        }
    }
}

/// The head on a line in canonical form.
fn head(line: &[u8]) -> Option<Head> {
    let parsed = serde_json::from_slice::<HeadLine>(line).ok()?;
    let canonical = encode(&parsed).ok()?;
    (parsed.v == VERSION && canonical == line).then_some(parsed.head)
}
