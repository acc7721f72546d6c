//! Two simulated AWS regions and a stand-in Slack that speak the real wire protocols.
//!
//! [`World`] is the AWS side: a simulation with a clock and a seed. The SDK reaches it in-process through
//! [`World::http_client`], everybody else over loopback through [`World::serve`]; both take the same path. What the
//! world contains at the start is a [`Scenario`], what goes wrong in it is a [`Fault`].

mod account;
mod aws;
mod connector;
mod dice;
mod durations;
mod exchange;
mod fault;
mod interference;
mod ledger;
mod needs;
mod pair;
mod region;
mod resolver;
mod scenario;
mod server;
mod simulation;
pub mod slack;
mod snapshot;
mod terraform;
#[cfg(test)]
mod tests;
mod visit;
mod world;
mod zones;

pub use account::{Account, Domains};
pub use aws::Service;
pub use durations::{CriticalPath, Durations};
pub use fault::{Attachment, Disturbance, Fault, FaultId, Target, TaskFailure};
pub use interference::{Interfered, Interference};
pub use ledger::{Call, Outcome};
pub use needs::{ImageIs, LogGroupIs, SecretIs, SiteNeeds};
pub use pair::{
    Colour, Deploys, EcsService, Endpoint, HostedZone, KeyState, OldPrimary, Pair, ScheduledChange, Side, Site,
};
pub use region::Region;
pub use scenario::Scenario;
pub use snapshot::{ListenerState, Membership, PairState, ServiceState, SiteState, Snapshot, SnapshotState};
pub use terraform::{TerraformError, TerraformState};
pub use world::World;
pub use zones::{OtherZone, RecordData, ZoneFeatures, ZoneRecord};
