//! Random: outages, latencies, crashes, people and strangers at once, all drawn from a seed. People resolve in the end what is left.

mod schedule;

use std::time::Duration;

use jiff::SignedDuration;
use rehearsal::{Call, Interfered, Membership, OldPrimary, Scenario, Side, World, slack::Slack};
use serde_json::Value;
use tokio::time::{Instant, sleep_until, timeout};

use self::schedule::{Act, Deed};
pub use self::schedule::{Moment, Schedule};
use super::{Crew, Hand, Rig, Story, story};
use crate::Cast;

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
    /// What others did meanwhile.
    pub interferences: Vec<Interfered>,
}

/// Plays a seed: a promote, and for most the way back.
pub async fn play(seed: u64) -> Played {
    let schedule = Schedule::of(seed);
    let stage = story::stage(Scenario { seed, ..Scenario::of([schedule.pair.clone()]) });
    let stage = match schedule.builds {
        true => stage.configure("[applications.shop.failback.codebuild]\nproject = \"shop-terraform\""),
        false => stage,
    };
    let mut theatre = Theatre { rig: Rig::over(stage.open().await), down: false };
    let mut violations = theatre.part(&schedule, &schedule.there, Story::DarkPrimary).await;
    if let Some(back) = &schedule.back {
        let story = match schedule.pair.old_primary {
            OldPrimary::Rejoins => Story::Rejoined,
            OldPrimary::Detached => Story::Detached,
        };
        violations.extend(theatre.part(&schedule, back, story).await);
    }
    let mut rig = theatre.rig;
    violations.extend(rig.violations().await);
    let world = &rig.stage.world;
    Played { violations, lines: rig.lines(), calls: world.calls(), interferences: world.interferences(), schedule }
}

struct Theatre {
    rig: Rig,
    down: bool,
}

impl Theatre {
    /// Plays one way, at whose end everything is put right and people have brought it to its end. Answers what did not hold.
    async fn part(&mut self, schedule: &Schedule, acts: &[(Duration, Act)], story: Story) -> Vec<String> {
        let began = Instant::now();
        for (at, act) in acts {
            sleep_until(began + *at).await;
            self.act(act).await;
        }
        let mut violations = self.resolve(schedule, story).await;
        violations.extend(broken_promise(schedule, &self.rig));
        violations
    }

    async fn act(&mut self, act: &Act) {
        let stage = &self.rig.stage;
        match act {
            Act::Fails(fault, during) => {
                let id = stage.world.inject((**fault).clone());
                stage.world.clear_after(*during, id);
            }
            &Act::ByHand(deed) => {
                tokio::spawn(by_hand(stage.world.clone(), deed));
            }
            &Act::Interferes(what) => {
                // Refused where it does not fit.
                let _refused = stage.world.interfere("shop", what);
            }
            Act::StopsWhatIsLeft => Crew::stop_what_is_left(stage),
            &Act::Lurks(moment, what) => self.rig.lurks(moment, what),
            Act::Applies => {
                let variables = [("is_aurora_secondary", "true"), ("aurora_source_region", "us-west-2")];
                let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
                // Refused where it does not fit.
                let _refused = stage.world.apply_terraform("shop", &variables);
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

    /// Puts everything right and lets people bring what is open to its end, and where no stranger interfered the story as well. Answers why
    /// they cannot.
    async fn resolve(&mut self, schedule: &Schedule, story: Story) -> Vec<String> {
        if self.down {
            self.start().await;
        }
        self.rig.stage.world.clear_all();
        self.rig.stage.set_host_clock(SignedDuration::ZERO);
        // What people pressed before is still on its way.
        self.rig.settle().await;
        let mut crew = match schedule.has_strangers() {
            true => Crew::stewards(story),
            false => Crew::of(story),
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

/// Somebody does it, if it makes sense: of the stale cluster only, nobody takes a secondary apart. AWS may still refuse.
async fn by_hand(world: World, deed: Deed) {
    let hand = Hand::in_pair_of(&world);
    let stale = world.state().pairs.remove(0).primary.membership == Membership::Detached;
    let _refused = match deed {
        Deed::FailsOver(side) => hand.fails_over_to(side).await,
        Deed::SwitchesOver(side) => hand.switches_over_to(side).await,
        Deed::TakesSnapshot if stale => hand.takes_the_snapshot().await,
        Deed::Protects(on) if stale => hand.protects(on).await,
        Deed::DeletesInstance(number) if stale => hand.deletes_instance(number).await,
        Deed::DeletesCluster if stale => hand.deletes_cluster().await,
        Deed::TakesSnapshot | Deed::Protects(_) | Deed::DeletesInstance(_) | Deed::DeletesCluster => Ok(()),
    };
}

/// A run that says it is completed, and in which nobody skipped anything, has brought the pair to where it says; unless strangers were there on the
/// way back, who may have moved everything since.
fn broken_promise(schedule: &Schedule, rig: &Rig) -> Option<String> {
    let lines = rig.lines();
    let ended = lines.iter().rev().find(|line| line["event"] == "run.ended")?;
    let skipped = |line: &Value| line["run"] == ended["run"] && line["data"]["resolution"] == "skip";
    if ended["data"]["report"]["outcome"] != "completed" || lines.iter().any(skipped) {
        return None;
    }
    let (pair, strangers) = (rig.stage.world.state().pairs.remove(0), schedule.has_strangers());
    if strangers && schedule.back.is_some() {
        return None;
    }
    let run = ended["run"].as_str().unwrap_or_default();
    let kept = match run.split_once('-').map(|(runbook, _)| runbook) {
        Some("promote") if strangers => pair.writer == Some(Side::Dr) && pair.failover.is_none(),
        Some("promote") => Story::DarkPrimary.is_done(&pair),
        Some("restore") if strangers => true,
        Some("restore") => pair.resolves_to.is_some_and(|side| story::is_manned(&pair.side(side).services)),
        Some("failback") => Story::Rejoined.is_done(&pair),
        _ => pair.primary.membership == Membership::Member,
    };
    (!kept).then(|| format!("{run} completed, but the pair is {pair:?}"))
}
