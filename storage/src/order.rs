//! Which records of an export are missing, misplaced or changed, told from their numbers and the chain of their hashes.

use std::mem;

use crate::{
    Fault, Hash, LineFault, Record,
    fault::{Faults, MAX_FAULTS},
    gap::Gap,
};

/// What is known between two lines. All of it is bounded: what would grow is told as faults.
#[derive(Debug, Default)]
pub(crate) struct Order {
    /// The number that the next record should have.
    next: u64,
    /// The leaf hash of the record before that one, if that record is there and can be trusted to be what was written.
    last: Option<Hash>,
    /// Lines since then that are no records.
    strays: Vec<(u64, LineFault)>,
    /// Numbers that were passed over.
    gaps: Vec<Span>,
    /// Records that stood after a later one, just now, and that one.
    late: Option<(Span, u64)>,
    /// Consecutive links that do not hold. Link n is between records n and n + 1.
    broken: Option<Span>,
}

/// Numbers from `first` to `last`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Span {
    first: u64,
    last: u64,
}

impl Order {
    /// A line that is no record. What it is depends on what follows: it stands for a record that is not there, or for none.
    pub(crate) fn stray(&mut self, line: u64, fault: LineFault, faults: &mut Faults) {
        self.strays.push((line, fault));
        if self.strays.len() >= MAX_FAULTS {
            self.settle(self.next, faults);
        }
    }

    /// A record as it comes, with the hash of its line.
    pub(crate) fn record(&mut self, record: &Record, leaf: Hash, faults: &mut Faults) {
        let is_next_in_chain = record.prev == self.last && (self.last.is_some() || self.next == 0);
        if record.seq != self.next && is_next_in_chain && self.strays.is_empty() {
            faults.add(Fault::Renumbered { record: self.next, found: record.seq });
            self.links_end(true, faults);
            (self.next, self.last) = (self.next + 1, None);
        } else if record.seq < self.next {
            self.passed(record.seq, faults);
        } else {
            self.place(record, leaf, faults);
        }
    }

    /// Records that are left out, and whether those before have the root that this says. Whether it has its place here.
    pub(crate) fn gap(&mut self, gap: &Gap, root_holds: bool, faults: &mut Faults) -> bool {
        if gap.first < self.next {
            return false;
        }
        self.late_end(faults);
        let is_adjacent = gap.first == self.next;
        self.settle(gap.first, faults);
        let holds = self.last == gap.prev;
        match self.last {
            // All before it is what was written, so this line is not.
            Some(_) if is_adjacent && !holds && root_holds => return false,
            Some(_) if is_adjacent => {
                self.link(gap.first.saturating_sub(1), holds, faults);
                self.links_end(true, faults);
            }
            _ => self.links_end(false, faults),
        }
        (self.next, self.last) = (gap.last.saturating_add(1), None);
        true
    }

    /// Whether nothing so far is known to be wrong.
    pub(crate) fn is_sound(&self) -> bool {
        self.strays.is_empty() && self.gaps.is_empty() && self.late.is_none() && self.broken.is_none()
    }

    /// The end of the input: how many records there should be, if that is known, and whether the last one is known to be
    /// what was written. Answers how many there were.
    pub(crate) fn finish(&mut self, size: Option<u64>, vouched: bool, faults: &mut Faults) -> u64 {
        let records = self.next;
        match size {
            Some(size) if size < records => {
                self.settle(records, faults);
                faults.add(Fault::Extra { first: size, last: records - 1 });
            }
            Some(size) => self.settle(size, faults),
            None => self.settle(records, faults),
        }
        self.late_end(faults);
        self.links_end(vouched, faults);
        for Span { first, last } in mem::take(&mut self.gaps) {
            faults.add(Fault::Missing { first, last });
        }
        records
    }

    /// A record that is not before its place.
    fn place(&mut self, record: &Record, leaf: Hash, faults: &mut Faults) {
        self.late_end(faults);
        let is_adjacent = record.seq == self.next;
        self.settle(record.seq, faults);
        let mut last = Some(leaf);
        match self.last {
            Some(before) if is_adjacent => self.link(record.seq - 1, record.prev == Some(before), faults),
            None if record.seq == 0 && record.prev.is_some() => {
                faults.add(Fault::Changed { first: 0, last: 0 });
                last = None;
            }
            // Whether this follows from the record before cannot be told: that is not there, or was changed.
            _ => self.links_end(false, faults),
        }
        (self.next, self.last) = (record.seq + 1, last);
    }

    /// A record whose number was passed: late, or there twice.
    fn passed(&mut self, seq: u64, faults: &mut Faults) {
        let Some(at) = self.gaps.iter().position(|gap| gap.first <= seq && seq <= gap.last) else {
            return faults.add(Fault::Repeated { record: seq });
        };
        let gap = self.gaps.remove(at);
        let before = (gap.first < seq).then(|| Span { first: gap.first, last: seq - 1 });
        let after = (seq < gap.last).then(|| Span { first: seq + 1, last: gap.last });
        self.gaps.splice(at..at, before.into_iter().chain(after));
        match &mut self.late {
            Some((span, _)) if span.last + 1 == seq => span.last = seq,
            _ => {
                self.late_end(faults);
                self.late = Some((Span { first: seq, last: seq }, self.next - 1));
            }
        }
    }

    /// Tells what the strays were, now that record `seq` is known to come next, and notes the records that are not there.
    fn settle(&mut self, seq: u64, faults: &mut Faults) {
        for (line, fault) in mem::take(&mut self.strays) {
            let record = self.next;
            match fault {
                fault if record >= seq => faults.add(Fault::Stray { line, records: record, fault }),
                LineFault::Newer(version) => faults.add(Fault::Newer { record, line, version }),
                fault => faults.add(Fault::Malformed { record, line, fault }),
            }
            if record < seq {
                self.next += 1;
            }
        }
        if self.next < seq {
            self.gaps.push(Span { first: self.next, last: seq - 1 });
        }
        if self.gaps.len() > MAX_FAULTS {
            let Span { first, last } = self.gaps.remove(0);
            faults.add(Fault::Missing { first, last });
        }
    }

    fn late_end(&mut self, faults: &mut Faults) {
        if let Some((Span { first, last }, after)) = self.late.take() {
            faults.add(Fault::Misplaced { first, last, after });
        }
    }

    fn link(&mut self, link: u64, holds: bool, faults: &mut Faults) {
        if holds {
            return self.links_end(true, faults);
        }
        match &mut self.broken {
            Some(broken) => broken.last = link,
            None => self.broken = Some(Span { first: link, last: link }),
        }
    }

    /// Tells what broke links. `vouched` says that the record after the last of them is what was written: the one after it
    /// names its hash, or the head covers it.
    ///
    /// A changed record breaks the link after it; if its `prev` was changed, the one before it as well.
    fn links_end(&mut self, vouched: bool, faults: &mut Faults) {
        let Some(Span { first, last }) = self.broken.take() else { return };
        faults.add(match last - first {
            0 if vouched => Fault::Changed { first, last },
            0 => Fault::EitherChanged { first, last: last + 1 },
            1 => Fault::Changed { first: last, last },
            _ => Fault::Changed { first, last },
        });
    }
}
