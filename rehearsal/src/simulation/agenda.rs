//! What is going to happen, in order of time.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{aurora, ecs, scaling};
use crate::fault::FaultId;

/// Something that happens by itself at a time.
#[derive(Debug, Clone)]
pub(crate) enum Event {
    /// A transition of a global cluster goes on.
    Aurora { global_cluster: String, step: aurora::Step },
    /// A DB cluster has been created.
    ClusterReady { cluster: String },
    /// A DB cluster has been deleted, if its instances have.
    ClusterGone { cluster: String },
    /// A DB instance has been created.
    InstanceReady { cluster: String, instance: String },
    /// A DB instance has been deleted.
    InstanceGone { cluster: String, instance: String },
    /// A DB cluster snapshot is complete, or has failed.
    SnapshotOver { snapshot: String },
    /// An apply of Terraform goes on.
    Terraform { application: String },
    /// A build goes on.
    Build { build: String },
    /// A task is placed, starts, becomes healthy or ends.
    Task { service: ecs::ServiceKey, step: ecs::TaskStep },
    /// Traffic follows a listener's current actions.
    ListenerApplied { listener: String },
    /// A change reaches all name servers.
    ChangeInSync { change: String },
    /// A scheduled action acts.
    Scheduled(scaling::Scheduled),
    /// A fault begins.
    FaultBegins(FaultId),
    /// A fault ends.
    FaultEnds(FaultId),
}

/// Events by time; those of the same time in the order they were added.
#[derive(Debug, Default)]
pub(crate) struct Agenda {
    events: BTreeMap<(Timestamp, u64), Event>,
    added: u64,
}

impl Agenda {
    pub(crate) fn add(&mut self, at: Timestamp, event: Event) {
        self.added += 1;
        self.events.insert((at, self.added), event);
    }

    /// The next event that is due by `now`, with its time.
    pub(crate) fn next_due(&mut self, now: Timestamp) -> Option<(Timestamp, Event)> {
        let entry = self.events.first_entry()?;
        let at = entry.key().0;
        (at <= now).then(|| (at, entry.remove()))
    }
}
