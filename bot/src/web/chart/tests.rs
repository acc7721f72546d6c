//! The geometry of runs of every shape.

use std::fmt::Write as _;

use commands::{
    journal::{Decision, Resolution},
    plan::{RunbookName, StepId},
    report::RunOutcome,
};
use proptest::prelude::*;

use super::*;
use crate::web::fixture::{Tale, at};

/// A chart as lines of figures.
fn figures(panels: &[Panel]) -> String {
    let mut text = String::new();
    for panel in panels {
        let ticks: Vec<String> = panel.ticks.iter().map(|tick| format!("{}@{}%", tick.s, tick.at)).collect();
        let now = panel.now.map_or_else(|| "-".to_owned(), |now| format!("{now}%"));
        let _infallible = writeln!(text, "{} ({} s, now {now}): {}", panel.title, panel.span_s, ticks.join(" "));
        for row in &panel.rows {
            let bars: Vec<String> =
                row.bars.iter().map(|bar| format!("{:?} {}+{}", bar.kind, bar.x, bar.width)).collect();
            let outline = row.outline.map_or_else(|| "-".to_owned(), |(x, width)| format!("{x}+{width}"));
            let critical = if row.critical { "*" } else { " " };
            let _infallible = writeln!(
                text,
                " {critical}{:<12} {:<22} [{}] expected {outline}",
                row.label,
                row.state.word(),
                bars.join(", ")
            );
        }
    }
    text
}

#[test]
fn promote_before_and_after_the_confirmation() {
    let mut tale = Tale::promote();
    insta::assert_snapshot!("waits", figures(&chart(&tale.incident, at(9))));
    tale.approve(15);
    for step in [StepId::Database, StepId::Capacity, StepId::Fence] {
        tale.start(15, step);
    }
    tale.done(18, StepId::Fence);
    insta::assert_snapshot!("runs", figures(&chart(&tale.incident, at(45))));
    insta::assert_snapshot!("runs_late", figures(&chart(&tale.incident, at(115))));
    insta::assert_snapshot!("ended", figures(&chart(&Tale::promoted().incident, at(9_999))));
}

#[test]
fn failed_step_waits_for_people_and_is_tried_again() {
    let mut tale = Tale::promote();
    tale.approve(15);
    tale.start(15, StepId::Database);
    tale.fail(45, StepId::Database, "the writer has not moved");
    insta::assert_snapshot!("paused", figures(&chart(&tale.incident, at(75))));
    tale.resolve(105, StepId::Database, Resolution::Retry);
    tale.start(105, StepId::Database);
    insta::assert_snapshot!("tried_again", figures(&chart(&tale.incident, at(120))));
    tale.fail(130, StepId::Database, "the writer has not moved");
    tale.resolve(140, StepId::Database, Resolution::Abort);
    tale.end(141, RunOutcome::Aborted);
    insta::assert_snapshot!("aborted", figures(&chart(&tale.incident, at(9_999))));
}

#[test]
fn run_that_nobody_confirmed_has_no_steps_to_show() {
    let mut tale = Tale::promote();
    tale.decide(40, "jonas", Decision::Cancelled);
    tale.end(40, RunOutcome::NotApproved);
    let panels = chart(&tale.incident, at(9_999));
    assert_eq!(panels.iter().map(|panel| panel.rows.len()).collect::<Vec<_>>(), [1]);
    assert_eq!(panels[0].rows[0].state, State::Aborted);
}

#[test]
fn failback_waits_for_replication_before_it_asks() {
    let mut tale = Tale::new(RunbookName::Failback, "maya", "all is well again", "web");
    tale.start(2, StepId::Replication);
    insta::assert_snapshot!("failback", figures(&chart(&tale.incident, at(30))));
}

#[test]
fn critical_path_goes_through_what_took_longest() {
    let panels = chart(&Tale::promoted().incident, at(0));
    let critical: Vec<&str> = panels[1].rows.iter().filter(|row| row.critical).map(|row| row.label.as_str()).collect();
    assert_eq!(critical, ["database", "listener", "dns", "verify"]);
}

#[test]
fn forty_retries_and_more_keep_a_bounded_drawing() {
    let mut tale = Tale::promote();
    tale.approve(15);
    for attempt in 0..100 {
        let begins = 15 + attempt * 60;
        tale.start(begins, StepId::Capacity);
        tale.fail(begins + 30, StepId::Capacity, "no capacity");
        tale.resolve(begins + 60, StepId::Capacity, Resolution::Retry);
    }
    let panels = chart(&tale.incident, at(6_100));
    let row = panels[1].rows.iter().find(|row| row.label == "capacity");
    assert_eq!(row.map(|row| (row.bars.len(), row.attempts)), Some((60, 100)));
    assert_eq!(tale.incident.decisions.iter().count() + tale.incident.decisions.omitted, 102);
    assert!(draw(&panels[1]).into_string().len() < 20_000);
}

proptest! {
    #[test]
    fn everything_drawn_is_within_the_drawing(times in proptest::collection::vec(0_i64..700_000, 8), now in 0_i64..1_000_000) {
        let mut tale = Tale::promote();
        // The host's clock may jump between any two records.
        tale.approve(times[0]);
        tale.start(times[1], StepId::Database);
        tale.start(times[2], StepId::Capacity);
        tale.done(times[3], StepId::Capacity);
        tale.fail(times[4], StepId::Database, "lost");
        tale.resolve(times[5], StepId::Database, Resolution::Retry);
        tale.start(times[6], StepId::Database);
        for panel in chart(&tale.incident, at(now)) {
            prop_assert!(panel.span_s >= LEAST && panel.ticks.len() <= 7);
            for row in &panel.rows {
                for bar in &row.bars {
                    prop_assert!(bar.x >= 0.0 && bar.width >= 0.0 && bar.x + bar.width <= 100.01, "{bar:?}");
                }
                if let Some((x, width)) = row.outline {
                    prop_assert!(x >= 0.0 && width >= 0.0 && x + width <= 100.02, "{x} {width}");
                }
            }
        }
    }

    #[test]
    fn axis_has_few_round_labels(span in 10.0_f64..2_000_000.0) {
        let ticks = ticks(span);
        prop_assert!((2..=7).contains(&ticks.len()), "{ticks:?}");
        prop_assert!(ticks.windows(2).all(|pair| pair[1].at > pair[0].at));
    }
}
