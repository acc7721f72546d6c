//! The record that says which region serves. Route 53 is global; its control plane stands in us-east-1, and may be dark with it.

use aws_sdk_route53::{
    error::BuildError,
    types::{AliasTarget, Change, ChangeAction, ChangeBatch, ResourceRecord, ResourceRecordSet, RrType},
};
use aws_types::request_id::RequestId;

use super::{Accepted, Aws, AwsError, call::Operation};
use crate::{
    observation::{Alias, RecordSet},
    topology::{Duty, SideName},
};

static RECORD_SETS: Operation = Operation::new("route53", "ListResourceRecordSets");
static CHANGE_RECORD_SETS: Operation = Operation::new("route53", "ChangeResourceRecordSets");
static GET_CHANGE: Operation = Operation::new("route53", "GetChange");

impl Aws {
    /// The A record of exactly the configured name; `None` if there is none. Of several (weighted and the like) the first.
    pub async fn record(&self) -> Result<Option<RecordSet>, AwsError> {
        let wanted = &self.0.app.record;
        let send = || {
            let list = self.regional(SideName::Dr).route53.list_resource_record_sets().hosted_zone_id(&wanted.zone);
            list.start_record_name(&wanted.name).start_record_type(RrType::A).max_items(1).send()
        };
        let answer = self.0.global.read(&RECORD_SETS, send).await?;
        let first = answer.resource_record_sets().first();
        // The list starts at the name, or after it where there is no such record.
        Ok(first.filter(|set| set.r#type() == &RrType::A && same_name(set.name(), &wanted.name)).map(record_set))
    }

    /// Whether all of Route 53's authoritative servers have that change. `NoSuchChange` means that it has to be submitted again.
    pub async fn record_in_sync(&self, change_id: &str) -> Result<bool, AwsError> {
        let send = || self.regional(SideName::Dr).route53.get_change().id(change_id).send();
        let answer = self.0.global.read(&GET_CHANGE, send).await?;
        Ok(answer.change_info().is_some_and(|info| info.status().as_str() == "INSYNC"))
    }

    /// Replaces `old` by `new` if `old` is still there as it is given: a compare-and-swap.
    pub(super) async fn change_record(
        &self,
        zone: &str,
        old: Option<&RecordSet>,
        new: &RecordSet,
    ) -> Result<Accepted, AwsError> {
        let refused = |why: String| AwsError::unsent(&CHANGE_RECORD_SETS, &self.0.global.region, why);
        if let Some(set) = old.filter(|set| !set.routing.is_empty()) {
            let why = format!("{} is not a simple record ({}); change it by hand", set.name, set.routing.join(", "));
            return Err(refused(why));
        }
        let batch = batch(old, new).map_err(|error| refused(error.to_string()))?;
        let send = || {
            let dr = self.acting(SideName::Dr, Duty::Promote);
            let change = dr.route53.change_resource_record_sets().hosted_zone_id(zone);
            change.change_batch(batch.clone()).send()
        };
        let answer = self.0.global.change(&CHANGE_RECORD_SETS, send).await?;
        Ok(Accepted {
            request_id: answer.request_id().map(str::to_owned),
            reference: answer.change_info().map(|info| info.id().to_owned()),
        })
    }
}

/// Names as Route 53 returns them end in a dot, are lower case, and have `*` as `\052`.
fn same_name(returned: &str, configured: &str) -> bool {
    let plain = |name: &str| name.trim_end_matches('.').replace("\\052", "*").to_ascii_lowercase();
    plain(returned) == plain(configured)
}

pub(super) fn record_set(set: &ResourceRecordSet) -> RecordSet {
    RecordSet {
        name: set.name().trim_end_matches('.').to_owned(),
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

fn batch(old: Option<&RecordSet>, new: &RecordSet) -> Result<ChangeBatch, BuildError> {
    let mut changes = Vec::new();
    if let Some(old) = old {
        changes.push(change(ChangeAction::Delete, old)?);
    }
    changes.push(change(ChangeAction::Create, new)?);
    ChangeBatch::builder().set_changes(Some(changes)).build()
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

#[cfg(test)]
mod tests {
    use super::same_name;

    #[test]
    fn names_are_compared_as_route_53_writes_them() {
        assert!(same_name("app.example.com.", "App.Example.com"));
        assert!(same_name("\\052.example.com.", "*.example.com"));
        assert!(!same_name("app2.example.com.", "app.example.com"));
    }
}
