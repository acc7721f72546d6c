//! The timeline drawn: inline SVG whose widths are percentages, so that it fits a phone as it fits a screen without making its text smaller; and the
//! same as a table.

use maud::{Markup, html};

use super::{Bar, Panel, Row, State};
use crate::web::{
    page,
    parts::{icon, lasted, mark, time},
};

/// Height of a row, of the bar in it, and where the bar begins, in pixels.
const ROW: u32 = 46;
const BAR: u32 = 14;
const BAR_TOP: u32 = 22;
/// Height of the axis.
const AXIS: u32 = 26;

/// One panel.
pub(in crate::web) fn draw(panel: &Panel) -> Markup {
    let rows = u32::try_from(panel.rows.len()).unwrap_or(0);
    let bottom = rows * ROW;
    let said = format!("{}: {}", panel.title, panel.rows.iter().map(said).collect::<Vec<_>>().join("; "));
    html! {
        figure.panel {
            figcaption { (panel.title) }
            svg.timeline width="100%" height=(bottom + AXIS) role="img" aria-label=(said) {
                @for tick in &panel.ticks {
                    line.grid x1=(percent(tick.at)) x2=(percent(tick.at)) y1="0" y2=(bottom) {}
                    text.tick x=(percent(tick.at)) y=(bottom + 16) text-anchor=(anchor(tick.at)) { (mark(tick.s)) }
                }
                @for (number, row) in (0_u32..).zip(&panel.rows) { (draw_row(row, number * ROW)) }
                @if let Some(now) = panel.now {
                    line.now x1=(percent(now)) x2=(percent(now)) y1="0" y2=(bottom) {}
                }
            }
        }
    }
}

fn draw_row(row: &Row, top: u32) -> Markup {
    html! {
        g.row.critical[row.critical] {
            (icon(symbol(row.state), 0, top + 3))
            text.label x="20" y=(top + 15) { (row.label) @if row.critical { tspan.path dx="6" { "critical path" } } }
            text.took x="100%" y=(top + 15) text-anchor="end" { (took(row)) }
            rect.track x="0" y=(top + BAR_TOP) width="100%" height=(BAR) rx="3" {}
            @for bar in &row.bars { (draw_bar(bar, top + BAR_TOP)) }
            @if let Some((x, width)) = row.outline {
                rect.expected x=(percent(x)) y=(top + BAR_TOP - 2) width=(percent(width)) height=(BAR + 4) rx="4" {}
            }
        }
    }
}

fn draw_bar(bar: &Bar, top: u32) -> Markup {
    // What took no time is still seen.
    html! { rect class=(page::bar(bar.kind)) x=(percent(bar.x.min(99.5))) y=(top) width=(percent(bar.width.max(0.5))) height=(BAR) rx="3" {} }
}

/// The same as a table.
pub(in crate::web) fn table(panels: &[Panel]) -> Markup {
    html! {
        details.as-table id="chart-table" {
            summary { "The timeline as a table" }
            div.wide {
                table {
                    thead { tr { th { "step" } th { "state" } th { "took" } th { "expected" } th { "attempts" } th { "from" } th { "to" } } }
                    tbody {
                        @for row in panels.iter().flat_map(|panel| &panel.rows) {
                            tr {
                                th scope="row" { (row.label) @if row.critical { " (critical path)" } }
                                td { (row.state.word()) }
                                td { (or_dash(row.took_s)) }
                                td { (or_dash(row.expected_s)) }
                                td { (row.attempts) }
                                td { @match row.from { Some(at) => (time(at)), None => "–" } }
                                td { @match row.to { Some(at) => (time(at)), None => "–" } }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn or_dash(s: Option<f64>) -> String {
    s.map_or_else(|| "–".to_owned(), lasted)
}

/// What stands beside the bar.
fn took(row: &Row) -> String {
    let tries = if row.attempts > 1 { format!(", attempt {}", row.attempts) } else { String::new() };
    match (row.took_s, row.expected_s) {
        (Some(took), Some(expected)) => format!("{}{tries} · expected {}", lasted(took), lasted(expected)),
        (Some(took), None) => format!("waited {}", lasted(took)),
        (None, Some(expected)) if row.state == State::Ahead => format!("expected {}", lasted(expected)),
        (None, _) => row.state.word().to_owned(),
    }
}

fn said(row: &Row) -> String {
    format!("{} {}, {}", row.label, row.state.word(), took(row))
}

/// The icon of a state.
pub(in crate::web) fn symbol(state: State) -> &'static str {
    match state {
        State::Ahead | State::Never => "ahead",
        State::Running => "running",
        State::Late => "late",
        State::Waiting => "waiting",
        State::Done | State::Already => "done",
        State::Failed => "warned",
        State::Skipped => "skipped",
        State::Aborted => "stopped",
    }
}

/// Labels at the edges stay within the drawing.
fn anchor(at: f64) -> &'static str {
    match at {
        at if at < 3.0 => "start",
        at if at > 93.0 => "end",
        _ => "middle",
    }
}

fn percent(at: f64) -> String {
    format!("{at}%")
}
