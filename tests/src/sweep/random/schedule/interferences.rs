//! What pipelines, clean-up jobs and people in the console do on the way back, whatever the bot is at.

use std::time::Duration;

use rehearsal::{Interference, Side};

use super::{Act, Moment, draw::Draw};

/// Records of the way back after which somebody may interfere, each with its step where it has one.
const MOMENTS: [(&str, Option<&str>); 16] = [
    ("run.started", None),
    ("gate.opened", None),
    ("gate.decided", None),
    ("run.paused", None),
    ("run.ended", None),
    ("handoff.given", None),
    ("step.done", Some("snapshot")),
    ("step.started", Some("delete")),
    ("step.done", Some("delete")),
    ("step.done", Some("capacity")),
    ("step.started", Some("database")),
    ("step.done", Some("database")),
    ("step.started", Some("dns")),
    ("step.done", Some("dns")),
    ("step.started", Some("idle")),
    ("step.done", Some("verify")),
];

/// Longest that somebody waits after such a record.
const LATEST: f64 = 120.0;

/// Some of them, drawn after everything else, so that they move nothing else of a seed.
pub(super) fn draw(draw: &mut Draw, most: f64) {
    if draw.chance(80) {
        draw.begins_with(Act::StopsWhatIsLeft);
    }
    if !draw.chance(45) {
        return;
    }
    for _ in 0..draw.number(1..4) {
        let what = interference(draw);
        if draw.chance(40) {
            draw.at(0.0, most, Act::Interferes(what));
            continue;
        }
        let (event, step) = draw.one_of(&MOMENTS).unwrap_or(MOMENTS[0]);
        let later = if draw.chance(40) { Duration::ZERO } else { draw.seconds(0.0, LATEST) };
        draw.begins_with(Act::Lurks(Moment { event, step, later }, what));
    }
}

fn interference(draw: &mut Draw) -> Interference {
    let side = if draw.chance(50) { Side::Primary } else { Side::Dr };
    match draw.number(0..14) {
        0 | 1 => Interference::OldValues(side),
        2 => Interference::Scales(side, 0),
        3 => Interference::Scales(side, 1),
        4 => Interference::StartsTasks(Side::Primary),
        5 => Interference::MovesRecord(side),
        6 => Interference::TakesRecord,
        7 => Interference::IdlesListener(side),
        8 => Interference::DeletesSnapshots,
        9 => Interference::DeletesReader(side),
        10 => Interference::AddsReader(side),
        11 => Interference::RenamesCluster,
        12 => Interference::Detaches(side),
        _ => Interference::BuildsElsewhere,
    }
}
