//! What names tell.

use crate::{partition::dns_suffixes, topology::normal};

/// Longest name of an application, as people type it.
const LONGEST: usize = 40;

/// An application's name from its global cluster's: `shop` from `shop-global`.
pub fn application_name(global_cluster: &str) -> String {
    let lower = global_cluster.to_ascii_lowercase();
    let bare = ["-global", "-global-cluster", "-cluster"].iter().find_map(|suffix| lower.strip_suffix(suffix));
    let kept = bare.filter(|bare| !bare.is_empty()).unwrap_or(&lower).chars();
    kept.filter(|&c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-').take(LONGEST).collect()
}

/// The region that an alias target is in: an API Gateway's regional domain name or a load balancer's name, in any partition.
pub(super) fn region_of(dns_name: &str) -> Option<String> {
    let name = normal(dns_name);
    let rest = dns_suffixes().find_map(|suffix| name.strip_suffix(suffix)?.strip_suffix('.'))?;
    let labels: Vec<&str> = rest.split('.').collect();
    match labels[..] {
        // A Network Load Balancer, and an Application Load Balancer.
        [.., "execute-api" | "elb", region] | [.., region, "elb"] => Some(region.to_owned()),
        _ => None,
    }
}

/// Whether it is a load balancer's name.
pub(super) fn is_balancer(dns_name: &str) -> bool {
    region_of(dns_name).is_some() && normal(dns_name).contains(".elb.")
}

/// Whether a custom domain answers for a name: its own, or one label below a wildcard.
pub(crate) fn covers(domain: &str, name: &str) -> bool {
    let (domain, name) = (normal(domain), normal(name));
    let below = |wildcard: &str| name.split_once('.').is_some_and(|(label, parent)| label != "*" && parent == wildcard);
    domain == name || domain.strip_prefix("*.").is_some_and(below)
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
    fn targets_tell_their_region_in_every_partition() {
        for (target, region) in [
            ("d-abc.execute-api.us-east-1.amazonaws.com.", Some("us-east-1")),
            ("dualstack.shop-1234.eu-west-1.elb.amazonaws.com", Some("eu-west-1")),
            ("shop-1234.elb.eu-west-1.amazonaws.com", Some("eu-west-1")),
            ("Shop-1234.eu-west-1.ELB.amazonaws.com", Some("eu-west-1")),
            ("shop-1234.cn-north-1.elb.amazonaws.com.cn.", Some("cn-north-1")),
            ("shop-1234.elb.cn-northwest-1.amazonaws.com.cn", Some("cn-northwest-1")),
            ("d-abc.execute-api.cn-north-1.amazonaws.com.cn", Some("cn-north-1")),
            ("d-abc.execute-api.us-gov-west-1.amazonaws.com", Some("us-gov-west-1")),
            ("shop-1234.eusc-de-east-1.elb.amazonaws.eu", Some("eusc-de-east-1")),
            ("d-abc.execute-api.eusc-de-east-1.amazonaws.eu", Some("eusc-de-east-1")),
            ("d123.cloudfront.net", None),
            ("shop.elb.example.com", None),
            ("example.com", None),
        ] {
            assert_eq!(region_of(target).as_deref(), region, "{target}");
        }
        assert!(is_balancer("shop-1234.eu-west-1.elb.amazonaws.com"));
        assert!(is_balancer("shop-1234.cn-north-1.elb.amazonaws.com.cn"));
        assert!(!is_balancer("d-abc.execute-api.us-east-1.amazonaws.com"));
    }

    #[test]
    fn a_wildcard_domain_answers_one_label_below() {
        assert!(covers("App.shop.example", "app.shop.example."));
        assert!(covers("*.shop.example", "app.shop.example"));
        assert!(covers("*.shop.example", "*.shop.example"));
        assert!(!covers("*.shop.example", "shop.example"));
        assert!(!covers("*.shop.example", "a.b.shop.example"));
        assert!(!covers("app.shop.example", "*.shop.example"));
    }
}
