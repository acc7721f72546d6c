//! Every message as people read it. `insta` keeps the expected text beside this file.

use commands::{
    desk::Overview,
    history::{History, PastRun, Standing},
    ids::RunId,
    journal::{CallOutcome, Decision, Event, Refusal, Resolution},
    observation::Seen,
    phase::Phase,
    plan::{Method, StepId},
    report::RunOutcome,
    situation::{Next, Situation, Writes},
    status::Status,
    supply::{Active, Found, Supply},
    topology::{Environment, SideName},
};
use serde_json::Value;
use storage::{Actor, Head};

use crate::slack::{
    fixture::{Story, at, checks, leading, person, plan, report, status},
    kit::{Form, Message},
    messages::{self, Failure},
};

/// The message as text: a line for the notification, then the blocks from top to bottom.
fn shown(message: &Message) -> String {
    let mut lines = vec![format!("notification: {}", message.text)];
    lines.extend(message.blocks.iter().map(block));
    lines.join("\n---\n")
}

fn block(block: &Value) -> String {
    let texts = |list: &Value| -> Vec<String> {
        list.as_array().into_iter().flatten().map(|item| item["text"].as_str().unwrap_or_default().to_owned()).collect()
    };
    match block["type"].as_str().unwrap() {
        "header" => format!("# {}", block["text"]["text"].as_str().unwrap()),
        "divider" => "(divider)".to_owned(),
        "input" => {
            format!("{}: ({})", block["label"]["text"].as_str().unwrap(), block["element"]["placeholder"]["text"])
        }
        "context" => format!("({})", texts(&block["elements"]).join(" ")),
        "table" => {
            let rows = block["rows"].as_array().unwrap();
            rows.iter().map(|row| format!("| {} |", texts(row).join(" | "))).collect::<Vec<_>>().join("\n")
        }
        "plan" => {
            let tasks = block["tasks"].as_array().unwrap().iter().map(task);
            std::iter::once(block["title"].as_str().unwrap().to_owned()).chain(tasks).collect::<Vec<_>>().join("\n")
        }
        "actions" => block["elements"].as_array().unwrap().iter().map(button).collect::<Vec<_>>().join("\n"),
        _ if block["fields"].is_array() => texts(&block["fields"]).join("\n"),
        _ => block["text"]["text"].as_str().unwrap().to_owned(),
    }
}

fn task(task: &Value) -> String {
    let details = task["details"]["elements"][0]["elements"][0]["text"].as_str();
    let details = details.map(|details| format!(" > {details}")).unwrap_or_default();
    format!("({}) {}{details}", task["status"].as_str().unwrap(), task["title"].as_str().unwrap())
}

/// The message as it is, and as a workspace has it that refuses tables and plans.
fn both(message: &Message) -> String {
    format!("{}\n---- or ----\n{}", shown(message), shown(&message.simplified(Form::Plainer)))
}

fn button(button: &Value) -> String {
    let style = button["style"].as_str().unwrap_or("plain");
    let asks = match button["confirm"]["text"]["text"].as_str() {
        None => String::new(),
        Some(text) => {
            format!(" asks {:?}: {text} [{}]", button["confirm"]["title"]["text"], button["confirm"]["confirm"]["text"])
        }
    };
    format!("[{}] {style}, sends {}{asks}", button["text"]["text"].as_str().unwrap(), button["value"])
}

fn story() -> Story {
    Story::new(plan(&[Method::Failover], checks()), "the primary <does> not answer")
}

fn approved() -> Story {
    let mut story = story();
    story.decide(Decision::Approved { method: Method::Failover });
    story
}

fn accepted() -> CallOutcome {
    CallOutcome::Accepted { request_id: Some("5a1b".into()), reference: None }
}

#[test]
fn status_with_the_primary_dark() {
    insta::assert_snapshot!(both(&messages::status(&status(), true, 12)));
}

/// The fixture's status with a region that serves, answers, and has these tasks.
fn serving(side: SideName, running: i32, phase: Phase) -> Status {
    let mut status = Status { phase, serving: Some(side), run: None, ..status() };
    let found = Found::Short(format!("{running} of 4 tasks running"));
    let supply = Supply { service: "web".into(), needed: 4, found };
    status.active = Some(Active { side, supplies: vec![supply], listener: None });
    let seen = match side {
        SideName::Primary => &mut status.observation.primary,
        SideName::Dr => &mut status.observation.dr,
    };
    seen.endpoint = Seen::Known(200);
    let region = ["us-east-1", "us-west-2"][usize::from(side == SideName::Dr)];
    let effect = format!("brings {region} back to its configured capacity");
    let next = Next::Command { command: "restore shop".into(), effect };
    status.situation = Some(Situation { split: None, writes: Writes::Yes, next });
    status
}

#[test]
fn status_of_a_region_that_serves_with_too_few_tasks() {
    insta::assert_snapshot!(shown(&messages::status(&serving(SideName::Dr, 1, Phase::Promoted), true, 12)));
    let (asks, looks) = (serving(SideName::Primary, 0, Phase::Steady), serving(SideName::Primary, 0, Phase::Steady));
    for (status, may) in [(asks, true), (looks, false)] {
        let text = shown(&messages::status(&status, may, 12));
        assert!(!text.contains("steady"), "{text}");
        assert!(text.contains("shop: below capacity — us-east-1 serves"), "{text}");
        assert_eq!(text.contains("`/dr restore shop` brings us-east-1 back"), may, "{text}");
    }
}

#[test]
fn steady_is_not_said_of_a_region_that_does_not_answer() {
    let status = Status { phase: Phase::Steady, ..status() };
    let text = shown(&messages::status(&status, true, 12));
    assert!(text.contains("shop: us-east-1 is active but not responding"), "{text}");
    assert!(!text.contains("steady"), "{text}");
}

#[test]
fn dry_run() {
    insta::assert_snapshot!(shown(&messages::plan(&plan(&[Method::Switchover, Method::Failover], checks()), true, 14)));
}

#[test]
fn gate_that_overrides() {
    let story = story();
    insta::assert_snapshot!(shown(&messages::gate(&story.run, story.run.gate.as_ref().unwrap())));
}

#[test]
fn gate_with_a_choice() {
    let story = Story::new(plan(&[Method::Switchover, Method::Failover], vec![]), "exercise");
    insta::assert_snapshot!(shown(&messages::gate(&story.run, story.run.gate.as_ref().unwrap())));
}

#[test]
fn gate_that_takes_two_with_one_given_and_one_lapsed() {
    let story = two_of_two();
    let gate = story.run.gate.as_ref().unwrap();
    let shown = [messages::gate(&story.run, gate), messages::closing(&story.run, gate)].map(|message| shown(&message));
    insta::assert_snapshot!(shown.join("\n\n========\n\n"));
}

#[test]
fn modal_that_confirms_a_failover() {
    let story = two_of_two();
    let view = messages::confirmation(&story.run, Method::Failover, "kept");
    let blocks: Vec<String> = view["blocks"].as_array().unwrap().iter().map(block).collect();
    let [title, submit] = ["title", "submit"].map(|key| view[key]["text"].as_str().unwrap());
    insta::assert_snapshot!(format!("{title}\n{}\n[{submit}]", blocks.join("\n")));
}

#[test]
fn modal_that_asks_why_not() {
    let view = messages::refusal(&story().run, "kept");
    let blocks: Vec<String> = view["blocks"].as_array().unwrap().iter().map(block).collect();
    insta::assert_snapshot!(blocks.join("\n"));
}

#[test]
fn gate_decided_by_two() {
    let mut story = two_of_two();
    let first = story.run.gate.as_ref().unwrap().counted(Method::Failover).next().unwrap().seq;
    story.approved_by("U0PRIYA0001", Some("it is dark: <since> 9:00"), vec![first]);
    let gate = story.run.gate.as_ref().unwrap();
    let message = messages::decided(&story.run, gate, story.run.decided().unwrap());
    insta::assert_snapshot!(block(message.blocks.last().unwrap()));
}

/// It takes two, one approved, and another's approval lapsed.
fn two_of_two() -> Story {
    let mut story = Story::needing(plan(&[Method::Failover], checks()), "the primary <does> not answer", 2);
    let lapsed = story.approve("U0SAM000001", "my pager says so");
    let why = Refusal::NotAllowed;
    story.add(31, Actor::Bot, None, Event::GateLapsed { approval: lapsed.seq, why });
    story.approve("U0JONAS0001", "it is dark");
    story
}

#[test]
fn gate_decided() {
    let verdicts = [
        Decision::Approved { method: Method::Failover },
        Decision::Refused,
        Decision::Cancelled,
        Decision::Expired,
        Decision::Void { why: "a failover is no longer possible".into() },
    ]
    .map(|decision| {
        let mut story = story();
        story.decide(decision);
        let message = messages::decided(&story.run, story.run.gate.as_ref().unwrap(), story.run.decided().unwrap());
        let buttons: Vec<&Value> = message.blocks.iter().filter(|block| block["type"] == "actions").collect();
        let again = story.run.method().is_none();
        assert_eq!(buttons.len(), usize::from(again), "nothing but asking again is left");
        let verdict = message.blocks.len() - 1 - buttons.len();
        message.blocks[verdict..].iter().map(block).collect::<Vec<_>>().join("\n")
    });
    insta::assert_snapshot!(verdicts.join("\n"));
}

#[test]
fn progress_before_and_after_the_confirmation() {
    let mut story = story();
    let before = shown(&messages::progress(&story.run, at(5)));
    story.decide(Decision::Approved { method: Method::Failover });
    for step in [StepId::Database, StepId::Capacity, StepId::Fence] {
        story.start(13, step);
    }
    story.done(80, StepId::Capacity, "13 of 13 tasks run");
    story.fail(73, StepId::Fence, "us-east-1 did not answer within 2 s");
    let running = both(&messages::progress(&story.run, at(90)));
    story.fail(600, StepId::Database, "global cluster shop-global is still failing-over");
    let paused = shown(&messages::progress(&story.run, at(601)));
    insta::assert_snapshot!([before, running, paused].join("\n\n========\n\n"));
}

#[test]
fn thread() {
    let mut story = approved();
    let mut records = vec![story.start(13, StepId::Database)];
    records.extend(story.failover(accepted()));
    records.push(story.done(95, StepId::Database, "us-west-2 writes"));
    records.push(story.start(95, StepId::Listener));
    records.push(story.fail(120, StepId::Listener, "elasticloadbalancing:ModifyListener in us-west-2: AccessDenied"));
    records.push(story.resolve(StepId::Listener, Resolution::Retry));
    let lines: Vec<String> = records
        .iter()
        .filter_map(|record| messages::detail(&story.run, record, &commands::journal::Event::of(record).unwrap()))
        .collect();
    insta::assert_snapshot!(shown(&messages::details(&lines)));
}

#[test]
fn point_of_no_return() {
    let story = approved();
    let certain = shown(&messages::no_return(&story.run, &accepted(), 22));
    let unsure = CallOutcome::Unknown { why: "no answer within 5 s".into() };
    let unsure = shown(&messages::no_return(&story.run, &unsure, 22));
    insta::assert_snapshot!([certain, unsure].join("\n\n========\n\n"));
}

#[test]
fn paused_and_resolved() {
    let mut story = approved();
    story.start(13, StepId::Dns);
    let failed = story.fail(600, StepId::Dns, "route53:ChangeResourceRecordSets: Throttling");
    let record = story.resolve(StepId::Dns, Resolution::Skip);
    let mut failure = Failure {
        run: story.run.id.clone(),
        application: "shop".into(),
        environment: Environment::Live,
        step: StepId::Dns,
        error: "route53:ChangeResourceRecordSets: Throttling".into(),
        choices: leading(&story.run.plan, StepId::Dns),
        seq: failed.seq,
    };
    let asked = shown(&messages::paused(&failure));
    let resolved = shown(&messages::resolved(&failure, Resolution::Skip, &record));
    failure.choices.retain(|(choice, _)| matches!(choice, Resolution::Retry | Resolution::Abort));
    assert!(!shown(&messages::paused(&failure)).contains("Skip"));
    insta::assert_snapshot!([asked, resolved].join("\n\n========\n\n"));
}

#[test]
fn reports() {
    let (story, mut cancelled) = (approved(), self::story());
    cancelled.decide(Decision::Cancelled);
    let head = Head { size: 97, root: "ab".repeat(32).parse().unwrap() };
    let mut unverified = report(RunOutcome::Completed);
    unverified.rto_from_confirmation_s = None;
    let all = [
        (&story, report(RunOutcome::Completed)),
        (&story, unverified),
        (&story, report(RunOutcome::Aborted)),
        (&cancelled, report(RunOutcome::NotApproved)),
    ]
    .map(|(story, report)| both(&messages::report(&story.run, &report, 96, &head)));
    insta::assert_snapshot!(all.join("\n\n========\n\n"));
}

#[test]
fn late_step() {
    let mut story = approved();
    story.start(13, StepId::Database);
    let late = story.late(80, StepId::Database, "shop-global is failing-over");
    let line = messages::detail(&story.run, &late, &commands::journal::Event::of(&late).unwrap()).unwrap();
    let root = shown(&messages::progress(&story.run, at(81)));
    let root = root.lines().find(|line| line.contains("database: late")).unwrap();
    insta::assert_snapshot!(format!("{line}\n{root}"));
}

#[test]
fn last_runs() {
    let past = |seq: u64, standing, rto_from_confirmation_s| PastRun {
        run: RunId::new("promote", seq),
        environment: Environment::Live,
        commanded_at: at(seq as i64),
        requester: person("U0MAYA00001"),
        reason: (seq == 16).then(|| "the primary <does> not answer".into()),
        standing,
        rto_from_confirmation_s,
    };
    let ended = |outcome| Standing::Ended { outcome };
    let runs = vec![
        past(50, Standing::Open { state: "paused: dns failed: Throttling".into() }, None),
        past(16, ended(RunOutcome::Completed), Some(188.4)),
        past(9, ended(RunOutcome::Aborted), None),
        past(3, ended(RunOutcome::NotApproved), None),
    ];
    let all = [History { application: "shop".into(), runs }, History { application: "shop".into(), runs: vec![] }]
        .map(|history| shown(&messages::history(&history, 51)));
    insta::assert_snapshot!(all.join("\n\n========\n\n"));
}

#[test]
fn timelines() {
    let mut story = story();
    story.decide(Decision::Approved { method: Method::Failover });
    story.start(13, StepId::Database);
    story.failover(accepted());
    story.late(80, StepId::Database, "shop-global is failing-over");
    story.fail(600, StepId::Database, "not done after 600 s");
    story.resolve(StepId::Database, Resolution::Retry);
    let open = shown(&messages::timeline(&story.timeline(), 60));
    story.start(210, StepId::Database);
    story.done(260, StepId::Database, "us-west-2 writes");
    story.end(300, report(RunOutcome::Completed));
    let ended = shown(&messages::timeline(&story.timeline(), 61));
    insta::assert_snapshot!([open, ended].join("\n\n========\n\n"));
}

#[test]
fn a_drill_is_not_taken_for_anything_else() {
    let mut plan = plan(&[Method::Failover], checks());
    plan.environment = Environment::Drill;
    let mut story = Story::new(plan.clone(), "exercise");
    let head = Head { size: 97, root: "ab".repeat(32).parse().unwrap() };
    let gate = messages::gate(&story.run, story.run.gate.as_ref().unwrap());
    story.decide(Decision::Approved { method: Method::Failover });
    let failure = Failure {
        run: story.run.id.clone(),
        application: messages::named(&plan),
        environment: Environment::Drill,
        step: StepId::Dns,
        error: "denied".into(),
        choices: leading(&plan, StepId::Dns),
        seq: 9,
    };
    let all = [
        gate,
        messages::decided(&story.run, story.run.gate.as_ref().unwrap(), story.run.decided().unwrap()),
        messages::plan(&plan, true, 14),
        messages::progress(&story.run, at(5)),
        messages::paused(&failure),
        messages::no_return(&story.run, &accepted(), 22),
        messages::handoff(&story.run, "terraform apply", 23),
        messages::report(&story.run, &report(RunOutcome::Completed), 96, &head),
        messages::report(&story.run, &report(RunOutcome::Aborted), 96, &head),
        messages::public(&story.run, Some(at(900))),
        messages::timeline(&story.timeline(), 97),
        messages::status(&commands::status::Status { environment: Environment::Drill, ..status() }, true, 12),
    ];
    for message in all {
        assert!(message.text.contains("DRILL"), "{}", message.text);
        let blocks = shown(&message);
        assert!(blocks.contains("DRILL") && !blocks.contains("LIVE"), "{blocks}");
    }
}

/// What stakeholders read from the beginning to the end.
#[test]
fn public_messages() {
    let mut story = story();
    let mut all = vec![messages::public(&story.run, Some(at(900)))];
    story.decide(Decision::Approved { method: Method::Failover });
    story.start(13, StepId::Database);
    story.done(95, StepId::Database, "us-west-2 writes");
    all.push(messages::public(&story.run, Some(at(990))));
    story.start(95, StepId::Listener);
    story.fail(120, StepId::Listener, "elasticloadbalancing:ModifyListener in us-west-2: AccessDenied");
    all.push(messages::public(&story.run, Some(at(1_020))));
    story.resolve(StepId::Listener, Resolution::Retry);
    story.start(130, StepId::Verify);
    story.done(180, StepId::Verify, "200");
    story.end(200, report(RunOutcome::Completed));
    all.push(messages::public(&story.run, None));
    insta::assert_snapshot!(all.iter().map(shown).collect::<Vec<_>>().join("\n\n========\n\n"));
}

#[test]
fn app_home() {
    let last = PastRun {
        run: RunId::new("promote", 9),
        environment: Environment::Live,
        commanded_at: at(-86_400),
        requester: person("U0MAYA00001"),
        reason: None,
        standing: Standing::Ended { outcome: RunOutcome::Completed },
        rto_from_confirmation_s: Some(188.4),
    };
    let applications = [
        Overview { status: status(), asks: true, last: Some(last) },
        Overview { status: commands::status::Status { run: None, ..status() }, asks: false, last: None },
    ];
    let all = [applications.as_slice(), &[]]
        .map(|applications| messages::home(applications, at(5)).iter().map(block).collect::<Vec<_>>().join("\n---\n"));
    insta::assert_snapshot!(all.join("\n\n========\n\n"));
}

#[test]
fn short_answers() {
    let failed = [
        messages::failed("plan promote shop", "shop is promoted already", 9),
        messages::failed("cancel:promote-16", "somebody was faster", 9),
    ];
    let mut all: Vec<String> = failed.iter().map(shown).collect();
    all.push(messages::refused("you may not <promote> shop"));
    insta::assert_snapshot!(all.join("\n\n========\n\n"));
}
