//! What happens when, drawn from a seed.

use std::time::Duration;

use rand::{RngExt as _, SeedableRng as _, seq::IndexedRandom as _};
use rand_chacha::ChaCha8Rng;
use rehearsal::{Disturbance, Fault, Pair, Service, Target};

use crate::Cast;

/// Something that happens.
#[derive(Debug, Clone)]
pub enum Act {
    /// Something goes wrong for so long.
    Fails(Box<Fault>, Duration),
    /// Somebody fails over with the AWS command line.
    FailsOverByHand,
    /// The bot dies.
    Dies,
    /// The bot starts, if it does not run.
    Starts,
    /// The clock of the bot's host jumps, so many seconds off the true time.
    HostClock(i64),
    /// Somebody types `/dr …`.
    Types(&'static str, &'static str),
    /// Somebody presses the button, as soon as there is one.
    Presses(&'static str, &'static str),
}

/// The acts of one play, by their time from its beginning.
#[derive(Debug, Clone)]
pub struct Schedule {
    /// Where it was drawn from.
    pub seed: u64,
    /// The acts, in order.
    pub acts: Vec<(Duration, Act)>,
}

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

/// Draws acts and collects them.
struct Draw {
    rng: ChaCha8Rng,
    acts: Vec<(Duration, Act)>,
}

impl Schedule {
    /// The schedule of that seed for a pair.
    pub fn of(seed: u64, pair: &Pair) -> Self {
        let mut draw = Draw { rng: ChaCha8Rng::seed_from_u64(seed), acts: Vec::new() };
        draw.outages(pair);
        draw.calls();
        draw.people();
        draw.strangers(pair);
        draw.deaths();
        let mut acts = draw.acts;
        acts.sort_by_key(|(at, _)| *at);
        Self { seed, acts }
    }

    /// Whether somebody beside the bot changes anything.
    pub fn has_strangers(&self) -> bool {
        let taken = |fault: &Fault| matches!(fault, Fault::RecordTaken { .. });
        self.acts.iter().any(|(_, act)| match act {
            Act::FailsOverByHand => true,
            Act::Fails(fault, _) => taken(fault),
            _ => false,
        })
    }
}

impl Draw {
    fn chance(&mut self, percent: u32) -> bool {
        self.rng.random_ratio(percent, 100)
    }

    fn seconds(&mut self, from: f64, to: f64) -> Duration {
        Duration::from_secs_f64(self.rng.random_range(from..to))
    }

    fn at(&mut self, from: f64, to: f64, act: Act) {
        let at = self.seconds(from, to);
        self.acts.push((at, act));
    }

    fn fails(&mut self, from: f64, to: f64, fault: Fault, shortest: f64, longest: f64) {
        let during = self.seconds(shortest, longest);
        self.at(from, to, Act::Fails(Box::new(fault), during));
    }

    fn outages(&mut self, pair: &Pair) {
        let dark = Fault::RegionDark(pair.primary.region.clone());
        match self.rng.random_range(0..10) {
            0..6 => {
                let during = self.seconds(30.0, 3000.0);
                self.acts.push((Duration::ZERO, Act::Fails(Box::new(dark), during)));
            }
            6..8 => self.fails(5.0, 200.0, dark, 10.0, 600.0),
            _ => {}
        }
        if self.chance(20) {
            self.fails(0.0, 200.0, Fault::route53_dark(), 5.0, 1200.0);
        }
        if self.chance(20) {
            let late = self.seconds(0.3, 6.0);
            let target = Target { region: Some(pair.dr.region.clone()), ..Target::default() };
            self.fails(0.0, 200.0, Fault::calls(target, Disturbance::Slow(late)), 5.0, 400.0);
        }
        if self.chance(10) {
            let dead = Fault::PromotionFails { global_cluster: pair.global_cluster.clone() };
            self.fails(0.0, 60.0, dead, 20.0, 400.0);
        }
        if self.chance(10) {
            let full = Fault::NoCapacity { region: pair.dr.region.clone(), reason: "Capacity is unavailable".into() };
            self.fails(0.0, 60.0, full, 60.0, 1500.0);
        }
    }

    fn calls(&mut self) {
        for _ in 0..self.rng.random_range(0..4) {
            let Some(&(service, operation)) = OPERATIONS.choose(&mut self.rng) else { return };
            let disturbance = match self.rng.random_range(0..7) {
                0 => Disturbance::throttled(),
                1 => Disturbance::internal_error(),
                2 => Disturbance::Hang,
                3 => Disturbance::EffectThenHang,
                4 => Disturbance::Reset,
                5 => Disturbance::EffectThenReset,
                _ => Disturbance::access_denied(&format!("{service:?}:{operation}").to_lowercase()),
            };
            let times = self.rng.random_range(1..12);
            let fault = Fault::next_calls(times, Target::operation(service, operation), disturbance);
            self.fails(0.0, 240.0, fault, 60.0, 1500.0);
        }
    }

    fn people(&mut self) {
        self.at(0.0, 20.0, Act::Types(Cast::MAYA, "promote now"));
        if self.chance(40) {
            self.at(0.0, 30.0, Act::Types(Cast::JONAS, "promote me too"));
        }
        if self.chance(20) {
            self.at(0.0, 900.0, Act::Types(Cast::SAM, "status"));
        }
        let way = if self.chance(85) { "approve-failover" } else { "approve-switchover" };
        self.at(5.0, 60.0, Act::Presses(Cast::JONAS, way));
        if self.chance(50) {
            self.at(5.0, 60.0, Act::Presses(Cast::MAYA, "approve-failover"));
        }
        if self.chance(12) {
            self.at(5.0, 60.0, Act::Presses(Cast::MAYA, "cancel"));
        }
        for _ in 0..self.rng.random_range(0..4) {
            let answer = match self.rng.random_range(0..10) {
                0 => "abort",
                1 => "skip",
                _ => "retry",
            };
            self.at(30.0, 1500.0, Act::Presses(Cast::JONAS, answer));
        }
        if self.chance(20) {
            self.at(100.0, 1200.0, Act::Types(Cast::MAYA, "promote again"));
        }
    }

    fn strangers(&mut self, pair: &Pair) {
        if self.chance(15) {
            self.at(0.0, 240.0, Act::FailsOverByHand);
        }
        if self.chance(10) {
            let taken = Fault::RecordTaken {
                pair: pair.name.clone(),
                dns_name: "maintenance.example.net".to_owned(),
                zone: "Z2ELSEWHERE".to_owned(),
            };
            self.fails(0.0, 240.0, taken, 1.0, 2.0);
        }
        if self.chance(10) {
            let off = self.rng.random_range(-7_200..7_200);
            let begins = self.seconds(0.0, 240.0);
            let ends = begins + self.seconds(1.0, 600.0);
            self.acts.extend([(begins, Act::HostClock(off)), (ends, Act::HostClock(0))]);
        }
    }

    fn deaths(&mut self) {
        for _ in 0..self.rng.random_range(0..4) {
            let dies = self.seconds(0.0, 300.0);
            let starts = dies + self.seconds(0.0, 40.0);
            self.acts.extend([(dies, Act::Dies), (starts, Act::Starts)]);
        }
    }
}
