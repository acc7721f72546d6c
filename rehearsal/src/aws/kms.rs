//! KMS: the keys of the DB clusters.

use std::time::Duration;

use serde_json::{Value, json};

use super::{Context, Service, epoch, input::Input, unknown_operation};
use crate::{
    pair::KeyState,
    simulation::{
        Simulation,
        refusal::{Refusal, Result},
    },
};

/// KMS waits so long before it deletes a key, unless told otherwise.
const WAITING: Duration = Duration::from_secs(30 * 24 * 3600);

pub(super) fn call(
    simulation: &mut Simulation,
    context: &Context<'_>,
    operation: &str,
    input: Input<'_>,
) -> Result<Value> {
    match operation {
        "DescribeKey" => describe_key(simulation, context, input),
        _ => Err(unknown_operation(Service::Kms, operation)),
    }
}

/// By key id or ARN; a key of another region is not found, as in AWS.
fn describe_key(simulation: &Simulation, context: &Context<'_>, input: Input<'_>) -> Result<Value> {
    let wanted = input.required("KeyId")?;
    let found = simulation
        .sites()
        .filter(|(_, _, site)| site.region == *context.region)
        .map(|(pair, side, site)| (pair, site, pair.kms_key_arn(side)))
        .find(|(_, site, arn)| site.kms_key == wanted || arn == wanted);
    let Some((pair, site, arn)) = found else {
        return Err(Refusal::invalid("NotFoundException", format!("Key '{wanted}' does not exist")));
    };
    let state = match site.kms_state {
        KeyState::Enabled | KeyState::AwsManaged => "Enabled",
        KeyState::Disabled => "Disabled",
        KeyState::PendingDeletion => "PendingDeletion",
    };
    let deletion = (site.kms_state == KeyState::PendingDeletion).then(|| epoch(simulation.scenario.epoch + WAITING));
    Ok(json!({"KeyMetadata": {
        "AWSAccountId": pair.account,
        "KeyId": site.kms_key,
        "Arn": arn,
        "CreationDate": epoch(simulation.scenario.epoch),
        "Enabled": state == "Enabled",
        "Description": format!("{} Aurora", pair.name),
        "KeyUsage": "ENCRYPT_DECRYPT",
        "KeyState": state,
        "DeletionDate": deletion,
        "Origin": "AWS_KMS",
        "KeyManager": if site.kms_state == KeyState::AwsManaged { "AWS" } else { "CUSTOMER" },
        "CustomerMasterKeySpec": "SYMMETRIC_DEFAULT",
        "KeySpec": "SYMMETRIC_DEFAULT",
        "EncryptionAlgorithms": ["SYMMETRIC_DEFAULT"],
        "MultiRegion": false,
    }}))
}
