//! Crash: the bot dies at every record, and before and after every changing call; started again, it comes to the same end.

use jiff::Timestamp;
use rehearsal::Outcome;
use serde_json::Value;
use std::{collections::BTreeSet, ops::Range, time::Duration};

use super::{Crew, End, Rig, Story};

/// Everything about a story that nothing disturbed.
pub struct Undisturbed {
    /// What it comes to.
    pub end: End,
    /// The numbers of its records.
    pub records: Range<u64>,
    /// The calls that arrived, in order.
    pub calls: Vec<rehearsal::Call>,
    /// The steps that were done, each as run and step.
    pub steps: BTreeSet<(String, String)>,
}

/// Plays a story with nothing going wrong.
///
/// # Errors
/// What went wrong all the same.
pub async fn undisturbed(story: Story, seed: u64) -> Result<Undisturbed, String> {
    let mut rig = story.open(seed).await?;
    Crew::of(story).see_to_the_end(&rig.stage).await?;
    rig.settle().await;
    let violations = rig.violations().await;
    if !violations.is_empty() {
        return Err(violations.join("\n"));
    }
    let calls = rig.stage.world.calls().into_iter().filter(|call| call.at >= rig.begins).collect();
    let (lines, text) = (rig.lines(), |value: &Value| value.as_str().unwrap_or_default().to_owned());
    let done = lines.iter().filter(|line| line["event"] == "step.done" && line["seq"].as_u64() >= Some(rig.before));
    let steps = done.map(|line| (text(&line["run"]), text(&line["step"]))).collect();
    Ok(Undisturbed { end: rig.end(), records: rig.before..lines.len() as u64, calls, steps })
}

/// A moment at which the bot dies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Point {
    /// As soon as that record is durable.
    After(u64),
    /// At that time.
    At(Timestamp),
}

/// Shorter than the way of any call.
const MOMENT: Duration = Duration::from_millis(5);

/// Every point of a story: after each record, and just before and just after each changing call has its effect.
pub fn points(undisturbed: &Undisturbed) -> Vec<Point> {
    let changes = undisturbed.calls.iter().filter(|call| call.changing && call.outcome == Outcome::Accepted);
    let around = changes.flat_map(|call| [Point::At(call.at - MOMENT), Point::At(call.at + MOMENT)]);
    undisturbed.records.clone().map(Point::After).chain(around).collect()
}

/// Plays a story in which the bot dies at that point. Answers what did not hold.
pub async fn play(story: Story, seed: u64, point: Point, expected: &End) -> Vec<String> {
    let mut rig = match story.open(seed).await {
        Ok(rig) => rig,
        Err(why) => return vec![why],
    };
    let mut crew = Crew::of(story);
    tokio::select! {
        biased;
        () = comes(&rig, point) => {}
        () = async {
            let _ended = crew.see_to_the_end(&rig.stage).await;
            // The last records tell of messages that are posted after the run's end.
            rig.settle().await;
        } => {}
    }
    rig.crash().await;
    rig.start().await;
    if let Err(why) = crew.see_to_the_end(&rig.stage).await {
        return vec![why];
    }
    rig.settle().await;
    let mut found = rig.violations().await;
    if rig.end() != *expected {
        found.push(format!("the end differs: {:?} instead of {expected:?}", rig.end()));
    }
    found
}

async fn comes(rig: &Rig, point: Point) {
    match point {
        Point::After(seq) => {
            let _died = rig.dies_after(seq, |_| true).await;
        }
        Point::At(at) => {
            let wait = at.duration_since(rig.stage.world.now());
            tokio::time::sleep(wait.try_into().unwrap_or_default()).await;
        }
    }
}
