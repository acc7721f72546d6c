//! The answer to `/dr status`.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    observation::Observation,
    phase::{Phase, phase, serving},
    readiness::{Check, checks},
    situation::Situation,
    supply::Active,
    topology::{Application, Environment, SideName},
};

/// Where an application stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Status {
    /// Application.
    pub application: String,
    /// Whether anybody depends on it.
    #[serde(default, skip_serializing_if = "Environment::is_live")]
    pub environment: Environment,
    /// Steady, promoting, promoted, …
    pub phase: Phase,
    /// Which region serves, by the records; `None` if that is unknown, or one of them is absent or points elsewhere.
    pub serving: Option<SideName>,
    /// The region that serves, held against the configuration; `None` if it is unknown which one does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub active: Option<Active>,
    /// Primary region's name.
    pub primary: String,
    /// DR region's name.
    pub dr: String,
    /// What was seen.
    pub observation: Observation,
    /// Readiness for a promote.
    pub checks: Vec<Check>,
    /// The open run, if there is one.
    pub run: Option<OpenRun>,
    /// What runs that ended half-way have changed and nobody has mended since, each with what mends it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left: Vec<String>,
    /// What is wrong with Standby itself.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub faults: Vec<String>,
    /// What is split, whether users can write, and what goes on from here; absent in records of earlier versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub situation: Option<Situation>,
}

/// An open run in a few words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenRun {
    /// Run id.
    pub id: String,
    /// Who asked for it: a Slack user id or a system user.
    pub requester: String,
    /// What it waits for or does, for people.
    pub state: String,
    /// Whether it waits for people.
    #[serde(default)]
    pub waits: Waits,
}

/// Whether an open run waits for people.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Waits {
    /// It goes on by itself.
    #[default]
    Nothing,
    /// For a decision at its gate.
    Decision,
    /// For what people decide on a failed step.
    Step,
}

/// Where the application stands, from what was observed at `now` and the open run.
///
/// `left` is what [`leftovers`](crate::report::leftovers) tells of earlier runs.
pub fn status(
    name: &str,
    app: &Application,
    observation: Observation,
    run: Option<OpenRun>,
    left: Vec<String>,
    now: Timestamp,
) -> Status {
    let active = Active::of(app, &observation).ok();
    Status {
        application: name.to_owned(),
        environment: app.environment,
        phase: phase(app, &observation),
        serving: serving(app, &observation),
        situation: Some(Situation::of(name, app, &observation, active.as_ref(), run.as_ref())),
        active,
        primary: app.primary.region.clone(),
        dr: app.dr.region.clone(),
        checks: checks(name, app, &observation, now),
        observation,
        run,
        left,
        faults: Vec::new(),
    }
}
