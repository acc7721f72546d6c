//! What others do to an application, by the same rules as API calls.

use std::sync::Arc;

use super::{
    Simulation,
    aurora::{Life, NewCluster, cluster_not_found},
    ecs::ServiceKey,
    refusal::{Refusal, Result},
    scaling::Registration,
};
use crate::{
    interference::{Interfered, Interference},
    pair::{Colour, Pair, Side},
    snapshot::Snapshot,
};

/// Where a maintenance page is, and the hosted zone of that name.
const MAINTENANCE: (&str, &str) = ("maintenance.example.net", "Z2ELSEWHERE");

impl Simulation {
    /// Somebody does it to the application, and AWS may refuse that.
    pub(crate) fn interfere(&mut self, application: &str, what: Interference) -> Result<()> {
        let before = Arc::new(Snapshot::of(self));
        let pair = self.scenario.pairs.iter().find(|pair| pair.name == application).cloned();
        let unknown = || Refusal::invalid("ValidationException", format!("no application {application}"));
        let result = pair.ok_or_else(unknown).and_then(|pair| self.carry_out(&pair, what));
        let refused = result.as_ref().err().map(|refusal| format!("{}: {}", refusal.code, refusal.message));
        self.interferences.push(Interfered { at: self.now, what, refused, before });
        self.follow_replication();
        result
    }

    fn carry_out(&mut self, pair: &Pair, what: Interference) -> Result<()> {
        let dark = |side| self.is_dark(&pair.site(side).region);
        if side_of(what).is_some_and(dark) {
            return Err(Refusal::invalid("RequestTimeout", "nothing answers in the region"));
        }
        match what {
            Interference::OldValues(side) => self.old_values(pair, side),
            Interference::Scales(side, tasks) => self.scale(pair, side, Some(tasks), |_| tasks),
            Interference::StartsTasks(side) => {
                let production = |name: &str| pair.services.iter().find(|s| s.name == name).map_or(0, |s| s.desired);
                self.scale(pair, side, None, production)
            }
            Interference::MovesRecord(side) => {
                let endpoint = &pair.site(side).endpoint;
                self.move_records(pair, &endpoint.dns_name, &endpoint.zone);
                Ok(())
            }
            Interference::TakesRecord => {
                self.take_record(&pair.name, MAINTENANCE.0, MAINTENANCE.1);
                Ok(())
            }
            Interference::IdlesListener(side) => self.idle_listener(pair, side),
            Interference::DeletesSnapshots => self.delete_snapshots(pair),
            Interference::DeletesReader(side) => self.delete_reader(pair, side),
            Interference::AddsReader(side) => self.add_reader(pair, side),
            Interference::RenamesCluster => self.rename_cluster(pair),
            Interference::Detaches(side) => self.remove_from_global(&pair.global_cluster, &pair.db_cluster_arn(side)),
            Interference::BuildsElsewhere => self.build_elsewhere(pair),
        }
    }

    /// What Terraform's state says of a region from before the failover.
    fn old_values(&mut self, pair: &Pair, side: Side) -> Result<()> {
        let site = pair.site(side);
        for service in &pair.services {
            let (desired, min) = if side == Side::Primary { (service.desired, service.min) } else { (1, 1) };
            self.set_capacity(
                &ServiceKey::new(site.region.clone(), &site.ecs_cluster, &service.name),
                desired,
                Some(min),
            )?;
        }
        // There may be no cluster of that name by now.
        let _absent = self.modify_cluster(&site.region, &site.db_cluster, Some(true));
        Ok(())
    }

    fn scale(&mut self, pair: &Pair, side: Side, min: Option<u32>, desired: impl Fn(&str) -> u32) -> Result<()> {
        let site = pair.site(side);
        for service in &pair.services {
            let key = ServiceKey::new(site.region.clone(), &site.ecs_cluster, &service.name);
            self.set_capacity(&key, desired(&service.name), min)?;
        }
        Ok(())
    }

    fn set_capacity(&mut self, key: &ServiceKey, desired: u32, min: Option<u32>) -> Result<()> {
        if min.is_some() {
            self.register_target(key, &Registration { min, ..Registration::default() })?;
        }
        self.set_desired(key, desired)
    }

    fn idle_listener(&mut self, pair: &Pair, side: Side) -> Result<()> {
        let (arn, blue) = (pair.listener_arn(side), pair.target_group_arn(side, Colour::Blue));
        self.forward_all(&pair.site(side).region, &arn, &blue)
    }

    fn delete_snapshots(&mut self, pair: &Pair) -> Result<()> {
        let of_primary = self.aurora.snapshots.values().filter(|snapshot| snapshot.region == pair.primary.region);
        let manual: Vec<String> =
            of_primary.filter(|snapshot| !snapshot.automated).map(|snapshot| snapshot.arn.clone()).collect();
        if manual.is_empty() {
            return Err(Refusal::not_found("DBClusterSnapshotNotFoundFault", "there is no manual snapshot"));
        }
        manual.iter().try_for_each(|arn| self.delete_snapshot(arn))
    }

    fn delete_reader(&mut self, pair: &Pair, side: Side) -> Result<()> {
        let site = pair.site(side);
        let cluster = self.cluster_in(&site.region, &site.db_cluster)?;
        let reader = cluster.instances.iter().skip(1).next_back().map(|instance| instance.id.clone());
        let reader = reader.ok_or_else(|| Refusal::not_found("DBInstanceNotFound", "there is no reader"))?;
        self.delete_instance(&site.region, &reader).map(drop)
    }

    fn add_reader(&mut self, pair: &Pair, side: Side) -> Result<()> {
        let site = pair.site(side);
        let cluster = self.cluster_in(&site.region, &site.db_cluster)?;
        let reader = format!("{}-reader-{}", site.db_cluster, cluster.instances.len() + 1);
        self.create_instance(&site.region, &site.db_cluster, &reader, &site.db_instance_class).map(drop)
    }

    /// `ModifyDBCluster` with `NewDBClusterIdentifier`: its ARN changes, its resource id stays.
    fn rename_cluster(&mut self, pair: &Pair) -> Result<()> {
        let site = &pair.primary;
        let cluster = self.cluster_in(&site.region, &site.db_cluster)?;
        self.check_state(cluster)?;
        if cluster.global_cluster.is_some() || cluster.instances.iter().any(|instance| instance.life != Life::Available)
        {
            let message = format!("DB cluster {} can't be renamed in its current state.", cluster.id);
            return Err(Refusal::invalid("InvalidDBClusterStateFault", message));
        }
        let arn = cluster.arn.clone();
        let Some(mut cluster) = self.aurora.clusters.remove(&arn) else { return Err(cluster_not_found(&arn)) };
        cluster.id = format!("{}-old", site.db_cluster);
        cluster.arn = pair.arn(Side::Primary, "rds", &format!("cluster:{}", cluster.id));
        self.aurora.clusters.insert(cluster.arn.clone(), cluster);
        Ok(())
    }

    fn build_elsewhere(&mut self, pair: &Pair) -> Result<()> {
        let site = &pair.primary;
        let id = format!("{}-v2", site.db_cluster);
        let wanted = NewCluster::secondary(pair, &id);
        self.create_cluster(&site.region, &wanted).map(drop)
    }
}

/// The region whose API it takes, but for Route 53's.
fn side_of(what: Interference) -> Option<Side> {
    match what {
        Interference::OldValues(side)
        | Interference::Scales(side, _)
        | Interference::StartsTasks(side)
        | Interference::IdlesListener(side)
        | Interference::DeletesReader(side)
        | Interference::AddsReader(side)
        | Interference::Detaches(side) => Some(side),
        Interference::DeletesSnapshots | Interference::RenamesCluster | Interference::BuildsElsewhere => {
            Some(Side::Primary)
        }
        Interference::MovesRecord(_) | Interference::TakesRecord => None,
    }
}
