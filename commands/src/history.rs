//! What was: the last runs of an application, and what happened in one. Pure functions of their records.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use storage::{Actor, Record};

use crate::{
    ids::RunId,
    journal::Event,
    narration::narrate,
    report::{Report, RunOutcome},
    run::{Run, Unexpected},
    topology::Environment,
};

/// Most runs in a history.
pub const RUNS: usize = 10;
/// Most moments in a timeline: a run that was tried again and again is told from there on.
const MOMENTS: usize = 200;

/// The last runs of an application.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct History {
    /// Application.
    pub application: String,
    /// The runs, newest first, at most [`RUNS`].
    pub runs: Vec<PastRun>,
}

/// A run in a history.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PastRun {
    /// Its id, which begins with its runbook.
    pub run: RunId,
    /// Whether anybody depended on the application.
    #[serde(default, skip_serializing_if = "Environment::is_live")]
    pub environment: Environment,
    /// When the command was received.
    pub commanded_at: Timestamp,
    /// Who asked for it.
    pub requester: Actor,
    /// The reason given.
    pub reason: Option<String>,
    /// How it stands.
    pub standing: Standing,
    /// Seconds from the confirmation to verified traffic.
    pub rto_from_confirmation_s: Option<f64>,
}

/// How a run stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "how", rename_all = "snake_case")]
pub enum Standing {
    /// It has not ended.
    Open {
        /// Where it is, for people.
        state: String,
    },
    /// It ended.
    Ended {
        /// How.
        outcome: RunOutcome,
    },
}

/// What happened in a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Timeline {
    /// Application.
    pub application: String,
    /// The run.
    pub run: PastRun,
    /// Its report, once it ended.
    pub report: Option<Report>,
    /// What happened, oldest first.
    pub moments: Vec<Moment>,
    /// Earlier moments that were left out.
    pub omitted: usize,
}

/// One thing that happened in a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Moment {
    /// When.
    pub at: Timestamp,
    /// Number of its record.
    pub seq: u64,
    /// Who did it.
    pub by: Actor,
    /// What, for people.
    pub what: String,
}

impl PastRun {
    /// That run.
    pub fn of(run: &Run) -> Self {
        let standing = match &run.ended {
            Some(report) => Standing::Ended { outcome: report.outcome },
            None => Standing::Open { state: run.summary().state },
        };
        Self {
            run: run.id.clone(),
            environment: run.plan.environment,
            commanded_at: run.commanded_at,
            requester: run.requester.clone(),
            reason: run.reason.clone(),
            standing,
            rto_from_confirmation_s: run.ended.as_ref().and_then(|report| report.rto_from_confirmation_s),
        }
    }
}

impl Timeline {
    /// The timeline of the run with these records; `None` if they are no run's.
    ///
    /// # Errors
    /// When the records contradict each other.
    pub fn of<'a>(records: impl IntoIterator<Item = &'a Record>) -> Result<Option<Self>, Unexpected> {
        let mut records = records.into_iter();
        let Some((first, mut run)) = records.next().and_then(|first| Some((first, Run::begin(first)?))) else {
            return Ok(None);
        };
        let mut moments: Vec<Moment> = Moment::of(&run, first).into_iter().collect();
        for record in records {
            run.apply(record)?;
            moments.extend(Moment::of(&run, record));
        }
        let omitted = moments.len().saturating_sub(MOMENTS);
        moments.drain(..omitted);
        Ok(Some(Self {
            application: run.application.clone(),
            run: PastRun::of(&run),
            report: run.ended.clone(),
            moments,
            omitted,
        }))
    }

    /// What people decided, in order.
    pub fn decisions(&self) -> impl Iterator<Item = &Moment> {
        self.moments.iter().filter(|moment| moment.by != Actor::Bot)
    }
}

impl Moment {
    /// What that record says of the run, which has it applied; `None` if nothing that a timeline tells. What a step saw on its way is left out: it
    /// is in the run's thread and in the log.
    pub fn of(run: &Run, record: &Record) -> Option<Self> {
        let event = Event::of(record).filter(|event| !matches!(event, Event::StepObserved { .. }))?;
        let what = narrate(run, record, &event)?;
        Some(Self { at: record.at, seq: record.seq, by: record.actor.clone(), what })
    }
}
