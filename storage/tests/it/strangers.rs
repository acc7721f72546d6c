//! Tools that nobody here wrote, on our checkpoints, proofs and tiles: `tests/third-party/README.md` says what they need.

use std::{
    path::{Path, PathBuf},
    process::{Command, Output},
    sync::Arc,
};

use base64::{Engine as _, prelude::BASE64_STANDARD as BASE64};
use serde_json::json;
use storage::{Checkpoint, Entry, Hash, Log, SigningKey, tiles};

use crate::support::{append, entry, segments, small};

/// Records of the log: a full tile and some more for those who read tiles.
const FEW: u64 = 13;
const MANY: u64 = 300;

fn third_party(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/third-party").join(name)
}

fn base64(hashes: &[Hash]) -> Vec<String> {
    hashes.iter().map(|hash| BASE64.encode(hash.as_bytes())).collect()
}

fn content(output: Output) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(output.status.success(), "{}\n{}", text(&output.stdout), text(&output.stderr));
    let said = text(&output.stdout);
    eprintln!("{said}");
    said
}

/// A log with that many records, and everything that can be proved of it, in files.
async fn vectors(dir: &Path, size: u64) -> SigningKey {
    let key: SigningKey = SigningKey::generate("standby.example.com/shop").unwrap().parse().unwrap();
    let signer = Arc::new(key.clone());
    let log = small(&dir.join("store")).await;
    let mut checkpoints = Vec::new();
    while log.head().size < size {
        let n = log.head().size;
        if matches!(n, 1 | 5 | 8) || n + 1 == size {
            let storage::Appended::New(record) = log.checkpoint(&signer, entry("")).await.unwrap() else {
                unreachable!()
            };
            checkpoints.push(Checkpoint::of(&record).unwrap());
        } else {
            append(&log, Entry { data: json!({ "n": n }), ..entry("test.filled") }).await;
        }
    }
    let whole = key.sign(log.head()).unwrap();
    checkpoints.push(whole.clone());

    let mut text = Vec::new();
    for path in segments(&dir.join("store")) {
        text.extend(std::fs::read(path).unwrap());
    }
    let records: Vec<&[u8]> = text.split(|&byte| byte == b'\n').filter(|line| !line.is_empty()).collect();
    std::fs::create_dir(dir.join("records")).unwrap();
    for (n, record) in records.iter().enumerate() {
        std::fs::write(dir.join("records").join(n.to_string()), record).unwrap();
    }
    let forged = key.sign(storage::Head { size: size + 1, root: Hash::leaf(b"forged") }).unwrap();
    std::fs::write(dir.join("key"), format!("{}\n", key.public())).unwrap();
    std::fs::write(dir.join("vectors.json"), proved(&log, &key, &records, &checkpoints, &forged).await).unwrap();
    tiles::write(log.reader(), &whole, &dir.join("tiles")).await.unwrap();
    key
}

async fn proved(
    log: &Log,
    key: &SigningKey,
    records: &[&[u8]],
    checkpoints: &[Checkpoint],
    forged: &Checkpoint,
) -> String {
    let (mut inclusion, mut consistency) = (Vec::new(), Vec::new());
    for (n, to) in checkpoints.iter().map(Checkpoint::head).enumerate() {
        for index in (0..to.size).take(FEW as usize) {
            let proof = log.reader().inclusion(index, to).await.unwrap().unwrap();
            inclusion.push(json!({ "Size": to.size, "Index": index, "Proof": base64(&proof) }));
        }
        for from in checkpoints[..n].iter().map(Checkpoint::head) {
            let proof = log.reader().consistency(from, to).await.unwrap().unwrap();
            consistency.push(json!({ "From": from.size, "To": to.size, "Proof": base64(&proof) }));
        }
    }
    json!({
        "Key": key.public(),
        "Records": records.iter().map(|record| BASE64.encode(record)).collect::<Vec<_>>(),
        "Checkpoints": checkpoints.iter().map(Checkpoint::as_str).collect::<Vec<_>>(),
        "Forged": forged.as_str(),
        "Inclusion": inclusion,
        "Consistency": consistency,
    })
    .to_string()
}

#[tokio::test]
#[ignore = "needs Go: see tests/third-party/README.md"]
async fn gos_sumdb_accepts_checkpoints_and_proofs_and_refuses_them_with_any_bit_changed() {
    let dir = tempfile::tempdir().unwrap();
    vectors(dir.path(), FEW).await;
    let cache = Path::new(env!("CARGO_TARGET_TMPDIR")).join("go");
    let mut go = Command::new("go");
    go.args(["run"]).arg(third_party("go/verify.go")).arg(dir.path().join("vectors.json"));
    go.env("GO111MODULE", "off").env("GOPATH", "/usr/share/gocode").env("GOCACHE", cache);
    let said = content(go.output().expect("Go"));
    assert!(said.contains("5 checkpoints, 39 inclusion and 10 consistency proofs accepted"), "{said}");
}

#[tokio::test]
#[ignore = "needs Python 3.12 with aics-tlog and aics-witness: see tests/third-party/README.md"]
async fn a_tlog_client_reads_our_tiles_and_a_witness_cosigns_what_grows_alone() {
    let dir = tempfile::tempdir().unwrap();
    vectors(dir.path(), MANY).await;
    let python = std::env::var("STANDBY_PYTHON_TLOG").unwrap_or_else(|_| "python3.12".to_owned());
    let said =
        content(Command::new(python).arg(third_party("tlog_tiles.py")).arg(dir.path()).output().expect("Python"));
    assert!(said.contains("a changed tile refused") && said.contains("rollbacks and a fork"), "{said}");
}

#[tokio::test]
#[ignore = "needs the openssl program: see tests/third-party/README.md"]
async fn openssl_accepts_the_signature_and_refuses_it_with_any_byte_changed() {
    let dir = tempfile::tempdir().unwrap();
    let key = vectors(dir.path(), FEW).await;
    let vectors: serde_json::Value =
        serde_json::from_slice(&std::fs::read(dir.path().join("vectors.json")).unwrap()).unwrap();
    let note = vectors["Checkpoints"][4].as_str().unwrap();
    let (text, signature) = note.split_once("\n\n").unwrap();
    let text = format!("{text}\n").into_bytes();
    let signature = BASE64.decode(signature.trim_end().rsplit(' ').next().unwrap()).unwrap();
    // RFC 8410: an ed25519 key in a SubjectPublicKeyInfo; in ours one byte says which kind it is.
    let raw = BASE64.decode(key.public().splitn(3, '+').nth(2).unwrap()).unwrap();
    let der = [&[0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00][..], &raw[1..]].concat();
    std::fs::write(dir.path().join("key.der"), der).unwrap();
    let accepts = |text: &[u8], signature: &[u8]| {
        std::fs::write(dir.path().join("text"), text).unwrap();
        std::fs::write(dir.path().join("signature"), signature).unwrap();
        let mut openssl = Command::new("openssl");
        openssl.args(["pkeyutl", "-verify", "-rawin", "-pubin", "-keyform", "DER", "-inkey", "key.der"]);
        openssl.args(["-sigfile", "signature", "-in", "text"]).current_dir(dir.path());
        openssl.output().expect("openssl").status.success()
    };
    assert!(accepts(&text, &signature[4..]));
    let changed = |bytes: &[u8], at: usize| {
        let mut bytes = bytes.to_vec();
        bytes[at] ^= 1 << (at % 8);
        bytes
    };
    for at in 0..text.len() {
        assert!(!accepts(&changed(&text, at), &signature[4..]), "byte {at} of the text");
    }
    for at in 0..64 {
        assert!(!accepts(&text, &changed(&signature[4..], at)), "byte {at} of the signature");
    }
}

#[tokio::test]
#[ignore = "needs Python with ocsf-json-schema: see tests/third-party/README.md"]
async fn the_published_schema_takes_our_ocsf_events() {
    let dir = tempfile::tempdir().unwrap();
    let log = small(&dir.path().join("store")).await;
    let person =
        |name: Option<&str>| storage::Actor::Slack { team: "T1".into(), user: "U1".into(), name: name.map(Into::into) };
    let actors =
        [person(Some("Zoë")), person(None), storage::Actor::Terminal { user: "root".into() }, storage::Actor::Bot];
    let origins = [
        storage::Origin::Slack { channel: "C1".into(), message: Some("1.2".into()) },
        storage::Origin::Terminal,
        storage::Origin::System,
    ];
    for (n, (actor, origin)) in actors.iter().cycle().zip(origins.iter().cycle()).take(12).enumerate() {
        let event = ["status.answered", "call.finished", "command.refused", "run.ended"][n / 3];
        let data = json!({ "outcome": { "how": if n == 3 { "failed" } else { "accepted" } } });
        let (actor, origin) = (actor.clone(), origin.clone());
        let run = (n % 2 == 0).then(|| "shop-1".to_owned());
        append(&log, Entry { actor, origin, run, data, ..entry(event) }).await;
    }
    let selection = storage::export::Selection { format: storage::export::Format::Ocsf, ..Default::default() };
    let (mut out, mut proofs) = (Vec::new(), Vec::new());
    storage::export::select(log.reader(), &selection, &mut out, Some(&mut proofs), |_, _| {}).await.unwrap();
    std::fs::write(dir.path().join("events"), out).unwrap();
    let python = std::env::var("STANDBY_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let mut validate = Command::new(python);
    let said =
        content(validate.arg(third_party("ocsf_events.py")).arg(dir.path().join("events")).output().expect("Python"));
    assert!(said.contains("12 events are valid"), "{said}");
}

#[tokio::test]
#[ignore = "needs Python with cryptography: see tests/third-party/README.md"]
async fn the_verifier_in_python_takes_a_part_in_every_form_and_names_what_was_changed() {
    let dir = tempfile::tempdir().unwrap();
    let key = vectors(dir.path(), 40).await;
    let reader = storage::Reader::open(&dir.path().join("store")).await;
    let reader = reader.unwrap();
    let filter = storage::Filter { kind: Some("log".to_owned()), ..Default::default() };
    let checkpoint = Some(key.sign(reader.head()).unwrap());
    std::fs::write(
        dir.path().join("witness"),
        format!("Standby:\n```{}```\n", checkpoint.as_ref().unwrap().as_str().trim_end()),
    )
    .unwrap();
    let python = std::env::var("STANDBY_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let verify = || {
        let mut command = Command::new(&python);
        command.current_dir(dir.path()).arg(third_party("verify_export.py"));
        command.args(["part", "--keys", "key", "--witness", "witness"]);
        command.output().expect("Python")
    };
    for format in [storage::export::Format::Jsonl, storage::export::Format::Csv, storage::export::Format::Ocsf] {
        let selection = storage::export::Selection { filter: filter.clone(), format, checkpoint: checkpoint.clone() };
        let (mut out, mut proofs) = (Vec::new(), Vec::new());
        let beside = (format != storage::export::Format::Jsonl).then_some(&mut proofs);
        storage::export::select(&reader, &selection, &mut out, beside, |_, _| {}).await.unwrap();
        std::fs::write(dir.path().join("part"), &out).unwrap();
        let _none_yet = std::fs::remove_file(dir.path().join("part.proofs"));
        if !proofs.is_empty() {
            std::fs::write(dir.path().join("part.proofs"), &proofs).unwrap();
        }
        let said = content(verify());
        assert!(said.contains("a part: 4 of them") && said.contains("the first 40 are signed"), "{said}");
        let text = String::from_utf8(out).unwrap();
        let changed = text.replacen("log.checkpointed", "log.checkpointer", 1).replacen(
            "log.checkpointed",
            "log.checkpointer",
            1,
        );
        std::fs::write(dir.path().join("part"), changed).unwrap();
        let output = verify();
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(!output.status.success() && said.contains("record 1 was changed"), "{format:?}: {said}");
    }
}
