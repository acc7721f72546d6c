//! Readiness: what must be true before a promote, as checks with a fix each. What the DR side must pass is blocking; what concerns the primary is a
//! warning at most, since a promote is for the day on which the primary does not answer.

mod capacity;
mod database;
mod deletable;
mod dependencies;
mod failback;
mod identity;
mod parity;
mod quota;
mod records;
mod serving;
mod traffic;
mod zones;

pub(crate) use failback::STALE_UNUSED;

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    goals::needed_for_failback,
    observation::{Observation, Seen},
    stake::Stake,
    topology::{Application, Region, Service, SideName},
};

/// How much a failed check matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// A promote would fail or do harm: it stands in the way until a person overrides it by name.
    Blocking,
    /// People should know.
    Warning,
}

/// What a check found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// As it must be.
    Pass,
    /// Not as it must be.
    Fail,
    /// Could not be seen.
    Unknown,
}

/// One check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// Stable id, such as `dr-cluster-available` or `capacity-api`.
    pub id: String,
    /// How much a failure matters.
    pub level: Level,
    /// What was found.
    outcome: Outcome,
    /// What was found, for people; names values.
    pub detail: String,
    /// What to do about it; absent when it passed.
    pub fix: Option<String>,
    /// Whether the run waits for it before it asks people: it doesn't stand in the way of a plan, but an approval counts only while it holds.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub awaited: bool,
}

impl Check {
    /// What was found.
    pub fn outcome(&self) -> Outcome {
        self.outcome
    }

    /// Whether it stands in the way of a promote: blocking and not passed, unknown included.
    pub fn blocks(&self) -> bool {
        self.level == Level::Blocking && self.outcome != Outcome::Pass
    }

    /// Whether it doesn't hold at the moment of an approval, though the run had waited for it.
    pub fn lapsed(&self) -> bool {
        self.awaited && self.outcome != Outcome::Pass
    }
}

/// All checks of the application with that name as it was observed.
pub fn checks(name: &str, app: &Application, observation: &Observation, now: Timestamp) -> Vec<Check> {
    let target = Target::of(app, observation, SideName::Dr);
    let mut checks = identity::checks(app, observation, SideName::Dr);
    checks.extend(database::checks(app, observation, SideName::Dr, now));
    checks.extend(capacity::checks(&target, observation, now));
    checks.extend(dependencies::checks(&target, observation, now));
    checks.extend(traffic::checks(app, observation));
    checks.extend(serving::checks(name, app, observation));
    checks
}

/// What the region that serves has of its configured capacity, service by service.
pub(crate) fn serving_checks(name: &str, app: &Application, observation: &Observation) -> Vec<Check> {
    serving::checks(name, app, observation)
}

/// What must be true before the way back.
pub fn failback_checks(name: &str, app: &Application, observation: &Observation, stake: Option<&Stake>) -> Vec<Check> {
    let mut checks = failback::checks(name, app, observation, stake);
    checks.extend(serving::checks(name, app, observation));
    checks
}

/// The side that is to take over, as the checks of what it runs see it.
struct Target<'a> {
    app: &'a Application,
    side: SideName,
    /// What it is to run in production: as configured, or what DR runs now where it is the way back and that is more.
    services: Vec<Service>,
}

impl<'a> Target<'a> {
    fn of(app: &'a Application, observation: &Observation, side: SideName) -> Self {
        let services = match side {
            SideName::Dr => app.services.clone(),
            SideName::Primary => needed_for_failback(app, &observation.dr.services),
        };
        Self { app, side, services }
    }

    fn region(&self) -> &'a Region {
        self.app.side(self.side)
    }

    /// The names of the other region and of this one.
    fn regions(&self) -> (&'a String, &'a String) {
        (&self.app.side(self.side.other()).region, &self.region().region)
    }

    /// The region as sentences call it.
    fn place(&self) -> &'a str {
        match self.side {
            SideName::Dr => "DR",
            SideName::Primary => &self.region().region,
        }
    }

    /// The run that moves users there.
    fn deed(&self) -> &'static str {
        match self.side {
            SideName::Dr => "promote",
            SideName::Primary => "failback",
        }
    }
}

/// What people should know before they rescue what Aurora saved of the former primary.
pub(crate) fn rescue_checks(app: &Application, observation: &Observation, stake: &Stake) -> Vec<Check> {
    failback::rescues(app, observation, stake)
}

/// A check before its outcome is known.
struct Draft {
    id: String,
    level: Level,
    awaited: bool,
}

/// A check that stands in the way if it does not pass.
fn blocking(id: impl Into<String>) -> Draft {
    Draft { id: id.into(), level: Level::Blocking, awaited: false }
}

/// A check that people should know of if it does not pass.
fn warning(id: impl Into<String>) -> Draft {
    Draft { id: id.into(), level: Level::Warning, awaited: false }
}

/// A check whose passing the run waits for before it asks people.
fn awaited(id: impl Into<String>) -> Draft {
    Draft { awaited: true, ..warning(id) }
}

impl Draft {
    fn pass(self, detail: impl Into<String>) -> Check {
        self.outcome(Outcome::Pass, detail.into(), None)
    }

    fn fail(self, detail: impl Into<String>, fix: impl Into<String>) -> Check {
        self.outcome(Outcome::Fail, detail.into(), Some(fix.into()))
    }

    fn unknown(self, why: impl Into<String>, fix: impl Into<String>) -> Check {
        self.outcome(Outcome::Unknown, why.into(), Some(fix.into()))
    }

    /// AWS said no about that resource, and says so again however often it is asked.
    fn refused(self, what: impl fmt::Display, why: &str) -> Check {
        self.fail(format!("{what} can't be read: {why}"), RESOLVE)
    }

    /// What could not be seen of that resource: refused, or not answered.
    fn unseen<T>(self, what: impl fmt::Display, seen: &Seen<T>) -> Check {
        match seen.refused() {
            Some(why) => self.refused(what, why),
            None => self.unknown(seen.why().unwrap_or_default(), LOOK_AGAIN),
        }
    }

    /// Passes with the one detail, or fails with the other.
    fn judge(self, good: bool, pass: impl Into<String>, fail: impl Into<String>, fix: impl Into<String>) -> Check {
        match good {
            true => self.pass(pass),
            false => self.fail(fail, fix),
        }
    }

    fn outcome(self, outcome: Outcome, detail: String, fix: Option<String>) -> Check {
        Check { id: self.id, level: self.level, outcome, detail, fix, awaited: self.awaited }
    }
}

/// The fix where something could not be seen: the reason says what is in the way.
const LOOK_AGAIN: &str = "look again; if it stays, follow the reason given";

/// The fix where the run waits by itself.
const RUN_WAITS: &str = "none needed: the run waits for it before it asks";

/// The fix where AWS refused: the reason names it.
const RESOLVE: &str = "resolve this first; asking again gets the same answer";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;

    /// Ids of the checks that did not pass, by what they are.
    fn open(observation: &Observation) -> (Vec<String>, Vec<String>) {
        let checks = checks("shop", &fixture::app(), observation, fixture::now());
        let open = checks.into_iter().filter(|check| check.outcome() != Outcome::Pass);
        let (blocking, warnings): (Vec<_>, Vec<_>) = open.partition(Check::blocks);
        let ids = |checks: Vec<Check>| checks.into_iter().map(|check| check.id).collect();
        (ids(blocking), ids(warnings))
    }

    #[test]
    fn a_steady_pair_is_ready() {
        assert_eq!(open(&fixture::steady()), (vec![], vec![]));
    }

    #[test]
    fn a_dark_primary_warns_and_does_not_block() {
        let (blocking, warnings) = open(&fixture::dark());
        assert_eq!(blocking, Vec::<String>::new());
        assert_eq!(warnings, ["caller-primary", "primary-cluster", "class-parity", "task-parity-web", "serving"]);
    }

    #[test]
    fn every_check_that_did_not_pass_has_a_fix_and_ids_are_unique() {
        for observation in [fixture::steady(), fixture::dark(), fixture::moved()] {
            let checks = checks("shop", &fixture::app(), &observation, fixture::now());
            assert!(checks.iter().all(|check| (check.outcome() == Outcome::Pass) == check.fix.is_none()));
            let mut ids: Vec<_> = checks.iter().map(|check| &check.id).collect();
            ids.sort();
            ids.dedup();
            assert_eq!(ids.len(), checks.len());
        }
    }

    #[test]
    fn a_pair_whose_writer_has_moved_is_not_blocked() {
        assert_eq!(open(&fixture::moved()).0, Vec::<String>::new());
    }
}
