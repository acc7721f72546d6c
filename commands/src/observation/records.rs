//! What Route 53 has at a configured name.

use serde::{Deserialize, Serialize};

use super::Seen;

/// A configured name with every record set that decides where its clients go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NamedRecord {
    /// Hosted zone id, without prefix.
    pub zone: String,
    /// The name, as [`crate::topology::RecordName`] has it.
    pub name: String,
    /// The sets at exactly that name, in Route 53's order: of type `A`, `AAAA`, `CNAME`, `HTTPS`, `SVCB`, `NS`, and whatever else is there but
    /// cannot keep a client from an address. Empty: there is none.
    pub sets: Seen<Vec<RecordSet>>,
}

impl NamedRecord {
    /// The sets that were seen; none where they were not.
    pub fn known(&self) -> &[RecordSet] {
        self.sets.known().map_or(&[], Vec::as_slice)
    }

    /// The `A` and `AAAA` sets that were seen.
    pub fn addresses(&self) -> impl Iterator<Item = &RecordSet> {
        self.known().iter().filter(|set| set.is_address())
    }

    /// The `CNAME` that was seen.
    pub fn cname(&self) -> Option<&RecordSet> {
        self.known().iter().find(|set| set.kind == "CNAME")
    }

    /// What it points to, for people.
    pub fn target(&self) -> String {
        if let Some(why) = self.sets.why() {
            return why.to_owned();
        }
        if let Some(cname) = self.cname() {
            return cname.target();
        }
        let sets: Vec<&RecordSet> = self.addresses().collect();
        match sets.as_slice() {
            [] => "there is no record".to_owned(),
            [set] => set.target(),
            [first, rest @ ..] if rest.iter().all(|set| set.alias == first.alias && first.alias.is_some()) => {
                let kinds: Vec<&str> = sets.iter().map(|set| set.kind.as_str()).collect();
                format!("{} ({})", first.target(), kinds.join(" and "))
            }
            _ => sets.iter().map(|set| format!("{}: {}", set.kind, set.target())).collect::<Vec<_>>().join(", "),
        }
    }
}

/// One resource record set, in the form that a compare-and-swap needs: all of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordSet {
    /// Name as [`crate::topology::plain_name`] writes it.
    pub name: String,
    /// `A`, …
    pub kind: String,
    /// Time to live in seconds; absent for an alias.
    pub ttl: Option<i64>,
    /// Plain values.
    pub values: Vec<String>,
    /// Alias target.
    pub alias: Option<Alias>,
    /// Set identifier, weight, region, failover, geolocation, health check… by name: anything that makes the record not simple.
    pub routing: Vec<String>,
}

impl RecordSet {
    /// Whether it is what a client's connection goes to.
    pub fn is_address(&self) -> bool {
        matches!(self.kind.as_str(), "A" | "AAAA")
    }

    /// What it points to, for people.
    pub fn target(&self) -> String {
        match &self.alias {
            Some(alias) => format!("an alias to {}", alias.dns_name.trim_end_matches('.')),
            None if self.kind == "CNAME" => format!("a CNAME to {}", self.values.join(" ").trim_end_matches('.')),
            None => format!("{} {}", self.kind, self.values.join(" ")),
        }
    }
}

/// An alias target.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alias {
    /// Target domain name as Route 53 returned it.
    pub dns_name: String,
    /// Hosted zone id of the target.
    pub zone: String,
    /// `EvaluateTargetHealth`.
    pub evaluate_health: bool,
}
