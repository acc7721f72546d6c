//! The answer to `/dr status`.

use serde::{Deserialize, Serialize};

use crate::{observation::Observation, phase::Phase, readiness::Check, topology::SideName};

/// Where an application stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Status {
    /// Application.
    pub application: String,
    /// Steady, promoting, promoted, …
    pub phase: Phase,
    /// Which region serves, by the record; `None` if that is unknown, absent or points elsewhere.
    pub serving: Option<SideName>,
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
}
