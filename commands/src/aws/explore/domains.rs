//! API Gateway's custom domains of a region, which a record points at by their regional domain names.

use std::collections::BTreeSet;

use aws_types::SdkConfig;
use serde::Deserialize;
use serde_json::json;

use crate::{
    aws::{
        AwsError,
        call::{Caller, Operation},
        pages::{Listed, more},
        signed::{Place, Protocol, Service, Signed},
    },
    discovery::{CustomDomain, DomainKind, Inventory, Part, Pointer, Unread, covers},
    topology::{Endpoint, normal},
};

/// HTTP and WebSocket APIs. It also knows the domains of REST APIs, but not in every account.
static V2: Service = Service {
    id: "ApiGatewayV2",
    name: "apigateway",
    place: Place::Region("apigateway"),
    protocol: Protocol::RestJson("/v2/domainnames"),
};
/// REST APIs.
static REST: Service = Service {
    id: "API Gateway",
    name: "apigateway",
    place: Place::Region("apigateway"),
    protocol: Protocol::RestJson("/domainnames"),
};
/// Reading is one action in IAM for all of API Gateway, on `arn:aws:apigateway:REGION::/domainnames`; v2's path counts as the same.
static GET: Operation = Operation::new("apigateway", "GET");

/// One page, of either API.
#[derive(Debug, Deserialize)]
struct Page {
    #[serde(alias = "item")]
    items: Option<Vec<Item>>,
    #[serde(rename = "nextToken")]
    next_token: Option<String>,
    position: Option<String>,
}

/// A domain, with the members of either API.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Item {
    domain_name: String,
    domain_name_configurations: Option<Vec<Configuration>>,
    regional_domain_name: Option<String>,
    regional_hosted_zone_id: Option<String>,
    distribution_domain_name: Option<String>,
    domain_name_status: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Configuration {
    api_gateway_domain_name: Option<String>,
    hosted_zone_id: Option<String>,
    endpoint_type: Option<String>,
    domain_name_status: Option<String>,
}

/// Adds the custom domains of a region: those that version 2 lists, and those that the REST APIs' version lists where version 2 could not be read or has
/// none that a record is for.
pub(super) async fn add(config: &SdkConfig, caller: Caller, inventory: &mut Inventory, pointers: &[Pointer]) {
    let signed = Signed::new(config, caller.clone());
    let list = async |service, next| list(&signed, &caller.region, service, next).await;
    let mut listed = list(&V2, "nextToken").await;
    let covers_one = |domain: &CustomDomain| pointers.iter().any(|it| covers(&domain.name, &it.record.name));
    let is_enough = match &listed.gap {
        None => listed.found.iter().any(covers_one),
        // Nothing answers there.
        Some(gap) => gap.is_dark,
    };
    if !is_enough {
        let rest = list(&REST, "position").await;
        let names: BTreeSet<String> = listed.found.iter().map(|domain| normal(&domain.name)).collect();
        listed.found.extend(rest.found.into_iter().filter(|domain| !names.contains(&normal(&domain.name))));
        // Both versions list the same domains: what one told, the other need not.
        listed.gap = rest.gap.and_then(|gap| listed.gap.or(Some(gap)));
    }
    inventory.domains.extend(listed.found);
    if let Some(gap) = listed.gap {
        let what = format!("API Gateway's custom domains in {}", caller.region);
        inventory.unread.push(Unread { part: Part::Domains, what, why: gap.why });
    }
}

/// The domains that one version of the API lists; `next` is what it calls the token of a page.
async fn list(signed: &Signed, region: &str, service: &'static Service, next: &'static str) -> Listed<CustomDomain> {
    Listed::read(async |token: Option<String>| {
        let parameters = token.map_or_else(|| json!({}), |token| json!({ next: token }));
        let answer = signed.read(service, &GET, &parameters).await?;
        let page: Page =
            serde_json::from_value(answer).map_err(|error| AwsError::unreadable(&GET, region, error.to_string()))?;
        let domains = page.items.iter().flatten().map(domain).collect();
        Ok((domains, more(page.next_token.or(page.position))))
    })
    .await
}

fn domain(item: &Item) -> CustomDomain {
    // A domain on its way from edge to regional has both.
    let configurations = || item.domain_name_configurations.iter().flatten();
    let is_regional = |it: &&Configuration| it.endpoint_type.as_deref() == Some("REGIONAL");
    let configuration = configurations().find(is_regional).or_else(|| configurations().next());
    let regional = match configuration {
        Some(found) => found.api_gateway_domain_name.clone().zip(found.hosted_zone_id.clone()),
        None => item.regional_domain_name.clone().zip(item.regional_hosted_zone_id.clone()),
    };
    let is_edge = match configuration {
        Some(found) => found.endpoint_type.as_deref() == Some("EDGE"),
        None => item.distribution_domain_name.is_some() && item.regional_domain_name.is_none(),
    };
    let status = configuration.and_then(|found| found.domain_name_status.clone());
    CustomDomain {
        name: item.domain_name.clone(),
        kind: match regional {
            _ if is_edge => DomainKind::Edge,
            Some((dns_name, zone)) => DomainKind::Regional(Endpoint { dns_name, zone }),
            None => DomainKind::Private,
        },
        status: status.or_else(|| item.domain_name_status.clone()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn only(page: &str) -> CustomDomain {
        domain(&serde_json::from_str::<Page>(page).unwrap().items.unwrap()[0])
    }

    #[test]
    fn both_versions_are_read() {
        let endpoint = Endpoint {
            dns_name: "d-1.execute-api.cn-north-1.amazonaws.com.cn".to_owned(),
            zone: "Z1UJRXOUMOOFQ8".to_owned(),
        };
        let v2 = r#"{"items": [{"domainName": "app.shop.example", "domainNameConfigurations": [{
            "apiGatewayDomainName": "d-1.execute-api.cn-north-1.amazonaws.com.cn", "hostedZoneId": "Z1UJRXOUMOOFQ8",
            "endpointType": "REGIONAL", "domainNameStatus": "AVAILABLE"}]}]}"#;
        let rest = r#"{"item": [{"domainName": "app.shop.example", "domainNameStatus": "AVAILABLE",
            "regionalDomainName": "d-1.execute-api.cn-north-1.amazonaws.com.cn", "regionalHostedZoneId": "Z1UJRXOUMOOFQ8"}]}"#;
        for page in [v2, rest] {
            let domain = only(page);
            assert_eq!(domain.kind, DomainKind::Regional(endpoint.clone()));
            assert_eq!(domain.status.as_deref(), Some("AVAILABLE"));
        }
    }

    #[test]
    fn edge_and_private_domains_have_no_regional_name() {
        let edge = r#"{"item": [{"domainName": "app.shop.example", "distributionDomainName": "d1.cloudfront.net"}]}"#;
        assert_eq!(only(edge).kind, DomainKind::Edge);
        let edge = r#"{"items": [{"domainName": "app.shop.example", "domainNameConfigurations": [{
            "apiGatewayDomainName": "d1.cloudfront.net", "hostedZoneId": "Z2FDTNDATAQYW2", "endpointType": "EDGE"}]}]}"#;
        assert_eq!(only(edge).kind, DomainKind::Edge);
        assert_eq!(only(r#"{"item": [{"domainName": "app.shop.example"}]}"#).kind, DomainKind::Private);
    }
}
