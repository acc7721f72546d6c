//! What would be done now: a plan, from what is observed of the pair and what the log has of the runs since steady state.

use futures::TryStreamExt as _;
use tokio::join;

use super::{Desk, Pair, task::Way};
use crate::{
    engine::EngineError,
    former::Former,
    observation::Observation,
    observe::{observe_for, observe_stale},
    plan::{self, NoPlan, Plan, RunbookName, SuspendedService},
    reconcile::scaling_command,
    report::RunOutcome,
    run::{Run, StepState},
    stake::{Moved, Stake},
    topology::SideName,
};

impl Desk {
    /// The plan as it would be now.
    pub(super) async fn plan(&self, pair: &Pair, way: Way) -> Result<Result<Plan, NoPlan>, EngineError> {
        let target = if way == Way::Failback { SideName::Primary } else { SideName::Dr };
        let observed = observe_for(&pair.aws, &pair.app, &pair.clock, target);
        Ok(match way {
            Way::Restore => {
                let (observation, runs) = join!(observed, self.since_steady(&pair.name));
                plan::restore(&pair.name, &pair.app, &observation, suspended(pair, &runs?))
            }
            Way::Rescue => {
                let (observation, runs) = join!(observed, self.since_steady(&pair.name));
                let stake = stake(pair, &runs?).await;
                plan::rescue(&pair.name, &pair.app, &observation, &stake)
            }
            Way::Promote => plan::promote(&pair.name, &pair.app, &observed.await, pair.clock.now()),
            Way::Failback => {
                let (observation, runs) = join!(observed, self.since_steady(&pair.name));
                let runs = runs?;
                // What Aurora saved is at stake where the old primary rejoined, too.
                let stake = match Former::seen(&pair.app, &observation) {
                    Some(Former::Detached(_) | Former::Member { .. }) => Some(stake(pair, &runs).await),
                    Some(Former::Absent) | None => None,
                };
                let suspended = suspended(pair, &runs);
                plan::failback(&pair.name, &pair.app, &observation, suspended, stake.as_ref()).map(|mut plan| {
                    plan.afterwards.extend(raised(pair, &runs, &observation));
                    plan
                })
            }
        })
    }

    /// The application's runs that ended since steady state, newest first.
    async fn since_steady(&self, application: &str) -> Result<Vec<Run>, EngineError> {
        let records = self.newest_first();
        futures::pin_mut!(records);
        let mut runs = Vec::new();
        while let Some(record) = records.try_next().await? {
            if record.application.as_deref() != Some(application) || record.event != "run.ended" {
                continue;
            }
            let Some(run) = record.run.as_deref() else { continue };
            let Some(run) = self.run(&run.into()).await? else { continue };
            if is_steady_again(&run) {
                break;
            }
            runs.push(run);
        }
        Ok(runs)
    }

    /// Those of an application's last runs that ended since its steady state, newest first.
    pub(super) async fn lately(&self, application: &str) -> Result<Vec<Run>, EngineError> {
        let mut runs = Vec::new();
        for id in self.last_runs(application).await? {
            let Some(run) = self.run(&id).await?.filter(|run| run.ended.is_some()) else { continue };
            if is_steady_again(&run) {
                break;
            }
            runs.push(run);
        }
        Ok(runs)
    }
}

/// Whether a run brought steady state back: a failback that completed without a step left out, and after which nothing differed.
fn is_steady_again(run: &Run) -> bool {
    let completed = run.ended.as_ref().is_some_and(|report| report.outcome == RunOutcome::Completed);
    let skipped = run.steps.values().any(|step| step.state == StepState::Skipped);
    let differs = run.compared.as_ref().is_some_and(|compared| !compared.differences.is_empty());
    run.plan.runbook == RunbookName::Failback && completed && !skipped && !differs
}

/// Services whose scheduled scaling those runs suspended.
fn suspended(pair: &Pair, runs: &[Run]) -> Vec<SuspendedService> {
    runs.iter().rev().flat_map(|run| run.suspended_here(&pair.app)).collect()
}

/// Maxima that those runs raised and that are raised still, each with what puts it back: the configuration doesn't say what they are to be.
fn raised(pair: &Pair, runs: &[Run], observation: &Observation) -> Vec<String> {
    let mut told: Vec<(SideName, String)> = Vec::new();
    let mut lines = Vec::new();
    // The oldest run knows how it was in steady state.
    for run in runs.iter().rev() {
        for raised in run.raised_maxima(&pair.app) {
            let key = (raised.side, raised.service.clone());
            let states = &observation.side(raised.side).services;
            let state = states
                .iter()
                .find(|named| named.name == raised.service)
                .and_then(|named| named.state.known()?.as_ref());
            let target = state.and_then(|state| state.scaling.known()?.as_ref());
            if told.contains(&key) || target.is_none_or(|target| target.max <= raised.was) {
                continue;
            }
            told.push(key);
            let (region, service) = (pair.app.side(raised.side), &raised.service);
            let back = scaling_command(region, service, &format!("--max-capacity {}", raised.was));
            lines.push(format!(
                "{} raised the maximum of {service} in {} from {}: {back} puts it back",
                run.id, region.region, raised.was
            ));
        }
    }
    lines
}

/// What is known of the data at stake.
async fn stake(pair: &Pair, runs: &[Run]) -> Stake {
    let moved = runs.iter().filter(|run| run.plan.runbook == RunbookName::Promote).find_map(Moved::of);
    observe_stale(&pair.aws, &pair.app, moved).await
}
