//! What IAM demands of a call: which actions on which resources, with which condition keys.
//! Sources: the Service Authorization Reference of each service, and for scaling
//! <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/auto-scaling-IAM.html>.

use std::collections::BTreeMap;

use rehearsal::{Call, Pair, Service};
use serde_json::Value;

/// One action on one resource.
pub(super) struct Demand {
    /// Such as `rds:DeleteDBCluster`.
    pub(super) action: String,
    /// ARN, or `*` where the action knows no resources.
    pub(super) resource: String,
    /// Condition keys of the request, in lower case: IAM does not tell case apart in them.
    pub(super) context: BTreeMap<String, Vec<String>>,
}

/// What must be allowed for a call to be answered.
pub(super) fn demands(call: &Call, pair: &Pair) -> Vec<Demand> {
    let text = |key: &str| {
        call.parameters[key]
            .as_str()
            .unwrap_or_else(|| panic!("{} has no {key}: {}", call.operation, call.parameters))
            .to_owned()
    };
    let arn =
        |service: &str, resource: String| format!("arn:aws:{service}:{}:{}:{resource}", call.region, pair.account);
    let service_arn = |service: &str, cluster: &str| arn("ecs", format!("service/{cluster}/{service}"));
    let any = || vec!["*".to_owned()];
    let (prefix, resources) = match (call.service, call.operation.as_str()) {
        (Service::Rds, "FailoverGlobalCluster" | "SwitchoverGlobalCluster") => {
            // Both clusters change their roles.
            let clusters = rehearsal::Side::BOTH.map(|side| pair.db_cluster_arn(side));
            assert!(clusters.contains(&text("TargetDbClusterIdentifier")));
            ("rds", [pair.global_cluster_arn()].into_iter().chain(clusters).collect())
        }
        (Service::Rds, "CreateDBClusterSnapshot") => {
            let (cluster, snapshot) = (text("DBClusterIdentifier"), text("DBClusterSnapshotIdentifier"));
            ("rds", vec![arn("rds", format!("cluster:{cluster}")), arn("rds", format!("cluster-snapshot:{snapshot}"))])
        }
        (Service::Rds, "CopyDBClusterSnapshot") => {
            let snapshots = ["SourceDBClusterSnapshotIdentifier", "TargetDBClusterSnapshotIdentifier"].map(text);
            ("rds", snapshots.map(|snapshot| arn("rds", format!("cluster-snapshot:{snapshot}"))).into())
        }
        (Service::Rds, "ModifyDBCluster" | "DeleteDBCluster") => {
            ("rds", vec![arn("rds", format!("cluster:{}", text("DBClusterIdentifier")))])
        }
        (Service::Rds, "DeleteDBInstance") => ("rds", vec![arn("rds", format!("db:{}", text("DBInstanceIdentifier")))]),
        (Service::Rds, _) => ("rds", any()),
        (Service::Ecs, "UpdateService") => ("ecs", vec![service_arn(&text("service"), &text("cluster"))]),
        (Service::Ecs, "DescribeServices") => {
            let services = call.parameters["services"].as_array().unwrap().iter();
            ("ecs", services.map(|service| service_arn(service.as_str().unwrap(), &text("cluster"))).collect())
        }
        (Service::Ecs, _) => ("ecs", any()),
        (Service::ApplicationAutoScaling, "RegisterScalableTarget") => return scaling(call, arn),
        (Service::ApplicationAutoScaling, _) => ("application-autoscaling", any()),
        (Service::Elbv2, "ModifyListener") => ("elasticloadbalancing", vec![text("ListenerArn")]),
        (Service::Elbv2, "ModifyRule") => ("elasticloadbalancing", vec![text("RuleArn")]),
        (Service::Elbv2, _) => ("elasticloadbalancing", any()),
        (Service::Route53, "GetChange") => ("route53", vec![format!("arn:aws:route53:::change/{}", text("Id"))]),
        (Service::Route53, "ListHostedZones") => ("route53", any()),
        (Service::Route53, _) => ("route53", vec![format!("arn:aws:route53:::hostedzone/{}", text("Id"))]),
        (Service::CloudWatch, _) => ("cloudwatch", any()),
        (Service::CodeBuild, operation) => {
            let project = match operation {
                "StartBuild" => text("projectName"),
                "BatchGetProjects" => call.parameters["names"][0].as_str().unwrap().to_owned(),
                // PROJECT:UUID
                _ => call.parameters["ids"][0].as_str().unwrap().split(':').next().unwrap().to_owned(),
            };
            ("codebuild", vec![arn("codebuild", format!("project/{project}"))])
        }
        (Service::Kms, _) => ("kms", vec![text("KeyId")]),
        (Service::ServiceQuotas, _) => ("servicequotas", any()),
        (Service::Ecr, _) => ("ecr", any()),
        (Service::SecretsManager, _) => ("secretsmanager", vec![text("SecretId")]),
        (Service::Ssm, _) => ("ssm", any()),
        (Service::Logs, _) => ("logs", any()),
        (Service::Acm, _) => ("acm", vec![text("CertificateArn")]),
        (Service::Ec2, _) => ("ec2", any()),
        (Service::Sts, operation) => panic!("{operation} needs no permission of a role"),
        (Service::ApiGateway, operation) => panic!("{operation} is for `standby init` alone"),
    };
    let action = format!("{prefix}:{}", call.operation);
    let context = context(call);
    resources
        .into_iter()
        .map(|resource| Demand { action: action.clone(), resource, context: context.clone() })
        .collect()
}

/// Application Auto Scaling looks at the service, and sets its desired count, in the caller's name.
fn scaling(call: &Call, arn: impl Fn(&str, String) -> String) -> Vec<Demand> {
    let service = arn("ecs", call.parameters["ResourceId"].as_str().unwrap().to_owned());
    let target = arn("application-autoscaling", "scalable-target/0ec5123456".to_owned());
    let demand = |action: &str, resource: &str| Demand {
        action: action.to_owned(),
        resource: resource.to_owned(),
        context: context(call),
    };
    vec![
        demand("application-autoscaling:RegisterScalableTarget", &target),
        demand("ecs:DescribeServices", &service),
        demand("ecs:UpdateService", &service),
    ]
}

fn context(call: &Call) -> BTreeMap<String, Vec<String>> {
    let mut context = BTreeMap::from([("aws:requestedregion".to_owned(), vec![call.region.to_string()])]);
    let mut say = |key: &str, values: Vec<String>| context.insert(key.to_ascii_lowercase(), values);
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    if call.operation == "RegisterScalableTarget" {
        say("application-autoscaling:service-namespace", vec![text(&call.parameters["ServiceNamespace"])]);
        say("application-autoscaling:scalable-dimension", vec![text(&call.parameters["ScalableDimension"])]);
    }
    if call.operation == "ChangeResourceRecordSets" {
        let changes =
            call.parameters["ChangeBatch"]["Changes"].as_array().unwrap_or_else(|| panic!("{}", call.parameters));
        let of = |read: &dyn Fn(&Value) -> String| changes.iter().map(read).collect::<Vec<_>>();
        // Normalized: lower case, without the dot at the end.
        let name =
            |change: &Value| text(&change["ResourceRecordSet"]["Name"]).trim_end_matches('.').to_ascii_lowercase();
        say("route53:ChangeResourceRecordSetsNormalizedRecordNames", of(&name));
        say("route53:ChangeResourceRecordSetsRecordTypes", of(&|change| text(&change["ResourceRecordSet"]["Type"])));
        say("route53:ChangeResourceRecordSetsActions", of(&|change| text(&change["Action"])));
    }
    context
}
