//! The gate once it is decided: buttons give way to who decided, when, and which record says so; what came to nothing can be asked for again.

use commands::{
    journal::Decision,
    request::Press,
    run::{Aborted, Decided, Gate, Run},
};

use super::{
    gate::question,
    wording::{command, deed},
};
use crate::slack::{
    kit::{Button, Message, Style, actions, section},
    text::{actor, date, escape, joined_words},
};

/// A decision in a word.
pub(super) fn outcome(decision: &Decision) -> &'static str {
    match decision {
        Decision::Approved { .. } => "approved",
        Decision::Refused => "refused",
        Decision::Cancelled => "cancelled",
        Decision::Expired => "expired",
        Decision::Void { .. } => "void",
    }
}

/// The question with its answer instead of buttons.
pub fn decided(run: &Run, gate: &Gate, decided: &Decided) -> Message {
    let verdict = format!("{} · {} · audit #{}", verdict(run, gate, decided), date(decided.at), decided.seq);
    let reason = decided.reason.as_ref().map(|reason| format!("\n> {}", escape(reason))).unwrap_or_default();
    let mut blocks = question(run, gate);
    blocks.push(section(&format!("{verdict}{reason}")));
    if !matches!(decided.decision, Decision::Approved { .. }) {
        blocks.push(actions(&format!("again:{}", run.id), &[again(run)]));
    }
    Message::new(format!("{}: {verdict}", deed(&run.plan)), blocks)
}

/// The question once a person aborted the run, which `aborted` says: it is not answered any more.
pub fn aborted(run: &Run, gate: &Gate, aborted: &Aborted) -> Message {
    let said = format!("⛔ *Aborted* by {} · {} · audit #{}", actor(&aborted.by), date(aborted.at), aborted.seq);
    let mut blocks = question(run, gate);
    blocks.push(section(&said));
    Message::new(format!("{}: {said}", deed(&run.plan)), blocks)
}

fn verdict(run: &Run, gate: &Gate, decided: &Decided) -> String {
    let (by, again) = (actor(&decided.by), command(&run.plan));
    match &decided.decision {
        Decision::Approved { method } => format!("✅ *Approved* ({}) by {}", method.name(), approvers(gate, decided)),
        Decision::Refused => format!("🚫 *Refused* by {by}; nothing was changed"),
        Decision::Cancelled => format!("⛔ *Cancelled* by {by}, who asked; nothing was changed"),
        Decision::Expired => {
            format!("⌛ *Expired*: nobody decided in time; nothing was changed. `{again}` asks again")
        }
        Decision::Void { why } => {
            format!("♻️ *Void*: {by} confirmed, but {}; nothing was changed. `{again}` shows the new plan", escape(why))
        }
    }
}

/// Everybody whose approval counted.
fn approvers(gate: &Gate, decided: &Decided) -> String {
    let before = gate.approvals.iter().filter(|given| decided.approvals.contains(&given.seq));
    let names: Vec<String> = before.map(|given| &given.by).chain([&decided.by]).map(actor).collect();
    joined_words(&names, 600)
}

fn again(run: &Run) -> Button {
    Button {
        action_id: "again".to_owned(),
        text: "Ask again".to_owned(),
        value: Press::Again { run: run.id.clone() }.to_string(),
        style: Style::Plain,
        confirm: None,
    }
}
