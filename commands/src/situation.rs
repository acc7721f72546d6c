//! How an application stands as a whole: what is split between its regions, whether users can write, and the one thing that goes on from there. A pure
//! function of what was observed and of the open run.

use serde::{Deserialize, Serialize};

use crate::{
    observation::{GlobalCluster, Observation, Seen},
    phase::{moving_to, writing},
    records::{Pointing, pointing},
    status::{OpenRun, Waits},
    supply::Active,
    topology::{Application, SideName},
};

/// How an application stands as a whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Situation {
    /// What doesn't belong together, for people: who writes, where the record points. `None` if nothing is split.
    pub split: Option<String>,
    /// Whether users can write.
    pub writes: Writes,
    /// What goes on from here.
    pub next: Next,
}

/// Whether users can write, by where the record sends them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "how", rename_all = "snake_case")]
pub enum Writes {
    /// They can.
    Yes,
    /// They can, to a database that nothing is replicated from.
    Alone {
        /// The DB cluster.
        cluster: String,
    },
    /// They can't.
    No {
        /// Why, for people.
        why: String,
    },
    /// That isn't known.
    Unknown {
        /// Why, for people.
        why: String,
    },
}

/// What goes on from here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "how", rename_all = "snake_case")]
pub enum Next {
    /// Nothing has to be done.
    Nothing,
    /// A command, typed after `/dr`.
    Command {
        /// The command with its application or run.
        command: String,
        /// What it does.
        effect: String,
    },
    /// Something that only people can do.
    ByHand {
        /// What.
        what: String,
    },
}

fn command(verb: &str, about: &str, effect: impl Into<String>) -> Next {
    Next::Command { command: format!("{verb} {about}"), effect: effect.into() }
}

impl Situation {
    /// How the application with that name stands. `active` is the region that serves, held against the configuration, if it is known.
    pub fn of(
        name: &str,
        app: &Application,
        observation: &Observation,
        active: Option<&Active>,
        run: Option<&OpenRun>,
    ) -> Self {
        let world = World { name, app, observation, active, records: pointing(app, &observation.records) };
        Self { split: world.split(), writes: world.writes(), next: run.map_or_else(|| world.next(), following) }
    }
}

/// What an open run asks of people.
fn following(run: &OpenRun) -> Next {
    match run.waits {
        Waits::Decision => Next::ByHand { what: format!("confirm {}, or end it with `/dr abort {}`", run.id, run.id) },
        Waits::Step => {
            command("retry", &run.id, format!("tries the failed step again; `/dr abort {}` ends the run", run.id))
        }
        Waits::Nothing => {
            command("abort", &run.id, format!("ends {} between two calls; otherwise follow it in its channel", run.id))
        }
    }
}

/// What is judged.
struct World<'a> {
    name: &'a str,
    app: &'a Application,
    observation: &'a Observation,
    active: Option<&'a Active>,
    records: Pointing,
}

impl World<'_> {
    fn region(&self, side: SideName) -> &str {
        &self.app.side(side).region
    }

    fn is_member(&self, global: &GlobalCluster, side: SideName) -> bool {
        let region = self.app.side(side);
        global.member(&region.region, &region.db_cluster).is_some()
    }

    /// Whether a side has a DB cluster; unknown counts as yes.
    fn has_cluster(&self, side: SideName) -> bool {
        !matches!(self.observation.side(side).db, Seen::Known(None))
    }

    /// Whether it is known that no task runs there.
    fn is_empty(&self, side: SideName) -> bool {
        let mut services = self.observation.side(side).services.iter();
        services
            .all(|service| service.state.known().is_some_and(|state| state.as_ref().is_none_or(|it| it.running == 0)))
    }

    fn split(&self) -> Option<String> {
        let names = self.app.record_names();
        let side = match &self.records {
            Pointing::At(side) => *side,
            Pointing::Split(why) | Pointing::Elsewhere(why) => return Some(why.clone()),
            Pointing::Unseen(_) => return None,
        };
        let global = self.observation.global.known()?;
        let (here, cluster) = (self.region(side), &self.app.side(side).db_cluster);
        let Some(writer) = global.writer() else { return Some(format!("{} has no writer", self.app.global_cluster)) };
        if !self.is_member(global, side) {
            return Some(match self.has_cluster(side) {
                true => format!(
                    "{names} points at {here}, whose {cluster} isn't a member of {}; {} in {} is its writer",
                    self.app.global_cluster,
                    writer.db_cluster(),
                    writer.region()
                ),
                false => format!("{names} points at {here}, which has no {cluster}; {} writes", writer.region()),
            });
        }
        (writing(self.app, global) != Some(side))
            .then(|| format!("{} writes, and {names} points at {here}", writer.region()))
    }

    fn writes(&self) -> Writes {
        let side = match &self.records {
            Pointing::At(side) => *side,
            Pointing::Split(why) | Pointing::Elsewhere(why) | Pointing::Unseen(why) => {
                return Writes::Unknown { why: why.clone() };
            }
        };
        let (region, cluster) = (self.region(side), &self.app.side(side).db_cluster);
        if self.is_empty(side) {
            return Writes::No { why: format!("no task runs in {region}") };
        }
        let global = match &self.observation.global {
            Seen::Known(global) => global,
            Seen::Unknown(why) | Seen::Refused(why) => {
                return Writes::Unknown { why: format!("the global cluster can't be seen: {why}") };
            }
        };
        if global.failover.is_some() {
            return Writes::No { why: "the writer is moving".to_owned() };
        }
        match (writing(self.app, global) == Some(side), self.is_member(global, side), self.has_cluster(side)) {
            (true, ..) => Writes::Yes,
            (false, true, _) => {
                Writes::No { why: format!("{cluster} in {region} is a secondary, which takes no writes") }
            }
            (false, false, true) => Writes::Alone { cluster: cluster.clone() },
            (false, false, false) => Writes::No { why: format!("there is no {cluster} in {region}") },
        }
    }

    /// What goes on where no run is open.
    fn next(&self) -> Next {
        let again = |why: &str| command("status", self.name, format!("looks again: {why}"));
        let global = match &self.observation.global {
            Seen::Known(global) => global,
            Seen::Unknown(why) => return again(&format!("the global cluster can't be seen, {why}")),
            Seen::Refused(why) => return Next::ByHand { what: format!("let the bot read the global cluster: {why}") },
        };
        if let Some(failover) = &global.failover {
            let then = match moving_to(self.app, global) {
                Some(SideName::Dr) => format!("; `/dr promote {}` goes on with it", self.name),
                Some(SideName::Primary) => format!("; `/dr failback {}` goes on with it", self.name),
                None => String::new(),
            };
            return again(&format!("the global cluster is {}{then}", failover.status));
        }
        let Some(writer) = writing(self.app, global) else { return self.stranger(global) };
        match &self.records {
            Pointing::Unseen(why) => again(why),
            Pointing::Elsewhere(why) => Next::ByHand {
                what: format!(
                    "{why}; find out who moved it, and point it at {} in {}, which writes",
                    self.app.side(writer).endpoint.dns_name,
                    self.region(writer)
                ),
            },
            Pointing::At(side) if *side == writer => self.settled(global, writer),
            _ if self.parts_users(global, writer) => command("plan failback", self.name, "names the two ways out"),
            Pointing::Split(_) | Pointing::At(_) => self.move_users(writer),
        }
    }

    /// Whether moving users to the writer would part them from what they wrote to a database that nobody replicates. DR has all of that; the primary has
    /// some while tasks run there.
    fn parts_users(&self, global: &GlobalCluster, writer: SideName) -> bool {
        let other = writer.other();
        match writer {
            SideName::Primary => !self.is_member(global, other),
            SideName::Dr => {
                let serves = self.records == Pointing::At(other);
                serves && !self.is_member(global, other) && self.has_cluster(other) && !self.is_empty(other)
            }
        }
    }

    fn stranger(&self, global: &GlobalCluster) -> Next {
        Next::ByHand {
            what: match global.writer() {
                Some(writer) => format!(
                    "{} in {} writes, which is neither region of {}: correct the configuration, or move the writer in RDS",
                    writer.db_cluster(),
                    writer.region(),
                    self.name
                ),
                None => format!("{} has no writer: look at its events in RDS", self.app.global_cluster),
            },
        }
    }

    /// What brings users to where the writer is.
    fn move_users(&self, writer: SideName) -> Next {
        let verb = match writer {
            SideName::Dr => "promote",
            SideName::Primary => "failback",
        };
        let region = self.region(writer);
        command(verb, self.name, format!("goes on with the move, and brings users to {region}, which writes"))
    }

    /// What there is to do where one side writes and serves.
    fn settled(&self, global: &GlobalCluster, side: SideName) -> Next {
        let region = self.region(side);
        if self.active.is_some_and(Active::is_short) {
            return command("restore", self.name, format!("brings {region} back to its configured capacity"));
        }
        match side {
            SideName::Primary if !self.is_member(global, SideName::Dr) => Next::ByHand {
                what: format!(
                    "{} isn't a member of {}, so nothing can be promoted: apply stack {}",
                    self.app.dr.db_cluster,
                    self.app.global_cluster,
                    self.app.failback.stacks.platform(self.region(SideName::Dr))
                ),
            },
            SideName::Primary => Next::Nothing,
            SideName::Dr => command(
                "failback",
                self.name,
                format!("begins the way back to {}, and asks before anything is moved", self.region(SideName::Primary)),
            ),
        }
    }
}

#[cfg(test)]
mod tests;
