//! What stakeholders read: plain language, no buttons, and when they hear more.

use commands::{
    journal::Decision,
    observation::Seen,
    plan::{Method, Plan, RunbookName, StepId},
    report::RunOutcome,
    run::{Run, StepState},
};
use jiff::Timestamp;

use super::{
    progress::{expected, verified},
    wording::{label, named},
};
use crate::slack::{
    kit::{Message, context, header, section},
    text::{date, escape, seconds},
};

/// How a run goes, for those who are not in the incident channel. `next` is when they hear more at the latest; `None` once it ended.
pub fn public(run: &Run, next: Option<Timestamp>) -> Message {
    let headline = headline(run);
    let promise = match next {
        Some(next) => format!("by {} at the latest, also if nothing changed", date(next)),
        None => "none: this was the last message about it".to_owned(),
    };
    let body = format!(
        "*Impact*\n{}\n*What changed*\n{}\n*What is next*\n{}\n*Next update*\n{promise}",
        impact(run),
        changed(run),
        ahead(run)
    );
    let label = context(&format!("{} · run {}", label(run.plan.environment), escape(run.id.as_str())));
    Message::new(format!("{headline}. Impact: {}", impact(run)), vec![header(&headline), section(&body), label])
}

/// Whether users of the application notice nothing of what the run does now, however long it takes.
pub fn unnoticed(run: &Run) -> bool {
    match run.plan.runbook {
        RunbookName::Promote | RunbookName::Restore => false,
        RunbookName::Rebuild | RunbookName::Rescue => true,
        RunbookName::Failback => run.method().is_none(),
    }
}

/// What is done, as the subject of a sentence.
fn undertaking(plan: &Plan) -> String {
    match plan.runbook {
        RunbookName::Promote => format!("the move to {}", plan.to),
        RunbookName::Rebuild => format!("rebuilding the standby copy in {}", plan.to),
        RunbookName::Failback => format!("the return to {}", plan.to),
        RunbookName::Rescue => format!("keeping a copy of earlier data in {}", plan.to),
        RunbookName::Restore => format!("bringing {} back to full strength", plan.to),
    }
}

fn headline(run: &Run) -> String {
    let (application, to) = (named(&run.plan), &run.plan.to);
    let what = undertaking(&run.plan);
    match run.ended.as_ref().map(|report| report.outcome) {
        Some(RunOutcome::NotApproved) => format!("⛔ {application}: {what} {}", called_off(run)),
        Some(RunOutcome::Aborted) => format!("⛔ {application}: {what} was stopped half-way"),
        Some(RunOutcome::Completed) if !verified(run) => {
            format!("⚠️ {application}: {what} ended, and was not checked from outside")
        }
        Some(RunOutcome::Completed) => match run.plan.runbook {
            RunbookName::Promote | RunbookName::Failback => format!("✅ {application} runs from {to}"),
            RunbookName::Rebuild => format!("✅ {application} has a standby copy in {to} again"),
            RunbookName::Rescue => format!("✅ {application}: a copy of earlier data is kept in {to}"),
            RunbookName::Restore => format!("✅ {application} runs at full strength in {to}"),
        },
        None if run.waiting_step().is_some() => format!("⏸️ {application}: {what} is held up"),
        None if run.method().is_some() => format!("⏳ {application}: {what} is under way"),
        None => format!("🖐️ {application}: {what} is being prepared"),
    }
}

/// How what nobody approved ended.
fn called_off(run: &Run) -> &'static str {
    match run.decided().map(|decided| &decided.decision) {
        Some(Decision::Refused) => "was refused",
        Some(Decision::Expired) => "was not approved in time",
        Some(Decision::Void { .. }) => "was called off because the situation changed",
        Some(Decision::Cancelled | Decision::Approved { .. }) | None => "was called off",
    }
}

fn impact(run: &Run) -> String {
    let app = escape(&run.application);
    if unnoticed(run) {
        return format!("none: {app} goes on as it is");
    }
    let method = run.method().or_else(|| run.plan.options.first().map(|option| option.method));
    let settled = run.ended.as_ref().is_some_and(|report| report.outcome == RunOutcome::Completed) && verified(run);
    match (method, settled) {
        (Some(Method::Restore), true) => format!("over: {app} runs at full strength"),
        (Some(Method::Restore), false) if run.method().is_some() || run.ended.is_none() => {
            format!("{app} may be slow or unavailable until this is done; nothing is lost")
        }
        (Some(Method::Failover), true) => format!("over: {app} answers again{}", lost(run)),
        (_, true) if run.moved_by_others() => {
            format!("over: {app} answers again; the latest changes before may be lost")
        }
        (_, true) => format!("over: {app} answers, and nothing was lost"),
        _ if run.ended.as_ref().is_some_and(|report| report.outcome == RunOutcome::NotApproved) => {
            format!("unchanged: {app} was left as it was")
        }
        (Some(Method::Failover), false) => format!("{app} may be slow or unavailable until this is done{}", lost(run)),
        (_, false) if run.method().is_some() => {
            format!("{app} cannot save changes for a short while; nothing is lost")
        }
        (_, false) => format!("none so far: {app} goes on as it is"),
    }
}

/// What a failover loses, as far as it is known.
fn lost(run: &Run) -> String {
    match &run.plan.lag {
        _ if run.method().is_none() => String::new(),
        Seen::Known(Some(lag)) => {
            format!("; changes of about the last {} before may be lost", seconds(lag.millis / 1_000.0))
        }
        Seen::Known(None) | Seen::Unknown(_) | Seen::Refused(_) => "; the latest changes before may be lost".to_owned(),
    }
}

fn changed(run: &Run) -> String {
    let done = run
        .plan
        .steps
        .iter()
        .map(|step| step.step)
        .filter(|step| run.steps.get(step).is_some_and(|step| matches!(step.state, StepState::Done { .. })));
    let done: Vec<String> = done.map(|step| format!("✅ {}", achieved(step, &run.plan))).collect();
    if done.is_empty() { "nothing yet".to_owned() } else { done.join("\n") }
}

/// What a step has brought about, in a layman's words.
fn achieved(step: StepId, plan: &Plan) -> String {
    let (to, from) = (escape(&plan.to), escape(&plan.from));
    match step {
        StepId::Snapshot => "the outdated data was saved".to_owned(),
        StepId::Rescue => "earlier data that only a snapshot has is kept".to_owned(),
        StepId::Delete => "the outdated copy was removed".to_owned(),
        StepId::Rebuild => format!("the standby copy in {to} was built anew"),
        StepId::Replication => format!("the copy in {to} is up to date"),
        StepId::Database => format!("data is saved in {to}"),
        StepId::Capacity => format!("{to} runs at full strength"),
        StepId::Endpoint => format!("{to} answers, asked from outside"),
        StepId::Fence => format!("{from} was taken out of service"),
        StepId::Listener => format!("{to} takes visitors in"),
        StepId::Dns => format!("the public address leads to {to}"),
        StepId::Verify => "checked from outside: it answers well".to_owned(),
        StepId::Idle => format!("{from} stands by again"),
        StepId::Reconcile => "everything was compared with how it should be".to_owned(),
    }
}

fn ahead(run: &Run) -> String {
    let what = undertaking(&run.plan);
    if let Some(report) = &run.ended {
        return match (report.outcome, run.plan.runbook) {
            (RunOutcome::Completed, RunbookName::Promote) => {
                "nothing at once; the way back is planned separately, and announced here".to_owned()
            }
            (RunOutcome::Completed, _) => "nothing".to_owned(),
            (RunOutcome::NotApproved, _) => "nothing, unless it is asked for again; that is announced here".to_owned(),
            (RunOutcome::Aborted, _) => "people go on by hand".to_owned(),
        };
    }
    if run.waiting_step().is_some() {
        return format!("people look into why {} is held up, and decide how to go on", escape(&what));
    }
    match run.decided() {
        Some(_) => format!("the rest of {}; all of it is expected to take {}", escape(&what), seconds(expected(run))),
        None if run.gate.is_some() => format!("a second person has to confirm {}", escape(&what)),
        None => format!("getting ready for {}", escape(&what)),
    }
}
