//! DB clusters: how they come, are changed, and go.

use std::time::Duration;

use super::{CatchUp, DbCluster, Life, Member, Refill, Synchronization, global_not_found, resource_id};
use crate::{
    pair::{Pair, Side},
    region::Region,
    simulation::{
        Simulation,
        agenda::Event,
        refusal::{Refusal, Result},
    },
};

/// What `CreateDBCluster` asks for: a new secondary of a global cluster.
#[derive(Debug)]
pub(crate) struct NewCluster<'a> {
    pub(crate) id: &'a str,
    pub(crate) global_cluster: &'a str,
    pub(crate) engine_version: Option<&'a str>,
    pub(crate) kms_key: Option<&'a str>,
    /// `SourceRegion`, from clients that send it.
    pub(crate) source_region: Option<&'a str>,
    /// Whether there is a `PreSignedUrl`, which other clients make of the source region.
    pub(crate) presigned: bool,
    pub(crate) deletion_protection: bool,
}

impl<'a> NewCluster<'a> {
    /// The secondary in the primary region that Terraform asks for, under that identifier.
    pub(crate) fn secondary(pair: &'a Pair, id: &'a str) -> Self {
        Self {
            id,
            global_cluster: &pair.global_cluster,
            engine_version: Some(&pair.engine_version),
            kms_key: Some(&pair.primary.kms_key),
            source_region: None,
            presigned: true,
            deletion_protection: true,
        }
    }
}

/// Between two looks at whether a cluster that is being deleted has lost its instances.
const DELETION_POLL: Duration = Duration::from_secs(10);

impl Simulation {
    /// `CreateDBCluster` with a global cluster, as called in `region`; gives the new cluster's ARN.
    pub(crate) fn create_cluster(&mut self, region: &Region, wanted: &NewCluster<'_>) -> Result<String> {
        let (pair, side) = self.site_of(region, wanted.global_cluster)?;
        let arn = pair.arn(side, "rds", &format!("cluster:{}", wanted.id));
        if self.aurora.clusters.contains_key(&arn) {
            return Err(Refusal::invalid("DBClusterAlreadyExistsFault", "DB Cluster already exists"));
        }
        self.check_joining(region, wanted)?;
        let kms_key_arn = kms_key(pair, side, wanted.kms_key)?;
        let cluster = DbCluster {
            id: wanted.id.to_owned(),
            arn: arn.clone(),
            resource_id: resource_id(&arn, self.now),
            region: region.clone(),
            global_cluster: Some(wanted.global_cluster.to_owned()),
            account: pair.account.clone(),
            engine_version: pair.site(side).engine_version(pair),
            kms_key_arn,
            zones: pair.site(side).zones,
            acu: pair.site(side).db_acu,
            instances: Vec::new(),
            life: Life::Creating,
            deletion_protection: wanted.deletion_protection,
            keeps_backups: false,
            created: self.now,
            wrote_until: None,
            refill: Refill::New,
            catch_up: CatchUp::Waiting,
            replicated: Vec::new(),
        };
        self.aurora.clusters.insert(arn.clone(), cluster);
        if let Some(global) = self.aurora.global_clusters.get_mut(wanted.global_cluster) {
            let synchronization = Synchronization::PendingResync;
            global.members.push(Member { cluster_arn: arn.clone(), writer: false, synchronization });
        }
        let takes = self.dice.around(self.durations().cluster_creation, &format!("cluster/{arn}/{}", self.now));
        self.later(takes, Event::ClusterReady { cluster: arn.clone() });
        Ok(arn)
    }

    /// The site that a global cluster has in a region.
    fn site_of(&self, region: &Region, global_cluster: &str) -> Result<(&Pair, Side)> {
        let mut sites = self.sites().filter(|(pair, ..)| pair.global_cluster == global_cluster).peekable();
        sites.peek().ok_or_else(|| global_not_found(global_cluster))?;
        let found = sites.find(|(_, _, site)| site.region == *region).map(|(pair, side, _)| (pair, side));
        let message = || format!("Region {region} is not part of the rehearsal of global cluster {global_cluster}");
        found.ok_or_else(|| Refusal::invalid("InvalidParameterValue", message()))
    }

    /// Whether a cluster may join its global cluster as a secondary in `region`.
    fn check_joining(&self, region: &Region, wanted: &NewCluster<'_>) -> Result<()> {
        let id = wanted.global_cluster;
        let global = self.aurora.global_clusters.get(id).ok_or_else(|| global_not_found(id))?;
        let combination = |message: String| Err(Refusal::invalid("InvalidParameterCombination", message));
        let mut members = global.members.iter().filter_map(|member| self.aurora.clusters.get(&member.cluster_arn));
        if global.transition.is_some() || members.any(|member| member.region == *region) {
            let message = format!("Global cluster {id} cannot take a DB cluster in {region} now");
            return Err(Refusal::invalid("InvalidGlobalClusterStateFault", message));
        }
        let Some(writer) = self.aurora.writer(id) else {
            let message = format!("Global cluster {id} has no primary DB cluster");
            return Err(Refusal::invalid("InvalidGlobalClusterStateFault", message));
        };
        if wanted.engine_version.is_some_and(|version| version != global.engine_version) {
            return combination(format!(
                "The engine version must be {}, as the global cluster's",
                global.engine_version
            ));
        }
        match wanted.source_region {
            Some(source) if source != writer.region.as_str() => {
                combination(format!("The source region must be {}, not {source}", writer.region))
            }
            None if !wanted.presigned => {
                combination(format!("Source cluster {} is encrypted; pre-signed URL has to be specified", writer.arn))
            }
            _ => Ok(()),
        }
    }

    pub(in crate::simulation) fn cluster_ready(&mut self, arn: &str) {
        let Some(cluster) = self.aurora.clusters.get_mut(arn) else { return };
        cluster.life = Life::Available;
        let global = cluster.global_cluster.clone();
        // RDS-EVENT-0170
        self.tell_life(arn, &["creation"], "DB cluster created.");
        if let Some(global) = global {
            self.begin_resync(&global, arn);
            self.follow_replication();
        }
    }

    /// `ModifyDBCluster`, of which deletion protection is simulated; it changes at once. Gives the cluster's ARN.
    pub(crate) fn modify_cluster(&mut self, region: &Region, id: &str, protection: Option<bool>) -> Result<String> {
        let cluster = self.cluster_in(region, id)?;
        self.check_state(cluster)?;
        let arn = cluster.arn.clone();
        let cluster = self.aurora.clusters.get_mut(&arn).ok_or_else(|| cluster_not_found(id))?;
        cluster.deletion_protection = protection.unwrap_or(cluster.deletion_protection);
        Ok(arn)
    }

    /// `DeleteDBCluster`; gives the cluster's ARN. Its manual snapshots stay, its automated ones go with it unless they are kept.
    pub(crate) fn delete_cluster(
        &mut self,
        region: &Region,
        id: &str,
        final_snapshot: Option<&str>,
        keeps_backups: bool,
    ) -> Result<String> {
        let cluster = self.cluster_in(region, id)?;
        self.check_deletion(cluster)?;
        let arn = cluster.arn.clone();
        if let Some(snapshot) = final_snapshot {
            self.create_snapshot(region, id, snapshot)?;
        }
        if let Some(cluster) = self.aurora.clusters.get_mut(&arn) {
            cluster.life = Life::Deleting;
            cluster.keeps_backups = keeps_backups;
        }
        let takes = self.durations().cluster_deletion;
        let takes = self.dice.around(takes, &format!("cluster-deletion/{arn}/{}", self.now));
        self.later(takes, Event::ClusterGone { cluster: arn.clone() });
        Ok(arn)
    }

    fn check_deletion(&self, cluster: &DbCluster) -> Result<()> {
        self.check_state(cluster)?;
        if cluster.deletion_protection {
            let message = "Cannot delete protected Cluster, please disable deletion protection and try again.";
            return Err(Refusal::invalid("InvalidParameterCombination", message));
        }
        if self.faults.attached().any(|(id, _)| cluster.is(id)) {
            let message = format!("DB cluster {} cannot be deleted while other resources depend on it.", cluster.id);
            return Err(Refusal::invalid("InvalidDBClusterStateFault", message));
        }
        let members = self.aurora.global_of(cluster).map_or(0, |global| global.members.len());
        if members > 1 && !self.is_secondary(cluster) {
            let message = "Unable to delete cluster that is a primary member of global cluster while there are other \
                global cluster members";
            return Err(Refusal::invalid("InvalidGlobalClusterStateFault", message));
        }
        if members > 0 {
            let message = "This cluster is a part of a global cluster, please remove it from globalcluster first";
            return Err(Refusal::invalid("InvalidDBClusterStateFault", message));
        }
        if cluster.instances.iter().any(|instance| instance.life != Life::Deleting) {
            let message = "Cluster cannot be deleted, it still contains DB instances in non-deleting state.";
            return Err(Refusal::invalid("InvalidDBClusterStateFault", message));
        }
        Ok(())
    }

    /// The cluster goes, once its instances are gone.
    pub(in crate::simulation) fn cluster_gone(&mut self, arn: &str) {
        let Some(cluster) = self.aurora.clusters.get(arn) else { return };
        let keeps_backups = cluster.keeps_backups;
        if !cluster.instances.is_empty() {
            self.later(DELETION_POLL, Event::ClusterGone { cluster: arn.to_owned() });
            return;
        }
        // RDS-EVENT-0171
        self.tell_life(arn, &["deletion"], "DB cluster deleted.");
        self.aurora.clusters.remove(arn);
        self.aurora.snapshots.retain(|_, snapshot| keeps_backups || !snapshot.automated || snapshot.cluster_arn != arn);
    }

    /// The region's cluster with that name or ARN.
    pub(crate) fn cluster_in(&self, region: &Region, id: &str) -> Result<&DbCluster> {
        let mut clusters = self.aurora.clusters.values().filter(|cluster| cluster.region == *region);
        clusters.find(|cluster| cluster.is(id)).ok_or_else(|| cluster_not_found(id))
    }
}

impl DbCluster {
    /// Whether it has that name, in which RDS does not tell case apart, or that ARN.
    pub(crate) fn is(&self, id: &str) -> bool {
        self.id.eq_ignore_ascii_case(id) || self.arn == id
    }

    pub(super) fn must_be_available(&self) -> Result<()> {
        if self.life == Life::Available {
            return Ok(());
        }
        Err(self.not_available())
    }

    pub(super) fn not_available(&self) -> Refusal {
        let message = format!("DB cluster {} is not currently in the available state.", self.id);
        Refusal::invalid("InvalidDBClusterStateFault", message)
    }
}

/// The key that an encrypted secondary in another region needs: one of that region, named explicitly, by id or ARN.
fn kms_key(pair: &Pair, side: Side, wanted: Option<&str>) -> Result<String> {
    let arn = pair.kms_key_arn(side);
    match wanted {
        Some(key) if key == arn || key == pair.site(side).kms_key => Ok(arn),
        Some(key) => {
            let message = format!(
                "The specified KMS key [{key}] does not exist, is not enabled or you do not have \
                permissions to access it."
            );
            Err(Refusal::invalid("KMSKeyNotAccessibleFault", message))
        }
        None => {
            let message = "For encrypted cross-region replica, kmsKeyId should be explicitly specified";
            Err(Refusal::invalid("InvalidParameterCombination", message))
        }
    }
}

/// The answer to an unknown DB cluster.
pub(crate) fn cluster_not_found(id: &str) -> Refusal {
    Refusal::not_found("DBClusterNotFoundFault", format!("DBCluster {id} not found."))
}
