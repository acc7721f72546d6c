//! DB instances: how they come and go.

use jiff::Timestamp;

use super::{DbCluster, Life, cluster_not_found};
use crate::{
    region::Region,
    simulation::{
        Simulation,
        agenda::Event,
        refusal::{Refusal, Result},
    },
};

/// A DB instance of a cluster.
#[derive(Debug)]
pub(crate) struct DbInstance {
    pub(crate) id: String,
    pub(crate) class: String,
    pub(crate) created: Timestamp,
    pub(crate) life: Life,
}

impl Simulation {
    /// `CreateDBInstance` in a cluster; gives the cluster's ARN.
    pub(crate) fn create_instance(&mut self, region: &Region, cluster: &str, id: &str, class: &str) -> Result<String> {
        let takes = self.durations().instance_creation;
        if self.instance(region, id).is_some() {
            let message = format!("DB Instance already exists: {id}");
            return Err(Refusal::invalid("DBInstanceAlreadyExists", message));
        }
        let now = self.now;
        let found = self.aurora.clusters.values_mut().find(|other| other.region == *region && other.is(cluster));
        let cluster = found.ok_or_else(|| cluster_not_found(cluster))?;
        cluster.must_be_available()?;
        let instance = DbInstance { id: id.to_owned(), class: class.to_owned(), created: now, life: Life::Creating };
        cluster.instances.push(instance);
        let arn = cluster.arn.clone();
        let takes = self.dice.around(takes, &format!("instance/{arn}/{id}/{now}"));
        self.later(takes, Event::InstanceReady { cluster: arn.clone(), instance: id.to_owned() });
        Ok(arn)
    }

    /// `DeleteDBInstance`; gives the cluster's ARN. A cluster's deletion protection does not cover its instances.
    pub(crate) fn delete_instance(&mut self, region: &Region, id: &str) -> Result<String> {
        let (cluster, instance) = self.instance(region, id).ok_or_else(|| instance_not_found(id))?;
        if instance.life != Life::Available {
            let why = if instance.life == Life::Deleting { "already being deleted" } else { "not in available state" };
            return Err(Refusal::invalid("InvalidDBInstanceState", format!("Instance {id} is {why}.")));
        }
        let last = cluster.instances.iter().filter(|other| other.life != Life::Deleting).count() == 1;
        let feeds_others = self.aurora.member(cluster).is_some_and(|member| member.writer)
            && self.aurora.global_of(cluster).is_some_and(|global| global.members.len() > 1);
        if last && feeds_others {
            let message = "Cannot delete the last instance of the master cluster. Delete the replica cluster before \
                deleting the last master cluster instance.";
            return Err(Refusal::invalid("InvalidDBClusterStateFault", message));
        }
        let arn = cluster.arn.clone();
        let takes = self.durations().instance_deletion;
        let takes = self.dice.around(takes, &format!("instance-deletion/{arn}/{id}/{}", self.now));
        if let Some(instance) = self.instance_mut(&arn, id) {
            instance.life = Life::Deleting;
        }
        self.later(takes, Event::InstanceGone { cluster: arn.clone(), instance: id.to_owned() });
        Ok(arn)
    }

    pub(in crate::simulation) fn instance_ready(&mut self, cluster: &str, id: &str) {
        if let Some(instance) = self.instance_mut(cluster, id) {
            instance.life = Life::Available;
        }
        // RDS-EVENT-0005
        self.tell_instance(cluster, id, &["creation"], "DB instance created".to_owned());
    }

    pub(in crate::simulation) fn instance_gone(&mut self, cluster: &str, id: &str) {
        // RDS-EVENT-0003
        self.tell_instance(cluster, id, &["deletion"], "DB instance deleted".to_owned());
        if let Some(cluster) = self.aurora.clusters.get_mut(cluster) {
            cluster.instances.retain(|instance| instance.id != id);
        }
    }

    /// The region's instance with that id, and its cluster.
    fn instance(&self, region: &Region, id: &str) -> Option<(&DbCluster, &DbInstance)> {
        let clusters = self.aurora.clusters.values().filter(|cluster| cluster.region == *region);
        clusters.flat_map(|cluster| cluster.instances.iter().map(move |each| (cluster, each))).find(|(_, e)| e.id == id)
    }

    fn instance_mut(&mut self, cluster: &str, id: &str) -> Option<&mut DbInstance> {
        let cluster = self.aurora.clusters.get_mut(cluster)?;
        cluster.instances.iter_mut().find(|instance| instance.id == id)
    }
}

/// ARN of one of the cluster's instances.
pub(crate) fn instance_arn(cluster: &DbCluster, instance: &str) -> String {
    format!("arn:aws:rds:{}:{}:db:{instance}", cluster.region, cluster.account)
}

/// The answer to an unknown instance.
pub(crate) fn instance_not_found(id: &str) -> Refusal {
    Refusal::not_found("DBInstanceNotFound", format!("DBInstance {id} not found."))
}
