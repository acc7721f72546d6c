//! The answer to `/dr report RUN`.

use commands::history::{Moment, Timeline};
use storage::Actor;

use super::{
    history::standing,
    report::{figures, table},
    wording::titled,
};
use crate::slack::{
    kit::{Message, context, fields, header, list, section},
    text::{actor, code, date, elapsed, escape, seconds, shorten},
};

/// Lines of the timeline in one block.
const LINES: usize = 30;
/// Blocks of the timeline.
const BLOCKS: usize = 2;

/// What happened in a run; `seq` is the number of the record that says so.
pub fn timeline(timeline: &Timeline, seq: u64) -> Message {
    let run = &timeline.run;
    let title = titled(run.environment, &format!("Report of {}", run.run));
    let state = standing(run);
    let mut blocks = vec![
        header(&title),
        section(&format!(
            "*{}*: {state}\nasked for by {} {}",
            escape(&timeline.application),
            actor(&run.requester),
            date(run.commanded_at)
        )),
    ];
    if let Some(report) = timeline.report.as_ref().filter(|report| report.method.is_some()) {
        blocks.push(fields(figures(report, None)));
        blocks.push(section(&format!("*Steps*\n```\n{}\n```", table(report))));
    }
    let decided: Vec<String> = timeline.decisions().map(|moment| line(timeline, moment)).collect();
    if !decided.is_empty() {
        blocks.push(list("Who decided what", &decided, 1_500));
    }
    let lines: Vec<String> = timeline.moments.iter().map(|moment| line(timeline, moment)).collect();
    blocks.extend(lines.chunks(LINES).take(BLOCKS).map(|lines| list("What happened", lines, 2_700)));
    let untold = timeline.omitted + lines.len().saturating_sub(LINES * BLOCKS);
    let more = if untold == 0 { String::new() } else { format!(" · {untold} more moments are in the log") };
    blocks.push(context(&format!("run {} · audit #{seq}{more}", code(run.run.as_str()))));
    Message::new(format!("{title}: {state}"), blocks)
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
