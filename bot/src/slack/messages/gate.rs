//! The confirmation of what cannot be undone.

use commands::{
    plan::{Method, Plan},
    request::Press,
    run::{Gate, Run},
};
use serde_json::Value;

use super::{readiness, status::data_loss};
use crate::slack::{
    kit::{Button, Confirm, Message, Style, actions, context, fields, header, list, section},
    text::{actor, count, date, escape, joined_words, seconds},
};

/// The question, with a button per deed. The buttons' values name the run, so they work after a restart, once.
pub fn gate(run: &Run, gate: &Gate) -> Message {
    let plan = &run.plan;
    let title = format!("Promote {} to {}?", plan.application, plan.to);
    let mut blocks = question(run, gate);
    blocks.push(actions(&format!("gate:{}", run.id), &buttons(run, gate)));
    Message::new(format!("{title} A decision is needed. {}", readiness::summary(&plan.checks)), blocks)
}

/// The question without its buttons.
pub(super) fn question(run: &Run, gate: &Gate) -> Vec<Value> {
    let plan = &run.plan;
    let reason = run.reason.as_ref().map(|reason| format!("\n> {}", escape(reason))).unwrap_or_default();
    let mut blocks = vec![
        header(&format!("Promote {} to {}?", plan.application, plan.to)),
        section(&format!(
            "{} asks to make *{}* the region that writes and serves.{reason}",
            actor(&run.requester),
            escape(&plan.to)
        )),
        fields([
            ("Data loss now", data_loss(&plan.lag, gate.opened_at)),
            ("Checks seen", date(plan.observed_at)),
            ("Readiness", readiness::summary(&plan.checks)),
            ("Needs", format!("one confirmation by {}", date(gate.expires_at))),
        ]),
        list("What cannot be undone", &irreversible(plan, gate), 1_200),
        section(
            "*What is not touched*\nNothing is deleted; the old primary's data stays as it is. The way back is a failback, once the old primary is a \
             healthy secondary again.",
        ),
    ];
    let overridden = overrides(plan, gate);
    if !overridden.is_empty() {
        blocks.push(list("A confirmation overrides", &overridden, 2_000));
    }
    blocks.push(list("Steps", &steps(plan), 1_500));
    blocks.push(context(&format!(
        "LIVE · run {} · plan {}",
        escape(run.id.as_str()),
        escape(run.plan_digest.get(..12).unwrap_or(&run.plan_digest))
    )));
    blocks
}

fn irreversible(plan: &Plan, gate: &Gate) -> Vec<String> {
    gate.methods
        .iter()
        .map(|method| match method {
            Method::Failover => {
                format!("*Failover*: {} takes writes at once; what was not replicated from {} is lost", escape(&plan.to), escape(&plan.from))
            }
            Method::Switchover => format!(
                "*Switchover*: {} stops writing, {} takes over when it has everything; no data is lost, but writes stop meanwhile",
                escape(&plan.from),
                escape(&plan.to)
            ),
        })
        .collect()
}

fn overrides(plan: &Plan, gate: &Gate) -> Vec<String> {
    plan.checks.iter().filter(|check| gate.overrides.contains(&check.id)).map(readiness::line).collect()
}

fn steps(plan: &Plan) -> Vec<String> {
    plan.steps
        .iter()
        .enumerate()
        .map(|(number, step)| {
            let calls =
                if step.calls.is_empty() { String::new() } else { format!(", {}", count(step.calls.len(), "call")) };
            format!(
                "{}. {}: {} (expected {}{calls})",
                number + 1,
                step.step.name(),
                escape(&step.goal),
                seconds(step.expected_s)
            )
        })
        .collect()
}

fn buttons(run: &Run, gate: &Gate) -> Vec<Button> {
    let mut buttons: Vec<Button> = gate.methods.iter().map(|&method| approve(run, gate, method)).collect();
    buttons.push(Button {
        action_id: "cancel".to_owned(),
        text: "Cancel".to_owned(),
        value: Press::Cancel { run: run.id.clone() }.to_string(),
        style: Style::Plain,
        confirm: None,
    });
    buttons
}

fn approve(run: &Run, gate: &Gate, method: Method) -> Button {
    let to = &run.plan.to;
    let (text, style, means) = match method {
        Method::Failover => (
            format!("Promote {to} (failover)"),
            Style::Danger,
            format!("*{}* becomes the writer. Writes not yet replicated are lost; this cannot be undone.", escape(to)),
        ),
        Method::Switchover => (
            format!("Switch over to {to}"),
            Style::Primary,
            format!("*{}* becomes the writer once it has every write; writes stop meanwhile.", escape(to)),
        ),
    };
    let overridden = match gate.overrides.as_slice() {
        [] => String::new(),
        // Escaped before they are cut, so that neither the cut nor the limit falls into an entity.
        ids => format!(" *Overrides* {}.", joined_words(&ids.iter().map(|id| escape(id)).collect::<Vec<_>>(), 120)),
    };
    Button {
        action_id: format!("approve-{}", method.name()),
        text: text.clone(),
        value: Press::Approve { run: run.id.clone(), method }.to_string(),
        style,
        confirm: Some(Confirm {
            title: format!("{text}?"),
            text: format!("{means}{overridden}"),
            yes: match method {
                Method::Failover => "Promote".to_owned(),
                Method::Switchover => "Switch over".to_owned(),
            },
        }),
    }
}
