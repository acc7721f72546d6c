//! The answer to `/dr plan promote`: a dry run with the exact calls.

use commands::{
    change::Call,
    plan::{Method, MethodOption, Plan, PlannedStep, RunbookName, StepId},
};

use super::{
    readiness,
    status::data_loss,
    wording::{audit, command, deed, order},
};
use crate::slack::{
    kit::{Message, context, fields, header, list, section},
    text::{code, date, escape, seconds, shorten},
};

/// Characters of parameters shown of one call; the log has all.
const PARAMS: usize = 420;

/// What a promote would do, for somebody who may ask for it or not; `seq` is the number of the record that says so, if the log took it.
pub fn plan(plan: &Plan, asks: bool, seq: impl Into<Option<u64>>) -> Message {
    let title = format!("Dry run: {}", deed(plan));
    let asked = match asks {
        true => format!("`{}`", command(plan)),
        false => format!("a {}, which you may not ask for,", plan.runbook.as_str()),
    };
    let mut blocks = vec![
        header(&title),
        section(&format!("*DRY RUN* · nothing was changed. These are the calls that {asked} would make now.")),
        fields([
            match plan.runbook {
                RunbookName::Restore => ("Region that serves", format!("*{}*", escape(&plan.to))),
                _ => ("From → to", format!("{} → *{}*", escape(&plan.from), escape(&plan.to))),
            },
            match plan.runbook {
                RunbookName::Restore | RunbookName::Rescue => {
                    ("Data loss", "none: it leaves the database alone".to_owned())
                }
                _ => ("Data loss of a failover", data_loss(&plan.lag)),
            },
            ("Readiness", readiness::summary(&plan.checks)),
            (
                "Recommended",
                plan.options
                    .first()
                    .map_or_else(|| "nothing is possible".to_owned(), |option| method(option.method).to_owned()),
            ),
        ]),
    ];
    let concerns = readiness::lines(&plan.checks);
    if !concerns.is_empty() {
        blocks.push(list("Checks", &concerns, 2_000));
    }
    let share = 5_500 / plan.steps.len().max(1);
    blocks.extend(plan.steps.iter().enumerate().map(|(number, step)| {
        let order = order(plan, step.step).map(|order| format!(", {order}")).unwrap_or_default();
        let title = format!(
            "{}. {}{order} · {} · expected {}",
            number + 1,
            step.step.name(),
            escape(&step.goal),
            seconds(step.expected_s)
        );
        list(&shorten(&title, 300), &calls(plan, step), share)
    }));
    let all = seq.into().map_or_else(|| audit(None), |seq| format!("audit #{seq} has every call in full"));
    blocks.push(context(&format!("seen {} · {all}", date(plan.observed_at))));
    Message::new(format!("{title}: nothing was changed. {}", readiness::summary(&plan.checks)), blocks)
}

/// A method in words.
pub(super) fn method(method: Method) -> &'static str {
    match method {
        Method::Failover => "failover: at once, loses what was not replicated",
        Method::Switchover => "switchover: planned, loses nothing, needs the primary",
        Method::Restore => "restore: raises what is missing, lowers nothing",
        Method::Rebuild => "rebuild: the stale database is deleted after its snapshots, and built anew by Terraform",
        Method::Rescue => "rescue: copies the snapshot that Aurora took, changes nothing else",
    }
}

fn calls(plan: &Plan, step: &PlannedStep) -> Vec<String> {
    let calls: Vec<String> = match step.step {
        StepId::Database => plan.options.iter().flat_map(chosen).collect(),
        StepId::Delete => {
            // In the order in which they are made: the last snapshot comes after the instances, the cluster goes last.
            let chosen = plan.options.iter().flat_map(chosen);
            let (last, first): (Vec<_>, Vec<_>) = chosen.partition(|made| made.contains("DeleteDBCluster"));
            first.into_iter().chain(step.calls.iter().map(call)).chain(last).collect()
        }
        _ => step.calls.iter().map(call).collect(),
    };
    if calls.is_empty() { vec!["no call: watches only, or holds already".to_owned()] } else { calls }
}

/// The calls of an option, with its name.
fn chosen(option: &MethodOption) -> Vec<String> {
    option.calls.iter().map(|made| format!("{}: {}", option.method.name(), call(made))).collect()
}

/// A call with its parameters.
fn call(call: &Call) -> String {
    format!("{} {}", call_name(call), code(&shorten(&call.params.to_string(), PARAMS)))
}

/// A call without its parameters.
pub(super) fn call_name(call: &Call) -> String {
    format!("{} in {}", code(&format!("{}:{}", call.service, call.operation)), escape(&call.region))
}
