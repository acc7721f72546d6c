//! Messages that only tell.

use commands::{journal::CallOutcome, request::Press, run::Run};
use storage::Checkpoint;

use super::wording::{label, named};
use crate::slack::{
    kit::{Button, LINE, Message, Style, actions, context, header, joined, section},
    text::{escape, prose, shorten},
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
        format!("{}: {said}", named(&run.plan)),
        vec![
            section(&format!("🚩 {}: {said}.", escape(&named(&run.plan)))),
            context(&format!("{} · run {} · audit #{seq}", label(run.plan.environment), escape(run.id.as_str()))),
        ],
    )
}

/// What people have to run themselves; the bot watches for what comes of it.
pub fn handoff(run: &Run, text: &str, seq: u64) -> Message {
    let title = format!("{}: your turn in {}", named(&run.plan), run.plan.to);
    let applied = Button {
        action_id: "applied".to_owned(),
        text: "Applied".to_owned(),
        value: Press::Applied { run: run.id.clone() }.to_string(),
        style: Style::Plain,
        confirm: None,
    };
    Message::new(
        format!("{title}: run {text}"),
        vec![
            header(&title),
            section(&format!(
                "Run this where Terraform's state of {} is kept. The bot watches for the new secondary and goes on by itself when it appears, \
                 however long that takes; *Applied*, or `/dr applied`, makes it look at once.\n```\n{}\n```",
                escape(&run.plan.to),
                escape(&shorten(text, 2_000))
            )),
            actions(&format!("handoff:{}", run.id), &[applied]),
            context(&format!("{} · run {} · audit #{seq}", label(run.plan.environment), escape(run.id.as_str()))),
        ],
    )
}

/// What the bot saw when a person said that they had run it.
pub fn looked(application: &str, lacks: Option<&str>, seq: u64) -> Message {
    let said = match lacks {
        None => format!("✅ {}: the new secondary is there; the run goes on by itself", escape(application)),
        Some(lacks) => format!("⏳ {}: not yet: {}; the bot goes on looking", escape(application), prose(lacks)),
    };
    Message::new(&said, vec![section(&format!("{said}.")), context(&format!("audit #{seq}"))])
}

/// The log's checkpoint at a run's end, to be copied from here by whoever verifies: the channel is where the host's owner cannot change it.
pub fn checkpoint(checkpoint: &Checkpoint, run: Option<&str>, seq: u64) -> Message {
    let note = checkpoint.as_str().trim_end();
    let run = run.map(|run| format!("run {} · ", escape(run))).unwrap_or_default();
    Message::new(
        format!("The audit log's checkpoint:\n{note}"),
        vec![
            section(&format!(
                "🔏 The audit log's checkpoint. Copy it to verify the log against it later.\n```\n{}\n```",
                escape(note)
            )),
            context(&format!("{run}audit #{seq}")),
        ],
    )
}

/// Characters of one message of a run's thread.
const LINES: usize = 2_800;

/// How many of these lines go into one message of a run's thread: as many as can be read there, and one at least.
pub fn details_fit(lines: &[String]) -> usize {
    let mut left = LINES;
    let fits = |line: &&String| {
        let length = line.chars().count().min(LINE) + 1;
        let fits = length <= left;
        left = left.saturating_sub(length);
        fits
    };
    lines.iter().take_while(fits).count()
}

/// Lines of a run's thread.
pub fn details(lines: &[String]) -> Message {
    let text = joined(lines, LINES);
    Message::new(&text, vec![section(&text)])
}
