//! Gates: what only people may decide, and the proof that they did.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use storage::Origin;

use crate::{
    change::Irreversible,
    grammar::REASON_LIMIT,
    journal::Refusal,
    plan::{Method, Plan, PlannedStep, StepId},
    request::Confirmation,
    run::Run,
    topology::Timing,
    typed,
};

/// Proof that a person approved irreversible changes. Only a run whose gate was approved can make one, for the changes of the approved method
/// in the plan that people read.
#[derive(Debug, Clone)]
pub struct Approval {
    changes: Vec<Irreversible>,
}

impl Approval {
    /// The approval that the run's records hold.
    pub(crate) fn of(run: &Run) -> Option<Self> {
        let method = run.method()?;
        run.plan.option(method).map(|option| Self { changes: option.changes.clone() })
    }

    /// The changes that were approved.
    pub fn changes(&self) -> &[Irreversible] {
        &self.changes
    }

    /// Whether that change is among those approved.
    pub fn covers(&self, change: &Irreversible) -> bool {
        self.changes.contains(change)
    }
}

/// Until when the run's approval counts for that step's changes: as long as people could have given it, and the steps up to this one may take
/// without a pause. A retry much later would act on what was seen long ago. `None` without an approval.
pub(crate) fn counts_until(run: &Run, step: StepId, timing: &Timing) -> Option<Timestamp> {
    run.method()?;
    let runbook = run.runbook();
    let until = runbook.steps.iter().position(|known| known.id == step)?;
    let steps = runbook.steps.iter().take(until + 1).filter(|known| known.gated && !known.best_effort);
    let takes: Duration = steps.map(|known| run.plan.deadline(known.id, timing.step(known.id).deadline)).sum();
    let counts = SignedDuration::try_from(timing.gate_expiry + takes).unwrap_or(SignedDuration::MAX);
    run.decided()?.at.checked_add(counts).ok()
}

/// The words that confirm: the deed and its exact target. Where there are two ways, neither is meant unsaid.
pub fn words(run: &Run, method: Method) -> String {
    if let Some(cluster) = deleted_cluster(run, method) {
        return format!("delete {cluster}");
    }
    let deed = format!("{} {}", run.id.runbook(), run.plan.to);
    match run.plan.options.len() {
        1 => deed,
        _ => format!("{deed} by {}", method.name()),
    }
}

/// The DB cluster that the method deletes, if it deletes one.
fn deleted_cluster(run: &Run, method: Method) -> Option<&str> {
    run.plan.option(method)?.changes.iter().find_map(|change| match change {
        Irreversible::DeleteCluster { cluster, .. } => Some(cluster.as_str()),
        _ => None,
    })
}

/// Whether the approval of `method` is confirmed as it has to be: a final one by its words, and from Slack with a reason. At the terminal,
/// which is for when nothing else works, a reason is welcome.
///
/// # Errors
/// Why not.
pub(crate) fn confirmed(
    run: &Run,
    method: Method,
    confirmation: Option<&Confirmation>,
    origin: &Origin,
) -> Result<(), Refusal> {
    let reason = confirmation.and_then(|confirmation| confirmation.reason.as_deref());
    if !method.is_final() {
        return short(reason);
    }
    let words = words(run, method);
    if confirmation.is_none_or(|confirmation| typed::difference(&confirmation.typed, &words).is_some()) {
        return Err(Refusal::NotConfirmed);
    }
    reasoned(reason, origin)
}

/// Whether there is a reason where one is asked for: in Slack.
///
/// # Errors
/// That there is none, or that it is too long.
pub(crate) fn reasoned(reason: Option<&str>, origin: &Origin) -> Result<(), Refusal> {
    match origin {
        Origin::Slack { .. } if reason.unwrap_or_default().trim().is_empty() => Err(Refusal::NoReason),
        _ => short(reason),
    }
}

fn short(reason: Option<&str>) -> Result<(), Refusal> {
    if reason.unwrap_or_default().chars().count() > REASON_LIMIT { Err(Refusal::NoReason) } else { Ok(()) }
}

/// Whether the run's gate can still be decided at that time; otherwise why not.
pub(crate) fn open_gate(run: &Run, now: Timestamp) -> Result<(), Refusal> {
    match &run.gate {
        None => Err(Refusal::NoSuchThing),
        Some(gate) if gate.decided.is_some() || run.aborted.is_some() || run.ended.is_some() => {
            Err(Refusal::AlreadyDecided)
        }
        Some(gate) if now >= gate.expires_at => Err(Refusal::Expired),
        Some(_) => Ok(()),
    }
}

/// What changed between the plan that people read and the plan as it would be now, if it is anything that an approval of `method` is bound
/// to: the change itself, the calls of the steps [that it binds](Plan::is_bound), new obstacles, or that what the run waited for before it asked doesn't
/// hold any more. An obstacle that went away voids nothing.
pub(crate) fn difference(read: &Plan, now: &Plan, method: Method) -> Option<String> {
    if read.runbook != now.runbook {
        return Some(format!("a {} is what the pair needs now", now.runbook.as_str()));
    }
    if read.option(method).map(|option| &option.changes) != now.option(method).map(|option| &option.changes) {
        return Some(match now.option(method) {
            None => format!("a {} is no longer possible", method.name()),
            Some(_) => format!("the {} would now make other changes", method.name()),
        });
    }
    let known: Vec<&str> = read.blockers().into_iter().map(|check| check.id.as_str()).collect();
    let obstacles: Vec<&str> = now
        .blockers()
        .into_iter()
        .filter(|check| !known.contains(&check.id.as_str()))
        .map(|check| check.detail.as_str())
        .collect();
    if !obstacles.is_empty() {
        return Some(obstacles.join("; "));
    }
    let lapsed: Vec<&str> =
        now.checks.iter().filter(|check| check.lapsed()).map(|check| check.detail.as_str()).collect();
    if !lapsed.is_empty() {
        return Some(lapsed.join("; "));
    }
    let changed: Vec<&str> = now
        .steps
        .iter()
        .filter(|planned| now.is_bound(planned.step) && !read.steps.iter().any(|before| same(before, planned)))
        .map(|planned| planned.step.name())
        .collect();
    (!changed.is_empty()).then(|| format!("the calls of {} are different now", changed.join(", ")))
}

fn same(before: &PlannedStep, now: &PlannedStep) -> bool {
    before.step == now.step && before.calls == now.calls
}
