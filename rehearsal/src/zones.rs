//! What hosted zones have beside the one alias `A` that says which region serves.

use std::collections::BTreeMap;

use crate::pair::{HostedZone, Pair, Side};

/// A record set that is there at the start, or that somebody adds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ZoneRecord {
    /// Id of its hosted zone.
    pub zone: String,
    /// Its name, without trailing dot.
    pub name: String,
    /// Its type, such as `AAAA`.
    pub kind: String,
    /// What it answers.
    pub data: RecordData,
    /// What makes it anything but simple, under Route 53's names: `SetIdentifier`, `Weight`.
    pub routing: BTreeMap<String, String>,
}

/// What a record set answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RecordData {
    /// What that side's endpoint answers.
    Alias {
        /// Whose endpoint.
        side: Side,
        /// `EvaluateTargetHealth`.
        evaluate_health: bool,
    },
    /// These values.
    Values {
        /// Time to live, in seconds.
        ttl: u64,
        /// As Route 53 writes them.
        values: Vec<String>,
    },
}

/// A hosted zone beside a pair's own.
#[derive(Debug, Clone)]
pub struct OtherZone {
    /// Its id and name.
    pub zone: HostedZone,
    /// A role of the account that it belongs to, if that is not the pair's: everybody else is denied.
    pub role_arn: Option<String>,
    /// Whether it is private.
    pub private: bool,
}

/// What a hosted zone demands of whoever changes its records, whichever zone of the pair it is.
#[derive(Debug, Clone)]
pub struct ZoneFeatures {
    /// `ENABLED`, `DISABLED`, …
    pub accelerated_recovery: String,
    /// Change guardrails that are on.
    pub guardrails: Vec<String>,
    /// Protected records: name, type and comment.
    pub protections: Vec<(String, String, String)>,
}

impl Default for ZoneFeatures {
    /// A zone that is ready for an outage, with the two guardrails that cannot be turned off.
    fn default() -> Self {
        Self {
            accelerated_recovery: "ENABLED".to_owned(),
            guardrails: ["NS_FORMAT_CHECK", "NS_DELEGATION_AUTHORITY_CHECK"].map(str::to_owned).to_vec(),
            protections: Vec::new(),
        }
    }
}

impl Pair {
    /// The pair with an `AAAA` alias beside the `A`, as dual-stack endpoints get it.
    #[must_use]
    pub fn dual_stack(mut self) -> Self {
        let record = ZoneRecord {
            zone: self.zone.id.clone(),
            name: self.record.clone(),
            kind: "AAAA".to_owned(),
            data: RecordData::Alias { side: Side::Primary, evaluate_health: true },
            routing: BTreeMap::new(),
        };
        self.more_records.push(record);
        self
    }

    /// The pair with a second name, in a hosted zone of another account that takes a role of its own.
    #[must_use]
    pub fn second_zone(mut self) -> Self {
        let name = format!("{}-partners.example", self.name);
        let zone = HostedZone { id: format!("Z0456{}", self.name.to_uppercase()), name: name.clone() };
        let record = ZoneRecord {
            zone: zone.id.clone(),
            name: format!("api.{name}"),
            kind: "A".to_owned(),
            data: RecordData::Alias { side: Side::Primary, evaluate_health: false },
            routing: BTreeMap::new(),
        };
        self.more_names.push((zone.id.clone(), record.name.clone()));
        self.more_records.push(record);
        let role_arn = Some("arn:aws:iam::210987654321:role/standby-dns".to_owned());
        self.more_zones.push(OtherZone { zone, role_arn, private: false });
        self
    }

    /// The names that say which region serves: hosted zone, name, and the role that the zone takes.
    pub fn names(&self) -> Vec<(String, String, Option<String>)> {
        let role = |zone: &String| self.more_zones.iter().find(|other| other.zone.id == *zone)?.role_arn.clone();
        let own = std::iter::once((self.zone.id.clone(), self.record.clone()));
        own.chain(self.more_names.iter().cloned()).map(|(zone, name)| (zone.clone(), name, role(&zone))).collect()
    }
}
