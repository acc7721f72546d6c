//! The way back: everybody wants the primary again, whatever became of it.

use rehearsal::{Fault, OldPrimary, Pair, Service, Side};

use super::{Act, Deed, draw::Draw};
use crate::Cast;

/// Operations that a rebuild and a failback make, reads and changes.
const OPERATIONS: [(Service, &str); 21] = [
    (Service::Rds, "DescribeGlobalClusters"),
    (Service::Rds, "DescribeDBClusters"),
    (Service::Rds, "DescribeDBClusterSnapshots"),
    (Service::Rds, "CreateDBClusterSnapshot"),
    (Service::Rds, "CopyDBClusterSnapshot"),
    (Service::Rds, "ModifyDBCluster"),
    (Service::Rds, "DeleteDBInstance"),
    (Service::Rds, "DeleteDBCluster"),
    (Service::Rds, "SwitchoverGlobalCluster"),
    (Service::CloudWatch, "GetMetricData"),
    (Service::CodeBuild, "StartBuild"),
    (Service::CodeBuild, "BatchGetBuilds"),
    (Service::Ecs, "DescribeServices"),
    (Service::Ecs, "UpdateService"),
    (Service::ApplicationAutoScaling, "DescribeScalableTargets"),
    (Service::ApplicationAutoScaling, "RegisterScalableTarget"),
    (Service::Elbv2, "DescribeTargetHealth"),
    (Service::Elbv2, "ModifyListener"),
    (Service::Route53, "ListResourceRecordSets"),
    (Service::Route53, "ChangeResourceRecordSets"),
    (Service::Route53, "GetChange"),
];

/// Seconds within which most of it begins.
pub(super) fn most(pair: &Pair) -> f64 {
    match pair.old_primary {
        OldPrimary::Rejoins => 700.0,
        OldPrimary::Detached => 3200.0,
    }
}

pub(super) fn draw(draw: &mut Draw, pair: &Pair) {
    let most = most(pair);
    outages(draw, pair, most);
    draw.calls(&OPERATIONS, most);
    people(draw, most);
    strangers(draw, most);
    draw.deaths(most);
    draw.identities(&OPERATIONS, most);
}

fn outages(draw: &mut Draw, pair: &Pair, most: f64) {
    let (primary, global_cluster) = (&pair.primary.region, &pair.global_cluster);
    if draw.chance(25) {
        draw.fails(0.0, most, Fault::RegionDark(primary.clone()), 10.0, 900.0);
    }
    let slow = if draw.chance(50) { primary } else { &pair.dr.region };
    draw.troubles(slow, most);
    if draw.chance(10) {
        draw.fails(0.0, most, Fault::PromotionFails { global_cluster: global_cluster.clone() }, 20.0, 600.0);
    }
    if draw.chance(15) {
        draw.switchover_refused(pair, most);
    }
    if draw.chance(10) {
        let full = Fault::NoCapacity { region: primary.clone(), reason: "Capacity is unavailable".into() };
        draw.fails(0.0, most, full, 60.0, 1500.0);
    }
    if draw.chance(10) {
        draw.fails(0.0, 300.0, Fault::SnapshotsFail { db_cluster: pair.primary.db_cluster.clone() }, 60.0, 900.0);
    }
    if draw.chance(15) {
        draw.busy(pair, most);
    }
    if draw.chance(10) {
        draw.fails(0.0, most, Fault::delete_refused(), 60.0, 900.0);
    }
    if draw.chance(10) {
        draw.fails(0.0, most, Fault::NeverConnects { global_cluster: global_cluster.clone() }, 60.0, 1800.0);
    }
    if draw.chance(15) {
        draw.fails(0.0, 1200.0, Fault::BuildFails { pair: pair.name.clone() }, 60.0, 900.0);
    }
}

fn people(draw: &mut Draw, most: f64) {
    draw.at(0.0, 20.0, Act::Types(Cast::MAYA, "failback now"));
    if draw.chance(40) {
        draw.at(0.0, 30.0, Act::Types(Cast::JONAS, "failback me too"));
    }
    if draw.chance(15) {
        draw.at(0.0, most, Act::Types(Cast::SAM, "status"));
    }
    if draw.chance(15) {
        draw.at(0.0, most, Act::Types(Cast::MAYA, "promote no, stay"));
    }
    if draw.chance(30) {
        draw.at(100.0, most, Act::Types(Cast::MAYA, "failback again"));
    }
    if draw.chance(30) {
        draw.at(100.0, most, Act::Types(Cast::JONAS, "applied"));
    }
    for way in ["approve-rebuild", "approve-switchover"] {
        draw.at(5.0, most, Act::Presses(Cast::JONAS, way));
        if draw.chance(50) {
            draw.at(5.0, most, Act::Presses(Cast::MAYA, way));
        }
    }
    if draw.chance(12) {
        draw.at(5.0, most, Act::Presses(Cast::MAYA, "cancel"));
    }
    draw.answers(30.0, most);
    if draw.chance(12) {
        draw.at(0.0, most, Act::Types(Cast::JONAS, "abort"));
    }
    for _ in 0..draw.number(0..4) {
        draw.at(30.0, most, Act::Applies);
    }
}

fn strangers(draw: &mut Draw, most: f64) {
    let deeds = [
        Deed::FailsOver(Side::Dr),
        Deed::SwitchesOver(Side::Primary),
        Deed::SwitchesOver(Side::Dr),
        Deed::TakesSnapshot,
        Deed::Protects(true),
        Deed::Protects(false),
        Deed::DeletesInstance(1),
        Deed::DeletesInstance(2),
        Deed::DeletesCluster,
    ];
    if draw.chance(20) {
        for _ in 0..draw.number(1..4) {
            let deed = draw.one_of(&deeds).unwrap_or(Deed::TakesSnapshot);
            draw.at(0.0, most, Act::ByHand(deed));
        }
    }
    if draw.chance(8) {
        draw.scaled_to_zero(most);
    }
    if draw.chance(15) {
        draw.restores(most);
    }
    if draw.chance(8) {
        draw.record_taken(most);
    }
    if draw.chance(10) {
        draw.clock(most);
    }
}
