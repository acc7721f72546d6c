//! Route 53: hosted zones, changes of their records, and what the name servers answer.

use std::{
    collections::BTreeMap,
    net::{IpAddr, Ipv6Addr},
};

use jiff::Timestamp;

use super::{
    Simulation,
    agenda::Event,
    refusal::{Refusal, Result},
};
use crate::{
    durations,
    pair::{Endpoint, Pair},
    scenario::Scenario,
    zones::{RecordData, ZoneFeatures, ZoneRecord},
};

/// All hosted zones and changes.
#[derive(Debug)]
pub(crate) struct Dns {
    /// By id, without prefix.
    pub(crate) zones: BTreeMap<String, Zone>,
    pub(crate) changes: BTreeMap<String, ChangeInfo>,
    endpoints: Vec<(Endpoint, bool)>,
    /// Changes made so far, by whomever.
    made: u64,
}

/// A hosted zone.
#[derive(Debug)]
pub(crate) struct Zone {
    pub(crate) name: String,
    /// Account that it belongs to, if that is not the one that everything else is in: everybody else is denied.
    pub(crate) account: Option<String>,
    /// Whether it answers in its VPCs alone.
    pub(crate) private: bool,
    pub(crate) features: ZoneFeatures,
    /// As the control plane has them.
    pub(crate) records: Records,
    /// As the name servers answer.
    pub(crate) answered: Records,
    /// Number of the newest change in `answered`: an older one that takes longer does not undo it.
    settled: u64,
}

/// Records in Route 53's order: by name with its labels reversed, then by type, then by set identifier.
pub(crate) type Records = BTreeMap<RecordKey, RecordSet>;

/// What names a record in a zone.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct RecordKey {
    labels: Vec<String>,
    kind: String,
    set: String,
}

/// A resource record set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RecordSet {
    /// With trailing dot, lower case.
    pub(crate) name: String,
    pub(crate) kind: String,
    pub(crate) ttl: Option<u64>,
    pub(crate) values: Vec<String>,
    pub(crate) alias: Option<Alias>,
    /// What makes it anything but simple: set identifier, weight, region, failover, health check and so on.
    pub(crate) routing: BTreeMap<String, String>,
}

/// An alias target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Alias {
    pub(crate) zone: String,
    /// With trailing dot, lower case.
    pub(crate) dns_name: String,
    pub(crate) evaluate_health: bool,
}

/// A submitted change.
#[derive(Debug)]
pub(crate) struct ChangeInfo {
    pub(crate) submitted: Timestamp,
    pub(crate) in_sync: bool,
    number: u64,
    pub(crate) zone: String,
    /// The zone's records after this change.
    records: Records,
}

/// What a change does to one record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ChangeAction {
    Create,
    Delete,
    Upsert,
}

impl Dns {
    pub(super) fn new(scenario: &Scenario) -> Self {
        let mut zones = BTreeMap::new();
        for number in 0..scenario.account.other_zones {
            zones.insert(format!("Z00{number:04}"), Zone::new(&fully_qualified(&format!("tenant{number}.example"))));
        }
        for pair in &scenario.pairs {
            let name = fully_qualified(&pair.zone.name);
            let zone = zones.entry(pair.zone.id.clone()).or_insert_with(|| Zone::new(&name));
            zone.features = pair.zone_features.clone();
            zone.put(RecordSet::alias(&pair.record, &pair.primary.endpoint.dns_name, &pair.primary.endpoint.zone));
        }
        for pair in &scenario.pairs {
            for other in &pair.more_zones {
                let zone =
                    zones.entry(other.zone.id.clone()).or_insert_with(|| Zone::new(&fully_qualified(&other.zone.name)));
                zone.account = other.role_arn.as_ref().and_then(|role| role.split(':').nth(4)).map(str::to_owned);
                zone.private = other.private;
                zone.features = pair.zone_features.clone();
            }
            for record in &pair.more_records {
                if let Some(zone) = zones.get_mut(&record.zone) {
                    zone.put(RecordSet::of(pair, record));
                }
            }
        }
        let has_six = |pair: &Pair| pair.more_records.iter().any(|record| record.kind == "AAAA");
        let endpoints = scenario.sites().map(|(pair, _, site)| (site.endpoint.clone(), has_six(pair))).collect();
        Self { zones, changes: BTreeMap::new(), endpoints, made: 0 }
    }

    /// A hosted zone, by id with or without its prefix.
    pub(crate) fn zone(&self, id: &str) -> Result<&Zone> {
        self.zones.get(bare_id(id)).ok_or_else(|| no_such_zone(id))
    }

    /// What the name servers answer for a query of type `A` or `AAAA`: the record of that name, or the wildcard above it.
    pub(crate) fn resolve(&self, name: &str, kind: &str) -> Option<IpAddr> {
        let name = fully_qualified(name);
        if let Some((endpoint, six)) = self.endpoints.iter().find(|(known, _)| fully_qualified(&known.dns_name) == name)
        {
            return match kind {
                "A" => Some(endpoint.address),
                _ => six.then(|| six_of(endpoint.address)),
            };
        }
        let public = || self.zones.values().filter(|zone| !zone.private);
        let exists = |name: &str| public().any(|zone| zone.answered.values().any(|record| record.name == name));
        let mut asked = name.clone();
        // A wildcard answers only where there is nothing of the name itself.
        while !exists(&asked) {
            let above = asked.trim_start_matches("*.").split_once('.').map(|(_, above)| format!("*.{above}"))?;
            asked = above;
        }
        let record = public().find_map(|zone| zone.answered.get(&RecordKey::new(&asked, kind, "")))?;
        match &record.alias {
            Some(alias) => self.resolve(&alias.dns_name, kind),
            None => record.values.first()?.parse().ok(),
        }
    }

    /// Where an alias record points, as the control plane has it, without trailing dot.
    pub(crate) fn alias_of(&self, zone: &str, name: &str, kind: &str) -> Option<String> {
        let record = self.zones.get(zone)?.records.get(&RecordKey::new(name, kind, ""))?;
        record.alias.as_ref().map(|alias| alias.dns_name.trim_end_matches('.').to_owned())
    }

    /// A change has reached all name servers.
    pub(super) fn settle(&mut self, id: &str) {
        let Some(change) = self.changes.get_mut(id) else { return };
        change.in_sync = true;
        if let Some(zone) = self.zones.get_mut(&change.zone).filter(|zone| zone.settled < change.number) {
            zone.settled = change.number;
            zone.answered = change.records.clone();
        }
    }
}

impl Zone {
    fn new(name: &str) -> Self {
        let mut zone = Self {
            name: name.to_owned(),
            account: None,
            private: false,
            features: ZoneFeatures::default(),
            records: Records::new(),
            answered: Records::new(),
            settled: 0,
        };
        zone.put(RecordSet::plain(name, "NS", 172_800, NAME_SERVERS.map(|server| format!("{server}.")).to_vec()));
        let authority = format!("{}. awsdns-hostmaster.amazon.com. 1 7200 900 1209600 86400", NAME_SERVERS[0]);
        zone.put(RecordSet::plain(name, "SOA", 900, vec![authority]));
        zone
    }

    /// Why a record of that name and type cannot be changed, in words like Route 53's.
    fn protects(&self, record: &RecordSet) -> Option<String> {
        let protections = self.features.protections.iter();
        let found = protections
            .into_iter()
            .find(|(name, kind, _)| fully_qualified(name) == record.name && *kind == record.kind)?;
        Some(format!(
            "The resource record set [name='{}', type='{}'] has a protection: {}",
            record.name, record.kind, found.2
        ))
    }

    /// Puts a record in place and in force at once.
    fn put(&mut self, record: RecordSet) {
        self.records.insert(record.key(), record.clone());
        self.answered.insert(record.key(), record);
    }
}

/// Name servers of every zone here.
pub(crate) const NAME_SERVERS: [&str; 4] =
    ["ns-100.awsdns-12.com", "ns-600.awsdns-11.net", "ns-1100.awsdns-09.org", "ns-1600.awsdns-08.co.uk"];

impl RecordKey {
    /// Where a name, type and set identifier stand in the order; what is absent stands first.
    pub(crate) fn new(name: &str, kind: &str, set: &str) -> Self {
        let name = fully_qualified(name);
        let labels = name.trim_end_matches('.').rsplit('.').map(str::to_owned).collect();
        Self { labels, kind: kind.to_owned(), set: set.to_owned() }
    }
}

impl RecordSet {
    fn plain(name: &str, kind: &str, ttl: u64, values: Vec<String>) -> Self {
        Self {
            name: fully_qualified(name),
            kind: kind.to_owned(),
            ttl: Some(ttl),
            values,
            alias: None,
            routing: BTreeMap::new(),
        }
    }

    fn alias(name: &str, dns_name: &str, zone: &str) -> Self {
        let alias = Alias { zone: zone.to_owned(), dns_name: fully_qualified(dns_name), evaluate_health: false };
        Self { ttl: None, values: Vec::new(), alias: Some(alias), ..Self::plain(name, "A", 0, Vec::new()) }
    }

    fn of(pair: &Pair, given: &ZoneRecord) -> Self {
        let mut set = match &given.data {
            RecordData::Alias { side, evaluate_health } => {
                let endpoint = &pair.site(*side).endpoint;
                let mut set = Self::alias(&given.name, &endpoint.dns_name, &endpoint.zone);
                set.alias.iter_mut().for_each(|alias| alias.evaluate_health = *evaluate_health);
                set
            }
            RecordData::Values { ttl, values } => Self::plain(&given.name, &given.kind, *ttl, values.clone()),
        };
        set.kind.clone_from(&given.kind);
        set.routing.clone_from(&given.routing);
        set
    }

    pub(crate) fn key(&self) -> RecordKey {
        RecordKey::new(&self.name, &self.kind, self.routing.get("SetIdentifier").map_or("", String::as_str))
    }
}

impl Simulation {
    /// `ChangeResourceRecordSets`: all or nothing. Gives the change's id.
    pub(crate) fn change_records(&mut self, zone_id: &str, batch: &[(ChangeAction, RecordSet)]) -> Result<String> {
        let zone = self.dns.zone(zone_id)?;
        let mut records = zone.records.clone();
        let complaints: Vec<String> = batch
            .iter()
            .filter_map(|(action, record)| {
                let within = format!(".{}", record.name).ends_with(&format!(".{}", zone.name));
                if let Some(complaint) = zone.protects(record) {
                    return Some(complaint);
                }
                if within { change_one(&mut records, *action, record) } else { Some(not_in_zone(record, &zone.name)) }
            })
            .collect();
        if !complaints.is_empty() {
            return Err(Refusal::invalid("InvalidChangeBatch", format!("[{}]", complaints.join(", "))));
        }
        let zone_id = bare_id(zone_id).to_owned();
        self.dns.made += 1;
        let number = self.dns.made;
        let change = format!("C{}", crate::dice::hex_id(&format!("change/{number}"), 19).to_uppercase());
        if let Some(zone) = self.dns.zones.get_mut(&zone_id) {
            zone.records = records.clone();
        }
        let info = ChangeInfo { submitted: self.now, in_sync: false, number, zone: zone_id, records };
        self.dns.changes.insert(change.clone(), info);
        let after = self.dice.around(self.durations().in_sync, &durations::change(number));
        self.later(after, Event::ChangeInSync { change: change.clone() });
        Ok(change)
    }

    /// Another actor adds a record set.
    pub(super) fn add_record(&mut self, pair: &str, record: &ZoneRecord) {
        let Some(pair) = self.scenario.pairs.iter().find(|candidate| candidate.name == pair) else { return };
        if let Some(hosted) = self.dns.zones.get_mut(&record.zone) {
            self.dns.made += 1;
            hosted.settled = self.dns.made;
            hosted.put(RecordSet::of(pair, record));
        }
    }

    /// Another actor points a pair's record elsewhere.
    pub(super) fn take_record(&mut self, pair: &str, dns_name: &str, zone: &str) {
        let Some(pair) = self.scenario.pairs.iter().find(|candidate| candidate.name == pair) else { return };
        if let Some(hosted) = self.dns.zones.get_mut(&pair.zone.id) {
            self.dns.made += 1;
            hosted.settled = self.dns.made;
            hosted.put(RecordSet::alias(&pair.record, dns_name, zone));
        }
    }

    /// Another actor points every alias that says which region serves at that name.
    pub(super) fn move_records(&mut self, pair: &Pair, dns_name: &str, zone: &str) {
        for (hosted, name, _) in pair.names() {
            let Some(hosted) = self.dns.zones.get_mut(&hosted) else { continue };
            let name = fully_qualified(&name);
            let mut moved: Vec<RecordSet> =
                hosted.records.values().filter(|set| set.name == name && set.alias.is_some()).cloned().collect();
            for alias in moved.iter_mut().filter_map(|set| set.alias.as_mut()) {
                (alias.dns_name, alias.zone) = (fully_qualified(dns_name), zone.to_owned());
            }
            self.dns.made += 1;
            hosted.settled = self.dns.made;
            moved.into_iter().for_each(|set| hosted.put(set));
        }
    }
}

/// Applies one change, or says in Route 53's words why it cannot be.
fn change_one(records: &mut Records, action: ChangeAction, record: &RecordSet) -> Option<String> {
    let named = format!("resource record set [name='{}', type='{}'", record.name, record.kind);
    match (action, records.get(&record.key())) {
        (ChangeAction::Create | ChangeAction::Upsert, _) if conflicts(records, record) => {
            let other = if record.kind == "CNAME" { "another type" } else { "type CNAME" };
            return Some(format!(
                "RRSet of type {} with DNS name {} is not permitted because a conflicting RRSet of {other} with the same DNS name already exists",
                record.kind, record.name
            ));
        }
        (ChangeAction::Create, Some(_)) => return Some(format!("Tried to create {named}] but it already exists")),
        (ChangeAction::Delete, None) => return Some(format!("Tried to delete {named}] but it was not found")),
        (ChangeAction::Delete, Some(current)) if current != record => {
            return Some(format!("Tried to delete {named}] but the values provided do not match the current values"));
        }
        (ChangeAction::Delete, Some(_)) => records.remove(&record.key()),
        (ChangeAction::Create | ChangeAction::Upsert, _) => records.insert(record.key(), record.clone()),
    };
    None
}

/// Whether a `CNAME` is, or would be, beside another type.
fn conflicts(records: &Records, record: &RecordSet) -> bool {
    let beside = |other: &RecordSet| {
        other.name == record.name
            && other.kind != record.kind
            && [&other.kind, &record.kind].into_iter().any(|kind| kind == "CNAME")
    };
    records.values().any(beside)
}

/// The IPv6 address of an endpoint with that IPv4 address, of RFC 3849's network.
pub(crate) fn six_of(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(four) => {
            let [a, b, c, d] = four.octets().map(u16::from);
            Ipv6Addr::new(0x2001, 0xdb8, 0, 0, a, b, c, d).into()
        }
        six @ IpAddr::V6(_) => six,
    }
}

fn not_in_zone(record: &RecordSet, zone: &str) -> String {
    format!("RRSet with DNS name {} is not permitted in zone {zone}", record.name)
}

/// The answer to an unknown hosted zone.
fn no_such_zone(id: &str) -> Refusal {
    Refusal::not_found("NoSuchHostedZone", format!("No hosted zone found with ID: {}", bare_id(id)))
}

/// An id without `/hostedzone/` or `/change/` in front.
pub(crate) fn bare_id(id: &str) -> &str {
    id.rsplit('/').next().unwrap_or(id)
}

/// A name as Route 53 keeps it: lower case, with trailing dot.
pub(crate) fn fully_qualified(name: &str) -> String {
    format!("{}.", name.trim_end_matches('.').to_ascii_lowercase())
}
