//! The records of all public hosted zones that could say which region serves.

use std::{collections::BTreeSet, time::Duration};

use aws_sdk_route53::{
    Client,
    types::{HostedZone, ResourceRecordSet, RrType},
};
use aws_types::SdkConfig;
use tokio::time::{MissedTickBehavior, interval};

use super::Partly;
use crate::{
    aws::{
        assuming,
        call::{Caller, Operation},
        pages::{Gap, Listed, more},
        route53::record_set,
    },
    discovery::{Part, Pointer, Unread},
    topology::RecordName,
};

static ZONES: Operation = Operation::new("route53", "ListHostedZones");
static RECORD_SETS: Operation = Operation::new("route53", "ListResourceRecordSets");

/// Time between two requests: Route 53 takes five a second of an account, whoever makes them.
const PACE: Duration = Duration::from_millis(250);
/// After so many zones in a row that nothing answered for, the others are not asked for.
const DARK_ZONES: usize = 2;

/// Records of types A, AAAA and CNAME with a target, and what could not be read: those of the caller's own account, and of the accounts that a role is given for.
pub(super) async fn pointers(config: &SdkConfig, global: &Caller, roles: &[String]) -> (Vec<Pointer>, Vec<Unread>) {
    let (mut found, mut unread) = of_account(&Client::new(config), global).await;
    for role in roles {
        let client = Client::new(&assuming(config.clone(), Some(role)).await);
        let (pointers, gaps) = of_account(&client, global).await;
        // A role of the same account would show the same zones again.
        let known: BTreeSet<String> = found.iter().map(|pointer| pointer.record.zone.clone()).collect();
        found.extend(pointers.into_iter().filter(|pointer| !known.contains(&pointer.record.zone)).map(
            |mut pointer| {
                pointer.record.role_arn = Some(role.clone());
                pointer
            },
        ));
        unread.extend(gaps.into_iter().map(|gap| Unread { what: format!("{} with {role}", gap.what), ..gap }));
    }
    (found, unread)
}

async fn of_account(client: &Client, global: &Caller) -> (Vec<Pointer>, Vec<Unread>) {
    let mut pace = interval(PACE);
    pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let pace = tokio::sync::Mutex::new(pace);
    let turn = async || pace.lock().await.tick().await;
    let zones = Listed::read(async |marker: Option<String>| {
        turn().await;
        let send = || client.list_hosted_zones().set_marker(marker.clone()).send();
        let answer = global.read(&ZONES, send).await?;
        Ok((answer.hosted_zones, more(answer.next_marker)))
    });
    let zones = zones.await;
    let mut records = Partly::nothing();
    if let Some(gap) = zones.gap {
        records.lacks(Part::Records, "hosted zones", gap.why);
    }
    let mut dark: Vec<Gap> = Vec::new();
    for zone in zones.found.iter().filter(|zone| !is_private(zone)) {
        let what = format!("records of hosted zone {} ({})", zone.name().trim_end_matches('.'), id(zone));
        if let Some(gap) = dark.get(DARK_ZONES - 1) {
            records.lacks(Part::Records, what, gap.why.clone());
            continue;
        }
        let listed = Listed::read(async |from: Option<(String, RrType, Option<String>)>| {
            turn().await;
            let (name, kind, identifier) =
                from.map_or((None, None, None), |(name, kind, identifier)| (Some(name), Some(kind), identifier));
            let send = || {
                let list = client.list_resource_record_sets().hosted_zone_id(id(zone));
                let list = list.set_start_record_name(name.clone()).set_start_record_type(kind.clone());
                list.set_start_record_identifier(identifier.clone()).send()
            };
            let answer = global.read(&RECORD_SETS, send).await?;
            let next = answer.next_record_name().zip(answer.next_record_type());
            let next = next.map(|(name, kind)| {
                (name.to_owned(), kind.clone(), answer.next_record_identifier().map(str::to_owned))
            });
            let page = answer.resource_record_sets().iter().filter_map(|set| pointer(set, id(zone)));
            Ok((page.collect(), next))
        });
        let listed = listed.await;
        records.found.extend(listed.found);
        match listed.gap {
            None => dark.clear(),
            Some(gap) => {
                records.lacks(Part::Records, what, gap.why.clone());
                match gap.is_dark {
                    true => dark.push(gap),
                    false => dark.clear(),
                }
            }
        }
    }
    (records.found, records.unread)
}

fn is_private(zone: &HostedZone) -> bool {
    zone.config().is_some_and(|config| config.private_zone())
}

fn id(zone: &HostedZone) -> &str {
    zone.id().trim_start_matches("/hostedzone/")
}

/// A record that leads somewhere by name, as an alias or as a CNAME.
fn pointer(set: &ResourceRecordSet, zone: &str) -> Option<Pointer> {
    let set = record_set(set);
    let (target, target_zone) = match set.alias {
        Some(alias) if matches!(set.kind.as_str(), "A" | "AAAA") => (alias.dns_name, Some(alias.zone)),
        None if set.kind == "CNAME" => (set.values.into_iter().next()?, None),
        _ => return None,
    };
    let record = RecordName::new(zone, &set.name);
    Some(Pointer { record, kind: set.kind, target, target_zone, routing: set.routing })
}
