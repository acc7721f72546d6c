//! The steps of the runbooks: what each looks at, and what it wants changed.

mod capacity;
mod database;
mod delete;
mod dns;
mod endpoint;
mod fence;
mod idle;
mod listener;
mod rebuild;
mod reconcile;
mod replication;
mod rescue;
mod serves;
mod snapshot;
mod verify;
mod writer;

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use jiff::Timestamp;

use super::{
    Pair,
    act::{Action, Hand},
};
use crate::{
    aws::AwsError,
    observation::{Lag, Trouble},
    plan::StepId,
    run::Run,
    topology::Application,
};

/// What a step saw.
#[derive(Debug)]
pub(super) enum Sight {
    /// The goal holds.
    Holds(String),
    /// It is on its way: look again.
    Waiting(String),
    /// Something has to be changed.
    Unmet {
        /// What was seen.
        detail: String,
        /// The changes, in order.
        actions: Vec<Action>,
    },
    /// People have to do something themselves, and were not told yet; it is looked for meanwhile.
    HandOff {
        /// What was seen.
        detail: String,
        /// What to run.
        text: String,
    },
    /// It cannot be reached without people.
    Failed(String),
}

/// What a step remembers from look to look. Lost in a restart, and safe to lose.
#[derive(Debug, Default)]
pub(super) struct Memory {
    /// Which attempt this is, from 1.
    pub(super) attempt: u32,
    /// When it began.
    pub(super) began: Timestamp,
    /// Good answers in a row.
    pub(super) good: u32,
    /// Answers since the first good one.
    pub(super) answers: u32,
    /// Bad ones among them.
    pub(super) bad: u32,
    /// Since when the lag has been low enough.
    pub(super) low_since: Option<Timestamp>,
    /// Record changes that Route 53 no longer knows, by id.
    pub(super) forgotten: BTreeSet<String>,
    /// The first lag that was seen.
    pub(super) first_lag: Option<Lag>,
    /// When it was last asked why tasks stopped.
    pub(super) asked: Option<Timestamp>,
    /// Why a service's tasks are missing, as it was told last.
    pub(super) reasons: BTreeMap<String, Trouble>,
}

/// Looks at what the step is about.
pub(super) async fn look(
    step: StepId,
    pair: &Pair,
    run: &Run,
    hand: &Hand<'_>,
    memory: &mut Memory,
) -> Result<Sight, AwsError> {
    match step {
        StepId::Database => database::look(pair, run, memory).await,
        StepId::Capacity => capacity::look(pair, run, memory).await,
        StepId::Fence => fence::look(pair, run).await,
        StepId::Listener => listener::look(pair, run.plan.target).await,
        StepId::Dns => dns::look(pair, run, hand, memory).await,
        StepId::Endpoint => Ok(endpoint::look(pair, run.plan.target).await),
        StepId::Verify => verify::look(pair, run, memory).await,
        StepId::Snapshot => snapshot::look(pair, run, hand).await,
        StepId::Rescue => rescue::look(pair, hand).await,
        StepId::Delete => delete::look(pair, run, hand).await,
        StepId::Rebuild => rebuild::look(pair, run, hand).await,
        StepId::Replication => replication::look(pair, memory).await,
        StepId::Idle => idle::look(pair, run, memory).await,
        StepId::Reconcile => Ok(reconcile::look(pair).await),
    }
}

/// Whether it takes minutes to days.
pub(super) fn is_slow(step: StepId) -> bool {
    matches!(step, StepId::Snapshot | StepId::Rescue | StepId::Delete | StepId::Rebuild | StepId::Replication)
}

/// Time between two looks.
pub(super) fn interval(step: StepId, app: &Application) -> Duration {
    match step {
        StepId::Endpoint | StepId::Verify => app.verify.interval,
        _ if is_slow(step) => app.timing.slow_poll,
        _ => app.timing.poll,
    }
}
