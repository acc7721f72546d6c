//! There and back again, the bot killed with -9 every few records, or around each call: the pair ends as it was before.

use std::collections::BTreeMap;

use serde_json::Value;
use tests::retries_what_fails;

use super::{Emulators, People, Stage};

/// What a rebuild changes before Terraform's turn.
const DELETIONS: [&str; 5] =
    ["CopyDBClusterSnapshot", "CreateDBClusterSnapshot", "DeleteDBInstance", "ModifyDBCluster", "DeleteDBCluster"];

/// What becomes of the old primary after the promote.
#[derive(Clone, Copy, PartialEq)]
enum OldPrimary {
    /// ministack's failover leaves it a connected secondary.
    Rejoined,
    /// Taken out of the global cluster afterwards.
    Detached,
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Python with ministack, moto and boto3: see tests/third-party/README.md"]
async fn the_bot_fails_back_to_a_rejoined_primary_through_kills() {
    there_and_back(OldPrimary::Rejoined, Kills::EveryFewRecords).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Python with ministack, moto and boto3: see tests/third-party/README.md"]
async fn the_bot_rebuilds_a_detached_primary_and_fails_back_through_kills() {
    there_and_back(OldPrimary::Detached, Kills::EveryFewRecords).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Python with ministack, moto and boto3: see tests/third-party/README.md"]
async fn the_bot_that_is_killed_around_each_call_deletes_nothing_that_no_snapshot_has() {
    there_and_back(OldPrimary::Detached, Kills::AroundEachCall).await;
}

/// When the bot is killed.
#[derive(Clone, Copy, PartialEq)]
enum Kills {
    EveryFewRecords,
    AroundEachCall,
}

async fn there_and_back(fate: OldPrimary, when: Kills) {
    let mut stage = Stage::open().await;
    let before = observe(&stage);
    let primary = stage.described["primary"]["region"].as_str().unwrap();
    let (mut kills, mut around) = (0, Vec::new());
    let dies = async {
        match when {
            Kills::EveryFewRecords => stage.bot.dies(&mut kills).await,
            Kills::AroundEachCall => stage.bot.dies_around(&mut around).await,
        }
    };
    tokio::select! {
        () = converse(&stage.people, &stage.emulators, &stage.pair, primary, fate) => {}
        () = dies => {}
        // Whether the writer's move was sent is not known where the bot died just then: it asks.
        () = retries_what_fails(stage.people.slack.clone()) => {}
    }
    stage.bot.ended(if fate == OldPrimary::Detached { 3 } else { 2 }).await;

    let after = observe(&stage);
    assert_eq!(without_listener(&before), without_listener(&after));
    // DR's listener stays on the production group, at warm idle too: steady state does not ask for another.
    let production = stage.described["listener"]["target_group"].as_str().unwrap();
    assert!(after["listener"][production].as_u64().unwrap() > 0, "{}", after["listener"]);
    let records = stage.bot.export();
    all_ended_well(&records, fate);
    eprintln!("{} kills in {} records", kills + around.len(), records.len());
    match when {
        Kills::EveryFewRecords => assert!(kills >= 5, "killed {kills} times only"),
        Kills::AroundEachCall => {
            for (operation, event) in
                DELETIONS.iter().flat_map(|call| [(call, "call.intended"), (call, "call.finished")])
            {
                let at = around.iter().filter(|at| at.starts_with(&format!("{event} {operation} "))).count();
                eprintln!("{at} kills at {event} of {operation}");
                assert!(at > 0, "never killed at {event} of {operation}");
            }
        }
    }
    stage.bot.stop();
}

/// What the people do.
async fn converse(people: &People, emulators: &Emulators, pair: &str, primary: &str, fate: OldPrimary) {
    people.say("promote the emulators are ready").await;
    people.confirm("approve-failover").await;
    people.hear(|message| message.text.contains("is served by")).await;
    emulators.pass("assert_promoted.py", pair);
    if fate == OldPrimary::Detached {
        emulators.pass("detach.py", "");
    }
    people.say("failback the region is healthy again").await;
    if fate == OldPrimary::Detached {
        people.confirm("approve-rebuild").await;
        let handoff = people.hear(|message| message.text.contains("your turn")).await;
        emulators.pass("apply_secondary.py", &variables(&handoff.text));
    }
    people.confirm("approve-switchover").await;
    let back = format!("is served by {primary}");
    people.hear(|message| message.text.contains(&back)).await;
}

/// The variables of the command that people were told to run, as JSON: what follows each `-var`.
fn variables(command: &str) -> String {
    let words: Vec<&str> = command.split_whitespace().collect();
    let set = words.windows(2).filter(|pair| pair[0] == "-var").filter_map(|pair| pair[1].split_once('='));
    serde_json::to_string(&set.collect::<BTreeMap<_, _>>()).unwrap()
}

fn observe(stage: &Stage) -> Value {
    serde_json::from_str(&stage.emulators.pass("observe.py", &stage.pair)).unwrap()
}

fn without_listener(state: &Value) -> Value {
    let mut state = state.clone();
    state.as_object_mut().unwrap().remove("listener");
    state
}

/// Every run completed. AWS accepted each change that must not be made twice at most once, and only a detached cluster was deleted, after a last snapshot. A
/// call whose outcome died with the bot is made again once it is seen to have had no effect.
fn all_ended_well(records: &[Value], fate: OldPrimary) {
    let ended = records.iter().filter(|record| record["event"] == "run.ended");
    assert!(ended.clone().all(|record| record["data"]["report"]["outcome"] == "completed"));
    // What each call that was meant for one thing came to, attempt by attempt.
    let outcomes = |operation: &str| -> BTreeMap<String, Vec<&str>> {
        let mut found: BTreeMap<String, Vec<&str>> = BTreeMap::new();
        for finished in records.iter().filter(|record| record["event"] == "call.finished") {
            let intent = records.iter().find(|record| record["seq"] == finished["data"]["intent"]).unwrap();
            let call = &intent["data"]["call"];
            if call["operation"] == operation {
                let how = finished["data"]["outcome"]["how"].as_str().unwrap();
                found.entry(call["params"].to_string()).or_default().push(how);
            }
        }
        found
    };
    let moves = ["FailoverGlobalCluster", "SwitchoverGlobalCluster"];
    for operation in moves.into_iter().chain(DELETIONS) {
        let found = outcomes(operation);
        eprintln!("{operation}: {found:?}");
        let wanted = fate == OldPrimary::Detached || moves.contains(&operation);
        assert_eq!(!found.is_empty(), wanted, "{operation}: {found:?}");
        for hows in found.values() {
            assert!(hows.iter().filter(|how| **how == "accepted").count() <= 1, "{operation}: {found:?}");
            assert!(hows.iter().all(|how| ["accepted", "unknown"].contains(how)), "{operation}: {found:?}");
        }
    }
    // Nothing goes before what Aurora saved is kept, and the cluster goes with a snapshot that was asked for when it had no instance any more.
    let gone = |record: &&Value| {
        record["event"] == "call.intended" && record["data"]["call"]["operation"] == "DeleteDBCluster"
    };
    let kept = |record: &Value| {
        let detail = record["data"]["detail"].as_str().unwrap_or_default();
        record["event"] == "step.done" && record["step"] == "rescue" && detail.contains("is kept as")
    };
    for deletion in records.iter().filter(gone) {
        assert!(records.iter().any(|record| kept(record) && record["seq"].as_u64() < deletion["seq"].as_u64()));
        let before = &deletion["data"]["before"];
        assert!(before["snapshot"].as_str().unwrap().contains("-final-"), "{before}");
        assert_eq!(before["instances"].as_array().unwrap().len(), 0, "{before}");
    }
}
