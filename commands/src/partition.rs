//! Partitions of AWS: separate clouds with accounts, ARNs, and domain names of their own.

/// A partition, as far as Standby has to know it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Partition {
    /// Its name, the second part of every ARN.
    pub name: &'static str,
    /// What its regions' names begin with; empty for `aws`, which has all others.
    prefix: &'static str,
    /// What the names of its endpoints end with.
    pub dns_suffix: &'static str,
    /// Region that requests to Route 53, which has none of its own, are signed for.
    /// Source: the endpoint rules of Route 53 in the AWS SDKs.
    pub route53_region: &'static str,
}

const fn partition(
    name: &'static str,
    prefix: &'static str,
    dns_suffix: &'static str,
    route53_region: &'static str,
) -> Partition {
    Partition { name, prefix, dns_suffix, route53_region }
}

/// Longer prefixes before those that they begin with.
static PARTITIONS: [Partition; 8] = [
    partition("aws-cn", "cn-", "amazonaws.com.cn", "cn-northwest-1"),
    partition("aws-us-gov", "us-gov-", "amazonaws.com", "us-gov-west-1"),
    partition("aws-eusc", "eusc-", "amazonaws.eu", "eusc-de-east-1"),
    partition("aws-iso", "us-iso-", "c2s.ic.gov", "us-iso-east-1"),
    partition("aws-iso-b", "us-isob-", "sc2s.sgov.gov", "us-isob-east-1"),
    partition("aws-iso-e", "eu-isoe-", "cloud.adc-e.uk", "eu-isoe-west-1"),
    partition("aws-iso-f", "us-isof-", "csp.hci.ic.gov", "us-isof-south-1"),
    AWS,
];

const AWS: Partition = partition("aws", "", "amazonaws.com", "us-east-1");

/// Regions of `aws` that every account has. All that came after March 2019 have to be enabled, so this list is complete.
/// <https://docs.aws.amazon.com/accounts/latest/reference/manage-acct-regions.html>
const ALWAYS_ENABLED: [&str; 17] = [
    "us-east-1",
    "us-east-2",
    "us-west-1",
    "us-west-2",
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-northeast-3",
    "ap-south-1",
    "ap-southeast-1",
    "ap-southeast-2",
    "ca-central-1",
    "eu-central-1",
    "eu-north-1",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "sa-east-1",
];

impl Partition {
    /// The partition that a region belongs to.
    pub fn of(region: &str) -> Self {
        PARTITIONS.into_iter().find(|partition| region.starts_with(partition.prefix)).unwrap_or(AWS)
    }
}

/// What the names of endpoints end with, in every partition.
pub(crate) fn dns_suffixes() -> impl Iterator<Item = &'static str> {
    // The last one is for IPv6 and IPv4 under one name.
    PARTITIONS.iter().map(|partition| partition.dns_suffix).chain(["api.aws"])
}

/// Whether an account has to enable that region before it can be used.
pub fn is_opt_in(region: &str) -> bool {
    Partition::of(region) == AWS && !ALWAYS_ENABLED.contains(&region)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_region_says_its_partition() {
        let cases = [
            ("us-east-1", "aws", "us-east-1"),
            ("eu-central-2", "aws", "us-east-1"),
            ("cn-north-1", "aws-cn", "cn-northwest-1"),
            ("us-gov-east-1", "aws-us-gov", "us-gov-west-1"),
            ("eusc-de-east-1", "aws-eusc", "eusc-de-east-1"),
            ("us-isob-east-1", "aws-iso-b", "us-isob-east-1"),
            ("us-iso-west-1", "aws-iso", "us-iso-east-1"),
        ];
        for (region, name, route53) in cases {
            let partition = Partition::of(region);
            assert_eq!((partition.name, partition.route53_region), (name, route53), "{region}");
        }
    }

    #[test]
    fn newer_regions_have_to_be_enabled() {
        assert!(is_opt_in("eu-central-2"));
        assert!(is_opt_in("mx-central-1"));
        assert!(!is_opt_in("eu-central-1"));
        assert!(!is_opt_in("cn-north-1"));
    }
}
