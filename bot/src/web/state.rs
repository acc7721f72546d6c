//! How a run stands, in an icon and words, and what comes next. Pure functions of the run.

use commands::{
    access::Terms,
    choices::leads_to,
    decide::{Next, decide},
    journal::Decision,
    narration::name,
    plan::{RunbookName, StepId},
    report::RunOutcome,
    run::{Gate, Run, StepState},
};
use jiff::Timestamp;

use super::schedule::{Schedule, seconds};
use crate::slack::{messages::achieved, text::count};

/// How a run stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Standing {
    /// Which of the page's icons.
    pub(super) symbol: &'static str,
    /// In a word or two.
    pub(super) word: &'static str,
    /// In a sentence.
    pub(super) said: String,
}

impl Standing {
    fn new(symbol: &'static str, word: &'static str, said: impl Into<String>) -> Self {
        Self { symbol, word, said: said.into() }
    }
}

/// How the run stands.
pub(super) fn standing(run: &Run) -> Standing {
    let total = run.plan.steps.len();
    let over = run.steps.values().filter(|step| step.state.lets_on()).count();
    if let Some(report) = &run.ended {
        return match report.outcome {
            RunOutcome::Completed if proven(run) => Standing::new("done", "done", format!("{}.", achieved(&run.plan))),
            RunOutcome::Completed if run.plan.runbook == RunbookName::Restore => {
                Standing::new("warned", "ended", "Nobody has seen that the region has its capacity.")
            }
            RunOutcome::Completed if run.plan.runbook == RunbookName::Rescue => {
                Standing::new("warned", "ended", "Nobody has seen that Aurora's snapshot is kept.")
            }
            RunOutcome::Completed => {
                Standing::new("warned", "ended", "Nobody has seen that the public address is served.")
            }
            RunOutcome::Aborted => Standing::new(
                "stopped",
                "aborted",
                format!("{over} of {total} steps were over; everything is where they left it."),
            ),
            RunOutcome::NotApproved => refused(run),
        };
    }
    if let Some(aborted) = &run.aborted {
        let said = format!("{} aborted it; it ends between two calls.", name(&aborted.by));
        return Standing::new("stopped", "ending", said);
    }
    if let Some((step, error)) = run.waiting_step() {
        return Standing::new(
            "waiting",
            "paused",
            format!("{} failed, and people have to decide: {error}", step.name()),
        );
    }
    if run.gate.is_some() && run.decided().is_none() {
        return Standing::new("waiting", "waits for a confirmation", "Nothing is changed until somebody confirms.");
    }
    let late = run.steps.values().any(|step| step.late && step.state == StepState::Running);
    let said = format!("{over} of {total} steps are over.");
    if late { Standing::new("late", "running late", said) } else { Standing::new("running", "running", said) }
}

fn refused(run: &Run) -> Standing {
    let (word, why) = match run.decided().map(|decided| &decided.decision) {
        Some(Decision::Refused) => ("refused", "Nothing was changed.".to_owned()),
        Some(Decision::Cancelled) => ("cancelled", "Nothing was changed.".to_owned()),
        Some(Decision::Expired) => ("expired", "Nobody decided in time; nothing was changed.".to_owned()),
        Some(Decision::Void { why }) => {
            ("void", format!("It was confirmed when it no longer held, so nothing was changed: {why}"))
        }
        Some(Decision::Approved { .. }) | None => ("not approved", "Nothing was changed.".to_owned()),
    };
    Standing::new("stopped", word, why)
}

/// Whether the step that proves the deed saw it.
fn proven(run: &Run) -> bool {
    let proof = match run.plan.runbook {
        RunbookName::Rebuild => StepId::Rebuild,
        RunbookName::Restore => StepId::Capacity,
        RunbookName::Rescue => StepId::Rescue,
        RunbookName::Promote | RunbookName::Failback => StepId::Verify,
    };
    run.steps.get(&proof).is_some_and(|step| matches!(step.state, StepState::Done { .. }))
}

/// What comes next, in sentences.
pub(super) fn next(run: &Run, schedule: &Schedule, now: Timestamp) -> Vec<String> {
    let mut said: Vec<String> = decide(run.runbook(), run).iter().map(|next| one(run, next, now)).collect();
    if let Some((step, _)) = run.waiting_step().filter(|_| run.aborted.is_none()) {
        let choices = run.resolutions(step).into_iter();
        let choices: Vec<String> = choices
            .map(|choice| format!("{}: {}", choice.name(), leads_to(&run.plan, step, choice).replace('`', "")))
            .collect();
        said.push(format!("Somebody who may decides in the channel. {}.", choices.join(". ")));
    }
    if run.awaits_handoff() {
        said.push(
            "People apply Terraform as the channel says; the run goes on by itself when the new secondary appears."
                .to_owned(),
        );
    }
    let ahead: Vec<&str> = schedule.slots.iter().filter(|(_, slot)| slot.ahead).map(|(id, _)| id.name()).collect();
    if run.ended.is_none() && run.aborted.is_none() && !ahead.is_empty() {
        said.push(format!("After that: {}.", ahead.join(", ")));
    }
    said
}

fn one(run: &Run, next: &Next, now: Timestamp) -> String {
    match next {
        Next::OpenGate => "People are asked to confirm.".to_owned(),
        Next::AwaitGate { expires_at, .. } => format!(
            "People decide in the channel, within {}: {}.",
            super::parts::lasted(seconds(now, *expires_at).round()),
            run.gate.as_ref().map(approvals).unwrap_or_default()
        ),
        Next::Work(step) => format!("Under way: {} ({}).", step.name(), run.plan.goal(*step)),
        Next::Pause(step) => format!("People are told that {} waits for them.", step.name()),
        Next::End(_) => "The report is written.".to_owned(),
    }
}

/// How many approvals each way takes, and has.
fn approvals(gate: &Gate) -> String {
    let way = |terms: &Terms| {
        let given = gate.counted(terms.method).count();
        format!(
            "{} takes {}, {given} given",
            terms.method.name(),
            count(usize::try_from(terms.approvers).unwrap_or(usize::MAX), "approval")
        )
    };
    gate.terms.iter().map(way).collect::<Vec<_>>().join("; ")
}
