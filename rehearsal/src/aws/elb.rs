//! Elastic Load Balancing v2: load balancers, listeners, rules, target groups and the health of targets.

use serde_json::{Value, json};

use super::{Context, Service, elb_shapes as shapes, input::Input, needs, paging, unknown_operation, xml::Dialect};
use crate::simulation::{
    Simulation,
    balancer::{Action, Deed, Kind},
    refusal::{Refusal, Result},
};

pub(super) const DIALECT: Dialect =
    Dialect { namespace: "http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/", item: |_| "member" };

/// Most entries that one answer lists, and its default.
const PAGE: usize = 400;

pub(super) fn call(
    simulation: &mut Simulation,
    context: &Context<'_>,
    operation: &str,
    input: Input<'_>,
) -> Result<Value> {
    match operation {
        "DescribeLoadBalancers" => describe_balancers(simulation, context, input),
        "DescribeListeners" => describe_listeners(simulation, context, input),
        "DescribeRules" => describe_rules(simulation, context, input),
        "DescribeTargetGroups" => describe_target_groups(simulation, context, input),
        "DescribeTargetHealth" => describe_target_health(simulation, context, input),
        "ModifyRule" => modify_rule(simulation, context, input),
        "ModifyListener" => modify_listener(simulation, context, input),
        _ => Err(unknown_operation(Service::Elbv2, operation)),
    }
}

fn describe_balancers(simulation: &Simulation, context: &Context<'_>, input: Input<'_>) -> Result<Value> {
    let (arns, names) = (input.texts("LoadBalancerArns"), input.texts("Names"));
    let here = simulation.balancers.balancers.iter().filter(|(_, balancer)| balancer.region == *context.region);
    let found: Vec<Value> = here
        .filter(|(arn, _)| arns.is_empty() || arns.contains(&arn.as_str()))
        .filter(|(_, balancer)| names.is_empty() || names.contains(&balancer.name.as_str()))
        .map(|(arn, balancer)| shapes::balancer(arn, balancer))
        .collect();
    if found.len() < arns.len().max(names.len()) {
        return Err(Refusal::invalid("LoadBalancerNotFound", "One or more load balancers not found"));
    }
    let (page, next) = paging::page(simulation, found, input, "Marker", "PageSize", PAGE)?;
    Ok(json!({"LoadBalancers": page, "NextMarker": next}))
}

fn describe_listeners(simulation: &Simulation, context: &Context<'_>, input: Input<'_>) -> Result<Value> {
    let arns = input.texts("ListenerArns");
    for arn in &arns {
        simulation.balancers.listener(context.region, arn)?;
    }
    let balancer = input.text("LoadBalancerArn");
    if balancer.is_some_and(|arn| !simulation.balancers.is_there(context.region, arn)) {
        return Err(Refusal::invalid("LoadBalancerNotFound", "One or more load balancers not found"));
    }
    let found: Vec<Value> = simulation
        .balancers
        .listeners
        .iter()
        .filter(|(_, listener)| listener.region == *context.region)
        .filter(|(arn, _)| arns.is_empty() || arns.contains(&arn.as_str()))
        .filter(|(_, listener)| balancer.is_none_or(|wanted| wanted == listener.balancer))
        .map(|(arn, listener)| needs::with_certificate(simulation, arn, shapes::listener(arn, listener)))
        .collect();
    let (page, next) = paging::page(simulation, found, input, "Marker", "PageSize", PAGE)?;
    Ok(json!({"Listeners": page, "NextMarker": next}))
}

fn describe_rules(simulation: &Simulation, context: &Context<'_>, input: Input<'_>) -> Result<Value> {
    let arns = input.texts("RuleArns");
    let listener = input.text("ListenerArn");
    if let Some(arn) = listener {
        let found = simulation.balancers.listener(context.region, arn)?;
        if found.kind == Kind::Gateway {
            return Err(Refusal::invalid("ListenerNotFound", "One or more listeners not found"));
        }
    }
    let found: Vec<Value> = simulation
        .balancers
        .listeners
        .iter()
        .filter(|(arn, _)| listener.is_none_or(|wanted| wanted == arn.as_str()))
        .filter(|(_, listener)| listener.region == *context.region)
        .flat_map(|(arn, listener)| shapes::rules(arn, listener))
        .filter(|rule| arns.is_empty() || rule["RuleArn"].as_str().is_some_and(|arn| arns.contains(&arn)))
        .collect();
    if found.len() < arns.len() {
        return Err(Refusal::invalid("RuleNotFound", "One or more rules not found"));
    }
    let (page, next) = paging::page(simulation, found, input, "Marker", "PageSize", PAGE)?;
    Ok(json!({"Rules": page, "NextMarker": next}))
}

fn describe_target_groups(simulation: &Simulation, context: &Context<'_>, input: Input<'_>) -> Result<Value> {
    let (arns, names) = (input.texts("TargetGroupArns"), input.texts("Names"));
    for arn in &arns {
        simulation.balancers.target_group(context.region, arn)?;
    }
    let balancer = input.text("LoadBalancerArn");
    let found: Vec<Value> = simulation
        .balancers
        .target_groups
        .iter()
        .filter(|(_, group)| group.region == *context.region)
        .filter(|(arn, _)| arns.is_empty() || arns.contains(&arn.as_str()))
        .filter(|(_, group)| names.is_empty() || names.contains(&group.name.as_str()))
        .filter(|(_, group)| balancer.is_none_or(|wanted| wanted == group.balancer))
        .map(|(arn, group)| shapes::target_group(arn, group))
        .collect();
    if found.len() < names.len() {
        return Err(Refusal::invalid("TargetGroupNotFound", "One or more target groups not found"));
    }
    let (page, next) = paging::page(simulation, found, input, "Marker", "PageSize", PAGE)?;
    Ok(json!({"TargetGroups": page, "NextMarker": next}))
}

fn describe_target_health(simulation: &Simulation, context: &Context<'_>, input: Input<'_>) -> Result<Value> {
    let arn = input.required("TargetGroupArn")?;
    let group = simulation.balancers.target_group(context.region, arn)?;
    let fixed = group.fixed.iter().map(|address| shapes::fixed_target(address, &group.region));
    let tasks = simulation.ecs.targets(arn).map(|(service, task)| shapes::target(&group.region, service, task));
    Ok(json!({"TargetHealthDescriptions": fixed.chain(tasks).collect::<Vec<Value>>()}))
}

fn modify_listener(simulation: &mut Simulation, context: &Context<'_>, input: Input<'_>) -> Result<Value> {
    let arn = input.required("ListenerArn")?;
    let actions = input.list("DefaultActions").map(action).collect::<Result<Vec<Action>>>()?;
    if !actions.is_empty() {
        simulation.modify_listener(context.region, arn, actions)?;
    }
    let listener = simulation.balancers.listener(context.region, arn)?;
    Ok(json!({"Listeners": [shapes::listener(arn, listener)]}))
}

fn modify_rule(simulation: &mut Simulation, context: &Context<'_>, input: Input<'_>) -> Result<Value> {
    let arn = input.required("RuleArn")?;
    let actions = input.list("Actions").map(action).collect::<Result<Vec<Action>>>()?;
    if !actions.is_empty() {
        simulation.modify_rule(context.region, arn, actions)?;
    }
    let (listener, found) = simulation.balancers.listener_of_rule(context.region, arn)?;
    let rules = shapes::rules(listener, found).into_iter().filter(|rule| rule["RuleArn"] == arn);
    Ok(json!({"Rules": rules.collect::<Vec<Value>>()}))
}

/// Reads an action. A forward is given by `ForwardConfig`, or by `TargetGroupArn` alone.
fn action(given: Input<'_>) -> Result<Action> {
    let order = given.number("Order")?;
    if given.required("Type")? != "forward" {
        return Ok(Action { order, does: Deed::Other(given.value().clone()) });
    }
    let config = given.structure("ForwardConfig");
    let mut groups = Vec::new();
    for group in config.into_iter().flat_map(|config| config.list("TargetGroups")) {
        groups.push((group.required("TargetGroupArn")?.to_owned(), group.number("Weight")?.unwrap_or(1)));
    }
    if groups.is_empty() {
        groups.push((given.required("TargetGroupArn")?.to_owned(), 1));
    }
    let stickiness = config.and_then(|config| config.structure("TargetGroupStickinessConfig"));
    let sticky = stickiness.filter(|stickiness| stickiness.flag("Enabled") == Some(true));
    let stickiness_seconds = sticky.map(|sticky| sticky.number("DurationSeconds")).transpose()?.flatten();
    Ok(Action { order, does: Deed::Forward { groups, stickiness_seconds } })
}
