//! The old primary is saved, deleted and made anew, call by call.

use super::{Caller, DR, PRIMARY, wait};
use crate::{Fault, Membership, Scenario, Side};

const SNAPSHOT: &str =
    "Action=CreateDBClusterSnapshot&DBClusterIdentifier=shop-primary&DBClusterSnapshotIdentifier=before-delete";
const SNAPSHOTS: &str = "Action=DescribeDBClusterSnapshots&DBClusterSnapshotIdentifier=before-delete";
const UNPROTECT: &str =
    "Action=ModifyDBCluster&DBClusterIdentifier=shop-primary&DeletionProtection=false&ApplyImmediately=true";
const DELETE: &str = "Action=DeleteDBCluster&DBClusterIdentifier=shop-primary&SkipFinalSnapshot=true";
const CREATE: &str = "Action=CreateDBCluster&DBClusterIdentifier=shop-primary&GlobalClusterIdentifier=shop-global\
    &Engine=aurora-postgresql";
const INSTANCE: &str = "Action=CreateDBInstance&DBInstanceIdentifier=shop-primary-1&DBClusterIdentifier=shop-primary\
    &DBInstanceClass=db.r6g.large&Engine=aurora-postgresql";

fn delete_instance(number: u32) -> String {
    format!("Action=DeleteDBInstance&DBInstanceIdentifier=shop-primary-{number}&SkipFinalSnapshot=true")
}

#[tokio::test(start_paused = true)]
async fn a_snapshot_takes_time_and_can_fail() {
    let caller = Caller::after_detaching_failover().await;
    caller.rds_refuses(PRIMARY, SNAPSHOTS, "DBClusterSnapshotNotFoundFault", "before-delete").await;
    let unknown = SNAPSHOT.replace("shop-primary", "nobody");
    caller.rds_refuses(PRIMARY, &unknown, "DBClusterNotFoundFault", "nobody").await;
    let begun = caller.rds(PRIMARY, SNAPSHOT).await;
    assert!(begun.contains("<Status>creating<") && begun.contains("<PercentProgress>0<"), "{begun}");
    caller.rds_refuses(PRIMARY, SNAPSHOT, "DBClusterSnapshotAlreadyExistsFault", "before-delete").await;
    wait(90).await;
    let half = caller.rds(PRIMARY, SNAPSHOTS).await;
    assert!(half.contains("<Status>creating<") && !half.contains("<PercentProgress>0<"), "{half}");
    wait(120).await;
    let whole = caller.rds(PRIMARY, SNAPSHOTS).await;
    assert!(whole.contains("<Status>available<") && whole.contains("<PercentProgress>100<"), "{whole}");
    caller.world.inject(Fault::SnapshotsFail { db_cluster: "shop-primary".to_owned() });
    caller.rds(PRIMARY, &SNAPSHOT.replace("before-delete", "again")).await;
    wait(210).await;
    let statuses: Vec<String> = caller.state().primary.snapshots.into_iter().map(|snapshot| snapshot.status).collect();
    assert_eq!(statuses, ["failed", "available"]);
}

#[tokio::test(start_paused = true)]
async fn snapshots_are_found_by_what_they_are() {
    let caller = Caller::after_detaching_failover().await;
    caller.rds(PRIMARY, SNAPSHOT).await;
    let filter = |name: &str, value: &str| {
        format!(
            "Action=DescribeDBClusterSnapshots&Filters.Filter.1.Name={name}&Filters.Filter.1.Values.Value.1={value}"
        )
    };
    for (form, found) in [
        ("Action=DescribeDBClusterSnapshots&SnapshotType=manual".to_owned(), true),
        ("Action=DescribeDBClusterSnapshots&SnapshotType=automated".to_owned(), false),
        ("Action=DescribeDBClusterSnapshots&DBClusterIdentifier=shop-primary".to_owned(), true),
        (filter("db-cluster-id", &caller.pair.db_cluster_arn(Side::Primary)), true),
        (filter("db-cluster-id", "nobody"), false),
    ] {
        assert_eq!(caller.rds(PRIMARY, &form).await.contains("before-delete"), found, "{form}");
    }
    assert!(!caller.rds(DR, "Action=DescribeDBClusterSnapshots").await.contains("before-delete"));
    caller.rds_refuses(PRIMARY, &filter("colour", "red"), "InvalidParameterValue", "colour").await;
}

#[tokio::test(start_paused = true)]
async fn a_cluster_goes_only_unprotected_and_empty() {
    let caller = Caller::after_detaching_failover().await;
    caller.rds(PRIMARY, SNAPSHOT).await;
    let bare = DELETE.replace("&SkipFinalSnapshot=true", "");
    caller.rds_refuses(PRIMARY, &bare, "InvalidParameterCombination", "FinalDBSnapshotIdentifier").await;
    caller.rds_refuses(PRIMARY, DELETE, "InvalidParameterCombination", "deletion protection").await;
    assert!(caller.rds(PRIMARY, UNPROTECT).await.contains("<DeletionProtection>false<"));
    assert!(!caller.state().primary.deletion_protection);
    caller.rds_refuses(PRIMARY, DELETE, "InvalidDBClusterStateFault", "still contains DB instances").await;
    for number in [1, 2] {
        let going = caller.rds(PRIMARY, &delete_instance(number)).await;
        assert!(going.contains("<DBInstanceStatus>deleting<"), "{going}");
    }
    caller.rds_refuses(PRIMARY, &delete_instance(1), "InvalidDBInstanceState", "already being deleted").await;
    let refused = caller.world.inject(Fault::delete_refused());
    caller.rds_refuses(PRIMARY, DELETE, "InvalidDBClusterStateFault", "current state").await;
    caller.world.clear(refused);
    assert!(caller.rds(PRIMARY, DELETE).await.contains("<Status>deleting<"));
    wait(150).await;
    assert_eq!(caller.state().primary.database, "deleting", "its instances are not gone yet");
    wait(150).await;
    let primary = caller.state().primary;
    assert_eq!((primary.membership, primary.db_instances, primary.snapshots.len()), (Membership::Absent, 0, 1));
    assert!(!primary.serves);
    let wanted = "Action=DescribeDBClusters&DBClusterIdentifier=shop-primary";
    caller.rds_refuses(PRIMARY, wanted, "DBClusterNotFoundFault", "shop-primary").await;
    caller.rds_refuses(PRIMARY, &delete_instance(1), "DBInstanceNotFound", "shop-primary-1").await;
}

#[tokio::test(start_paused = true)]
async fn a_final_snapshot_can_be_taken_with_the_deletion() {
    let caller = Caller::after_detaching_failover().await;
    caller.rds(PRIMARY, UNPROTECT).await;
    for number in [1, 2] {
        caller.rds(PRIMARY, &delete_instance(number)).await;
    }
    let form = DELETE.replace("SkipFinalSnapshot=true", "FinalDBSnapshotIdentifier=last");
    caller.rds(PRIMARY, &form).await;
    wait(400).await;
    let primary = caller.state().primary;
    assert_eq!((primary.membership, primary.snapshots[0].id.as_str()), (Membership::Absent, "last"));
}

#[tokio::test(start_paused = true)]
async fn members_of_a_global_cluster_leave_it_first() {
    let caller = Caller::new(Scenario::pair());
    caller.rds(PRIMARY, UNPROTECT).await;
    let member = "while there are other global cluster members";
    caller.rds_refuses(PRIMARY, DELETE, "InvalidGlobalClusterStateFault", member).await;
    caller.rds(PRIMARY, &delete_instance(1)).await;
    caller.rds_refuses(PRIMARY, &delete_instance(2), "InvalidDBClusterStateFault", "last instance").await;
    let leave = |side| {
        let cluster = caller.pair.db_cluster_arn(side);
        format!("Action=RemoveFromGlobalCluster&GlobalClusterIdentifier=shop-global&DbClusterIdentifier={cluster}")
    };
    caller.rds_refuses(PRIMARY, &leave(Side::Primary), "InvalidGlobalClusterStateFault", "secondary clusters").await;
    let unprotect_dr = UNPROTECT.replace("shop-primary", "shop-dr");
    caller.rds(DR, &unprotect_dr).await;
    let delete_dr = DELETE.replace("shop-primary", "shop-dr");
    caller.rds_refuses(DR, &delete_dr, "InvalidDBClusterStateFault", "remove it from globalcluster first").await;
    assert!(!caller.rds(DR, &leave(Side::Dr)).await.contains("shop-dr"));
    let state = caller.state();
    assert_eq!((state.dr.membership, state.writer), (Membership::Detached, Some(Side::Primary)));
    caller.rds_refuses(DR, &leave(Side::Dr), "DBClusterNotFoundFault", "shop-dr").await;
    wait(120).await;
    assert_eq!(caller.state().dr.lag_ms, None);
}

#[tokio::test(start_paused = true)]
async fn a_new_secondary_is_created_filled_and_given_an_instance() {
    let caller = Caller::after_deletion().await;
    let url = format!("{CREATE}&PreSignedUrl=https://rds.us-west-2.amazonaws.com/");
    caller.rds_refuses(PRIMARY, CREATE, "InvalidParameterCombination", "pre-signed URL").await;
    caller.rds_refuses(PRIMARY, &url, "InvalidParameterCombination", "kmsKeyId").await;
    let foreign = format!("{url}&KmsKeyId={}", caller.pair.kms_key_arn(Side::Dr));
    caller.rds_refuses(PRIMARY, &foreign, "KMSKeyNotAccessibleFault", "KMS key").await;
    let key = caller.pair.kms_key_arn(Side::Primary);
    let wrong = format!("{CREATE}&SourceRegion=us-east-1&KmsKeyId={key}");
    caller.rds_refuses(PRIMARY, &wrong, "InvalidParameterCombination", DR).await;
    let right = format!("{CREATE}&SourceRegion=us-west-2&KmsKeyId={key}&DeletionProtection=true");
    let created = caller.rds(PRIMARY, &right).await;
    assert!(created.contains("<Status>creating<") && !created.contains("<IsClusterWriter>"), "{created}");
    caller.rds_refuses(PRIMARY, &right, "DBClusterAlreadyExistsFault", "exists").await;
    caller.rds_refuses(PRIMARY, INSTANCE, "InvalidDBClusterStateFault", "available state").await;
    let primary = caller.state().primary;
    assert_eq!((primary.membership, primary.synchronization.as_str()), (Membership::Member, "pending-resync"));
    wait(180).await;
    assert_eq!(caller.state().primary.database, "available");
    wait(120).await;
    let behind = caller.state().primary.lag_ms.unwrap();
    assert!(behind > 600_000.0, "{behind}");
    wait(1200).await;
    let primary = caller.state().primary;
    assert_eq!((primary.synchronization.as_str(), primary.deletion_protection), ("connected", true));
    assert!(primary.lag_ms.is_some_and(|lag| lag < 900.0));
    let (status, text) = caller.switch_over(DR, Side::Primary).await;
    assert!(status == 400 && text.contains("no available DB instance"), "{text}");
    assert!(caller.rds(PRIMARY, INSTANCE).await.contains("<DBInstanceStatus>creating<"));
    caller.rds_refuses(PRIMARY, INSTANCE, "DBInstanceAlreadyExists", "shop-primary-1").await;
    wait(450).await;
    assert_eq!(caller.switch_over(DR, Side::Primary).await.0, 200);
    wait(90).await;
    assert_eq!(caller.state().writer, Some(Side::Primary));
}

#[tokio::test(start_paused = true)]
async fn a_new_secondary_may_never_connect() {
    let caller = Caller::after_deletion().await;
    let never = caller.world.inject(Fault::NeverConnects { global_cluster: "shop-global".to_owned() });
    let key = caller.pair.kms_key_arn(Side::Primary);
    caller.rds(PRIMARY, &format!("{CREATE}&SourceRegion=us-west-2&KmsKeyId={key}")).await;
    wait(36_000).await;
    let primary = caller.state().primary;
    assert_eq!((primary.database.as_str(), primary.synchronization.as_str()), ("available", "pending-resync"));
    assert!(primary.lag_ms.is_some_and(|lag| lag > 1_000_000.0));
    caller.world.clear(never);
    wait(1400).await;
    assert_eq!(caller.state().primary.synchronization, "connected");
}
