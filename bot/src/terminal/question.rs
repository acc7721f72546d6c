//! What a person at the terminal is asked, and what they answered.

use commands::{
    change::Irreversible,
    grammar::{self, Command},
    journal::Resolution,
    plan::{Method, StepId},
    request::Press,
    run::Run,
};

use crate::slack::messages;

use super::plain;

/// What a run waits for people to decide.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Question {
    /// Its gate.
    Gate,
    /// Steps that failed.
    Failed(Vec<StepId>),
}

/// What a person decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Answer {
    /// As if this button had been pressed.
    Press(Press),
    /// As if this had been typed after `/dr`.
    Command(Command),
}

impl Question {
    /// What the run asks just now.
    pub(super) fn of(run: &Run) -> Option<Self> {
        if run.ended.is_some() {
            return None;
        }
        if run.gate.as_ref().is_some_and(|gate| gate.decided.is_none()) {
            return Some(Self::Gate);
        }
        let failed: Vec<StepId> =
            run.steps.iter().filter(|(_, step)| step.state.waits()).map(|(&step, _)| step).collect();
        (!failed.is_empty()).then_some(Self::Failed(failed))
    }

    /// The question as Slack shows it.
    pub(super) fn text(&self, run: &Run) -> String {
        match self {
            Self::Gate => run.gate.as_ref().map(|gate| plain::message(&messages::gate(run, gate))).unwrap_or_default(),
            Self::Failed(steps) => {
                let details = steps.iter().filter_map(|step| Some((step, &run.steps.get(step)?.detail)));
                let lines = details.map(|(step, detail)| format!("{} failed: {detail}", step.name()));
                lines.collect::<Vec<_>>().join("\n")
            }
        }
    }

    /// What can be typed. Where the person may not confirm, they are told who may.
    pub(super) fn prompt(&self, run: &Run, needs_another: bool) -> String {
        match self {
            Self::Gate if needs_another => format!(
                "You asked for this run, so somebody else has to confirm it: in Slack, or as another user with `standby approve {}`.\n\
                 Type `cancel` to cancel it.",
                run.id
            ),
            Self::Gate => {
                let phrases: Vec<String> = methods(run).map(|method| format!("`{}`", phrase(run, method))).collect();
                format!("Type exactly {} to confirm, or `cancel`.", phrases.join(" or "))
            }
            Self::Failed(steps) => {
                steps.iter().flat_map(|&step| choices(run, step, steps.len() > 1)).collect::<Vec<_>>().join("\n")
            }
        }
    }

    /// What was typed, if it answers the question. A confirmation has to be typed to the letter.
    pub(super) fn answer(&self, run: &Run, typed: &str) -> Option<Answer> {
        let id = run.id.clone();
        match self {
            Self::Gate if typed == "cancel" => Some(Answer::Press(Press::Cancel { run: id })),
            Self::Gate => methods(run)
                .find(|&method| typed == phrase(run, method))
                .map(|method| Answer::Press(Press::Approve { run: id, method })),
            Self::Failed(_) => match grammar::parse(typed, &[]).ok()? {
                Command::Resolve { resolution, run: named, step }
                    if named.as_ref().is_none_or(|named| *named == id) =>
                {
                    Some(Answer::Command(Command::Resolve { resolution, run: Some(id), step }))
                }
                _ => None,
            },
        }
    }
}

/// What can be typed about a step that failed, and what each does.
fn choices(run: &Run, step: StepId, several: bool) -> impl Iterator<Item = String> {
    let may_skip = run.runbook().step(step).is_some_and(|step| step.may_skip);
    let possible = Resolution::ALL.into_iter().filter(move |&resolution| may_skip || resolution != Resolution::Skip);
    possible.map(move |resolution| {
        let which =
            if several && resolution != Resolution::Abort { format!(" {}", step.name()) } else { String::new() };
        format!("Type `{}{which}`: {}.", resolution.name(), messages::meaning(resolution, step))
    })
}

fn methods(run: &Run) -> impl Iterator<Item = Method> {
    run.gate.iter().flat_map(|gate| gate.methods.iter().copied())
}

/// The DB cluster that the method deletes, if it deletes one.
fn deleted_cluster(run: &Run, method: Method) -> Option<&str> {
    run.plan.option(method)?.changes.iter().find_map(|change| match change {
        Irreversible::DeleteCluster { cluster } => Some(cluster.as_str()),
        _ => None,
    })
}

/// The words that confirm: the deed and its exact target. Where there are two ways, neither is meant unsaid.
fn phrase(run: &Run, method: Method) -> String {
    if let Some(cluster) = deleted_cluster(run, method) {
        return format!("delete {cluster}");
    }
    let deed = format!("{} {}", run.id.runbook(), run.plan.to);
    match methods(run).count() {
        1 => deed,
        _ => format!("{deed} by {}", method.name()),
    }
}
