//! `standby init` in the simulated regions: a proposal that a person completes, and that checks well.

use std::{collections::BTreeSet, path::Path};

use bot::{
    check::{Verdict, check_applications},
    config::{Config, FILL_IN},
    init::configuration,
    rehearse,
};
use commands::discovery::Question;
use rehearsal::{Account, Disturbance, Domains, Fault, Pair, Region, Scenario, Service, Target, World};
use serde_json::Value;
use storage::Clock;
use tests::{Cast, sweep::fault::action};

fn about(dr_region: Option<&str>) -> Question {
    Question {
        global_cluster: "shop-global".to_owned(),
        primary_region: None,
        dr_region: dr_region.map(str::to_owned),
        zone_roles: Vec::new(),
    }
}

async fn proposed(world: &World, scenario: &Scenario, question: &Question) -> Result<String, String> {
    let clock = Clock::simulated(scenario.epoch);
    let proposed = configuration(question, &rehearse::network(world), &clock).await;
    proposed.map(|proposed| proposed.text).map_err(|failure| failure.to_string())
}

/// A world with something more in its account, and what is proposed there.
async fn in_account(account: Account, faults: impl IntoIterator<Item = Fault>) -> String {
    let scenario = Scenario { account, ..Scenario::pair() };
    let world = World::new(scenario.clone());
    for fault in faults {
        world.inject(fault);
    }
    let text = proposed(&world, &scenario, &about(Some("us-west-2"))).await.unwrap();
    assert!(world.calls().iter().all(|call| !call.changing));
    text
}

fn denied(service: Service, operation: &str, action: &str) -> Fault {
    Fault::calls(Target::operation(service, operation), Disturbance::access_denied(action))
}

/// The lines that are values, which is all that a proposal is worth.
fn values(text: &str) -> Vec<&str> {
    text.lines().filter(|line| !line.starts_with('#') && !line.is_empty()).collect()
}

/// The key's value, from its line.
fn value<'t>(text: &'t str, key: &str) -> &'t str {
    let line = text.lines().find(|line| line.starts_with(&format!("{key} = ")));
    line.unwrap_or_else(|| panic!("no {key} in:\n{text}"))
}

#[tokio::test(start_paused = true)]
async fn what_is_found_is_proposed_and_checks_well_once_a_person_has_completed_it() {
    let scenario = Scenario::pair();
    let world = World::new(scenario.clone());
    let text = proposed(&world, &scenario, &about(Some("us-west-2"))).await.unwrap();
    insta::assert_snapshot!(text);

    // As it is, it is no configuration, and every blank is named.
    let blank = Config::parse(Path::new("standby.toml"), &text).unwrap_err().to_string();
    for key in ["access.team", "access.channels[0]", "access.promoters[0]", "slack.channel"] {
        assert!(blank.contains(key), "{key}: {blank}");
    }
    let completed = text
        .replace(&format!("team = \"{FILL_IN}\""), "team = \"T0SHOP00001\"")
        .replace(&format!("[\"{FILL_IN}\", \"{FILL_IN}-2\"]"), &format!("[{:?}, {:?}]", Cast::MAYA, Cast::JONAS))
        .replace(FILL_IN, Cast::INCIDENT);
    let config = Config::parse(Path::new("standby.toml"), &completed).unwrap();
    let clock = Clock::simulated(scenario.epoch);
    let rows = check_applications(&config.applications, &rehearse::network(&world), &clock).await;
    let failed: Vec<_> = rows.iter().filter(|row| row.verdict == Verdict::Fail).collect();
    assert!(rows.len() > 20 && failed.is_empty(), "{failed:#?}");
    assert!(world.calls().iter().all(|call| !call.changing));
}

#[tokio::test(start_paused = true)]
async fn several_applications_in_one_account_are_told_apart() {
    let scenario = Scenario::of([Pair::named("shop", 1), Pair::named("bank", 2)]);
    let world = World::new(scenario.clone());
    let text = proposed(&world, &scenario, &about(Some("us-west-2"))).await.unwrap();
    assert_eq!(value(&text, "ecs_cluster"), "ecs_cluster = \"shop\"");
    // Which of the two records is the application's nothing tells: both are shown, none is taken.
    assert!(
        text.contains("# - app.shop.example in zone Z0123SHOP\n# - app.bank.example in zone Z0123BANK\n")
            || text.contains("# - app.bank.example in zone Z0123BANK\n# - app.shop.example in zone Z0123SHOP\n"),
        "{text}"
    );
    assert!(text.contains(&format!("zone = \"{FILL_IN}\"\nname = \"{FILL_IN}\"")), "{text}");
}

#[tokio::test(start_paused = true)]
async fn a_dark_primary_is_said_and_what_dr_tells_is_proposed() {
    let scenario = Scenario::pair();
    let world = World::new(scenario.clone());
    world.inject(Fault::RegionDark(Region::from("us-east-1")));
    let text = proposed(&world, &scenario, &about(Some("us-west-2"))).await.unwrap();
    assert!(text.contains("# Not everything could be read."), "{text}");
    assert!(
        text.contains("# - ECS clusters in us-east-1: not read: ecs ListClusters in us-east-1: Timeout: "),
        "{text}"
    );
    assert!(text.contains("# Not read:\n# - ECS clusters in us-east-1: not read: "), "{text}");
    let dr = "endpoint = { dns_name = \"d-dr01.execute-api.us-west-2.amazonaws.com\", zone = \"Z2OJLYMUO9EFXC\" }";
    assert!(text.contains(dr), "{text}");
    assert_eq!(value(&text, "db_cluster"), "db_cluster = \"shop-primary\"");
    assert!(text.contains(&format!("name = \"{FILL_IN}\"\ndesired = 0")), "{text}");
}

#[tokio::test(start_paused = true)]
async fn what_is_no_pair_is_refused_with_the_fix() {
    let scenario = Scenario::pair();
    let world = World::new(scenario.clone());
    let unknown = Question { global_cluster: "shopp".to_owned(), ..about(Some("us-west-2")) };
    let refused = proposed(&world, &scenario, &unknown).await.unwrap_err();
    assert!(refused.contains("us-west-2 has no global cluster shopp; check the name"), "{refused}");
    let elsewhere = Question { primary_region: Some("eu-west-1".to_owned()), ..about(Some("us-west-2")) };
    let refused = proposed(&world, &scenario, &elsewhere).await.unwrap_err();
    assert!(refused.contains("has members in us-east-1, us-west-2; say which two"), "{refused}");
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_described_is_missing_alone_and_named() {
    let plain = in_account(Account::default(), []).await;
    let neighbors = Account { gateway_balancers: true, vanishing_balancers: true, ..Account::default() };
    let beside = in_account(neighbors, []).await;
    assert_eq!(values(&beside), values(&plain));
    let gone = "# - listeners of load balancer shop-going: not read: elasticloadbalancing DescribeListeners in us-west-2: LoadBalancerNotFound";
    assert!(beside.contains(gone), "{beside}");
    assert!(!beside.contains("inspect"), "{beside}");

    let target = Target::operation(Service::Ecs, "DescribeServices").mentioning("/worker");
    let one = Fault::calls(target, Disturbance::access_denied("ecs:DescribeServices"));
    let without = in_account(Account::default(), [one]).await;
    assert!(
        without.contains(
            "# - ECS service worker in ECS cluster shop: not read: ecs DescribeServices in us-east-1: AccessDenied"
        ),
        "{without}"
    );
    assert!(
        without.contains("name = \"web\"\n")
            && without.contains("name = \"api\"\n")
            && !without.contains("name = \"worker\"\n"),
        "{without}"
    );
}

#[tokio::test(start_paused = true)]
async fn denied_is_told_from_not_found() {
    let action = "apigateway:GET";
    let text = in_account(Account::default(), [denied(Service::ApiGateway, "GetDomainNames", action)]).await;
    let why = "# Not read:\n# - API Gateway's custom domains in us-west-2: not read: apigateway GET in us-west-2: AccessDeniedException: User is not authorized";
    assert!(text.contains(why), "{text}");
    assert!(
        text.contains(
            "not found 0, not read 1. FILL-IN stands 7 times, 5 of them for Slack's ids. 2 resources could not be read"
        ),
        "{text}"
    );

    let text = in_account(
        Account::default(),
        [denied(Service::Route53, "ListResourceRecordSets", "route53:ListResourceRecordSets")],
    )
    .await;
    assert!(text.contains("# - records of hosted zone shop.example (Z0123SHOP): not read: "), "{text}");
    // Both regions' custom domain tells the name.
    assert!(text.contains("zone = \"FILL-IN\"\nname = \"app.shop.example\""), "{text}");
    assert!(text.contains("add --zone-role ARN"), "{text}");
    assert!(text.contains("url = \"https://app.shop.example/health\""), "{text}");

    let scaling = denied(
        Service::ApplicationAutoScaling,
        "DescribeScalableTargets",
        "application-autoscaling:DescribeScalableTargets",
    );
    let text = in_account(Account::default(), [scaling]).await;
    assert!(
        text.contains("# - web: its minimum is a guess. minimum capacity of ECS services in us-east-1: not read: "),
        "{text}"
    );
}

#[tokio::test(start_paused = true)]
async fn custom_domains_are_asked_of_either_version() {
    let plain = in_account(Account::default(), []).await;
    let rest = in_account(Account { domains: Domains::RestOnly, ..Account::default() }, []).await;
    assert_eq!(rest, plain);
    let v2 = Target::operation(Service::ApiGateway, "GetDomainNames").mentioning("\"v2\"");
    let denied = Fault::calls(v2, Disturbance::access_denied("apigateway:GET"));
    assert_eq!(in_account(Account::default(), [denied]).await, plain);
    let edge = in_account(Account { domains: Domains::Edge, ..Account::default() }, []).await;
    assert!(edge.contains("custom domain app.shop.example in us-west-2 is edge-optimized"), "{edge}");
    assert!(edge.contains("endpoint = { dns_name = \"FILL-IN.us-west-2\", zone = \"FILL-IN\" }"), "{edge}");
}

#[tokio::test(start_paused = true)]
async fn every_page_is_read_at_the_pace_that_the_account_has() {
    let plain = in_account(Account::default(), []).await;
    let busy = Account { other_zones: 60, route53_rate: Some(5), page: Some(1), ..Account::default() };
    assert_eq!(in_account(busy, []).await, plain);
}

#[tokio::test(start_paused = true)]
async fn a_second_name_in_another_accounts_zone_is_read_with_that_zones_role() {
    let scenario = Scenario::of([Pair::named("shop", 1).second_zone()]);
    let world = World::new(scenario.clone());
    let text = proposed(&world, &scenario, &about(Some("us-west-2"))).await.unwrap();
    assert!(text.contains("name = \"app.shop.example\"\n") && !text.contains("shop-partners"), "{text}");
    let role = "arn:aws:iam::210987654321:role/standby-dns".to_owned();
    let question = Question { zone_roles: vec![role], ..about(Some("us-west-2")) };
    let text = proposed(&world, &scenario, &question).await.unwrap();
    let both = "name = \"app.shop.example\"\n\n# It leads to the same endpoint, and moves with it.\n[[applications.shop.records]]\n\
                zone = \"Z0456SHOP\"\nname = \"api.shop-partners.example\"\n\
                role_arn = \"arn:aws:iam::210987654321:role/standby-dns\"\n";
    assert!(text.contains(both), "{text}");
    let completed = text.replace(FILL_IN, Cast::MAYA);
    let error = Config::parse(Path::new("standby.toml"), &completed).err().map(|error| error.to_string());
    assert!(error.is_none_or(|error| !error.contains("record")), "{completed}");
}

/// The policy in `deploy/` allows what is called, and nothing more.
#[tokio::test(start_paused = true)]
async fn the_policy_for_it_has_every_call_and_no_other() {
    let account = Account { domains: Domains::RestOnly, ..Account::default() };
    let scenario = Scenario { account, ..Scenario::pair() };
    let world = World::new(scenario.clone());
    proposed(&world, &scenario, &about(Some("us-west-2"))).await.unwrap();
    let called: BTreeSet<String> = world.calls().iter().map(action).collect();
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/init.policy.json");
    let policy: Value = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    let statements = policy["Statement"].as_array().unwrap().iter();
    let allowed: BTreeSet<String> = statements
        .flat_map(|statement| match &statement["Action"] {
            Value::Array(actions) => actions.clone(),
            one => vec![one.clone()],
        })
        .map(|action| action.as_str().unwrap().to_owned())
        .collect();
    assert_eq!(called, allowed);
}
