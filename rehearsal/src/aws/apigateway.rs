//! API Gateway: custom domains, as version 2 of its API has them and as the REST APIs' version has them. Both are one service to a signature.

use http::{Method, request::Parts};
use serde_json::{Map, Value, json};

use super::{Context, Service, input::Input, paging, protocol::malformed, unknown_operation};
use crate::{
    account::Domains,
    pair::{Pair, Site},
    simulation::{
        Simulation,
        refusal::{Refusal, Result},
    },
};

/// Most domains that one answer lists if nothing is said.
const PAGE: usize = 25;
/// Hosted zone of every CloudFront distribution.
const CLOUDFRONT_ZONE: &str = "Z2FDTNDATAQYW2";

/// The operation that method and path stand for. `api` is the version of the API that is asked.
pub(super) fn decode(parts: &Parts) -> Result<(String, Value)> {
    let mut input: Map<String, Value> =
        serde_urlencoded::from_str(parts.uri.query().unwrap_or_default()).map_err(malformed)?;
    let path: Vec<&str> = parts.uri.path().split('/').filter(|part| !part.is_empty()).collect();
    let (api, operation, name) = match (&parts.method, path.as_slice()) {
        (&Method::GET, ["v2", "domainnames"]) => ("v2", "GetDomainNames", None),
        (&Method::GET, ["v2", "domainnames", name]) => ("v2", "GetDomainName", Some(*name)),
        (&Method::GET, ["domainnames"]) => ("rest", "GetDomainNames", None),
        (&Method::GET, ["domainnames", name]) => ("rest", "GetDomainName", Some(*name)),
        (method, _) => return Ok((format!("{method} {}", parts.uri.path()), json!({}))),
    };
    input.insert("api".to_owned(), json!(api));
    if let Some(name) = name {
        input.insert("domainName".to_owned(), json!(name));
    }
    Ok((operation.to_owned(), Value::Object(input)))
}

pub(super) fn call(
    simulation: &mut Simulation,
    context: &Context<'_>,
    operation: &str,
    input: Input<'_>,
) -> Result<Value> {
    let is_rest = input.text("api") == Some("rest");
    let all: Vec<(String, Value)> = simulation
        .sites()
        .filter(|(_, _, site)| site.region == *context.region)
        .filter(|_| is_rest || simulation.scenario.account.domains != Domains::RestOnly)
        .map(|(pair, _, site)| (pair.record.clone(), shape(simulation, pair, site, is_rest)))
        .collect();
    match operation {
        "GetDomainNames" => {
            let (items, token, size) =
                if is_rest { ("item", "position", "limit") } else { ("items", "nextToken", "maxResults") };
            let domains = all.into_iter().map(|(_, domain)| domain).collect();
            let (page, next) = paging::page(simulation, domains, input, token, size, PAGE)?;
            Ok(json!({items: page, token: next}))
        }
        "GetDomainName" => {
            let wanted = input.required("domainName")?;
            let found = all.into_iter().find(|(name, _)| name == wanted).map(|(_, domain)| domain);
            found.ok_or_else(|| Refusal::not_found("NotFoundException", "Invalid domain name identifier specified"))
        }
        _ => Err(unknown_operation(Service::ApiGateway, operation)),
    }
}

fn shape(simulation: &Simulation, pair: &Pair, site: &Site, is_rest: bool) -> Value {
    let is_edge = simulation.scenario.account.domains == Domains::Edge;
    let kind = if is_edge { "EDGE" } else { "REGIONAL" };
    let certificate = format!("arn:aws:acm:{}:{}:certificate/{}", site.region, pair.account, site.kms_key);
    let distribution = format!("{}.cloudfront.net", crate::dice::hex_id(&format!("edge/{}", pair.record), 13));
    let (dns_name, zone) = match is_edge {
        true => (distribution.as_str(), CLOUDFRONT_ZONE),
        false => (site.endpoint.dns_name.as_str(), site.endpoint.zone.as_str()),
    };
    match (is_rest, is_edge) {
        (false, _) => json!({
            "domainName": pair.record,
            "apiMappingSelectionExpression": "$request.basepath",
            "domainNameConfigurations": [{
                "apiGatewayDomainName": dns_name,
                "certificateArn": certificate,
                "domainNameStatus": "AVAILABLE",
                "endpointType": kind,
                "hostedZoneId": zone,
                "securityPolicy": "TLS_1_2",
            }],
        }),
        (true, true) => json!({
            "domainName": pair.record,
            "domainNameStatus": "AVAILABLE",
            "certificateArn": certificate,
            "distributionDomainName": dns_name,
            "distributionHostedZoneId": zone,
            "endpointConfiguration": {"types": [kind]},
        }),
        (true, false) => json!({
            "domainName": pair.record,
            "domainNameStatus": "AVAILABLE",
            "regionalCertificateArn": certificate,
            "regionalDomainName": dns_name,
            "regionalHostedZoneId": zone,
            "endpointConfiguration": {"types": [kind]},
        }),
    }
}
