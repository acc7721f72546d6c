//! The store cannot be written, or not be read: nothing is changed that the log would not know of, everybody is told, and the run goes on when the
//! store is whole again. The real program, on files whose growth the kernel refuses.

use std::{process::Command, time::Duration};

use rehearsal::{Call, Outcome, slack::Message};
use tests::Cast;
use tokio::time::timeout;

use crate::{
    kill::Live,
    process::{Process, succeeds},
    python,
};

/// How long anything may take, in real time.
const PATIENCE: Duration = Duration::from_secs(60);
/// Longer than any step waits between two looks.
const A_WHILE: Duration = Duration::from_secs(2);

#[tokio::test(flavor = "multi_thread")]
async fn full_store_stops_every_change_until_there_is_room_again() {
    let stage = patient().await;
    let bot = start(&stage);
    let gate = promote(&stage).await;

    fills_up(&stage, &bot);
    approve(&stage, &gate).await;
    let status = stage.slack.command(Cast::MAYA, Cast::INCIDENT, "status").await.unwrap();
    assert!(
        status.body.contains("can't write its audit log, so it won't make changes: the audit log"),
        "{}",
        status.body
    );
    // That is when people look.
    let shown =
        |message: &Message| message.only_visible_to.as_deref() == Some(Cast::MAYA) && message.text.contains("shop");
    let shown = timeout(PATIENCE, stage.slack.wait_for_message(Cast::INCIDENT, shown)).await.unwrap();
    assert!(tests::text_of(&shown).contains("not recorded: the audit log can't be written"), "{shown:?}");
    let (code, why) = stage.get("/readyz").await;
    assert!(code == 503 && why.contains("the audit log takes no records") && why.contains("File too large"), "{why}");
    assert_eq!(changes(&stage), 0);

    // Room again, and a restart: the question stands, and the answer counts now.
    drop(bot);
    let bot = start(&stage);
    assert_eq!(stage.get("/readyz").await.0, 200);
    approve(&stage, &gate).await;
    accepted(&stage, "FailoverGlobalCluster").await;

    // Full again while the run is under way: it stands still, and says so.
    fills_up(&stage, &bot);
    let stands_still = async {
        while stage.get("/readyz").await.0 == 200 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(PATIENCE, stands_still).await.unwrap();
    // What was intended before it filled up may still be on its way.
    tokio::time::sleep(A_WHILE).await;
    let before = changes(&stage);
    assert!(before <= intents(&stage), "a change without its durable intent");
    tokio::time::sleep(A_WHILE).await;
    assert_eq!(changes(&stage), before);

    drop(bot);
    let bot = start(&stage);
    ends_well(&stage).await;
    assert!(bot.terminate().success());
    stage.verify();
}

#[tokio::test(flavor = "multi_thread")]
async fn unreadable_store_is_not_started_on_and_says_where_it_is_damaged() {
    let stage = patient().await;
    let bot = start(&stage);
    let gate = promote(&stage).await;
    drop(bot);

    let (segment, whole) = (stage.store().join("segments/00000000000000000000.jsonl"), stage.log_file());
    let damaged = String::from_utf8(whole.clone()).unwrap().replacen("promote", "promise", 1);
    std::fs::write(&segment, damaged).unwrap();
    let refused = tokio::task::block_in_place(|| python::run(stage.standby(&["serve"]), ""));
    assert!(!refused.success, "it starts on a damaged log");
    let said = refused.err;
    assert!(
        said.contains("00000000000000000000.jsonl, line ") && said.contains("restore the folder from a copy"),
        "{said}"
    );
    assert_eq!(changes(&stage), 0);

    std::fs::write(&segment, whole).unwrap();
    let bot = start(&stage);
    approve(&stage, &gate).await;
    ends_well(&stage).await;
    assert!(bot.terminate().success());
}

/// A stage whose regions both answer, and on which the bot waits for them as long as a busy machine takes.
async fn patient() -> Live {
    let stage = Live::open(PATIENCE).await;
    stage.world.clear_all();
    stage
}

/// Starts the bot so that a file that may not grow is an error to it instead of its end, as it is where the disk is full.
fn start(stage: &Live) -> Process {
    let bot = stage.standby(&["serve"]);
    let mut shell = Command::new("sh");
    shell.args(["-c", "trap '' XFSZ; exec \"$0\" \"$@\""]).arg(bot.get_program()).args(bot.get_args());
    for (name, value) in bot.get_envs() {
        match value {
            Some(value) => shell.env(name, value),
            None => shell.env_remove(name),
        };
    }
    stage.start_as(shell)
}

/// From now on no file of the bot grows beyond what the log is now.
fn fills_up(stage: &Live, bot: &Process) {
    let mut limit = Command::new("prlimit");
    limit.arg(format!("--pid={}", bot.id())).arg(format!("--fsize={}:", stage.log_file().len()));
    succeeds(limit);
}

/// Maya asks; the question.
async fn promote(stage: &Live) -> Message {
    stage.slack.command(Cast::MAYA, Cast::INCIDENT, "promote the region is dark").await.unwrap();
    stage.hears(|message| message.buttons().any(|(_, button)| button["action_id"] == "cancel")).await
}

async fn approve(stage: &Live, gate: &Message) {
    stage.slack.click_through(Cast::JONAS, Cast::INCIDENT, &gate.ts, "approve-failover").await.unwrap();
}

/// Waits until a call with that operation was accepted.
async fn accepted(stage: &Live, operation: &str) {
    let is_it = |call: &Call| call.operation == operation && call.outcome == Outcome::Accepted;
    let accepted = async {
        while !stage.world.calls().iter().any(is_it) {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    timeout(PATIENCE, accepted).await.unwrap();
}

fn changes(stage: &Live) -> usize {
    stage.world.calls().iter().filter(|call| call.changing).count()
}

/// Intents in the log, as far as it is whole.
fn intents(stage: &Live) -> usize {
    let log = String::from_utf8(stage.log_file()).unwrap();
    log.lines().filter(|line| line.contains("\"event\":\"call.intended\"")).count()
}

/// People retry what was cut off, and the run comes to its end.
async fn ends_well(stage: &Live) {
    let retries = tokio::spawn(tests::retries_what_fails(stage.slack.clone()));
    stage.hears(|message| message.text.contains("is served by")).await;
    retries.abort();
}
