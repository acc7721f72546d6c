//! The outcome of a run.

use commands::{
    plan::RunbookName,
    report::{Report, RunOutcome, StepReport},
    run::Run,
};
use jiff::Timestamp;
use serde_json::Value;
use storage::Head;

use super::{
    decided::outcome,
    plan::method,
    progress::verified,
    wording::{achieved, deed, label},
};
use crate::slack::{
    kit::{Align, Message, context, fields, header, list, section, table},
    text::{actor, ago, code, date, escape, seconds, shorten},
};

/// How the run ended. `seq` is the number of the record that says so; `head` is the log's head as of now, which makes
/// the message a witness that the log was not rewritten afterwards.
pub fn report(run: &Run, report: &Report, seq: u64, head: &Head) -> Message {
    let title = title(run, report);
    let changed = report.outcome != RunOutcome::NotApproved;
    let around = |steps: Value| -> Vec<Value> {
        let figures = match run.plan.runbook {
            // It moves no traffic and no writer: there is no time or loss to measure.
            RunbookName::Restore | RunbookName::Rescue => {
                fields([("Method", report.method.map_or("none", method).to_owned())])
            }
            _ => fields(figures(report, run.decided().map(|decided| decided.at))),
        };
        let measured = [figures, steps];
        let left: Vec<String> = report.remaining.iter().map(|left| format!("• {}", escape(left))).collect();
        let left = (!left.is_empty()).then(|| list("Left to do", &left, 2_500));
        let proof = context(&format!(
            "{} · run {} · asked for by {} · audit #{seq} · log head {}",
            label(run.plan.environment),
            escape(run.id.as_str()),
            actor(&run.requester),
            code(&format!("{}:{}", head.size, head.root))
        ));
        [header(&title)]
            .into_iter()
            .chain(measured.into_iter().filter(|_| changed))
            .chain(left)
            .chain([proof])
            .collect()
    };
    let rto = report
        .rto_from_confirmation_s
        .map(|rto| format!(" RTO {} from the confirmation.", seconds(rto)))
        .unwrap_or_default();
    let text = format!("{title}.{rto}");
    match changed {
        true => Message::new(text, around(steps(report))).or(around(steps_in_text(report))),
        false => Message::new(text, around(steps(report))),
    }
}

fn title(run: &Run, report: &Report) -> String {
    let deed = deed(&run.plan);
    let traffic = matches!(run.plan.runbook, RunbookName::Promote | RunbookName::Failback);
    match report.outcome {
        RunOutcome::Completed if run.plan.runbook == RunbookName::Restore && !verified(run) => {
            format!("{deed} ended; its capacity was not verified")
        }
        // A run may end with steps skipped; then nobody has seen traffic served.
        RunOutcome::Completed if traffic && report.rto_from_confirmation_s.is_none() => {
            format!("{deed} ended; traffic was not verified")
        }
        RunOutcome::Completed => achieved(&run.plan),
        RunOutcome::Aborted => format!("{deed} was aborted"),
        RunOutcome::NotApproved => {
            let how = run.decided().map_or("not approved", |decided| outcome(&decided.decision));
            format!("{deed}: {how}, nothing was changed")
        }
    }
}

/// What is measured of a run. The data loss says when it was measured: against the confirmation, where that is known.
pub(super) fn figures(report: &Report, confirmed_at: Option<Timestamp>) -> [(&'static str, String); 4] {
    let or_unknown = |value: Option<f64>| value.map_or_else(|| "❔ unknown".to_owned(), seconds);
    let measured = report.data_loss_measured_at.map(|at| match confirmed_at {
        Some(confirmed) => format!(", measured {} the confirmation", ago(at, confirmed).replace("ago", "before")),
        None => format!(", measured {}", date(at)),
    });
    [
        ("RTO from the confirmation", or_unknown(report.rto_from_confirmation_s)),
        ("RTO from the command", or_unknown(report.rto_from_command_s)),
        (
            "Estimated data loss",
            format!("{}{}", or_unknown(report.data_loss_ms.map(|ms| ms / 1_000.0)), measured.unwrap_or_default()),
        ),
        ("Method", report.method.map_or("none", method).to_owned()),
    ]
}

/// The steps with their times, as a table: on a phone its columns hold where lines of fixed width would wrap.
pub(super) fn steps(report: &Report) -> Value {
    let rows: Vec<[String; 4]> = report
        .steps
        .iter()
        .map(|step| [step.step.name().to_owned(), step.result.clone(), took(step), seconds(step.expected_s)])
        .collect();
    let head = [("Step", Align::Left), ("Result", Align::Left), ("Took", Align::Right), ("Expected", Align::Right)];
    table(head, &rows)
}

/// The same in plain text.
pub(super) fn steps_in_text(report: &Report) -> Value {
    let mut table = format!("{:<10} {:<9} {:>12} {:>12}", "step", "result", "took", "expected");
    for step in report.steps.iter().take(20) {
        table.push_str(&format!(
            "\n{:<10} {:<9} {:>12} {:>12}",
            step.step.name(),
            shorten(&step.result, 9),
            took(step),
            seconds(step.expected_s)
        ));
    }
    section(&format!("*Steps*\n```\n{table}\n```"))
}

fn took(step: &StepReport) -> String {
    step.took_s.map_or_else(|| "-".to_owned(), seconds)
}
