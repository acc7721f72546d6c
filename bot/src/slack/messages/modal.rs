//! The modal in which a person confirms, in words, what cannot be undone.

use commands::{
    gate::words,
    grammar::REASON_LIMIT,
    plan::{Method, RunbookName},
    run::Run,
};
use serde_json::Value;

use super::{
    gate::{approvals, irreversible, kept, loss, overrides, steps},
    readiness,
    wording::{deed, label, untouched, way, way_back, wish},
};
use crate::slack::{
    kit::{self, context, fields, input, list, section},
    text::{actor, date, escape},
};

/// Block id of the input for the words that confirm.
pub const WORDS: &str = "words";
/// Block id of the input for the reason.
pub const REASON: &str = "reason";

/// What a person reads before they confirm `method`. It may lie open for long, so whatever was seen says when. `metadata` comes back with what they type.
pub fn confirmation(run: &Run, method: Method, metadata: &str) -> Value {
    let (plan, methods) = (&run.plan, [method]);
    let reason = run.reason.as_ref().map(|reason| format!("\n> {}", escape(reason))).unwrap_or_default();
    let mut blocks = vec![
        section(&format!("*{}*\n{} asks {}.{reason}", escape(&way(plan, method)), actor(&run.requester), wish(plan))),
        fields([
            ("Data loss", loss(plan, &methods)),
            ("Checks seen", date(plan.observed_at)),
            ("Readiness", readiness::summary(&plan.checks_at_gate())),
        ]),
        list("What cannot be undone", &irreversible(plan, &methods), 1_500),
        section(&format!("*What is not touched*\n{}", untouched(plan))),
        section(&format!("*The way back*\n{}", way_back(plan))),
    ];
    let kept = kept(run);
    if !kept.is_empty() {
        blocks.push(list("What is there already", &kept, 1_500));
    }
    if let Some(gate) = &run.gate {
        let (overridden, given) = (overrides(plan, gate), approvals(gate));
        if !overridden.is_empty() {
            blocks.push(list("This overrides", &overridden, 1_500));
        }
        if !given.is_empty() {
            blocks.push(list("Approved so far", &given, 1_500));
        }
    }
    blocks.push(list("What happens", &steps(plan), 1_500));
    let words = words(run, method);
    blocks.push(input(WORDS, &format!("Type exactly: {words}"), &words, 200));
    blocks.push(input(REASON, "Why", "What makes it necessary now", REASON_LIMIT));
    blocks.push(context(&format!(
        "{} · run {} · the pair is looked at again before anything is done",
        label(plan.environment),
        escape(run.id.as_str())
    )));
    let (title, submit) = match plan.runbook {
        RunbookName::Rebuild if plan.deletes() => ("Delete what is stale", "Delete"),
        RunbookName::Rebuild => ("Confirm the rebuild", "Rebuild"),
        RunbookName::Rescue => ("Confirm the rescue", "Copy it"),
        RunbookName::Promote | RunbookName::Failback => ("Confirm the failover", "Promote"),
        RunbookName::Restore => ("Confirm the restore", "Restore"),
    };
    kit::modal(title, Some(submit), "Go back", metadata, blocks)
}

/// What a person reads before they refuse. `kept` comes back with what they type.
pub fn refusal(run: &Run, kept: &str) -> Value {
    let reason = run.reason.as_ref().map(|reason| format!("\n> {}", escape(reason))).unwrap_or_default();
    let blocks = vec![
        section(&format!(
            "*{}?*\n{} asks {}.{reason}",
            escape(&deed(&run.plan)),
            actor(&run.requester),
            wish(&run.plan)
        )),
        section("Nothing is changed, and nobody can confirm it any more. It can be asked for again."),
        input(REASON, "Why not", "What speaks against it now", REASON_LIMIT),
        context(&format!(
            "{} · run {} · everybody in the channel reads why",
            label(run.plan.environment),
            escape(run.id.as_str())
        )),
    ];
    kit::modal("Refuse", Some("Refuse"), "Go back", kept, blocks)
}

/// That nothing came of it, and why: in the place of the modal.
pub fn not_done(why: &str) -> Value {
    kit::modal("Not done", None, "Close", "", vec![section(why)])
}
