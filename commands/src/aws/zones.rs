//! Hosted zones: what they demand of whoever changes their records.
//!
//! The SDK's model is older than protections and change guardrails (botocore has them from 1.44.8 on), so these calls are signed and read here.

use serde::Deserialize;
use serde_json::json;

use super::{Accepted, Aws, AwsError, AwsErrorKind, call::Operation, route53::HOSTED_ZONES};
use crate::{
    observation::{Protection, ZoneState},
    topology::{Duty, plain_name, zone_id},
};

static GET_ZONE: Operation = Operation::new("route53", "GetHostedZone");
static PROTECTIONS: Operation = Operation::new("route53", "ListResourceRecordSetProtections");
static LIFT: Operation = Operation::new("route53", "DeleteResourceRecordSetProtections");
static PUT_BACK: Operation = Operation::new("route53", "CreateResourceRecordSetProtections");
static ZONES: Operation = Operation::new("route53", "ListHostedZones");

/// Most answers that are read of a list.
const PAGES: usize = 10;

impl Aws {
    /// A hosted zone's own settings.
    pub async fn zone(&self, zone: &str) -> Result<ZoneState, AwsError> {
        let signed = &self.route53(zone, Duty::Read).signed;
        let answer: GetHostedZone = signed.get(&HOSTED_ZONES, &GET_ZONE, &zone_id(zone), &json!({})).await?;
        let GetHostedZone { hosted_zone: HostedZone { name, config, features } } = answer;
        let features = features.unwrap_or_default();
        let on = features.guardrails.unwrap_or_default().list.into_iter().filter(|each| each.status == "ENABLED");
        Ok(ZoneState {
            name: plain_name(&name),
            private: config.as_ref().is_some_and(|config| config.private),
            protectable: config.is_some_and(|config| config.tier.is_some()),
            accelerated_recovery: features.accelerated_recovery,
            guardrails: on.map(|guardrail| guardrail.name).collect(),
        })
    }

    /// The protections in a hosted zone.
    pub async fn protections(&self, zone: &str) -> Result<Vec<Protection>, AwsError> {
        let signed = &self.route53(zone, Duty::Read).signed;
        let below = format!("{}/rrsetprotection", zone_id(zone));
        let (mut found, mut next) = (Vec::new(), None::<String>);
        for _ in 0..PAGES {
            let parameters = next.map_or_else(|| json!({}), |token| json!({ "nexttoken": token }));
            let answer: ListProtections = match signed.get(&HOSTED_ZONES, &PROTECTIONS, &below, &parameters).await {
                // An endpoint that is older than they are.
                Err(error) if matches!(error.kind, AwsErrorKind::Invalid | AwsErrorKind::NotFound) => break,
                answer => answer?,
            };
            found.extend(answer.protections.list.into_iter().map(|protection| Protection {
                name: plain_name(&protection.name),
                kind: protection.kind,
                comment: protection.comment,
            }));
            next = answer.next_token;
            if next.is_none() {
                break;
            }
        }
        Ok(found)
    }

    /// Deletes those protections, or creates them.
    pub(super) async fn change_protections(
        &self,
        zone: &str,
        protections: &[Protection],
        create: bool,
    ) -> Result<Accepted, AwsError> {
        let (operation, end) = match create {
            true => (&PUT_BACK, "rrsetprotection"),
            false => (&LIFT, "rrsetprotection/delete"),
        };
        let below = format!("{}/{end}", zone_id(zone));
        let signed = &self.route53(zone, Duty::Promote).signed;
        signed.post(&HOSTED_ZONES, operation, &below, &request(protections, create)).await?;
        Ok(Accepted { request_id: None, reference: None })
    }

    /// Private hosted zones that the zone's role can see and whose name is one of those names, or above it.
    pub async fn private_zones(&self, zone: &str, names: &[&str]) -> Result<Vec<(String, String)>, AwsError> {
        let (mut found, mut marker) = (Vec::new(), None::<String>);
        for _ in 0..PAGES {
            let send = || self.route53(zone, Duty::Read).client.list_hosted_zones().set_marker(marker.clone()).send();
            let answer = self.0.global.read(&ZONES, send).await?;
            let private =
                answer.hosted_zones().iter().filter(|each| each.config().is_some_and(|config| config.private_zone()));
            found.extend(private.map(|each| (zone_id(each.id()), plain_name(each.name()))).filter(|(id, above)| {
                let covers = |name: &&str| *name == above || name.ends_with(&format!(".{above}"));
                id != zone && names.iter().any(covers)
            }));
            marker = answer.next_marker().map(str::to_owned);
            if marker.is_none() {
                break;
            }
        }
        Ok(found)
    }
}

/// The body of a request to delete protections, or to create them.
fn request(protections: &[Protection], create: bool) -> String {
    let (root, item) = match create {
        true => ("CreateResourceRecordSetProtectionsRequest", "ResourceRecordSetProtectionConfig"),
        false => ("DeleteResourceRecordSetProtectionsRequest", "ResourceRecordSetProtectionKey"),
    };
    let one = |protection: &Protection| {
        let comment = protection.comment.as_ref().filter(|_| create);
        let comment = comment.map(|comment| format!("<Comment>{}</Comment>", quick_xml::escape::escape(comment)));
        format!(
            "<{item}><RecordName>{}</RecordName><RecordType>{}</RecordType>{}</{item}>",
            quick_xml::escape::escape(&protection.name),
            quick_xml::escape::escape(&protection.kind),
            comment.unwrap_or_default()
        )
    };
    let listed: String = protections.iter().map(one).collect();
    format!(
        "<{root} xmlns=\"https://route53.amazonaws.com/doc/2013-04-01/\"><Protections>{listed}</Protections></{root}>"
    )
}

#[derive(Debug, Deserialize)]
struct GetHostedZone {
    #[serde(rename = "HostedZone")]
    hosted_zone: HostedZone,
}

#[derive(Debug, Deserialize)]
struct HostedZone {
    #[serde(rename = "Name")]
    name: String,
    #[serde(rename = "Config")]
    config: Option<ZoneConfig>,
    #[serde(rename = "Features")]
    features: Option<Features>,
}

#[derive(Debug, Deserialize)]
struct ZoneConfig {
    #[serde(rename = "PrivateZone", default)]
    private: bool,
    #[serde(rename = "HostedZoneTier")]
    tier: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
struct Features {
    #[serde(rename = "AcceleratedRecoveryStatus")]
    accelerated_recovery: Option<String>,
    #[serde(rename = "ChangeGuardrails")]
    guardrails: Option<Guardrails>,
}

#[derive(Debug, Default, Deserialize)]
struct Guardrails {
    #[serde(rename = "ChangeGuardrail", default)]
    list: Vec<Guardrail>,
}

#[derive(Debug, Deserialize)]
struct Guardrail {
    #[serde(rename = "Name")]
    name: String,
    #[serde(rename = "Status")]
    status: String,
}

#[derive(Debug, Deserialize)]
struct ListProtections {
    #[serde(rename = "ResourceRecordSetProtections", default)]
    protections: ListedProtections,
    #[serde(rename = "NextToken")]
    next_token: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
struct ListedProtections {
    #[serde(rename = "ResourceRecordSetProtection", default)]
    list: Vec<ListedProtection>,
}

#[derive(Debug, Deserialize)]
struct ListedProtection {
    #[serde(rename = "RecordName")]
    name: String,
    #[serde(rename = "RecordType")]
    kind: String,
    #[serde(rename = "Comment")]
    comment: Option<String>,
}
