//! Replication lag over the run, as geometry and drawn.

use commands::observation::Lag;
use jiff::Timestamp;
use maud::{Markup, html};

use super::{
    chart::{Tick, percent, ticks},
    incident::Incident,
    parts::{self, lasted, mark, time},
    schedule::seconds,
};

/// Height of the plot in pixels.
const HEIGHT: f64 = 120.0;
/// Seconds without a datapoint after which the line is broken: between two, nothing is known. Later in a long run they are taken a quarter of an hour apart.
const GAP: f64 = 1_000.0;

/// The plot.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Plot {
    /// When the left edge is.
    pub(super) begin: Timestamp,
    pub(super) ticks: Vec<Tick>,
    /// What the upper edge stands for, in milliseconds.
    pub(super) top_ms: f64,
    /// Lines between datapoints that follow each other: percent of the width, pixels from above.
    pub(super) lines: Vec<Vec<(f64, f64)>>,
    /// Where the writer began to move, in percent of the width, and the run's end.
    pub(super) moved: Option<f64>,
}

/// The plot of the lags that the run's records hold; `None` if they are too few.
pub(super) fn plot(incident: &Incident) -> Option<Plot> {
    let (first, last) = (incident.lags.first()?, incident.lags.last().filter(|_| incident.lags.len() > 1)?);
    let span = seconds(first.at, last.at).max(1.0);
    let top_ms = top(incident.lags.iter().map(|lag| lag.millis).fold(0.0, f64::max));
    let mut lines: Vec<Vec<(f64, f64)>> = Vec::new();
    let mut before: Option<&Lag> = None;
    for lag in &incident.lags {
        let point = (percent(seconds(first.at, lag.at), span), height(lag.millis, top_ms));
        match (before.filter(|before| seconds(before.at, lag.at) <= GAP), lines.last_mut()) {
            (Some(_), Some(line)) => line.push(point),
            _ => lines.push(vec![point]),
        }
        before = Some(lag);
    }
    let moved = incident.run.calls_of(commands::plan::StepId::Database).map(|call| call.at).next_back();
    let within = |at: &Timestamp| *at >= first.at && *at <= last.at;
    let moved = moved.filter(within).map(|at| percent(seconds(first.at, at), span));
    Some(Plot { begin: first.at, ticks: ticks(span), top_ms, lines, moved })
}

/// A round number of milliseconds above all.
fn top(most: f64) -> f64 {
    let magnitude = 10_f64.powf(most.max(1.0).log10().floor());
    let steps = [1.0, 2.0, 5.0, 10.0];
    steps.into_iter().map(|step| step * magnitude).find(|&top| top >= most).unwrap_or(most)
}

fn height(millis: f64, top_ms: f64) -> f64 {
    ((1.0 - millis / top_ms) * HEIGHT * 100.0).round() / 100.0
}

/// What is known of the lag.
pub(super) fn section(incident: &Incident, now: Timestamp) -> Markup {
    let latest = incident.lags.last();
    html! {
        @match latest {
            Some(lag) => p { "Last measured: " strong { (parts::lag(lag.millis)) } ", " (ago(lag, now, incident)) " (" (time(lag.at)) ")." },
            None => p.unknown { (parts::inline_icon("unknown")) " Unknown: " (incident.run.plan.lag.why().unwrap_or("no datapoint was found")) "." },
        }
        @match plot(incident) {
            Some(plot) => (draw(&plot, incident)),
            None => p.quiet { "The records hold " (count(incident.lags.len())) ": too few to plot." },
        }
    }
}

fn count(points: usize) -> &'static str {
    if points == 0 { "no measurement" } else { "one measurement" }
}

fn ago(lag: &Lag, now: Timestamp, incident: &Incident) -> String {
    match incident.ended {
        Some(_) => "before the run ended".to_owned(),
        None => format!("{} ago", lasted(seconds(lag.at, now).round())),
    }
}

fn draw(plot: &Plot, incident: &Incident) -> Markup {
    let said =
        format!("Replication lag between 0 and {}: {} measurements.", parts::lag(plot.top_ms), incident.lags.len());
    html! {
        figure.panel {
            svg.lag width="100%" height="150" role="img" aria-label=(said) {
                @for tick in &plot.ticks {
                    line.grid x1={ (tick.at) "%" } x2={ (tick.at) "%" } y1="0" y2=(HEIGHT) {}
                    text.tick x={ (tick.at) "%" } y=(HEIGHT + 16.0) text-anchor=(if tick.at < 3.0 { "start" } else { "middle" }) { (mark(tick.s)) }
                }
                line.grid x1="0" x2="100%" y1="0.5" y2="0.5" {}
                line.grid x1="0" x2="100%" y1=(HEIGHT) y2=(HEIGHT) {}
                svg width="100%" height=(HEIGHT) viewBox={ "0 0 100 " (HEIGHT) } preserveAspectRatio="none" {
                    @for line in &plot.lines {
                        polyline.lag-line points=(points(line)) vector-effect="non-scaling-stroke" {}
                    }
                }
                @for (x, y) in plot.lines.iter().flatten() { circle.lag-point cx={ (x) "%" } cy=(y) r="2.5" {} }
                @if let Some(moved) = plot.moved { line.moved x1={ (moved) "%" } x2={ (moved) "%" } y1="0" y2=(HEIGHT) {} }
                text.tick x="4" y="14" { (parts::lag(plot.top_ms)) }
            }
            figcaption { "since " (time(plot.begin)) @if plot.moved.is_some() { "; the upright line is when the writer began to move" } }
        }
        details.as-table id="lag-table" {
            summary { "The lag as a table" }
            div.wide { table {
                thead { tr { th { "measured" } th { "lag" } } }
                tbody { @for lag in incident.lags.iter().rev().take(100) { tr { td { (time(lag.at)) } td { (parts::lag(lag.millis)) } } } }
            } }
        }
    }
}

fn points(line: &[(f64, f64)]) -> String {
    line.iter().map(|(x, y)| format!("{x},{y}")).collect::<Vec<_>>().join(" ")
}
