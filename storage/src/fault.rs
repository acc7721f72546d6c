//! What verification can find wrong with an export.

use crate::{Hash, Head, LineFault, VERSION};

/// Faults told at most. An export with more is not the one that was asked about.
pub(crate) const MAX_FAULTS: usize = 100;

/// One thing that is wrong with an export. Records are named by their numbers, lines count from 1.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// A record's line is not what was written: by itself it is not a record in its one form.
    #[error("record {record} was changed: line {line} {fault}")]
    Malformed {
        /// The record that should be there.
        record: u64,
        /// The line.
        line: u64,
        /// What is wrong with it.
        fault: LineFault,
    },
    /// A record stands in its place in the chain of hashes under another number.
    #[error("record {record} was changed: its number says {found}")]
    Renumbered {
        /// The record that it is.
        record: u64,
        /// The number that it gives itself.
        found: u64,
    },
    /// Records whose hash is not the one that the record after them names.
    #[error("{}", changed(*first, *last))]
    Changed {
        /// The first record.
        first: u64,
        /// The last record.
        last: u64,
    },
    /// The last two records do not belong together, and no later record tells which of them is right.
    #[error("record {first} or record {last} was changed")]
    EitherChanged {
        /// The one.
        first: u64,
        /// The other, which is the last of all.
        last: u64,
    },
    /// Records that are not there.
    #[error("{}", missing(*first, *last))]
    Missing {
        /// The first of them.
        first: u64,
        /// The last of them.
        last: u64,
    },
    /// Records that stand after a later one.
    #[error("{}", misplaced(*first, *last, *after))]
    Misplaced {
        /// The first of them.
        first: u64,
        /// The last of them.
        last: u64,
        /// The later record.
        after: u64,
    },
    /// A number that was had before.
    #[error("record {record} stands there twice")]
    Repeated {
        /// The number.
        record: u64,
    },
    /// A line that takes no record's place.
    #[error("line {line}, after {records} records, does not belong there: it {fault}")]
    Stray {
        /// The line.
        line: u64,
        /// Records before it.
        records: u64,
        /// What is wrong with it.
        fault: LineFault,
    },
    /// A record of a later format version.
    #[error(
        "record {record} (line {line}) has format version {version}, and this program reads up to {VERSION}: use the newer program"
    )]
    Newer {
        /// The record.
        record: u64,
        /// Its line.
        line: u64,
        /// Its version.
        version: u32,
    },
    /// The last line, with the head, is not there.
    #[error("the export is cut off after {records} records: its last line, with the head, is missing")]
    CutOff {
        /// Records before the cut.
        records: u64,
    },
    /// Records that the head does not count.
    #[error("{}", extra(*first, *last))]
    Extra {
        /// The first of them.
        first: u64,
        /// The last of them.
        last: u64,
    },
    /// Something stands after the head line.
    #[error("line {line} stands after the head, which must be last")]
    AfterHead {
        /// The line.
        line: u64,
    },
    /// Every record follows from the one before, but their root or number is not the head's.
    #[error(
        "the last record{} or the head was changed: the head says {head}, the records have {computed}",
        last(computed)
    )]
    Root {
        /// What the export's last line says.
        head: Head,
        /// What its records have.
        computed: Head,
    },
    /// The export is sound in itself, but it is not of the log that the expected head was taken of, or that was rewritten.
    #[error("the log was rewritten, or is another: expected {expected}, and the export has {computed}")]
    NotExpected {
        /// The head that was kept elsewhere.
        expected: Head,
        /// What the records have.
        computed: Head,
    },
    /// The line that stands for records which are left out does not belong there, or is not what was written.
    #[error("the line for records {first} to {last}, which are left out, was changed or does not belong there")]
    Omission {
        /// The first of them.
        first: u64,
        /// The last of them.
        last: u64,
    },
    /// A root does not come out, and no record between tells why: what stands for records that are left out was changed, or what
    /// stands at the other place, from which on it does not come out.
    #[error(
        "the line for records {first} to {last}, which are left out, was changed, or what comes before record {or}"
    )]
    Omitted {
        /// The first of them.
        first: u64,
        /// The last of them.
        last: u64,
        /// Where the root did not come out.
        or: u64,
    },
    /// A row of a table, or an event, that does not show what its record says.
    #[error("row {row}{} was changed: it shows something else than its record", of(*record))]
    Altered {
        /// The row, from 1, or the line of an event.
        row: u64,
        /// Its record, if that can be read.
        record: Option<u64>,
    },
    /// A checkpoint in the log that is not of the records before it.
    #[error(
        "record {record} is a checkpoint of other records than those before it: one from {first} to {record} was changed"
    )]
    Checkpoint {
        /// Its record.
        record: u64,
        /// The first record that no earlier checkpoint counts.
        first: u64,
    },
    /// The note in the export's last line is not of the head there.
    #[error("the checkpoint in the last line is not of its head: one of them was changed")]
    HeadCheckpoint,
    /// A checkpoint that none of the keys given signed.
    #[error("the checkpoint of {size} records is not signed by a key that was given")]
    Unsigned {
        /// How many records it counts.
        size: u64,
    },
    /// Keys were given, and nothing is signed.
    #[error("no checkpoint in the export is signed by a key that was given")]
    NothingSigned,
    /// What is said to stand behind a commitment, and does not.
    #[error("no record here commits to what is said of {person}: commitment {commitment}")]
    Opening {
        /// The person.
        person: String,
        /// The commitment.
        commitment: Hash,
    },
    /// A record that names the next key, which a key that is trusted did not sign.
    #[error("record {record} does not introduce a key: {reason}")]
    Key {
        /// The record.
        record: u64,
        /// Why.
        reason: String,
    },
    /// A kept checkpoint that none of the keys given signed.
    #[error(
        "the kept checkpoint of {size} records is not signed by a key that is trusted: it is of another log, or forged"
    )]
    WitnessUnsigned {
        /// How many records it counts.
        size: u64,
    },
    /// The log is not the one that a kept checkpoint was taken of.
    #[error("the log was rewritten: {} not what was there when the checkpoint of {kept} was taken", rewritten(*first, *last))]
    Rewritten {
        /// The first record that may be another: what came before is vouched for.
        first: u64,
        /// The last record that the checkpoint counts.
        last: u64,
        /// What was kept.
        kept: Head,
    },
    /// A kept checkpoint counts more records than the export.
    #[error("the log was cut, or the export is older: it has {size} records, and the kept checkpoint is of {kept}")]
    CutBefore {
        /// Records of the export.
        size: u64,
        /// What was kept.
        kept: Head,
    },
    /// A kept checkpoint that ends within records that are left out.
    #[error("the kept checkpoint of {kept} ends within records that are left out: verify it with the whole log")]
    Between {
        /// What was kept.
        kept: Head,
    },
    /// The input could not be read.
    #[error("failed to read line {line}: {reason}")]
    Unreadable {
        /// The line.
        line: u64,
        /// Why.
        reason: String,
    },
    /// There are more faults than are told.
    #[error("there are more faults than these {MAX_FAULTS}")]
    More,
}

fn changed(first: u64, last: u64) -> String {
    if first == last {
        format!("record {first} was changed")
    } else {
        format!("records {first} to {last} were changed")
    }
}

fn missing(first: u64, last: u64) -> String {
    if first == last { format!("record {first} is missing") } else { format!("records {first} to {last} are missing") }
}

fn misplaced(first: u64, last: u64, after: u64) -> String {
    if first == last {
        format!("record {first} stands after {after}")
    } else {
        format!("records {first} to {last} stand after {after}")
    }
}

fn of(record: Option<u64>) -> String {
    record.map(|record| format!(" of record {record}")).unwrap_or_default()
}

fn rewritten(first: u64, last: u64) -> String {
    if first == last { format!("record {first} is") } else { format!("one of the records {first} to {last} is") }
}

fn extra(first: u64, last: u64) -> String {
    if first == last {
        format!("record {first} was added: the head does not count it")
    } else {
        format!("records {first} to {last} were added: the head does not count them")
    }
}

fn last(head: &Head) -> String {
    head.size.checked_sub(1).map(|seq| format!(", {seq},")).unwrap_or_default()
}

/// The faults found so far, bounded.
#[derive(Debug, Default)]
pub(crate) struct Faults(Vec<Fault>);

impl Faults {
    pub(crate) fn add(&mut self, fault: Fault) {
        match self.0.len() {
            0..MAX_FAULTS => self.0.push(fault),
            MAX_FAULTS => self.0.push(Fault::More),
            _ => {}
        }
    }

    pub(crate) fn is_full(&self) -> bool {
        self.0.len() > MAX_FAULTS
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn into_vec(self) -> Vec<Fault> {
        self.0
    }
}
