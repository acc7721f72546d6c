//! The phase of a pair: a pure function of what was observed.

use serde::{Deserialize, Serialize};

use crate::{
    observation::{GlobalCluster, Observation},
    records::{Pointing, pointing},
    topology::{Application, SideName},
};

/// Where a pair stands between steady state and promoted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "phase", rename_all = "snake_case")]
pub enum Phase {
    /// The primary writes and serves; DR follows.
    Steady,
    /// The writer moves, or has moved and the record has not.
    Promoting,
    /// DR writes and serves.
    Promoted,
    /// What was seen does not fit together, or too little was seen.
    Unclear {
        /// Why, for people.
        why: String,
    },
}

/// The phase: where the writer is, and where the record points.
pub fn phase(app: &Application, observation: &Observation) -> Phase {
    match settled(app, observation) {
        Ok(phase) => phase,
        Err(why) => Phase::Unclear { why },
    }
}

/// The side that serves, by all the records; `None` if that is unknown, or one of them is absent, points elsewhere or to the other side.
pub fn serving(app: &Application, observation: &Observation) -> Option<SideName> {
    pointing(app, &observation.records).side()
}

/// The side whose DB cluster is the writer, if it is one of the two.
pub fn writing(app: &Application, global: &GlobalCluster) -> Option<SideName> {
    let writer = global.writer()?;
    [SideName::Primary, SideName::Dr].into_iter().find(|&side| {
        let region = app.side(side);
        writer.is(&region.region, &region.db_cluster)
    })
}

/// The side that a failover or switchover under way makes the writer, if it names one of the two.
pub fn moving_to(app: &Application, global: &GlobalCluster) -> Option<SideName> {
    let target = global.failover.as_ref()?.to.as_deref()?;
    [SideName::Primary, SideName::Dr].into_iter().find(|&side| {
        let region = app.side(side);
        global.member(&region.region, &region.db_cluster).is_some_and(|member| member.arn == target)
    })
}

fn settled(app: &Application, observation: &Observation) -> Result<Phase, String> {
    let global = observation.global.known().ok_or_else(|| unknown("the global cluster", observation.global.why()))?;
    if let Some(failover) = &global.failover {
        return match moving_to(app, global) {
            Some(SideName::Dr) => Ok(Phase::Promoting),
            _ => Err(format!("the global cluster is {}, and not towards {}", failover.status, app.dr.region)),
        };
    }
    let writer = writing(app, global).ok_or_else(|| match global.writer() {
        Some(writer) => format!("the writer is {} in {}, which is neither side", writer.db_cluster(), writer.region()),
        None => "the global cluster has no writer".to_owned(),
    })?;
    match (writer, pointing(app, &observation.records)) {
        (SideName::Primary, Pointing::At(SideName::Primary)) => Ok(Phase::Steady),
        (SideName::Dr, Pointing::At(SideName::Dr)) => Ok(Phase::Promoted),
        (SideName::Dr, Pointing::At(SideName::Primary) | Pointing::Split(_)) => Ok(Phase::Promoting),
        (SideName::Primary, Pointing::At(SideName::Dr)) => {
            Err(format!("{} writes, but the record points to {}", app.primary.region, app.dr.region))
        }
        (SideName::Primary, Pointing::Split(why)) | (_, Pointing::Elsewhere(why)) => Err(why),
        (_, Pointing::Unseen(why)) => Err(unknown("the record", Some(&why))),
    }
}

fn unknown(what: &str, why: Option<&str>) -> String {
    format!("{what} could not be seen: {}", why.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        fixture,
        observation::{FailoverState, Seen},
    };

    fn of(observation: &Observation) -> Phase {
        phase(&fixture::app(), observation)
    }

    fn unclear(observation: &Observation) -> String {
        match of(observation) {
            Phase::Unclear { why } => why,
            clear => unreachable!("{clear:?} is clear"),
        }
    }

    #[test]
    fn writer_and_record_make_the_phase() {
        let mut promoted = fixture::moved();
        promoted.records = fixture::at(SideName::Dr);
        assert_eq!(of(&fixture::steady()), Phase::Steady);
        assert_eq!(of(&fixture::moved()), Phase::Promoting);
        assert_eq!(of(&promoted), Phase::Promoted);
    }

    #[test]
    fn a_dark_primary_changes_nothing() {
        assert_eq!(of(&fixture::dark()), Phase::Steady);
        assert_eq!(serving(&fixture::app(), &fixture::dark()), Some(SideName::Primary));
    }

    #[test]
    fn a_failover_counts_by_its_target() {
        let mut observation = fixture::steady();
        let global = fixture::global(&mut observation);
        let to = |side: usize| global.members[side].arn.clone();
        let (primary, dr) = (to(0), to(1));
        global.failover = Some(FailoverState { status: "failing-over".into(), to: Some(dr) });
        assert_eq!(of(&observation), Phase::Promoting);
        fixture::global(&mut observation).failover =
            Some(FailoverState { status: "switching-over".into(), to: Some(primary) });
        assert!(unclear(&observation).contains("switching-over"));
    }

    #[test]
    fn what_does_not_fit_is_unclear_and_says_why() {
        let mut observation = fixture::steady();
        observation.records = fixture::at(SideName::Dr);
        assert!(unclear(&observation).contains("us-east-1 writes"));
        observation.records = vec![fixture::named(vec![])];
        assert!(unclear(&observation).contains("no record app.shop.example"));
        observation.records[0].sets = Seen::Unknown("Route 53 did not answer within 2 s".into());
        assert!(unclear(&observation).contains("did not answer"));
        let mut observation = fixture::steady();
        fixture::global(&mut observation).members.remove(0);
        assert!(unclear(&observation).contains("no writer"));
        observation.global = Seen::Unknown("denied".into());
        assert!(unclear(&observation).contains("denied"));
    }

    #[test]
    fn records_that_are_split_are_named_unless_a_promote_moves_them() {
        let mut aaaa = fixture::record(SideName::Primary);
        aaaa.kind = "AAAA".into();
        let split = vec![fixture::named(vec![fixture::record(SideName::Dr), aaaa])];
        let mut observation = fixture::moved();
        observation.records = split.clone();
        assert_eq!(of(&observation), Phase::Promoting);
        assert_eq!(serving(&fixture::app(), &observation), None);
        let mut steady = fixture::steady();
        steady.records = split;
        assert!(unclear(&steady).contains("the records are split: app.shop.example (AAAA) at us-east-1"));
    }
}
