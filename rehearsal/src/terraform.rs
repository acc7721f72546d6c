//! The Terraform stack of a pair's primary region, as far as a failback applies it: what it refuses, and how far it is.

use serde::Serialize;

use crate::region::Region;

/// Why an apply is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TerraformError {
    /// The scenario has no such application.
    #[error("application {0} is not in the scenario")]
    UnknownApplication(String),
    /// Another apply holds the lock.
    #[error("error acquiring the state lock: another apply of {0} is under way")]
    Locked(String),
    /// A variable has no value.
    #[error("no value for required variable \"{0}\"")]
    MissingVariable(&'static str),
    /// A variable has a value that cannot be.
    #[error("invalid value for variable \"{name}\": expected {expected}, not {found}")]
    InvalidVariable {
        /// Name of the variable.
        name: &'static str,
        /// What would do.
        expected: String,
        /// What it was.
        found: String,
    },
    /// The old primary is still there.
    #[error("creating RDS Cluster ({0}): DBClusterAlreadyExistsFault: DB Cluster already exists")]
    ClusterExists(String),
    /// There is no cluster to restore steady-state settings on.
    #[error("creating RDS Cluster ({0}): InvalidGlobalClusterStateFault: the global cluster has a primary DB cluster")]
    ClusterAbsent(String),
    /// The stack's region does not answer.
    #[error("configuring provider: region {0} does not answer")]
    RegionDark(Region),
    /// AWS refused a call on the way.
    #[error("creating RDS resources: {code}: {message}")]
    Refused {
        /// AWS's error code.
        code: String,
        /// AWS's message.
        message: String,
    },
}

/// The last apply of a pair's primary stack.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TerraformState {
    /// Under way.
    Applying,
    /// It has done what it should.
    Applied,
    /// It ended with this error.
    Failed(String),
}
