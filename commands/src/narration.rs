//! What a record of a run says, in a plain line: for the terminal and for a run's timeline. Who did it stands beside it.

use storage::{Actor, Record};

use crate::{
    journal::{CallOutcome, Decision, Event, Promote},
    plan::{Method, RunbookName},
    report::RunOutcome,
    run::Run,
};

/// The line of a record; `None` for records that say nothing new about the run, which has the record applied.
pub fn narrate(run: &Run, record: &Record, event: &Event) -> Option<String> {
    let said = match event {
        Event::RunStarted { .. } => started(run),
        Event::GateOpened { methods, .. } => format!("waits for a confirmation: {}", names(methods)),
        Event::GateApproved { method, number, of, reason, .. } => {
            format!("approval {number} of {of}: {}{}", method.name(), because(reason.as_ref()))
        }
        Event::GateLapsed { approval, .. } => {
            format!("approval #{approval} counts no more: who gave it may not approve any longer")
        }
        Event::GateClosing { expires_at } => format!("nobody decided yet; the question closes at {expires_at:.0}"),
        Event::GateDecided { decision, reason, .. } => format!("{}{}", decided(decision), because(reason.as_ref())),
        Event::StepStarted { goal, .. } => format!("began: {goal}"),
        Event::StepObserved { detail } => detail.clone(),
        Event::StepLate { expected_s, elapsed_s, detail } => {
            format!("late: {elapsed_s:.0} s, expected {expected_s:.0} s; {detail}")
        }
        Event::CallFinished { intent, outcome, tries, .. } => {
            let call = &run.calls.get(intent)?.call;
            format!("{}:{} in {}: {}{}", call.service, call.operation, call.region, ended(outcome), times(*tries))
        }
        Event::HandoffGiven { text } => format!("your turn, run: {text}"),
        Event::StepDone { detail, already: false } => format!("done: {detail}"),
        Event::StepDone { detail, already: true } => format!("held already: {detail}"),
        Event::StepFailed { error, best_effort: true } => format!("failed, the run goes on: {error}"),
        Event::StepFailed { error, best_effort: false } => format!("failed: {error}"),
        Event::StepResolved { resolution, .. } => format!("decided: {}", resolution.name()),
        Event::RunAborted { promote, .. } => aborted(promote.as_ref()),
        Event::RunResumed {} => "the bot started again and took the run up".to_owned(),
        Event::RunCompared { comparison } => match comparison.differences.as_slice() {
            [] => return None,
            differences => {
                let told: Vec<String> = differences.iter().map(ToString::to_string).collect();
                format!("not as configured: {}", told.join("; "))
            }
        },
        Event::RunEnded { report } => format!("the run ended: {}", outcome(report.outcome)),
        _ => return None,
    };
    Some(match &record.step {
        Some(step) => format!("{step}: {said}"),
        None => said,
    })
}

/// How a run ended, in words.
pub fn outcome(outcome: RunOutcome) -> &'static str {
    match outcome {
        RunOutcome::Completed => "completed",
        RunOutcome::NotApproved => "not approved, nothing was changed",
        RunOutcome::Aborted => "aborted, everything left where it is",
    }
}

/// A person or the bot, by name where it is known.
pub fn name(actor: &Actor) -> String {
    match actor {
        Actor::Slack { user, name, .. } => format!("{} (Slack)", name.as_ref().unwrap_or(user)),
        Actor::Terminal { user } => format!("{user} (terminal)"),
        Actor::Bot => "the bot".to_owned(),
    }
}

fn started(run: &Run) -> String {
    let reason = because(run.reason.as_ref());
    if run.plan.runbook == RunbookName::Restore {
        return format!("restore {}: the capacity of {}{reason}", run.application, run.plan.to);
    }
    if run.plan.runbook == RunbookName::Rescue {
        return format!("rescue {}: what Aurora saved in {}{reason}", run.application, run.plan.to);
    }
    format!("{} {} from {} to {}{reason}", run.id.runbook(), run.application, run.plan.from, run.plan.to)
}

fn because(reason: Option<&String>) -> String {
    reason.map(|reason| format!(": {reason}")).unwrap_or_default()
}

/// A person ended the run before its end, perhaps for a promote.
fn aborted(promote: Option<&Promote>) -> String {
    match promote {
        None => "aborted: it ends between two calls, and what AWS accepted goes on".to_owned(),
        Some(promote) => {
            format!(
                "aborted: it ends between two calls, and a promote is asked for{}",
                because(promote.reason.as_ref())
            )
        }
    }
}

fn names(methods: &[Method]) -> String {
    methods.iter().map(|method| method.name()).collect::<Vec<_>>().join(" or ")
}

fn decided(decision: &Decision) -> String {
    match decision {
        Decision::Approved { method } => format!("approved: {}", method.name()),
        Decision::Refused => "refused".to_owned(),
        Decision::Cancelled => "cancelled".to_owned(),
        Decision::Expired => "expired: nobody decided in time".to_owned(),
        Decision::Void { why } => format!("confirmed, but void: {why}"),
    }
}

/// How often a call was made, where that was more than once.
pub fn times(tries: u32) -> String {
    if tries > 1 { format!(" (after {tries} tries)") } else { String::new() }
}

fn ended(outcome: &CallOutcome) -> String {
    match outcome {
        CallOutcome::Accepted { request_id: Some(id), .. } => format!("accepted, request {id}"),
        CallOutcome::Accepted { request_id: None, .. } => "accepted".to_owned(),
        CallOutcome::Failed { code, message, .. } => format!("refused: {code} {message}"),
        CallOutcome::Unknown { why } => format!("outcome unknown: {why}"),
    }
}
