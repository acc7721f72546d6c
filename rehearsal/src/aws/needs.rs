//! What tasks need before they can start, as the services tell that have it: ECR, Secrets Manager, Systems Manager, CloudWatch Logs, ACM and EC2. Each
//! knows the one thing of its kind that every site has.

use std::time::Duration;

use serde_json::{Value, json};

use super::{Context, Service, epoch, input::Input, unknown_operation, xml::Dialect};
use crate::{
    dice,
    needs::{ImageIs, LogGroupIs, SecretIs},
    pair::{Pair, Side, Site},
    simulation::{
        Simulation,
        ecs::ServiceKey,
        refusal::{Refusal, Result},
    },
};

/// EC2's XML.
pub(super) const EC2_DIALECT: Dialect =
    Dialect { namespace: "http://ec2.amazonaws.com/doc/2016-11-15/", item: |_| "item" };

/// Tag of every image.
const TAG: &str = "2026.11.1";
/// Prefix of the repositories that a pull-through cache fills.
const CACHE: &str = "cache";

/// Repository and tag of a service's image, in the registry of one of the pair's regions.
fn image(pair: &Pair, side: Side, service: &str) -> String {
    let site = pair.site(side);
    let region = match site.needs.image {
        ImageIs::InOtherRegion => &pair.site(side.other()).region,
        _ => &site.region,
    };
    format!("{}.dkr.ecr.{region}.amazonaws.com/{}:{TAG}", pair.account, repository(site, service))
}

fn repository(site: &Site, service: &str) -> String {
    let prefix = if site.needs.image == ImageIs::PulledThrough { "cache/" } else { "" };
    format!("{prefix}{}-{service}", site.ecs_cluster)
}

/// `secrets` of a container.
fn secrets(pair: &Pair, side: Side) -> Value {
    let needs = pair.site(side).needs;
    let place = |is: SecretIs| if is == SecretIs::InOtherRegion { side.other() } else { side };
    json!([
        {"name": "DB_PASSWORD", "valueFrom": format!("{}:password::", secret_arn(pair, place(needs.secret)))},
        {"name": "FLAGS", "valueFrom": parameter_arn(pair, place(needs.parameter))},
    ])
}

/// `logConfiguration` of a container.
fn log_configuration(pair: &Pair, side: Side) -> Value {
    let site = pair.site(side);
    let (region, create) = match site.needs.log_group {
        LogGroupIs::InOtherRegion => (&pair.site(side.other()).region, false),
        LogGroupIs::Created => (&site.region, true),
        LogGroupIs::There | LogGroupIs::Missing => (&site.region, false),
    };
    let mut options = json!({
        "awslogs-group": log_group(pair),
        "awslogs-region": region.as_str(),
        "awslogs-stream-prefix": "ecs",
    });
    if create {
        options["awslogs-create-group"] = json!("true");
    }
    json!({"logDriver": "awslogs", "options": options})
}

/// Subnets of a site's tasks, one in each zone.
fn subnets(pair: &Pair, side: Side) -> Vec<String> {
    let site = pair.site(side);
    (0..site.zones)
        .map(|zone| format!("subnet-{}", dice::hex_id(&format!("{}/{side:?}/{zone}", pair.name), 17)))
        .collect()
}

/// ARN of the certificate of a site's listener.
fn certificate_arn(pair: &Pair, side: Side) -> String {
    pair.arn(side, "acm", &format!("certificate/{}", dice::uuid(&format!("{}/certificate/{side:?}", pair.name))))
}

fn secret_arn(pair: &Pair, side: Side) -> String {
    pair.arn(side, "secretsmanager", &format!("secret:{}/db-AbCdEf", pair.name))
}

fn parameter_name(pair: &Pair) -> String {
    format!("/{}/flags", pair.name)
}

fn parameter_arn(pair: &Pair, side: Side) -> String {
    pair.arn(side, "ssm", &format!("parameter{}", parameter_name(pair)))
}

fn log_group(pair: &Pair) -> String {
    format!("/ecs/{}", pair.name)
}

/// The site whose service that is.
fn site_of<'a>(simulation: &'a Simulation, key: &ServiceKey) -> Option<(&'a Pair, Side)> {
    let mut sites = simulation.sites();
    sites
        .find(|(_, _, site)| site.region == key.region && site.ecs_cluster == key.cluster)
        .map(|(pair, side, _)| (pair, side))
}

/// A service's structure with its network.
pub(super) fn with_network(simulation: &Simulation, key: &ServiceKey, mut service: Value) -> Value {
    if let Some((pair, side)) = site_of(simulation, key) {
        let network = json!({"subnets": subnets(pair, side), "securityGroups": [], "assignPublicIp": "DISABLED"});
        service["networkConfiguration"] = json!({"awsvpcConfiguration": network});
    }
    service
}

/// A task definition's structure whose container needs what the site has.
pub(super) fn with_needs(simulation: &Simulation, key: &ServiceKey, mut definition: Value) -> Value {
    if let Some((pair, side)) = site_of(simulation, key) {
        let container = &mut definition["containerDefinitions"][0];
        container["image"] = json!(image(pair, side, &key.name));
        container["secrets"] = secrets(pair, side);
        container["logConfiguration"] = log_configuration(pair, side);
    }
    definition
}

/// A listener's structure with its certificate.
pub(super) fn with_certificate(simulation: &Simulation, arn: &str, mut listener: Value) -> Value {
    let mut sites = simulation.sites();
    if let Some((pair, side, _)) = sites.find(|(pair, side, _)| pair.listener_arn(*side) == arn) {
        listener["Certificates"] = json!([{"CertificateArn": certificate_arn(pair, side)}]);
    }
    listener
}

fn here<'a>(simulation: &'a Simulation, context: &Context<'_>) -> Vec<(&'a Pair, Side, &'a Site)> {
    simulation.sites().filter(|(_, _, site)| site.region == *context.region).collect()
}

pub(super) fn ecr(
    simulation: &mut Simulation,
    context: &Context<'_>,
    operation: &str,
    input: Input<'_>,
) -> Result<Value> {
    match operation {
        "DescribeImages" => images(simulation, context, input),
        "DescribePullThroughCacheRules" => Ok(json!({"pullThroughCacheRules": [{
            "ecrRepositoryPrefix": CACHE,
            "upstreamRegistryUrl": "public.ecr.aws",
            "createdAt": epoch(simulation.scenario.epoch),
        }]})),
        _ => Err(unknown_operation(Service::Ecr, operation)),
    }
}

/// One that isn't there refuses the whole call, as in ECR.
fn images(simulation: &Simulation, context: &Context<'_>, input: Input<'_>) -> Result<Value> {
    let name = input.required("repositoryName")?;
    let sites = here(simulation, context);
    let found = sites.iter().find_map(|(pair, _, site)| {
        let service = pair.services.iter().find(|service| repository(site, &service.name) == name)?;
        Some((pair, site, service))
    });
    let Some((pair, site, service)) = found else {
        let message = format!("The repository with name '{name}' does not exist in the registry");
        return Err(Refusal::invalid("RepositoryNotFoundException", message));
    };
    // The same code has the same digest wherever it is.
    let code = if site.needs.image == ImageIs::Moved { "other" } else { "code" };
    let digest = format!("sha256:{}", dice::hex_id(&format!("{}/{}/{code}", pair.name, service.name), 64));
    let wanted = input.list("imageIds").next();
    let fits = wanted.is_none_or(|id| {
        id.text("imageTag").is_none_or(|tag| tag == TAG) && id.text("imageDigest").is_none_or(|wanted| wanted == digest)
    });
    let gone = matches!(site.needs.image, ImageIs::Missing | ImageIs::PulledThrough);
    if !fits || gone || simulation.faults.image_missing(&site.region) {
        let message = format!("The image with imageId does not exist within the repository with name '{name}'");
        return Err(Refusal::invalid("ImageNotFoundException", message));
    }
    Ok(json!({"imageDetails": [{
        "registryId": pair.account,
        "repositoryName": name,
        "imageDigest": digest,
        "imageTags": [TAG],
        "imageSizeInBytes": 50_000_000,
        "imagePushedAt": epoch(simulation.scenario.epoch),
    }]}))
}

pub(super) fn secrets_manager(
    simulation: &mut Simulation,
    context: &Context<'_>,
    operation: &str,
    input: Input<'_>,
) -> Result<Value> {
    if operation != "DescribeSecret" {
        return Err(unknown_operation(Service::SecretsManager, operation));
    }
    let id = input.required("SecretId")?;
    let sites = here(simulation, context);
    let found = sites.into_iter().find(|(pair, side, _)| secret_arn(pair, *side) == id);
    let Some((pair, side, site)) = found.filter(|(_, _, site)| site.needs.secret != SecretIs::Missing) else {
        let message = "Secrets Manager can't find the specified secret.";
        return Err(Refusal::invalid("ResourceNotFoundException", message));
    };
    let primary = &pair.site(Side::Primary).region;
    let (status, message) = match site.needs.secret {
        SecretIs::Behind => ("Failed", "Replication failed: the KMS key can't be used"),
        _ => ("InSync", "Replication succeeded"),
    };
    let dr = &pair.site(Side::Dr).region;
    let replicas = json!([{"Region": dr.as_str(), "KmsKeyId": "alias/aws/secretsmanager", "Status": status, "StatusMessage": message}]);
    Ok(json!({
        "ARN": id,
        "Name": format!("{}/db", pair.name),
        "CreatedDate": epoch(simulation.scenario.epoch),
        "DeletedDate": (site.needs.secret == SecretIs::Deleted).then(|| epoch(simulation.scenario.epoch)),
        "PrimaryRegion": primary.as_str(),
        "ReplicationStatus": replicas,
        "VersionIdsToStages": {dice::uuid(&format!("{id}/{side:?}")): ["AWSCURRENT"]},
    }))
}

pub(super) fn ssm(
    simulation: &mut Simulation,
    context: &Context<'_>,
    operation: &str,
    input: Input<'_>,
) -> Result<Value> {
    if operation != "DescribeParameters" {
        return Err(unknown_operation(Service::Ssm, operation));
    }
    let filters: Vec<_> = input.list("ParameterFilters").collect();
    let wanted = |name: &str| {
        filters.iter().all(|filter| filter.text("Key") == Some("Name") && filter.texts("Values").contains(&name))
    };
    let found = here(simulation, context).into_iter().filter(|(_, _, site)| site.needs.parameter != SecretIs::Missing);
    let found: Vec<Value> = found
        .map(|(pair, ..)| parameter_name(pair))
        .filter(|name| wanted(name))
        .map(|name| json!({"Name": name, "Type": "SecureString", "Version": 1, "Tier": "Standard", "DataType": "text"}))
        .collect();
    Ok(json!({"Parameters": found}))
}

pub(super) fn logs(
    simulation: &mut Simulation,
    context: &Context<'_>,
    operation: &str,
    input: Input<'_>,
) -> Result<Value> {
    if operation != "DescribeLogGroups" {
        return Err(unknown_operation(Service::Logs, operation));
    }
    let prefix = input.text("logGroupNamePrefix").unwrap_or_default();
    let there = here(simulation, context).into_iter().filter(|(_, _, site)| site.needs.log_group == LogGroupIs::There);
    let found: Vec<Value> = there
        .map(|(pair, side, _)| (log_group(pair), pair.arn(side, "logs", &format!("log-group:{}:*", log_group(pair)))))
        .filter(|(name, _)| name.starts_with(prefix))
        .map(|(name, arn)| json!({"logGroupName": name, "arn": arn, "storedBytes": 0, "retentionInDays": 30}))
        .collect();
    Ok(json!({"logGroups": found}))
}

pub(super) fn acm(
    simulation: &mut Simulation,
    context: &Context<'_>,
    operation: &str,
    input: Input<'_>,
) -> Result<Value> {
    if operation != "DescribeCertificate" {
        return Err(unknown_operation(Service::Acm, operation));
    }
    let wanted = input.required("CertificateArn")?;
    let sites = here(simulation, context);
    let Some((pair, _, site)) = sites.into_iter().find(|(pair, side, _)| certificate_arn(pair, *side) == wanted) else {
        let message = format!("Could not find certificate {wanted}.");
        return Err(Refusal::invalid("ResourceNotFoundException", message));
    };
    let lives = Duration::from_secs(u64::from(site.needs.certificate_days) * 24 * 3600);
    let ended = simulation.now >= simulation.scenario.epoch + lives;
    Ok(json!({"Certificate": {
        "CertificateArn": wanted,
        "DomainName": pair.record,
        "Status": if ended { "EXPIRED" } else { "ISSUED" },
        "Type": "AMAZON_ISSUED",
        "NotAfter": epoch(simulation.scenario.epoch + lives),
        "RenewalEligibility": "ELIGIBLE",
        "InUseBy": [],
    }}))
}

pub(super) fn ec2(
    simulation: &mut Simulation,
    context: &Context<'_>,
    operation: &str,
    input: Input<'_>,
) -> Result<Value> {
    if operation != "DescribeSubnets" {
        return Err(unknown_operation(Service::Ec2, operation));
    }
    let wanted = input.texts("SubnetId");
    let all = here(simulation, context).into_iter().flat_map(|(pair, side, site)| {
        subnets(pair, side).into_iter().enumerate().map(move |(index, id)| (id, site.region.zone(index), site.needs))
    });
    let found: Vec<(String, String, _)> =
        all.filter(|(id, ..)| wanted.is_empty() || wanted.contains(&id.as_str())).collect();
    if let Some(unknown) = wanted.iter().find(|id| !found.iter().any(|(found, ..)| found == *id)) {
        let message = format!("The subnet ID '{unknown}' does not exist");
        return Err(Refusal::invalid("InvalidSubnetID.NotFound", message));
    }
    let shapes: Vec<Value> = found
        .into_iter()
        .map(|(id, zone, needs)| {
            json!({
                "subnetId": id,
                "state": "available",
                "availabilityZone": zone,
                "availableIpAddressCount": needs.free_addresses,
                "cidrBlock": "10.0.0.0/24",
            })
        })
        .collect();
    Ok(json!({"subnetSet": shapes}))
}
