//! What keeps a pair from steady state: a pure function of what was observed.

use std::fmt;

use crate::{
    goals::{governing, listener_change},
    observation::{NamedRecord, Observation, Seen, ServiceState, Suspended},
    phase::writing,
    records::{Pointing, pointing},
    topology::{Application, Region, Service, SideName},
};

pub(crate) const SIDES: [SideName; 2] = [SideName::Primary, SideName::Dr];

/// Something that is not as steady state demands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The resource.
    pub resource: String,
    /// What was found.
    pub found: String,
    /// What restores it.
    pub fix: String,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} ({})", self.resource, self.found, self.fix)
    }
}

fn difference(resource: impl Into<String>, found: impl Into<String>, fix: impl Into<String>) -> Difference {
    Difference { resource: resource.into(), found: found.into(), fix: fix.into() }
}

/// Everything that differs from steady state. What could not be seen differs, too.
pub fn differences(app: &Application, observation: &Observation) -> Vec<Difference> {
    let stacks = &app.failback.stacks;
    let mut found = database(app, observation);
    let away = |record: &&NamedRecord| pointing(app, std::slice::from_ref(*record)) != Pointing::At(SideName::Primary);
    found.extend(observation.records.iter().filter(away).map(|record| {
        let fix = format!("point it at {}; stack {}", app.primary.endpoint.dns_name, stacks.dns);
        difference(format!("record {}", record.name), record.target(), fix)
    }));
    found.extend(listener(app, observation));
    for side in SIDES {
        let states = &observation.side(side).services;
        for (service, named) in app.services.iter().zip(states) {
            found.extend(capacity(app, side, service, &named.state));
            found.extend(suspended(app, side, service, &named.state));
        }
    }
    found
}

fn database(app: &Application, observation: &Observation) -> Vec<Difference> {
    let resource = format!("global cluster {}", app.global_cluster);
    let global = match &observation.global {
        Seen::Known(global) => global,
        Seen::Unknown(why) | Seen::Refused(why) => return vec![difference(resource, why.clone(), "look again")],
    };
    let mut found = Vec::new();
    if let Some(failover) = &global.failover {
        found.push(difference(&resource, failover.status.clone(), "wait for its end"));
    }
    if writing(app, global) != Some(SideName::Primary) {
        let writer = global.writer().map_or("nobody", |writer| writer.arn.as_str());
        found.push(difference(&resource, format!("{writer} writes"), format!("switch over to {}", app.primary.region)));
    }
    match global.member(&app.dr.region, &app.dr.db_cluster).map(|dr| dr.synchronization.as_deref()) {
        Some(Some("connected")) => {}
        Some(other) => found.push(difference(
            &resource,
            format!("DR is {}", other.unwrap_or("not a secondary")),
            "wait until it is connected",
        )),
        None => {
            let fix = format!("apply stack {}", app.failback.stacks.platform(&app.dr.region));
            found.push(difference(&resource, "DR is not a member", fix));
        }
    }
    found.extend(SIDES.into_iter().flat_map(|side| cluster(app, observation, side)));
    found
}

fn cluster(app: &Application, observation: &Observation, side: SideName) -> Vec<Difference> {
    let region = app.side(side);
    let resource = format!("DB cluster {} in {}", region.db_cluster, region.region);
    let stack = app.failback.stacks.platform(&region.region);
    let cluster = match &observation.side(side).db {
        Seen::Known(Some(cluster)) => cluster,
        Seen::Known(None) => return vec![difference(resource, "there is none", format!("apply stack {stack}"))],
        Seen::Unknown(why) | Seen::Refused(why) => return vec![difference(resource, why.clone(), "look again")],
    };
    let mut found = Vec::new();
    // A backup or another job that leaves it serving is no difference.
    if !cluster.standing().settled() {
        found.push(difference(&resource, cluster.status.clone(), "wait until it is available"));
    }
    if cluster.instances.is_empty() {
        found.push(difference(&resource, "it has no instance", format!("apply stack {stack}")));
    } else if cluster.serving().next().is_none() {
        let statuses: Vec<_> =
            cluster.instances.iter().map(|instance| format!("{} is {}", instance.id, instance.status)).collect();
        found.push(difference(&resource, statuses.join(", "), "wait until an instance serves"));
    }
    if !cluster.deletion_protection {
        let fix = format!("deletion_protection = true in stack {stack}, and apply it");
        found.push(difference(&resource, "not protected against deletion", fix));
    }
    found
}

/// The primary's listener forwards to the production target group, unless ECS governs it. Where DR's forwards to while it idles is left to whoever deploys there.
fn listener(app: &Application, observation: &Observation) -> Option<Difference> {
    let (listener, seen) = app.primary.listener.as_ref().zip(observation.primary.listener.as_ref())?;
    let resource = format!("listener {} in {}", listener.arn, app.primary.region);
    match seen {
        Seen::Unknown(why) | Seen::Refused(why) => Some(difference(resource, why.clone(), "look again")),
        Seen::Known(_) if governing(listener, seen.known(), &observation.primary.services).is_some() => None,
        Seen::Known(state) => listener_change(listener, state).map(|_| {
            let fix = format!(
                "let it forward to {} alone; stack {}",
                listener.target_group_name(),
                app.failback.stacks.platform(&app.primary.region)
            );
            difference(resource, "forwards elsewhere, too", fix)
        }),
    }
}

/// Scaling that is suspended, whoever did it: by this bot for a move, or by somebody who forgot it.
pub(crate) fn suspended(
    app: &Application,
    side: SideName,
    service: &Service,
    state: &Seen<Option<ServiceState>>,
) -> Option<Difference> {
    let (region, name) = (app.side(side), &service.name);
    let target = state.known()?.as_ref()?.scaling.known()?.as_ref()?;
    let Suspended { dynamic_in, dynamic_out, scheduled } = target.suspended;
    // Without a schedule there is nothing that it keeps from running.
    let all = [
        (dynamic_in, "dynamic scaling in", "DynamicScalingInSuspended"),
        (dynamic_out, "dynamic scaling out", "DynamicScalingOutSuspended"),
        (scheduled && !target.schedules.is_empty(), "scheduled scaling", "ScheduledScalingSuspended"),
    ];
    let of: Vec<_> = all.into_iter().filter(|(suspended, ..)| *suspended).collect();
    let what: Vec<&str> = of.iter().map(|(_, what, _)| *what).collect();
    let state: Vec<String> = of.iter().map(|(.., key)| format!("{key}=false")).collect();
    (!of.is_empty()).then(|| {
        let resume = scaling_command(region, name, &format!("--suspended-state {}", state.join(",")));
        let resource = format!("service {name} in {}", region.region);
        difference(resource, format!("{} suspended", what.join(", ")), format!("resume it: {resume}"))
    })
}

/// The command that changes a service's scalable target.
pub(crate) fn scaling_command(region: &Region, service: &str, change: &str) -> String {
    format!(
        "`aws application-autoscaling register-scalable-target --service-namespace ecs --scalable-dimension ecs:service:DesiredCount \
         --resource-id service/{}/{service} {change} --region {}`",
        region.ecs_cluster, region.region
    )
}

fn capacity(
    app: &Application,
    side: SideName,
    service: &Service,
    state: &Seen<Option<ServiceState>>,
) -> Option<Difference> {
    let region = &app.side(side).region;
    let resource = format!("service {} in {region}", service.name);
    let fix = format!("apply stack {}", app.failback.stacks.workloads(&service.name, region));
    let state = match state {
        Seen::Known(Some(state)) => state,
        Seen::Known(None) => return Some(difference(resource, "there is none", fix)),
        Seen::Unknown(why) | Seen::Refused(why) => return Some(difference(resource, why.clone(), "look again")),
    };
    let scaling = state.scaling.known().and_then(Option::as_ref);
    let (desired, min) = match side {
        SideName::Primary => (service.desired, service.min),
        SideName::Dr => (service.idle, service.idle),
    };
    let enough = match side {
        // Autoscaling may have more than the configured count.
        SideName::Primary => state.running >= desired,
        SideName::Dr => state.running == desired,
    };
    if !enough || state.pending > 0 {
        return Some(difference(resource, format!("{} of {desired} tasks running", state.running), fix));
    }
    match scaling {
        Some(target) if target.min != min => {
            Some(difference(resource, format!("minimum {} instead of {min}", target.min), fix))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;

    /// What differs where that side's service has this suspended, and these schedules.
    fn suspended(side: SideName, suspended: Suspended, schedules: &[&str]) -> Vec<String> {
        let mut observation = fixture::steady();
        let services = match side {
            SideName::Primary => &mut observation.primary.services,
            SideName::Dr => &mut observation.dr.services,
        };
        let Seen::Known(Some(state)) = &mut services[0].state else { unreachable!() };
        let Seen::Known(Some(target)) = &mut state.scaling else { unreachable!() };
        target.suspended = suspended;
        target.schedules = schedules.iter().map(|&name| name.to_owned()).collect();
        differences(&fixture::app(), &observation).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn suspended_scaling_differs_with_the_command_that_resumes_it() {
        let scheduled = Suspended { scheduled: true, ..Suspended::default() };
        assert_eq!(
            suspended(SideName::Dr, scheduled, &["night"]),
            [
                "service web in us-west-2: scheduled scaling suspended (resume it: `aws application-autoscaling register-scalable-target \
                 --service-namespace ecs --scalable-dimension ecs:service:DesiredCount --resource-id service/shop/web \
                 --suspended-state ScheduledScalingSuspended=false --region us-west-2`)"
            ]
        );
        assert_eq!(suspended(SideName::Dr, scheduled, &[]), Vec::<String>::new(), "there is nothing to resume");
        let both = Suspended { dynamic_in: true, dynamic_out: true, scheduled: false };
        let told = suspended(SideName::Primary, both, &[]);
        assert!(told[0].contains("dynamic scaling in, dynamic scaling out suspended"), "{told:?}");
        assert!(told[0].contains("DynamicScalingInSuspended=false,DynamicScalingOutSuspended=false"), "{told:?}");
    }
}
