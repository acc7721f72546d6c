//! The log as evidence: what is signed when, where people can copy it, and what that proves later.

use rehearsal::{Fault, Region};
use storage::{
    Checkpoint, Filter, SigningKey,
    export::{self, Format, Selection},
    verify::{Trust, verify_with},
};
use tests::{Cast, Stage};

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
    stage.presses(Cast::JONAS, "cancel").await;
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
