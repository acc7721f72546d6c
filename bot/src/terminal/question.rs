//! What a person at the terminal is asked, and what they answered.

use commands::{
    choices::leads_to,
    desk::Choices,
    gate::words,
    grammar::{self, Command},
    journal::Resolution,
    plan::{Method, StepId},
    request::{Confirmation, Press},
    run::Run,
    typed::{clean, fold},
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
        if run.ended.is_some() || run.aborted.is_some() {
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

    /// What can be typed by a person with these choices at a gate. Where they may not confirm, they are told why.
    pub(super) fn prompt(&self, run: &Run, choices: &Choices) -> String {
        match self {
            Self::Gate => gate(run, choices),
            Self::Failed(steps) => {
                steps.iter().flat_map(|&step| resolutions(run, step, steps.len() > 1)).collect::<Vec<_>>().join("\n")
            }
        }
    }

    /// What was typed, if it answers the question. A confirmation has to be typed word by word.
    pub(super) fn answer(&self, run: &Run, typed: &str) -> Option<Answer> {
        let id = run.id.clone();
        match self {
            Self::Gate if fold(typed) == "cancel" => Some(Answer::Press(Press::Cancel { run: id })),
            Self::Gate => match reason_after(typed, "refuse") {
                Some(reason) => Some(Answer::Press(Press::Refuse { run: id, reason })),
                None => methods(run).find_map(|method| {
                    let words = words(run, method);
                    let reason = reason_after(typed, &words)?;
                    let confirmation = Some(Confirmation { typed: words, reason });
                    Some(Answer::Press(Press::Approve { run: id.clone(), method, confirmation }))
                }),
            },
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
fn resolutions(run: &Run, step: StepId, several: bool) -> impl Iterator<Item = String> {
    run.resolutions(step).into_iter().map(move |resolution| {
        let named = several && matches!(resolution, Resolution::Retry | Resolution::Skip);
        let which = if named { format!(" {}", step.name()) } else { String::new() };
        let leads = plain::commands(&leads_to(&run.plan, step, resolution));
        format!("Type `{}{which}`: {leads}.", resolution.name())
    })
}

fn methods(run: &Run) -> impl Iterator<Item = Method> {
    run.gate.iter().flat_map(|gate| gate.methods.iter().copied())
}

/// What follows on these words: a reason or nothing. `None` if something else was typed.
fn reason_after(typed: &str, words: &str) -> Option<Option<String>> {
    let typed = clean(typed);
    let count = words.split(' ').count();
    let mut parts = typed.splitn(count + 1, ' ');
    let begun: Vec<&str> = parts.by_ref().take(count).collect();
    (fold(&begun.join(" ")) == fold(words)).then(|| parts.next().map(str::to_owned))
}

fn gate(run: &Run, choices: &Choices) -> String {
    let mut lines = Vec::new();
    if let (true, Some(why)) = (choices.approves.is_empty(), &choices.why_not) {
        lines.push(format!("{why} In Slack, or here as another user with `standby approve {}`.", run.id));
    } else {
        let typed = choices.approves.iter().map(|&method| format!("`{}`", words(run, method)));
        let typed = typed.collect::<Vec<_>>().join(" or ");
        lines.push(format!("Type exactly {typed} to confirm; why may follow on the same line."));
    }
    if choices.refuses {
        lines.push("Type `refuse` to say no; why may follow.".to_owned());
    }
    if choices.cancels {
        lines.push("Type `cancel` to cancel it.".to_owned());
    }
    lines.join("\n")
}
