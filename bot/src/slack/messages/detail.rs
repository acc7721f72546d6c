//! What goes to a run's thread: one line per thing that happened.

use commands::{
    journal::{CallOutcome, Event},
    narration::times,
    run::Run,
};
use storage::Record;

use super::plan::call_name;
use crate::slack::text::{actor, escape, seconds};

/// The line of a record; `None` for records that say nothing new to the thread. `run` has the record applied.
pub fn detail(run: &Run, record: &Record, event: &Event) -> Option<String> {
    let step = record.step.as_deref().unwrap_or_default();
    let said = match event {
        Event::StepStarted { goal, .. } => format!("▶️ *{step}* began: {}", escape(goal)),
        Event::StepObserved { detail } => format!("👀 *{step}*: {}", escape(detail)),
        Event::StepLate { expected_s, elapsed_s, detail } => format!(
            "🐢 *{step}* is late: {}, expected {}; {}",
            seconds(*elapsed_s),
            seconds(*expected_s),
            escape(detail)
        ),
        Event::CallFinished { intent, outcome, tries, .. } => {
            let call = &run.calls.get(intent)?.call;
            format!("{} · *{step}*: {}{}", call_name(call), outcome_words(outcome), times(*tries))
        }
        Event::StepDone { detail, already: false } => format!("✅ *{step}* done: {}", escape(detail)),
        Event::StepDone { detail, already: true } => format!("✅ *{step}* held already: {}", escape(detail)),
        Event::StepFailed { error, best_effort: true } => {
            format!("⚠️ *{step}* failed, the run goes on: {}", escape(error))
        }
        Event::StepFailed { error, best_effort: false } => format!("❌ *{step}* failed: {}", escape(error)),
        Event::StepResolved { resolution, .. } => {
            format!("*{step}*: {} decided {}", actor(&record.actor), resolution.name())
        }
        Event::RunAborted { .. } => format!("⛔ {} aborted the run: it ends between two calls", actor(&record.actor)),
        Event::RunResumed {} => "🔁 the bot restarted and takes the run up again".to_owned(),
        _ => return None,
    };
    Some(format!("{said} · #{}", record.seq))
}

fn outcome_words(outcome: &CallOutcome) -> String {
    match outcome {
        CallOutcome::Accepted { request_id: Some(id), .. } => format!("accepted, request {}", escape(id)),
        CallOutcome::Accepted { request_id: None, .. } => "accepted".to_owned(),
        CallOutcome::Failed { code, message, .. } => format!("refused: {} {}", escape(code), escape(message)),
        CallOutcome::Unknown { why } => format!("outcome unknown: {}", escape(why)),
    }
}
