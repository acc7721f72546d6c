//! What was seen of what the tasks of the side that is to take over need before they can start. Plain data.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::observation::Seen;

/// What was looked up beside the services themselves.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Dependencies {
    /// Images that are pulled from the region's own registry, by what the task definitions call them.
    pub images: Vec<Looked<Image>>,
    /// Secrets and parameters in the region, by their `valueFrom`.
    pub secrets: Vec<Looked<Secret>>,
    /// Log groups in the region that nobody makes, by name: whether they are there.
    pub log_groups: Vec<Looked<bool>>,
    /// Free addresses of the services' subnets, by id.
    pub subnets: Vec<Looked<i64>>,
    /// Certificates of the region's listener, by ARN.
    pub certificates: Vec<Looked<Certificate>>,
}

/// Something by its name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Looked<T> {
    /// What it is called.
    pub name: String,
    /// What was seen of it.
    pub state: Seen<T>,
}

/// An image in the region's registry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Image {
    /// It is there.
    There {
        /// Its digest.
        digest: String,
        /// The digest of the same tag in the other region's registry, if that was seen.
        #[serde(alias = "primary")]
        other: Option<String>,
    },
    /// The first pull gets it, through a pull-through cache.
    PulledThrough,
    /// It isn't there.
    Missing,
}

/// A secret or a parameter in the region.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Secret {
    /// It is there.
    There,
    /// Its replication from another region failed, with Secrets Manager's words.
    Behind(String),
    /// It is scheduled for deletion, and can't be read.
    Deleted,
    /// It isn't there.
    Missing,
}

/// A certificate of AWS Certificate Manager.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Certificate {
    /// When it ends; absent for one that was never issued.
    pub not_after: Option<Timestamp>,
    /// `ISSUED`, `EXPIRED`, `REVOKED`, …
    pub status: String,
    /// `PENDING_AUTO_RENEWAL`, `FAILED`, …, of a certificate that ACM renews.
    pub renewal: Option<String>,
}
