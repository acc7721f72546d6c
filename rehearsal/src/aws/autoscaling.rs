//! Application Auto Scaling: scalable targets, scheduled actions and policies of ECS services.

use serde_json::{Value, json};

use super::{Context, Service, epoch, input::Input, paging, unknown_operation};
use crate::{
    dice,
    simulation::{
        Simulation,
        ecs::ServiceKey,
        refusal::{Refusal, Result},
        scaling::{Registration, ScalableTarget, Scheduled},
    },
};

/// Most scalable targets that one answer lists, and its default.
const TARGETS: usize = 50;
const NAMESPACE: &str = "ecs";
const DIMENSION: &str = "ecs:service:DesiredCount";

pub(super) fn call(
    simulation: &mut Simulation,
    context: &Context<'_>,
    operation: &str,
    input: Input<'_>,
) -> Result<Value> {
    match operation {
        "DescribeScalableTargets" => describe_targets(simulation, context, input),
        "DescribeScheduledActions" => describe_scheduled(simulation, context, input),
        "DescribeScalingPolicies" => describe_policies(input),
        "RegisterScalableTarget" => register(simulation, context, input),
        _ => Err(unknown_operation(Service::ApplicationAutoScaling, operation)),
    }
}

/// Resource id of a service's scalable target.
fn resource_id(key: &ServiceKey) -> String {
    format!("service/{}/{}", key.cluster, key.name)
}

/// Only ECS services scale here: every other namespace has nothing.
fn is_ecs(input: Input<'_>) -> Result<bool> {
    Ok(input.required("ServiceNamespace")? == NAMESPACE)
}

fn describe_targets(simulation: &Simulation, context: &Context<'_>, input: Input<'_>) -> Result<Value> {
    let wanted = input.texts("ResourceIds");
    let found: Vec<Value> = simulation
        .scaling
        .targets
        .iter()
        .filter(|(key, _)| key.region == *context.region)
        .filter(|(key, _)| wanted.is_empty() || wanted.contains(&resource_id(key).as_str()))
        .map(|(key, target)| target_shape(simulation, key, target))
        .collect();
    let found = if is_ecs(input)? { found } else { Vec::new() };
    let (page, next) = paging::page(simulation, found, input, "NextToken", "MaxResults", TARGETS)?;
    Ok(json!({"ScalableTargets": page, "NextToken": next}))
}

fn describe_scheduled(simulation: &Simulation, context: &Context<'_>, input: Input<'_>) -> Result<Value> {
    let wanted = input.text("ResourceId");
    let found: Vec<Value> = simulation
        .scaling
        .scheduled
        .iter()
        .filter(|action| action.service.region == *context.region)
        .filter(|action| wanted.is_none_or(|id| id == resource_id(&action.service)))
        .map(|action| scheduled_shape(simulation, action))
        .collect();
    Ok(json!({"ScheduledActions": if is_ecs(input)? { found } else { Vec::new() }}))
}

/// The simulated services have no policies: their capacity changes on command and on schedule.
fn describe_policies(input: Input<'_>) -> Result<Value> {
    is_ecs(input)?;
    Ok(json!({"ScalingPolicies": []}))
}

fn register(simulation: &mut Simulation, context: &Context<'_>, input: Input<'_>) -> Result<Value> {
    let known = is_ecs(input)? && input.required("ScalableDimension")? == DIMENSION;
    let id = input.required("ResourceId")?;
    let Some((cluster, name)) = id.strip_prefix("service/").and_then(|rest| rest.split_once('/')).filter(|_| known)
    else {
        return Err(Refusal::invalid("ValidationException", format!("Unsupported resource: {id}")));
    };
    let key = ServiceKey::new(context.region.clone(), cluster, name);
    let suspended = input.structure("SuspendedState");
    let flag = |name| suspended.and_then(|state| state.flag(name));
    let registration = Registration {
        min: input.number("MinCapacity")?,
        max: input.number("MaxCapacity")?,
        scaling_in: flag("DynamicScalingInSuspended"),
        scaling_out: flag("DynamicScalingOutSuspended"),
        scheduled: flag("ScheduledScalingSuspended"),
    };
    simulation.register_target(&key, &registration)?;
    Ok(json!({"ScalableTargetARN": target_arn(simulation, &key)}))
}

fn account<'a>(simulation: &'a Simulation, key: &ServiceKey) -> &'a str {
    simulation.ecs.services.get(key).map(|service| service.account.as_str()).unwrap_or_default()
}

fn target_arn(simulation: &Simulation, key: &ServiceKey) -> String {
    let id = dice::hex_id(&format!("scalable/{}/{}", key.region, resource_id(key)), 12);
    format!("arn:aws:application-autoscaling:{}:{}:scalable-target/{id}", key.region, account(simulation, key))
}

fn target_shape(simulation: &Simulation, key: &ServiceKey, target: &ScalableTarget) -> Value {
    let role =
        "aws-service-role/ecs.application-autoscaling.amazonaws.com/AWSServiceRoleForApplicationAutoScaling_ECSService";
    json!({
        "ServiceNamespace": NAMESPACE,
        "ResourceId": resource_id(key),
        "ScalableDimension": DIMENSION,
        "MinCapacity": target.min,
        "MaxCapacity": target.max,
        "RoleARN": format!("arn:aws:iam::{}:role/{role}", account(simulation, key)),
        "CreationTime": epoch(target.created),
        "ScalableTargetARN": target_arn(simulation, key),
        "SuspendedState": {
            "DynamicScalingInSuspended": target.suspended.scaling_in,
            "DynamicScalingOutSuspended": target.suspended.scaling_out,
            "ScheduledScalingSuspended": target.suspended.scheduled,
        },
    })
}

fn scheduled_shape(simulation: &Simulation, action: &Scheduled) -> Value {
    let key = &action.service;
    let id = dice::uuid(&format!("scheduled/{}/{}", resource_id(key), action.name));
    let resource =
        format!("scheduledAction:{id}:resource/ecs/{}:scheduledActionName/{}", resource_id(key), action.name);
    json!({
        "ScheduledActionName": action.name,
        "ScheduledActionARN": format!("arn:aws:autoscaling:{}:{}:{resource}", key.region, account(simulation, key)),
        "ServiceNamespace": NAMESPACE,
        "Schedule": format!("at({})", action.at.strftime("%Y-%m-%dT%H:%M:%S")),
        "ResourceId": resource_id(key),
        "ScalableDimension": DIMENSION,
        "ScalableTargetAction": {"MinCapacity": action.min, "MaxCapacity": action.max},
        "CreationTime": epoch(simulation.scenario.epoch),
    })
}
