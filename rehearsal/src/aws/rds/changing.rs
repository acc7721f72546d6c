//! What RDS is asked to change.

use serde_json::{Value, json};

use super::shapes;
use crate::{
    aws::input::Input,
    region::Region,
    simulation::{
        Simulation,
        aurora::{NewCluster, cluster_not_found, global_not_found, instances::instance_not_found},
        refusal::{Refusal, Result},
    },
};

/// Without `AllowDataLoss` this is the same as a switchover (API reference of `FailoverGlobalCluster`).
pub(super) fn fail_over(simulation: &mut Simulation, region: &Region, input: Input<'_>) -> Result<Value> {
    let loss = input.flag("AllowDataLoss").unwrap_or(false);
    if loss && input.flag("Switchover").unwrap_or(false) {
        let message = "AllowDataLoss and Switchover cannot be specified together";
        return Err(Refusal::invalid("InvalidParameterCombination", message));
    }
    if !loss {
        return switch_over(simulation, region, input);
    }
    let (id, target) = (input.required("GlobalClusterIdentifier")?, input.required("TargetDbClusterIdentifier")?);
    simulation.fail_over(region, id, target)?;
    changed_global_cluster(simulation, id)
}

pub(super) fn switch_over(simulation: &mut Simulation, region: &Region, input: Input<'_>) -> Result<Value> {
    let (id, target) = (input.required("GlobalClusterIdentifier")?, input.required("TargetDbClusterIdentifier")?);
    simulation.switch_over(region, id, target)?;
    changed_global_cluster(simulation, id)
}

fn changed_global_cluster(simulation: &Simulation, id: &str) -> Result<Value> {
    let global = simulation.aurora.global_clusters.get(id).ok_or_else(|| global_not_found(id))?;
    Ok(json!({"GlobalCluster": shapes::global_cluster(global)}))
}

pub(super) fn remove_from_global(simulation: &mut Simulation, region: &Region, input: Input<'_>) -> Result<Value> {
    let (id, cluster) = (input.required("GlobalClusterIdentifier")?, input.required("DbClusterIdentifier")?);
    // The API takes an ARN; a name is one of the caller's region.
    let arn = simulation.cluster_in(region, cluster).map_or_else(|_| cluster.to_owned(), |found| found.arn.clone());
    simulation.remove_from_global(id, &arn)?;
    changed_global_cluster(simulation, id)
}

pub(super) fn create_global(simulation: &mut Simulation, region: &Region, input: Input<'_>) -> Result<Value> {
    let (id, source) = (input.required("GlobalClusterIdentifier")?, input.required("SourceDBClusterIdentifier")?);
    simulation.create_global(region, id, source)?;
    changed_global_cluster(simulation, id)
}

pub(super) fn create_cluster(simulation: &mut Simulation, region: &Region, input: Input<'_>) -> Result<Value> {
    let wanted = NewCluster {
        id: input.required("DBClusterIdentifier")?,
        global_cluster: input.required("GlobalClusterIdentifier")?,
        engine_version: input.text("EngineVersion"),
        kms_key: input.text("KmsKeyId"),
        source_region: input.text("SourceRegion"),
        presigned: input.text("PreSignedUrl").is_some(),
        deletion_protection: input.flag("DeletionProtection").unwrap_or(false),
    };
    check_engine(input)?;
    let arn = simulation.create_cluster(region, &wanted)?;
    changed_cluster(simulation, &arn)
}

pub(super) fn modify_cluster(simulation: &mut Simulation, region: &Region, input: Input<'_>) -> Result<Value> {
    let id = input.required("DBClusterIdentifier")?;
    let arn = simulation.modify_cluster(region, id, input.flag("DeletionProtection"))?;
    changed_cluster(simulation, &arn)
}

pub(super) fn delete_cluster(simulation: &mut Simulation, region: &Region, input: Input<'_>) -> Result<Value> {
    let id = input.required("DBClusterIdentifier")?;
    let final_snapshot = input.text("FinalDBSnapshotIdentifier");
    let skip = input.flag("SkipFinalSnapshot").unwrap_or(false);
    if skip == final_snapshot.is_some() {
        let message = "Either FinalDBSnapshotIdentifier or SkipFinalSnapshot has to be specified, and not both.";
        return Err(Refusal::invalid("InvalidParameterCombination", message));
    }
    let keeps_backups = input.flag("DeleteAutomatedBackups") == Some(false);
    let arn = simulation.delete_cluster(region, id, final_snapshot, keeps_backups)?;
    changed_cluster(simulation, &arn)
}

pub(super) fn create_instance(simulation: &mut Simulation, region: &Region, input: Input<'_>) -> Result<Value> {
    let (id, cluster) = (input.required("DBInstanceIdentifier")?, input.required("DBClusterIdentifier")?);
    let class = input.required("DBInstanceClass")?;
    check_engine(input)?;
    let arn = simulation.create_instance(region, cluster, id, class)?;
    changed_instance(simulation, &arn, id)
}

pub(super) fn delete_instance(simulation: &mut Simulation, region: &Region, input: Input<'_>) -> Result<Value> {
    let id = input.required("DBInstanceIdentifier")?;
    let arn = simulation.delete_instance(region, id)?;
    changed_instance(simulation, &arn, id)
}

fn check_engine(input: Input<'_>) -> Result<()> {
    match input.required("Engine")? {
        shapes::ENGINE => Ok(()),
        other => Err(Refusal::invalid("InvalidParameterValue", format!("Invalid DB engine: {other}"))),
    }
}

fn changed_cluster(simulation: &Simulation, arn: &str) -> Result<Value> {
    let cluster = simulation.aurora.clusters.get(arn).ok_or_else(|| cluster_not_found(arn))?;
    Ok(json!({"DBCluster": shapes::cluster(simulation, cluster)}))
}

fn changed_instance(simulation: &Simulation, cluster: &str, id: &str) -> Result<Value> {
    let cluster = simulation.aurora.clusters.get(cluster).ok_or_else(|| cluster_not_found(cluster))?;
    let instance = cluster.instances.iter().find(|instance| instance.id == id).ok_or_else(|| instance_not_found(id))?;
    Ok(json!({"DBInstance": shapes::instance(simulation, cluster, instance)}))
}
