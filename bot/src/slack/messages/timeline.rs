//! The answer to `/dr report RUN`.

use commands::history::{Moment, Timeline};
use serde_json::Value;
use storage::Actor;

use super::{
    history::standing,
    report::{figures, steps, steps_in_text},
    wording::{audit, label, titled},
};
use crate::slack::{
    kit::{Message, context, fields, header, list, section},
    text::{actor, code, date, elapsed, escape, seconds, shorten},
};

/// Lines of the timeline in one block.
const LINES: usize = 30;
/// Blocks of the timeline.
const BLOCKS: usize = 2;

/// What happened in a run; `seq` is the number of the record that says so, if the log took it.
pub fn timeline(timeline: &Timeline, seq: impl Into<Option<u64>>) -> Message {
    let recorded = audit(seq.into());
    let run = &timeline.run;
    let title = titled(run.environment, &format!("Report of {}", run.run));
    let state = standing(run);
    let text = format!("{title}: {state}");
    let decided: Vec<String> = timeline.decisions().map(|moment| line(timeline, moment)).collect();
    let lines: Vec<String> = timeline.moments.iter().map(|moment| line(timeline, moment)).collect();
    let report = timeline.report.as_ref().filter(|report| report.method.is_some());
    let around = |steps: Option<Value>| -> Vec<Value> {
        let asked = section(&format!(
            "*{}*: {state}\nasked for by {} {}",
            escape(&timeline.application),
            actor(&run.requester),
            date(run.commanded_at)
        ));
        let mut blocks = vec![header(&title), asked];
        blocks.extend(report.map(|report| fields(figures(report, None))).into_iter().chain(steps));
        if !decided.is_empty() {
            blocks.push(list("Who decided what", &decided, 1_500));
        }
        blocks.extend(lines.chunks(LINES).take(BLOCKS).map(|lines| list("What happened", lines, 2_700)));
        let untold = timeline.omitted + lines.len().saturating_sub(LINES * BLOCKS);
        let more = if untold == 0 { String::new() } else { format!(" · {untold} more moments are in the log") };
        let label = label(run.environment);
        blocks.push(context(&format!("{label} · run {} · {recorded}{more}", code(run.run.as_str()))));
        blocks
    };
    let message = Message::new(text, around(report.map(steps)));
    match report {
        Some(report) => message.or(around(Some(steps_in_text(report)))),
        None => message,
    }
}

/// A moment, by the time since the command.
fn line(timeline: &Timeline, moment: &Moment) -> String {
    let by = match &moment.by {
        Actor::Bot => String::new(),
        person => format!(" · {}", actor(person)),
    };
    format!(
        "+{} · {}{by} · #{}",
        seconds(elapsed(timeline.run.commanded_at, moment.at)),
        escape(&shorten(&moment.what, 300)),
        moment.seq
    )
}
