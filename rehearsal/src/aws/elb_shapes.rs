//! Elastic Load Balancing's structures, as its API reference describes them.

use serde_json::{Value, json};

use super::iso;
use crate::{
    dice,
    region::Region,
    simulation::{
        balancer::{Action, Balancer, Deed, Kind, Listener, TARGET_PORT, TargetGroup},
        ecs::{Service, Task, TaskStatus},
    },
};

pub(super) fn balancer(arn: &str, balancer: &Balancer) -> Value {
    let region = &balancer.region;
    let zones: Vec<Value> = (0..balancer.zones)
        .map(|index| region.zone(index))
        .map(|zone| {
            let subnet = dice::hex_id(&format!("{arn}/{zone}"), 17);
            json!({"SubnetId": format!("subnet-{subnet}"), "ZoneName": zone})
        })
        .collect();
    let number = dice::hex_id(arn, 8);
    let mut shape = json!({
        "LoadBalancerArn": arn,
        "LoadBalancerName": balancer.name,
        "CreatedTime": iso(balancer.created),
        "Type": "gateway",
        "VpcId": vpc(region),
        "State": {"Code": "active"},
        "AvailabilityZones": zones,
        "IpAddressType": "ipv4",
    });
    if balancer.kind == Kind::Application {
        shape["Type"] = json!("application");
        shape["Scheme"] = json!("internal");
        shape["DNSName"] = json!(format!("internal-{}-{number}.{region}.elb.amazonaws.com", balancer.name));
        shape["CanonicalHostedZoneId"] = json!(format!("Z{}", dice::hex_id(region.as_str(), 13).to_uppercase()));
    }
    shape
}

pub(super) fn listener(arn: &str, listener: &Listener) -> Value {
    let mut shape = json!({
        "ListenerArn": arn,
        "LoadBalancerArn": listener.balancer,
        "DefaultActions": listener.actions.iter().map(action).collect::<Vec<Value>>(),
    });
    // A Gateway Load Balancer's takes GENEVE at port 6081, and has neither member.
    if listener.kind == Kind::Application {
        shape["Port"] = json!(443);
        shape["Protocol"] = json!("HTTPS");
        shape["SslPolicy"] = json!("ELBSecurityPolicy-TLS13-1-2-2021-06");
    }
    shape
}

/// A listener's rules, the default one last.
pub(super) fn rules(arn: &str, listener: &Listener) -> Vec<Value> {
    let default = json!({
        "RuleArn": format!("{}/{}", arn.replace(":listener/", ":listener-rule/"), dice::hex_id(arn, 16)),
        "Priority": "default",
        "Conditions": [],
        "Actions": listener.actions.iter().map(action).collect::<Vec<Value>>(),
        "IsDefault": true,
    });
    let others = listener.rules.iter().map(|rule| {
        let paths = json!([rule.path]);
        json!({
            "RuleArn": rule.arn,
            "Priority": rule.priority.to_string(),
            "Conditions": [{"Field": "path-pattern", "Values": paths, "PathPatternConfig": {"Values": paths}}],
            "Actions": rule.actions.iter().map(action).collect::<Vec<Value>>(),
            "IsDefault": false,
        })
    });
    others.chain([default]).collect()
}

/// An action as AWS returns it: a forward always with its `ForwardConfig`, and with `TargetGroupArn` besides if there
/// is only one target group.
fn action(action: &Action) -> Value {
    match &action.does {
        Deed::Other(given) => given.clone(),
        Deed::Forward { groups, stickiness_seconds } => {
            let only = match groups.as_slice() {
                [(arn, _)] => Some(arn),
                _ => None,
            };
            let weighted: Vec<Value> =
                groups.iter().map(|(arn, weight)| json!({"TargetGroupArn": arn, "Weight": weight})).collect();
            let stickiness = json!({"Enabled": stickiness_seconds.is_some(), "DurationSeconds": stickiness_seconds});
            json!({
                "Type": "forward",
                "Order": action.order,
                "TargetGroupArn": only,
                "ForwardConfig": {"TargetGroups": weighted, "TargetGroupStickinessConfig": stickiness},
            })
        }
    }
}

pub(super) fn target_group(arn: &str, group: &TargetGroup) -> Value {
    json!({
        "TargetGroupArn": arn,
        "TargetGroupName": group.name,
        "Protocol": "HTTP",
        "Port": TARGET_PORT,
        "ProtocolVersion": "HTTP1",
        "VpcId": vpc(&group.region),
        "HealthCheckProtocol": "HTTP",
        "HealthCheckPort": "traffic-port",
        "HealthCheckEnabled": true,
        "HealthCheckIntervalSeconds": 10,
        "HealthCheckTimeoutSeconds": 5,
        "HealthyThresholdCount": 2,
        "UnhealthyThresholdCount": 2,
        "HealthCheckPath": "/health",
        "Matcher": {"HttpCode": "200"},
        "LoadBalancerArns": [group.balancer],
        "TargetType": "ip",
        "IpAddressType": "ipv4",
    })
}

/// The idle page, always healthy.
pub(super) fn fixed_target(address: &str, region: &Region) -> Value {
    description(address, &region.zone(0), json!({"State": "healthy"}))
}

/// A task of a service.
pub(super) fn target(region: &Region, service: &Service, task: &Task) -> Value {
    let health = match task.status {
        TaskStatus::Deactivating => json!({
            "State": "draining",
            "Reason": "Target.DeregistrationInProgress",
            "Description": "Target deregistration is in progress",
        }),
        _ if task.healthy => json!({"State": "healthy"}),
        _ => json!({
            "State": "initial",
            "Reason": "Elb.RegistrationInProgress",
            "Description": "Target registration is in progress",
        }),
    };
    let zone = task.serial as usize % service.zones.max(1);
    // The fixed target has the low addresses of the first subnet.
    let host = task.serial % 200 + 20;
    description(&format!("10.0.{zone}.{host}"), &region.zone(zone), health)
}

fn description(address: &str, zone: &str, health: Value) -> Value {
    json!({
        "Target": {"Id": address, "Port": TARGET_PORT, "AvailabilityZone": zone},
        "HealthCheckPort": TARGET_PORT.to_string(),
        "TargetHealth": health,
    })
}

fn vpc(region: &Region) -> String {
    format!("vpc-{}", dice::hex_id(region.as_str(), 17))
}
