//! Two records in two hosted zones, an AAAA beside the one, and a role for the other, on an emulator that nobody here wrote.

use serde_json::Value;

use super::{Stage, only};

const CHANGE: &str = "ChangeResourceRecordSets";

async fn stage() -> Stage {
    Stage::open_with(|emulators, pair| {
        let made = crate::python::passes("more_records.py", &[&emulators.ministack, &emulators.moto], pair);
        let second: Value = serde_json::from_str(&made).unwrap();
        format!(
            "[[applications.shop.records]]\nzone = {}\nname = {}\nrole_arn = {}\n",
            second["zone"], second["name"], second["role_arn"]
        )
    })
    .await
}

/// The accepted batches: hosted zone and number of changes.
fn batches(records: &[Value]) -> Vec<(String, usize)> {
    let accepted: Vec<&Value> = records
        .iter()
        .filter(|record| record["event"] == "call.finished" && record["data"]["outcome"]["how"] == "accepted")
        .map(|record| &record["data"]["intent"])
        .collect();
    let intended = records.iter().filter(|record| record["data"]["call"]["operation"] == CHANGE);
    let made = intended.filter(|record| accepted.contains(&&record["seq"]));
    made.map(|record| {
        let params = &record["data"]["call"]["params"];
        let changes = params["ChangeBatch"]["Changes"].as_array().unwrap().len();
        (params["HostedZoneId"].as_str().unwrap().to_owned(), changes)
    })
    .collect()
}

/// How many batches a log says were begun.
fn begun(log: &str) -> usize {
    log.lines().filter(|line| line.contains("\"event\":\"call.intended\"") && line.contains(CHANGE)).count()
}

/// Every record is at DR's endpoint, moved by one batch a zone.
fn moved(stage: &Stage) {
    let region = stage.described["dr"]["region"].as_str().unwrap();
    let urls = [stage.emulators.ministack.as_str(), stage.emulators.moto.as_str(), region];
    eprintln!("{}", crate::python::passes("more_records.py", &urls, &stage.pair));
    assert_eq!(only(&stage.bot.export(), "run.ended")["data"]["report"]["outcome"], "completed");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Python with ministack, moto and boto3: see tests/third-party/README.md"]
async fn the_bot_moves_all_records_on_an_independent_emulator() {
    let stage = stage().await;
    stage.people.say("promote the emulators are ready").await;
    stage.people.confirm("approve-failover").await;
    stage.people.hear(|message| message.text.contains("is served by")).await;
    moved(&stage);
    let sizes: Vec<usize> = batches(&stage.bot.export()).into_iter().map(|(_, changes)| changes).collect();
    assert_eq!(sizes, [4, 2]);
    stage.bot.stop();
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Python with ministack, moto and boto3: see tests/third-party/README.md"]
async fn the_bot_that_is_killed_between_two_zones_moves_the_second_after_its_restart() {
    let mut stage = stage().await;
    stage.people.say("promote the emulators are ready").await;
    stage.people.confirm("approve-failover").await;
    let left = stage.bot.dies_at(|log| begun(log) > 0).await;
    eprintln!("killed -9 after {} of 2 batches were begun", begun(&left));
    assert!(!left.contains("run.ended"));
    stage.people.hear(|message| message.text.contains("is served by")).await;
    moved(&stage);
    stage.bot.stop();
}
