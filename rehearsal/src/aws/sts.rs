//! STS: who the caller is, and roles.

use serde_json::{Value, json};

use super::{Context, Service, input::Input, iso, unknown_operation, xml::Dialect};
use crate::{
    dice,
    simulation::{Simulation, refusal::Result},
};

pub(super) const DIALECT: Dialect =
    Dialect { namespace: "https://sts.amazonaws.com/doc/2011-06-15/", item: |_| "member" };

pub(super) fn call(
    simulation: &mut Simulation,
    context: &Context<'_>,
    operation: &str,
    input: Input<'_>,
) -> Result<Value> {
    match operation {
        "GetCallerIdentity" => Ok(caller_identity(simulation, context)),
        "AssumeRole" => assume_role(simulation, input),
        _ => Err(unknown_operation(Service::Sts, operation)),
    }
}

fn caller_identity(simulation: &Simulation, context: &Context<'_>) -> Value {
    let arn = simulation.caller(context.access_key);
    let account = arn.split(':').nth(4).unwrap_or_default();
    let user = format!("AIDA{}", dice::hex_id(&arn, 16).to_uppercase());
    json!({"Arn": arn, "UserId": user, "Account": account})
}

fn assume_role(simulation: &mut Simulation, input: Input<'_>) -> Result<Value> {
    let (role, name) = (input.required("RoleArn")?, input.required("RoleSessionName")?);
    let lasts = std::time::Duration::from_secs(input.number("DurationSeconds")?.unwrap_or(3600).into());
    let session = simulation.identity.assume(role, name);
    Ok(json!({
        "Credentials": {
            "AccessKeyId": session.access_key,
            "SecretAccessKey": dice::hex_id(&format!("secret/{}", session.access_key), 40),
            "SessionToken": dice::hex_id(&format!("token/{}", session.access_key), 64),
            "Expiration": iso(simulation.now + lasts),
        },
        "AssumedRoleUser": {"AssumedRoleId": session.role_id, "Arn": session.arn},
    }))
}
