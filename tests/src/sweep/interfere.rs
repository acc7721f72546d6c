//! Interference: at every moment of the way back somebody beside the bot changes what it leans on; the run comes to an end, or people end it, and
//! nothing is lost.

use std::time::Duration;

use rehearsal::{Disturbance, Fault, Interference, Scenario, Service, Side, Target};

use super::{Crew, Rig, Story, random::Moment, story};

/// Where the way back begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Beginning {
    /// DR serves, and the former primary is a secondary that keeps up.
    Rejoined,
    /// DR serves, and the former primary stands alone.
    Detached,
    /// The same, and somebody pointed the record at the former primary again.
    UsersThere,
    /// As in `Rejoined`, but the bot may not change the record, and people skip whatever fails.
    Skipped,
    /// Somebody took DR out of the global cluster, started its tasks and pointed the record at it, all by hand: the primary still is the writer, of what
    /// users wrote until then.
    ServesAlone,
}

impl Beginning {
    fn story(self) -> Story {
        match self {
            Self::Rejoined | Self::Skipped | Self::ServesAlone => Story::Rejoined,
            Self::Detached | Self::UsersThere => Story::Detached,
        }
    }

    async fn open(self, seed: u64) -> Result<Rig, String> {
        if self != Self::ServesAlone {
            let rig = self.story().open(seed).await?;
            if self == Self::UsersThere {
                rig.stage.world.interfere("shop", Interference::MovesRecord(Side::Primary))?;
                rig.settle().await;
            }
            if self == Self::Skipped {
                let change = Target::operation(Service::Route53, "ChangeResourceRecordSets");
                let denied = Disturbance::access_denied("route53:ChangeResourceRecordSets");
                rig.stage.world.inject(Fault::calls(change, denied));
            }
            return Ok(rig);
        }
        let mut rig = Rig::over(story::stage(Scenario { seed, ..Scenario::pair() }).open().await);
        let by_hand =
            [Interference::Detaches(Side::Dr), Interference::Scales(Side::Dr, 6), Interference::MovesRecord(Side::Dr)];
        for what in by_hand {
            rig.stage.world.interfere("shop", what)?;
        }
        rig.settle().await;
        rig.begins_here();
        Ok(rig)
    }
}

/// One interference.
#[derive(Debug, Clone, Copy)]
pub struct Case {
    /// Where the way back begins.
    pub beginning: Beginning,
    /// What somebody does, and when; nothing, where the beginning is trouble enough.
    pub interference: Option<(Moment, Interference)>,
}

/// Moments of the way back, each with its step where it has one.
const MOMENTS: [(&str, Option<&str>); 10] = [
    ("gate.opened", None),
    ("gate.decided", None),
    ("step.done", Some("snapshot")),
    ("step.done", Some("delete")),
    ("step.done", Some("capacity")),
    ("step.done", Some("database")),
    ("step.done", Some("listener")),
    ("step.done", Some("dns")),
    ("step.done", Some("verify")),
    ("run.ended", None),
];

/// What somebody does there.
const DEEDS: [Interference; 16] = [
    Interference::OldValues(Side::Primary),
    Interference::OldValues(Side::Dr),
    Interference::Scales(Side::Primary, 1),
    Interference::Scales(Side::Dr, 1),
    Interference::StartsTasks(Side::Primary),
    Interference::MovesRecord(Side::Primary),
    Interference::MovesRecord(Side::Dr),
    Interference::TakesRecord,
    Interference::IdlesListener(Side::Primary),
    Interference::DeletesSnapshots,
    Interference::DeletesReader(Side::Primary),
    Interference::AddsReader(Side::Primary),
    Interference::RenamesCluster,
    Interference::Detaches(Side::Primary),
    Interference::Detaches(Side::Dr),
    Interference::BuildsElsewhere,
];

impl Case {
    /// Everything that somebody can do, at every moment of both ways back.
    pub fn all() -> Vec<Self> {
        let ways = [Beginning::Rejoined, Beginning::Detached].into_iter();
        let each = ways.flat_map(|beginning| MOMENTS.map(|moment| (beginning, moment)));
        each.flat_map(|(beginning, (event, step))| DEEDS.map(|what| Self::at(beginning, event, step, what))).collect()
    }

    /// Those that cost data or users if the bot did not look again.
    pub fn worst() -> Vec<Self> {
        let done = |beginning, step, what| Self::at(beginning, "step.done", Some(step), what);
        vec![
            Self { beginning: Beginning::ServesAlone, interference: None },
            Self { beginning: Beginning::Skipped, interference: None },
            Self { beginning: Beginning::UsersThere, interference: None },
            done(Beginning::Rejoined, "capacity", Interference::Scales(Side::Primary, 1)),
            done(Beginning::Rejoined, "verify", Interference::MovesRecord(Side::Dr)),
            Self::at(Beginning::Detached, "gate.opened", None, Interference::DeletesSnapshots),
            Self::at(Beginning::Detached, "gate.decided", None, Interference::MovesRecord(Side::Primary)),
            Self::at(Beginning::Detached, "gate.decided", None, Interference::StartsTasks(Side::Primary)),
        ]
    }

    fn at(beginning: Beginning, event: &'static str, step: Option<&'static str>, what: Interference) -> Self {
        let moment = Moment { event, step, later: Duration::ZERO };
        Self { beginning, interference: Some((moment, what)) }
    }

    /// What it is, for people.
    pub fn name(&self) -> String {
        let Some((Moment { event, step, .. }, what)) = self.interference else {
            return format!("{:?}", self.beginning);
        };
        format!("{:?}, {event} {}: {what:?}", self.beginning, step.unwrap_or_default())
    }
}

/// Plays a case. Answers what did not hold.
pub async fn play(case: &Case, seed: u64) -> Vec<String> {
    let mut rig = match case.beginning.open(seed).await {
        Ok(rig) => rig,
        Err(why) => return vec![why],
    };
    if let Some((moment, what)) = case.interference {
        rig.lurks(moment, what);
    }
    let crew = Crew::of(case.beginning.story()).asking_once();
    let mut crew = if case.beginning == Beginning::Skipped { crew.skipping() } else { crew };
    let ended = crew.see_to_the_end(&rig.stage).await;
    rig.settle().await;
    ended.err().into_iter().chain(rig.violations().await).collect()
}
