//! Route 53's resource record sets, read and written.

use serde_json::{Map, Value, json};

use super::input::Input;
use crate::simulation::{
    Simulation,
    dns::{Alias, ChangeAction, RecordKey, RecordSet, bare_id, fully_qualified},
    refusal::{Refusal, Result},
};

/// Most records that one answer lists, and its default.
const PAGE: u32 = 300;

/// Members of a record set that make it anything but simple.
const ROUTING: [&str; 7] =
    ["SetIdentifier", "Weight", "Region", "Failover", "MultiValueAnswer", "HealthCheckId", "TrafficPolicyInstanceId"];

/// `ListResourceRecordSets`: in order, from a name and type on.
pub(super) fn list(simulation: &Simulation, input: Input<'_>) -> Result<Value> {
    let zone = simulation.dns.zone(input.required("Id")?)?;
    let start = RecordKey::new(
        input.text("name").unwrap_or(&zone.name),
        input.text("type").unwrap_or_default(),
        input.text("identifier").unwrap_or_default(),
    );
    if input.text("type").is_some() && input.text("name").is_none() {
        return Err(Refusal::invalid("InvalidInput", "The type parameter needs the name parameter"));
    }
    let bound = simulation.scenario.account.page.and_then(|page| u32::try_from(page).ok()).unwrap_or(PAGE);
    let size = input.number("maxitems")?.unwrap_or(PAGE).min(bound).clamp(1, PAGE);
    let mut following = zone.records.range(start..).map(|(_, record)| record);
    let page: Vec<Value> = following.by_ref().take(size as usize).map(shape).collect();
    let next = following.next();
    Ok(json!({
        "ResourceRecordSets": page,
        "IsTruncated": next.is_some(),
        "NextRecordName": next.map(|record| &record.name),
        "NextRecordType": next.map(|record| &record.kind),
        "NextRecordIdentifier": next.and_then(|record| record.routing.get("SetIdentifier")),
        "MaxItems": size.to_string(),
    }))
}

/// The changes of a `ChangeResourceRecordSets` request.
pub(super) fn batch(input: Input<'_>) -> Result<Vec<(ChangeAction, RecordSet)>> {
    let batch = input.structure("ChangeBatch").ok_or_else(|| bad("ChangeBatch is missing"))?;
    let changes = batch.list("Changes").map(change).collect::<Result<Vec<_>>>()?;
    if changes.is_empty() { Err(bad("the change batch is empty")) } else { Ok(changes) }
}

fn change(given: Input<'_>) -> Result<(ChangeAction, RecordSet)> {
    let action = match given.required("Action")? {
        "CREATE" => ChangeAction::Create,
        "DELETE" => ChangeAction::Delete,
        "UPSERT" => ChangeAction::Upsert,
        other => return Err(bad(&format!("{other} is not an action"))),
    };
    let record = given.structure("ResourceRecordSet").ok_or_else(|| bad("ResourceRecordSet is missing"))?;
    Ok((action, read(record)?))
}

fn read(given: Input<'_>) -> Result<RecordSet> {
    let alias = given.structure("AliasTarget").map(|target| -> Result<Alias> {
        Ok(Alias {
            zone: bare_id(target.required("HostedZoneId")?).to_owned(),
            dns_name: fully_qualified(target.required("DNSName")?),
            evaluate_health: target.flag("EvaluateTargetHealth").unwrap_or(false),
        })
    });
    let record = RecordSet {
        name: fully_qualified(given.required("Name")?),
        kind: given.required("Type")?.to_owned(),
        ttl: given.number("TTL")?.map(u64::from),
        values: given.list("ResourceRecords").filter_map(|record| record.text("Value")).map(str::to_owned).collect(),
        alias: alias.transpose()?,
        routing: ROUTING.iter().filter_map(|name| Some(((*name).to_owned(), given.text(name)?.to_owned()))).collect(),
    };
    if record.alias.is_some() == (record.ttl.is_some() || !record.values.is_empty()) {
        return Err(bad("expected exactly one of AliasTarget, or TTL and ResourceRecords"));
    }
    Ok(record)
}

fn shape(record: &RecordSet) -> Value {
    let mut members = Map::new();
    members.insert("Name".to_owned(), json!(record.name));
    members.insert("Type".to_owned(), json!(record.kind));
    members.extend(record.routing.iter().map(|(name, value)| (name.clone(), json!(value))));
    match &record.alias {
        Some(alias) => members.insert(
            "AliasTarget".to_owned(),
            json!({
                "HostedZoneId": alias.zone,
                "DNSName": alias.dns_name,
                "EvaluateTargetHealth": alias.evaluate_health,
            }),
        ),
        None => {
            let values: Vec<Value> = record.values.iter().map(|value| json!({"Value": value})).collect();
            members.insert("ResourceRecords".to_owned(), json!(values));
            members.insert("TTL".to_owned(), json!(record.ttl))
        }
    };
    Value::Object(members)
}

fn bad(message: &str) -> Refusal {
    Refusal::invalid("InvalidInput", message)
}
