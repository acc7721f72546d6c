//! Draws acts, and collects them: what both ways have in common.

use std::time::Duration;

use rand::{RngExt as _, SeedableRng as _, distr::uniform::SampleRange, seq::IndexedRandom as _};
use rand_chacha::ChaCha8Rng;
use rehearsal::{Disturbance, Fault, Interference, Pair, Region, Service, Side, Target};

use super::Act;
use crate::Cast;

/// The dice of a seed, and what they brought so far.
pub(super) struct Draw {
    rng: ChaCha8Rng,
    acts: Vec<(Duration, Act)>,
}

impl Draw {
    pub(super) fn of(seed: u64) -> Self {
        Self { rng: ChaCha8Rng::seed_from_u64(seed), acts: Vec::new() }
    }

    /// The acts so far, in order; none are left.
    pub(super) fn take(&mut self) -> Vec<(Duration, Act)> {
        let mut acts = std::mem::take(&mut self.acts);
        acts.sort_by_key(|(at, _)| *at);
        acts
    }

    /// The acts since then beside those, in order; none are left.
    pub(super) fn and(&mut self, others: Vec<(Duration, Act)>) -> Vec<(Duration, Act)> {
        self.acts.extend(others);
        self.take()
    }

    pub(super) fn chance(&mut self, percent: u32) -> bool {
        self.rng.random_ratio(percent, 100)
    }

    pub(super) fn number(&mut self, range: impl SampleRange<i64>) -> i64 {
        self.rng.random_range(range)
    }

    pub(super) fn one_of<T: Copy>(&mut self, choices: &[T]) -> Option<T> {
        choices.choose(&mut self.rng).copied()
    }

    pub(super) fn seconds(&mut self, from: f64, to: f64) -> Duration {
        Duration::from_secs_f64(self.rng.random_range(from..to))
    }

    pub(super) fn begins_with(&mut self, act: Act) {
        self.acts.push((Duration::ZERO, act));
    }

    pub(super) fn at(&mut self, from: f64, to: f64, act: Act) {
        let at = self.seconds(from, to);
        self.acts.push((at, act));
    }

    pub(super) fn fails(&mut self, from: f64, to: f64, fault: Fault, shortest: f64, longest: f64) {
        let during = self.seconds(shortest, longest);
        self.at(from, to, Act::Fails(Box::new(fault), during));
    }

    /// Some operations fail some times.
    pub(super) fn calls(&mut self, operations: &[(Service, &str)], to: f64) {
        for _ in 0..self.number(0..4) {
            let Some((service, operation)) = self.one_of(operations) else { return };
            let disturbance = match self.number(0..7) {
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
            self.fails(0.0, to, fault, 60.0, 1500.0);
        }
    }

    /// Route 53 is dark, or calls to a region are slow.
    pub(super) fn troubles(&mut self, slow: &Region, to: f64) {
        if self.chance(20) {
            self.fails(0.0, to, Fault::route53_dark(), 5.0, 1200.0);
        }
        if self.chance(20) {
            let late = self.seconds(0.3, 6.0);
            let target = Target { region: Some(slow.clone()), ..Target::default() };
            self.fails(0.0, to, Fault::calls(target, Disturbance::Slow(late)), 5.0, 400.0);
        }
    }

    /// RDS works on a DB cluster, which serves meanwhile; now and then it takes no calls.
    pub(super) fn busy(&mut self, pair: &Pair, to: f64) {
        let cluster = if self.chance(50) { &pair.primary.db_cluster } else { &pair.dr.db_cluster };
        let statuses = ["backing-up", "modifying", "configuring-enhanced-monitoring", "maintenance", "upgrading"];
        let status = self.one_of(&statuses).unwrap_or(statuses[0]).to_owned();
        let refuses = status == "upgrading" || self.chance(30);
        self.fails(0.0, to, Fault::DatabaseStatus { id: cluster.clone(), status, refuses }, 20.0, 900.0);
    }

    /// What people answer to what failed.
    pub(super) fn answers(&mut self, from: f64, to: f64) {
        for _ in 0..self.number(0..4) {
            let answer = match self.number(0..10) {
                0 => "abort",
                1 => "skip",
                2 => "failover",
                _ => "retry",
            };
            self.at(from, to, Act::Presses(Cast::JONAS, answer));
        }
    }

    /// RDS refuses a switchover for a while, short or long.
    pub(super) fn switchover_refused(&mut self, pair: &Pair, to: f64) {
        let refused = match self.chance(50) {
            true => Fault::blue_green_source(&pair.global_cluster),
            false => Fault::switchover_state(&pair.global_cluster, &pair.primary.db_cluster),
        };
        self.fails(0.0, to, refused, 10.0, 900.0);
    }

    /// Somebody points the record elsewhere.
    pub(super) fn record_taken(&mut self, to: f64) {
        self.at(0.0, to, Act::Interferes(Interference::TakesRecord));
    }

    /// A pipeline takes a region's services to zero, and people may ask to restore the region that serves.
    pub(super) fn scaled_to_zero(&mut self, to: f64) {
        let side = if self.chance(50) { Side::Primary } else { Side::Dr };
        self.at(0.0, to, Act::Interferes(Interference::Scales(side, 0)));
    }

    /// People ask for the capacity of the region that serves, whatever is the matter, and somebody approves.
    pub(super) fn restores(&mut self, to: f64) {
        self.at(0.0, to, Act::Types(Cast::MAYA, "restore what is missing"));
        self.at(0.0, to, Act::Presses(Cast::JONAS, "approve-restore"));
    }

    /// The clock of the bot's host is off for a while.
    pub(super) fn clock(&mut self, to: f64) {
        let off = self.number(-7_200..7_200);
        let begins = self.seconds(0.0, to);
        let ends = begins + self.seconds(1.0, 600.0);
        self.acts.extend([(begins, Act::HostClock(off)), (ends, Act::HostClock(0))]);
    }

    /// AWS holds signatures against its own clock, credentials expire, and a policy of the organization is in the way for a while.
    pub(super) fn identities(&mut self, operations: &[(Service, &str)], to: f64) {
        if self.chance(30) {
            self.begins_with(Act::Fails(Box::new(Fault::SignaturesExpire), Duration::from_secs(7_200)));
        }
        let Some((service, operation)) = self.one_of(operations).filter(|_| self.rng.random_ratio(1, 4)) else {
            return;
        };
        let disturbance = match self.number(0..3) {
            0 => Disturbance::expired(service),
            1 => Disturbance::unknown_key(service),
            _ => Disturbance::denied_by_organization(&format!("{service:?}:{operation}").to_lowercase()),
        };
        let times = self.rng.random_range(1..12);
        self.fails(0.0, to, Fault::next_calls(times, Target::operation(service, operation), disturbance), 30.0, 900.0);
    }

    /// The bot dies now and then.
    pub(super) fn deaths(&mut self, to: f64) {
        for _ in 0..self.number(0..4) {
            let dies = self.seconds(0.0, to);
            let starts = dies + self.seconds(0.0, 40.0);
            self.acts.extend([(dies, Act::Dies), (starts, Act::Starts)]);
        }
    }
}
