//! The records that say which region serves, as configuration names them.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, SeqAccess, Visitor, value},
};

/// A name that clients use: where its records are, and who may read and change them. Compared in the form that [`RecordName::new`] gives it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecordName {
    /// Hosted zone id, without `/hostedzone/`.
    #[serde(deserialize_with = "as_zone")]
    pub zone: String,
    /// Record name in lower case and without trailing dot, such as `app.example.com` or `*.example.com`.
    #[serde(deserialize_with = "as_name")]
    pub name: String,
    /// Role to assume for the zone's calls, where the zone belongs to another account.
    #[serde(default)]
    pub role_arn: Option<String>,
}

impl RecordName {
    /// The record of that name in that hosted zone, reached with the region's own identity.
    pub fn new(zone: &str, name: &str) -> Self {
        Self { zone: zone_id(zone), name: plain_name(name), role_arn: None }
    }

    /// `record` and `records` of a configuration together; a name that is in both counts once.
    pub fn merged(record: Option<Self>, records: Vec<Self>) -> Vec<Self> {
        let more: Vec<Self> = records.into_iter().filter(|other| record.as_ref() != Some(other)).collect();
        record.into_iter().chain(more).collect()
    }

    /// Whether a host is that name, or below it where it is a wildcard: one or more labels in place of the asterisk.
    pub fn covers(&self, host: &str) -> bool {
        let host = plain_name(host);
        let below = self.name.strip_prefix('*').and_then(|domain| host.strip_suffix(domain));
        self.name == host || below.is_some_and(|labels| !labels.is_empty())
    }
}

impl fmt::Display for RecordName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.name)
    }
}

/// A hosted zone's id without the prefix that Route 53's answers and Terraform's outputs have.
pub fn zone_id(id: &str) -> String {
    id.trim().trim_start_matches('/').trim_start_matches("hostedzone/").to_owned()
}

/// A record's name as it is compared and shown: lower case, without trailing dot, `*` for Route 53's `\052`.
pub fn plain_name(name: &str) -> String {
    name.trim().trim_end_matches('.').replace("\\052", "*").to_ascii_lowercase()
}

fn as_zone<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    String::deserialize(deserializer).map(|id| zone_id(&id))
}

fn as_name<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    String::deserialize(deserializer).map(|name| plain_name(&name))
}

/// One record, or a list of them.
pub(super) fn one_or_more<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<RecordName>, D::Error> {
    deserializer.deserialize_any(OneOrMore)
}

struct OneOrMore;

impl<'de> Visitor<'de> for OneOrMore {
    type Value = Vec<RecordName>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a record with zone and name, or a list of them")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        RecordName::deserialize(value::MapAccessDeserializer::new(map)).map(|record| vec![record])
    }

    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Self::Value, A::Error> {
        Vec::deserialize(value::SeqAccessDeserializer::new(seq))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_zones_have_one_form() {
        let pasted = RecordName::new("/hostedzone/Z0123SHOP", "App.Shop.Example.");
        assert_eq!(pasted, RecordName::new("Z0123SHOP", "app.shop.example"));
        assert_eq!(RecordName::new("Z1", "\\052.shop.example.").name, "*.shop.example");
    }

    #[test]
    fn a_wildcard_covers_what_is_below_it_and_not_its_domain() {
        let wildcard = RecordName::new("Z1", "*.shop.example");
        let covered = ["app.shop.example", "A.B.shop.example.", "*.shop.example"];
        assert!(covered.iter().all(|host| wildcard.covers(host)));
        let others = ["shop.example", "app.workshop.example", ".shop.example", "shop.example.org"];
        assert!(!others.iter().any(|host| wildcard.covers(host)));
        let exact = RecordName::new("Z1", "app.shop.example");
        assert!(exact.covers("APP.shop.example") && !exact.covers("x.app.shop.example"));
    }

    #[test]
    fn a_record_in_both_keys_counts_once() {
        let (first, second) = (RecordName::new("Z1", "app.shop.example"), RecordName::new("Z2", "api.shop.example"));
        let merged = RecordName::merged(Some(first.clone()), vec![second.clone(), first.clone()]);
        assert_eq!(merged, [first, second]);
    }
}
