//! Readiness: what must be true before a promote, as checks with a fix each.

use serde::{Deserialize, Serialize};

/// How much a failed check matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// A promote would fail or do harm: it stands in the way until a person overrides it by name.
    Blocking,
    /// People should know.
    Warning,
}

/// What a check found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// As it must be.
    Pass,
    /// Not as it must be.
    Fail,
    /// Could not be seen.
    Unknown,
}

/// One check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// Stable id, such as `dr-cluster-available` or `capacity-api`.
    pub id: String,
    /// How much a failure matters.
    pub level: Level,
    /// What was found.
    outcome: Outcome,
    /// What was found, for people; names values.
    pub detail: String,
    /// What to do about it; absent when it passed.
    pub fix: Option<String>,
}

impl Check {
    /// What was found.
    pub fn outcome(&self) -> Outcome {
        self.outcome
    }

    /// Whether it stands in the way of a promote: blocking and not passed, unknown included.
    pub fn blocks(&self) -> bool {
        self.level == Level::Blocking && self.outcome != Outcome::Pass
    }
}
