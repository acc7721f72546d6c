//! A step failed: people decide.

use commands::{ids::RunId, journal::Resolution, plan::StepId, request::Press, topology::Environment};
use serde_json::Value;
use storage::{Actor, Record};

use super::wording::label as environment;
use crate::slack::{
    kit::{Button, Confirm, Message, Style, actions, context, header, list, section},
    text::{actor, date, escape, prose},
};

/// A step that failed and waits for a person.
#[derive(Debug, Clone, PartialEq)]
pub struct Failure {
    /// The run.
    pub run: RunId,
    /// The application, as titles name it.
    pub application: String,
    /// Whether users depend on it.
    pub environment: Environment,
    /// The step.
    pub step: StepId,
    /// What failed.
    pub error: String,
    /// What people can decide, and where each leads.
    pub choices: Vec<(Resolution, String)>,
    /// Number of the record that says so.
    pub seq: u64,
}

/// The question what to do about it.
pub fn paused(failure: &Failure) -> Message {
    let choices = &failure.choices;
    let means: Vec<String> =
        choices.iter().map(|(choice, leads)| format!("*{}*: {}.", label(*choice), prose(leads))).collect();
    let buttons: Vec<Button> = choices.iter().map(|(choice, leads)| button(failure, *choice, leads)).collect();
    let mut blocks = question(failure);
    blocks.push(list("What you can do", &means, 1_200));
    blocks.push(actions(&format!("failed:{}:{}", failure.run, failure.seq), &buttons));
    Message::new(
        format!("{}: {} failed, a decision is needed. {}", failure.application, failure.step.name(), failure.error),
        blocks,
    )
}

/// The question once a person answered it, which `record` says.
pub fn resolved(failure: &Failure, resolution: Resolution, record: &Record) -> Message {
    let said =
        format!("*{}* by {} · {} · audit #{}", label(resolution), actor(&record.actor), date(record.at), record.seq);
    let mut blocks = question(failure);
    blocks.push(section(&said));
    Message::new(format!("{}: {} failed; {said}", failure.application, failure.step.name()), blocks)
}

/// The question once the run ended without an answer to it, which `record` says: its end, or that a person aborted the run.
pub fn overtaken(failure: &Failure, record: &Record) -> Message {
    if record.actor != Actor::Bot {
        return resolved(failure, Resolution::Abort, record);
    }
    let said = format!("not decided: the run ended · {} · audit #{}", date(record.at), record.seq);
    let mut blocks = question(failure);
    blocks.push(section(&said));
    Message::new(format!("{}: {} failed; {said}", failure.application, failure.step.name()), blocks)
}

fn question(failure: &Failure) -> Vec<Value> {
    vec![
        header(&format!("{}: {} failed", failure.application, failure.step.name())),
        section(&format!("❌ {}", escape(&failure.error))),
        context(&format!(
            "{} · steps that do not depend on it go on · run {} · audit #{}",
            environment(failure.environment),
            escape(failure.run.as_str()),
            failure.seq
        )),
    ]
}

fn label(resolution: Resolution) -> &'static str {
    match resolution {
        Resolution::Retry => "Retry",
        Resolution::Skip => "Skip",
        Resolution::FailOver => "Fail over instead",
        Resolution::Abort => "Abort",
    }
}

fn button(failure: &Failure, resolution: Resolution, leads: &str) -> Button {
    let confirm = |title: String| Some(Confirm { title, text: format!("{leads}."), yes: label(resolution).to_owned() });
    let (style, confirm) = match resolution {
        Resolution::Retry => (Style::Primary, None),
        Resolution::Skip => (Style::Plain, confirm(format!("Skip {}?", failure.step.name()))),
        Resolution::FailOver => (Style::Plain, confirm("Ask for a failover?".to_owned())),
        Resolution::Abort => (Style::Danger, confirm("Abort the run?".to_owned())),
    };
    let text = match resolution {
        Resolution::Retry | Resolution::Skip => format!("{} {}", label(resolution), failure.step.name()),
        Resolution::FailOver => format!("{}…", label(resolution)),
        Resolution::Abort => format!("{} the run", label(resolution)),
    };
    Button {
        action_id: resolution.name().to_owned(),
        text,
        value: Press::Resolve { run: failure.run.clone(), step: failure.step, resolution }.to_string(),
        style,
        confirm,
    }
}
