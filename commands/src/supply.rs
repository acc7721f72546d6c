//! The capacity of the region that serves, held against what the configuration demands of it. A pure function of what was observed.
//!
//! Autoscaling may have more than the configured count, and a deployment in flight may run fewer tasks for a moment: neither is a shortfall. A
//! region that does not serve owes none of this: DR at warm idle is measured by [`crate::reconcile`].

use serde::{Deserialize, Serialize};

use crate::{
    goals::{governing, listener_change},
    observation::{Observation, ScalableTarget, Seen, ServiceState},
    phase::writing,
    records::{Pointing, pointing},
    topology::{Application, Service, SideName},
};

/// The region that serves, held against the configuration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Active {
    /// Which it is.
    pub side: SideName,
    /// Its services, in the configuration's order.
    pub supplies: Vec<Supply>,
    /// Where its listener forwards to, if that is known not to be the production target group alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub listener: Option<String>,
}

impl Active {
    /// The region that serves as it was observed.
    ///
    /// # Errors
    /// Why it is not known which one serves.
    pub fn of(app: &Application, observation: &Observation) -> Result<Self, String> {
        let side = active(app, observation)?;
        let listener = listener_elsewhere(app, observation, side);
        Ok(Self { side, supplies: supplies(app, observation, side), listener })
    }

    /// Why nothing of the region could be seen, if it is the same for all of it: said once, not once a service.
    pub fn silence(&self) -> Option<&str> {
        let mut whys = self.supplies.iter().map(|supply| match &supply.found {
            Found::Unknown(why) => Some(why.as_str()),
            Found::Enough(_) | Found::Short(_) | Found::Absent(_) => None,
        });
        let first = whys.next()??;
        whys.all(|why| why == Some(first)).then_some(first)
    }

    /// Whether it is known to lack anything.
    pub fn is_short(&self) -> bool {
        self.listener.is_some() || self.supplies.iter().any(|supply| supply.lacks().is_some())
    }

    /// What that service of that side has, if it is the side that serves.
    pub fn supply(&self, side: SideName, service: &str) -> Option<&Supply> {
        self.supplies.iter().find(|supply| side == self.side && supply.service == service)
    }
}

/// What a service of the region that serves has of its configured capacity.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Supply {
    /// Service name.
    pub service: String,
    /// Tasks that the configuration demands: `desired`, or `min` where that is more.
    pub needed: i32,
    /// What was found.
    pub found: Found,
}

/// What was found of a service's capacity, in words that name the numbers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Found {
    /// As much as is demanded.
    Enough(String),
    /// Less, and `/dr restore` brings it back.
    Short(String),
    /// There is no service that could be scaled.
    Absent(String),
    /// It could not be seen, or not all of it.
    Unknown(String),
}

impl Supply {
    /// What is missing, if it is known that something is.
    pub fn lacks(&self) -> Option<&str> {
        match &self.found {
            Found::Short(found) | Found::Absent(found) => Some(found),
            Found::Enough(_) | Found::Unknown(_) => None,
        }
    }
}

/// The region that serves: by the record, or the one that writes while the record cannot be seen.
///
/// # Errors
/// Why that is not known.
fn active(app: &Application, observation: &Observation) -> Result<SideName, String> {
    match pointing(app, &observation.records) {
        Pointing::At(side) => Ok(side),
        Pointing::Split(why) | Pointing::Elsewhere(why) => Err(why),
        Pointing::Unseen(why) => {
            let writer = observation.global.known().and_then(|global| writing(app, global));
            writer.ok_or_else(|| format!("neither the record nor the writer can be seen: {why}"))
        }
    }
}

/// What each configured service has in that region, which serves.
fn supplies(app: &Application, observation: &Observation, side: SideName) -> Vec<Supply> {
    let services = &observation.side(side).services;
    let supply = |service: &Service| Supply {
        service: service.name.clone(),
        needed: service.desired.max(service.min),
        found: match services.iter().find(|named| named.name == service.name).map(|named| &named.state) {
            Some(Seen::Known(Some(state))) => held(service, state),
            Some(Seen::Known(None)) | None => Found::Absent(format!(
                "there is no service {} in {} of {}",
                service.name,
                app.side(side).ecs_cluster,
                app.side(side).region
            )),
            Some(Seen::Unknown(why) | Seen::Refused(why)) => Found::Unknown(why.clone()),
        },
    };
    app.services.iter().map(supply).collect()
}

/// Whether the listener of that region, which serves, forwards elsewhere than to the production target group; `None` where that is not known, or
/// no listener is configured.
fn listener_elsewhere(app: &Application, observation: &Observation, side: SideName) -> Option<String> {
    let listener = app.side(side).listener.as_ref()?;
    let state = observation.side(side).listener.as_ref()?.known()?;
    if governing(listener, Some(state), &observation.side(side).services).is_some() {
        return None;
    }
    listener_change(listener, state)?;
    Some(format!("does not forward to {} alone", listener.target_group_name()))
}

fn held(service: &Service, state: &ServiceState) -> Found {
    let needed = service.desired.max(service.min);
    if state.status != "ACTIVE" {
        return Found::Absent(format!("{} is {}", service.name, state.status));
    }
    let target = state.scaling.known().and_then(Option::as_ref);
    let minimum = target.map(|target| target.min).filter(|&min| min < service.min);
    let deploys = state.deployments > 1 && state.running > 0 && state.desired >= needed;
    let few = state.running < needed && !deploys || state.desired < needed;
    let tasks = format!("{} of {needed} tasks running", state.running);
    let pending = if state.pending > 0 { format!(", {} pending", state.pending) } else { String::new() };
    let counted = if state.desired < needed { format!(", desired count {}", state.desired) } else { String::new() };
    let least = minimum.map(|min| format!(", minimum {min} instead of {}", service.min)).unwrap_or_default();
    if few || minimum.is_some() {
        return Found::Short(format!("{tasks}{pending}{counted}{least}{}", lowered_by(service, state, target)));
    }
    match state.scaling.why() {
        Some(why) => Found::Unknown(format!("{tasks}, and its minimum is unknown: {why}")),
        None if deploys && state.running < needed => {
            Found::Enough(format!("{tasks}{pending}: a deployment is in flight"))
        }
        None => Found::Enough(format!("{tasks}{}", target.map(|t| format!(", minimum {}", t.min)).unwrap_or_default())),
    }
}

/// Who may have lowered it by its own rules, so that nobody looks for a culprit who is none.
fn lowered_by(service: &Service, state: &ServiceState, target: Option<&ScalableTarget>) -> String {
    let Some(target) = target else { return String::new() };
    if !target.schedules.is_empty() && !target.suspended.scheduled {
        return format!(" (its scheduled actions may have lowered it: {})", target.schedules.join(", "));
    }
    match target.min >= service.min && state.desired >= target.min && state.running >= state.desired {
        true => format!(" (autoscaling may have scaled it in: its minimum is {})", target.min),
        false => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{fixture, observation::Suspended};

    fn found(harm: impl FnOnce(&mut ServiceState)) -> Found {
        let mut state = fixture::service(4);
        harm(&mut state);
        let mut observation = fixture::steady();
        observation.primary.services[0].state = Seen::Known(Some(state));
        supplies(&fixture::app(), &observation, SideName::Primary).remove(0).found
    }

    fn minimum(min: i32) -> Seen<Option<ScalableTarget>> {
        Seen::Known(Some(ScalableTarget { min, max: 12, suspended: Suspended::default(), schedules: vec![] }))
    }

    fn short(found: Found) -> String {
        match found {
            Found::Short(what) => what,
            other => unreachable!("{other:?} is no shortfall"),
        }
    }

    #[test]
    fn less_than_configured_is_short_and_says_by_how_much() {
        let zero = |state: &mut ServiceState| {
            (state.desired, state.running, state.scaling) = (0, 0, minimum(0));
        };
        assert_eq!(short(found(zero)), "0 of 4 tasks running, desired count 0, minimum 0 instead of 4");
        assert_eq!(short(found(|state| state.scaling = minimum(0))), "4 of 4 tasks running, minimum 0 instead of 4");
        let starting = |state: &mut ServiceState| (state.running, state.pending) = (1, 3);
        assert_eq!(short(found(starting)), "1 of 4 tasks running, 3 pending");
        assert_eq!(short(found(|state| state.running = 0)), "0 of 4 tasks running");
        assert_eq!(short(found(|state| (state.running, state.deployments) = (0, 2))), "0 of 4 tasks running");
    }

    #[test]
    fn what_its_own_rules_may_have_lowered_says_so() {
        let app = fixture::app();
        let service = Service { desired: 6, ..app.services[0].clone() };
        assert!(
            short(held(&service, &fixture::service(4)))
                .ends_with("(autoscaling may have scaled it in: its minimum is 4)")
        );
        let mut night = fixture::service(1);
        night.scaling = Seen::Known(Some(ScalableTarget {
            min: 1,
            max: 12,
            suspended: Suspended::default(),
            schedules: vec!["night".into()],
        }));
        assert!(short(held(&service, &night)).ends_with("(its scheduled actions may have lowered it: night)"));
    }

    #[test]
    fn what_is_legitimate_is_enough() {
        let scaled_out = |state: &mut ServiceState| (state.desired, state.running, state.pending) = (9, 8, 1);
        let deploying = |state: &mut ServiceState| (state.running, state.deployments) = (3, 2);
        let no_target = |state: &mut ServiceState| state.scaling = Seen::Known(None);
        assert!(matches!(found(scaled_out), Found::Enough(_)));
        assert!(matches!(found(deploying), Found::Enough(_)));
        assert!(matches!(found(no_target), Found::Enough(_)));
        assert!(matches!(found(|_| ()), Found::Enough(_)));
    }

    #[test]
    fn what_is_not_there_or_not_seen_is_told_apart() {
        let absent = found(|state| state.status = "INACTIVE".into());
        assert_eq!(absent, Found::Absent("web is INACTIVE".into()));
        let unsure = found(|state| state.scaling = Seen::Unknown("denied".into()));
        assert!(matches!(unsure, Found::Unknown(why) if why.contains("denied")));
        let mut gone = fixture::steady();
        gone.primary.services[0].state = Seen::Known(None);
        let supply = supplies(&fixture::app(), &gone, SideName::Primary).remove(0);
        assert_eq!(supply.lacks(), Some("there is no service web in shop of us-east-1"));
        let dark = supplies(&fixture::app(), &fixture::dark(), SideName::Primary).remove(0);
        assert!(matches!(dark.found, Found::Unknown(_)));
    }

    #[test]
    fn record_says_who_serves_and_the_writer_where_it_cannot_be_seen() {
        let app = fixture::app();
        let mut moved = fixture::moved();
        assert_eq!(active(&app, &moved), Ok(SideName::Primary));
        moved.records[0].sets = Seen::Unknown("Route 53 did not answer".into());
        assert_eq!(active(&app, &moved), Ok(SideName::Dr));
        moved.records = vec![fixture::named(vec![])];
        assert!(active(&app, &moved).is_err_and(|why| why.contains("there is no record")));
        moved.records[0].sets = Seen::Unknown("Route 53 did not answer".into());
        moved.global = Seen::Unknown("us-west-2 did not answer".into());
        assert!(active(&app, &moved).is_err_and(|why| why.contains("Route 53 did not answer")));
    }

    #[test]
    fn listener_that_forwards_elsewhere_belongs_to_it_where_dr_serves() {
        let (app, steady) = (fixture::app(), fixture::steady());
        assert_eq!(listener_elsewhere(&app, &steady, SideName::Dr).as_deref(), Some("does not forward to green alone"));
        assert_eq!(listener_elsewhere(&app, &steady, SideName::Primary), None);
    }
}
