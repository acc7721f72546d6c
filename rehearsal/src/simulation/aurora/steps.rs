//! What happens by itself while the writer moves: the steps of a failover or switchover.

use super::{CatchUp, Kind, Refill, Synchronization, Transition};
use crate::simulation::Simulation;

/// What happens by itself while the writer moves, and to a member afterwards.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// The request has been verified.
    Begin,
    /// Writes in the old primary are blocked, or it is given up.
    Fence,
    /// The members change their parts.
    Flip,
    /// Everything is available again.
    Finish,
    /// The promotion fails.
    Fail,
    /// A member may have caught up.
    Resynced,
}

impl Simulation {
    /// One step of a global cluster's transition or of what follows it.
    pub(crate) fn aurora_step(&mut self, id: &str, step: Step) {
        match (step, self.aurora.global_clusters.get(id).and_then(|global| global.transition.clone())) {
            (Step::Resynced, _) => self.resynced(id),
            (Step::Begin, Some(transition)) => self.begin(id, &transition),
            (Step::Fence, Some(transition)) => self.fence(id, &transition),
            (Step::Flip, Some(transition)) => self.flip(id, &transition),
            (Step::Finish, Some(transition)) => self.finish(id, &transition),
            (Step::Fail, Some(transition)) => self.fail(id, &transition),
            (_, None) => {}
        }
        self.follow_replication();
    }

    fn begin(&mut self, id: &str, transition: &Transition) {
        if let Some(current) = self.transition_mut(id) {
            current.begun = true;
        }
        if transition.kind == Kind::Switchover {
            // RDS-EVENT-0181
            self.tell_cluster(&transition.to, |name| format!("Global switchover to DB cluster {name} started."));
        }
    }

    /// RDS-EVENT-0390 and 0391; told by an instance of the new primary, which answers in any case.
    fn fence(&mut self, id: &str, transition: &Transition) {
        let Some(old) = self.aurora.clusters.get(&transition.from) else { return };
        let blocked = !self.is_dark(&old.region);
        let outcome = if blocked { "succeeded" } else { "timed out" };
        let message = format!("Attempt to block writes for DB cluster {} in Region {} {outcome}.", old.id, old.region);
        if let Some(current) = self.transition_mut(id) {
            current.fenced = blocked;
        }
        if transition.kind == Kind::Switchover {
            // RDS-EVENT-0182
            self.tell_cluster(&transition.from, |name| {
                format!("Old primary DB cluster {name} successfully shut down.")
            });
        }
        let new = self.aurora.clusters.get(&transition.to);
        if let Some(instance) = new.and_then(|new| new.instances.first()).map(|instance| instance.id.clone()) {
            self.tell_instance(&transition.to, &instance, &["notification", "global database"], message);
        }
    }

    fn flip(&mut self, id: &str, transition: &Transition) {
        let Some(global) = self.aurora.global_clusters.get_mut(id) else { return };
        for member in &mut global.members {
            member.writer = member.cluster_arn == transition.to;
            // A writer has nothing to catch up with, even one that had not done so.
            if member.writer {
                member.synchronization = Synchronization::Connected;
            }
            // Only a managed failover gives the old primary a new volume, to be filled again.
            if transition.kind == Kind::Failover && member.cluster_arn == transition.from {
                member.synchronization = Synchronization::PendingResync;
            }
        }
        let old = self.aurora.clusters.get_mut(&transition.from).filter(|_| transition.kind == Kind::Failover);
        if let Some(old) = old {
            old.refill = Refill::AfterFailover;
            old.catch_up = CatchUp::Waiting;
        }
        if transition.kind == Kind::Switchover {
            // RDS-EVENT-0184
            self.tell_cluster(&transition.to, |name| {
                format!("New primary DB cluster {name} was successfully promoted.")
            });
        }
    }

    fn finish(&mut self, id: &str, transition: &Transition) {
        self.end_transition(id);
        // RDS-EVENT-0238, RDS-EVENT-0185, RDS-EVENT-0397
        self.tell_cluster(&transition.to, |name| match transition.kind {
            Kind::Failover => format!("Global failover to DB cluster {name} completed."),
            Kind::Switchover => format!("Global switchover to DB cluster {name} finished."),
        });
        self.tell_cluster(&transition.to, |_| {
            "Aurora finished changing the DNS name that the global writer endpoint resolves to.".to_owned()
        });
        if transition.kind == Kind::Failover {
            self.begin_resync(id, &transition.from);
        }
    }

    fn fail(&mut self, id: &str, transition: &Transition) {
        self.end_transition(id);
        // RDS-EVENT-0239, RDS-EVENT-0187
        self.tell_cluster(&transition.to, |name| match transition.kind {
            Kind::Failover => format!("Global failover to DB cluster {name} failed."),
            Kind::Switchover => format!("Global switchover to DB cluster {name} failed."),
        });
    }

    fn transition_mut(&mut self, id: &str) -> Option<&mut Transition> {
        self.aurora.global_clusters.get_mut(id)?.transition.as_mut()
    }

    fn end_transition(&mut self, id: &str) {
        if let Some(global) = self.aurora.global_clusters.get_mut(id) {
            global.transition = None;
        }
    }
}
