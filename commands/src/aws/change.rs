//! Changing calls, made.

use aws_sdk_applicationautoscaling::types::{ScalableDimension, ServiceNamespace, SuspendedState};
use aws_types::request_id::RequestId;

use super::{Aws, AwsError, Regional, call::Operation};
use crate::{
    change::{Change, Irreversible, scalable_resource},
    gate::Approval,
    observation::Suspended,
    topology::SideName,
};

static REGISTER_TARGET: Operation = Operation::new("application-autoscaling", "RegisterScalableTarget");
static UPDATE_SERVICE: Operation = Operation::new("ecs", "UpdateService");
static FAILOVER: Operation = Operation::new("rds", "FailoverGlobalCluster");
static SWITCHOVER: Operation = Operation::new("rds", "SwitchoverGlobalCluster");
static TAKE_SNAPSHOT: Operation = Operation::new("rds", "CreateDBClusterSnapshot");
static COPY_SNAPSHOT: Operation = Operation::new("rds", "CopyDBClusterSnapshot");
static MODIFY_CLUSTER: Operation = Operation::new("rds", "ModifyDBCluster");
static DELETE_INSTANCE: Operation = Operation::new("rds", "DeleteDBInstance");
static DELETE_CLUSTER: Operation = Operation::new("rds", "DeleteDBCluster");

/// AWS accepted a changing call. What it changes may take its time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accepted {
    /// AWS request id.
    pub request_id: Option<String>,
    /// What to follow it up with: Route 53's change id, CodeBuild's build id.
    pub reference: Option<String>,
}

impl Aws {
    /// Makes a change on that side (records, which are global, are the same from either). Retried only where AWS said that it did nothing.
    pub async fn apply(&self, side: SideName, change: &Change) -> Result<Accepted, AwsError> {
        let regional = self.acting(side, change.duty());
        match change {
            Change::ScalableTarget { cluster, service, min, max, suspended } => {
                let resource = scalable_resource(cluster, service);
                regional.register_target(&resource, *min, *max, *suspended).await
            }
            Change::DesiredCount { cluster, service, desired } => {
                regional.update_service(cluster, service, *desired).await
            }
            Change::Snapshot { cluster, snapshot } => regional.take_snapshot(cluster, snapshot).await,
            Change::SnapshotCopy { source, snapshot } => regional.copy_snapshot(source, snapshot).await,
            Change::DeletionProtection { cluster, enabled } => regional.protect(cluster, *enabled).await,
            Change::ListenerActions { listener, actions } => self.modify_listener(side, listener, actions).await,
            Change::RuleActions { rule, actions } => self.modify_rule(side, rule, actions).await,
            Change::Build { project, variables, token } => {
                regional.start_build(project, variables, token.as_deref()).await
            }
            Change::Records { zone, swaps } => self.change_records(zone, swaps).await,
            Change::Protections { zone, protections, create } => {
                self.change_protections(zone, protections, *create).await
            }
        }
    }

    /// Makes a change that cannot be undone, once, if `approval` is for it.
    pub async fn apply_irreversible(
        &self,
        side: SideName,
        change: &Irreversible,
        approval: &Approval,
    ) -> Result<Accepted, AwsError> {
        let regional = self.acting(side, change.duty());
        if !approval.covers(change) {
            return Err(AwsError::unsent(operation(change), &regional.caller.region, "nobody approved exactly this"));
        }
        match change {
            Irreversible::Failover { global_cluster, target } => regional.fail_over(global_cluster, target).await,
            Irreversible::Switchover { global_cluster, target } => regional.switch_over(global_cluster, target).await,
            Irreversible::DeleteInstance { instance } => regional.delete_instance(instance).await,
            Irreversible::DeleteCluster { cluster, delete_automated_backups, .. } => {
                regional.delete_cluster(cluster, *delete_automated_backups).await
            }
        }
    }
}

impl Regional {
    async fn register_target(
        &self,
        resource: &str,
        min: Option<i32>,
        max: Option<i32>,
        suspended: Option<Suspended>,
    ) -> Result<Accepted, AwsError> {
        let suspended = suspended.map(|suspended| {
            SuspendedState::builder()
                .dynamic_scaling_in_suspended(suspended.dynamic_in)
                .dynamic_scaling_out_suspended(suspended.dynamic_out)
                .scheduled_scaling_suspended(suspended.scheduled)
                .build()
        });
        let send = || {
            self.scaling
                .register_scalable_target()
                .service_namespace(ServiceNamespace::Ecs)
                .resource_id(resource)
                .scalable_dimension(ScalableDimension::EcsServiceDesiredCount)
                .set_min_capacity(min)
                .set_max_capacity(max)
                .set_suspended_state(suspended.clone())
                .send()
        };
        accepted(self.caller.change(&REGISTER_TARGET, send).await)
    }

    async fn update_service(&self, cluster: &str, service: &str, desired: i32) -> Result<Accepted, AwsError> {
        let send = || self.ecs.update_service().cluster(cluster).service(service).desired_count(desired).send();
        accepted(self.caller.change(&UPDATE_SERVICE, send).await)
    }

    async fn fail_over(&self, global_cluster: &str, target: &str) -> Result<Accepted, AwsError> {
        // Without `AllowDataLoss` this would be a planned switchover, which fails while the primary is dark.
        let send = || {
            let failover = self.rds.failover_global_cluster().global_cluster_identifier(global_cluster);
            failover.target_db_cluster_identifier(target).allow_data_loss(true).send()
        };
        accepted(self.caller.once(&FAILOVER, send).await)
    }

    async fn take_snapshot(&self, cluster: &str, snapshot: &str) -> Result<Accepted, AwsError> {
        let send = || {
            let create = self.rds.create_db_cluster_snapshot().db_cluster_identifier(cluster);
            create.db_cluster_snapshot_identifier(snapshot).send()
        };
        accepted(self.caller.change(&TAKE_SNAPSHOT, send).await)
    }

    async fn copy_snapshot(&self, source: &str, snapshot: &str) -> Result<Accepted, AwsError> {
        let send = || {
            let copy = self.rds.copy_db_cluster_snapshot().source_db_cluster_snapshot_identifier(source);
            copy.target_db_cluster_snapshot_identifier(snapshot).send()
        };
        accepted(self.caller.change(&COPY_SNAPSHOT, send).await)
    }

    async fn protect(&self, cluster: &str, enabled: bool) -> Result<Accepted, AwsError> {
        let send = || {
            let modify = self.rds.modify_db_cluster().db_cluster_identifier(cluster);
            modify.deletion_protection(enabled).apply_immediately(true).send()
        };
        accepted(self.caller.change(&MODIFY_CLUSTER, send).await)
    }

    async fn delete_instance(&self, instance: &str) -> Result<Accepted, AwsError> {
        let send = || self.rds.delete_db_instance().db_instance_identifier(instance).send();
        accepted(self.caller.once(&DELETE_INSTANCE, send).await)
    }

    async fn delete_cluster(&self, cluster: &str, delete_backups: Option<bool>) -> Result<Accepted, AwsError> {
        let send = || {
            let delete = self.rds.delete_db_cluster().db_cluster_identifier(cluster).skip_final_snapshot(true);
            delete.set_delete_automated_backups(delete_backups).send()
        };
        accepted(self.caller.once(&DELETE_CLUSTER, send).await)
    }

    async fn switch_over(&self, global_cluster: &str, target: &str) -> Result<Accepted, AwsError> {
        let send = || {
            let switchover = self.rds.switchover_global_cluster().global_cluster_identifier(global_cluster);
            switchover.target_db_cluster_identifier(target).send()
        };
        accepted(self.caller.once(&SWITCHOVER, send).await)
    }
}

fn operation(change: &Irreversible) -> &'static Operation {
    match change {
        Irreversible::Failover { .. } => &FAILOVER,
        Irreversible::Switchover { .. } => &SWITCHOVER,
        Irreversible::DeleteInstance { .. } => &DELETE_INSTANCE,
        Irreversible::DeleteCluster { .. } => &DELETE_CLUSTER,
    }
}

fn accepted<T: RequestId>(answer: Result<T, AwsError>) -> Result<Accepted, AwsError> {
    answer.map(|answer| Accepted { request_id: answer.request_id().map(str::to_owned), reference: None })
}
