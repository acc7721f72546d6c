//! The log as evidence: what is signed when, where people can copy it, and what that proves later.

use std::{collections::BTreeMap, ffi::OsStr, path::Path, sync::Arc};

use commands::plan::RunbookName;
use rehearsal::{Fault, OldPrimary, Region};
use storage::{
    Checkpoint, Clock, Entry, Filter, Log, Record, SigningKey,
    export::{self, Format, Selection},
    verify::{Trust, verify_with},
};
use tests::{Cast, Stage};

use crate::{failback, python};

fn key() -> SigningKey {
    SigningKey::generate("standby.example.com/shop").unwrap().parse().unwrap()
}

#[tokio::test(start_paused = true)]
async fn gates_and_runs_are_signed_and_the_channel_has_the_checkpoint() {
    let key = key();
    let stage = Stage::with().signed(key.clone()).open().await;
    stage.world.inject(Fault::RegionDark(Region::from("us-east-1")));
    stage.promotes().await;
    let run = stage.ended().await;
    let posted = stage.hears("audit log's checkpoint").await;

    let records = stage.records().await;
    let signed: Vec<_> = records.iter().filter(|record| record.event == "log.checkpointed").collect();
    let reasons: Vec<_> = signed.iter().map(|record| record.data["reason"].as_str().unwrap()).collect();
    assert_eq!(reasons, ["gate.decided", "run.ended"]);
    assert!(signed.iter().all(|record| record.run.as_deref() == Some(run.id.as_str())));
    let mut kept = Checkpoint::find(&tests::text_of(&posted));
    // The notification has it, and the message.
    kept.dedup();
    assert_eq!(kept, [Checkpoint::of(signed[1]).unwrap()]);

    // Days later somebody asks for that run, and verifies it with what the channel kept.
    let filter = Filter { run: Some(run.id.to_string()), ..Filter::default() };
    let selection = Selection { filter, format: Format::Csv, checkpoint: None };
    let (mut table, mut proofs) = (Vec::new(), Vec::new());
    export::select(stage.log().reader(), &selection, &mut table, Some(&mut proofs), |_, _| {}).await.unwrap();
    let trust = Trust { keys: Some(key.public().parse().unwrap()), witnesses: kept, ..Trust::default() };
    let report = verify_with(table.as_slice(), Some(proofs.as_slice()), trust).unwrap();
    assert_eq!(report.witnessed, 1);
}

#[tokio::test(start_paused = true)]
async fn what_was_not_signed_when_the_bot_died_is_signed_when_it_is_back() {
    let mut stage = Stage::with().signed(key()).open().await;
    stage.says(Cast::MAYA, "promote").await;
    stage.gate().await;
    stage.presses(Cast::JONAS, "refuse").await;
    stage.ended().await;
    stage.crash().await;
    stage.start().await;
    stage.record(|record| record.data["reason"] == "run.ended").await;
    stage.restart().await;
    let records = stage.records().await;
    let reasons: Vec<_> = records
        .iter()
        .filter(|record| record.event == "log.checkpointed")
        .map(|record| record.data["reason"].as_str().unwrap())
        .collect();
    assert_eq!(reasons, ["gate.decided", "run.ended"]);
}

#[tokio::test(start_paused = true)]
async fn only_compliance_reads_and_exports_in_slack() {
    let stage = Stage::with().signed(key()).configure(&compliance()).open().await;
    let refused = stage.says(Cast::MAYA, "export all").await;
    assert!(refused.contains("Only those whom"), "{refused}");
    assert_eq!(stage.of("log.exported").await.len(), 0);
    let shown = stage.says(Cast::SAM, "audit").await;
    assert!(shown.contains("command.refused") && shown.contains("log.read"), "{shown}");
    let usage = stage.says(Cast::SAM, "export").await;
    assert!(usage.contains("/dr export promote-17"), "{usage}");
    assert!(stage.says(Cast::SAM, "export all jsonl").await.contains("on its way"));
    let files = received(&stage).await;
    let report = verify_with(files["audit-all.jsonl"].as_slice(), None::<&[u8]>, Trust::default()).unwrap();
    let of = |event: &str| report.head.size > 0 && String::from_utf8_lossy(&files["audit-all.jsonl"]).contains(event);
    assert!(of("log.exported") && of("log.read"), "what was read and exported is in the export");
}

#[tokio::test(start_paused = true)]
#[ignore = "needs Python with cryptography: see tests/third-party/README.md"]
async fn an_auditor_verifies_one_run_without_us_and_a_forged_log_is_caught() {
    let key = key();
    let stage =
        failback::promoted_on(Stage::with().signed(key.clone()).configure(&compliance()), OldPrimary::Rejoins).await;
    stage.says(Cast::MAYA, "failback the region is healthy").await;
    stage.presses(Cast::JONAS, "approve-switchover").await;
    let failback = failback::ended(&stage, RunbookName::Failback).await;
    let promote = stage.ended().await;
    // The channel has a checkpoint of each run's end; the auditor copies the whole conversation.
    let of_failback = |record: &Record| {
        record.event == "log.checkpointed"
            && record.run.as_deref() == Some(failback.id.as_str())
            && record.data["reason"] == "run.ended"
    };
    let signed = stage.record(of_failback).await;
    stage.hears(signed.data["note"].as_str().unwrap().trim_end()).await;
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    std::fs::write(at("channel.txt"), stage.channel()).unwrap();
    std::fs::write(at("keys"), key.public()).unwrap();
    assert_eq!(Checkpoint::find(&stage.channel()).len(), 2, "{}", stage.channel());

    // One run's table comes through Slack, privately, with what proves it.
    assert!(stage.says(Cast::SAM, &format!("export {} csv", promote.id)).await.contains("on its way"));
    let files = received(&stage).await;
    let name = format!("audit-{}.csv", promote.id);
    for (name, bytes) in &files {
        std::fs::write(at(name), bytes).unwrap();
    }
    let table = String::from_utf8(files[&name].clone()).unwrap();
    for told in ["gate.decided", Cast::MAYA, Cast::JONAS, "FailoverGlobalCluster", "request_id", "run.ended"] {
        assert!(table.contains(told), "{told}");
    }
    // Of the other run it has the checkpoints alone, by which it can be compared with what the channel kept.
    assert!(!table.contains("SwitchoverGlobalCluster"), "another run");
    let said = verified(&at(&name), folder.path()).unwrap();
    assert!(said.contains("2 kept checkpoints agree") && said.contains("a part: "), "{said}");

    // The owner of the host has the key. He names another person as who approved, and signs everything anew.
    let forged = forged(&stage.records().await, &key, &at("forged")).await;
    std::fs::write(at("forged.jsonl"), forged).unwrap();
    let caught = verified(&at("forged.jsonl"), folder.path()).unwrap_err();
    assert!(caught.contains("the log was rewritten"), "{caught}");
}

#[tokio::test(start_paused = true)]
async fn help_tells_of_the_log_whoever_may_read_it() {
    let stage = Stage::with().configure(&compliance()).open().await;
    let (sam, maya) = (stage.says(Cast::SAM, "help").await, stage.says(Cast::MAYA, "help").await);
    for command in ["`/dr audit", "`/dr export"] {
        assert!(sam.contains(command) && !maya.contains(command), "{command}: {sam}");
    }
    // Also somebody who may look at no application.
    let stage = Stage::with().configure(&compliance()).replace("viewers = [\"*\"]", "viewers = []").open().await;
    let alone = stage.says(Cast::SAM, "help").await;
    assert!(alone.contains("`/dr audit") && !alone.contains("`/dr status"), "{alone}");
    assert!(stage.says(Cast::SAM, "status").await.contains("may not use this bot"));
    assert!(
        stage.says(Cast::SAM, "audti").await.contains("may not use this bot"),
        "strangers to the applications get no hints"
    );
    assert!(stage.says(Cast::MAYA, "exprot").await.contains("Did you mean `/dr export`?"));
}

/// Sam may read and export the log.
pub(crate) fn compliance() -> String {
    format!("[audit]\ncompliance = [{:?}]", Cast::SAM)
}

/// The files that Sam got, by name.
pub(crate) async fn received(stage: &Stage) -> BTreeMap<String, Vec<u8>> {
    let direct = stage.slack.direct(Cast::SAM);
    let message = stage.slack.wait_for_message(&direct, |message| !message.files.is_empty()).await;
    let file = |id: &str| stage.slack.file(id).unwrap();
    message.files.iter().map(|sent| (sent.name.clone(), file(&sent.id).bytes.unwrap().to_vec())).collect()
}

/// What the verifier in Python says of an export, with the keys and the channel's checkpoints.
fn verified(export: &Path, folder: &Path) -> Result<String, String> {
    let (keys, channel) = (folder.join("keys"), folder.join("channel.txt"));
    let arguments: [&OsStr; 5] =
        [export.as_os_str(), "--keys".as_ref(), keys.as_os_str(), "--witness".as_ref(), channel.as_os_str()];
    let outcome = python::script("verify_export.py", &arguments, "");
    if outcome.success { Ok(outcome.out) } else { Err(format!("{}{}", outcome.out, outcome.err)) }
}

/// The same log but for who approved, hashed and signed as if it had always been so.
async fn forged(records: &[Arc<Record>], key: &SigningKey, store: &Path) -> Vec<u8> {
    let key = Arc::new(key.clone());
    let log = Log::open(store, Clock::system()).await.unwrap();
    for record in records {
        let Record { actor, origin, application, run, step, event, data, .. } = record.as_ref().clone();
        let mut entry = Entry { actor, origin, application, run, step, event, dedupe: None, data };
        if entry.event == "gate.decided" {
            entry.actor = storage::Actor::Slack { team: "T0".into(), user: "U0SOMEONE".into(), name: None };
        }
        match entry.event.as_str() {
            "log.checkpointed" => log.checkpoint(&key, entry).await.unwrap(),
            _ => log.append(entry).await.unwrap(),
        };
    }
    let selection = Selection { checkpoint: Some(key.sign(log.head()).unwrap()), ..Selection::default() };
    let mut out = Vec::new();
    export::select(log.reader(), &selection, &mut out, None::<&mut Vec<u8>>, |_, _| {}).await.unwrap();
    out
}
