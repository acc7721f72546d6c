//! What was asked of the simulated regions.

use std::sync::Arc;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use crate::{aws::Service, region::Region, snapshot::Snapshot};

/// One API call, as it arrived.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Call {
    /// When it reached the service.
    pub at: Timestamp,
    /// Access key id of whoever called.
    pub access_key: String,
    /// ARN of who called: an assumed role's session, or the rehearsal's user.
    pub caller: String,
    /// Region that was called.
    pub region: Region,
    /// Service that was called.
    pub service: Service,
    /// Operation.
    pub operation: String,
    /// Its parameters.
    pub parameters: Value,
    /// Whether the operation can change anything.
    pub changing: bool,
    /// What came of it.
    pub outcome: Outcome,
    /// The world just before, if the operation can change anything.
    #[serde(skip)]
    pub before: Option<Arc<Snapshot>>,
}

/// What came of a call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The service did as asked, whether or not the caller heard of it.
    Accepted,
    /// The service answered with this error code.
    Refused(String),
    /// The call had no effect and got no answer.
    Lost,
}
