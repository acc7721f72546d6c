//! Every call that changes something, as data: a plan lists them, the log records them before they are made, and
//! [`crate::aws::Aws`] makes them. Reversible and irreversible calls are different types, so that the latter cannot be made without an
//! approval.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    observation::{Alias, ListenerAction, Protection, RecordSet, Suspended, WeightedTarget},
    partition::Partition,
    topology::Duty,
};

/// A change that can be undone by another change.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "change", rename_all = "snake_case", deny_unknown_fields)]
pub enum Change {
    /// `application-autoscaling:RegisterScalableTarget` on an ECS service; what is absent is kept.
    ScalableTarget {
        /// ECS cluster name.
        cluster: String,
        /// Service name.
        service: String,
        /// New minimum.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        min: Option<i32>,
        /// New maximum.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        max: Option<i32>,
        /// Which scaling is to be suspended.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        suspended: Option<Suspended>,
    },
    /// `ecs:UpdateService` with a desired count and nothing else.
    DesiredCount {
        /// ECS cluster name.
        cluster: String,
        /// Service name.
        service: String,
        /// New desired count.
        desired: i32,
    },
    /// `elasticloadbalancing:ModifyListener` with the whole list of default actions.
    ListenerActions {
        /// Listener ARN.
        listener: String,
        /// All default actions.
        actions: Vec<ListenerAction>,
    },
    /// `elasticloadbalancing:ModifyRule` with the whole list of the rule's actions; its conditions stay.
    RuleActions {
        /// Rule ARN.
        rule: String,
        /// All actions.
        actions: Vec<ListenerAction>,
    },
    /// `rds:CreateDBClusterSnapshot`, a manual one.
    Snapshot {
        /// DB cluster identifier.
        cluster: String,
        /// Identifier of the new snapshot.
        snapshot: String,
    },
    /// `rds:CopyDBClusterSnapshot` within a region: a manual copy of a snapshot that RDS deletes by itself sooner or later.
    SnapshotCopy {
        /// Identifier of the snapshot that is copied.
        source: String,
        /// Identifier of the copy.
        snapshot: String,
    },
    /// `rds:ModifyDBCluster`, its deletion protection alone, at once.
    DeletionProtection {
        /// DB cluster identifier.
        cluster: String,
        /// On or off.
        enabled: bool,
    },
    /// `codebuild:StartBuild` of a project that applies Terraform.
    Build {
        /// Name of the project.
        project: String,
        /// Terraform's variables by name.
        variables: BTreeMap<String, String>,
        /// For five minutes the same token starts the same build; a plan has none yet.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        token: Option<String>,
    },
    /// `route53:ChangeResourceRecordSets`: all of a hosted zone's records in one batch, which Route 53 makes as a whole or not at all.
    Records {
        /// Hosted zone id.
        zone: String,
        /// What is replaced, in order.
        swaps: Vec<Swap>,
    },
    /// `route53:DeleteResourceRecordSetProtections`, or `CreateResourceRecordSetProtections` with what was deleted.
    Protections {
        /// Hosted zone id.
        zone: String,
        /// Which.
        protections: Vec<Protection>,
        /// Whether they are put back.
        create: bool,
    },
}

/// DELETE of the exact old value and CREATE of the new one, a compare-and-swap; CREATE alone where there is no record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Swap {
    /// The value that must be there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub old: Option<RecordSet>,
    /// The value that replaces it.
    pub new: RecordSet,
}

impl Swap {
    /// The actions that make it, in order.
    pub(crate) fn changes(&self) -> impl Iterator<Item = (&'static str, &RecordSet)> {
        self.old.iter().map(|old| ("DELETE", old)).chain([("CREATE", &self.new)])
    }

    /// The entries of `ChangeBatch.Changes` that make it.
    pub(crate) fn params(&self) -> Vec<Value> {
        let change = |(action, set)| json!({ "Action": action, "ResourceRecordSet": record_params(set) });
        self.changes().map(change).collect()
    }
}

/// A change that no other change undoes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "change", rename_all = "snake_case", deny_unknown_fields)]
pub enum Irreversible {
    /// `rds:FailoverGlobalCluster` with `AllowDataLoss`, sent to the target's region.
    Failover {
        /// Global cluster identifier.
        global_cluster: String,
        /// ARN of the DB cluster that becomes the writer.
        target: String,
    },
    /// `rds:SwitchoverGlobalCluster`, sent to the current writer's region. Loses no data, but moves the writer.
    Switchover {
        /// Global cluster identifier.
        global_cluster: String,
        /// ARN of the DB cluster that becomes the writer.
        target: String,
    },
    /// `rds:DeleteDBInstance`.
    DeleteInstance {
        /// DB instance identifier.
        instance: String,
    },
    /// `rds:DeleteDBCluster`, without a final snapshot: a manual one was taken after its last instance was gone.
    DeleteCluster {
        /// DB cluster identifier.
        cluster: String,
        /// Its resource id, `cluster-…`: a later cluster of that name isn't meant. Empty in records of before it was kept.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        resource_id: String,
        /// Whether its automated backups go with it; absent in records of before this was said, where they did.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        delete_automated_backups: Option<bool>,
    },
}

/// A call as the log and the plan name it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Call {
    /// Service as in IAM actions: `rds`, `ecs`, `application-autoscaling`, `elasticloadbalancing`, `route53`, `codebuild`.
    pub service: String,
    /// Operation: `FailoverGlobalCluster`, …
    pub operation: String,
    /// Region that it is sent to.
    pub region: String,
    /// The request's parameters, under AWS's names.
    pub params: Value,
}

impl Call {
    fn new(service: &str, operation: &str, region: &str, params: Value) -> Self {
        Self { service: service.into(), operation: operation.into(), region: region.into(), params }
    }
}

impl Change {
    /// What it is made for.
    pub fn duty(&self) -> Duty {
        match self {
            Self::ScalableTarget { .. }
            | Self::DesiredCount { .. }
            | Self::ListenerActions { .. }
            | Self::RuleActions { .. }
            | Self::Records { .. }
            | Self::Protections { .. } => Duty::Promote,
            Self::Snapshot { .. }
            | Self::SnapshotCopy { .. }
            | Self::DeletionProtection { .. }
            | Self::Build { .. } => Duty::Failback,
        }
    }

    /// The call that makes this change when sent to `region`; Route 53's goes to the one region of its partition that signs for it.
    pub fn call(&self, region: &str) -> Call {
        match self {
            Self::ScalableTarget { cluster, service, min, max, suspended } => {
                let mut params = json!({
                    "ServiceNamespace": "ecs",
                    "ScalableDimension": "ecs:service:DesiredCount",
                    "ResourceId": scalable_resource(cluster, service),
                });
                if let Some(min) = min {
                    params["MinCapacity"] = json!(min);
                }
                if let Some(max) = max {
                    params["MaxCapacity"] = json!(max);
                }
                if let Some(suspended) = suspended {
                    params["SuspendedState"] = json!({
                        "DynamicScalingInSuspended": suspended.dynamic_in,
                        "DynamicScalingOutSuspended": suspended.dynamic_out,
                        "ScheduledScalingSuspended": suspended.scheduled,
                    });
                }
                Call::new("application-autoscaling", "RegisterScalableTarget", region, params)
            }
            Self::DesiredCount { cluster, service, desired } => Call::new(
                "ecs",
                "UpdateService",
                region,
                json!({ "cluster": cluster, "service": service, "desiredCount": desired }),
            ),
            Self::ListenerActions { listener, actions } => Call::new(
                "elasticloadbalancing",
                "ModifyListener",
                region,
                json!({ "ListenerArn": listener, "DefaultActions": actions.iter().map(action_params).collect::<Vec<_>>() }),
            ),
            Self::RuleActions { rule, actions } => Call::new(
                "elasticloadbalancing",
                "ModifyRule",
                region,
                json!({ "RuleArn": rule, "Actions": actions.iter().map(action_params).collect::<Vec<_>>() }),
            ),
            Self::Snapshot { cluster, snapshot } => Call::new(
                "rds",
                "CreateDBClusterSnapshot",
                region,
                json!({ "DBClusterIdentifier": cluster, "DBClusterSnapshotIdentifier": snapshot }),
            ),
            Self::SnapshotCopy { source, snapshot } => Call::new(
                "rds",
                "CopyDBClusterSnapshot",
                region,
                json!({ "SourceDBClusterSnapshotIdentifier": source, "TargetDBClusterSnapshotIdentifier": snapshot }),
            ),
            Self::DeletionProtection { cluster, enabled } => Call::new(
                "rds",
                "ModifyDBCluster",
                region,
                json!({ "DBClusterIdentifier": cluster, "DeletionProtection": enabled, "ApplyImmediately": true }),
            ),
            Self::Build { project, variables, token } => {
                let variable = |(name, value): (&String, &String)| json!({ "name": terraform_variable(name), "value": value, "type": "PLAINTEXT" });
                let variables: Vec<Value> = variables.iter().map(variable).collect();
                let mut params = json!({ "projectName": project, "environmentVariablesOverride": variables });
                if let Some(token) = token {
                    params["idempotencyToken"] = json!(token);
                }
                Call::new("codebuild", "StartBuild", region, params)
            }
            Self::Protections { zone, protections, create } => {
                let (operation, comments) = match create {
                    true => ("CreateResourceRecordSetProtections", true),
                    false => ("DeleteResourceRecordSetProtections", false),
                };
                let listed: Vec<Value> = protections.iter().map(|each| protection_params(each, comments)).collect();
                let params = json!({ "HostedZoneId": zone, "Protections": listed });
                Call::new("route53", operation, Partition::of(region).route53_region, params)
            }
            Self::Records { zone, swaps } => {
                let changes: Vec<Value> = swaps.iter().flat_map(Swap::params).collect();
                Call::new(
                    "route53",
                    "ChangeResourceRecordSets",
                    Partition::of(region).route53_region,
                    json!({ "HostedZoneId": zone, "ChangeBatch": { "Changes": changes } }),
                )
            }
        }
    }
}

impl Irreversible {
    /// What it is made for.
    pub fn duty(&self) -> Duty {
        match self {
            Self::Failover { .. } | Self::Switchover { .. } => Duty::Promote,
            Self::DeleteInstance { .. } | Self::DeleteCluster { .. } => Duty::Failback,
        }
    }

    /// The call that makes this change when sent to `region`.
    pub fn call(&self, region: &str) -> Call {
        match self {
            Self::Failover { global_cluster, target } => Call::new(
                "rds",
                "FailoverGlobalCluster",
                region,
                json!({ "GlobalClusterIdentifier": global_cluster, "TargetDbClusterIdentifier": target, "AllowDataLoss": true }),
            ),
            Self::Switchover { global_cluster, target } => Call::new(
                "rds",
                "SwitchoverGlobalCluster",
                region,
                json!({ "GlobalClusterIdentifier": global_cluster, "TargetDbClusterIdentifier": target }),
            ),
            Self::DeleteInstance { instance } => {
                Call::new("rds", "DeleteDBInstance", region, json!({ "DBInstanceIdentifier": instance }))
            }
            Self::DeleteCluster { cluster, delete_automated_backups, .. } => {
                let mut params = json!({ "DBClusterIdentifier": cluster, "SkipFinalSnapshot": true });
                if let Some(delete) = delete_automated_backups {
                    params["DeleteAutomatedBackups"] = json!(delete);
                }
                Call::new("rds", "DeleteDBCluster", region, params)
            }
        }
    }
}

/// The environment variable in which Terraform looks for the value of a variable.
/// <https://developer.hashicorp.com/terraform/cli/config/environment-variables#tf_var_name>
pub fn terraform_variable(name: &str) -> String {
    format!("TF_VAR_{name}")
}

/// Application Auto Scaling's resource id of an ECS service.
pub fn scalable_resource(cluster: &str, service: &str) -> String {
    format!("service/{cluster}/{service}")
}

/// What is changed of an action; what else it has is kept as it is.
fn action_params(action: &ListenerAction) -> Value {
    let mut params = json!({ "Type": action.kind });
    if let Some(order) = action.order {
        params["Order"] = json!(order);
    }
    if !action.targets.is_empty() {
        let group = |target: &WeightedTarget| json!({ "TargetGroupArn": target.arn, "Weight": target.weight });
        params["ForwardConfig"] = json!({ "TargetGroups": action.targets.iter().map(group).collect::<Vec<_>>() });
    }
    if let Some(seconds) = action.stickiness {
        params["ForwardConfig"]["TargetGroupStickinessConfig"] = json!({ "Enabled": true, "DurationSeconds": seconds });
    }
    params
}

fn protection_params(protection: &Protection, comments: bool) -> Value {
    let mut params = json!({ "RecordName": protection.name, "RecordType": protection.kind });
    if let Some(comment) = protection.comment.as_ref().filter(|_| comments) {
        params["Comment"] = json!(comment);
    }
    params
}

fn record_params(set: &RecordSet) -> Value {
    let mut params = json!({ "Name": set.name, "Type": set.kind });
    if let Some(ttl) = set.ttl {
        params["TTL"] = json!(ttl);
        params["ResourceRecords"] = set.values.iter().map(|value| json!({ "Value": value })).collect();
    }
    if let Some(Alias { dns_name, zone, evaluate_health }) = &set.alias {
        params["AliasTarget"] =
            json!({ "DNSName": dns_name, "HostedZoneId": zone, "EvaluateTargetHealth": evaluate_health });
    }
    params
}
