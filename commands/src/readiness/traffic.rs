//! Checks of what carries traffic beside the records: listener, endpoint.

use super::{Check, blocking, capacity::named, records, warning, zones};
use crate::{
    observation::{Observation, Seen},
    phase::serving,
    topology::{Application, Service, SideName},
};

/// Of a promote.
pub(super) fn checks(app: &Application, observation: &Observation) -> Vec<Check> {
    let mut checks = Vec::new();
    checks.extend(listener(app, observation, SideName::Dr));
    checks.extend(records::checks(app, observation));
    checks.extend(zones::checks(app, observation));
    checks.push(endpoint(app, observation));
    checks.extend(health(app, observation));
    checks
}

/// Of a failback: the records and their zones have checks of their own there.
pub(super) fn failback_checks(app: &Application, observation: &Observation) -> Vec<Check> {
    let mut checks: Vec<Check> = listener(app, observation, SideName::Primary).into_iter().collect();
    checks.push(primary_endpoint(app, observation));
    checks.extend(health(app, observation));
    checks
}

/// Only where a listener is configured. That it forwards to another target group is what the listener step is for.
fn listener(app: &Application, observation: &Observation, target: SideName) -> Option<Check> {
    let configured = app.side(target).listener.as_ref()?;
    let draft = blocking("listener");
    Some(match observation.side(target).listener.as_ref()? {
        Seen::Unknown(why) => draft.unknown(why, "correct `listener.arn` if it is wrong; otherwise look again"),
        Seen::Refused(why) => draft.refused(format_args!("listener {}", configured.arn), why),
        Seen::Known(state) if state.actions.iter().all(|action| action.targets.is_empty()) => draft.fail(
            format!("{} has no forward action to switch", configured.arn),
            "give it one to the idle target group",
        ),
        Seen::Known(state) if state.forwards_only_to(&configured.target_group) => {
            draft.pass("it forwards to the production target group")
        }
        Seen::Known(_) => draft.pass("it forwards elsewhere; the listener step switches it"),
    })
}

/// Any HTTP answer shows that name, certificate and stack are there: while DR is idle, an error status is what it should answer. 403 is
/// what API Gateway says where it knows no such domain.
fn endpoint(app: &Application, observation: &Observation) -> Check {
    let name = &app.dr.endpoint.dns_name;
    match &observation.dr.endpoint {
        Seen::Unknown(why) | Seen::Refused(why) => blocking("dr-endpoint")
            .unknown(why, "see that the custom domain and its certificate exist in DR, and that its stack answers"),
        Seen::Known(403) => warning("dr-endpoint").fail(
            format!("{name} answers 403 to {}", app.verify.url),
            "see that the custom domain exists in DR and maps to its API",
        ),
        Seen::Known(status) => blocking("dr-endpoint").pass(format!("{name} answers {status} to {}", app.verify.url)),
    }
}

/// While the primary idles its endpoint may answer anything, or nothing: it's a warning, and the run asks it again once its tasks are up. With its tasks
/// up, nobody is moved to an endpoint that isn't there.
fn primary_endpoint(app: &Application, observation: &Observation) -> Check {
    let primary = &app.primary;
    let name = &primary.endpoint.dns_name;
    let services = &observation.primary.services;
    let runs = |service: &Service| {
        let state = named(services, &service.name).and_then(Seen::known).and_then(Option::as_ref);
        state.is_some_and(|state| state.running > 0 && state.running >= state.desired)
    };
    let up = app.services.iter().all(runs);
    let id = "primary-endpoint";
    let draft = if up { blocking(id) } else { warning(id) };
    let idle = if up { "" } else { ", while no task runs there" };
    match &observation.primary.endpoint {
        Seen::Unknown(why) | Seen::Refused(why) => draft.unknown(
            format!("{why}{idle}"),
            format!(
                "see that the custom domain and its certificate exist in {}, and that its stack answers",
                primary.region
            ),
        ),
        Seen::Known(403) => draft.fail(
            format!("{name} answers 403 to {}{idle}", app.verify.url),
            format!("see that the custom domain exists in {} and maps to its API", primary.region),
        ),
        Seen::Known(status) => blocking(id).pass(format!("{name} answers {status} to {}", app.verify.url)),
    }
}

/// Only where the region that serves answers now what the verify step would not take: a redirect, a login, an unknown path.
fn health(app: &Application, observation: &Observation) -> Option<Check> {
    let side = serving(app, observation)?;
    let status = *observation.side(side).endpoint.known()?;
    let region = &app.side(side).region;
    matches!(status, 300..=428 | 430..=499).then(|| {
        warning("health-url").fail(
            format!("{region} serves, and answers {status} to {}; the verify step demands 2xx", app.verify.url),
            "set `verify.url` to an address that answers a plain GET with 2xx; `standby check` says more",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        fixture,
        observation::ListenerState,
        readiness::{Level, Outcome},
    };

    fn after(id: &str, harm: impl Fn(&mut Observation)) -> (Level, Outcome) {
        let mut observation = fixture::steady();
        harm(&mut observation);
        let mut checks = checks(&fixture::app(), &observation).into_iter();
        let Some(check) = checks.find(|check| check.id == id) else { unreachable!("there is a check {id}") };
        (check.level, check.outcome())
    }

    #[test]
    fn an_idle_listener_is_ready_and_one_without_forward_is_not() {
        assert_eq!(after("listener", |_| ()), (Level::Blocking, Outcome::Pass));
        let empty = Some(Seen::Known(ListenerState { actions: vec![] }));
        assert_eq!(after("listener", |it| it.dr.listener = empty.clone()), (Level::Blocking, Outcome::Fail));
        assert_eq!(
            after("listener", |it| it.dr.listener = Some(Seen::Unknown("there is no listener".into()))),
            (Level::Blocking, Outcome::Unknown)
        );
    }

    #[test]
    fn what_verify_would_not_take_is_told_beforehand() {
        for status in [302, 403, 404] {
            let found = after("health-url", |it| it.primary.endpoint = Seen::Known(status));
            assert_eq!(found, (Level::Warning, Outcome::Fail), "{status}");
        }
        // An outage, or too many requests, is not what the address is like.
        for status in [200, 429, 503] {
            let mut observation = fixture::steady();
            observation.primary.endpoint = Seen::Known(status);
            assert_eq!(health(&fixture::app(), &observation), None, "{status}");
        }
    }

    #[test]
    fn the_dr_endpoint_must_answer_something() {
        assert_eq!(after("dr-endpoint", |it| it.dr.endpoint = Seen::Known(503)), (Level::Blocking, Outcome::Pass));
        assert_eq!(after("dr-endpoint", |it| it.dr.endpoint = Seen::Known(403)), (Level::Warning, Outcome::Fail));
        assert_eq!(
            after("dr-endpoint", |it| it.dr.endpoint = Seen::Unknown("dark".into())),
            (Level::Blocking, Outcome::Unknown)
        );
    }
}
