//! What happens by itself to a global cluster: the steps of a failover or switchover, the resynchronization afterwards,
//! and whether replication goes on. Event messages are those of the Aurora User Guide's event tables, whose ids
//! (`RDS-EVENT-…`) `DescribeEvents` does not return.

use super::{
    Simulation,
    agenda::Event,
    aurora::{DbCluster, Kind, RdsEvent, Step, Synchronization, Transition},
};
use crate::region::Region;

impl Simulation {
    /// One step of a global cluster's transition or of what follows it.
    pub(super) fn aurora_step(&mut self, id: &str, step: Step) {
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
        let Some(new) = self.aurora.clusters.get(&transition.to) else { return };
        let Some(instance) = new.instances.first() else { return };
        let event = RdsEvent {
            at: self.now,
            region: new.region.clone(),
            source_type: "db-instance",
            source: instance.clone(),
            arn: instance_arn(new, instance),
            categories: &["notification", "global database"],
            message,
        };
        self.aurora.events.push(event);
    }

    fn flip(&mut self, id: &str, transition: &Transition) {
        let Some(global) = self.aurora.global_clusters.get_mut(id) else { return };
        for member in &mut global.members {
            member.writer = member.cluster_arn == transition.to;
            // Only a managed failover gives the old primary a new volume, to be filled again.
            if transition.kind == Kind::Failover && member.cluster_arn == transition.from {
                member.synchronization = Synchronization::PendingResync;
            }
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

    /// The former primary begins to catch up, if its region answers; else when it does again.
    fn begin_resync(&mut self, id: &str, arn: &str) {
        let Some(cluster) = self.aurora.clusters.get(arn) else { return };
        if self.is_dark(&cluster.region) {
            return;
        }
        // RDS-EVENT-0240
        self.tell_cluster(arn, |name| {
            format!("Started resynchronizing members of DB cluster {name} after global failover.")
        });
        let after = self.dice.around(self.durations().resync, &format!("resync/{arn}/{}", self.now));
        self.later(after, Event::Aurora { global_cluster: id.to_owned(), step: Step::Resynced });
    }

    /// A region answers again: members there that wait for it catch up.
    pub(super) fn region_back(&mut self, region: &Region) {
        let waiting: Vec<(String, String)> = self
            .aurora
            .global_clusters
            .values()
            .filter(|global| global.transition.is_none())
            .flat_map(|global| global.members.iter().map(move |member| (global, member)))
            .filter(|(_, member)| member.synchronization == Synchronization::PendingResync)
            .map(|(global, member)| (global.id.clone(), member.cluster_arn.clone()))
            .filter(|(_, arn)| self.aurora.clusters.get(arn).is_some_and(|cluster| cluster.region == *region))
            .collect();
        for (id, arn) in waiting {
            self.begin_resync(&id, &arn);
        }
    }

    /// A member has caught up, unless its region has gone dark meanwhile: then it starts over when that is back.
    fn resynced(&mut self, id: &str) {
        let Some(global) = self.aurora.global_clusters.get(id) else { return };
        let caught_up: Vec<String> = global
            .members
            .iter()
            .filter(|member| member.synchronization == Synchronization::PendingResync)
            .map(|member| member.cluster_arn.clone())
            .filter(|arn| self.aurora.clusters.get(arn).is_some_and(|cluster| !self.is_dark(&cluster.region)))
            .collect();
        for arn in caught_up {
            let members = self.aurora.global_clusters.get_mut(id).into_iter().flat_map(|global| &mut global.members);
            for member in members.filter(|member| member.cluster_arn == arn) {
                member.synchronization = Synchronization::Connected;
            }
            // RDS-EVENT-0241
            self.tell_cluster(&arn, |name| {
                format!("Finished resynchronizing members of DB cluster {name} after global failover.")
            });
        }
    }

    /// Opens and closes the spans of replication. A secondary whose writer's region is dark gets nothing, and reports
    /// nothing: its lag is unknown, not small.
    pub(super) fn follow_replication(&mut self) {
        let replicating: Vec<(String, bool)> = self
            .aurora
            .clusters
            .values()
            .map(|cluster| {
                let secondary = self.aurora.member(cluster);
                let connected = secondary.is_some_and(|m| !m.writer && m.synchronization == Synchronization::Connected);
                let source = self.aurora.writer(&cluster.global_cluster);
                let fed = source.is_some_and(|writer| !self.is_dark(&writer.region)) && !self.is_dark(&cluster.region);
                (cluster.arn.clone(), connected && fed)
            })
            .collect();
        for (arn, replicates) in replicating {
            let Some(cluster) = self.aurora.clusters.get_mut(&arn) else { continue };
            match (cluster.replicating.last_mut(), replicates) {
                (Some((_, until @ None)), false) => *until = Some(self.now),
                (Some((_, Some(_))) | None, true) => cluster.replicating.push((self.now, None)),
                _ => {}
            }
        }
    }

    fn transition_mut(&mut self, id: &str) -> Option<&mut Transition> {
        self.aurora.global_clusters.get_mut(id)?.transition.as_mut()
    }

    fn end_transition(&mut self, id: &str) {
        if let Some(global) = self.aurora.global_clusters.get_mut(id) {
            global.transition = None;
        }
    }

    /// A cluster's event, whose message gets the cluster's name as AWS words it: `<id> in Region <region>`.
    fn tell_cluster(&mut self, arn: &str, message: impl FnOnce(&str) -> String) {
        let Some(cluster) = self.aurora.clusters.get(arn) else { return };
        let event = RdsEvent {
            at: self.now,
            region: cluster.region.clone(),
            source_type: "db-cluster",
            source: cluster.id.clone(),
            arn: arn.to_owned(),
            categories: &["global failover"],
            message: message(&format!("{} in Region {}", cluster.id, cluster.region)),
        };
        self.aurora.events.push(event);
    }
}

/// ARN of one of the cluster's instances.
pub(crate) fn instance_arn(cluster: &DbCluster, instance: &str) -> String {
    format!("arn:aws:rds:{}:{}:db:{instance}", cluster.region, cluster.account)
}
