//! The answer to `/dr history`.

use commands::{
    history::{History, PastRun, Standing},
    narration::outcome,
};

use super::wording::{audit, titled};
use crate::slack::{
    kit::{Message, context, header, list, section},
    text::{actor, code, count, date, escape, seconds, shorten},
};

/// The last runs, newest first; `seq` is the number of the record that says so, if the log took it.
pub fn history(history: &History, seq: impl Into<Option<u64>>) -> Message {
    let title = format!("Runs of {}", history.application);
    let mut blocks = vec![header(&title)];
    match history.runs.as_slice() {
        [] => blocks.push(section("There was none yet.")),
        runs => {
            let lines: Vec<String> = runs.iter().map(line).collect();
            blocks.push(list("Newest first", &lines, 2_700));
            blocks.push(section("`/dr report RUN` tells one."));
        }
    }
    blocks.push(context(&audit(seq.into())));
    Message::new(format!("{title}: {}", count(history.runs.len(), "run")), blocks)
}

fn line(run: &PastRun) -> String {
    let reason = run.reason.as_ref().map(|reason| format!(" · {}", escape(&shorten(reason, 80)))).unwrap_or_default();
    format!(
        "{} · {} · {} · {}{reason}",
        titled(run.environment, &code(run.run.as_str())),
        date(run.commanded_at),
        actor(&run.requester),
        standing(run)
    )
}

/// How a run stands, with its RTO where there is one.
pub(super) fn standing(run: &PastRun) -> String {
    let rto = run.rto_from_confirmation_s.map(|rto| format!(", RTO {}", seconds(rto))).unwrap_or_default();
    match &run.standing {
        Standing::Open { state } => format!("⏳ open: {}", escape(&shorten(state, 200))),
        Standing::Ended { outcome: how } => format!("{}{rto}", outcome(*how)),
    }
}
