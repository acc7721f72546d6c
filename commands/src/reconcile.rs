//! What keeps a pair from steady state: a pure function of what was observed.

use std::fmt;

use crate::{
    observation::{Observation, Seen, ServiceState},
    phase::{serving, writing},
    topology::{Application, Service, SideName},
};

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
    let mut found = database(app, observation);
    if serving(app, observation) != Some(SideName::Primary) {
        let points = match &observation.record {
            Seen::Known(Some(record)) => record.target(),
            Seen::Known(None) => "there is none".to_owned(),
            Seen::Unknown(why) => why.clone(),
        };
        let fix = format!("point it at {}", app.primary.endpoint.dns_name);
        found.push(difference(format!("record {}", app.record.name), points, fix));
    }
    for side in [SideName::Primary, SideName::Dr] {
        let states = &observation.side(side).services;
        for (service, named) in app.services.iter().zip(states) {
            found.extend(capacity(app, side, service, &named.state));
        }
    }
    found
}

fn database(app: &Application, observation: &Observation) -> Vec<Difference> {
    let resource = format!("global cluster {}", app.global_cluster);
    let global = match &observation.global {
        Seen::Known(global) => global,
        Seen::Unknown(why) => return vec![difference(resource, why.clone(), "look again")],
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
        None => found.push(difference(&resource, "DR is not a member", "apply the DR platform stack")),
    }
    for (side, name) in [(SideName::Primary, &app.primary.db_cluster), (SideName::Dr, &app.dr.db_cluster)] {
        if let Seen::Known(Some(cluster)) = &observation.side(side).db
            && !cluster.deletion_protection
        {
            let fix = format!("deletion_protection = true in the platform stack of {}", app.side(side).region);
            found.push(difference(format!("DB cluster {name}"), "not protected against deletion", fix));
        }
    }
    found
}

fn capacity(
    app: &Application,
    side: SideName,
    service: &Service,
    state: &Seen<Option<ServiceState>>,
) -> Option<Difference> {
    let region = &app.side(side).region;
    let resource = format!("service {} in {region}", service.name);
    let fix = format!("apply the workloads stack of {region}");
    let state = match state {
        Seen::Known(Some(state)) => state,
        Seen::Known(None) => return Some(difference(resource, "there is none", fix)),
        Seen::Unknown(why) => return Some(difference(resource, why.clone(), "look again")),
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
