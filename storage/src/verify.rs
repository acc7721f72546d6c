//! Verifying an export from its bytes alone: no log, no index, no trust in whoever made it.

use std::{
    io::{self, BufRead},
    iter,
};

use crate::{
    Checkpoint, Fault, Hash, Head, LineFault, Opening, PublicKeys, Record, VERSION,
    checkpoint::{CHECKPOINTED, KEY_ROTATED},
    export::{self, Altered, line_of_ocsf},
    fault::Faults,
    gap::{Gap, GapLine},
    hash::Tree,
    line::{HeadLine, Next, canonical, decode, next_line, parse},
    order::Order,
    personal,
};

/// What a sound export holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// How many records the log had, and their Merkle root.
    pub head: Head,
    /// Records in the export: all that the head counts, unless it is of a part.
    pub records: u64,
    /// The largest checkpoint that a trusted key signed, if keys were given: how many records it counts, and the key.
    pub signed: Option<(u64, String)>,
    /// Checkpoints kept elsewhere that the log still agrees with.
    pub witnessed: usize,
    /// Openings that were given: what of people the records stand for.
    pub opened: usize,
}

/// What a verifier has from elsewhere.
#[derive(Debug, Clone, Default)]
pub struct Trust {
    /// A head: the export must begin with the records which it counts.
    pub expected: Option<Head>,
    /// Public keys: at least one checkpoint in the export must be signed by one of them, and none wrongly.
    pub keys: Option<PublicKeys>,
    /// Checkpoints copied from where nobody could change them: the log must still have those records.
    pub witnesses: Vec<Checkpoint>,
    /// What commitments in the records are said to stand for: each must open one, of a record about that person.
    pub openings: Vec<Opening>,
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
    verify_with(input, None::<io::Empty>, Trust { expected, ..Trust::default() })
}

/// Verifies an export in any form, whole or of a part. `proofs` is the second file of a table's or OCSF's export.
///
/// # Errors
/// As [`verify`].
pub fn verify_with(mut input: impl BufRead, proofs: Option<impl BufRead>, trust: Trust) -> Result<Report, Vec<Fault>> {
    let mut verifier = Verifier::new(trust);
    let begins = input.fill_buf().map(|bytes| bytes.first().copied());
    match (begins, proofs) {
        (Err(error), _) => verifier.faults.add(Fault::Unreadable { line: 1, reason: error.to_string() }),
        (Ok(_), None) => verifier.read(input),
        (Ok(Some(b'"')), Some(proofs)) => verifier.merge(table(input), proofs),
        (Ok(_), Some(proofs)) => verifier.merge(events(input), proofs),
    }
    verifier.finish()
}

/// A line of a record in another form, with the number of that form's line or row.
type Shown = Result<Result<Vec<u8>, Altered>, Fault>;

fn table(input: impl BufRead) -> impl Iterator<Item = Shown> {
    let unreadable = |(row, error): (u64, io::Error)| Fault::Unreadable { line: row + 2, reason: error.to_string() };
    (0..).zip(export::rows(input)).map(move |(row, shown)| shown.map_err(|error| unreadable((row, error))))
}

fn events(mut input: impl BufRead) -> impl Iterator<Item = Shown> {
    let (mut line, mut number) = (Vec::new(), 0);
    iter::from_fn(move || {
        number += 1;
        let unreadable = |reason: String| Some(Err(Fault::Unreadable { line: number, reason }));
        match next_line(&mut input, &mut line) {
            Ok(Next::End) => None,
            Ok(Next::Line) => Some(line_of_ocsf(&line).map_or_else(|| Ok(Err(Altered(line.clone()))), Ok)),
            Ok(Next::Torn) => unreadable("it is cut off".to_owned()),
            Ok(Next::TooLong) => unreadable("it is too long".to_owned()),
            Err(error) => unreadable(error.to_string()),
        }
    })
}

/// The state between two lines.
struct Verifier {
    trust: Trust,
    /// Checkpoints kept elsewhere that count records which are left out, with others.
    passed: Vec<Checkpoint>,
    /// The records' leaves, as they come. Its root means something only if they came in order.
    tree: Tree,
    /// The leaves of all records but the last, as what comes after them names them. With the last record's own leaf it has
    /// the head's root if that record, and all that is named, is what was written.
    named: Tree,
    /// The root that the records had when they were as many as `expected` counts.
    found: Option<Hash>,
    order: Order,
    /// The last gap, whose hashes only a later root tells the truth of.
    gap: Option<(u64, u64)>,
    /// A root did not come out, so later ones will not either.
    is_astray: bool,
    /// How many records the last checkpoint in the export counts.
    agreed: u64,
    /// How many records the last checkpoint counts that was kept elsewhere.
    vouched: u64,
    signed: Option<(u64, String)>,
    witnessed: usize,
    opened: usize,
    records: u64,
    head: Option<HeadLine>,
    faults: Faults,
}

impl Verifier {
    fn new(mut trust: Trust) -> Self {
        // The next one is the last, and taken away when it was reached: there may be thousands.
        trust.witnesses.sort_by_key(|witness| std::cmp::Reverse(witness.head().size));
        let mut verifier = Self {
            trust,
            passed: Vec::new(),
            tree: Tree::default(),
            named: Tree::default(),
            found: None,
            order: Order::default(),
            gap: None,
            is_astray: false,
            agreed: 0,
            vouched: 0,
            signed: None,
            witnessed: 0,
            opened: 0,
            records: 0,
            head: None,
            faults: Faults::default(),
        };
        verifier.boundary();
        verifier
    }

    fn read(&mut self, mut input: impl BufRead) {
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

    /// Reads records in another form, and in between what proves them, by its place among them.
    fn merge(&mut self, rows: impl Iterator<Item = Shown>, mut proofs: impl BufRead) {
        let (mut line, mut number) = (Vec::new(), 0);
        let mut next_gap = |wanted: &mut Vec<u8>| match next_line(&mut proofs, wanted) {
            Ok(Next::Line) => canonical::<GapLine>(wanted).map_or(u64::MAX, |line| line.gap.first),
            _ => u64::MAX,
        };
        let mut at = next_gap(&mut line);
        for (row, shown) in (1..).zip(rows) {
            if self.faults.is_full() {
                return;
            }
            let bytes = match shown {
                Ok(Ok(bytes)) => bytes,
                Ok(Err(Altered(bytes))) => {
                    self.faults.add(Fault::Altered { row, record: parse(&bytes).ok().map(|record| record.seq) });
                    bytes
                }
                Err(fault) => return self.faults.add(fault),
            };
            let seq = parse(&bytes).map_or(0, |record| record.seq);
            while at <= seq {
                number += 1;
                self.line(number, &line);
                at = next_gap(&mut line);
            }
            self.line(row, &bytes);
        }
        while !line.is_empty() && !self.faults.is_full() {
            number += 1;
            self.line(number, &line);
            next_gap(&mut line);
        }
    }

    fn line(&mut self, number: u64, line: &[u8]) {
        if self.head.is_some() {
            return self.faults.add(Fault::AfterHead { line: number });
        }
        match decode(line) {
            Ok(record) => self.record(&record, Hash::leaf(line)),
            Err(fault) => {
                if let Some(head) = canonical::<HeadLine>(line).filter(|line| line.v == VERSION) {
                    self.head = Some(head);
                } else if let Some(line) = canonical::<GapLine>(line).filter(|line| line.v == VERSION) {
                    self.gap(&line.gap);
                } else {
                    self.order.stray(number, fault, &mut self.faults);
                }
            }
        }
    }

    fn record(&mut self, record: &Record, leaf: Hash) {
        self.order.record(record, leaf, &mut self.faults);
        if record.event == CHECKPOINTED && self.is_in_order() && self.tree.size() == record.seq {
            self.checkpoint(record);
        }
        if let (Some(keys), KEY_ROTATED) = (&mut self.trust.keys, record.event.as_str()) {
            let statement = record.data["statement"].as_str().unwrap_or_default();
            if let Err(error) = keys.follow(statement) {
                self.faults.add(Fault::Key { record: record.seq, reason: error.to_string() });
            }
        }
        if record.event == personal::RESOLVED {
            let before = self.trust.openings.len();
            self.trust.openings.retain(|opening| !opening.is_of(record));
            self.opened += before - self.trust.openings.len();
        }
        // What follows a gap names a record that is not there.
        if self.tree.last().is_some() {
            record.prev.into_iter().for_each(|prev| self.named.push(prev));
        }
        self.tree.push(leaf);
        self.records += 1;
        self.boundary();
    }

    /// Records that are left out.
    fn gap(&mut self, gap: &Gap) {
        let before = self.faults.len();
        let root_holds = self.is_astray || self.tree.head() == Head { size: gap.first, root: gap.root };
        if !gap.is_complete() || !self.order.gap(gap, root_holds, &mut self.faults) {
            return self.faults.add(Fault::Omission { first: gap.first, last: gap.last });
        }
        if !root_holds && self.faults.len() == before && self.faults.is_empty() {
            let (first, last) = self.gap.unwrap_or((gap.first, gap.last));
            self.faults.add(Fault::Omitted { first, last, or: gap.first });
        }
        self.is_astray |= !root_holds;
        if self.tree.last().is_some() {
            gap.prev.into_iter().for_each(|prev| self.named.push(prev));
        }
        for tree in [&mut self.tree, &mut self.named] {
            if tree.size() == gap.first {
                gap.graft(tree);
            }
        }
        self.gap = Some((gap.first, gap.last));
        self.boundary();
    }

    /// Compares what was kept elsewhere with as many records as there are now.
    fn boundary(&mut self) {
        let now = self.tree.head();
        if self.trust.expected.is_some_and(|expected| expected.size == now.size) {
            self.found = Some(now.root);
        }
        if !self.is_in_order() {
            return;
        }
        while let Some(witness) = self.trust.witnesses.pop_if(|witness| witness.head().size <= now.size) {
            match witness.head().size == now.size {
                true => self.witness(&witness, now),
                false => self.passed.push(witness),
            }
        }
    }

    fn witness(&mut self, witness: &Checkpoint, now: Head) {
        if let Some(keys) = &self.trust.keys
            && keys.signer_of(witness).is_none()
        {
            self.faults.add(Fault::WitnessUnsigned { size: now.size });
        } else if witness.head() == now {
            self.witnessed += 1;
            self.vouched = now.size;
        } else {
            self.is_astray = true;
            self.faults.add(Fault::Rewritten {
                first: self.vouched,
                last: now.size.saturating_sub(1),
                kept: witness.head(),
            });
        }
    }

    /// A record that signs the head of those before it.
    fn checkpoint(&mut self, record: &Record) {
        match Checkpoint::of(record) {
            Some(checkpoint) if checkpoint.head() == self.tree.head() => {
                self.sign(&checkpoint);
                self.agreed = record.seq;
            }
            _ => self.faults.add(Fault::Checkpoint { record: record.seq, first: self.agreed }),
        }
    }

    /// A checkpoint in the export, of records that it has.
    fn sign(&mut self, checkpoint: &Checkpoint) {
        let Some(keys) = &self.trust.keys else { return };
        match keys.signer_of(checkpoint) {
            Some(key) => self.signed = Some((checkpoint.head().size, key)),
            None => self.faults.add(Fault::Unsigned { size: checkpoint.head().size }),
        }
    }

    fn is_in_order(&self) -> bool {
        self.faults.is_empty() && !self.is_astray && self.order.is_sound()
    }

    fn finish(mut self) -> Result<Report, Vec<Fault>> {
        let computed = self.tree.head();
        let Some(line) = self.head.take() else {
            let records = self.order.finish(None, false, &mut self.faults);
            self.faults.add(Fault::CutOff { records });
            return Err(self.faults.into_vec());
        };
        let head = line.head;
        // With the right root, it is the head's number that was changed.
        let size = if head.root == computed.root { computed.size } else { head.size };
        self.tree.last().into_iter().for_each(|last| self.named.push(last));
        self.order.finish(Some(size), self.named.head() == head, &mut self.faults);
        if self.faults.is_empty() {
            self.compare(head, computed);
        }
        if self.faults.is_empty() {
            self.compare_kept(&line);
        }
        let Self { records, signed, witnessed, opened, faults, .. } = self;
        if faults.is_empty() { Ok(Report { head, records, signed, witnessed, opened }) } else { Err(faults.into_vec()) }
    }

    /// Compares roots, which says something if the lines are in order.
    fn compare(&mut self, head: Head, computed: Head) {
        match self.gap {
            Some((first, last)) if head != computed => {
                self.faults.add(Fault::Omitted { first, last, or: head.size });
            }
            _ if head != computed => self.faults.add(Fault::Root { head, computed }),
            _ => {}
        }
        if let Some(expected) = self.trust.expected
            && self.found != Some(expected.root)
        {
            self.faults.add(Fault::NotExpected { expected, computed });
        }
    }

    /// Compares what else was given with a log that is sound in itself.
    fn compare_kept(&mut self, line: &HeadLine) {
        if let Some(note) = &line.checkpoint {
            match Checkpoint::parse(note) {
                Ok(checkpoint) if checkpoint.head() == line.head => self.sign(&checkpoint),
                _ => self.faults.add(Fault::HeadCheckpoint),
            }
        }
        for witness in self.passed.iter().chain(&self.trust.witnesses) {
            let kept = witness.head();
            self.faults.add(if kept.size > line.head.size {
                Fault::CutBefore { size: line.head.size, kept }
            } else {
                Fault::Between { kept }
            });
        }
        for opening in std::mem::take(&mut self.trust.openings) {
            self.faults.add(Fault::Opening { person: opening.person, commitment: opening.commitment });
        }
        if self.trust.keys.is_some() && self.signed.is_none() && self.faults.is_empty() {
            self.faults.add(Fault::NothingSigned);
        }
    }
}
