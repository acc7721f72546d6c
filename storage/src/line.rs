//! A line of the log: the canonical bytes of a record, and reading lines without trusting them.

use std::io::{self, BufRead, Read};

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;

use crate::{Filter, Head, Record, VERSION};

/// The longest line, newline excluded: 1 MiB. It bounds the memory that any reader needs.
pub const MAX_LINE: usize = 1 << 20;

/// What is wrong with one line by itself.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LineFault {
    /// Written by a later version of this program.
    #[error("has format version {0}, and this program reads up to {VERSION}: use the newer program")]
    Newer(u32),
    /// Not JSON, or not with a record's fields.
    #[error("is not a record: {0}")]
    NotARecord(String),
    /// JSON with a record's fields, but not in the one canonical form (RFC 8785).
    #[error("is not in canonical form")]
    NotCanonical,
    /// Longer than [`MAX_LINE`].
    #[error("is longer than {MAX_LINE} bytes")]
    TooLong,
}

/// The canonical form (RFC 8785) of a value, without newline.
pub(crate) fn encode<T: Serialize>(value: &T) -> serde_json::Result<Vec<u8>> {
    serde_json_canonicalizer::to_vec(value)
}

/// The canonical form of a record. A record is written in its order, so that where its data is plain, `serde_json`'s compact form is the same, and
/// sorting is spared. With it, whether its data is plain: then the line is read back as this very record.
pub(crate) fn encode_record(record: &Record) -> serde_json::Result<(Vec<u8>, bool)> {
    let is_plain = is_plain(&record.data);
    let line = if is_plain { serde_json::to_vec(record)? } else { encode(record)? };
    Ok((line, is_plain))
}

/// Whether a value's compact JSON is canonical, and is read back as the same value: its names sort by bytes as they do in UTF-16, its numbers are
/// written in digits, and it is not too deep for a parser.
fn is_plain(value: &Value) -> bool {
    is_plain_within(value, DEPTH)
}

/// How deep a plain value is at most. Beyond 127 `serde_json` refuses to read.
const DEPTH: u32 = 64;

fn is_plain_within(value: &Value, depth: u32) -> bool {
    let Some(inner) = depth.checked_sub(1) else { return false };
    match value {
        Value::Null | Value::Bool(_) | Value::String(_) => true,
        Value::Number(number) => number.as_i64().is_some_and(|integer| integer.unsigned_abs() < 1 << 53),
        Value::Array(values) => values.iter().all(|value| is_plain_within(value, inner)),
        // Sorted unless some crate turns on `serde_json`'s feature to keep their order.
        Value::Object(fields) => {
            fields.keys().is_sorted()
                && fields.iter().all(|(name, value)| name.is_ascii() && is_plain_within(value, inner))
        }
    }
}

/// The record on a line that was checked before.
pub(crate) fn parse(line: &[u8]) -> Result<Record, LineFault> {
    let reason = match serde_json::from_slice::<Record>(line) {
        Ok(record) if record.v == VERSION => return Ok(record),
        Ok(record) => format!("unknown format version {}", record.v),
        Err(error) => error.to_string(),
    };
    match serde_json::from_slice::<Versioned>(line) {
        Ok(Versioned { v }) if v > VERSION => Err(LineFault::Newer(v)),
        _ => Err(LineFault::NotARecord(reason)),
    }
}

/// The record on a line, which must be in canonical form.
pub(crate) fn decode(line: &[u8]) -> Result<Record, LineFault> {
    let record = parse(line)?;
    // One record has one form; anything else (spaces, other field order, doubled keys, other digits) is a change.
    match encode_record(&record) {
        Ok((canonical, _)) if canonical == line => Ok(record),
        _ => Err(LineFault::NotCanonical),
    }
}

/// What stands on a line in canonical form, if it is such a thing.
pub(crate) fn canonical<T: Serialize + DeserializeOwned>(line: &[u8]) -> Option<T> {
    let parsed = serde_json::from_slice::<T>(line).ok()?;
    encode(&parsed).is_ok_and(|canonical| canonical == line).then_some(parsed)
}

/// As much of any version's record as tells its version.
#[derive(Deserialize)]
struct Versioned {
    v: u32,
}

/// The last line of an export, and the head file beside the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct HeadLine {
    /// The signed note of the head, where there is a key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) checkpoint: Option<String>,
    /// Which records were asked for, if not all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) filter: Option<Filter>,
    pub(crate) head: Head,
    pub(crate) v: u32,
}

impl HeadLine {
    /// The line for a head.
    pub(crate) fn new(head: Head) -> Self {
        Self { checkpoint: None, filter: None, head, v: VERSION }
    }
}

/// What [`next_line`] found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Next {
    /// A line, now in the buffer without its newline.
    Line,
    /// A line longer than [`MAX_LINE`], skipped.
    TooLong,
    /// Bytes without a newline after them.
    Torn,
    /// Nothing more.
    End,
}

/// Reads the next line into `line` (emptied first), in bounded memory.
pub(crate) fn next_line(input: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<Next> {
    line.clear();
    let read = input.by_ref().take(MAX_LINE as u64 + 1).read_until(b'\n', line)?;
    if line.last() == Some(&b'\n') {
        line.pop();
        return Ok(Next::Line);
    }
    if read == 0 {
        return Ok(Next::End);
    }
    if read <= MAX_LINE {
        return Ok(Next::Torn);
    }
    skip_to_newline(input)
}

/// Skips the rest of a line that is too long.
fn skip_to_newline(input: &mut impl BufRead) -> io::Result<Next> {
    loop {
        let buffer = input.fill_buf()?;
        if buffer.is_empty() {
            return Ok(Next::Torn);
        }
        let newline = buffer.iter().position(|&byte| byte == b'\n');
        let skipped = newline.map_or(buffer.len(), |at| at + 1);
        input.consume(skipped);
        if newline.is_some() {
            return Ok(Next::TooLong);
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::{Actor, Hash, Origin};

    /// JSON as unusual as it gets, a little more often as usual as it is.
    fn values() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<u64>().prop_map(Value::from),
            (-(1_i64 << 54)..1 << 54).prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            any::<String>().prop_map(Value::from),
        ];
        let names = prop_oneof!["[a-z]{1,4}", "[\\x00-\\x7f]{0,4}", "[a\u{e000}-\u{10ffff}]{1,2}"];
        leaf.prop_recursive(4, 40, 6, move |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
                prop::collection::btree_map(names.clone(), inner, 0..6)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    /// A record with everything that may be absent, or nothing of it.
    fn record(data: Value, in_full: bool) -> Record {
        let text = |text: &str| in_full.then(|| text.to_owned());
        let (team, user, channel) = ("T1".to_owned(), "U1".to_owned(), "C1".to_owned());
        Record {
            v: VERSION,
            seq: 7,
            prev: in_full.then(Hash::empty),
            at: "2026-11-22T08:00:00.000001Z".parse().unwrap(),
            actor: Actor::Slack { team, user, name: text("Maya") },
            origin: Origin::Slack { channel, message: text("1795334400.000100") },
            application: text("shop"),
            run: text("promote-1"),
            step: text("database"),
            event: "step.done".to_owned(),
            dedupe: text("click/1"),
            data,
        }
    }

    fn is_written_as_rfc_8785_asks(record: &Record) -> bool {
        encode_record(record).unwrap().0 == serde_json_canonicalizer::to_vec(record).unwrap()
    }

    proptest! {
        #[test]
        fn a_record_is_written_in_its_canonical_form(data in values(), in_full: bool) {
            prop_assert!(is_written_as_rfc_8785_asks(&record(data, in_full)));
        }

        #[test]
        fn what_is_plain_is_read_back_as_it_was(data in values(), in_full: bool) {
            let record = record(data, in_full);
            let (line, is_plain) = encode_record(&record).unwrap();
            if is_plain {
                prop_assert_eq!(parse(&line).unwrap(), record);
            }
        }
    }

    #[test]
    fn every_actor_and_origin_is_written_in_its_canonical_form() {
        let actors = [Actor::Terminal { user: "alice".to_owned() }, Actor::Bot];
        for (actor, origin) in actors.into_iter().zip([Origin::Terminal, Origin::System]) {
            assert!(is_written_as_rfc_8785_asks(&Record { actor, origin, ..record(json!({}), false) }));
        }
    }

    #[test]
    fn plain_ends_where_the_two_ways_part() {
        assert!(is_plain(&json!({ "n": (1_i64 << 53) - 1, "deep": [[["\u{e000}"]]] })));
        // JavaScript writes other digits; 1.0 becomes 1; UTF-16 puts the second name first; no parser goes so deep.
        assert!(!is_plain(&json!((1_i64 << 53) + 1)));
        assert!(!is_plain(&json!(1.0)));
        assert!(!is_plain(&json!({ "\u{ffff}": 1, "\u{10000}": 2 })));
        assert!(!is_plain(&(0..200).fold(Value::Null, |inner, _| json!([inner]))));
    }
}
