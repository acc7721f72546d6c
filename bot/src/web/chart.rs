//! The run's timeline as geometry: a pure function of the run. What people took to confirm stands apart, with its own scale, so that a long wait does
//! not press the work together.

mod draw;
#[cfg(test)]
mod tests;

use commands::{
    plan::StepId,
    run::{Run, StepRun, StepState},
    runbook::Step,
};
use jiff::Timestamp;

pub(super) use draw::{draw, table};

use super::{
    incident::{Incident, Kind, Stretch},
    schedule::{Schedule, expected, schedule, seconds},
};

/// Shortest time that a panel spans, in seconds.
const LEAST: f64 = 10.0;
/// Most labels on an axis.
const TICKS: f64 = 6.0;
/// Distances between labels, in seconds.
const ROUND: [f64; 19] = [
    1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 900.0, 1_800.0, 3_600.0, 7_200.0, 14_400.0, 28_800.0,
    43_200.0, 86_400.0, 172_800.0,
];

/// One part of the timeline with a scale of its own.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Panel {
    pub(super) title: String,
    /// What the axis begins with.
    pub(super) begin: Timestamp,
    /// Seconds from the left edge to the right.
    pub(super) span_s: f64,
    pub(super) ticks: Vec<Tick>,
    pub(super) rows: Vec<Row>,
    /// Where now is, in percent of the width, while it is within.
    pub(super) now: Option<f64>,
}

/// A label of the axis.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Tick {
    /// Percent of the width.
    pub(super) at: f64,
    /// Seconds since the panel's begin.
    pub(super) s: f64,
}

/// One line of bars.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Row {
    pub(super) label: String,
    pub(super) state: State,
    /// Whether the end of the run waits for it.
    pub(super) critical: bool,
    pub(super) bars: Vec<Bar>,
    /// The expectation: from, width in percent.
    pub(super) outline: Option<(f64, f64)>,
    /// Seconds it took so far; absent if it has not begun.
    pub(super) took_s: Option<f64>,
    pub(super) expected_s: Option<f64>,
    pub(super) attempts: u32,
    /// When it began and when it ended.
    pub(super) from: Option<Timestamp>,
    pub(super) to: Option<Timestamp>,
}

/// A bar: position and width in percent of the panel's width.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Bar {
    pub(super) x: f64,
    pub(super) width: f64,
    pub(super) kind: Kind,
}

/// How a row stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    Ahead,
    Never,
    Running,
    Late,
    Waiting,
    Done,
    Already,
    Failed,
    Skipped,
    Aborted,
}

impl State {
    /// In a word.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Ahead => "not begun",
            Self::Never => "never begun",
            Self::Running => "running",
            Self::Late => "late",
            Self::Waiting => "waits for a decision",
            Self::Done => "done",
            Self::Already => "held already",
            Self::Failed => "failed, the run went on",
            Self::Skipped => "skipped",
            Self::Aborted => "aborted",
        }
    }
}

/// The run's timeline: what was before the confirmation, and what follows it.
pub(super) fn chart(incident: &Incident, now: Timestamp) -> Vec<Panel> {
    let now = incident.ended.map_or(now, |(at, _)| at);
    let run = &incident.run;
    let mut panels = vec![before(incident, now)];
    if run.decided().is_none() || run.method().is_some() {
        panels.push(after(incident, &schedule(run, now), now));
    }
    panels
}

/// Steps that need no confirmation, and the wait for it.
fn before(incident: &Incident, now: Timestamp) -> Panel {
    let run = &incident.run;
    let begin = run.commanded_at;
    let decided = run.decided().map(|decided| decided.at);
    let end = decided.unwrap_or(now);
    let ungated = || run.runbook().steps.iter().filter(|step| !step.gated);
    let mut ahead = 0.0_f64;
    let mut spans: Vec<(StepId, f64)> = Vec::new();
    for step in ungated() {
        let takes = expected(run, step.id);
        let from =
            run.steps.get(&step.id).map_or(ahead.max(seconds(begin, now)), |begun| seconds(begin, begun.started_at));
        ahead = from + takes;
        spans.push((step.id, from));
    }
    let open = decided.is_none() && incident.ended.is_none();
    let span = seconds(begin, end).max(if open { ahead } else { 0.0 }).max(LEAST);
    let mut rows: Vec<Row> =
        ungated().zip(spans).map(|(step, (_, from))| row(incident, step, begin, span, from, false, now)).collect();
    rows.push(wait(run, begin, span, end, open));
    Panel { title: "Until the confirmation".to_owned(), ..panel(begin, span, rows, open.then_some(now)) }
}

/// The gate as a row.
fn wait(run: &Run, begin: Timestamp, span: f64, end: Timestamp, open: bool) -> Row {
    let from = run.gate.as_ref().map(|gate| gate.opened_at);
    let bars = from.map(|from| bar(begin, span, from, end, Kind::Waiting)).into_iter().collect();
    let state = match (run.decided(), run.method()) {
        (None, _) if from.is_none() && open => State::Ahead,
        (None, _) if from.is_none() => State::Never,
        (None, _) if open => State::Waiting,
        (Some(_), Some(_)) => State::Done,
        _ => State::Aborted,
    };
    Row {
        label: "confirmation".to_owned(),
        state,
        critical: false,
        bars,
        outline: None,
        took_s: from.map(|from| seconds(from, end)),
        expected_s: None,
        attempts: 1,
        from,
        to: from.and(run.decided()).map(|decided| decided.at),
    }
}

/// Steps that the confirmation lets begin.
fn after(incident: &Incident, schedule: &Schedule, now: Timestamp) -> Panel {
    let run = &incident.run;
    let open = incident.ended.is_none();
    let approved = run.method().is_some();
    let begun = |id: &StepId| run.steps.contains_key(id);
    let slots = schedule.slots.iter().filter(|(id, _)| open || begun(id));
    let outlined =
        slots.map(|(&id, slot)| slot.ends.max(slot.begins + if open || slot.ahead { expected(run, id) } else { 0.0 }));
    let span = outlined.fold(if approved { seconds(schedule.begin, now) } else { 0.0 }, f64::max).max(LEAST);
    let gated = run.runbook().steps.iter().filter(|step| step.gated);
    let rows = gated
        .map(|step| {
            let from = schedule.slots.get(&step.id).map_or(0.0, |slot| slot.begins);
            let critical = schedule.critical.contains(&step.id) && (open || begun(&step.id));
            row(incident, step, schedule.begin, span, from, critical, now)
        })
        .collect();
    let title = if approved { "From the confirmation" } else { "What follows, if it were confirmed now" };
    Panel { title: title.to_owned(), ..panel(schedule.begin, span, rows, (open && approved).then_some(now)) }
}

fn panel(begin: Timestamp, span_s: f64, rows: Vec<Row>, now: Option<Timestamp>) -> Panel {
    let now = now.map(|now| percent(seconds(begin, now), span_s));
    Panel { title: String::new(), begin, span_s, ticks: ticks(span_s), rows, now }
}

/// A step as a row; `from` is where it begins, or will, in seconds.
fn row(
    incident: &Incident,
    step: &Step,
    begin: Timestamp,
    span: f64,
    from: f64,
    critical: bool,
    now: Timestamp,
) -> Row {
    let run = &incident.run;
    let begun = run.steps.get(&step.id);
    let takes = expected(run, step.id);
    let stretches = incident.stretches.get(&step.id).map(|tail| tail.iter().collect::<Vec<_>>()).unwrap_or_default();
    let bars =
        stretches.iter().map(|stretch| bar(begin, span, stretch.from, end(stretch, now), stretch.kind)).collect();
    let open = incident.ended.is_none();
    let begins = begun.map_or(from, |begun| seconds(begin, begun.attempt_at));
    // What never began after all was not expected at any time.
    let outlined = (begun.is_some() || open) && begins < span;
    let width = percent(takes.min(span - begins), span);
    Row {
        label: step.id.name().to_owned(),
        state: state(begun, open),
        critical,
        bars,
        outline: outlined.then(|| (percent(begins, span), width)),
        took_s: begun.map(|begun| seconds(begun.started_at, begun.ended_at.unwrap_or(now))),
        expected_s: Some(takes),
        attempts: begun.map_or(0, |begun| begun.attempts),
        from: begun.map(|begun| begun.started_at),
        to: begun.and_then(|begun| begun.ended_at),
    }
}

fn end(stretch: &Stretch, now: Timestamp) -> Timestamp {
    stretch.to.unwrap_or(now)
}

fn bar(begin: Timestamp, span: f64, from: Timestamp, to: Timestamp, kind: Kind) -> Bar {
    let x = percent(seconds(begin, from), span);
    Bar { x, width: hundredth(percent(seconds(begin, to), span) - x).max(0.0), kind }
}

fn state(step: Option<&StepRun>, open: bool) -> State {
    let Some(step) = step else { return if open { State::Ahead } else { State::Never } };
    match &step.state {
        StepState::Running if !open => State::Aborted,
        StepState::Running | StepState::Retrying if step.late => State::Late,
        StepState::Running | StepState::Retrying => State::Running,
        StepState::Done { already: true } => State::Already,
        StepState::Done { already: false } => State::Done,
        StepState::Failed { best_effort: false, .. } if open => State::Waiting,
        StepState::Failed { .. } => State::Failed,
        StepState::Skipped => State::Skipped,
        StepState::Aborted => State::Aborted,
    }
}

/// Round times, few enough for a phone.
pub(super) fn ticks(span_s: f64) -> Vec<Tick> {
    let fits = |step: &&f64| span_s / **step <= TICKS;
    let step = ROUND.iter().find(fits).copied().unwrap_or_else(|| (span_s / TICKS / 86_400.0).ceil() * 86_400.0);
    let times = (0..=TICKS as u32).map(|number| f64::from(number) * step).take_while(|&s| s <= span_s);
    times.map(|s| Tick { at: percent(s, span_s), s }).collect()
}

fn hundredth(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}

/// In percent of the span, within it, to a hundredth.
pub(super) fn percent(s: f64, span_s: f64) -> f64 {
    hundredth(s / span_s * 100.0).clamp(0.0, 100.0)
}
