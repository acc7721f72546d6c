//! Service Quotas: the quotas that a promote can run into.

use serde_json::{Value, json};

use super::{Context, Service, input::Input, unknown_operation};
use crate::simulation::{
    Simulation,
    refusal::{Refusal, Result},
};

/// Quotas of service `fargate`: their code, their name, and AWS's default.
const QUOTAS: [(&str, &str, f64); 2] = [
    ("L-3032A538", "Fargate On-Demand vCPU resource count", 6.0),
    ("L-36FBB829", "Fargate Spot vCPU resource count", 6.0),
];

pub(super) fn call(
    simulation: &mut Simulation,
    context: &Context<'_>,
    operation: &str,
    input: Input<'_>,
) -> Result<Value> {
    match operation {
        "GetServiceQuota" => get_quota(simulation, context, input),
        "GetAWSDefaultServiceQuota" => get_default(simulation, context, input),
        "ListServiceQuotas" => list_quotas(simulation, context, input),
        _ => Err(unknown_operation(Service::ServiceQuotas, operation)),
    }
}

fn get_quota(simulation: &Simulation, context: &Context<'_>, input: Input<'_>) -> Result<Value> {
    let quotas = fargate(simulation, context, input)?;
    let code = input.required("QuotaCode")?;
    let quota = quotas.into_iter().find(|quota| quota["QuotaCode"] == code).ok_or_else(no_such)?;
    Ok(json!({"Quota": quota}))
}

fn get_default(simulation: &Simulation, context: &Context<'_>, input: Input<'_>) -> Result<Value> {
    let mut answer = get_quota(simulation, context, input)?;
    let code = answer["Quota"]["QuotaCode"].clone();
    if let Some((_, _, default)) = QUOTAS.into_iter().find(|(quota, ..)| code == *quota) {
        answer["Quota"]["Value"] = json!(default);
    }
    Ok(answer)
}

fn list_quotas(simulation: &Simulation, context: &Context<'_>, input: Input<'_>) -> Result<Value> {
    Ok(json!({"Quotas": fargate(simulation, context, input)?}))
}

fn fargate(simulation: &Simulation, context: &Context<'_>, input: Input<'_>) -> Result<Vec<Value>> {
    let known = input.required("ServiceCode")? == "fargate";
    let site = simulation.sites().find(|(_, _, site)| site.region == *context.region);
    let (pair, _, site) = site.filter(|_| known).ok_or_else(no_such)?;
    let values = [site.vcpu_quota, site.spot_quota];
    let quotas = QUOTAS.into_iter().zip(values).map(|((code, name, _), value)| {
        json!({
            "ServiceCode": "fargate",
            "ServiceName": "AWS Fargate",
            "QuotaArn": format!("arn:aws:servicequotas:{}:{}:fargate/{code}", site.region, pair.account),
            "QuotaCode": code,
            "QuotaName": name,
            "Value": value,
            "Unit": "None",
            "Adjustable": true,
            "GlobalQuota": false,
        })
    });
    Ok(quotas.collect())
}

fn no_such() -> Refusal {
    Refusal::invalid("NoSuchResourceException", "The request failed because the specified quota does not exist.")
}
