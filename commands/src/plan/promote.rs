//! The plan of a promote, from what was observed.

use jiff::Timestamp;

use super::{Method, MethodOption, Plan, PlannedStep, RunbookName, StepId, steps};
use crate::{
    change::Irreversible,
    goals::fence_changes,
    observation::{GlobalCluster, Member, Observation, Seen},
    phase::{moving_to, serving, writing},
    readiness::checks,
    standing::Standing,
    topology::{Application, Region, SideName},
};

/// Why there is nothing to plan: a promote is not for the state that the pair is in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoPlan {
    /// DR writes and serves.
    #[error("{region} writes and serves already: there is nothing to promote")]
    Promoted {
        /// DR's region.
        region: String,
    },
    /// The writer is on its way to another place.
    #[error("the global cluster is {status}, towards {target}: wait for its end, or cancel it in RDS, and ask again")]
    MovingElsewhere {
        /// What RDS calls it.
        status: String,
        /// ARN of the cluster that becomes the writer.
        target: String,
    },
    /// What would be promoted cannot be named.
    #[error(
        "{db_cluster} in {region} is not a member of {global_cluster}: correct the configuration, or add it to the global cluster again"
    )]
    NotAMember {
        /// DR's DB cluster.
        db_cluster: String,
        /// DR's region.
        region: String,
        /// The global cluster.
        global_cluster: String,
    },
    /// The DR region does not tell.
    #[error("the global cluster could not be seen, so there is nothing to plan by: {why}; ask again")]
    Unseen {
        /// Why.
        why: String,
    },
    /// AWS refuses to show what a plan is made by, and will do so again.
    #[error("AWS refuses what a plan needs, so there is nothing to plan by: {why}. Resolve this first, then ask again")]
    Refused {
        /// Why.
        why: String,
    },
    /// The primary region does not tell.
    #[error(
        "{region} does not tell what became of its database ({why}): the way back waits until it answers; ask again then"
    )]
    PrimaryDark {
        /// The primary's region.
        region: String,
        /// Why.
        why: String,
    },
    /// Nothing has to go back.
    #[error("{region} writes and serves, and both regions are as steady state demands: there is nothing to fail back")]
    Steady {
        /// The primary's region.
        region: String,
    },
    /// Users are on a database that nothing is replicated from.
    #[error(transparent)]
    ServesAlone(Box<ServesAlone>),
    /// Users are sent to a region without a database.
    #[error(
        "{record} points at {region}, which has no database in the global cluster: `/dr promote {application}` moves users to {dr}, which writes; ask again then"
    )]
    UsersThere {
        /// The application.
        application: String,
        /// The record.
        record: String,
        /// The primary's region.
        region: String,
        /// DR's region.
        dr: String,
    },
    /// The stale former primary has another use.
    #[error("{cluster} stands alone and would have to be deleted, but {why}: detach it first, and ask again")]
    Needed {
        /// ARN of the cluster.
        cluster: String,
        /// What needs it.
        why: String,
    },
    /// Nobody can say whose capacity is meant.
    #[error("which region serves is unknown: {why}; ask again once that is known")]
    NobodyServes {
        /// Why.
        why: String,
    },
    /// The region that serves does not tell what it has.
    #[error(
        "{region} serves and does not tell what runs there ({why}): whether anything is missing is unknown; ask again once it answers"
    )]
    ServingUnseen {
        /// The region.
        region: String,
        /// Why.
        why: String,
    },
    /// There is as much as is configured.
    #[error("{region} serves with its configured capacity: there is nothing to restore")]
    NothingMissing {
        /// The region.
        region: String,
    },
    /// Aurora saved nothing by itself, or all of it is kept.
    #[error("{}", nothing_to_rescue(.cluster, .region, .kept))]
    NothingToRescue {
        /// The primary region's DB cluster identifier.
        cluster: String,
        /// Its region.
        region: String,
        /// Identifiers of the copies that keep what Aurora saved; empty if there are none.
        kept: String,
    },
    /// Neither side is the writer.
    #[error(
        "{writer} writes, which is neither side of this pair: correct the configuration, or look at the global cluster in RDS"
    )]
    StrangeWriter {
        /// ARN of the writer.
        writer: String,
    },
}

/// Users are on a database that the global cluster doesn't have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{cluster} in {region} serves users, and is not a member of {global_cluster}, whose writer is {writer}: what users write there is nowhere else, and {lost}. \
        Either make what serves the global database (`aws rds create-global-cluster --global-cluster-identifier {global_cluster}-2 --source-db-cluster-identifier {arn} --region {region}`, \
        then set `global_cluster` to it), or correct `global_cluster` and `db_cluster` in the configuration if they name the wrong ones"
)]
pub struct ServesAlone {
    /// The DB cluster under the users.
    pub cluster: String,
    /// Its ARN, as far as it is known.
    pub arn: String,
    /// Its region.
    pub region: String,
    /// The global cluster.
    pub global_cluster: String,
    /// DB cluster that writes there.
    pub writer: String,
    /// What the way back would do to them.
    pub lost: String,
}

fn nothing_to_rescue(cluster: &str, region: &str, kept: &str) -> String {
    match kept {
        "" => format!(
            "Aurora has no snapshot of its own (rds:unplanned-global-failover-…) of {cluster} in {region}: there is nothing to rescue"
        ),
        kept => {
            format!("what Aurora saved of {cluster} in {region} is kept already, as {kept}: there is nothing to rescue")
        }
    }
}

/// What a promote would do now.
///
/// # Errors
/// When the pair is not in a state that a promote is for.
pub fn promote(name: &str, app: &Application, observation: &Observation, now: Timestamp) -> Result<Plan, NoPlan> {
    let global = match &observation.global {
        Seen::Known(global) => global,
        Seen::Unknown(why) => return Err(NoPlan::Unseen { why: why.clone() }),
        Seen::Refused(why) => return Err(NoPlan::Refused { why: why.clone() }),
    };
    let member = global.member(&app.dr.region, &app.dr.db_cluster).ok_or_else(|| NoPlan::NotAMember {
        db_cluster: app.dr.db_cluster.clone(),
        region: app.dr.region.clone(),
        global_cluster: app.global_cluster.clone(),
    })?;
    possible(app, observation, global)?;
    Ok(Plan {
        application: name.to_owned(),
        environment: app.environment,
        runbook: RunbookName::Promote,
        from: app.primary.region.clone(),
        to: app.dr.region.clone(),
        target: SideName::Dr,
        options: options(app, observation, global, member),
        lag: observation.lag.clone(),
        checks: checks(name, app, observation, now),
        steps: steps(app, observation),
        suspended: Vec::new(),
        afterwards: afterwards(app),
        observed_at: observation.at,
    })
}

fn afterwards(app: &Application) -> Vec<String> {
    let (from, to) = (&app.primary.region, &app.dr.region);
    vec![
        format!(
            "do not apply Terraform to {from} before failback: its state does not know that {to} writes and serves"
        ),
        format!("plan the failback to {from}; {to} now runs without a standby"),
    ]
}

fn possible(app: &Application, observation: &Observation, global: &GlobalCluster) -> Result<(), NoPlan> {
    if let Some(failover) = global.failover.as_ref().filter(|_| moving_to(app, global) != Some(SideName::Dr)) {
        let target = failover.to.clone().unwrap_or_else(|| "a target that it does not name".to_owned());
        return Err(NoPlan::MovingElsewhere { status: failover.status.clone(), target });
    }
    match (writing(app, global), serving(app, observation)) {
        (Some(SideName::Dr), Some(SideName::Dr)) => Err(NoPlan::Promoted { region: app.dr.region.clone() }),
        _ => Ok(()),
    }
}

/// A failover always; a switchover before it where nothing need be lost.
fn options(app: &Application, observation: &Observation, global: &GlobalCluster, dr: &Member) -> Vec<MethodOption> {
    let identifiers = || (app.global_cluster.clone(), dr.arn.clone());
    let (global_cluster, target) = identifiers();
    let failover = option(Method::Failover, Irreversible::Failover { global_cluster, target }, &app.dr);
    if !healthy(app, observation, global, dr) {
        return vec![failover];
    }
    let (global_cluster, target) = identifiers();
    // AWS takes a switchover in the current writer's region.
    vec![option(Method::Switchover, Irreversible::Switchover { global_cluster, target }, &app.primary), failover]
}

fn option(method: Method, change: Irreversible, region: &Region) -> MethodOption {
    MethodOption { method, calls: vec![change.call(&region.region)], changes: vec![change] }
}

/// Whether AWS can be expected to carry a switchover out: the primary answers and writes, nothing else is under way, and DR keeps up. A cluster that is
/// busy and serves doesn't rule it out: what AWS refuses leaves everything as it was.
fn healthy(app: &Application, observation: &Observation, global: &GlobalCluster, dr: &Member) -> bool {
    let primary = observation.primary.db.known().and_then(Option::as_ref);
    writing(app, global) == Some(SideName::Primary)
        && !Standing::of(&global.status).refuses_moves()
        && global.failover.is_none()
        && dr.synchronization.as_deref() == Some("connected")
        && primary.is_some_and(|cluster| !cluster.standing().refuses_moves() && cluster.serving().next().is_some())
}

fn steps(app: &Application, observation: &Observation) -> Vec<PlannedStep> {
    vec![
        steps::capacity(app, observation, SideName::Dr, &app.services),
        steps::database(app, SideName::Dr),
        steps::listener(app, observation, SideName::Dr),
        steps::dns(app, observation, SideName::Dr),
        steps::verify(app, SideName::Dr),
        steps::planned(
            app,
            StepId::Fence,
            format!("no tasks run in {}, as far as it answers", app.primary.region),
            steps::service_calls(app, observation, SideName::Primary, &app.services, fence_changes),
        ),
    ]
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::{fixture, observation::FailoverState};

    fn plan(observation: &Observation) -> Result<Plan, NoPlan> {
        promote("shop", &fixture::app(), observation, fixture::now())
    }

    fn methods(observation: &Observation) -> Vec<Method> {
        plan(observation).unwrap().options.iter().map(|option| option.method).collect()
    }

    fn operations(plan: &Plan, step: StepId) -> Vec<(String, String)> {
        let planned = plan.steps.iter().find(|planned| planned.step == step).unwrap();
        planned.calls.iter().map(|call| (call.operation.clone(), call.region.clone())).collect()
    }

    #[test]
    fn a_healthy_primary_gets_a_switchover_a_dark_one_a_failover() {
        let plan = plan(&fixture::steady()).unwrap();
        assert_eq!(methods(&fixture::steady()), [Method::Switchover, Method::Failover]);
        assert_eq!(plan.option(Method::Switchover).unwrap().calls[0].region, "us-east-1");
        assert_eq!(plan.option(Method::Failover).unwrap().calls[0].region, "us-west-2");
        assert_eq!(methods(&fixture::dark()), [Method::Failover]);
    }

    #[test]
    fn no_switchover_to_a_secondary_that_does_not_keep_up() {
        let mut observation = fixture::steady();
        fixture::global(&mut observation).members[1].synchronization = Some("pending-resync".into());
        assert_eq!(methods(&observation), [Method::Failover]);
    }

    #[test]
    fn the_calls_are_the_exact_ones() {
        let plan = plan(&fixture::steady()).unwrap();
        let call = |operation: &str, region: &str| (operation.to_owned(), region.to_owned());
        let order: Vec<_> = plan.steps.iter().map(|planned| planned.step).collect();
        assert_eq!(order, crate::runbook::PROMOTE.steps.iter().map(|step| step.id).collect::<Vec<_>>());
        assert_eq!(operations(&plan, StepId::Capacity), [call("RegisterScalableTarget", "us-west-2")]);
        assert_eq!(
            operations(&plan, StepId::Fence),
            [call("RegisterScalableTarget", "us-east-1"), call("UpdateService", "us-east-1")]
        );
        assert_eq!(operations(&plan, StepId::Listener), [call("ModifyListener", "us-west-2")]);
        assert_eq!(operations(&plan, StepId::Dns), [call("ChangeResourceRecordSets", "us-east-1")]);
    }

    #[test]
    fn a_dark_primary_leaves_the_fence_without_calls() {
        assert_eq!(operations(&plan(&fixture::dark()).unwrap(), StepId::Fence), []);
    }

    #[test]
    fn a_promote_that_was_begun_can_be_finished() {
        assert_eq!(methods(&fixture::moved()), [Method::Failover]);
        let mut observation = fixture::steady();
        let global = fixture::global(&mut observation);
        let to = Some(global.members[1].arn.clone());
        global.failover = Some(FailoverState { status: "failing-over".into(), to });
        assert_eq!(methods(&observation), [Method::Failover]);
    }

    #[test]
    fn there_is_no_plan_where_a_promote_makes_no_sense() {
        let mut promoted = fixture::moved();
        promoted.records = fixture::at(SideName::Dr);
        assert_eq!(plan(&promoted), Err(NoPlan::Promoted { region: "us-west-2".into() }));

        let mut elsewhere = fixture::steady();
        let to = Some(fixture::global(&mut elsewhere).members[0].arn.clone());
        fixture::global(&mut elsewhere).failover = Some(FailoverState { status: "switching-over".into(), to });
        assert!(matches!(plan(&elsewhere), Err(NoPlan::MovingElsewhere { .. })));

        let mut detached = fixture::steady();
        fixture::global(&mut detached).members.truncate(1);
        assert!(matches!(plan(&detached), Err(NoPlan::NotAMember { .. })));

        let mut unseen = fixture::steady();
        unseen.global = Seen::Unknown("us-west-2 did not answer within 2 s".into());
        assert!(matches!(plan(&unseen), Err(NoPlan::Unseen { .. })));
    }

    #[test]
    fn the_digest_moves_with_decisions_and_not_with_time() {
        let digest = |observation: &Observation| plan(observation).unwrap().digest();
        let steady = fixture::steady();
        let mut later = steady.clone();
        later.at = fixture::now() + jiff::SignedDuration::from_mins(1);
        later.lag = Seen::Known(None);
        assert_eq!(digest(&later), digest(&steady));
        let mut moved = steady.clone();
        moved.records = vec![fixture::named(vec![])];
        assert_ne!(digest(&moved), digest(&steady));
    }
}
