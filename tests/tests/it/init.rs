//! `standby init` in the simulated regions: a proposal that a person completes, and that checks well.

use std::path::Path;

use bot::{
    check::{Verdict, check_application},
    config::{Config, FILL_IN},
    init::configuration,
    rehearse,
};
use commands::discovery::Question;
use rehearsal::{Fault, Pair, Region, Scenario, World};
use storage::Clock;
use tests::Cast;

fn about(dr_region: Option<&str>) -> Question {
    Question { global_cluster: "shop-global".to_owned(), primary_region: None, dr_region: dr_region.map(str::to_owned) }
}

async fn proposed(world: &World, scenario: &Scenario, question: &Question) -> Result<String, String> {
    let clock = Clock::simulated(scenario.epoch);
    configuration(question, &rehearse::network(world), &clock).await.map_err(|failure| failure.to_string())
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
    for key in ["access.team", "access.channels[0]", "access.promoters[0]", "slack.channel", "dr.endpoint"] {
        assert!(blank.contains(key), "{key}: {blank}");
    }
    let pair = &scenario.pairs[0];
    let endpoint =
        format!("endpoint = {{ dns_name = {:?}, zone = {:?} }}", pair.dr.endpoint.dns_name, pair.dr.endpoint.zone);
    let unknown = text.lines().find(|line| line.starts_with("endpoint") && line.contains(FILL_IN)).unwrap();
    let completed = text
        .replace(unknown, &endpoint)
        .replace(&format!("team = \"{FILL_IN}\""), "team = \"T0SHOP00001\"")
        .replace(&format!("[\"{FILL_IN}\", \"{FILL_IN}-2\"]"), &format!("[{:?}, {:?}]", Cast::MAYA, Cast::JONAS))
        .replace(FILL_IN, Cast::INCIDENT);
    let config = Config::parse(Path::new("standby.toml"), &completed).unwrap();
    let clock = Clock::simulated(scenario.epoch);
    let rows = check_application("shop", &config.applications["shop"], &rehearse::network(&world), &clock).await;
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
    assert!(text.contains("# Not everything could be read:\n# - ") && text.contains(" in us-east-1: "), "{text}");
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
