//! The confirmation of what cannot be undone.

use commands::{
    change::Irreversible,
    plan::{Method, Plan, RunbookName, StepId},
    request::Press,
    run::{Gate, Run},
};
use serde_json::Value;

use super::{
    readiness,
    status::data_loss,
    wording::{deed, label, untouched, wish},
};
use crate::slack::{
    kit::{Button, Confirm, Message, Style, actions, context, fields, header, list, section},
    text::{actor, code, count, date, escape, joined_words, seconds},
};

/// The question, with a button per deed. The buttons' values name the run, so they work after a restart, once.
pub fn gate(run: &Run, gate: &Gate) -> Message {
    let plan = &run.plan;
    let title = format!("{}?", deed(plan));
    let mut blocks = question(run, gate);
    blocks.push(actions(&format!("gate:{}", run.id), &buttons(run, gate)));
    Message::new(format!("{title} A decision is needed. {}", readiness::summary(&plan.checks)), blocks)
}

/// The question without its buttons.
pub(super) fn question(run: &Run, gate: &Gate) -> Vec<Value> {
    let plan = &run.plan;
    let reason = run.reason.as_ref().map(|reason| format!("\n> {}", escape(reason))).unwrap_or_default();
    let mut blocks = vec![
        header(&format!("{}?", deed(plan))),
        section(&format!("{} asks {}.{reason}", actor(&run.requester), wish(plan))),
        fields([
            ("Data loss now", loss(plan, gate)),
            ("Checks seen", date(plan.observed_at)),
            ("Readiness", readiness::summary(&plan.checks)),
            ("Needs", format!("one confirmation by {}", date(gate.expires_at))),
        ]),
        list("What cannot be undone", &irreversible(plan, gate), 1_500),
        section(&format!("*What is not touched*\n{}", untouched(plan))),
    ];
    let concerns = readiness::lines(&plan.checks);
    if plan.runbook != RunbookName::Promote && !concerns.is_empty() {
        blocks.push(list("Checks", &concerns, 1_500));
    }
    let overridden = overrides(plan, gate);
    if !overridden.is_empty() {
        blocks.push(list("A confirmation overrides", &overridden, 2_000));
    }
    blocks.push(list("Steps", &steps(plan), 1_500));
    blocks.push(context(&format!(
        "{} · run {} · plan {}",
        label(plan.environment),
        escape(run.id.as_str()),
        escape(run.plan_digest.get(..12).unwrap_or(&run.plan_digest))
    )));
    blocks
}

/// What a choice would lose now: only a failover loses anything.
fn loss(plan: &Plan, gate: &Gate) -> String {
    match gate.methods.as_slice() {
        [Method::Rebuild] => "what only the stale cluster holds, and its snapshot keeps".to_owned(),
        methods if methods.contains(&Method::Failover) => data_loss(&plan.lag, gate.opened_at),
        _ => "none".to_owned(),
    }
}

fn irreversible(plan: &Plan, gate: &Gate) -> Vec<String> {
    let (to, from) = (escape(&plan.to), escape(&plan.from));
    let of = |method: &Method| match method {
        Method::Failover => {
            vec![format!("*Failover*: {to} takes writes at once; what was not replicated from {from} is lost")]
        }
        Method::Switchover => vec![format!(
            "*Switchover*: {from} stops writing, {to} takes over when it has everything; no data is lost, but writes stop meanwhile"
        )],
        Method::Rebuild => deletions(plan),
    };
    gate.methods.iter().flat_map(of).collect()
}

/// What is deleted, by name, and what keeps its data.
fn deletions(plan: &Plan) -> Vec<String> {
    let changes = plan.options.iter().flat_map(|option| &option.changes);
    let mut deleted: Vec<String> = changes
        .filter_map(|change| match change {
            Irreversible::DeleteInstance { instance } => Some(format!("instance {} is deleted", code(instance))),
            Irreversible::DeleteCluster { cluster } => Some(format!(
                "DB cluster {} in {} is deleted, with its automated backups",
                code(cluster),
                escape(&plan.to)
            )),
            Irreversible::Failover { .. } | Irreversible::Switchover { .. } => None,
        })
        .collect();
    match deleted.is_empty() {
        true => deleted.push("nothing is deleted: there is no stale cluster".to_owned()),
        false => deleted.push(format!("kept: {}", escape(plan.goal(StepId::Snapshot)))),
    }
    deleted
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
        Method::Rebuild => (
            format!("Delete the stale database in {to}"),
            Style::Danger,
            format!("The stale cluster in *{}* is deleted; its snapshot is kept. This cannot be undone.", escape(to)),
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
                Method::Rebuild => "Delete".to_owned(),
            },
        }),
    }
}
