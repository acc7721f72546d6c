//! The promote: everybody wants DR to take over.

use rehearsal::{Fault, Pair, Service, Side, TaskFailure};

use super::{Act, Deed, draw::Draw};
use crate::Cast;

/// Operations that a promote makes, reads and changes.
const OPERATIONS: [(Service, &str); 13] = [
    (Service::Rds, "DescribeGlobalClusters"),
    (Service::Rds, "DescribeDBClusters"),
    (Service::Rds, "FailoverGlobalCluster"),
    (Service::Rds, "SwitchoverGlobalCluster"),
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
const MOST: f64 = 240.0;

pub(super) fn draw(draw: &mut Draw, pair: &Pair) {
    outages(draw, pair);
    services(draw, pair);
    draw.calls(&OPERATIONS, MOST);
    people(draw);
    strangers(draw);
    draw.deaths(300.0);
    draw.identities(&OPERATIONS, MOST);
}

fn outages(draw: &mut Draw, pair: &Pair) {
    let dark = Fault::RegionDark(pair.primary.region.clone());
    match draw.number(0..10) {
        0..6 => {
            let during = draw.seconds(30.0, 3000.0);
            draw.begins_with(Act::Fails(Box::new(dark), during));
        }
        6..8 => draw.fails(5.0, 200.0, dark, 10.0, 600.0),
        _ => {}
    }
    draw.troubles(&pair.dr.region, 200.0);
    if draw.chance(10) {
        let dead = Fault::PromotionFails { global_cluster: pair.global_cluster.clone() };
        draw.fails(0.0, 60.0, dead, 20.0, 400.0);
    }
    if draw.chance(15) {
        draw.busy(pair, 120.0);
    }
    if draw.chance(20) {
        draw.switchover_refused(pair, 60.0);
    }
    if draw.chance(10) {
        let full = Fault::NoCapacity { region: pair.dr.region.clone(), reason: "Capacity is unavailable".into() };
        draw.fails(0.0, 60.0, full, 60.0, 1500.0);
    }
}

/// What keeps tasks from starting, or a deployment from ending.
fn services(draw: &mut Draw, pair: &Pair) {
    let region = || pair.dr.region.clone();
    if draw.chance(6) {
        let failure = if draw.chance(50) { TaskFailure::Role } else { TaskFailure::Secret };
        draw.fails(0.0, 60.0, Fault::TasksFail { region: region(), failure }, 60.0, 900.0);
    }
    if draw.chance(6) {
        draw.fails(0.0, 60.0, Fault::DeploymentStuck { region: region() }, 60.0, 1500.0);
    }
    if draw.chance(4) {
        draw.fails(0.0, 60.0, Fault::DeploymentFailed { region: region() }, 60.0, 900.0);
    }
}

fn people(draw: &mut Draw) {
    draw.at(0.0, 20.0, Act::Types(Cast::MAYA, "promote now"));
    if draw.chance(40) {
        draw.at(0.0, 30.0, Act::Types(Cast::JONAS, "promote me too"));
    }
    if draw.chance(20) {
        draw.at(0.0, 900.0, Act::Types(Cast::SAM, "status"));
    }
    let way = if draw.chance(75) { "approve-failover" } else { "approve-switchover" };
    draw.at(5.0, 60.0, Act::Presses(Cast::JONAS, way));
    if draw.chance(50) {
        draw.at(5.0, 60.0, Act::Presses(Cast::MAYA, "approve-failover"));
    }
    if draw.chance(12) {
        draw.at(5.0, 60.0, Act::Presses(Cast::MAYA, "cancel"));
    }
    draw.answers(30.0, 1500.0);
    if draw.chance(20) {
        draw.at(100.0, 1200.0, Act::Types(Cast::MAYA, "promote again"));
    }
}

fn strangers(draw: &mut Draw) {
    if draw.chance(15) {
        draw.at(0.0, MOST, Act::ByHand(Deed::FailsOver(Side::Dr)));
    }
    if draw.chance(10) {
        draw.scaled_to_zero(MOST);
    }
    if draw.chance(20) {
        draw.restores(1200.0);
    }
    if draw.chance(10) {
        draw.record_taken(MOST);
    }
    if draw.chance(10) {
        draw.clock(MOST);
    }
}
