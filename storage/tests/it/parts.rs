//! Exports of a part, in every form: what they prove, and everything that can be wrong with one.

use std::{
    ops::Range,
    sync::{Arc, LazyLock},
};

use proptest::prelude::*;
use storage::{
    Actor, Checkpoint, Entry, Fault, Filter, Head, Log, PublicKeys, SigningKey,
    export::{self, Exported, Format, Selection},
    verify::{Report, Trust, verify_with},
};

use crate::support::{append, entry, fill, paused, small};

/// A log of 60 records with checkpoints in it, its key, and the checkpoint of all.
struct Scene {
    _dir: tempfile::TempDir,
    log: Log,
    key: SigningKey,
    checkpoints: Vec<Checkpoint>,
}

const N: u64 = 60;

fn key() -> SigningKey {
    SigningKey::generate("standby.example.com").unwrap().parse().unwrap()
}

async fn checkpoint(log: &Log, key: &SigningKey) -> Checkpoint {
    let appended = log.checkpoint(&Arc::new(key.clone()), entry("")).await.unwrap();
    let storage::Appended::New(record) = appended else { panic!("no duplicate") };
    Checkpoint::of(&record).unwrap()
}

static SCENE: LazyLock<Scene> = LazyLock::new(|| {
    let dir = tempfile::tempdir().unwrap();
    let key = key();
    let (log, checkpoints) = paused().block_on(async {
        let log = small(dir.path()).await;
        let mut checkpoints = Vec::new();
        while log.head().size < N {
            fill(&log, 7).await;
            let person = Actor::Slack { team: "T1".to_owned(), user: "U1".to_owned(), name: Some("=1+1".to_owned()) };
            append(&log, Entry { actor: person, application: Some("shop".to_owned()), ..entry("gate.decided") }).await;
            checkpoints.push(checkpoint(&log, &key).await);
        }
        (log, checkpoints)
    });
    Scene { _dir: dir, log, key, checkpoints }
});

impl Scene {
    fn last(&self) -> &Checkpoint {
        self.checkpoints.last().unwrap()
    }

    fn trust(&self) -> Trust {
        let keys: PublicKeys = self.key.public().parse().unwrap();
        Trust { keys: Some(keys), witnesses: self.checkpoints.clone(), ..Trust::default() }
    }

    fn export(&self, filter: Filter, format: Format) -> (Vec<u8>, Vec<u8>, Exported) {
        let selection = Selection { filter, format, checkpoint: Some(self.last().clone()) };
        let (mut out, mut proofs) = (Vec::new(), Vec::new());
        let beside = (format != Format::Jsonl).then_some(&mut proofs);
        let exported = paused().block_on(export::select(self.log.reader(), &selection, &mut out, beside, |_, _| {}));
        (out, proofs, exported.unwrap())
    }
}

fn verified(out: &[u8], proofs: &[u8], trust: Trust) -> Result<Report, Vec<Fault>> {
    verify_with(out, (!proofs.is_empty()).then_some(proofs), trust)
}

fn filters() -> impl Strategy<Value = Filter> {
    let at = |seconds: u32| {
        "2026-11-22T08:00:00Z".parse::<jiff::Timestamp>().unwrap() + std::time::Duration::from_secs(seconds.into())
    };
    (
        proptest::option::of(proptest::sample::select(vec!["run-0", "run-1", "run-none"])),
        proptest::option::of(proptest::sample::select(vec!["test", "gate", "test.filled", "te"])),
        proptest::option::of(proptest::sample::select(vec!["U1", "bot", "=1+1"])),
        proptest::option::of(Just("shop")),
        proptest::option::of(0_u32..3),
    )
        .prop_map(move |(run, kind, actor, application, since)| Filter {
            run: run.map(str::to_owned),
            kind: kind.map(str::to_owned),
            actor: actor.map(str::to_owned),
            application: application.map(str::to_owned),
            since: since.map(at),
            until: None,
        })
}

fn formats() -> impl Strategy<Value = Format> {
    proptest::sample::select(vec![Format::Jsonl, Format::Csv, Format::Ocsf])
}

fn lines(bytes: &[u8]) -> Vec<Vec<u8>> {
    bytes.split_inclusive(|&byte| byte == b'\n').map(<[u8]>::to_vec).collect()
}

/// The records of a line of a part: one, or those it stands for.
fn records(line: &[u8]) -> Option<(u64, u64)> {
    let value: serde_json::Value = serde_json::from_slice(line).unwrap();
    let number = |of: &serde_json::Value| of.as_u64();
    match value.get("gap") {
        Some(gap) => number(&gap["first"]).zip(number(&gap["last"])),
        None => number(&value["seq"]).map(|seq| (seq, seq)),
    }
}

/// The records that a fault names.
fn named(fault: &Fault) -> Option<(u64, u64)> {
    match *fault {
        Fault::Malformed { record, .. } | Fault::Newer { record, .. } | Fault::Repeated { record } => {
            Some((record, record))
        }
        Fault::Renumbered { record, .. } => Some((record, record)),
        Fault::Changed { first, last }
        | Fault::EitherChanged { first, last }
        | Fault::Missing { first, last }
        | Fault::Extra { first, last }
        | Fault::Omission { first, last } => Some((first, last)),
        Fault::Misplaced { first, last, after } => Some((first.min(after), last.max(after))),
        Fault::Omitted { first, last, or } => Some((first.min(or), last.max(or))),
        Fault::Stray { records, .. } => Some((records.saturating_sub(1), records)),
        Fault::Root { computed, .. } => Some((computed.size.saturating_sub(1), computed.size)),
        Fault::Checkpoint { record, first } => Some((first, record)),
        Fault::Rewritten { first, last, .. } => Some((first, last)),
        Fault::Altered { record, .. } => record.map(|record| (record, record)),
        _ => None,
    }
}

fn names(faults: &[Fault], (first, last): (u64, u64)) -> bool {
    faults.iter().filter_map(named).any(|(from, to)| from <= last && first <= to)
}

#[test]
fn a_table_begins_no_formula() {
    let (out, _, _) = SCENE.export(Filter::default(), Format::Csv);
    let text = String::from_utf8(out).unwrap();
    assert!(text.contains(r#""'=1+1""#) && !text.contains(r#","=1+1""#), "a formula");
    assert!(text.starts_with("\"seq\",\"at\",\"event\""), "a heading");
}

#[test]
fn a_part_is_small_and_has_what_was_asked_for() {
    let filter = Filter { run: Some("run-1".to_owned()), ..Filter::default() };
    let (out, _, exported) = SCENE.export(filter, Format::Jsonl);
    let text = String::from_utf8(out).unwrap();
    assert!(!text.contains("run-0") && text.contains("run-1") && text.contains("\"gap\":"), "{text}");
    let runs = text.lines().filter(|line| line.contains("\"run\":\"run-1\"")).count() as u64;
    assert!(exported.records > runs, "checkpoints come along");
}

#[test]
fn a_forged_log_is_caught_by_the_checkpoint_that_was_kept() {
    // The host's owner has the key, rewrites the log, and signs again.
    let dir = tempfile::tempdir().unwrap();
    let forged = paused().block_on(async {
        let log = small(dir.path()).await;
        fill(&log, 3).await;
        checkpoint(&log, &SCENE.key).await;
        append(&log, entry("test.forged")).await;
        fill(&log, N).await;
        let signed = checkpoint(&log, &SCENE.key).await;
        let selection = Selection { checkpoint: Some(signed), ..Selection::default() };
        let mut out = Vec::new();
        export::select(log.reader(), &selection, &mut out, None::<&mut Vec<u8>>, |_, _| {}).await.unwrap();
        out
    });
    let keys = SCENE.trust().keys;
    verify_with(forged.as_slice(), None::<&[u8]>, Trust { keys: keys.clone(), ..Trust::default() }).unwrap();
    let faults = verify_with(forged.as_slice(), None::<&[u8]>, SCENE.trust()).unwrap_err();
    let first = SCENE.checkpoints[0].head();
    assert_eq!(faults, [Fault::Rewritten { first: 0, last: first.size - 1, kept: first }]);
}

#[test]
fn a_log_that_was_cut_is_caught_by_the_checkpoint_that_was_kept() {
    let (out, _, _) = SCENE.export(Filter::default(), Format::Jsonl);
    let kept = Head { size: N * 2, ..SCENE.last().head() };
    let mut trust = SCENE.trust();
    trust.witnesses = vec![SCENE.key.sign(kept).unwrap()];
    let faults = verified(&out, &[], trust).unwrap_err();
    assert_eq!(faults, [Fault::CutBefore { size: SCENE.last().head().size, kept }]);
}

#[test]
fn a_key_that_is_not_the_logs_is_refused() {
    let (out, _, _) = SCENE.export(Filter::default(), Format::Jsonl);
    let trust = Trust { keys: Some(key().public().parse().unwrap()), ..Trust::default() };
    assert!(matches!(verified(&out, &[], trust).unwrap_err()[..], [Fault::Unsigned { .. }, ..]));
}

#[test]
fn a_rotated_key_is_trusted_through_the_one_before() {
    let dir = tempfile::tempdir().unwrap();
    let (old, new) = (key(), key());
    paused().block_on(async {
        let log = small(dir.path()).await;
        fill(&log, 5).await;
        checkpoint(&log, &old).await;
        let data = serde_json::json!({ "statement": old.introduce(&new).unwrap() });
        append(&log, Entry { data, ..entry("log.key-rotated") }).await;
        fill(&log, 5).await;
        let last = checkpoint(&log, &new).await;
        let filter = Filter { run: Some("run-0".to_owned()), ..Filter::default() };
        let selection = Selection { filter, checkpoint: Some(last.clone()), ..Selection::default() };
        let mut out = Vec::new();
        export::select(log.reader(), &selection, &mut out, None::<&mut Vec<u8>>, |_, _| {}).await.unwrap();
        let trust = Trust { keys: Some(old.public().parse().unwrap()), witnesses: vec![last], ..Trust::default() };
        let report = verified(&out, &[], trust).unwrap();
        assert!(report.signed.unwrap().1.starts_with("standby.example.com+"));
    });
}

/// Where an export says what was asked for. It is what the exporter says: that what matches was all given is not provable.
fn filter_of(bytes: &[u8]) -> Range<usize> {
    let text = String::from_utf8_lossy(bytes);
    let Some(start) = text.rfind("\"filter\":{") else { return 0..0 };
    let end = text[start..].find('}').map_or(text.len(), |end| start + end);
    start..end
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_part_in_any_form_verifies(filter in filters(), format in formats()) {
        let (out, proofs, exported) = SCENE.export(filter, format);
        let report = verified(&out, &proofs, SCENE.trust()).unwrap();
        prop_assert_eq!(report.head, SCENE.last().head());
        prop_assert_eq!(report.records, exported.records);
        prop_assert_eq!(report.witnessed, SCENE.checkpoints.len());
        prop_assert_eq!(report.signed.unwrap().0, report.head.size);
    }

    #[test]
    fn a_changed_byte_is_found_and_named(filter in filters(), at in any::<proptest::sample::Index>(), with in any::<u8>()) {
        let (mut out, _, _) = SCENE.export(filter, Format::Jsonl);
        let at = at.index(out.len());
        prop_assume!(out[at] != with && !filter_of(&out).contains(&at));
        let line = out[..at].iter().filter(|&&byte| byte == b'\n').count();
        let place = records(&lines(&out)[line]);
        out[at] = with;
        let faults = verified(&out, &[], SCENE.trust()).expect_err("a changed part must not verify");
        if let Some(place) = place {
            prop_assert!(names(&faults, place), "{place:?}: {faults:?}");
        }
    }

    #[test]
    fn a_changed_row_is_found(format in proptest::sample::select(vec![Format::Csv, Format::Ocsf]), filter in filters(), at in any::<proptest::sample::Index>(), with in b'a'..=b'z', beside in any::<bool>()) {
        let (mut out, mut proofs, _) = SCENE.export(filter, format);
        let bytes = if beside { &mut proofs } else { &mut out };
        let at = at.index(bytes.len());
        prop_assume!(!filter_of(bytes).contains(&at));
        // The heading is for people; and a table may be written with other line ends and quotes.
        let heading = if format == Format::Csv && !beside { 130 } else { 0 };
        prop_assume!(at >= heading && bytes[at].is_ascii_alphanumeric() && bytes[at] != with);
        bytes[at] = with;
        prop_assert!(verified(&out, &proofs, SCENE.trust()).is_err());
    }

    #[test]
    fn what_is_deleted_moved_or_repeated_is_found_and_named(filter in filters(), at in any::<proptest::sample::Index>(), to in any::<proptest::sample::Index>(), how in 0..3) {
        let (out, _, _) = SCENE.export(filter, Format::Jsonl);
        let mut lines = lines(&out);
        let (at, to) = (at.index(lines.len()), to.index(lines.len()));
        // Which of two neighbours was moved cannot be told.
        let place = records(&lines[at]).map(|(first, last)| if how == 1 { (first.saturating_sub(1), last + 1) } else { (first, last) });
        match how {
            0 => drop(lines.remove(at)),
            1 => {
                prop_assume!(at != to);
                let line = lines.remove(at);
                lines.insert(to, line);
            }
            _ => {
                let line = lines[at].clone();
                lines.insert(to, line);
            }
        }
        let faults = verified(&lines.concat(), &[], SCENE.trust()).expect_err("it must not verify");
        if let Some(place) = place {
            prop_assert!(names(&faults, place), "{place:?}: {faults:?}");
        }
    }

    #[test]
    fn a_truncated_part_is_told(filter in filters(), at in any::<proptest::sample::Index>()) {
        let (out, _, _) = SCENE.export(filter, Format::Jsonl);
        let at = at.index(out.len());
        let faults = verified(&out[..at], &[], SCENE.trust()).unwrap_err();
        prop_assert!(matches!(faults.last(), Some(Fault::CutOff { .. })), "{faults:?}");
    }
}
