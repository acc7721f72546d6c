//! What a run asks people at a moment, from its records.

use std::collections::BTreeMap;

use commands::{choices::leads_to, journal::Event, plan::StepId, run::Run};
use jiff::Timestamp;
use storage::Record;

use crate::slack::{
    kit::Message,
    messages::{self, Failure},
};

/// Name of the gate's message.
pub(in crate::slack::outbox) const GATE: &str = "gate";
/// Name of the message of what a run hands over.
pub(in crate::slack::outbox) const HANDOFF: &str = "handoff";

/// A question: its message and the record that asks it.
pub(in crate::slack) struct Asked {
    /// The message's name within the run.
    pub(in crate::slack) name: String,
    pub(in crate::slack) message: Message,
    /// Number and time of the record.
    pub(in crate::slack) cause: (u64, Timestamp),
}

/// Everything that `run` waits for people with; `records` are its own up to that moment.
pub(in crate::slack) fn asked<'a>(run: &Run, records: impl Iterator<Item = &'a Record>) -> Vec<Asked> {
    if run.ended.is_some() || run.aborted.is_some() {
        return Vec::new();
    }
    let (mut failures, mut gate, mut handoff) = (BTreeMap::new(), None, None);
    for record in records {
        let cause = (record.seq, record.at);
        match Event::of(record) {
            Some(Event::GateOpened { .. }) => gate = Some(cause),
            Some(Event::HandoffGiven { text }) => handoff = Some((text, cause)),
            Some(Event::StepFailed { best_effort: false, error }) => {
                let failure = failure(run, record, error);
                failures.extend(failure.map(|failure| (failure.step, (failure, cause))));
            }
            _ => {}
        }
    }
    let gate = gate.zip(run.gate.as_ref().filter(|gate| gate.decided.is_none()));
    let gate = gate.map(|(cause, gate)| Asked { name: GATE.to_owned(), message: messages::gate(run, gate), cause });
    let waits = |step: &StepId| run.steps.get(step).is_some_and(|step| step.state.waits());
    let failures = failures.into_iter().filter(|(step, _)| waits(step)).map(|(_, (failure, cause))| Asked {
        name: failed(&failure),
        message: messages::paused(&failure),
        cause,
    });
    let handoff = handoff.filter(|_| run.awaits_handoff()).map(|(text, cause)| Asked {
        name: HANDOFF.to_owned(),
        message: messages::handoff(run, &text, cause.0),
        cause,
    });
    gate.into_iter().chain(failures).chain(handoff).collect()
}

/// Name of the message about a step that failed.
pub(in crate::slack::outbox) fn failed(failure: &Failure) -> String {
    format!("failed/{}", failure.seq)
}

/// What is asked about the step that a record says has failed.
pub(in crate::slack::outbox) fn failure(run: &Run, record: &Record, error: String) -> Option<Failure> {
    let step = record.step.as_deref().and_then(StepId::named)?;
    let choices = run.resolutions(step).into_iter();
    Some(Failure {
        run: run.id.clone(),
        application: messages::named(&run.plan),
        environment: run.plan.environment,
        step,
        error,
        choices: choices.map(|choice| (choice, leads_to(&run.plan, step, choice))).collect(),
        seq: record.seq,
    })
}
