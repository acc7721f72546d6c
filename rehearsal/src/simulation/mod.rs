//! The simulated regions as a value: state, and how it changes with time and calls. No I/O, no wire formats.
//!
//! Everything that happens by itself is an event on the [`Agenda`]. Before the state is looked at,
//! [`Simulation::advance`] lets every due event happen at its own time, so that what is seen does not depend on when
//! somebody looked.

pub(crate) mod agenda;
pub(crate) mod aurora;
pub(crate) mod balancer;
pub(crate) mod codebuild;
pub(crate) mod dns;
pub(crate) mod ecs;
mod ecs_tasks;
pub(crate) mod faults;
pub(crate) mod identity;
mod interference;
pub(crate) mod metrics;
pub(crate) mod public;
pub(crate) mod refusal;
pub(crate) mod scaling;
pub(crate) mod terraform;

use std::time::Duration;

use jiff::Timestamp;

use self::agenda::{Agenda, Event};
use crate::{
    dice::Dice,
    durations::Durations,
    interference::Interfered,
    ledger::Call,
    pair::{Pair, Side, Site},
    region::Region,
    scenario::Scenario,
};

/// Two regions (or more), their services and what is going to happen in them.
#[derive(Debug)]
pub(crate) struct Simulation {
    pub(crate) scenario: Scenario,
    pub(crate) dice: Dice,
    /// Time up to which everything has happened.
    pub(crate) now: Timestamp,
    pub(crate) agenda: Agenda,
    pub(crate) faults: faults::Faults,
    pub(crate) aurora: aurora::Aurora,
    pub(crate) ecs: ecs::Ecs,
    pub(crate) scaling: scaling::Scaling,
    pub(crate) balancers: balancer::Balancers,
    pub(crate) dns: dns::Dns,
    pub(crate) traffic: public::Traffic,
    pub(crate) identity: identity::Identity,
    pub(crate) terraform: terraform::Terraform,
    pub(crate) codebuild: codebuild::CodeBuild,
    pub(crate) ledger: Vec<Call>,
    /// What others did, oldest first.
    pub(crate) interferences: Vec<Interfered>,
}

impl Simulation {
    pub(crate) fn new(scenario: Scenario) -> Self {
        let mut simulation = Self {
            dice: Dice::new(scenario.seed),
            now: scenario.epoch,
            agenda: Agenda::default(),
            faults: faults::Faults::default(),
            aurora: aurora::Aurora::new(&scenario),
            ecs: ecs::Ecs::new(&scenario),
            scaling: scaling::Scaling::new(&scenario),
            balancers: balancer::Balancers::new(&scenario),
            dns: dns::Dns::new(&scenario),
            traffic: public::Traffic::default(),
            identity: identity::Identity::default(),
            terraform: terraform::Terraform::default(),
            codebuild: codebuild::CodeBuild::default(),
            ledger: Vec::new(),
            interferences: Vec::new(),
            scenario,
        };
        simulation.schedule_actions();
        simulation
    }

    /// Lets everything happen that is due by `now`.
    pub(crate) fn advance(&mut self, now: Timestamp) {
        while let Some((at, event)) = self.agenda.next_due(now) {
            self.now = self.now.max(at);
            self.aurora.note_writes(self.now);
            self.happen(event);
        }
        self.now = self.now.max(now);
        self.aurora.note_writes(self.now);
    }

    /// Puts an event on the agenda, `after` from now.
    pub(crate) fn later(&mut self, after: Duration, event: Event) {
        self.agenda.add(self.now + after, event);
    }

    pub(crate) fn durations(&self) -> &Durations {
        &self.scenario.durations
    }

    /// Every site with its pair and side.
    pub(crate) fn sites(&self) -> impl Iterator<Item = (&Pair, Side, &Site)> {
        self.scenario.sites()
    }

    /// ARN of whom an access key belongs to.
    pub(crate) fn caller(&self, access_key: &str) -> String {
        let own = self.scenario.pairs.first().map(|pair| pair.account.as_str()).unwrap_or_default();
        self.identity.arn(access_key, own)
    }

    /// Whether anything in the region answers.
    pub(crate) fn is_dark(&self, region: &Region) -> bool {
        self.faults.is_dark(region)
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Aurora { global_cluster, step } => self.aurora_step(&global_cluster, step),
            Event::ClusterReady { cluster } => self.cluster_ready(&cluster),
            Event::ClusterGone { cluster } => self.cluster_gone(&cluster),
            Event::InstanceReady { cluster, instance } => self.instance_ready(&cluster, &instance),
            Event::InstanceGone { cluster, instance } => self.instance_gone(&cluster, &instance),
            Event::SnapshotOver { snapshot } => self.snapshot_over(&snapshot),
            Event::Terraform { application } => self.terraform_step(&application),
            Event::Build { build } => self.build_step(&build),
            Event::Task { service, step } => self.task_step(&service, step),
            Event::ListenerApplied { listener } => self.balancers.apply(&listener),
            Event::ChangeInSync { change } => self.dns.settle(&change),
            Event::Scheduled(scheduled) => self.scheduled_action(&scheduled),
            Event::FaultBegins(id) => self.begin_fault(id),
            Event::FaultEnds(id) => self.end_fault(id),
        }
    }
}
