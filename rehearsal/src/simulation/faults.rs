//! Which faults are in force, and what they do to a call.

use std::collections::BTreeMap;

use super::Simulation;
use crate::{
    aws::protocol::ApiCall,
    fault::{Attachment, Disturbance, Fault, FaultId, TaskFailure},
    pair::Side,
    region::Region,
};

/// A deployment that fares badly.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Deployment {
    /// It is under way, and its tasks fail.
    Stuck,
    /// It has failed.
    Failed,
}

/// Faults that are in force or announced.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    given: u64,
    announced: BTreeMap<FaultId, Fault>,
    active: BTreeMap<FaultId, Fault>,
}

impl Faults {
    /// Keeps a fault for the event that begins it.
    pub(crate) fn announce(&mut self, fault: Fault) -> FaultId {
        self.given += 1;
        let id = FaultId(self.given);
        self.announced.insert(id, fault);
        id
    }

    /// Every fault that is in force or announced.
    pub(crate) fn ids(&self) -> Vec<FaultId> {
        self.active.keys().chain(self.announced.keys()).copied().collect()
    }

    pub(crate) fn is_dark(&self, region: &Region) -> bool {
        self.active.values().any(|fault| matches!(fault, Fault::RegionDark(dark) if dark == region))
    }

    /// Whether a signature counts for a time only.
    pub(crate) fn signatures_expire(&self) -> bool {
        self.active.values().any(|fault| matches!(fault, Fault::SignaturesExpire))
    }

    /// Why nothing can be placed in the region, if that is so.
    pub(crate) fn no_capacity(&self, wanted: &Region) -> Option<&str> {
        self.active.values().find_map(|fault| match fault {
            Fault::NoCapacity { region, reason } if region == wanted => Some(reason.as_str()),
            _ => None,
        })
    }

    /// Whether tasks in the region cannot pull their image.
    pub(crate) fn image_missing(&self, wanted: &Region) -> bool {
        self.active.values().any(|fault| matches!(fault, Fault::ImageMissing { region } if region == wanted))
    }

    /// Why tasks in the region cannot start, if that is so.
    pub(crate) fn tasks_fail(&self, wanted: &Region) -> Option<TaskFailure> {
        self.active.values().find_map(|fault| match fault {
            Fault::TasksFail { region, failure } if region == wanted => Some(*failure),
            _ => None,
        })
    }

    /// How deployments in the region fare, if badly.
    pub(crate) fn deployment(&self, wanted: &Region) -> Option<Deployment> {
        self.active.values().find_map(|fault| match fault {
            Fault::DeploymentStuck { region } if region == wanted => Some(Deployment::Stuck),
            Fault::DeploymentFailed { region } if region == wanted => Some(Deployment::Failed),
            _ => None,
        })
    }

    pub(crate) fn promotion_fails(&self, wanted: &str) -> bool {
        let fails =
            |fault: &Fault| matches!(fault, Fault::PromotionFails { global_cluster } if global_cluster == wanted);
        self.active.values().any(fails)
    }

    /// Status that the DB cluster or instance has instead of its own, and whether calls are refused meanwhile.
    pub(crate) fn database_status(&self, wanted: &str) -> Option<(&str, bool)> {
        self.active.values().find_map(|fault| match fault {
            Fault::DatabaseStatus { id, status, refuses } if id == wanted => Some((status.as_str(), *refuses)),
            _ => None,
        })
    }

    /// Code and words with which RDS refuses a switchover of that global cluster, if it does.
    pub(crate) fn switchover_refused(&self, wanted: &str) -> Option<(&str, &str)> {
        self.active.values().find_map(|fault| match fault {
            Fault::SwitchoverRefused { global_cluster, code, reason } if global_cluster == wanted => {
                Some((code.as_str(), reason.as_str()))
            }
            _ => None,
        })
    }

    /// Whether snapshots of the DB cluster with that identifier fail.
    pub(crate) fn snapshots_fail(&self, wanted: &str) -> bool {
        let fails = |fault: &Fault| matches!(fault, Fault::SnapshotsFail { db_cluster } if db_cluster == wanted);
        self.active.values().any(fails)
    }

    /// How many clients are connected to the DB cluster with that identifier; none are simulated otherwise.
    pub(crate) fn connections(&self, wanted: &str) -> f64 {
        let of = |fault: &Fault| match fault {
            Fault::DatabaseInUse { db_cluster, connections } if db_cluster == wanted => Some(f64::from(*connections)),
            _ => None,
        };
        self.active.values().find_map(of).unwrap_or_default()
    }

    /// What hangs on DB clusters: their identifiers, and what it is.
    pub(crate) fn attached(&self) -> impl Iterator<Item = (&str, &Attachment)> {
        self.active.values().filter_map(|fault| match fault {
            Fault::Attached { db_cluster, what } => Some((db_cluster.as_str(), what)),
            _ => None,
        })
    }

    /// Whether secondaries of the global cluster never catch up.
    pub(crate) fn never_connects(&self, wanted: &str) -> bool {
        let never =
            |fault: &Fault| matches!(fault, Fault::NeverConnects { global_cluster } if global_cluster == wanted);
        self.active.values().any(never)
    }

    /// What that side's endpoint answers instead of its stack: the status, and where it redirects to.
    pub(crate) fn endpoint_answer(&self, wanted: &str, at: Side) -> Option<(u16, Option<String>)> {
        self.active.values().find_map(|fault| match fault {
            Fault::EndpointAnswers { pair, side, status, location } if pair == wanted && *side == at => {
                Some((*status, location.clone()))
            }
            _ => None,
        })
    }

    /// Whether builds of the application's project fail.
    pub(crate) fn build_fails(&self, wanted: &str) -> bool {
        let fails = |fault: &Fault| matches!(fault, Fault::BuildFails { pair } if pair == wanted);
        self.active.values().any(fails)
    }

    /// What is to happen to a call; counts down the fault that says so.
    pub(crate) fn disturb(&mut self, call: &ApiCall) -> Option<Disturbance> {
        self.active.values_mut().find_map(|fault| match fault {
            Fault::Calls { target, disturbance, times } if target.matches(call) => match times {
                Some(0) => None,
                Some(left) => {
                    *left -= 1;
                    Some(disturbance.clone())
                }
                None => Some(disturbance.clone()),
            },
            _ => None,
        })
    }
}

impl Simulation {
    /// The fault is in force from now on.
    pub(super) fn begin_fault(&mut self, id: FaultId) {
        let Some(fault) = self.faults.announced.remove(&id) else { return };
        match &fault {
            Fault::RecordTaken { pair, dns_name, zone } => self.take_record(pair, dns_name, zone),
            Fault::RecordAppears { pair, record } => self.add_record(pair, record),
            Fault::ScaledToZero { pair, side } => self.scale_to_zero(pair, *side),
            Fault::FallsBehind { global_cluster } => self.fall_behind(global_cluster),
            Fault::RegionDark(_)
            | Fault::SignaturesExpire
            | Fault::EndpointAnswers { .. }
            | Fault::Calls { .. }
            | Fault::PromotionFails { .. }
            | Fault::SwitchoverRefused { .. }
            | Fault::NoCapacity { .. }
            | Fault::ImageMissing { .. }
            | Fault::TasksFail { .. }
            | Fault::DeploymentStuck { .. }
            | Fault::DeploymentFailed { .. }
            | Fault::DatabaseStatus { .. }
            | Fault::SnapshotsFail { .. }
            | Fault::NeverConnects { .. }
            | Fault::DatabaseInUse { .. }
            | Fault::Attached { .. }
            | Fault::BuildFails { .. } => {
                self.faults.active.insert(id, fault);
            }
        }
        self.follow_replication();
    }

    /// The fault, in force or announced, is over.
    pub(crate) fn end_fault(&mut self, id: FaultId) {
        self.faults.announced.remove(&id);
        let ended = self.faults.active.remove(&id);
        match ended {
            Some(Fault::RegionDark(region)) => self.region_back(&region),
            Some(Fault::NeverConnects { global_cluster }) => self.resume_resync(&global_cluster),
            _ => {}
        }
        self.follow_replication();
    }
}
