//! The name of an AWS region.

use std::fmt;

use serde::Serialize;

/// An AWS region, such as `us-west-2`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Region(String);

impl Region {
    /// The region's name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// One of the region's availability zones, counted from 0.
    pub(crate) fn zone(&self, index: usize) -> String {
        let letter = ["a", "b", "c"][index % 3];
        format!("{}{letter}", self.0)
    }
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<&str> for Region {
    fn from(name: &str) -> Self {
        Self(name.to_owned())
    }
}
