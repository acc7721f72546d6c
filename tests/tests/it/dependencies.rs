//! What DR's tasks need before they can start: images, secrets, log groups, addresses, and the certificate in front of them.

use std::{path::Path, sync::Arc, time::Duration};

use bot::{
    check::{Row, Verdict, check_applications},
    config::Config,
    rehearse,
};
use commands::report::RunOutcome;
use rehearsal::{
    Disturbance, Fault, ImageIs, LogGroupIs, Pair, Region, Scenario, SecretIs, Service, SiteNeeds, Target, World,
    slack::Settings,
};
use storage::Clock;
use tests::{Cast, Stage};

/// What `standby check` finds of a pair whose DR region has these needs.
async fn checked(needs: SiteNeeds, prepare: impl FnOnce(&World)) -> Vec<Row> {
    let mut pair = Pair::named("shop", 1);
    pair.dr.needs = needs;
    let scenario = Scenario::of([pair]);
    let world = World::new(scenario.clone());
    prepare(&world);
    tokio::time::sleep(Duration::from_secs(180)).await;
    let clock = Clock::simulated(scenario.epoch);
    let now = clock.clone();
    let workspace = Settings::shop(Arc::new(move || now.now()), scenario.seed);
    let config = Config::parse(Path::new("needs.toml"), &rehearse::toml(&scenario, &workspace)).unwrap();
    check_applications(&config.applications, &rehearse::network(&world), &clock).await
}

/// Rows that are not green, as `fail|warn what: detail`.
fn open(rows: &[Row]) -> Vec<String> {
    let open = rows.iter().filter(|row| row.verdict != Verdict::Pass);
    let word = |row: &Row| if row.verdict == Verdict::Fail { "fail" } else { "warn" };
    open.map(|row| format!("{} {}: {}", word(row), row.what, row.detail)).collect()
}

/// The rows that are not green, all of which begin like that; the first of them.
async fn first(needs: SiteNeeds, begins: &str) -> String {
    let mut open = open(&checked(needs, |_| {}).await);
    assert!(!open.is_empty() && open.iter().all(|row| row.starts_with(begins)), "{begins}: {open:#?}");
    open.remove(0)
}

#[tokio::test(start_paused = true)]
async fn what_is_there_is_green_with_a_row_for_each() {
    let rows = checked(SiteNeeds::default(), |_| {}).await;
    assert_eq!(open(&rows), Vec::<String>::new());
    for what in ["images-web", "secrets-web", "logs-web", "images-worker", "addresses", "certificate"] {
        assert!(rows.iter().any(|row| row.what == format!("shop {what}")), "{what}");
    }
    // As is what ECR or the log driver brings when it's needed.
    for needs in [
        SiteNeeds { image: ImageIs::PulledThrough, ..SiteNeeds::default() },
        SiteNeeds { log_group: LogGroupIs::Created, ..SiteNeeds::default() },
    ] {
        let open = open(&checked(needs, |_| {}).await);
        assert!(open.iter().all(|row| row.contains("task-parity")), "{open:#?}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_keeps_tasks_from_starting_blocks() {
    let of = |needs: SiteNeeds, begins: &'static str| first(needs, begins);
    let good = SiteNeeds::default();
    let row = of(SiteNeeds { image: ImageIs::Missing, ..good }, "fail shop images-").await;
    assert!(row.contains(".us-west-2.amazonaws.com/shop-web:2026.11.1 isn't in the registry"), "{row}");
    let row = of(SiteNeeds { secret: SecretIs::Missing, ..good }, "fail shop secrets-").await;
    assert!(row.contains("secret:shop/db-AbCdEf:password:: isn't in us-west-2"), "{row}");
    let row = of(SiteNeeds { secret: SecretIs::Deleted, ..good }, "fail shop secrets-").await;
    assert!(row.contains("scheduled for deletion"), "{row}");
    let row = of(SiteNeeds { parameter: SecretIs::Missing, ..good }, "fail shop secrets-").await;
    assert!(row.contains("parameter/shop/flags isn't in us-west-2"), "{row}");
    let row = of(SiteNeeds { log_group: LogGroupIs::Missing, ..good }, "fail shop logs-").await;
    assert!(row.contains("no log group /ecs/shop in us-west-2"), "{row}");
    // 13 tasks in production, 3 of which run.
    let row = of(SiteNeeds { free_addresses: 4, ..good }, "fail shop addresses").await;
    assert!(row.contains("have 8 free addresses for the 10 tasks that web, api, worker still start"), "{row}");
}

#[tokio::test(start_paused = true)]
async fn what_breaks_on_the_day_warns() {
    let good = SiteNeeds::default();
    let row = first(SiteNeeds { image: ImageIs::InOtherRegion, ..good }, "warn shop images-").await;
    assert!(row.contains("is pulled from us-east-1: tasks can't start in us-west-2 while it's down"), "{row}");
    let row = first(SiteNeeds { image: ImageIs::Moved, ..good }, "warn shop images-").await;
    assert!(row.contains("DR runs other code"), "{row}");
    let row = first(SiteNeeds { secret: SecretIs::InOtherRegion, ..good }, "warn shop secrets-").await;
    assert!(row.contains("is read from us-east-1"), "{row}");
    let row = first(SiteNeeds { secret: SecretIs::Behind, ..good }, "warn shop secrets-").await;
    assert!(row.contains("Replication failed"), "{row}");
    let row = first(SiteNeeds { log_group: LogGroupIs::InOtherRegion, ..good }, "warn shop logs-").await;
    assert!(row.contains("logs go to /ecs/shop in us-east-1"), "{row}");
    let row = first(SiteNeeds { certificate_days: 10, ..good }, "warn shop certificate").await;
    assert!(row.contains("expires on 2026-12-03"), "{row}");
    let row = first(SiteNeeds { free_addresses: 8, ..good }, "warn shop addresses").await;
    assert!(row.contains("have 16 free addresses"), "{row}");
}

/// Denied, dark or unreadable: never green, never in the way, and nobody waits for it.
#[tokio::test(start_paused = true)]
async fn what_is_not_seen_warns_and_neither_blocks_nor_slows_a_promote() {
    let services = [Service::Ecr, Service::SecretsManager, Service::Ssm, Service::Logs, Service::Acm, Service::Ec2];
    let disturbances =
        [Disturbance::access_denied("ecr:DescribeImages"), Disturbance::Hang, Disturbance::internal_error()];
    for disturbance in disturbances {
        let rows = checked(SiteNeeds::default(), |world| {
            services.into_iter().for_each(|service| {
                world.inject(Fault::calls(Target::service(service), disturbance.clone()));
            });
        })
        .await;
        let open = open(&rows);
        assert!(open.iter().all(|row| row.starts_with("warn")), "{open:#?}");
        for what in ["images-web", "secrets-web", "logs-web", "addresses", "certificate"] {
            assert!(open.iter().any(|row| row.starts_with(&format!("warn shop {what}:"))), "{what}: {open:#?}");
        }

        let stage = Stage::open().await;
        stage.world.inject(Fault::RegionDark(Region::from("us-east-1")));
        services.into_iter().for_each(|service| {
            stage.world.inject(Fault::calls(Target::service(service), disturbance.clone()));
        });
        stage.promotes().await;
        let report = stage.ended().await.ended.unwrap();
        assert_eq!(report.outcome, RunOutcome::Completed);
        let path = stage.world.critical_path("shop").unwrap().total().as_secs_f64();
        assert!(report.rto_from_confirmation_s.unwrap() / path <= 1.10, "{report:?}");
    }
}

/// Nothing reads a value, and steps don't look again.
#[tokio::test(start_paused = true)]
async fn look_ups_are_few_and_read_no_values() {
    let stage = Stage::open().await;
    stage.world.inject(Fault::RegionDark(Region::from("us-east-1")));
    stage.promotes().await;
    stage.ended().await;
    let calls = stage.world.calls();
    let of = |operation: &str| calls.iter().filter(|call| call.operation == operation).count();
    assert_eq!(of("GetSecretValue") + of("GetParameters") + of("GetParameter"), 0);
    let looks = of("GetServiceQuota");
    assert!(of("DescribeSubnets") > 0 && of("DescribeSubnets") <= looks, "{} of {looks}", of("DescribeSubnets"));
    assert!(of("DescribeParameters") <= looks);
}

#[tokio::test(start_paused = true)]
async fn a_missing_image_stands_in_the_way_of_a_promote_by_name() {
    let mut pair = Pair::named("shop", 1);
    pair.dr.needs.image = ImageIs::Missing;
    let stage = Stage::with().scenario(Scenario::of([pair])).open().await;
    stage.says(Cast::MAYA, "promote the primary is dark").await;
    let gate = tests::text_of(&stage.gate().await);
    assert!(gate.contains("images-web") && gate.contains("isn't in the registry"), "{gate}");
}
