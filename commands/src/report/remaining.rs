//! What a run leaves for people to do.

use super::{
    RunOutcome,
    put_back::{put_back, snapshots},
};
use crate::{
    journal::CallOutcome,
    plan::{Plan, RunbookName, StepId},
    run::{Run, StepState},
};

/// What is left for people, each with what to do.
pub(super) fn remaining(run: &Run, outcome: RunOutcome) -> Vec<String> {
    match outcome {
        RunOutcome::NotApproved => [compared(run), put_back(run)].concat(),
        RunOutcome::Aborted => [compared(run), put_back(run), wherever_it_is(run), loose_ends(run)].concat(),
        RunOutcome::Completed => [compared(run), loose_ends(run), run.plan.afterwards.clone(), snapshots(run)].concat(),
    }
}

/// How both regions differ from what the configuration demands of the region that serves, and what mends it: the most urgent, so first.
fn compared(run: &Run) -> Vec<String> {
    run.compared.iter().flat_map(|compared| &compared.differences).map(ToString::to_string).collect()
}

/// Where an aborted run left everything, and how to go on.
fn wherever_it_is(run: &Run) -> Vec<String> {
    let Plan { application, runbook, .. } = &run.plan;
    let again = runbook.command();
    let next = match &run.instead {
        Some(_) => "another run asks for the promote, with a plan of its own".to_owned(),
        None => format!("go on with `/dr {again} {application}`"),
    };
    let look = format!("everything is where the steps above left it: look with `/dr status {application}`, {next}");
    let steps = run.plan.steps.iter().map(|planned| whereabouts(&planned.goal, planned.step, run));
    std::iter::once(look).chain(steps).collect()
}

/// What the steps did not see to.
fn loose_ends(run: &Run) -> Vec<String> {
    let Plan { from, to, .. } = &run.plan;
    let mut ends = Vec::new();
    for (id, step) in &run.steps {
        match (&step.state, id) {
            (StepState::Failed { error, .. }, StepId::Fence) => ends.push(format!(
                "the old primary's services were not stopped ({error}): stop them when {from} answers again, before anything there writes"
            )),
            (StepState::Skipped, id) => ends.push(format!("{} was skipped: {}", id.name(), step.detail)),
            _ => {}
        }
    }
    if run.moved_by_others() {
        let saved = match run.plan.runbook {
            RunbookName::Promote => format!("; `/dr rescue {}` keeps what Aurora saved of it", run.plan.application),
            _ => String::new(),
        };
        ends.push(format!(
            "somebody else moved the writer to {to}, so whether that lost what was written last in {from} is unknown: see the global cluster's events{saved}"
        ));
    }
    if run.plan.runbook == RunbookName::Promote && run.calls.values().any(|call| call.suspends_schedules()) {
        ends.push(format!("scheduled scaling in {to} is suspended: it is restored at failback"));
    }
    ends
}

/// Where an aborted run left a step.
fn whereabouts(goal: &str, id: StepId, run: &Run) -> String {
    let name = id.name();
    let Some(step) = run.steps.get(&id) else { return format!("{name} was not begun: {goal}") };
    match &step.state {
        StepState::Done { .. } => format!("{name} is done: {}", step.detail),
        StepState::Skipped => format!("{name} was left out: {goal}"),
        StepState::Failed { error, .. } => format!("{name} failed: {error}{}", builds(id, run)),
        StepState::Running | StepState::Retrying | StepState::Aborted => {
            let accepted = run.calls_of(id).any(|call| matches!(call.outcome, Some(CallOutcome::Accepted { .. })));
            let goes_on = if accepted { "; what AWS accepted goes on there" } else { "" };
            format!("{name} was not finished ({goal}); last seen: {}{goes_on}{}", step.detail, builds(id, run))
        }
    }
}

/// The build that the step started last, which an abort does not stop: half of an apply is worse than all of it.
fn builds(step: StepId, run: &Run) -> String {
    let started = run.calls_of(step).filter(|call| call.call.operation == "StartBuild").rev().find_map(|call| {
        match &call.outcome {
            Some(CallOutcome::Accepted { reference: Some(id), .. }) => Some((id, &call.call.region)),
            _ => None,
        }
    });
    started.map_or_else(String::new, |(id, region)| {
        format!(
            "; build {id} is left to end, or stop it, which leaves Terraform's apply half done: `aws codebuild stop-build --id {id} --region {region}`"
        )
    })
}
