//! What would be done now: a plan, from what is observed of the pair and what the log has of the runs since steady state.

use futures::TryStreamExt as _;
use tokio::join;

use super::{Desk, Pair, task::Way};
use crate::{
    engine::EngineError,
    former::Former,
    observe::{observe, observe_stale},
    plan::{self, NoPlan, Plan, RunbookName, SuspendedService},
    report::RunOutcome,
    run::Run,
    stake::{Moved, Stake},
};

impl Desk {
    /// The plan as it would be now.
    pub(super) async fn plan(&self, pair: &Pair, way: Way) -> Result<Result<Plan, NoPlan>, EngineError> {
        let observed = observe(&pair.aws, &pair.app, &pair.clock);
        Ok(match way {
            Way::Restore => {
                let (observation, runs) = join!(observed, self.since_steady(&pair.name));
                plan::restore(&pair.name, &pair.app, &observation, suspended(pair, &runs?))
            }
            Way::Promote => plan::promote(&pair.name, &pair.app, &observed.await, pair.clock.now()),
            Way::Failback => {
                let (observation, runs) = join!(observed, self.since_steady(&pair.name));
                let runs = runs?;
                let stake = match Former::seen(&pair.app, &observation) {
                    Some(Former::Detached(_)) => Some(stake(pair, &runs).await),
                    _ => None,
                };
                plan::failback(&pair.name, &pair.app, &observation, suspended(pair, &runs), stake.as_ref())
            }
        })
    }

    /// The application's runs that ended since the last completed failback, newest first.
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
            let completed = run.ended.as_ref().is_some_and(|report| report.outcome == RunOutcome::Completed);
            if completed && run.plan.runbook == RunbookName::Failback {
                break;
            }
            runs.push(run);
        }
        Ok(runs)
    }
}

/// Services whose scheduled scaling those runs suspended.
fn suspended(pair: &Pair, runs: &[Run]) -> Vec<SuspendedService> {
    runs.iter().rev().flat_map(|run| run.suspended_here(&pair.app)).collect()
}

/// What is known of the data at stake.
async fn stake(pair: &Pair, runs: &[Run]) -> Stake {
    let moved = runs.iter().filter(|run| run.plan.runbook == RunbookName::Promote).find_map(Moved::of);
    let (fence, rescue) = observe_stale(&pair.aws, &pair.app, moved.as_ref().map(|moved| moved.at)).await;
    Stake { moved, fence, rescue }
}
