//! What `/dr` does: grammar, topology, status, readiness, plans, runbooks, the engine and the AWS calls.

pub mod access;
pub mod aws;
pub mod change;
pub mod choices;
pub mod comparison;
pub mod decide;
pub mod dependencies;
pub mod desk;
pub mod discovery;
pub mod egress;
pub mod elsewhere;
pub mod engine;
pub mod former;
pub mod gate;
pub mod goals;
pub mod grammar;
pub mod history;
pub mod ids;
pub mod journal;
pub mod narration;
pub mod needs;
pub mod observation;
pub mod observe;
pub mod partition;
pub mod phase;
pub mod plan;
pub mod readiness;
pub mod reconcile;
pub mod records;
pub mod report;
pub mod request;
pub mod rescue;
pub mod run;
pub mod runbook;
pub mod situation;
pub mod stake;
pub mod standing;
pub mod status;
pub mod supply;
pub mod topology;
pub mod typed;
pub mod vcpus;

#[cfg(test)]
mod fixture;
