//! The plan of the way back, by what became of the former primary: built anew first where it is detached or gone, switched over to where it is a
//! secondary.

use super::{
    Method, MethodOption, NoPlan, Plan, PlannedStep, RunbookName, StepId, SuspendedService, promote::ServesAlone,
    rebuild, steps,
};
use crate::{
    change::{Call, Irreversible},
    former::Former,
    goals::{idle_changes, needed_for_failback},
    observation::{DbCluster, GlobalCluster, Observation, Seen},
    phase::{moving_to, writing},
    readiness::failback_checks,
    reconcile::differences,
    records::sending_to,
    stake::Stake,
    topology::{Application, SideName},
};

/// What `/dr failback` would do now: the next of the two runbooks of the way back. `suspended` are the services whose scheduled scaling
/// this bot suspended since steady state, `stake` what is known of the data that a stale cluster holds, where there is one.
///
/// # Errors
/// When the pair is not in a state that the way back is for, or the primary region does not answer.
pub fn failback(
    name: &str,
    app: &Application,
    observation: &Observation,
    suspended: Vec<SuspendedService>,
    stake: Option<&Stake>,
) -> Result<Plan, NoPlan> {
    let global = match &observation.global {
        Seen::Known(global) => global,
        Seen::Unknown(why) => return Err(NoPlan::Unseen { why: why.clone() }),
        Seen::Refused(why) => return Err(NoPlan::Refused { why: why.clone() }),
    };
    let cluster = match &observation.primary.db {
        Seen::Known(cluster) => cluster.as_ref(),
        Seen::Unknown(why) => {
            return Err(NoPlan::PrimaryDark { region: app.primary.region.clone(), why: why.clone() });
        }
        Seen::Refused(why) => return Err(NoPlan::Refused { why: why.clone() }),
    };
    possible(app, observation, global)?;
    users_keep_their_database(name, app, observation, global, cluster)?;
    let plan = |runbook, options, steps, afterwards| Plan {
        application: name.to_owned(),
        environment: app.environment,
        runbook,
        from: app.dr.region.clone(),
        to: app.primary.region.clone(),
        target: SideName::Primary,
        options,
        lag: observation.lag.clone(),
        checks: failback_checks(name, app, observation, stake),
        steps,
        suspended,
        afterwards,
        observed_at: observation.at,
    };
    Ok(match Former::of(app, Some(global), cluster) {
        Former::Member { .. } => {
            let options = vec![switchover(app, global)];
            plan(RunbookName::Failback, options, switch_back_steps(app, observation), after_failback(app))
        }
        Former::Detached(stale) => {
            if let Some(why) = Former::needed_by(&stale) {
                return Err(NoPlan::Needed { cluster: stale.arn.clone(), why });
            }
            let options = vec![rebuild::deletion(app, Some(&stale))];
            let steps = rebuild::steps(app, Some(&stale), stake);
            plan(RunbookName::Rebuild, options, steps, rebuild::afterwards(name, app))
        }
        Former::Absent => {
            let options = vec![rebuild::deletion(app, None)];
            plan(RunbookName::Rebuild, options, rebuild::steps(app, None, stake), rebuild::afterwards(name, app))
        }
    })
}

fn after_failback(app: &Application) -> Vec<String> {
    vec![
        format!(
            "where Terraform built {} anew, restore its variables: `{}`",
            app.primary.db_cluster,
            app.failback.restore(app)
        ),
        format!("see that `terraform plan` shows no changes in any stack: {}", app.failback.stacks.all(app).join(", ")),
    ]
}

fn possible(app: &Application, observation: &Observation, global: &GlobalCluster) -> Result<(), NoPlan> {
    if let Some(failover) = global.failover.as_ref().filter(|_| moving_to(app, global) != Some(SideName::Primary)) {
        let target = failover.to.clone().unwrap_or_else(|| "a target that it does not name".to_owned());
        return Err(NoPlan::MovingElsewhere { status: failover.status.clone(), target });
    }
    match writing(app, global) {
        Some(SideName::Primary) if differences(app, observation).is_empty() => {
            Err(NoPlan::Steady { region: app.primary.region.clone() })
        }
        Some(_) => Ok(()),
        None => {
            let writer = global.writer().map_or_else(|| "nobody".to_owned(), |writer| writer.arn.clone());
            Err(NoPlan::StrangeWriter { writer })
        }
    }
}

/// Refuses what would part users from what they wrote: moving them off a database that the global cluster doesn't have, or deleting the one under them.
fn users_keep_their_database(
    name: &str,
    app: &Application,
    observation: &Observation,
    global: &GlobalCluster,
    stale: Option<&DbCluster>,
) -> Result<(), NoPlan> {
    let is_member = |side: SideName| {
        let region = app.side(side);
        global.member(&region.region, &region.db_cluster).is_some()
    };
    let alone = |side: SideName, lost: String| {
        let region = app.side(side);
        let cluster = observation.side(side).db.known().and_then(Option::as_ref);
        NoPlan::ServesAlone(Box::new(ServesAlone {
            cluster: region.db_cluster.clone(),
            arn: cluster.map_or_else(|| region.db_cluster.clone(), |cluster| cluster.arn.clone()),
            region: region.region.clone(),
            global_cluster: app.global_cluster.clone(),
            writer: global.writer().map_or_else(|| "nobody".to_owned(), |writer| writer.db_cluster().to_owned()),
            lost,
        }))
    };
    let (primary, dr) = (&app.primary, &app.dr);
    if !is_member(SideName::Dr) && sending_to(app, SideName::Dr, &observation.records).is_some() {
        return Err(alone(SideName::Dr, format!("moving them to {} would part them from it", primary.region)));
    }
    if !is_member(SideName::Primary) && sending_to(app, SideName::Primary, &observation.records).is_some() {
        return Err(match stale {
            Some(_) => alone(
                SideName::Primary,
                format!("a rebuild would delete it; `/dr promote {name}` moves them to {}, which lacks it", dr.region),
            ),
            None => NoPlan::UsersThere {
                application: name.to_owned(),
                record: app.record_names(),
                region: primary.region.clone(),
                dr: dr.region.clone(),
            },
        });
    }
    Ok(())
}

fn switchover(app: &Application, global: &GlobalCluster) -> MethodOption {
    let member = global.member(&app.primary.region, &app.primary.db_cluster);
    let target = member.map(|member| member.arn.clone()).unwrap_or_default();
    let change = Irreversible::Switchover { global_cluster: app.global_cluster.clone(), target };
    // AWS takes a switchover in the current writer's region.
    MethodOption { method: Method::Switchover, calls: vec![change.call(&app.dr.region)], changes: vec![change] }
}

fn switch_back_steps(app: &Application, observation: &Observation) -> Vec<PlannedStep> {
    let primary = &app.primary;
    let bound = &app.failback;
    let keeps_up = format!(
        "{} in {} is connected, its lag below {:.0} ms for {:?}",
        primary.db_cluster, primary.region, bound.lag_below_ms, bound.lag_for
    );
    // What will have to be scaled down is known once DR does not serve any more; until then it is the configured warm idle.
    let idle: Vec<Call> =
        steps::service_calls(app, observation, SideName::Dr, &app.services, |region, service, state| {
            idle_changes(region, service, state, false)
        });
    let tasks: Vec<_> = app.services.iter().map(|service| format!("{} {}", service.name, service.idle)).collect();
    vec![
        steps::planned(app, StepId::Replication, keeps_up, Vec::new()),
        steps::capacity(app, observation, SideName::Primary, &needed_for_failback(app, &observation.dr.services)),
        steps::endpoint(app, SideName::Primary),
        steps::database(app, SideName::Primary),
        steps::listener(app, observation, SideName::Primary),
        steps::dns(app, observation, SideName::Primary),
        steps::verify(app, SideName::Primary),
        steps::planned(
            app,
            StepId::Idle,
            format!("{} tasks run in {}: warm idle", tasks.join(", "), app.dr.region),
            idle,
        ),
        steps::planned(app, StepId::Reconcile, "both regions are as steady state demands", Vec::new()),
    ]
}
