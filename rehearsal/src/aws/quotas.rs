//! Service Quotas: the one quota that a promote can run into.

use serde_json::{Value, json};

use super::{Context, Service, input::Input, unknown_operation};
use crate::simulation::{
    Simulation,
    refusal::{Refusal, Result},
};

/// Code of "Fargate On-Demand vCPU resource count" of service `fargate`.
const FARGATE_VCPU: &str = "L-3032A538";

pub(super) fn call(
    simulation: &mut Simulation,
    context: &Context<'_>,
    operation: &str,
    input: Input<'_>,
) -> Result<Value> {
    match operation {
        "GetServiceQuota" => get_quota(simulation, context, input),
        "ListServiceQuotas" => list_quotas(simulation, context, input),
        _ => Err(unknown_operation(Service::ServiceQuotas, operation)),
    }
}

fn get_quota(simulation: &Simulation, context: &Context<'_>, input: Input<'_>) -> Result<Value> {
    let known = input.required("ServiceCode")? == "fargate" && input.required("QuotaCode")? == FARGATE_VCPU;
    let quota = fargate(simulation, context).filter(|_| known).ok_or_else(no_such)?;
    Ok(json!({"Quota": quota}))
}

fn list_quotas(simulation: &Simulation, context: &Context<'_>, input: Input<'_>) -> Result<Value> {
    let known = input.required("ServiceCode")? == "fargate";
    let quota = fargate(simulation, context).filter(|_| known).ok_or_else(no_such)?;
    Ok(json!({"Quotas": [quota]}))
}

fn fargate(simulation: &Simulation, context: &Context<'_>) -> Option<Value> {
    let (pair, _, site) = simulation.sites().find(|(_, _, site)| site.region == *context.region)?;
    Some(json!({
        "ServiceCode": "fargate",
        "ServiceName": "AWS Fargate",
        "QuotaArn": format!("arn:aws:servicequotas:{}:{}:fargate/{FARGATE_VCPU}", site.region, pair.account),
        "QuotaCode": FARGATE_VCPU,
        "QuotaName": "Fargate On-Demand vCPU resource count",
        "Value": site.vcpu_quota,
        "Unit": "None",
        "Adjustable": true,
        "GlobalQuota": false,
    }))
}

fn no_such() -> Refusal {
    Refusal::invalid("NoSuchResourceException", "The request failed because the specified quota does not exist.")
}
