//! ECS's services and their revisions, as whoever deploys them leaves them.

use serde_json::{Value, json};

use super::{
    Context,
    ecs::{cluster_arn, task_definition_arn},
    epoch,
    input::Input,
};
use crate::{
    dice,
    pair::Deploys,
    simulation::{
        Simulation,
        balancer::TARGET_PORT,
        ecs::{Service, ServiceKey},
        faults::Deployment,
        refusal::{Refusal, Result},
    },
};

/// AWS lists a service's newest 100 events; nobody reads more than the last few.
const EVENTS: usize = 20;
/// Most revisions that one call may describe.
const REVISIONS: usize = 20;

/// `DescribeServiceRevisions`: every service has one, the current.
pub(super) fn describe_revisions(simulation: &Simulation, context: &Context<'_>, input: Input<'_>) -> Result<Value> {
    let wanted = input.texts("serviceRevisionArns");
    if wanted.is_empty() || wanted.len() > REVISIONS {
        let message = format!("expected 1 to {REVISIONS} service revisions, not {}", wanted.len());
        return Err(Refusal::invalid("InvalidParameterException", message));
    }
    let (mut found, mut failures) = (Vec::new(), Vec::new());
    for arn in wanted {
        let here = simulation.ecs.services.iter().filter(|(key, _)| key.region == *context.region);
        match here.into_iter().find(|(key, service)| revision_arn(key, service) == arn) {
            Some((key, service)) => found.push(revision_shape(key, service)),
            None => failures.push(json!({"arn": arn, "reason": "MISSING"})),
        }
    }
    Ok(json!({"serviceRevisions": found, "failures": failures}))
}

fn revision_arn(key: &ServiceKey, service: &Service) -> String {
    let arn = key.arn(&service.account);
    format!("{}/{}", arn.replace(":service/", ":service-revision/"), dice::hex_id(&format!("{arn}/revision"), 19))
}

fn revision_shape(key: &ServiceKey, service: &Service) -> Value {
    let resolved: Vec<Value> = service
        .target_group
        .iter()
        .map(|group| json!({"targetGroupArn": group, "productionListenerRule": service.rule}))
        .collect();
    let (launch, strategy) = provider(service);
    json!({
        "serviceRevisionArn": revision_arn(key, service),
        "serviceArn": key.arn(&service.account),
        "clusterArn": cluster_arn(key, service),
        "taskDefinition": task_definition_arn(key, service),
        "launchType": launch,
        "capacityProviderStrategy": strategy,
        "loadBalancers": balancers(key, service),
        "resolvedConfiguration": {"loadBalancers": resolved},
        "createdAt": epoch(service.created),
    })
}

/// Launch type or capacity provider strategy: a service has one of the two.
fn provider(service: &Service) -> (Value, Value) {
    match service.spot {
        true => (Value::Null, json!([{"capacityProvider": "FARGATE_SPOT", "weight": 1, "base": 0}])),
        false => (json!("FARGATE"), Value::Null),
    }
}

/// What the service itself names: never where a blue/green deployment has put its tasks.
fn balancers(key: &ServiceKey, service: &Service) -> Vec<Value> {
    let balancer = |group: &String| {
        let mut balancer = json!({"targetGroupArn": group, "containerName": key.name, "containerPort": TARGET_PORT});
        if service.deploys == Deploys::BlueGreen {
            balancer["advancedConfiguration"] = json!({
                "alternateTargetGroupArn": service.target_group,
                "productionListenerRule": service.rule,
                "roleArn": format!("arn:aws:iam::{}:role/ecs-load-balancers", service.account),
            });
        }
        balancer
    };
    match service.deploys {
        Deploys::External(_) => Vec::new(),
        _ => service.configured.iter().map(balancer).collect(),
    }
}

/// A service. The set of deployments that a fault makes fare badly is that of the whole region.
pub(super) fn service_shape(key: &ServiceKey, service: &Service, badly: Option<Deployment>) -> Value {
    let arn = key.arn(&service.account);
    let counts = json!({"desired": service.desired, "running": service.running(), "pending": service.pending()});
    let events: Vec<Value> = service.events.iter().rev().take(EVENTS).enumerate().map(|(back, event)| {
        let number = service.events.len() - back;
        json!({"id": dice::uuid(&format!("{arn}/{number}")), "createdAt": epoch(event.at), "message": event.message})
    }).collect();
    let (launch, strategy) = provider(service);
    let controller = match service.deploys {
        Deploys::Rolling | Deploys::BlueGreen => "ECS",
        Deploys::CodeDeploy => "CODE_DEPLOY",
        Deploys::External(_) => "EXTERNAL",
    };
    let mut shape = json!({
        "serviceArn": arn,
        "serviceName": key.name,
        "clusterArn": cluster_arn(key, service),
        "status": "ACTIVE",
        "desiredCount": counts["desired"],
        "runningCount": counts["running"],
        "pendingCount": counts["pending"],
        "launchType": launch,
        "capacityProviderStrategy": strategy,
        "platformVersion": "LATEST",
        "platformFamily": "Linux",
        "schedulingStrategy": "REPLICA",
        "deploymentController": {"type": controller},
        "deploymentConfiguration": {"maximumPercent": 200, "minimumHealthyPercent": 100, "strategy": "ROLLING"},
        "taskDefinition": task_definition_arn(key, service),
        "deployments": deployments(key, service, badly),
        "events": events,
        "loadBalancers": balancers(key, service),
        "createdAt": epoch(service.created),
    });
    match service.deploys {
        Deploys::Rolling => {}
        Deploys::BlueGreen => {
            shape["deploymentConfiguration"]["strategy"] = json!("BLUE_GREEN");
            shape["deploymentConfiguration"]["bakeTimeInMinutes"] = json!(5);
            shape["currentServiceRevisions"] = json!([{
                "arn": revision_arn(key, service),
                "requestedTaskCount": counts["desired"],
                "runningTaskCount": counts["running"],
                "pendingTaskCount": counts["pending"],
            }]);
        }
        Deploys::CodeDeploy | Deploys::External(_) => {
            shape["deployments"] = json!([]);
            shape["taskSets"] = json!([task_set(key, service)]);
        }
    }
    if let Deploys::External(_) = service.deploys {
        // All of these are the task sets'.
        for of_task_set in ["taskDefinition", "launchType", "capacityProviderStrategy", "platformVersion"] {
            shape[of_task_set] = Value::Null;
        }
    }
    shape
}

/// The one deployment that there is, completed: a changed desired count is none. Or those of a deployment that fares badly.
fn deployments(key: &ServiceKey, service: &Service, badly: Option<Deployment>) -> Vec<Value> {
    let arn = key.arn(&service.account);
    let (launch, strategy) = provider(service);
    let deployment = |id: &str, status: &str, rollout: &str, reason: String, failed: u32| {
        json!({
            "id": format!("ecs-svc/{id}"),
            "status": status,
            "taskDefinition": task_definition_arn(key, service),
            "desiredCount": service.desired,
            "runningCount": service.running(),
            "pendingCount": service.pending(),
            "failedTasks": failed,
            "createdAt": epoch(service.created),
            "updatedAt": epoch(service.created),
            "launchType": launch,
            "capacityProviderStrategy": strategy,
            "rolloutState": rollout,
            "rolloutStateReason": reason,
        })
    };
    let (id, next) = (dice::hex_id(&arn, 19), dice::hex_id(&format!("{arn}/next"), 19));
    let completed =
        |status: &str| deployment(&id, status, "COMPLETED", format!("ECS deployment ecs-svc/{id} completed."), 0);
    match badly {
        None => vec![completed("PRIMARY")],
        Some(Deployment::Stuck) => {
            let reason = format!("ECS deployment ecs-svc/{next} in progress.");
            let mut stuck = deployment(&next, "PRIMARY", "IN_PROGRESS", reason, 3);
            stuck["runningCount"] = json!(0);
            vec![stuck, completed("ACTIVE")]
        }
        Some(Deployment::Failed) => {
            let reason = "ECS deployment circuit breaker: tasks failed to start.".to_owned();
            vec![deployment(&id, "PRIMARY", "FAILED", reason, 3)]
        }
    }
}

/// The primary task set, which has all tasks.
fn task_set(key: &ServiceKey, service: &Service) -> Value {
    let arn = key.arn(&service.account);
    let id = dice::hex_id(&format!("{arn}/task-set"), 19);
    let percent = match service.deploys {
        Deploys::External(percent) => percent,
        _ => 100,
    };
    let (launch, strategy) = provider(service);
    let groups: Vec<Value> = service
        .target_group
        .iter()
        .map(|group| json!({"targetGroupArn": group, "containerName": key.name, "containerPort": TARGET_PORT}))
        .collect();
    let settled = service.running() == service.wanted() as usize && service.pending() == 0;
    json!({
        "id": format!("ecs-svc/{id}"),
        "taskSetArn": format!("{}/ecs-svc/{id}", arn.replace(":service/", ":task-set/")),
        "serviceArn": arn,
        "clusterArn": cluster_arn(key, service),
        "status": "PRIMARY",
        "taskDefinition": task_definition_arn(key, service),
        "computedDesiredCount": service.wanted(),
        "runningCount": service.running(),
        "pendingCount": service.pending(),
        "createdAt": epoch(service.created),
        "updatedAt": epoch(service.created),
        "launchType": launch,
        "capacityProviderStrategy": strategy,
        "loadBalancers": groups,
        "scale": {"value": f64::from(percent), "unit": "PERCENT"},
        "stabilityStatus": if settled { "STEADY_STATE" } else { "STABILIZING" },
        "stabilityStatusAt": epoch(service.created),
    })
}
