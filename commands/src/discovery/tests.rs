//! What is proposed for inventories that are not as simple as one pair.

#![allow(clippy::unwrap_used)]

use super::*;

fn member(region: &str, is_writer: bool) -> Member {
    let db_cluster = format!("shop-{region}");
    Member { region: region.to_owned(), account: "123456789012".to_owned(), db_cluster, is_writer }
}

fn service(cluster: &str, name: &str, desired: i32, min: Option<i32>, group: &str) -> EcsService {
    let target_groups = vec![group.to_owned()];
    EcsService { cluster: cluster.to_owned(), name: name.to_owned(), desired, min, target_groups }
}

fn alias(name: &str, target: &str) -> AliasRecord {
    AliasRecord {
        record: RecordName::new("Z1", name),
        alias: Alias { dns_name: target.to_owned(), zone: "Z2".to_owned(), evaluate_health: false },
    }
}

fn balancer(name: &str, region: &str, listeners: &[(&str, &str)]) -> Balancer {
    Balancer {
        name: name.to_owned(),
        endpoint: Endpoint { dns_name: format!("{name}.{region}.elb.amazonaws.com"), zone: "Z3".to_owned() },
        listeners: listeners.iter().map(|(arn, group)| ((*arn).to_owned(), vec![(*group).to_owned()])).collect(),
        rules_forward_to: Vec::new(),
    }
}

/// A pair in which DR's listener forwards to the idle page.
fn findings() -> Findings {
    Findings {
        primary: member("us-east-1", true),
        dr: member("us-west-2", false),
        in_primary: Inventory {
            services: vec![service("shop", "web", 4, Some(4), "p-green")],
            balancers: vec![balancer("shop", "us-east-1", &[("p-listener", "p-green")])],
            ..Inventory::default()
        },
        in_dr: Inventory {
            services: vec![service("shop", "web", 1, Some(1), "d-green")],
            balancers: vec![balancer("shop", "us-west-2", &[("d-listener", "d-blue")])],
            ..Inventory::default()
        },
        aliases: vec![alias("app.shop.example", "d-1.execute-api.us-east-1.amazonaws.com.")],
        unread: Vec::new(),
    }
}

#[test]
fn the_green_group_of_dr_is_that_of_the_service_behind_the_primarys_listener() {
    let proposal = propose("shop-global", findings());
    let dr = Listener { arn: "d-listener".to_owned(), target_group: "d-green".to_owned() };
    assert_eq!(proposal.dr.listener.found(), Some(&dr));
    assert_eq!(proposal.primary.listener.found().unwrap().target_group, "p-green");
}

#[test]
fn services_of_one_region_and_other_clusters_are_left_out_and_said() {
    let mut found = findings();
    found.in_primary.services.extend([service("shop", "cron", 1, None, "x"), service("tools", "web", 1, None, "x")]);
    let proposal = propose("shop-global", found);
    assert_eq!(proposal.services.iter().map(|service| service.name.as_str()).collect::<Vec<_>>(), ["web"]);
    assert_eq!(proposal.remarks, ["left out: cron, which only the primary region has"]);
}

#[test]
fn a_minimum_that_is_not_known_is_said_to_be_a_guess() {
    let mut found = findings();
    found.in_primary.services = vec![service("shop", "web", 0, None, "p-green")];
    let proposal = propose("shop-global", found);
    assert_eq!((proposal.services[0].desired, proposal.services[0].min), (1, 1));
    assert!(proposal.remarks[0].contains("its minimum is a guess"), "{:?}", proposal.remarks);
    assert!(proposal.remarks[1].contains("below the minimum of 1"), "{:?}", proposal.remarks);
}

#[test]
fn clusters_that_nothing_tells_apart_are_a_choice() {
    let mut found = findings();
    for (inventory, group) in [(&mut found.in_primary, "p"), (&mut found.in_dr, "d")] {
        inventory.services = ["one", "two"].map(|cluster| service(cluster, "web", 2, Some(2), group)).to_vec();
    }
    let proposal = propose("shop-global", found);
    assert_eq!(proposal.primary.ecs_cluster, Proposed::Choice(vec!["one".to_owned(), "two".to_owned()]));
    assert!(proposal.services.is_empty());
    assert_eq!(proposal.remarks.len(), 2);
}

#[test]
fn the_other_regions_endpoint_comes_from_another_alias_or_from_the_load_balancer() {
    let proposal = propose("shop-global", findings());
    assert_eq!(proposal.dr.endpoint, Proposed::Missing);

    let mut found = findings();
    found.aliases.push(alias("dr.shop.example", "d-2.execute-api.us-west-2.amazonaws.com."));
    let proposal = propose("shop-global", found);
    assert_eq!(proposal.record.found().unwrap().name, "app.shop.example");
    assert_eq!(proposal.dr.endpoint.found().unwrap().dns_name, "d-2.execute-api.us-west-2.amazonaws.com");

    let mut found = findings();
    found.aliases = vec![alias("app.shop.example", "dualstack.shop.us-east-1.elb.amazonaws.com.")];
    let proposal = propose("shop-global", found);
    assert_eq!(proposal.dr.endpoint.found().unwrap().dns_name, "shop.us-west-2.elb.amazonaws.com");
}

#[test]
fn after_a_failover_the_record_is_looked_for_where_the_writer_is() {
    let mut found = findings();
    (found.primary.is_writer, found.dr.is_writer) = (false, true);
    found.aliases = vec![
        alias("app.shop.example", "d-2.execute-api.us-west-2.amazonaws.com"),
        alias("static.shop.example", "d-9.execute-api.us-east-1.amazonaws.com"),
    ];
    let proposal = propose("shop-global", found);
    assert_eq!(proposal.record.found().unwrap().name, "app.shop.example");
}
