//! DB clusters as real accounts have them: pasted identifiers with capitals, statuses in which they serve, ranges of capacity, keys, patches.

use std::{path::Path, sync::Arc};

use bot::{
    check::{Row, Verdict, check_applications},
    config::Config,
    rehearse,
};
use commands::{plan::Method, report::RunOutcome};
use rehearsal::{Fault, KeyState, Pair, Region, Scenario, Side, World, slack::Settings};
use storage::Clock;
use tests::{Cast, Stage};

/// What `standby check` finds of a pair, where the replication lag has been measured.
async fn checked(pair: Pair, prepare: impl FnOnce(&World)) -> Vec<Row> {
    let scenario = Scenario::of([pair]);
    let world = World::new(scenario.clone());
    prepare(&world);
    tokio::time::sleep(std::time::Duration::from_secs(180)).await;
    let clock = Clock::simulated(scenario.epoch);
    let now = clock.clone();
    let workspace = Settings::shop(Arc::new(move || now.now()), scenario.seed);
    let config = Config::parse(Path::new("databases.toml"), &rehearse::toml(&scenario, &workspace)).unwrap();
    check_applications(&config.applications, &rehearse::network(&world), &clock).await
}

/// Rows that are not green, as `fail|warn what: detail`.
fn open(rows: &[Row]) -> Vec<String> {
    let open = rows.iter().filter(|row| row.verdict != Verdict::Pass);
    let word = |row: &Row| if row.verdict == Verdict::Fail { "fail" } else { "warn" };
    open.map(|row| format!("{} {}: {} → {}", word(row), row.what, row.detail, row.fix.as_deref().unwrap_or("")))
        .collect()
}

/// The one row that is not green.
fn only(rows: &[Row]) -> String {
    let mut open = open(rows);
    assert_eq!(open.len(), 1, "{open:#?}");
    open.remove(0)
}

fn status(id: &str, status: &str, refuses: bool) -> Fault {
    Fault::DatabaseStatus { id: id.to_owned(), status: status.to_owned(), refuses }
}

#[tokio::test(start_paused = true)]
async fn a_steady_pair_is_green() {
    assert_eq!(open(&checked(Pair::named("shop", 1), |_| {}).await), Vec::<String>::new());
}

/// As templates write them. RDS answers in lower case, and CloudWatch's dimensions tell case apart.
#[tokio::test(start_paused = true)]
async fn identifiers_with_capitals_are_the_same_clusters() {
    let stage = Stage::with()
        .replace("\"shop-global\"", "\"Shop-Global\"")
        .replace("\"shop-dr\"", "\"Shop-DR\"")
        .replace("\"shop-primary\"", "\"Shop-Primary\"")
        .open()
        .await;
    tokio::time::sleep(std::time::Duration::from_secs(180)).await;
    stage.world.inject(Fault::RegionDark(Region::from("us-east-1")));
    stage.promotes().await;
    let report = stage.ended().await.ended.unwrap();
    assert_eq!((report.outcome, report.method), (RunOutcome::Completed, Some(Method::Failover)));
    assert!(report.data_loss_ms.is_some(), "the lag was found");
    assert_eq!(stage.world.state().pairs[0].writer, Some(Side::Dr));
    let asked = stage.world.calls().into_iter().map(|call| call.parameters.to_string());
    assert_eq!(asked.filter(|asked| asked.contains("Shop-")).collect::<Vec<_>>(), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn a_backup_is_told_and_neither_blocks_nor_is_waited_for() {
    let rows = checked(Pair::named("shop", 1), |world| {
        world.inject(status("shop-dr", "backing-up", false));
    })
    .await;
    assert!(only(&rows).starts_with("warn shop dr-cluster: shop-dr is backing-up. It serves"), "{rows:#?}");

    let stage = Stage::open().await;
    stage.world.inject(Fault::RegionDark(Region::from("us-east-1")));
    stage.world.inject(status("shop-dr", "backing-up", false));
    stage.promotes().await;
    let report = stage.ended().await.ended.unwrap();
    assert_eq!(report.outcome, RunOutcome::Completed);
    let path = stage.world.critical_path("shop").unwrap().total().as_secs_f64();
    assert!(report.rto_from_confirmation_s.unwrap() / path <= 1.10, "{report:?}");
}

#[tokio::test(start_paused = true)]
async fn a_primary_that_is_backed_up_can_be_switched_over() {
    let stage = Stage::open().await;
    stage.world.inject(status("shop-primary", "backing-up", false));
    stage.says(Cast::MAYA, "promote a planned move").await;
    stage.presses(Cast::JONAS, "approve-switchover").await;
    let report = stage.ended().await.ended.unwrap();
    assert_eq!((report.outcome, report.method), (RunOutcome::Completed, Some(Method::Switchover)));
}

#[tokio::test(start_paused = true)]
async fn a_status_in_which_aws_moves_no_writer_blocks_by_name() {
    for name in ["upgrading", "stopped", "inaccessible-encryption-credentials-recoverable"] {
        let rows = checked(Pair::named("shop", 1), |world| {
            world.inject(status("shop-dr", name, true));
        })
        .await;
        let row = only(&rows);
        assert!(row.starts_with(&format!("fail shop dr-cluster: shop-dr is {name}")), "{row}");
    }
}

#[tokio::test(start_paused = true)]
async fn instances_that_do_not_serve_are_named() {
    let one = checked(Pair::named("shop", 1), |world| {
        world.inject(status("shop-dr-1", "rebooting", true));
    })
    .await;
    assert!(only(&one).starts_with("warn shop dr-instances: 1 of 2 instances serve"), "{one:#?}");
    let none = checked(Pair::named("shop", 1), |world| {
        world.inject(status("shop-dr-1", "rebooting", true));
        world.inject(status("shop-dr-2", "stopped", true));
    })
    .await;
    let row = only(&none);
    assert!(row.starts_with("fail shop dr-instances: no DB instance of shop-dr serves"), "{row}");
    assert!(row.contains("shop-dr-2 db.r6g.large stopped"), "{row}");
}

#[tokio::test(start_paused = true)]
async fn a_headless_secondary_fails_with_the_command_that_mends_it() {
    let mut pair = Pair::named("shop", 1);
    pair.dr.db_instances = 0;
    let rows = open(&checked(pair, |_| {}).await);
    let row = rows.iter().find(|row| row.contains("dr-instances")).unwrap();
    assert!(row.starts_with("fail shop dr-instances: shop-dr has no DB instance (headless)"), "{row}");
    assert!(row.contains("--db-instance-class db.r6g.large --engine aurora-postgresql"), "{row}");
}

#[tokio::test(start_paused = true)]
async fn a_range_that_carries_less_than_the_primarys_is_told_with_both() {
    let mut pair = Pair::named("shop", 1);
    for (site, acu) in [(&mut pair.primary, (8.0, 64.0)), (&mut pair.dr, (0.0, 2.0))] {
        site.db_instance_class = "db.serverless".to_owned();
        site.db_acu = Some(acu);
    }
    let row = only(&checked(pair, |_| {}).await);
    assert!(
        row.starts_with("warn shop serverless-capacity: shop-dr scales from 0 to 2 ACU, shop-primary from 8 to 64"),
        "{row}"
    );
    assert!(row.contains("15 to 30 s") && row.contains("MinCapacity=8,MaxCapacity=64"), "{row}");
}

#[tokio::test(start_paused = true)]
async fn a_patch_level_that_differs_warns_and_a_minor_version_blocks() {
    let mut pair = Pair::named("shop", 1);
    pair.dr.db_patch = Some(2);
    let row = only(&checked(pair, |_| {}).await);
    assert!(row.starts_with("warn shop dr-version: shop-dr runs 16.4.2, but the primary 16.4"), "{row}");
}

#[tokio::test(start_paused = true)]
async fn keys_are_told_by_their_state() {
    let key = |state| {
        let mut pair = Pair::named("shop", 1);
        pair.dr.kms_state = state;
        checked(pair, |_| {})
    };
    let row = only(&key(KeyState::AwsManaged).await);
    assert!(row.starts_with("warn shop dr-kms-key") && row.contains("AWS's own key"), "{row}");
    let row = only(&key(KeyState::PendingDeletion).await);
    assert!(row.starts_with("fail shop dr-kms-key") && row.contains("cancel-key-deletion"), "{row}");
    let row = only(&key(KeyState::Disabled).await);
    assert!(row.starts_with("fail shop dr-kms-key") && row.contains("aws kms enable-key"), "{row}");
}
