//! The one message of a run that is edited in place.

use std::collections::BTreeMap;

use commands::{
    plan::{PlannedStep, RunbookName, StepId},
    report::RunOutcome,
    request::Press,
    run::{Run, StepRun, StepState},
};
use jiff::Timestamp;
use serde_json::Value;

use super::{
    decided::outcome,
    wording::{achieved, deed, label},
};
use crate::slack::{
    kit::{self, Button, Confirm, Message, Style, Task, TaskStatus, actions, context, header, joined, section},
    text::{actor, date, elapsed, escape, seconds},
};

/// Where the run stands at `now`, which is when it ended once it did.
pub fn progress(run: &Run, now: Timestamp) -> Message {
    let plan = &run.plan;
    let title = deed(plan);
    let state = state(run);
    let steps: Vec<Step<'_>> = plan.steps.iter().map(|planned| Step::of(run, planned, now)).collect();
    let open = run.ended.is_none() && run.aborted.is_none();
    let abort = open.then(|| actions(&format!("run:{}", run.id), &[abort(run)]));
    let around = |steps: Option<Value>| -> Vec<Value> {
        let title = [header(&title), section(&format!("*{state}*\n{}", pace(run, now)))];
        let by = context(&format!(
            "{} · run {} · asked for by {} · last updated {}",
            label(plan.environment),
            escape(run.id.as_str()),
            actor(&run.requester),
            date(now)
        ));
        title.into_iter().chain(steps).chain([by]).chain(abort.clone()).collect()
    };
    let text = format!("{title} · {state}");
    // A run that was not approved has no steps to wait for.
    if run.decided().is_some() && run.method().is_none() {
        return Message::new(text, around(None));
    }
    let tasks: Vec<Task> = steps.iter().map(Step::task).collect();
    let lines: Vec<String> = steps.iter().map(Step::line).collect();
    Message::new(text, around(Some(kit::plan("Steps", &tasks)))).or(around(Some(section(&joined(&lines, 2_500)))))
}

/// Ends the run wherever it stands, once a dialog was answered.
fn abort(run: &Run) -> Button {
    let text = "It ends between two AWS calls. What was changed stays as it is and what AWS accepted goes on. The report \
                says how each change is put back.";
    Button {
        action_id: "end".to_owned(),
        text: "Abort…".to_owned(),
        value: Press::Abort { run: run.id.clone(), promote: None }.to_string(),
        style: Style::Plain,
        confirm: Some(Confirm { title: format!("Abort {}?", run.id), text: text.to_owned(), yes: "Abort".to_owned() }),
    }
}

fn state(run: &Run) -> String {
    let total = run.plan.steps.len();
    let over = run.steps.values().filter(|step| step.state.lets_on()).count();
    if let (Some(aborted), None) = (&run.aborted, &run.ended) {
        return format!("⛔ aborted by {}: it ends between two calls", actor(&aborted.by));
    }
    if run.decided().is_none() && run.ended.as_ref().is_some_and(|report| report.outcome == RunOutcome::Aborted) {
        return format!("⛔ aborted after {over} of {total} steps");
    }
    let Some(decided) = run.decided() else { return undecided(run, over, total) };
    match (run.ended.as_ref().map(|report| report.outcome), run.waiting_step()) {
        _ if run.method().is_none() => format!("⛔ {}: nothing was changed", outcome(&decided.decision)),
        (Some(RunOutcome::Aborted), _) => format!("⛔ aborted after {over} of {total} steps"),
        (Some(_), _) if verified(run) => format!("✅ done: {}", escape(&achieved(&run.plan))),
        (Some(_), _) if run.plan.runbook == RunbookName::Restore => "⚠️ ended: capacity was not verified".to_owned(),
        (Some(_), _) if run.plan.runbook == RunbookName::Rescue => "⚠️ ended: nothing was kept".to_owned(),
        (Some(_), _) => "⚠️ ended: traffic was not verified".to_owned(),
        (None, Some((step, _))) => {
            format!("⏸️ paused at {}: a decision is needed ({over} of {total} steps over)", step.name())
        }
        (None, None) => format!("⏳ step {} of {total}", (over + 1).min(total)),
    }
}

fn undecided(run: &Run, over: usize, total: usize) -> String {
    match run.waiting_step() {
        Some((step, _)) => format!("⏸️ paused at {}: a decision is needed", step.name()),
        None if run.gate.is_none() && !run.steps.is_empty() => format!("⏳ step {} of {total}", (over + 1).min(total)),
        None => "🖐️ waits for a confirmation".to_owned(),
    }
}

pub(super) fn verified(run: &Run) -> bool {
    let proof = match run.plan.runbook {
        RunbookName::Rebuild => StepId::Rebuild,
        RunbookName::Restore => StepId::Capacity,
        RunbookName::Rescue => StepId::Rescue,
        RunbookName::Promote | RunbookName::Failback => StepId::Verify,
    };
    run.steps.get(&proof).is_some_and(|step| matches!(step.state, StepState::Done { .. }))
}

/// Elapsed time against the expectation.
fn pace(run: &Run, now: Timestamp) -> String {
    let Some(decided) = run.decided().filter(|_| run.method().is_some()) else {
        return format!("asked {}", date(run.commanded_at));
    };
    format!("{} since the confirmation, expected {}", seconds(elapsed(decided.at, now)), seconds(expected(run)))
}

/// The longest way through the runbook, in seconds, by what its steps are expected to take.
pub(super) fn expected(run: &Run) -> f64 {
    let takes: BTreeMap<StepId, f64> = run.plan.steps.iter().map(|step| (step.step, step.expected_s)).collect();
    let mut ends: BTreeMap<StepId, f64> = BTreeMap::new();
    let method = run.likely_method();
    for step in run.runbook().steps.iter().filter(|step| !step.best_effort) {
        let starts = step.waits_for(method).iter().filter_map(|before| ends.get(before)).copied().fold(0.0, f64::max);
        ends.insert(step.id, starts + takes.get(&step.id).copied().unwrap_or(0.0));
    }
    ends.values().copied().fold(0.0, f64::max)
}

/// A step as people see it.
struct Step<'a> {
    id: StepId,
    expected_s: f64,
    run: Option<&'a StepRun>,
    now: Timestamp,
}

impl<'a> Step<'a> {
    fn of(run: &'a Run, planned: &PlannedStep, now: Timestamp) -> Self {
        Self { id: planned.step, expected_s: planned.expected_s, run: run.steps.get(&planned.step), now }
    }

    /// Its state: how Slack marks it, how a line does, and the word.
    fn state(&self) -> (TaskStatus, &'static str, &'static str) {
        let Some(step) = self.run else { return (TaskStatus::Pending, "⚪", "waiting") };
        match &step.state {
            StepState::Running if step.late => (TaskStatus::InProgress, "🐢", "late"),
            StepState::Running => (TaskStatus::InProgress, "⏳", "running"),
            StepState::Done { already: true } => (TaskStatus::Complete, "✅", "held already"),
            StepState::Done { already: false } => (TaskStatus::Complete, "✅", "done"),
            StepState::Failed { best_effort: true, .. } => (TaskStatus::Error, "⚠️", "failed, goes on"),
            StepState::Failed { best_effort: false, .. } => (TaskStatus::Error, "❌", "failed"),
            StepState::Retrying => (TaskStatus::Pending, "🔁", "to be tried again"),
            StepState::Skipped => (TaskStatus::Error, "⏭️", "skipped"),
            StepState::Aborted => (TaskStatus::Error, "⛔", "aborted"),
        }
    }

    fn took(&self) -> Option<String> {
        self.run.map(|step| seconds(elapsed(step.started_at, step.ended_at.unwrap_or(self.now))))
    }

    fn detail(&self) -> &'a str {
        self.run.map_or("", |step| if step.detail.is_empty() { &step.goal } else { &step.detail })
    }

    fn line(&self) -> String {
        let ((_, icon, word), name, expected) = (self.state(), self.id.name(), seconds(self.expected_s));
        match self.took() {
            None => format!("{icon} {word} · *{name}* (expected {expected})"),
            Some(took) => format!("{icon} {word} · *{name}* {took} (expected {expected}) · {}", escape(self.detail())),
        }
    }

    /// The same as a task of a plan, which Slack marks by itself.
    fn task(&self) -> Task {
        let ((status, _, word), name, expected) = (self.state(), self.id.name(), seconds(self.expected_s));
        let title = match self.took() {
            None => format!("{name}: {word} (expected {expected})"),
            Some(took) => format!("{name}: {word} · {took} (expected {expected})"),
        };
        Task { id: name.to_owned(), title, status, details: self.detail().to_owned() }
    }
}
