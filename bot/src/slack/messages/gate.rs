//! The confirmation of what people have to decide: the question with its buttons.

use commands::{
    access::Terms,
    change::Irreversible,
    plan::{Method, Plan, RunbookName, StepId},
    request::Press,
    run::{Gate, Run, StepState},
};
use serde_json::Value;

use super::{
    readiness,
    status::data_loss,
    wording::{deed, label, mentions, order, untouched, way, way_back, wish},
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
    Message::new(format!("{title} A decision is needed. {}", readiness::summary(&plan.checks_at_gate())), blocks)
}

/// That nobody decided so far, and that the question closes soon. It is answered where it was asked.
pub fn closing(run: &Run, gate: &Gate) -> Message {
    let said = format!(
        "⏳ {}? It is not decided yet. The question closes {}, and then nothing is changed.",
        escape(&deed(&run.plan)),
        date(gate.expires_at)
    );
    let needed: Vec<String> = gate.terms.iter().map(|terms| needs(run, gate, terms)).collect();
    Message::new(
        &said,
        vec![
            section(&said),
            list("Needs", &needed, 1_500),
            context(&format!(
                "{} · run {} · decide at its question above",
                label(run.plan.environment),
                escape(run.id.as_str())
            )),
        ],
    )
}

/// The question without its buttons.
pub(super) fn question(run: &Run, gate: &Gate) -> Vec<Value> {
    let plan = &run.plan;
    let reason = run.reason.as_ref().map(|reason| format!("\n> {}", escape(reason))).unwrap_or_default();
    let needed: Vec<String> = gate.terms.iter().map(|terms| needs(run, gate, terms)).collect();
    let mut blocks = vec![
        header(&format!("{}?", deed(plan))),
        section(&format!("{} asks {}.{reason}", actor(&run.requester), wish(plan))),
        fields([
            ("Data loss", loss(plan, &gate.methods)),
            ("Checks seen", date(plan.observed_at)),
            ("Readiness", readiness::summary(&plan.checks_at_gate())),
            ("Open until", date(gate.expires_at)),
        ]),
        list("Needs", &needed, 1_500),
    ];
    let given = approvals(gate);
    if !given.is_empty() {
        blocks.push(list("Approved so far", &given, 1_500));
    }
    blocks.push(list("What cannot be undone", &irreversible(plan, &gate.methods), 1_500));
    let kept = kept(run);
    if !kept.is_empty() {
        blocks.push(list("What is there already", &kept, 1_500));
    }
    blocks.push(section(&format!("*What is not touched*\n{} *The way back*: {}", untouched(plan), way_back(plan))));
    let concerns = readiness::lines(&plan.checks_at_gate());
    if plan.runbook != RunbookName::Promote && !concerns.is_empty() {
        blocks.push(list("Checks", &concerns, 2_800));
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

/// What it takes to choose a way, and how far that is: `Switch over to us-west-2: 1 of 2 approvals, by …`.
fn needs(run: &Run, gate: &Gate, terms: &Terms) -> String {
    let so_far = gate.counted(terms.method).count();
    let approvals = match terms.approvers {
        1 => "one approval".to_owned(),
        of => format!("{so_far} of {of} approvals"),
    };
    let but = if terms.requester_may_approve { "" } else { ", not who asked" };
    format!("{}: {approvals}, by {}{but}", escape(&way(&run.plan, terms.method)), mentions(&terms.who))
}

/// Who approved what so far; what counts no more is struck out.
pub(super) fn approvals(gate: &Gate) -> Vec<String> {
    let line = |given: &commands::run::Given| {
        let reason = given.reason.as_ref().map(|reason| format!(": {}", escape(reason))).unwrap_or_default();
        let said = format!("{} by {}{reason}", given.method.name(), actor(&given.by));
        let proof = format!("{} · audit #{}", date(given.at), given.seq);
        match given.lapsed {
            None => format!("✅ {said} · {proof}"),
            Some(_) => format!("✖️ ~{said}~ counts no more: may not approve any longer · {proof}"),
        }
    };
    gate.approvals.iter().map(line).collect()
}

/// What a choice of these would lose: only a failover loses anything.
pub(super) fn loss(plan: &Plan, methods: &[Method]) -> String {
    match methods {
        [Method::Restore | Method::Rescue] => "none: it leaves the database alone".to_owned(),
        [Method::Rebuild] if plan.deletes() => {
            "unknown: what only the stale cluster has. A last snapshot, taken when nothing can write any more, has all of it".to_owned()
        }
        [Method::Rebuild] => "none: nothing is deleted".to_owned(),
        methods if methods.contains(&Method::Failover) => data_loss(&plan.lag),
        _ => "none".to_owned(),
    }
}

pub(super) fn irreversible(plan: &Plan, methods: &[Method]) -> Vec<String> {
    let (to, from) = (escape(&plan.to), escape(&plan.from));
    let of = |method: &Method| match method {
        Method::Failover => {
            vec![format!("*Failover*: {to} takes writes at once; what was not replicated from {from} is lost")]
        }
        Method::Switchover => vec![format!(
            "*Switchover*: {from} stops writing, {to} takes over when it has everything; no data is lost, but writes stop meanwhile"
        )],
        Method::Rebuild => deletions(plan),
        Method::Restore => vec!["nothing: it only raises what is missing, and lowers nothing".to_owned()],
        Method::Rescue => vec!["nothing: it adds a snapshot, which is paid for until somebody deletes it".to_owned()],
    };
    methods.iter().flat_map(of).collect()
}

/// What is deleted, by name, and what keeps its data.
fn deletions(plan: &Plan) -> Vec<String> {
    let changes = plan.options.iter().flat_map(|option| &option.changes);
    let mut deleted: Vec<String> = changes
        .filter_map(|change| match change {
            Irreversible::DeleteInstance { instance } => Some(format!("instance {} is deleted", code(instance))),
            Irreversible::DeleteCluster { cluster, resource_id, delete_automated_backups } => Some(format!(
                "DB cluster {} ({}) in {} is deleted; its automated backups {}",
                code(cluster),
                escape(resource_id),
                escape(&plan.to),
                match delete_automated_backups {
                    Some(false) => "stay for their retention period",
                    Some(true) | None => "go with it",
                }
            )),
            Irreversible::Failover { .. } | Irreversible::Switchover { .. } => None,
        })
        .collect();
    match deleted.is_empty() {
        true => deleted.push("nothing is deleted: there is no stale cluster".to_owned()),
        false => deleted.push(
            "before the cluster goes, and after its last instance, another snapshot is taken, with every write"
                .to_owned(),
        ),
    }
    deleted
}

/// What the run made so far to keep data, with when it was taken.
pub(super) fn kept(run: &Run) -> Vec<String> {
    if run.plan.runbook == RunbookName::Rebuild && !run.plan.deletes() {
        return Vec::new();
    }
    let done = [StepId::Snapshot, StepId::Rescue].into_iter().filter_map(|id| run.steps.get(&id));
    done.filter(|step| matches!(step.state, StepState::Done { .. })).map(|step| escape(&step.detail)).collect()
}

pub(super) fn overrides(plan: &Plan, gate: &Gate) -> Vec<String> {
    plan.checks.iter().filter(|check| gate.overrides.contains(&check.id)).map(readiness::line).collect()
}

pub(super) fn steps(plan: &Plan) -> Vec<String> {
    plan.steps
        .iter()
        .enumerate()
        .map(|(number, step)| {
            let calls =
                if step.calls.is_empty() { String::new() } else { format!(", {}", count(step.calls.len(), "call")) };
            let order = order(plan, step.step).map(|order| format!(", {order}")).unwrap_or_default();
            format!(
                "{}. {}{order}: {} (expected {}{calls})",
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
    let plain = |action_id: &str, text: &str, value: Press| Button {
        action_id: action_id.to_owned(),
        text: text.to_owned(),
        value: value.to_string(),
        style: Style::Plain,
        confirm: None,
    };
    buttons.push(plain("refuse", "Refuse…", Press::Refuse { run: run.id.clone(), reason: None }));
    buttons.push(plain("cancel", "Cancel my request", Press::Cancel { run: run.id.clone() }));
    buttons
}

/// A final deed is confirmed in the modal that its button opens; any other in a dialog.
fn approve(run: &Run, gate: &Gate, method: Method) -> Button {
    let text = way(&run.plan, method);
    let to = escape(&run.plan.to);
    let (what, yes) = match method {
        Method::Restore => {
            (format!("*{to}* gets its configured capacity back. Nothing is lowered or moved."), "Restore")
        }
        Method::Rescue => {
            ("Aurora's snapshot is copied to a manual one. Nothing else is changed.".to_owned(), "Copy it")
        }
        Method::Failover | Method::Switchover | Method::Rebuild => {
            (format!("*{to}* becomes the writer once it has every write; writes stop meanwhile."), "Switch over")
        }
    };
    let confirm =
        || Confirm { title: format!("{text}?"), text: format!("{what}{}", overridden(gate)), yes: yes.to_owned() };
    Button {
        action_id: format!("approve-{}", method.name()),
        value: Press::Approve { run: run.id.clone(), method, confirmation: None }.to_string(),
        style: if method.is_final() { Style::Danger } else { Style::Primary },
        confirm: (!method.is_final()).then(confirm),
        text,
    }
}

fn overridden(gate: &Gate) -> String {
    match gate.overrides.as_slice() {
        [] => String::new(),
        // Escaped before they are cut, so that neither the cut nor the limit falls into an entity.
        ids => format!(" *Overrides* {}.", joined_words(&ids.iter().map(|id| escape(id)).collect::<Vec<_>>(), 120)),
    }
}
