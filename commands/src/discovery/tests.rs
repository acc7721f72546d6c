//! What is proposed for inventories that are not as simple as one pair.

#![allow(clippy::unwrap_used, clippy::panic)]

use super::*;
use crate::topology::RecordName;

fn member(region: &str, is_writer: bool) -> Member {
    Member {
        partition: "aws".to_owned(),
        region: region.to_owned(),
        account: "123456789012".to_owned(),
        db_cluster: format!("shop-{region}"),
        is_writer,
    }
}

fn service(cluster: &str, name: &str, desired: i32, min: Option<i32>, group: &str) -> EcsService {
    EcsService {
        cluster: cluster.to_owned(),
        name: name.to_owned(),
        desired,
        min,
        target_groups: vec![group.to_owned()],
        production_rules: Vec::new(),
        moves_listener: false,
    }
}

fn alias(name: &str, target: &str) -> Pointer {
    Pointer {
        record: RecordName::new("Z1", name),
        kind: "A".to_owned(),
        target: target.to_owned(),
        target_zone: Some("Z2".to_owned()),
        routing: Vec::new(),
    }
}

fn listener(arn: &str, port: i32, groups: &[(&str, i32)]) -> FrontListener {
    let forwards_to = groups.iter().map(|(group, weight)| ((*group).to_owned(), *weight)).collect();
    FrontListener { arn: arn.to_owned(), port: Some(port), forwards_to, rules: Vec::new() }
}

fn rule(arn: &str, groups: &[(&str, i32)]) -> FrontRule {
    let forwards_to = groups.iter().map(|(group, weight)| ((*group).to_owned(), *weight)).collect();
    FrontRule { arn: arn.to_owned(), is_default: false, forwards_to }
}

fn balancer(name: &str, region: &str, listeners: Vec<FrontListener>) -> Balancer {
    Balancer {
        name: name.to_owned(),
        endpoint: Endpoint { dns_name: format!("{name}.{region}.elb.amazonaws.com"), zone: "Z3".to_owned() },
        listeners,
    }
}

fn domain(name: &str, dns_name: &str) -> CustomDomain {
    let endpoint = Endpoint { dns_name: dns_name.to_owned(), zone: "Z4".to_owned() };
    CustomDomain { name: name.to_owned(), kind: DomainKind::Regional(endpoint), status: Some("AVAILABLE".to_owned()) }
}

fn denied(part: Part, what: &str) -> Unread {
    Unread { part, what: what.to_owned(), why: "AccessDenied: no identity-based policy allows it".to_owned() }
}

/// A pair in which DR's listener forwards to the idle page.
fn findings() -> Findings {
    Findings {
        global_cluster: "shop-global".to_owned(),
        primary: member("us-east-1", true),
        dr: member("us-west-2", false),
        in_primary: Inventory {
            services: vec![service("shop", "web", 4, Some(4), "p-green")],
            balancers: vec![balancer("shop", "us-east-1", vec![listener("p-listener", 443, &[("p-green", 100)])])],
            ..Inventory::default()
        },
        in_dr: Inventory {
            services: vec![service("shop", "web", 1, Some(1), "d-green")],
            balancers: vec![balancer("shop", "us-west-2", vec![listener("d-listener", 443, &[("d-blue", 100)])])],
            ..Inventory::default()
        },
        pointers: vec![alias("app.shop.example", "d-1.execute-api.us-east-1.amazonaws.com.")],
        unread: Vec::new(),
    }
}

fn services(proposal: &Proposal) -> &[Service] {
    proposal.services.found().unwrap()
}

#[test]
fn the_green_group_of_dr_is_that_of_the_service_behind_the_primarys_listener() {
    let proposal = propose(findings());
    let dr = Listener { arn: "d-listener".to_owned(), target_group: "d-green".to_owned(), rule_arn: None };
    assert_eq!(proposal.dr.listener.found(), Some(&ProposedListener { listener: dr, rule: None }));
    assert_eq!(proposal.primary.listener.found().unwrap().listener.target_group, "p-green");
}

#[test]
fn services_of_one_region_and_other_clusters_are_left_out_and_said() {
    let mut found = findings();
    found.in_primary.services.extend([service("shop", "cron", 1, None, "x"), service("tools", "web", 1, None, "x")]);
    let proposal = propose(found);
    assert_eq!(services(&proposal).iter().map(|service| service.name.as_str()).collect::<Vec<_>>(), ["web"]);
    assert_eq!(proposal.service_remarks, ["left out: cron, which only the primary region has"]);
}

#[test]
fn a_minimum_that_is_not_known_is_said_to_be_a_guess() {
    let mut found = findings();
    found.in_primary.services = vec![service("shop", "web", 0, None, "p-green")];
    let proposal = propose(found);
    assert_eq!((services(&proposal)[0].desired, services(&proposal)[0].min), (1, 1));
    assert!(proposal.service_remarks[0].contains("its minimum is a guess"), "{:?}", proposal.service_remarks);
    assert!(proposal.service_remarks[1].contains("below the minimum of 1"), "{:?}", proposal.service_remarks);
}

#[test]
fn clusters_that_nothing_tells_apart_are_a_choice() {
    let mut found = findings();
    for (inventory, group) in [(&mut found.in_primary, "p"), (&mut found.in_dr, "d")] {
        inventory.services = ["one", "two"].map(|cluster| service(cluster, "web", 2, Some(2), group)).to_vec();
    }
    let proposal = propose(found);
    assert_eq!(proposal.primary.ecs_cluster, Proposed::Choice(vec!["one".to_owned(), "two".to_owned()]));
    assert!(matches!(proposal.services, Proposed::Choice(_)));
    assert_eq!(proposal.service_remarks.len(), 2);
}

#[test]
fn the_other_regions_endpoint_comes_from_another_alias_or_from_the_load_balancer() {
    let proposal = propose(findings());
    assert_eq!(proposal.dr.endpoint, Proposed::Missing);

    let mut found = findings();
    found.pointers.push(alias("dr.shop.example", "d-2.execute-api.us-west-2.amazonaws.com."));
    let proposal = propose(found);
    assert_eq!(proposal.records.found().unwrap()[0].name, "app.shop.example");
    assert_eq!(proposal.dr.endpoint.found().unwrap().dns_name, "d-2.execute-api.us-west-2.amazonaws.com");

    let mut found = findings();
    found.pointers = vec![alias("app.shop.example", "dualstack.shop.us-east-1.elb.amazonaws.com.")];
    let proposal = propose(found);
    assert_eq!(proposal.dr.endpoint.found().unwrap().dns_name, "shop.us-west-2.elb.amazonaws.com");
}

#[test]
fn after_a_failover_the_record_is_looked_for_where_the_writer_is() {
    let mut found = findings();
    (found.primary.is_writer, found.dr.is_writer) = (false, true);
    found.pointers = vec![
        alias("app.shop.example", "d-2.execute-api.us-west-2.amazonaws.com"),
        alias("static.shop.example", "d-9.execute-api.us-east-1.amazonaws.com"),
    ];
    let proposal = propose(found);
    assert_eq!(proposal.records.found().unwrap()[0].name, "app.shop.example");
}

#[test]
fn the_other_regions_endpoint_is_its_custom_domain_of_the_records_name() {
    for name in ["app.shop.example", "*.shop.example"] {
        let mut found = findings();
        found.in_primary.domains = vec![domain(name, "d-1.execute-api.us-east-1.amazonaws.com")];
        found.in_dr.domains =
            vec![domain("other.example", "d-9"), domain(name, "d-2.execute-api.us-west-2.amazonaws.com")];
        let proposal = propose(found);
        assert_eq!(proposal.dr.endpoint.found().unwrap().dns_name, "d-2.execute-api.us-west-2.amazonaws.com");
    }
    // By what the record points at, where its name is another one.
    let mut found = findings();
    found.in_primary.domains = vec![domain("api.shop.example", "d-1.execute-api.us-east-1.amazonaws.com")];
    found.in_dr.domains = vec![domain("api.shop.example", "d-2"), domain("other.example", "d-9")];
    assert_eq!(propose(found).dr.endpoint.found().unwrap().dns_name, "d-2");
}

#[test]
fn a_custom_domains_name_tells_its_region_where_its_targets_name_does_not() {
    let mut found = findings();
    found.pointers = vec![alias("app.shop.test", "127.0.0.3."), alias("elsewhere.shop.test", "127.0.0.9.")];
    found.in_primary.domains = vec![domain("app.shop.test", "127.0.0.3")];
    found.in_dr.domains = vec![domain("app.shop.test", "127.0.0.2")];
    let proposal = propose(found);
    assert_eq!(proposal.records.found().unwrap()[0].name, "app.shop.test");
    assert_eq!(proposal.primary.endpoint.found().unwrap().dns_name, "127.0.0.3");
    assert_eq!(proposal.dr.endpoint.found().unwrap().dns_name, "127.0.0.2");
}

#[test]
fn a_domain_that_no_record_can_point_at_is_named_and_not_proposed() {
    let mut found = findings();
    found.in_dr.domains = vec![CustomDomain { kind: DomainKind::Edge, ..domain("app.shop.example", "") }];
    let proposal = propose(found);
    assert_eq!(proposal.dr.endpoint, Proposed::Missing);
    assert!(proposal.dr.endpoint_remarks[0].contains("is edge-optimized"), "{:?}", proposal.dr.endpoint_remarks);
}

#[test]
fn what_was_not_read_is_no_more_said_to_be_missing() {
    let mut found = findings();
    found.in_dr.unread.push(denied(Part::Domains, "API Gateway's custom domains in us-west-2"));
    let proposal = propose(found.clone());
    let why = "API Gateway's custom domains in us-west-2: not read: AccessDenied: no identity-based policy allows it";
    assert_eq!(proposal.dr.endpoint, Proposed::NotRead(vec![why.to_owned()]));
    assert_eq!(proposal.primary.endpoint.found().unwrap().dns_name, "d-1.execute-api.us-east-1.amazonaws.com");

    // The zone is denied: both regions' custom domain still tells the name.
    found.pointers.clear();
    found.unread.push(denied(Part::Records, "records of hosted zone shop.example (Z1)"));
    found.in_primary.domains = vec![domain("app.shop.example", "d-1")];
    found.in_dr = Inventory { domains: vec![domain("app.shop.example", "d-2")], ..Inventory::default() };
    let proposal = propose(found.clone());
    assert!(matches!(proposal.records, Proposed::NotRead(_)));
    assert_eq!(proposal.record_name.as_deref(), Some("app.shop.example"));
    assert_eq!(proposal.dr.endpoint.found().unwrap().dns_name, "d-2");
    assert_eq!(proposal.services, Proposed::Missing);

    // An alias leads to something that only a custom domain would tell.
    found.unread.clear();
    found.in_primary = Inventory::default();
    found.in_primary.unread.push(denied(Part::Domains, "API Gateway's custom domains in us-east-1"));
    found.pointers = vec![alias("app.shop.test", "127.0.0.3.")];
    let proposal = propose(found.clone());
    assert!(matches!(proposal.records, Proposed::NotRead(_)));
    assert!(proposal.record_remarks[0].contains("app.shop.test in zone Z1 leads to 127.0.0.3, which is not known"));

    found.in_dr.unread.push(denied(Part::Services, "services of ECS cluster shop"));
    assert!(matches!(propose(found).services, Proposed::NotRead(_)));
}

#[test]
fn a_minimum_that_was_not_read_is_a_guess_with_the_reason() {
    let mut found = findings();
    found.in_primary.services = vec![service("shop", "web", 4, None, "p-green")];
    found.in_primary.unread.push(denied(Part::Scaling, "minimum capacity of ECS services in us-east-1"));
    let remarks = propose(found).service_remarks;
    assert!(remarks[0].starts_with("web: its minimum is a guess. minimum capacity of ECS services"), "{remarks:?}");
}

#[test]
fn names_that_differ_in_case_are_two_services() {
    let mut found = findings();
    found.in_primary.services.push(service("shop", "Api", 2, Some(2), "x"));
    found.in_dr.services.push(service("shop", "api", 1, Some(1), "y"));
    let remarks = propose(found).service_remarks;
    assert!(remarks[0].contains("left out: Api, which the other region has as api"), "{remarks:?}");
}

#[test]
fn a_load_balancer_that_is_not_in_front_of_the_services_is_no_candidate() {
    let mut found = findings();
    found.pointers = vec![
        alias("app.shop.example", "dualstack.shop.us-east-1.elb.amazonaws.com."),
        alias("other.example", "dualstack.other.us-east-1.elb.amazonaws.com."),
    ];
    found.in_primary.balancers.push(balancer("other", "us-east-1", Vec::new()));
    found.in_dr.balancers[0].listeners[0].forwards_to.push(("d-green".to_owned(), 0));
    found.in_dr.balancers.push(balancer("other", "us-west-2", vec![listener("x", 443, &[("x", 1)])]));
    let proposal = propose(found);
    assert_eq!(proposal.records.found().unwrap()[0].name, "app.shop.example");
    assert_eq!(proposal.dr.endpoint.found().unwrap().dns_name, "shop.us-west-2.elb.amazonaws.com");
    assert_eq!(proposal.dr.listener.found().unwrap().listener.arn, "d-listener");
}

#[test]
fn of_several_listeners_the_one_at_443_is_productions() {
    let mut found = findings();
    found.in_primary.balancers[0].listeners.insert(0, listener("p-test", 8443, &[("p-green", 100)]));
    assert_eq!(propose(found).primary.listener.found().unwrap().listener.arn, "p-listener");
}

#[test]
fn with_blue_green_deployments_the_group_with_the_weight_has_the_tasks() {
    let mut found = findings();
    let mut web = service("shop", "web", 4, Some(4), "p-blue");
    (web.target_groups, web.moves_listener) = (vec!["p-blue".to_owned(), "p-green".to_owned()], true);
    web.production_rules = vec!["production".to_owned()];
    found.in_primary.services = vec![web];
    let mut front = listener("p-listener", 443, &[]);
    front.rules =
        vec![rule("test", &[("p-blue", 100), ("p-green", 0)]), rule("production", &[("p-blue", 0), ("p-green", 100)])];
    found.in_primary.balancers = vec![balancer("shop", "us-east-1", vec![front])];
    let proposal = propose(found);
    let proposed = proposal.primary.listener.found().unwrap();
    assert_eq!((proposed.rule.as_deref(), proposed.listener.target_group.as_str()), (Some("production"), "p-green"));
    assert!(proposal.primary.listener_remarks[0].starts_with("web deploys blue/green"));
}

#[test]
fn records_that_cannot_be_moved_are_named() {
    let mut found = findings();
    let target = "d-1.execute-api.us-east-1.amazonaws.com";
    found.pointers = vec![
        Pointer { kind: "CNAME".to_owned(), target_zone: None, ..alias("app.shop.example", target) },
        Pointer { routing: vec!["weight".to_owned()], ..alias("www.shop.example", target) },
        Pointer { kind: "AAAA".to_owned(), ..alias("app.shop.example", target) },
        alias("far.example", "d-1.execute-api.eu-west-1.amazonaws.com"),
    ];
    let proposal = propose(found);
    assert_eq!(proposal.records, Proposed::Missing);
    assert_eq!(proposal.record_remarks.len(), 3, "{:?}", proposal.record_remarks);
    assert!(proposal.record_remarks[0].contains("app.shop.example in zone Z1 is a CNAME"));
    assert!(proposal.record_remarks[1].contains("is not a simple record (weight)"));
    assert!(proposal.record_remarks[2].starts_with("far.example in zone Z1 leads to d-1.execute-api.eu-west-1."));
}

#[test]
fn other_partitions_are_told_by_their_names() {
    for (primary, dr, suffix) in [
        ("cn-north-1", "cn-northwest-1", "amazonaws.com.cn"),
        ("us-gov-west-1", "us-gov-east-1", "amazonaws.com"),
        ("eusc-de-east-1", "eusc-de-west-1", "amazonaws.eu"),
    ] {
        let mut found = findings();
        (found.primary, found.dr) = (member(primary, true), member(dr, false));
        let name = |region: &str| format!("shop-1.{region}.elb.{suffix}");
        found.pointers = vec![alias("app.shop.example", &format!("dualstack.{}.", name(primary)))];
        found.in_primary.balancers[0].endpoint.dns_name = name(primary);
        found.in_dr.balancers[0].endpoint.dns_name = name(dr);
        let proposal = propose(found);
        assert_eq!(proposal.records.found().unwrap()[0].name, "app.shop.example");
        assert_eq!(proposal.primary.endpoint.found().unwrap().dns_name, format!("dualstack.{}", name(primary)));
        assert_eq!(proposal.dr.endpoint.found().unwrap().dns_name, name(dr));
    }
}

#[test]
fn names_that_lead_to_the_same_endpoint_move_together() {
    let mut found = findings();
    let target = "d-1.execute-api.us-east-1.amazonaws.com";
    found.pointers = vec![alias("*.shop.example", target), alias("app.shop.example", &format!("{target}."))];
    let records = propose(found.clone()).records;
    let names: Vec<&str> = records.found().unwrap().iter().map(|record| record.name.as_str()).collect();
    // A name that people can call stands first.
    assert_eq!(names, ["app.shop.example", "*.shop.example"]);
    found.pointers.push(alias("www.shop.example", "d-7.execute-api.us-east-1.amazonaws.com"));
    let Proposed::Choice(choices) = propose(found).records else { panic!("two endpoints are a choice") };
    assert_eq!(choices.iter().map(Vec::len).collect::<Vec<_>>(), [2, 1]);
}
