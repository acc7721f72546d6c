//! Sweep of Slack: every call of its Web API fails, in every way, once or for five minutes, or asks to wait for an hour; and every connection is turned
//! away for five minutes. The run takes as long as ever, nothing is posted twice, and in the end everything is told and no gate has live buttons.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use jiff::{SignedDuration, Timestamp};
use rehearsal::slack::{Event, Fault, FaultKind, Message, Slack, TurnedAway};
use storage::Record;
use tests::{
    Cast, Stage, StageBuilder,
    sweep::{Crew, Rig, Story, Tally, spread},
};

use crate::sweep::{sample, stride, threads};

const SEED: u64 = 1;
/// How long a fault that lasts does so: shorter than a gate is open.
const OUTAGE: Duration = Duration::from_secs(300);
/// What Slack asks to wait at worst; a gate is open for longer.
const HOUR: Duration = Duration::from_secs(3_600);
/// Time for everything to be told after the run and an hour's wait: as often as it was in vain, the outbox waits a minute.
const CATCHING_UP: Duration = Duration::from_secs(3_600 + 400);
/// What the phase of a look against the clock makes of a step's end.
const POLL: SignedDuration = SignedDuration::from_secs(2);

#[test]
fn sweep_of_slack_faults_delays_no_run_and_loses_no_message() {
    let (calls, calm) = spread(&[()], 1, async |()| undisturbed().await).remove(0);
    let all: Vec<Case> = (0..calls).flat_map(Case::at).collect();
    let cases = sample(&all, stride("SLACK_STRIDE", 127));
    let plays = spread(&cases, threads(), async |case| play(case, &calm).await);
    let tally = Tally::of(cases.iter().map(|case| format!("{case:?}")).zip(plays));
    println!("{} of {} faults of Slack, in {calls} calls", tally.plays, all.len());
    tally.demand_nothing_found();
}

#[test]
fn sweep_of_connections_that_slack_ends_loses_no_decision() {
    let (calls, calm) = spread(&[()], 1, async |()| undisturbed().await).remove(0);
    let reasons = ["too_many_websockets", "link_disabled", "warning", "refresh_requested"];
    let ways = reasons
        .into_iter()
        .flat_map(|reason| [false, true].map(|left_open| TurnedAway { reason: reason.to_owned(), left_open }));
    let ways: Vec<TurnedAway> = ways.collect();
    let all: Vec<Ended> =
        (0..calls).step_by(5).flat_map(|call| ways.iter().map(move |how| Ended { call, how: how.clone() })).collect();
    let cases = sample(&all, stride("CONNECTION_STRIDE", 9));
    let plays = spread(&cases, threads(), async |case| play_turned_away(case, &calm).await);
    let tally = Tally::of(cases.iter().map(|case| format!("{case:?}")).zip(plays));
    println!("{} of {} ends of connections", tally.plays, all.len());
    tally.demand_nothing_found();
}

/// Connections that Slack ends right after their hello, for a while.
#[derive(Debug, Clone)]
struct Ended {
    /// The number of the call after which it begins.
    call: usize,
    /// How they end.
    how: TurnedAway,
}

/// A call that fails.
#[derive(Debug, Clone)]
struct Case {
    /// Its number.
    call: usize,
    /// How it fails.
    kind: FaultKind,
    /// Whether everything does from then on, for a while.
    lasts: bool,
}

impl Case {
    fn at(call: usize) -> Vec<Self> {
        let error = |code: &str| FaultKind::Error(code.to_owned());
        let ways = [
            FaultKind::RateLimited { retry_after: Some(Duration::from_secs(7)) },
            FaultKind::RateLimited { retry_after: Some(HOUR) },
            FaultKind::RateLimited { retry_after: None },
            FaultKind::ServerError,
            FaultKind::Hang,
            FaultKind::AfterEffect(Box::new(FaultKind::Hang)),
            FaultKind::AfterEffect(Box::new(FaultKind::ServerError)),
            FaultKind::Reset,
            error("channel_not_found"),
            error("is_archived"),
            error("invalid_blocks"),
            error("token_revoked"),
            error("rate_limited"),
            error("message_limit_exceeded"),
            error("external_channel_migrating"),
            error("fatal_error"),
            error("a_code_of_next_year"),
        ];
        ways.into_iter().flat_map(|kind| [false, true].map(|lasts| Self { call, kind: kind.clone(), lasts })).collect()
    }

    /// Whether Slack takes no message while it lasts, whatever its form, and does not say that it might later.
    fn is_final(&self) -> bool {
        self.lasts && matches!(&self.kind, FaultKind::Error(code) if code == "invalid_blocks")
    }

    async fn befalls(&self, slack: &Slack) {
        slack.wait_for(|_| slack.calls().len() >= self.call).await;
        slack.fault(Fault { method: None, kind: self.kind.clone(), times: (!self.lasts).then_some(1) });
        if self.lasts {
            tokio::time::sleep(OUTAGE).await;
            slack.clear_faults();
        }
    }
}

/// What a run comes to.
#[derive(Debug)]
struct Calm {
    /// From the confirmation to the end.
    took: SignedDuration,
    /// The messages of the incident channel, by name.
    told: BTreeMap<String, usize>,
}

/// How many calls of Slack a run makes, and what it comes to.
async fn undisturbed() -> (usize, Calm) {
    let rig = Story::DarkPrimary.open_on(SEED, patient).await.unwrap();
    Crew::of(Story::DarkPrimary).see_to_the_end(&rig.stage).await.unwrap();
    tokio::time::sleep(CATCHING_UP).await;
    let calm = Calm { took: took(&rig.stage).await, told: told(&rig.stage) };
    let found = violations(&rig, &calm).await;
    assert!(found.is_empty(), "{found:?}");
    (rig.stage.slack.calls().len(), calm)
}

/// Plays the story in which that happens. Answers what did not hold.
async fn play(case: &Case, calm: &Calm) -> Vec<String> {
    let rig = match Story::DarkPrimary.open_on(SEED, patient).await {
        Ok(rig) => rig,
        Err(why) => return vec![why],
    };
    let (slack, befalling) = (rig.stage.slack.clone(), case.clone());
    let fault = tokio::spawn(async move { befalling.befalls(&slack).await });
    if let Err(why) = Crew::of(Story::DarkPrimary).see_to_the_end(&rig.stage).await {
        return vec![why];
    }
    // A fault of the last calls begins after the end.
    tokio::time::sleep(OUTAGE + CATCHING_UP).await;
    fault.abort();
    rig.stage.slack.clear_faults();
    tokio::time::sleep(CATCHING_UP).await;
    let mut found = violations(&rig, calm).await;
    if case.is_final() {
        let given_up = rig.stage.of("message.refused").await.len();
        found.retain(|what| given_up == 0 || !what.starts_with("not told"));
    }
    found
}

/// A stage whose gates are open for long.
fn patient(stage: StageBuilder) -> StageBuilder {
    stage.replace("slow_poll = 60", "slow_poll = 60\ngate_expiry = 10800\ngate_warning = 0")
}

/// Plays the story through Socket Mode, where Slack ends connections. Answers what did not hold.
async fn play_turned_away(case: &Ended, calm: &Calm) -> Vec<String> {
    let rig = match Story::DarkPrimary.open_on(SEED, |stage| patient(stage).socket_mode()).await {
        Ok(rig) => rig,
        Err(why) => return vec![why],
    };
    let (slack, Ended { call, how }) = (rig.stage.slack.clone(), case.clone());
    let fault = tokio::spawn(async move {
        slack.wait_for(|_| slack.calls().len() >= call).await;
        let sockets = slack.sockets();
        sockets.turn_away(Some(how));
        sockets.open().iter().for_each(|&number| sockets.drop_connection(number));
        tokio::time::sleep(OUTAGE).await;
        sockets.turn_away(None);
    });
    if let Err(why) = Crew::of(Story::DarkPrimary).see_to_the_end(&rig.stage).await {
        return vec![why];
    }
    tokio::time::sleep(OUTAGE + CATCHING_UP).await;
    fault.abort();
    violations(&rig, calm).await
}

async fn violations(rig: &Rig, calm: &Calm) -> Vec<String> {
    let stage = &rig.stage;
    let mut found = Vec::new();
    let late = took(stage).await - calm.took;
    if late.abs() > POLL {
        found.push(format!("the run took {late:#} longer"));
    }
    let marks: Vec<String> = posts(stage).filter_map(|message| mark(&message)).collect();
    for (index, mark) in marks.iter().enumerate() {
        if marks[..index].contains(mark) {
            found.push(format!("posted twice: {mark}"));
        }
    }
    let told = told(stage);
    if told != calm.told {
        found.push(format!("not told the same: {told:?}"));
    }
    let lines = threaded(stage);
    for record in stage.records().await.iter().filter(|record| goes_to_the_thread(record)) {
        let times = lines.iter().filter(|&&seq| seq == record.seq).count();
        if times != 1 {
            found.push(format!("not told once, but {times} times: #{} {}", record.seq, record.event));
        }
    }
    let live = |message: &Message| message.buttons().any(|(_, button)| button["action_id"] == "refuse");
    if stage.slack.messages(Cast::INCIDENT).iter().any(live) {
        found.push("a decided gate has live buttons".to_owned());
    }
    let root = stage.slack.messages(Cast::INCIDENT).into_iter().find(|message| named(message, "root"));
    if !root.is_some_and(|root| root.text.contains("✅ done")) {
        found.push("not told in the run's own message that it is done".to_owned());
    }
    let stakeholders = stage.slack.messages(Cast::ELSEWHERE);
    if !stakeholders.last().is_some_and(|last| last.text.contains("runs from us-west-2")) {
        found.push("not told to stakeholders that it is done".to_owned());
    }
    let (failed, restored) = (stage.of("delivery.failed").await.len(), stage.of("delivery.restored").await.len());
    if failed != restored {
        found.push(format!("{failed} times not delivered, {restored} times again"));
    }
    found
}

/// Time from the confirmation to the end of the run.
async fn took(stage: &Stage) -> SignedDuration {
    let at = async |event: &str| stage.of(event).await.last().map_or(Timestamp::UNIX_EPOCH, |record| record.at);
    at("run.ended").await.duration_since(at("gate.decided").await)
}

/// Every message that was posted.
fn posts(stage: &Stage) -> impl Iterator<Item = Message> {
    stage.slack.transcript().into_iter().filter_map(|entry| match &entry.event {
        Event::Posted(message) => Some(message.clone()),
        _ => None,
    })
}

fn mark(message: &Message) -> Option<String> {
    Some(message.metadata.as_ref()?["event_payload"]["key"].as_str()?.to_owned())
}

fn named(message: &Message, name: &str) -> bool {
    mark(message).is_some_and(|mark| mark.split_once('/').is_some_and(|(_, rest)| rest == name))
}

/// The messages of the incident channel that are no replies, by their names without numbers.
fn told(stage: &Stage) -> BTreeMap<String, usize> {
    let messages = stage.slack.messages(Cast::INCIDENT).into_iter().filter(|message| message.thread_ts.is_none());
    let mut told = BTreeMap::new();
    for mark in messages.filter_map(|message| mark(&message)) {
        *told.entry(mark.replace(|char: char| char.is_ascii_digit(), "")).or_default() += 1;
    }
    told
}

/// The numbers of the records that the threads tell of.
fn threaded(stage: &Stage) -> Vec<u64> {
    let replies = stage.slack.messages(Cast::INCIDENT).into_iter().filter(|message| message.thread_ts.is_some());
    let lines: Vec<String> =
        replies.flat_map(|reply| reply.text.lines().map(str::to_owned).collect::<Vec<_>>()).collect();
    lines.iter().filter_map(|line| line.rsplit_once('#')?.1.parse().ok()).collect()
}

fn goes_to_the_thread(record: &Arc<Record>) -> bool {
    record.run.is_some() && (record.event.starts_with("step.") || record.event == "call.finished")
}
