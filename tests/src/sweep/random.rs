//! Random: outages, latencies, crashes, people and strangers at once, all drawn from a seed. People resolve in the end what is left.

mod schedule;

use std::time::Duration;

use jiff::SignedDuration;
use rehearsal::{Call, Fault, Scenario, Side, slack::Slack};
use serde_json::Value;
use tokio::time::{Instant, sleep_until, timeout};

use self::schedule::Act;
pub use self::schedule::Schedule;
use super::{Crew, Rig, Story, fail_over_by_hand};
use crate::{Cast, Stage};

/// How long people look for a button.
const PATIENCE: Duration = Duration::from_secs(300);

/// A play, and what came of it.
pub struct Played {
    /// What happened when.
    pub schedule: Schedule,
    /// What did not hold.
    pub violations: Vec<String>,
    /// The log.
    pub lines: Vec<Value>,
    /// The calls that the simulated regions received.
    pub calls: Vec<Call>,
}

/// Plays a seed.
pub async fn play(seed: u64) -> Played {
    let stage = Stage::with().scenario(Scenario { seed, ..Scenario::pair() }).open().await;
    let schedule = Schedule::of(seed, &stage.world.pairs().remove(0));
    let mut theatre = Theatre { rig: Rig::over(stage), down: false };
    let began = Instant::now();
    for (at, act) in &schedule.acts {
        sleep_until(began + *at).await;
        theatre.act(act).await;
    }
    let mut violations = theatre.resolve(&schedule).await;
    let mut rig = theatre.rig;
    violations.extend(rig.violations().await);
    let lines = rig.lines();
    violations.extend(broken_promise(&schedule, &lines, &rig));
    Played { schedule, violations, lines, calls: rig.stage.world.calls() }
}

struct Theatre {
    rig: Rig,
    down: bool,
}

impl Theatre {
    async fn act(&mut self, act: &Act) {
        let stage = &self.rig.stage;
        match act {
            Act::Fails(fault, during) => {
                let id = stage.world.inject(Fault::clone(fault));
                stage.world.clear_after(*during, id);
            }
            Act::FailsOverByHand => {
                let world = stage.world.clone();
                // Aurora may refuse: the writer moves already.
                tokio::spawn(async move { fail_over_by_hand(&world).await });
            }
            Act::Dies if !self.down => {
                self.rig.crash().await;
                self.down = true;
            }
            Act::Starts if self.down => self.start().await,
            Act::Dies | Act::Starts => {}
            Act::HostClock(seconds) => stage.set_host_clock(SignedDuration::from_secs(*seconds)),
            &Act::Types(who, text) => {
                let slack = stage.slack.clone();
                // Nobody answers while the bot is down.
                tokio::spawn(async move { slack.command(who, Cast::INCIDENT, text).await });
            }
            &Act::Presses(who, action) => {
                tokio::spawn(timeout(PATIENCE, press(stage.slack.clone(), who, action)));
            }
        }
    }

    async fn start(&mut self) {
        self.rig.start().await;
        self.down = false;
    }

    /// Puts everything right and lets people bring what is open to its end, and where no stranger interfered the promote as well. Answers why
    /// they cannot.
    async fn resolve(&mut self, schedule: &Schedule) -> Vec<String> {
        if self.down {
            self.start().await;
        }
        self.rig.stage.world.clear_all();
        self.rig.stage.set_host_clock(SignedDuration::ZERO);
        // What people pressed before is still on its way.
        self.rig.settle().await;
        let mut crew = match schedule.has_strangers() {
            true => Crew::stewards(Story::DarkPrimary),
            false => Crew::of(Story::DarkPrimary),
        };
        let result = crew.see_to_the_end(&self.rig.stage).await;
        self.rig.settle().await;
        result.err().into_iter().collect()
    }
}

async fn press(slack: Slack, who: &'static str, action: &'static str) {
    let offered = slack
        .wait_for_message(Cast::INCIDENT, |message| message.buttons().any(|(_, button)| button["action_id"] == action));
    let message = offered.await;
    // Somebody else may have decided a moment earlier.
    let _answer = slack.click_through(who, &message.channel, &message.ts, action).await;
}

/// A run that says it is completed, and in which nobody skipped anything, has brought the pair to where it says.
fn broken_promise(schedule: &Schedule, lines: &[Value], rig: &Rig) -> Option<String> {
    let ended = lines.iter().rev().find(|line| line["event"] == "run.ended")?;
    let skipped = |line: &Value| line["run"] == ended["run"] && line["data"]["resolution"] == "skip";
    if ended["data"]["report"]["outcome"] != "completed" || lines.iter().any(skipped) {
        return None;
    }
    let pair = rig.stage.world.state().pairs.remove(0);
    let serves = pair.resolves_to == Some(Side::Dr) || schedule.has_strangers();
    let kept = pair.writer == Some(Side::Dr) && pair.failover.is_none() && serves;
    (!kept).then(|| format!("completed, but the writer is {:?} and the name is {:?}", pair.writer, pair.resolves_to))
}
