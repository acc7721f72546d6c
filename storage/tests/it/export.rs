//! Exports, and everything that can be wrong with one.

use std::sync::LazyLock;

use proptest::prelude::*;
use storage::{Entry, Fault, Head, LineFault, Reader, export, verify::verify};

use crate::support::{append, entry, exported, fill, paused, small};

/// How many records the export has; its lines are one more.
const N: usize = 14;

static EXPORT: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let dir = tempfile::tempdir().unwrap();
    paused().block_on(async {
        let log = small(dir.path()).await;
        fill(&log, N as u64).await;
        exported(&log).await
    })
});

fn lines() -> Vec<Vec<u8>> {
    EXPORT.split_inclusive(|&byte| byte == b'\n').map(<[u8]>::to_vec).collect()
}

fn faults(bytes: &[u8]) -> Vec<Fault> {
    verify(bytes, None).expect_err("a changed export must not verify")
}

fn faults_of(lines: &[Vec<u8>]) -> Vec<Fault> {
    faults(&lines.concat())
}

/// Whether a fault names a record.
fn names(fault: &Fault, k: u64) -> bool {
    match *fault {
        Fault::Malformed { record, .. } | Fault::Newer { record, .. } | Fault::Repeated { record } => record == k,
        Fault::Renumbered { record, .. } => record == k,
        Fault::Changed { first, last } | Fault::Missing { first, last } | Fault::Extra { first, last } => {
            (first..=last).contains(&k)
        }
        Fault::EitherChanged { first, last } => k == first || k == last,
        Fault::Misplaced { first, last, after } => (first..=last).contains(&k) || after == k,
        Fault::Stray { records, .. } => records == k,
        Fault::Root { computed, .. } => computed.size == k + 1,
        _ => false,
    }
}

fn head() -> Head {
    verify(EXPORT.as_slice(), None).unwrap().head
}

#[test]
fn an_export_is_the_lines_and_the_head() {
    let dir = tempfile::tempdir().unwrap();
    paused().block_on(async {
        let log = small(dir.path()).await;
        fill(&log, 10).await;
        let bytes = exported(&log).await;
        let report = verify(bytes.as_slice(), Some(log.head())).unwrap();
        assert_eq!(report.head, log.head());

        let mut segments = Vec::new();
        for path in crate::support::segments(dir.path()) {
            segments.extend(std::fs::read(path).unwrap());
        }
        let last = format!("{{\"head\":{{\"root\":\"{}\",\"size\":10}},\"v\":1}}\n", log.head().root);
        assert_eq!(bytes, [segments, last.into_bytes()].concat());

        let mut beside = Vec::new();
        export::write(&Reader::open(dir.path()).await.unwrap(), &mut beside).await.unwrap();
        assert_eq!(beside, bytes, "another process exports the same");
    });
}

#[test]
fn an_empty_log_exports_and_verifies() {
    let dir = tempfile::tempdir().unwrap();
    let bytes = paused().block_on(async { exported(&small(dir.path()).await).await });
    let empty = verify(bytes.as_slice(), None).unwrap().head;
    assert_eq!(empty.root.to_string(), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    assert_eq!(verify(&b""[..], None), Err(vec![Fault::CutOff { records: 0 }]));
}

#[test]
fn an_earlier_head_is_found_in_a_later_export() {
    let dir = tempfile::tempdir().unwrap();
    paused().block_on(async {
        let log = small(dir.path()).await;
        let empty = log.head();
        fill(&log, 5).await;
        let kept = log.head();
        fill(&log, 6).await;
        let bytes = exported(&log).await;
        for expected in [empty, kept, log.head()] {
            verify(bytes.as_slice(), Some(expected)).unwrap();
        }
        append(&log, entry("a.b")).await;
        for expected in [log.head(), Head { size: 5, root: empty.root }, Head { size: 0, root: kept.root }] {
            let faults = verify(bytes.as_slice(), Some(expected)).unwrap_err();
            assert!(matches!(faults[..], [Fault::NotExpected { .. }]), "{faults:?}");
        }
    });
}

#[test]
fn a_log_changed_under_a_reader_is_not_exported_whole() {
    let dir = tempfile::tempdir().unwrap();
    paused().block_on(async {
        let log = small(dir.path()).await;
        append(&log, Entry { run: Some("r".to_owned()), ..entry("test.true") }).await;
        let path = crate::support::segments(dir.path()).remove(0);
        let forged = std::fs::read_to_string(&path).unwrap().replace("test.true", "test.lies");
        std::fs::write(path, forged).unwrap();
        let mut bytes = Vec::new();
        let error = export::write(log.reader(), &mut bytes).await.unwrap_err();
        assert!(matches!(error, export::ExportError::Changed { .. }), "{error}");
        assert!(verify(bytes.as_slice(), None).is_err());
    });
}

#[test]
fn faults_are_told_in_plain_words() {
    let mut changed = lines();
    changed[3] = String::from_utf8(changed[3].clone()).unwrap().replace("test.filled", "test.forged").into_bytes();
    changed.drain(6..8);
    changed.swap(7, 8);
    let told: Vec<_> = faults_of(&changed).iter().map(ToString::to_string).collect();
    assert_eq!(told, ["record 3 was changed", "record 9 stands after 10", "records 6 to 7 are missing"]);
}

#[test]
fn faults_are_bounded() {
    let garbage = b"{}\n".repeat(10_000);
    let faults = faults(&garbage);
    assert_eq!(faults.last(), Some(&Fault::More));
    assert!(faults.len() < 110);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_changed_byte_names_its_record(at in 0..EXPORT.len(), with in any::<u8>()) {
        let mut bytes = EXPORT.clone();
        prop_assume!(bytes[at] != with);
        let k = bytes[..at].iter().filter(|&&byte| byte == b'\n').count();
        let splits_or_joins = bytes[at] == b'\n' || with == b'\n';
        bytes[at] = with;
        let faults = faults(&bytes);
        if k < N {
            prop_assert!(names(&faults[0], k as u64), "{k}: {faults:?}");
            prop_assert!(splits_or_joins || faults.len() == 1, "{k}: {faults:?}");
        }
    }

    #[test]
    fn a_changed_record_in_good_form_is_named(k in 0..N) {
        let mut lines = lines();
        lines[k] = String::from_utf8(lines[k].clone()).unwrap().replace("test.filled", "test.forged").into_bytes();
        let faults = faults_of(&lines);
        if k + 1 < N {
            prop_assert_eq!(faults, [Fault::Changed { first: k as u64, last: k as u64 }]);
        } else {
            prop_assert!(matches!(faults[..], [Fault::Root { .. }]), "{:?}", faults);
        }
    }

    #[test]
    fn deleted_records_are_missing(first in 0..N, count in 1..N) {
        let last = (first + count).min(N) - 1;
        let mut lines = lines();
        lines.drain(first..=last);
        prop_assert_eq!(faults_of(&lines), [Fault::Missing { first: first as u64, last: last as u64 }]);
    }

    #[test]
    fn a_moved_record_is_misplaced(from in 0..N, to in 0..N) {
        prop_assume!(from != to);
        let mut lines = lines();
        let line = lines.remove(from);
        lines.insert(to, line);
        let (from, to) = (from as u64, to as u64);
        // Moved back, it stands after others; moved forward, others stand after it.
        let expected = if from < to {
            Fault::Misplaced { first: from, last: from, after: to }
        } else {
            Fault::Misplaced { first: to, last: from - 1, after: from }
        };
        prop_assert_eq!(faults_of(&lines), [expected]);
    }

    #[test]
    fn a_repeated_record_is_named(k in 0..N, at in 0..=N) {
        let mut lines = lines();
        lines.insert(at, lines[k].clone());
        let faults = faults_of(&lines);
        prop_assert!(faults.contains(&Fault::Repeated { record: k as u64 }), "{faults:?}");
    }

    #[test]
    fn an_inserted_line_is_named(at in 0..=N, line in "[^\n]{0,40}") {
        let mut lines = lines();
        lines.insert(at, format!("{line}\n").into_bytes());
        let faults = faults_of(&lines);
        let told = matches!(&faults[..], [Fault::Stray { line, records, fault: LineFault::NotARecord(_) }]
            if (*line, *records) == (at as u64 + 1, at as u64));
        prop_assert!(told, "{faults:?}");
    }

    #[test]
    fn a_truncated_export_is_told(at in 0..EXPORT.len()) {
        let records = EXPORT[..at].iter().filter(|&&byte| byte == b'\n').count();
        prop_assert_eq!(faults(&EXPORT[..at]), [Fault::CutOff { records: records as u64 }]);
    }

    #[test]
    fn a_shorter_or_longer_log_under_the_same_head_is_told(keep in 0..N) {
        let mut shorter = lines();
        shorter.drain(keep..N);
        prop_assert_eq!(faults_of(&shorter), [Fault::Missing { first: keep as u64, last: N as u64 - 1 }]);
        let head = head();
        let less = String::from_utf8(EXPORT.clone()).unwrap().replace(&format!("\"size\":{}", head.size), &format!("\"size\":{keep}"));
        // The root says that all records belong there, so it is the head's number that was changed.
        let faults = faults(less.as_bytes());
        prop_assert!(matches!(faults[..], [Fault::Root { .. }]), "{faults:?}");
    }
}
