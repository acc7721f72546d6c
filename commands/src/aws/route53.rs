//! The records that say which region serves. Route 53 is global; its control plane stands in us-east-1, and may be dark with it.

use aws_config::SdkConfig;
use aws_sdk_route53::{
    Client,
    config::endpoint::{DefaultResolver, Params, ResolveEndpoint},
    error::BuildError,
    types::{AliasTarget, Change, ChangeAction, ChangeBatch, ResourceRecord, ResourceRecordSet, RrType},
};
use aws_types::request_id::RequestId;
use futures::{FutureExt, future::try_join_all};

use super::{
    Accepted, Aws, AwsError,
    call::{Caller, Operation},
    signed::{Place, Protocol, Service, Signed},
};
use crate::{
    change::Swap,
    observation::{Alias, NamedRecord, RecordSet, Seen},
    partition::Partition,
    topology::{Duty, RecordName, SideName, plain_name},
};

static RECORD_SETS: Operation = Operation::new("route53", "ListResourceRecordSets");
static CHANGE_RECORD_SETS: Operation = Operation::new("route53", "ChangeResourceRecordSets");
static GET_CHANGE: Operation = Operation::new("route53", "GetChange");

/// Types that neither are an address nor keep a client from one.
const HARMLESS: [&str; 12] = ["MX", "TXT", "SPF", "CAA", "SRV", "PTR", "NAPTR", "DS", "SOA", "SSHFP", "TLSA", "DNSKEY"];

/// Most sets that one answer lists: a name has a few, a weighted one some dozens.
const PAGE: i32 = 100;
/// Most answers that are read for one name.
const PAGES: usize = 10;

/// Hosted zones, for calls that the SDK doesn't have.
pub(super) static HOSTED_ZONES: Service = Service {
    id: "Route 53",
    name: "route53",
    place: Place::Rules(endpoint),
    protocol: Protocol::RestXml("/2013-04-01/hostedzone/"),
};

/// Route 53 for one identity.
pub(super) struct Route53 {
    pub(super) client: Client,
    /// What the client doesn't have.
    pub(super) signed: Signed,
}

impl Route53 {
    /// With the bounds of that caller, and signed for the region of Route 53 in its partition.
    pub(super) fn new(config: &SdkConfig, caller: &Caller) -> Self {
        let region = Partition::of(&caller.region).route53_region.to_owned();
        Self { client: Client::new(config), signed: Signed::new(config, Caller { region, ..caller.clone() }) }
    }
}

impl Aws {
    /// What Route 53 has at each configured name.
    ///
    /// # Errors
    /// When one of them could not be read.
    pub async fn records(&self) -> Result<Vec<NamedRecord>, AwsError> {
        let named = async |record: &RecordName| {
            let sets = Seen::Known(self.record_sets(record).await?);
            Ok(NamedRecord { zone: record.zone.clone(), name: record.name.clone(), sets })
        };
        try_join_all(self.0.app.records.iter().map(named)).await
    }

    /// The record sets of exactly that name, of every type that decides where its clients go.
    pub async fn record_sets(&self, record: &RecordName) -> Result<Vec<RecordSet>, AwsError> {
        let route53 = &self.route53(&record.zone, Duty::Read).client;
        let (mut found, mut from) = (Vec::new(), None::<(RrType, Option<String>)>);
        for _ in 0..PAGES {
            let send = || {
                let list = route53.list_resource_record_sets().hosted_zone_id(&record.zone).max_items(PAGE);
                let (kind, identifier) = from.clone().unzip();
                let list = list.start_record_name(&record.name).set_start_record_type(kind);
                list.set_start_record_identifier(identifier.flatten()).send()
            };
            let answer = self.0.global.read(&RECORD_SETS, send).await?;
            // The list starts at the name, or after it where there is no such record.
            let here = answer.resource_record_sets().iter().filter(|set| plain_name(set.name()) == record.name);
            found.extend(here.filter(|set| !HARMLESS.contains(&set.r#type().as_str())).map(record_set));
            let next = answer.next_record_name().filter(|next| plain_name(next) == record.name);
            match next.zip(answer.next_record_type()) {
                Some((_, kind)) => from = Some((kind.clone(), answer.next_record_identifier().map(str::to_owned))),
                None => break,
            }
        }
        Ok(found)
    }

    /// Whether all of Route 53's authoritative servers have that change of that hosted zone.
    pub async fn record_in_sync(&self, zone: &str, change_id: &str) -> Result<bool, AwsError> {
        let send = || self.route53(zone, Duty::Read).client.get_change().id(change_id).send();
        let answer = self.0.global.read(&GET_CHANGE, send).await?;
        Ok(answer.change_info().is_some_and(|info| info.status().as_str() == "INSYNC"))
    }

    /// Replaces each old value by its new one if all of them are still there as they are given: a compare-and-swap.
    pub(super) async fn change_records(&self, zone: &str, swaps: &[Swap]) -> Result<Accepted, AwsError> {
        let refused = |why: String| AwsError::unsent(&CHANGE_RECORD_SETS, &self.0.global.region, why);
        let olds = swaps.iter().filter_map(|swap| swap.old.as_ref());
        if let Some(set) = olds.into_iter().find(|set| !set.routing.is_empty()) {
            let why = format!("{} is not a simple record ({}); change it by hand", set.name, set.routing.join(", "));
            return Err(refused(why));
        }
        let batch = batch(swaps).map_err(|error| refused(error.to_string()))?;
        let send = || {
            let change = self.route53(zone, Duty::Promote).client.change_resource_record_sets().hosted_zone_id(zone);
            change.change_batch(batch.clone()).send()
        };
        let answer = self.0.global.change(&CHANGE_RECORD_SETS, send).await?;
        Ok(Accepted {
            request_id: answer.request_id().map(str::to_owned),
            reference: answer.change_info().map(|info| info.id().to_owned()),
        })
    }

    /// Route 53 for a hosted zone: with the zone's own role, or else with DR's for that duty.
    pub(super) fn route53(&self, zone: &str, duty: Duty) -> &Route53 {
        let own = self.0.app.zone_role(zone).and_then(|role| self.0.zones.get(role));
        own.unwrap_or(&self.acting(SideName::Dr, duty).route53)
    }
}

/// Where Route 53 is, by the rules that its client keeps to. They are at hand, so nothing is waited for.
fn endpoint(config: &SdkConfig) -> Option<String> {
    let region = config.region().map(ToString::to_string);
    let params = Params::builder().set_region(region).set_use_fips(config.use_fips());
    let params = params.set_use_dual_stack(config.use_dual_stack()).build().ok()?;
    let endpoint = DefaultResolver::new().resolve_endpoint(&params).now_or_never()?.ok()?;
    Some(endpoint.url().to_owned())
}

pub(super) fn record_set(set: &ResourceRecordSet) -> RecordSet {
    RecordSet {
        name: plain_name(set.name()),
        kind: set.r#type().as_str().to_owned(),
        ttl: set.ttl(),
        values: set.resource_records().iter().map(|record| record.value().to_owned()).collect(),
        alias: set.alias_target().map(|target| Alias {
            dns_name: target.dns_name().to_owned(),
            zone: target.hosted_zone_id().to_owned(),
            evaluate_health: target.evaluate_target_health(),
        }),
        routing: routing(set),
    }
}

/// What makes the record more than a simple one, by name.
fn routing(set: &ResourceRecordSet) -> Vec<String> {
    let traits = [
        ("set identifier", set.set_identifier().is_some()),
        ("weight", set.weight().is_some()),
        ("latency region", set.region().is_some()),
        ("geolocation", set.geo_location().is_some()),
        ("geoproximity", set.geo_proximity_location().is_some()),
        ("failover", set.failover().is_some()),
        ("multivalue answer", set.multi_value_answer().is_some()),
        ("CIDR routing", set.cidr_routing_config().is_some()),
        ("health check", set.health_check_id().is_some()),
        ("traffic policy", set.traffic_policy_instance_id().is_some()),
    ];
    traits.into_iter().filter(|(_, there)| *there).map(|(name, _)| name.to_owned()).collect()
}

fn batch(swaps: &[Swap]) -> Result<ChangeBatch, BuildError> {
    let changes = swaps.iter().flat_map(Swap::changes).map(|(action, set)| change(ChangeAction::from(action), set));
    ChangeBatch::builder().set_changes(Some(changes.collect::<Result<Vec<_>, _>>()?)).build()
}

fn change(action: ChangeAction, set: &RecordSet) -> Result<Change, BuildError> {
    let values = set.values.iter().map(|value| ResourceRecord::builder().value(value).build());
    let values = values.collect::<Result<Vec<_>, _>>()?;
    let alias = set.alias.as_ref().map(|alias| {
        AliasTarget::builder()
            .dns_name(&alias.dns_name)
            .hosted_zone_id(&alias.zone)
            .evaluate_target_health(alias.evaluate_health)
            .build()
    });
    let set = ResourceRecordSet::builder()
        .name(&set.name)
        .r#type(RrType::from(set.kind.as_str()))
        .set_ttl(set.ttl)
        .set_resource_records((!values.is_empty()).then_some(values))
        .set_alias_target(alias.transpose()?)
        .build()?;
    Change::builder().action(action).resource_record_set(set).build()
}
