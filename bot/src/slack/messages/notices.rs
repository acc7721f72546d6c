//! Messages that only tell.

use commands::{journal::CallOutcome, run::Run};

use crate::slack::{
    kit::{Message, context, header, joined, section},
    text::{escape, shorten},
};

/// The writer moves: from here on there is only forward. `seq` is the number of the record that says how the call
/// ended.
pub fn no_return(run: &Run, outcome: &CallOutcome, seq: u64) -> Message {
    let (to, from) = (escape(&run.plan.to), escape(&run.plan.from));
    let said = match outcome {
        CallOutcome::Unknown { why } => {
            format!(
                "*Point of no return may have been reached*: the call that makes {to} the writer had no answer ({})",
                escape(why)
            )
        }
        _ => format!("*Point of no return*: AWS is making {to} the writer instead of {from}"),
    };
    Message::new(
        format!("{}: {said}", run.plan.application),
        vec![
            section(&format!("🚩 {}: {said}.", escape(&run.plan.application))),
            context(&format!("run {} · audit #{seq}", escape(run.id.as_str()))),
        ],
    )
}

/// What people have to run themselves; the bot watches for what comes of it.
pub fn handoff(run: &Run, text: &str, seq: u64) -> Message {
    let title = format!("{}: your turn in {}", run.plan.application, run.plan.to);
    Message::new(
        format!("{title}: run {text}"),
        vec![
            header(&title),
            section(&format!(
                "Run this where Terraform's state of {} is kept. The bot watches for the new secondary and goes on by itself when it appears, \
                 however long that takes.\n```\n{}\n```",
                escape(&run.plan.to),
                escape(&shorten(text, 2_000))
            )),
            context(&format!("run {} · audit #{seq}", escape(run.id.as_str()))),
        ],
    )
}

/// Lines of a run's thread.
pub fn details(lines: &[String]) -> Message {
    let text = joined(lines, 2_800);
    Message::new(&text, vec![section(&text)])
}
