//! Identifiers as types.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::typed::fold;

/// A run: its runbook's name and the number of the record that asked for it, such as `promote-17`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RunId(String);

impl RunId {
    /// The run that the record numbered `command` asked for.
    pub fn new(runbook: &str, command: u64) -> Self {
        Self(format!("{runbook}-{command}"))
    }

    /// The run that a person named, however their device wrote it.
    pub fn typed(word: &str) -> Self {
        Self(fold(word))
    }

    /// Name of its runbook.
    pub fn runbook(&self) -> &str {
        self.0.rsplit_once('-').map_or("", |(runbook, _)| runbook)
    }

    /// As it stands in records.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for RunId {
    fn from(id: &str) -> Self {
        Self(id.to_owned())
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
