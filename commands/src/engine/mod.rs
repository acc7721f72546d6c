//! The engine: carries runs from their first record to their last. What to do is decided purely ([`crate::decide`]); this room does it.

mod act;
mod executor;
mod recover;
mod scribe;
mod series;
mod steps;
mod watch;
mod work;

use std::sync::Arc;

use storage::Clock;

pub(crate) use executor::{drive, gate_key};
pub(crate) use recover::{FoundOpen, read_open, set_right};
pub(crate) use scribe::{Scribe, append};

use crate::{
    access::Access,
    aws::{Aws, AwsError},
    topology::Application,
};

/// An application with its AWS clients: what every part of a run shares.
#[derive(Clone)]
pub(crate) struct Pair {
    /// The application's name.
    pub(crate) name: String,
    /// Its configuration.
    pub(crate) app: Arc<Application>,
    /// Who may do what with it.
    pub(crate) access: Arc<Access>,
    /// Its AWS clients.
    pub(crate) aws: Aws,
    /// Wall-clock time.
    pub(crate) clock: Clock,
}

/// Why the engine cannot carry a run on.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The log does not take records: nothing more is changed.
    #[error("the audit log takes no records, so nothing more is changed: {0}")]
    Append(#[from] storage::AppendError),
    /// The log cannot be read.
    #[error("the audit log cannot be read: {0}")]
    Read(#[from] storage::ReadError),
    /// The run's records contradict each other.
    #[error(transparent)]
    Unexpected(#[from] crate::run::Unexpected),
    /// The log took an entry without a key for a duplicate.
    #[error("the audit log took a new record for a duplicate")]
    Duplicate,
    /// An event could not be written as JSON.
    #[error("failed to encode an event: {0}")]
    Encode(#[from] serde_json::Error),
}

/// Whether neither time nor another look will help: people have to. A conflict is with a state that may pass; how often it is tried is bounded.
fn hopeless(error: &AwsError) -> bool {
    error.refused_for_good()
}
