//! The alias records of all public hosted zones.

use aws_sdk_route53::{
    Client,
    types::{ResourceRecordSet, RrType},
};

use super::{PAGES, pages};
use crate::{
    aws::{
        AwsError,
        call::{Caller, Operation},
        route53::record_set,
    },
    discovery::AliasRecord,
    topology::RecordName,
};

static ZONES: Operation = Operation::new("route53", "ListHostedZones");
static RECORD_SETS: Operation = Operation::new("route53", "ListResourceRecordSets");

/// Simple alias A records, and what could not be read.
pub(super) async fn aliases(client: &Client, global: &Caller) -> (Vec<AliasRecord>, Vec<String>) {
    let zones = match zones(client, global).await {
        Ok(zones) => zones,
        Err(error) => return (Vec::new(), vec![error.to_string()]),
    };
    let (mut found, mut unread) = (Vec::new(), Vec::new());
    for zone in zones {
        match records(client, global, &zone).await {
            Ok(records) => found.extend(records),
            Err(error) => unread.push(format!("hosted zone {zone}: {error}")),
        }
    }
    (found, unread)
}

/// Ids of the public hosted zones.
async fn zones(client: &Client, global: &Caller) -> Result<Vec<String>, AwsError> {
    pages(async |marker: Option<String>| {
        let send = || client.list_hosted_zones().set_marker(marker.clone()).send();
        let answer = global.read(&ZONES, send).await?;
        let zones = answer.hosted_zones.into_iter();
        let public = zones.filter(|zone| !zone.config().is_some_and(|config| config.private_zone()));
        let ids = public.map(|zone| zone.id.trim_start_matches("/hostedzone/").to_owned());
        Ok((ids.collect(), answer.next_marker))
    })
    .await
}

async fn records(client: &Client, global: &Caller, zone: &str) -> Result<Vec<AliasRecord>, AwsError> {
    let (mut found, mut from) = (Vec::new(), None::<(String, RrType, Option<String>)>);
    for _ in 0..PAGES {
        let send = || {
            let (name, kind, identifier) = from
                .clone()
                .map_or((None, None, None), |(name, kind, identifier)| (Some(name), Some(kind), identifier));
            let list = client.list_resource_record_sets().hosted_zone_id(zone).set_start_record_name(name);
            list.set_start_record_type(kind).set_start_record_identifier(identifier).send()
        };
        let answer = global.read(&RECORD_SETS, send).await?;
        found.extend(answer.resource_record_sets().iter().filter_map(|set| alias(set, zone)));
        from = answer
            .next_record_name()
            .zip(answer.next_record_type())
            .map(|(name, kind)| (name.to_owned(), kind.clone(), answer.next_record_identifier().map(str::to_owned)));
        if from.is_none() {
            break;
        }
    }
    Ok(found)
}

fn alias(set: &ResourceRecordSet, zone: &str) -> Option<AliasRecord> {
    let set = record_set(set);
    let is_simple = set.kind == "A" && set.routing.is_empty();
    let alias = set.alias.filter(|_| is_simple)?;
    Some(AliasRecord { record: RecordName::new(zone, &set.name), alias })
}
