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
        dns::{NAME_SERVERS, Zone, bare_id, fully_qualified},
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
        "ChangeGuardrails" => "ChangeGuardrail",
        "ResourceRecordSetProtections" => "ResourceRecordSetProtection",
        _ => "member",
    }
}

/// Most zones that one answer lists, and its default.
const ZONES: usize = 100;
const SECOND: Duration = Duration::from_secs(1);

/// Elements of a request that are items of a list.
const ITEMS: [&str; 4] =
    ["Change", "ResourceRecord", "ResourceRecordSetProtectionConfig", "ResourceRecordSetProtectionKey"];

/// The operation that method and path stand for, with its parameters from path, query and body.
pub(super) fn decode(parts: &Parts, body: &Bytes) -> Result<(String, Value)> {
    let query: Map<String, Value> =
        serde_urlencoded::from_str(parts.uri.query().unwrap_or_default()).map_err(malformed)?;
    let path: Vec<&str> = parts.uri.path().split('/').filter(|part| !part.is_empty()).collect();
    let (operation, id) = match (&parts.method, path.as_slice()) {
        (&Method::GET, ["2013-04-01", "hostedzone"]) => ("ListHostedZones", None),
        (&Method::GET, ["2013-04-01", "hostedzone", id]) => ("GetHostedZone", Some(*id)),
        (&Method::GET, ["2013-04-01", "hostedzone", id, "rrset"]) => ("ListResourceRecordSets", Some(*id)),
        (&Method::GET, ["2013-04-01", "hostedzone", id, "rrsetprotection"]) => {
            ("ListResourceRecordSetProtections", Some(*id))
        }
        (&Method::POST, ["2013-04-01", "hostedzone", id, "rrsetprotection"]) => {
            ("CreateResourceRecordSetProtections", Some(*id))
        }
        (&Method::POST, ["2013-04-01", "hostedzone", id, "rrsetprotection", "delete"]) => {
            ("DeleteResourceRecordSetProtections", Some(*id))
        }
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

pub(super) fn call(
    simulation: &mut Simulation,
    context: &Context<'_>,
    operation: &str,
    input: Input<'_>,
) -> Result<Value> {
    throttle(simulation)?;
    let zone = match operation {
        "GetChange" => simulation.dns.changes.get(bare_id(input.required("Id")?)).map(|change| change.zone.clone()),
        _ => input.text("Id").map(|id| bare_id(id).to_owned()),
    };
    if let Some(zone) = zone {
        may_use(simulation, context, operation, &zone)?;
    }
    match operation {
        "ListHostedZones" => list_zones(simulation, context, input),
        "GetHostedZone" => get_zone(simulation, input),
        "ListResourceRecordSetProtections" => protections(simulation, input),
        "CreateResourceRecordSetProtections" => change_protections(simulation, input, true),
        "DeleteResourceRecordSetProtections" => change_protections(simulation, input, false),
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

/// A hosted zone of another account takes that account's own roles, and nobody else.
fn may_use(simulation: &Simulation, context: &Context<'_>, operation: &str, zone: &str) -> Result<()> {
    let caller = simulation.caller(context.access_key);
    let Some(owner) = simulation.dns.zones.get(zone).and_then(|zone| zone.account.as_deref()) else { return Ok(()) };
    if caller.split(':').nth(4) == Some(owner) {
        return Ok(());
    }
    let message = format!(
        "User: {caller} is not authorized to perform: route53:{operation} on resource: arn:aws:route53:::hostedzone/{zone}"
    );
    Err(Refusal { status: 403, code: "AccessDenied".to_owned(), message })
}

/// The zones of the caller's account.
fn list_zones(simulation: &Simulation, context: &Context<'_>, input: Input<'_>) -> Result<Value> {
    let seen =
        simulation.dns.zones.iter().filter(|(id, _)| may_use(simulation, context, "ListHostedZones", id).is_ok());
    let zones: Vec<Value> = seen.map(|(id, zone)| zone_shape(id, zone)).collect();
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
    let mut shape = zone_shape(id, zone);
    let guardrail = |name: &String| json!({"Name": name, "Status": "ENABLED"});
    shape["Features"] = json!({
        "AcceleratedRecoveryStatus": zone.features.accelerated_recovery,
        "ChangeGuardrails": zone.features.guardrails.iter().map(guardrail).collect::<Vec<_>>(),
    });
    Ok(json!({"HostedZone": shape, "DelegationSet": {"NameServers": NAME_SERVERS}}))
}

/// All on one page.
fn protections(simulation: &Simulation, input: Input<'_>) -> Result<Value> {
    let zone = simulation.dns.zone(input.required("Id")?)?;
    let shape = |(name, kind, comment): &(String, String, String)| json!({"RecordName": fully_qualified(name), "RecordType": kind, "Comment": comment});
    let list: Vec<Value> = zone.features.protections.iter().map(shape).collect();
    Ok(json!({"ResourceRecordSetProtections": list}))
}

/// All or none, as Route 53 does it.
fn change_protections(simulation: &mut Simulation, input: Input<'_>, create: bool) -> Result<Value> {
    let id = bare_id(input.required("Id")?).to_owned();
    let mut protections = simulation.dns.zone(&id)?.features.protections.clone();
    for given in input.list("Protections") {
        let (name, kind) = (fully_qualified(given.required("RecordName")?), given.required("RecordType")?);
        let is_it = |(known, of, _): &(String, String, String)| fully_qualified(known) == name && of == kind;
        if protections.iter().any(is_it) == create {
            let what = if create { "already has" } else { "has no" };
            let message = format!("The resource record set [name='{name}', type='{kind}'] {what} a protection");
            return Err(Refusal::invalid("InvalidResourceRecordSetProtectionBatch", message));
        }
        protections.retain(|known| !is_it(known));
        if create {
            protections.push((name, kind.to_owned(), given.text("Comment").unwrap_or_default().to_owned()));
        }
    }
    if let Some(zone) = simulation.dns.zones.get_mut(&id) {
        zone.features.protections = protections;
    }
    Ok(json!({}))
}

fn zone_shape(id: &str, zone: &Zone) -> Value {
    json!({
        "Id": format!("/hostedzone/{id}"),
        "Name": zone.name,
        "CallerReference": crate::dice::uuid(id),
        "Config": {"PrivateZone": zone.private, "HostedZoneTier": "STANDARD"},
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
