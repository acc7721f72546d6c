//! What `/dr` does: grammar, topology, status, readiness, plans, runbooks, the engine and the AWS calls.

pub mod change;
pub mod gate;
pub mod journal;
pub mod observation;
pub mod phase;
pub mod plan;
pub mod readiness;
pub mod report;
pub mod request;
pub mod status;
pub mod topology;
