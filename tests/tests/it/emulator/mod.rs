//! The bot as it is, started as a process of its own, promotes a pair on emulators of AWS that nobody here wrote, and fails it back.

mod applied;
mod bot;
mod emulators;
mod failback;
mod records;

use std::time::Duration;

use rehearsal::slack::{Deliver, Message, Slack};
use serde_json::Value;
use tests::Cast;

pub(crate) use self::emulators::Emulators;
use self::{bot::Bot, emulators::Health};
use crate::slack::serve_slack;

/// How long anything may take here: the emulators answer at once, but a lost answer of Route 53 is waited out for 60 s.
const PATIENCE: Duration = Duration::from_secs(150);
/// After this a person tries again.
const AGAIN: Duration = Duration::from_millis(300);

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Python with ministack, moto and boto3: see tests/third-party/README.md"]
async fn the_bot_promotes_a_pair_on_independent_emulators() {
    let stage = Stage::open().await;
    stage.people.say("promote the emulators are ready").await;
    stage.people.confirm("approve-failover").await;
    let told = stage.people.hear(|message| message.text.contains("is served by")).await;
    eprintln!("{}", told.text);

    stage.emulators.pass("assert_promoted.py", &stage.pair);
    assert!(stage.health.asked() > 0, "nobody asked the DR endpoint by the public name");
    let records = stage.bot.export();
    not_passed(&records);
    changed_once(&records, &stage.described);
    stage.bot.stop();
}

/// Prints the checks that the emulators cannot pass, and what was overridden by name.
fn not_passed(records: &[Value]) {
    let started = only(records, "run.started");
    for check in started["data"]["plan"]["checks"].as_array().unwrap() {
        if check["outcome"] != "pass" {
            eprintln!("{} {} {}: {}", check["level"], check["outcome"], check["id"], check["detail"]);
        }
    }
    eprintln!("overridden by name: {}", only(records, "gate.decided")["data"]["overrides"]);
}

/// The writer was moved by one call; every call was accepted.
fn changed_once(records: &[Value], pair: &Value) {
    let intended: Vec<&Value> = records.iter().filter(|record| record["event"] == "call.intended").collect();
    let failovers: Vec<_> =
        intended.iter().filter(|record| record["data"]["call"]["operation"] == "FailoverGlobalCluster").collect();
    assert_eq!(failovers.len(), 1);
    assert_eq!(failovers[0]["data"]["call"]["region"], pair["dr"]["region"]);
    let finished: Vec<&Value> = records.iter().filter(|record| record["event"] == "call.finished").collect();
    assert_eq!(finished.len(), intended.len());
    assert_eq!(only(records, "run.ended")["data"]["report"]["outcome"], "completed");
}

fn only<'a>(records: &'a [Value], event: &str) -> &'a Value {
    let mut found = records.iter().filter(|record| record["event"] == event);
    let record = found.next().unwrap_or_else(|| panic!("no record of {event}"));
    assert!(found.next().is_none(), "more than one record of {event}");
    record
}

/// A pair on the emulators, a workspace, and people in it.
struct Stage {
    _folder: tempfile::TempDir,
    emulators: Emulators,
    /// What pair.py printed.
    pair: String,
    described: Value,
    health: Health,
    people: People,
    bot: Bot,
}

impl Stage {
    async fn open() -> Self {
        Self::open_with(|_, _| String::new()).await
    }

    /// With what `more` adds to the configuration, and to the pair, before the bot starts.
    async fn open_with(more: impl FnOnce(&Emulators, &str) -> String) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let emulators = Emulators::start(folder.path());
        let pair = emulators.pass("pair.py", "");
        let described: Value = serde_json::from_str(&pair).unwrap();
        let more = more(&emulators, &pair);
        let health = Health::start(&described).await;
        let slack = serve_slack().await;
        let bot = Bot::start(folder.path(), &described, &more, &health, &slack, &emulators);
        slack.deliver_to(Deliver::Http(format!("http://{}", bot.address).parse().unwrap()));
        Self { _folder: folder, emulators, pair, described, health, people: People { slack }, bot }
    }
}

/// Two people in the incident channel. Where Slack tells them that the bot did not answer, they try again.
struct People {
    slack: Slack,
}

impl People {
    async fn say(&self, text: &str) {
        while self.slack.command(Cast::MAYA, Cast::INCIDENT, text).await.unwrap().failure.is_some() {
            tokio::time::sleep(AGAIN).await;
        }
    }

    /// Presses a button, once there is one.
    async fn confirm(&self, action_id: &str) {
        let gate = self.hear(|message| message.buttons().any(|(_, button)| button["action_id"] == action_id)).await;
        // A button that is gone was pressed: the bot died before it could answer. It may have died before it could open the modal, too.
        while let Ok(answer) = self.slack.click_through(Cast::JONAS, Cast::INCIDENT, &gate.ts, action_id).await
            && answer.is_none_or(|answer| answer.failure.is_some())
        {
            tokio::time::sleep(AGAIN).await;
        }
    }

    async fn hear(&self, predicate: impl FnMut(&Message) -> bool) -> Message {
        let message = tokio::time::timeout(PATIENCE, self.slack.wait_for_message(Cast::INCIDENT, predicate)).await;
        message.unwrap_or_else(|_| {
            let said: Vec<String> =
                self.slack.transcript().iter().map(|entry| entry.describe(self.slack.settings())).collect();
            panic!("no such message came:\n{}", said.join("\n"))
        })
    }
}
