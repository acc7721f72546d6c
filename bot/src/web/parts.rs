//! Small things that every part of the page uses: icons, times, durations.

use jiff::Timestamp;
use maud::{Markup, html};

use crate::slack::text;

/// An icon of the page's own, at that place of a drawing; the word beside it says the same.
pub(super) fn icon(name: &str, x: u32, y: u32) -> Markup {
    html! { use class={ "icon " (name) } href={ "#icon-" (name) } x=(x) y=(y) width="15" height="15" {} }
}

/// An icon in a line of text.
pub(super) fn inline_icon(name: &str) -> Markup {
    html! { svg.inline width="15" height="15" aria-hidden="true" { (icon(name, 0, 0)) } }
}

/// A moment in UTC; the page's script adds the reader's own time.
pub(super) fn time(at: Timestamp) -> Markup {
    html! { time datetime=(at.strftime("%Y-%m-%dT%H:%M:%SZ")) { (at.strftime("%Y-%m-%d %H:%M:%S UTC")) } }
}

/// A number of seconds as people say it.
pub(super) fn lasted(s: f64) -> String {
    if s == 0.0 { "0 s".to_owned() } else { text::seconds(s) }
}

/// A round number of seconds, for an axis.
pub(super) fn mark(s: f64) -> String {
    let units = [(86_400.0, "d"), (3_600.0, "h"), (60.0, "min"), (1.0, "s")];
    let whole = units.into_iter().find(|(unit, _)| s > 0.0 && s % unit == 0.0);
    whole.map_or_else(|| lasted(s), |(unit, name)| format!("{} {name}", s / unit))
}

/// The time of day alone, in UTC.
pub(super) fn time_of_day(at: Timestamp) -> Markup {
    html! { time datetime=(at.strftime("%Y-%m-%dT%H:%M:%SZ")) { (at.strftime("%H:%M:%S UTC")) } }
}

/// A lag, in milliseconds, as people say it.
pub(super) fn lag(millis: f64) -> String {
    text::seconds(millis / 1_000.0)
}

/// The page's icons, once: shapes that differ without their colours.
pub(super) fn symbols() -> Markup {
    let icon = |name: &str, shape: Markup| html! { symbol id={ "icon-" (name) } viewBox="0 0 16 16" { (shape) } };
    let mark = |d: &str| html! { path.mark d=(d) {} };
    let disc = || html! { circle.disc cx="8" cy="8" r="7.5" {} };
    html! {
        svg.symbols width="0" height="0" aria-hidden="true" {
            defs {
                (icon("ahead", html! { circle.ring cx="8" cy="8" r="6.2" {} }))
                (icon("running", html! { (disc()) (mark("M6 4.6 11.4 8 6 11.4Z")) }))
                (icon("late", html! { (disc()) (mark("M7.2 3.6h1.6V8l2.9 2-.9 1.3L7.2 8.8Z")) }))
                (icon("waiting", html! { (disc()) (mark("M5 4.5h2v7H5ZM9 4.5h2v7H9Z")) }))
                (icon("done", html! { (disc()) (mark("M3.9 8.3 5.2 7l1.8 1.8L10.9 5l1.2 1.3-5.1 5Z")) }))
                (icon("warned", html! { path.disc d="M8 .8 15.6 14.6H.4Z" {} (mark("M7.2 5.4h1.6v4.6H7.2ZM7.2 11.2h1.6v1.7H7.2Z")) }))
                (icon("skipped", html! { (disc()) (mark("M4 4.8 7.6 8 4 11.2ZM8 4.8 11.6 8 8 11.2Z")) }))
                (icon("stopped", html! { path.disc d="M4.9.5h6.2l4.4 4.4v6.2l-4.4 4.4H4.9L.5 11.1V4.9Z" {} (mark("M4 7.2h8v1.6H4Z")) }))
                (icon("unknown", html! { (disc()) (mark("M7.2 11h1.7v1.7H7.2ZM5.2 5.6C5.4 4 6.5 3.2 8 3.2c1.7 0 2.9 1 2.9 2.5 0 1.2-.7 1.8-1.4 2.4-.5.4-.7.7-.7 1.6H7.3c0-1.4.4-2 1.1-2.6.6-.5.9-.8.9-1.4 0-.7-.5-1.1-1.3-1.1s-1.3.4-1.4 1.2Z")) }))
                pattern id="wait" width="7" height="7" patternUnits="userSpaceOnUse" patternTransform="rotate(45)" {
                    rect.wait-ground width="7" height="7" {} rect.wait-line width="3" height="7" {}
                }
                pattern id="fail" width="6" height="6" patternUnits="userSpaceOnUse" {
                    rect.fail-ground width="6" height="6" {} path.fail-line d="M0 0 6 6M6 0 0 6" {}
                }
                marker id="head" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="7" markerHeight="7" orient="auto" {
                    path.flow-head d="M0 0 10 5 0 10Z" {}
                }
            }
        }
    }
}
