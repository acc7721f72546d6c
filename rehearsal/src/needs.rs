//! What a site's tasks need before they can start, and what is wrong with it.

/// The conditions of one site; as they should be unless a scenario says otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SiteNeeds {
    /// The images that the task definitions name.
    pub image: ImageIs,
    /// The secret that every service reads.
    pub secret: SecretIs,
    /// The parameter that every service reads.
    pub parameter: SecretIs,
    /// The log group that every service logs to.
    pub log_group: LogGroupIs,
    /// Days from the world's beginning until the listener's certificate ends.
    pub certificate_days: u16,
    /// Free addresses in each of the site's subnets.
    pub free_addresses: u16,
}

/// Where an image is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImageIs {
    /// In the registry of its site's region.
    There,
    /// There, under a tag that stands for other code.
    Moved,
    /// In a repository that a pull-through cache fills with the first pull.
    PulledThrough,
    /// Not in the registry that is named.
    Missing,
    /// In the registry of the pair's other region, which is the one that is named.
    InOtherRegion,
}

/// Where a secret or a parameter is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SecretIs {
    /// In its site's region.
    There,
    /// There, but its replication failed; of secrets only.
    Behind,
    /// Scheduled for deletion; of secrets only.
    Deleted,
    /// Not in the region that is named.
    Missing,
    /// In the pair's other region, which is the one that is named.
    InOtherRegion,
}

/// Where a log group is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogGroupIs {
    /// In its site's region.
    There,
    /// Nowhere yet; the log driver may create it.
    Created,
    /// Not there, and nobody creates it.
    Missing,
    /// In the pair's other region, which is the one that is named.
    InOtherRegion,
}

impl Default for SiteNeeds {
    fn default() -> Self {
        Self {
            image: ImageIs::There,
            secret: SecretIs::There,
            parameter: SecretIs::There,
            log_group: LogGroupIs::There,
            certificate_days: 200,
            free_addresses: 200,
        }
    }
}
