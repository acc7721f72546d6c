//! What the page of a run says, part by part: pure functions of the run and the time. Everything is text unless it is written as markup here.

use commands::{
    history::Moment,
    narration::{name, outcome},
    plan::Method,
    readiness::{Check, Outcome},
    report::Report,
    run::Run,
    topology::Environment,
};
use jiff::Timestamp;
use maud::{Markup, html};

use super::{
    chart,
    incident::{Incident, Kind, Tail},
    lag,
    parts::{self, inline_icon, lasted, time, time_of_day},
    regions,
    schedule::{Schedule, schedule, seconds},
    state::{next, standing},
};
use crate::slack::messages::deed;

/// Seconds within which a time of day says enough.
const TODAY: f64 = 43_200.0;

/// Title of the document.
pub(super) fn title(run: &Run) -> String {
    format!("{} · {}", deed(&run.plan), standing(run).word)
}

/// All parts, each with an id by which the page's script replaces it when it changes.
pub(super) fn parts(incident: &Incident, now: Timestamp) -> Markup {
    let run = &incident.run;
    let schedule = schedule(run, now);
    let panels = chart::chart(incident, now);
    html! {
        (head(run))
        (figures(incident, &schedule, now))
        section #next aria-labelledby="next-title" {
            h2 #next-title { "What comes next" }
            @match (next(run, &schedule, now), &run.ended) {
                (_, Some(report)) if report.remaining.is_empty() => p { "Nothing: the run is over." },
                (_, Some(report)) => ul { @for left in &report.remaining { li { (left) } } },
                (said, None) => ul { @for said in &said { li { (said) } } },
            }
        }
        section #timeline aria-labelledby="timeline-title" {
            h2 #timeline-title { "Timeline" }
            @for panel in &panels { (chart::draw(panel)) }
            (legend())
            (chart::table(&panels))
        }
        div.columns {
            section #regions aria-labelledby="regions-title" { h2 #regions-title { "The two regions" } (regions::section(run)) }
            section #lag aria-labelledby="lag-title" { h2 #lag-title { "Replication lag" } (lag::section(incident, now)) }
        }
        (checks(run))
        section #decisions aria-labelledby="decisions-title" {
            h2 #decisions-title { "Who decided what" }
            (moments(&incident.decisions))
        }
        @if let (Some(report), Some((at, seq))) = (&run.ended, incident.ended) { (report_section(report, at, seq)) }
        section #log aria-labelledby="log-title" {
            h2 #log-title { "Everything that happened" }
            (moments(&incident.moments))
        }
        p #as-of .quiet { "As of " (time(now)) " · run " (run.id.as_str()) " · record #" (run.latest) }
    }
}

fn head(run: &Run) -> Markup {
    let standing = standing(run);
    html! {
        header #state class={ "state " (standing.symbol) } {
            p.mode { span.live { @match run.plan.environment { Environment::Live => "LIVE", Environment::Drill => "DRILL" } } " " span.application { (run.application) } }
            h1 { (deed(&run.plan)) }
            p.standing role="status" { (inline_icon(standing.symbol)) " " strong { (standing.word) } }
            p { (standing.said) }
            p.quiet {
                "Asked for by " (name(&run.requester)) ", " (time(run.commanded_at))
                @if let Some(reason) = &run.reason { ": " q { (reason) } }
            }
        }
    }
}

fn figures(incident: &Incident, schedule: &Schedule, now: Timestamp) -> Markup {
    let run = &incident.run;
    let now = incident.ended.map_or(now, |(at, _)| at);
    let approved = run.method().and(run.decided());
    let (confirmed, took) = match approved {
        Some(decided) => ("Since the confirmation", lasted(seconds(decided.at, now))),
        None => ("Since the command", lasted(seconds(run.commanded_at, now))),
    };
    let report = run.ended.as_ref();
    html! {
        dl #figures .figures {
            div { dt { (confirmed) } dd { (took) } }
            div { dt { "Expected" } dd { (lasted(schedule.expected)) } }
            @match report {
                Some(report) => {
                    div { dt { "RTO from the confirmation" } dd { (known(report.rto_from_confirmation_s, lasted)) } }
                    div { dt { "RTO from the command" } dd { (known(report.rto_from_command_s, lasted)) } }
                }
                None => div {
                    dt { "Expected end" }
                    @match approved {
                        Some(_) if run.waiting_step().is_some() => dd { "waits for people" },
                        Some(decided) => dd { (clock(decided.at, schedule.ends)) },
                        None => dd { (lasted(schedule.expected)) " after the confirmation" },
                    }
                }
            }
            div { dt { "Data loss" } dd { (loss(incident)) } }
        }
    }
}

/// The time of day so many seconds after `begin`.
fn clock(begin: Timestamp, s: f64) -> Markup {
    match jiff::SignedDuration::try_from_secs_f64(s).ok().and_then(|span| begin.checked_add(span).ok()) {
        Some(at) if s < TODAY => time_of_day(at),
        Some(at) => time(at),
        None => html! { "unknown" },
    }
}

fn loss(incident: &Incident) -> Markup {
    let run = &incident.run;
    let ms = match (&run.ended, run.method()) {
        (_, Some(Method::Restore | Method::Rescue)) => return html! { "none: it leaves the database alone" },
        (_, Some(Method::Rebuild)) => {
            return html! { "unknown: what only the stale cluster had is in its last snapshot" };
        }
        (Some(report), Some(_)) => report.data_loss_ms,
        (Some(_), None) => return html! { "none: nothing was changed" },
        (None, Some(Method::Switchover)) => return html! { "none: it is a switchover" },
        (None, _) => incident.lags.last().map(|lag| lag.millis),
    };
    let word = if run.ended.is_some() { "estimated" } else { "by the lag last measured" };
    html! { (known(ms, parts::lag)) @if ms.is_some() { " " span.quiet { (word) } } }
}

fn known(value: Option<f64>, said: impl Fn(f64) -> String) -> Markup {
    match value {
        Some(value) => html! { (said(value)) },
        None => html! { span.unknown { (inline_icon("unknown")) " unknown" } },
    }
}

fn legend() -> Markup {
    let swatch = |class: &str, said: &str| {
        html! { li { svg width="26" height="14" aria-hidden="true" { rect class=(class) x="1" y="1" width="24" height="12" rx="3" {} } " " (said) } }
    };
    html! {
        ul.legend aria-label="Legend" {
            (swatch(bar(Kind::Running), "running"))
            (swatch(bar(Kind::Done), "done"))
            (swatch(bar(Kind::Failed), "failed"))
            (swatch(bar(Kind::Waiting), "waited for people"))
            (swatch("expected", "expected"))
            (swatch("track critical", "critical path"))
        }
    }
}

/// The class of a bar.
pub(super) fn bar(kind: Kind) -> &'static str {
    match kind {
        Kind::Running => "bar running",
        Kind::Done => "bar done",
        Kind::Failed => "bar failed",
        Kind::Waiting => "bar waiting",
    }
}

/// What stood in the way, or was not seen, when the plan was made.
fn checks(run: &Run) -> Markup {
    let concerns: Vec<&Check> = run.plan.checks.iter().filter(|check| check.outcome() != Outcome::Pass).collect();
    html! {
        section #checks aria-labelledby="checks-title" {
            h2 #checks-title { "Readiness when it was asked for" }
            @if concerns.is_empty() { p { (inline_icon("done")) " All " (run.plan.checks.len()) " checks passed." } }
            @else {
                ul.plain {
                    @for check in &concerns {
                        li {
                            @match check.outcome() {
                                Outcome::Unknown => { (inline_icon("unknown")) " " strong { "unknown" } }
                                _ => { (inline_icon("warned")) " " strong { @if check.blocks() { "stands in the way" } @else { "warning" } } }
                            }
                            ": " (check.detail)
                        }
                    }
                }
                p.quiet { (run.plan.checks.len() - concerns.len()) " of " (run.plan.checks.len()) " checks passed, " (time(run.plan.observed_at)) }
            }
        }
    }
}

fn report_section(report: &Report, at: Timestamp, seq: u64) -> Markup {
    html! {
        section #report aria-labelledby="report-title" {
            h2 #report-title { "Report" }
            p { "The run ended " (time(at)) ": " strong { (outcome(report.outcome)) } ". Record #" (seq) "." }
            @if !report.steps.is_empty() {
                div.wide { table {
                    thead { tr { th { "step" } th { "result" } th { "took" } th { "expected" } th { "seen at the end" } } }
                    tbody { @for step in &report.steps { tr {
                        th scope="row" { (step.step.name()) }
                        td { (step.result) }
                        td { (step.took_s.map_or_else(|| "–".to_owned(), lasted)) }
                        td { (lasted(step.expected_s)) }
                        td.long { (step.detail) }
                    } } }
                } }
            }
            @if let (Some(ms), Some(measured)) = (report.data_loss_ms, report.data_loss_measured_at) {
                p { "Estimated data loss: " (parts::lag(ms)) ", measured " (time(measured)) "." }
            }
        }
    }
}

/// Moments, the latest first.
fn moments(moments: &Tail<Moment>) -> Markup {
    html! {
        ol.moments reversed {
            @for moment in moments.iter().rev() {
                li {
                    span.when { (time(moment.at)) }
                    span.what { (moment.what) }
                    span.by { (name(&moment.by)) " · #" (moment.seq) }
                }
            }
        }
        @if moments.omitted > 0 { p.quiet { (moments.omitted) " earlier ones are in the log." } }
    }
}
