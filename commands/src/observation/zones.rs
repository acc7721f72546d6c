//! What a hosted zone demands of whoever changes its records.

use serde::{Deserialize, Serialize};

use super::Seen;

/// A hosted zone of the configured names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NamedZone {
    /// Id, without prefix.
    pub id: String,
    /// What it is.
    pub state: Seen<ZoneState>,
    /// Protections in it, of whichever name. Where Route 53 has no such thing, there are none.
    pub protections: Seen<Vec<Protection>>,
    /// Private zones of the same account whose name is one of the configured names, or above it: id and name.
    pub private: Seen<Vec<(String, String)>>,
}

/// A hosted zone's own settings (Route 53 `HostedZone`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ZoneState {
    /// Its name, without trailing dot.
    pub name: String,
    /// Whether it answers in its VPCs alone.
    pub private: bool,
    /// Whether its records can be protected: Route 53 tells every zone's tier since it has protections.
    #[serde(default)]
    pub protectable: bool,
    /// `ENABLED`, `DISABLED`, `ENABLING`, …; absent where Route 53 does not say.
    pub accelerated_recovery: Option<String>,
    /// Change guardrails that are on, by Route 53's names.
    pub guardrails: Vec<String>,
}

impl ZoneState {
    /// Whether record changes come back within about an hour when us-east-1 is dark.
    pub fn recovers(&self) -> bool {
        self.accelerated_recovery.as_deref() == Some("ENABLED")
    }
}

/// A protection (Route 53 `ResourceRecordSetProtection`): no set of that name and type can be changed while it is there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Protection {
    /// Name of the sets, as [`crate::topology::plain_name`] writes it.
    pub name: String,
    /// Their type.
    pub kind: String,
    /// Why, in the words of whoever made it.
    pub comment: Option<String>,
}
