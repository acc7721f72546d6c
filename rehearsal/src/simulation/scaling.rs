//! Application Auto Scaling: scalable targets on ECS services, and scheduled actions on them.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{
    Simulation,
    agenda::Event,
    ecs::{self, ServiceKey},
    refusal::{Refusal, Result},
};
use crate::{
    pair::{ScheduledChange, Side},
    scenario::Scenario,
};

/// All scalable targets and scheduled actions.
#[derive(Debug)]
pub(crate) struct Scaling {
    pub(crate) targets: BTreeMap<ServiceKey, ScalableTarget>,
    pub(crate) scheduled: Vec<Scheduled>,
}

/// The scalable target of an ECS service's desired count.
#[derive(Debug)]
pub(crate) struct ScalableTarget {
    pub(crate) min: u32,
    pub(crate) max: u32,
    pub(crate) suspended: Suspended,
    pub(crate) created: Timestamp,
}

/// `SuspendedState`.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Suspended {
    pub(crate) scaling_in: bool,
    pub(crate) scaling_out: bool,
    pub(crate) scheduled: bool,
}

/// A one-time scheduled action.
#[derive(Debug, Clone)]
pub(crate) struct Scheduled {
    pub(crate) name: String,
    pub(crate) service: ServiceKey,
    pub(crate) at: Timestamp,
    pub(crate) min: u32,
    pub(crate) max: u32,
}

/// What `RegisterScalableTarget` asks for; what is absent stays as it is.
#[derive(Debug, Default)]
pub(crate) struct Registration {
    pub(crate) min: Option<u32>,
    pub(crate) max: Option<u32>,
    pub(crate) scaling_in: Option<bool>,
    pub(crate) scaling_out: Option<bool>,
    pub(crate) scheduled: Option<bool>,
}

impl Scaling {
    pub(super) fn new(scenario: &Scenario) -> Self {
        let mut targets = BTreeMap::new();
        let mut scheduled = Vec::new();
        for (pair, side, site) in scenario.sites() {
            for service in &pair.services {
                let min = if side == Side::Primary { service.min } else { 1 };
                let key = ServiceKey::new(site.region.clone(), &site.ecs_cluster, &service.name);
                let suspended = Suspended::default();
                targets.insert(key, ScalableTarget { min, max: service.max, suspended, created: scenario.epoch });
            }
            for ScheduledChange { name, service, after, min, max, .. } in
                pair.schedules.iter().filter(|s| s.side == side)
            {
                let service = ServiceKey::new(site.region.clone(), &site.ecs_cluster, service);
                scheduled.push(Scheduled {
                    name: name.clone(),
                    service,
                    at: scenario.epoch + *after,
                    min: *min,
                    max: *max,
                });
            }
        }
        Self { targets, scheduled }
    }
}

impl Suspended {
    fn changed_by(self, registration: &Registration) -> Self {
        Self {
            scaling_in: registration.scaling_in.unwrap_or(self.scaling_in),
            scaling_out: registration.scaling_out.unwrap_or(self.scaling_out),
            scheduled: registration.scheduled.unwrap_or(self.scheduled),
        }
    }
}

impl Simulation {
    /// Puts the scenario's scheduled actions on the agenda.
    pub(super) fn schedule_actions(&mut self) {
        for scheduled in &self.scaling.scheduled {
            self.agenda.add(scheduled.at, Event::Scheduled(scheduled.clone()));
        }
    }

    /// `RegisterScalableTarget`: brings the capacity inside the new bounds at once.
    pub(crate) fn register_target(&mut self, key: &ServiceKey, registration: &Registration) -> Result<()> {
        self.ecs.service(key).map_err(|_| {
            Refusal::invalid(
                "ValidationException",
                format!("ECS service doesn't exist: service/{}/{}", key.cluster, key.name),
            )
        })?;
        let existing = self.scaling.targets.get(key);
        let min = registration.min.or(existing.map(|target| target.min));
        let max = registration.max.or(existing.map(|target| target.max));
        let (Some(min), Some(max)) = (min, max) else {
            let message = "Both MinCapacity and MaxCapacity must be specified for a new scalable target";
            return Err(Refusal::invalid("ValidationException", message));
        };
        if min > max {
            return Err(Refusal::invalid(
                "ValidationException",
                "Maximum capacity cannot be less than minimum capacity",
            ));
        }
        let suspended = existing.map(|target| target.suspended).unwrap_or_default().changed_by(registration);
        let created = existing.map_or(self.now, |target| target.created);
        self.scaling.targets.insert(key.clone(), ScalableTarget { min, max, suspended, created });
        self.bring_inside(key, min, max)
    }

    /// A scheduled action acts, unless scheduled scaling is suspended.
    pub(super) fn scheduled_action(&mut self, scheduled: &Scheduled) {
        let Some(target) = self.scaling.targets.get_mut(&scheduled.service) else { return };
        if target.suspended.scheduled {
            return;
        }
        (target.min, target.max) = (scheduled.min, scheduled.max);
        if self.bring_inside(&scheduled.service, scheduled.min, scheduled.max).is_err() {
            tracing::warn!(action = scheduled.name, "scheduled action on a service that does not exist");
        }
    }

    /// Another actor takes every service of a pair's region to no task and no minimum.
    pub(super) fn scale_to_zero(&mut self, pair: &str, side: Side) {
        let Some(pair) = self.scenario.pairs.iter().find(|candidate| candidate.name == pair) else { return };
        let (site, services) = (pair.site(side).clone(), pair.services.clone());
        for service in services {
            let key = ServiceKey::new(site.region.clone(), &site.ecs_cluster, &service.name);
            let none = Registration { min: Some(0), ..Registration::default() };
            if self.register_target(&key, &none).and_then(|()| self.set_desired(&key, 0)).is_err() {
                tracing::warn!(service = key.name, "a service that does not exist was to be scaled to zero");
            }
        }
    }

    fn bring_inside(&mut self, key: &ServiceKey, min: u32, max: u32) -> Result<()> {
        let desired = self.ecs.services.get(key).ok_or_else(ecs::service_not_found)?.desired;
        let wanted = desired.clamp(min, max.max(min));
        if wanted != desired { self.set_desired(key, wanted) } else { Ok(()) }
    }
}
