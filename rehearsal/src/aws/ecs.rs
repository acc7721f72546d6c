//! ECS: clusters, services, tasks and task definitions.

use jiff::SignedDuration;
use serde_json::{Value, json};

use super::{
    Context, Service,
    ecs_services::{describe_revisions, service_shape},
    epoch,
    input::Input,
    needs, paging, unknown_operation,
};
use crate::{
    pair::Deploys,
    simulation::{
        Simulation,
        balancer::TARGET_PORT,
        ecs::{Service as EcsService, ServiceKey, Stopped, Task},
        refusal::{Refusal, Result},
    },
};

/// Most services that one call may describe.
const SERVICES: usize = 10;

/// Most clusters, and most services, that one answer lists if nothing is said.
const CLUSTERS_LISTED: usize = 100;
const SERVICES_LISTED: usize = 10;

pub(super) fn call(
    simulation: &mut Simulation,
    context: &Context<'_>,
    operation: &str,
    input: Input<'_>,
) -> Result<Value> {
    match operation {
        "ListClusters" => list_clusters(simulation, context, input),
        "DescribeClusters" => Ok(describe_clusters(simulation, context, input)),
        "ListServices" => list_services(simulation, context, input),
        "DescribeServices" => describe_services(simulation, context, input),
        "UpdateService" => update_service(simulation, context, input),
        "DescribeServiceRevisions" => describe_revisions(simulation, context, input),
        "ListTasks" => list_tasks(simulation, context, input),
        "DescribeTasks" => describe_tasks(simulation, context, input),
        "DescribeTaskDefinition" => describe_task_definition(simulation, context, input),
        _ => Err(unknown_operation(Service::Ecs, operation)),
    }
}

/// A name, or the last part of an ARN.
fn bare(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
}

/// Name of the cluster that is asked for, if it exists.
fn cluster_of<'a>(simulation: &Simulation, context: &Context<'_>, input: Input<'a>) -> Result<&'a str> {
    let name = input.text("cluster").map_or("default", bare);
    let exists = simulation.sites().any(|(_, _, site)| site.region == *context.region && site.ecs_cluster == name);
    if exists { Ok(name) } else { Err(Refusal::invalid("ClusterNotFoundException", "Cluster not found.")) }
}

fn list_clusters(simulation: &Simulation, context: &Context<'_>, input: Input<'_>) -> Result<Value> {
    let here = simulation.ecs.services.iter().filter(|(key, _)| key.region == *context.region);
    // Services are in the order of their clusters.
    let mut arns: Vec<Value> = here.map(|(key, service)| json!(cluster_arn(key, service))).collect();
    arns.dedup();
    let (page, next) = paging::page(simulation, arns, input, "nextToken", "maxResults", CLUSTERS_LISTED)?;
    Ok(json!({"clusterArns": page, "nextToken": next}))
}

fn describe_clusters(simulation: &Simulation, context: &Context<'_>, input: Input<'_>) -> Value {
    let mut wanted: Vec<&str> = input.texts("clusters").into_iter().map(bare).collect();
    if wanted.is_empty() {
        wanted.push("default");
    }
    let (mut found, mut failures) = (Vec::new(), Vec::new());
    for name in wanted {
        let arn = |account: &str| format!("arn:aws:ecs:{}:{account}:cluster/{name}", context.region);
        let services: Vec<&EcsService> =
            simulation.ecs.in_cluster(context.region, name).map(|(_, service)| service).collect();
        match services.first() {
            None => failures.push(json!({"arn": arn(""), "reason": "MISSING"})),
            Some(first) => found.push(json!({
                "clusterArn": arn(&first.account),
                "clusterName": name,
                "status": "ACTIVE",
                "registeredContainerInstancesCount": 0,
                "runningTasksCount": services.iter().map(|service| service.running()).sum::<usize>(),
                "pendingTasksCount": services.iter().map(|service| service.pending()).sum::<usize>(),
                "activeServicesCount": services.len(),
                "capacityProviders": ["FARGATE"],
            })),
        }
    }
    json!({"clusters": found, "failures": failures})
}

fn list_services(simulation: &Simulation, context: &Context<'_>, input: Input<'_>) -> Result<Value> {
    let cluster = cluster_of(simulation, context, input)?;
    let services = simulation.ecs.in_cluster(context.region, cluster);
    let arns: Vec<Value> = services.map(|(key, service)| json!(key.arn(&service.account))).collect();
    let (page, next) = paging::page(simulation, arns, input, "nextToken", "maxResults", SERVICES_LISTED)?;
    Ok(json!({"serviceArns": page, "nextToken": next}))
}

fn describe_services(simulation: &Simulation, context: &Context<'_>, input: Input<'_>) -> Result<Value> {
    let cluster = cluster_of(simulation, context, input)?;
    let wanted = input.texts("services");
    if wanted.is_empty() || wanted.len() > SERVICES {
        let message = format!("expected 1 to {SERVICES} services, not {}", wanted.len());
        return Err(Refusal::invalid("InvalidParameterException", message));
    }
    let (mut found, mut failures) = (Vec::new(), Vec::new());
    for name in wanted {
        let key = ServiceKey::new(context.region.clone(), cluster, bare(name));
        match simulation.ecs.service(&key) {
            Ok(service) => {
                let shape = service_shape(&key, service, simulation.faults.deployment(context.region));
                found.push(needs::with_network(simulation, &key, shape));
            }
            Err(_) => failures.push(json!({"arn": name, "reason": "MISSING"})),
        }
    }
    Ok(json!({"services": found, "failures": failures}))
}

fn update_service(simulation: &mut Simulation, context: &Context<'_>, input: Input<'_>) -> Result<Value> {
    let cluster = cluster_of(simulation, context, input)?;
    let key = ServiceKey::new(context.region.clone(), cluster, bare(input.required("service")?));
    simulation.ecs.service(&key)?;
    let deploys = simulation.ecs.service(&key)?.deploys;
    // Task definition, network and balancers are the task sets' there.
    let refused = ["taskDefinition", "networkConfiguration", "loadBalancers", "forceNewDeployment"];
    if matches!(deploys, Deploys::CodeDeploy | Deploys::External(_))
        && refused.iter().any(|parameter| !input.value()[parameter].is_null())
    {
        let message =
            "Unable to update the service with this deployment controller: only its desired count can be updated.";
        return Err(Refusal::invalid("InvalidParameterException", message));
    }
    if let Some(desired) = input.number("desiredCount")? {
        simulation.set_desired(&key, desired)?;
    }
    let deployment = simulation.faults.deployment(context.region);
    Ok(json!({"service": service_shape(&key, simulation.ecs.service(&key)?, deployment)}))
}

fn list_tasks(simulation: &Simulation, context: &Context<'_>, input: Input<'_>) -> Result<Value> {
    let cluster = cluster_of(simulation, context, input)?;
    let wanted = input.text("serviceName").map(bare);
    if let Some(name) = wanted {
        simulation.ecs.service(&ServiceKey::new(context.region.clone(), cluster, name))?;
    }
    let services = simulation.ecs.in_cluster(context.region, cluster);
    let services = services.filter(|(key, _)| wanted.is_none_or(|name| name == key.name));
    let arns: Vec<String> = match input.text("desiredStatus") {
        Some("STOPPED") => services
            .flat_map(|(key, service)| {
                let remembered = remembered(simulation, service);
                remembered.map(|task| task_arn(key, service, &task.id)).collect::<Vec<_>>()
            })
            .collect(),
        _ => services
            .flat_map(|(key, service)| service.tasks.iter().map(|task| task_arn(key, service, &task.id)))
            .collect(),
    };
    Ok(json!({"taskArns": arns}))
}

fn describe_tasks(simulation: &Simulation, context: &Context<'_>, input: Input<'_>) -> Result<Value> {
    let cluster = cluster_of(simulation, context, input)?;
    let (mut found, mut failures) = (Vec::new(), Vec::new());
    for wanted in input.texts("tasks") {
        let mut services = simulation.ecs.in_cluster(context.region, cluster);
        let task = services.find_map(|(key, service)| {
            let running = service.tasks.iter().find(|task| task.id == bare(wanted));
            let mut stopped = remembered(simulation, service);
            running
                .map(|task| task_shape(key, service, task))
                .or_else(|| stopped.find(|task| task.id == bare(wanted)).map(|task| stopped_shape(key, service, task)))
        });
        match task {
            Some(task) => found.push(task),
            None => failures.push(json!({"arn": wanted, "reason": "MISSING"})),
        }
    }
    Ok(json!({"tasks": found, "failures": failures}))
}

fn describe_task_definition(simulation: &Simulation, context: &Context<'_>, input: Input<'_>) -> Result<Value> {
    let wanted = bare(input.required("taskDefinition")?);
    let family = wanted.split(':').next().unwrap_or(wanted);
    let mut services = simulation.ecs.services.iter().filter(|(key, _)| key.region == *context.region);
    let (key, service) = services
        .find(|(key, _)| family_of(key) == family && (wanted == family || wanted == format!("{family}:{REVISION}")))
        .ok_or_else(|| Refusal::invalid("ClientException", "Unable to describe task definition."))?;
    let definition = json!({
        "taskDefinitionArn": task_definition_arn(key, service),
        "family": family,
        "revision": REVISION,
        "status": "ACTIVE",
        "networkMode": "awsvpc",
        "requiresCompatibilities": ["FARGATE"],
        "compatibilities": ["EC2", "FARGATE"],
        "cpu": "1024",
        "memory": "2048",
        "containerDefinitions": [{
            "name": key.name,
            "essential": true,
            "portMappings": [{"containerPort": TARGET_PORT, "protocol": "tcp"}],
        }],
    });
    Ok(json!({"taskDefinition": needs::with_needs(simulation, key, definition)}))
}

/// Revision of every task definition.
const REVISION: u32 = 42;

fn family_of(key: &ServiceKey) -> String {
    format!("{}-{}", key.cluster, key.name)
}

pub(super) fn task_definition_arn(key: &ServiceKey, service: &EcsService) -> String {
    format!("arn:aws:ecs:{}:{}:task-definition/{}:{REVISION}", key.region, service.account, family_of(key))
}

pub(super) fn cluster_arn(key: &ServiceKey, service: &EcsService) -> String {
    format!("arn:aws:ecs:{}:{}:cluster/{}", key.region, service.account, key.cluster)
}

fn task_arn(key: &ServiceKey, service: &EcsService, id: &str) -> String {
    format!("arn:aws:ecs:{}:{}:task/{}/{id}", key.region, service.account, key.cluster)
}

/// Stopped tasks that ECS still remembers: those of the last hour.
fn remembered<'a>(simulation: &Simulation, service: &'a EcsService) -> impl Iterator<Item = &'a Stopped> + use<'a> {
    let since = simulation.now - SignedDuration::from_hours(1);
    service.stopped.iter().filter(move |task| task.at >= since)
}

fn stopped_shape(key: &ServiceKey, service: &EcsService, task: &Stopped) -> Value {
    json!({
        "taskArn": task_arn(key, service, &task.id),
        "clusterArn": cluster_arn(key, service),
        "taskDefinitionArn": task_definition_arn(key, service),
        "group": format!("service:{}", key.name),
        "lastStatus": "STOPPED",
        "desiredStatus": "STOPPED",
        "stopCode": "TaskFailedToStart",
        "stoppedReason": task.reason,
        "stoppedAt": epoch(task.at),
        "launchType": "FARGATE",
        "cpu": "1024",
        "memory": "2048",
        "containers": [{"name": key.name, "lastStatus": "STOPPED"}],
    })
}

fn task_shape(key: &ServiceKey, service: &EcsService, task: &Task) -> Value {
    json!({
        "taskArn": task_arn(key, service, &task.id),
        "clusterArn": cluster_arn(key, service),
        "taskDefinitionArn": task_definition_arn(key, service),
        "group": format!("service:{}", key.name),
        "lastStatus": task.status.as_str(),
        "desiredStatus": if task.status.as_str() == "DEACTIVATING" { "STOPPED" } else { "RUNNING" },
        "launchType": "FARGATE",
        "availabilityZone": key.region.zone(task.serial as usize % service.zones.max(1)),
        "cpu": "1024",
        "memory": "2048",
        "createdAt": epoch(task.created),
        "startedAt": task.started.map(epoch),
    })
}
