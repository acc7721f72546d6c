//! What names tell.

use crate::topology::normal;

/// Longest name of an application, as people type it.
const LONGEST: usize = 40;

/// An application's name from its global cluster's: `shop` from `shop-global`.
pub fn application_name(global_cluster: &str) -> String {
    let lower = global_cluster.to_ascii_lowercase();
    let bare = ["-global", "-global-cluster", "-cluster"].iter().find_map(|suffix| lower.strip_suffix(suffix));
    let kept = bare.filter(|bare| !bare.is_empty()).unwrap_or(&lower).chars();
    kept.filter(|&c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-').take(LONGEST).collect()
}

/// The region that an alias target is in: an API Gateway's regional domain name or a load balancer's name.
pub(super) fn region_of(dns_name: &str) -> Option<&str> {
    let labels: Vec<&str> = dns_name.trim_end_matches('.').split('.').collect();
    match labels[..] {
        [.., "execute-api", region, "amazonaws", "com"] => Some(region),
        // An Application Load Balancer, and a Network Load Balancer.
        [.., region, "elb", "amazonaws", "com"] | [.., "elb", region, "amazonaws", "com"] => Some(region),
        _ => None,
    }
}

/// Whether it is a load balancer's name.
pub(super) fn is_balancer(dns_name: &str) -> bool {
    region_of(dns_name).is_some() && normal(dns_name).contains(".elb.")
}

/// Whether two names begin with the same word: `shop` and `shop-global`.
pub(super) fn are_related(one: &str, other: &str) -> bool {
    let word = |name: &str| name.split(['-', '_']).next().map(str::to_ascii_lowercase);
    word(one) == word(other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_application_is_named_after_its_cluster() {
        for (cluster, name) in
            [("shop-global", "shop"), ("Shop_EU-cluster", "shopeu"), ("-global", "-global"), ("shop", "shop")]
        {
            assert_eq!(application_name(cluster), name);
        }
    }

    #[test]
    fn targets_tell_their_region() {
        for (target, region) in [
            ("d-abc.execute-api.us-east-1.amazonaws.com.", Some("us-east-1")),
            ("dualstack.shop-1234.eu-west-1.elb.amazonaws.com", Some("eu-west-1")),
            ("shop-1234.elb.eu-west-1.amazonaws.com", Some("eu-west-1")),
            ("d123.cloudfront.net", None),
            ("example.com", None),
        ] {
            assert_eq!(region_of(target), region, "{target}");
        }
        assert!(is_balancer("shop-1234.eu-west-1.elb.amazonaws.com"));
        assert!(!is_balancer("d-abc.execute-api.us-east-1.amazonaws.com"));
    }
}
