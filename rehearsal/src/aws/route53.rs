//! Route 53: its paths, hosted zones and changes. Its records are in `route53_records`.

use std::time::Duration;

use bytes::Bytes;
use http::{Method, request::Parts};
use serde_json::{Map, Value, json};

use super::{
    Context, Service, input::Input, iso, paging, protocol::malformed, route53_records, unknown_operation, xml,
    xml::Dialect,
};
use crate::{
    ledger::Outcome,
    simulation::{
        Simulation,
        dns::{NAME_SERVERS, Zone, bare_id},
        refusal::{Refusal, Result},
    },
};

pub(super) const DIALECT: Dialect = Dialect { namespace: "https://route53.amazonaws.com/doc/2013-04-01/", item };

/// Names of list items in Route 53's model.
fn item(list: &str) -> &'static str {
    match list {
        "HostedZones" => "HostedZone",
        "NameServers" => "NameServer",
        "ResourceRecordSets" => "ResourceRecordSet",
        "ResourceRecords" => "ResourceRecord",
        _ => "member",
    }
}

/// Most zones that one answer lists, and its default.
const ZONES: usize = 100;
const SECOND: Duration = Duration::from_secs(1);

/// Elements of a request that are items of a list.
const ITEMS: [&str; 2] = ["Change", "ResourceRecord"];

/// The operation that method and path stand for, with its parameters from path, query and body.
pub(super) fn decode(parts: &Parts, body: &Bytes) -> Result<(String, Value)> {
    let query: Map<String, Value> =
        serde_urlencoded::from_str(parts.uri.query().unwrap_or_default()).map_err(malformed)?;
    let path: Vec<&str> = parts.uri.path().split('/').filter(|part| !part.is_empty()).collect();
    let (operation, id) = match (&parts.method, path.as_slice()) {
        (&Method::GET, ["2013-04-01", "hostedzone"]) => ("ListHostedZones", None),
        (&Method::GET, ["2013-04-01", "hostedzone", id]) => ("GetHostedZone", Some(*id)),
        (&Method::GET, ["2013-04-01", "hostedzone", id, "rrset"]) => ("ListResourceRecordSets", Some(*id)),
        (&Method::POST, ["2013-04-01", "hostedzone", id, "rrset"]) => ("ChangeResourceRecordSets", Some(*id)),
        (&Method::GET, ["2013-04-01", "change", id]) => ("GetChange", Some(*id)),
        (method, _) => return Ok((format!("{method} {}", parts.uri.path()), json!({}))),
    };
    let mut input = query;
    if let Some(id) = id {
        input.insert("Id".to_owned(), json!(id));
    }
    if !body.is_empty() {
        let text = std::str::from_utf8(body).map_err(malformed)?;
        if let Value::Object(members) = xml::parse(text, &ITEMS).map_err(malformed)? {
            input.extend(members);
        }
    }
    Ok((operation.to_owned(), Value::Object(input)))
}

pub(super) fn call(simulation: &mut Simulation, _: &Context<'_>, operation: &str, input: Input<'_>) -> Result<Value> {
    throttle(simulation)?;
    match operation {
        "ListHostedZones" => list_zones(simulation, input),
        "GetHostedZone" => get_zone(simulation, input),
        "ListResourceRecordSets" => route53_records::list(simulation, input),
        "ChangeResourceRecordSets" => change(simulation, input),
        "GetChange" => change_info(simulation, input.required("Id")?),
        _ => Err(unknown_operation(Service::Route53, operation)),
    }
}

/// Refuses what is more than the account's requests a second, whoever made the others.
fn throttle(simulation: &Simulation) -> Result<()> {
    let Some(rate) = simulation.scenario.account.route53_rate else { return Ok(()) };
    let since = simulation.now - SECOND;
    let newest = simulation.ledger.iter().rev().take_while(|call| call.at > since);
    let taken = newest.filter(|call| call.service == Service::Route53 && call.outcome == Outcome::Accepted).count();
    if taken < rate { Ok(()) } else { Err(Refusal::invalid("Throttling", "Rate exceeded")) }
}

fn list_zones(simulation: &Simulation, input: Input<'_>) -> Result<Value> {
    let zones: Vec<Value> = simulation.dns.zones.iter().map(|(id, zone)| zone_shape(id, zone)).collect();
    let (page, next) = paging::page(simulation, zones, input, "marker", "maxitems", ZONES)?;
    Ok(json!({
        "HostedZones": page,
        "Marker": input.text("marker").unwrap_or_default(),
        "IsTruncated": !next.is_null(),
        "NextMarker": next,
        "MaxItems": ZONES.to_string(),
    }))
}

fn get_zone(simulation: &Simulation, input: Input<'_>) -> Result<Value> {
    let id = input.required("Id")?;
    let zone = simulation.dns.zone(id)?;
    Ok(json!({"HostedZone": zone_shape(id, zone), "DelegationSet": {"NameServers": NAME_SERVERS}}))
}

fn zone_shape(id: &str, zone: &Zone) -> Value {
    json!({
        "Id": format!("/hostedzone/{id}"),
        "Name": zone.name,
        "CallerReference": crate::dice::uuid(id),
        "Config": {"PrivateZone": false},
        "ResourceRecordSetCount": zone.records.len(),
    })
}

fn change(simulation: &mut Simulation, input: Input<'_>) -> Result<Value> {
    let batch = route53_records::batch(input)?;
    let id = simulation.change_records(input.required("Id")?, &batch)?;
    change_info(simulation, &id)
}

fn change_info(simulation: &Simulation, id: &str) -> Result<Value> {
    let id = bare_id(id);
    let not_found = || Refusal::not_found("NoSuchChange", format!("Could not find resource with ID: {id}"));
    let change = simulation.dns.changes.get(id).ok_or_else(not_found)?;
    Ok(json!({"ChangeInfo": {
        "Id": format!("/change/{id}"),
        "Status": if change.in_sync { "INSYNC" } else { "PENDING" },
        "SubmittedAt": iso(change.submitted),
    }}))
}
