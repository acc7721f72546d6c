//! The gate once it is decided: buttons give way to who decided, when, and which record says so.

use commands::{
    journal::Decision,
    run::{Decided, Gate, Run},
};

use super::{
    gate::question,
    wording::{command, deed},
};
use crate::slack::{
    kit::{Message, section},
    text::{actor, date, escape},
};

/// A decision in a word.
pub(super) fn outcome(decision: &Decision) -> &'static str {
    match decision {
        Decision::Approved { .. } => "approved",
        Decision::Cancelled => "cancelled",
        Decision::Expired => "expired",
        Decision::Void { .. } => "void",
    }
}

/// The question with its answer instead of buttons.
pub fn decided(run: &Run, gate: &Gate, decided: &Decided) -> Message {
    let (by, again) = (actor(&decided.by), command(&run.plan));
    let verdict = match &decided.decision {
        Decision::Approved { method } => format!("✅ *Approved* ({}) by {by}", method.name()),
        Decision::Cancelled => format!("⛔ *Cancelled* by {by}; nothing was changed"),
        Decision::Expired => {
            format!("⌛ *Expired*: nobody decided in time; nothing was changed. `{again}` asks again")
        }
        Decision::Void { why } => {
            format!("♻️ *Void*: {by} confirmed, but {}; nothing was changed. `{again}` shows the new plan", escape(why))
        }
    };
    let verdict = format!("{verdict} · {} · audit #{}", date(decided.at), decided.seq);
    let mut blocks = question(run, gate);
    blocks.push(section(&verdict));
    Message::new(format!("{}: {verdict}", deed(&run.plan)), blocks)
}
