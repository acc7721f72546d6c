//! The plan of a restore: the region that serves gets its configured capacity back.

use super::{Method, MethodOption, NoPlan, Plan, PlannedStep, RunbookName, StepId, SuspendedService, steps};
use crate::{
    goals::restore_changes,
    observation::Observation,
    readiness::serving_checks,
    reconcile::scaling_command,
    supply::{Active, Found},
    topology::{Application, SideName},
};

/// What `/dr restore` would do now. `suspended` are the services whose scheduled scaling this bot suspended since steady state.
///
/// # Errors
/// When nothing is missing, or it cannot be told what is.
pub fn restore(
    name: &str,
    app: &Application,
    observation: &Observation,
    suspended: Vec<SuspendedService>,
) -> Result<Plan, NoPlan> {
    let active = Active::of(app, observation).map_err(|why| NoPlan::NobodyServes { why })?;
    let region = app.side(active.side).region.clone();
    if !active.is_short() {
        let unseen = active.supplies.iter().find_map(|supply| match &supply.found {
            Found::Unknown(why) => Some(why.clone()),
            Found::Enough(_) | Found::Short(_) | Found::Absent(_) => None,
        });
        return Err(match unseen {
            Some(why) => NoPlan::ServingUnseen { region, why },
            None => NoPlan::NothingMissing { region },
        });
    }
    Ok(Plan {
        application: name.to_owned(),
        environment: app.environment,
        runbook: RunbookName::Restore,
        from: app.side(active.side.other()).region.clone(),
        to: region,
        target: active.side,
        options: vec![MethodOption { method: Method::Restore, changes: Vec::new(), calls: Vec::new() }],
        lag: observation.lag.clone(),
        checks: serving_checks(name, app, observation),
        steps: planned(app, observation, active.side),
        afterwards: still_suspended(app, observation, active.side, &suspended),
        suspended,
        observed_at: observation.at,
    })
}

fn planned(app: &Application, observation: &Observation, side: SideName) -> Vec<PlannedStep> {
    let capacity = steps::capacity(app, observation, side, &app.services);
    let calls = steps::service_calls(app, observation, side, &app.services, |region, service, state| {
        restore_changes(side, region, service, state)
    });
    vec![PlannedStep { step: StepId::Capacity, calls, ..capacity }, steps::listener(app, observation, side)]
}

/// Scheduled scaling that this bot suspended in the region that serves: a restore leaves that as it is, and says so.
fn still_suspended(
    app: &Application,
    observation: &Observation,
    side: SideName,
    suspended: &[SuspendedService],
) -> Vec<String> {
    let region = app.side(side);
    let is_suspended = |service: &str| {
        let states = &observation.side(side).services;
        let state = states.iter().find(|named| named.name == service).and_then(|named| named.state.known()?.as_ref());
        let target = state.and_then(|state| state.scaling.known()?.as_ref());
        target.is_some_and(|target| target.suspended.scheduled)
    };
    let named = |service: &str| suspended.iter().any(|found| found.side == side && found.service == service);
    let left =
        app.services.iter().map(|service| service.name.as_str()).filter(|name| named(name) && is_suspended(name));
    left.map(|service| {
        let resumes = match side {
            SideName::Dr => "the failback resumes it".to_owned(),
            SideName::Primary => {
                let resume = scaling_command(region, service, "--suspended-state ScheduledScalingSuspended=false");
                format!("resume it with {resume}")
            }
        };
        format!("scheduled scaling of {service} in {} is suspended by this bot: {resumes}", region.region)
    })
    .collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::{fixture, observation::Seen, topology::Service};

    fn at_zero(mut observation: Observation) -> Observation {
        observation.primary.services[0].state = Seen::Known(Some(fixture::service(0)));
        observation
    }

    fn plan(observation: &Observation) -> Result<Plan, NoPlan> {
        restore("shop", &fixture::app(), observation, Vec::new())
    }

    fn operations(plan: &Plan) -> Vec<(StepId, Vec<&str>)> {
        let calls = |planned: &'_ PlannedStep| planned.calls.len();
        assert!(plan.steps.iter().all(|planned| calls(planned) < 10));
        plan.steps
            .iter()
            .map(|planned| (planned.step, planned.calls.iter().map(|call| call.operation.as_str()).collect()))
            .collect()
    }

    #[test]
    fn region_that_serves_gets_its_capacity_back_and_nothing_else_is_planned() {
        let plan = plan(&at_zero(fixture::steady())).unwrap();
        assert_eq!((plan.to.as_str(), plan.target), ("us-east-1", SideName::Primary));
        assert_eq!(plan.options.iter().map(|option| option.method).collect::<Vec<_>>(), [Method::Restore]);
        assert!(plan.options[0].changes.is_empty());
        let capacity = (StepId::Capacity, vec!["RegisterScalableTarget", "UpdateService"]);
        assert_eq!(operations(&plan), [capacity, (StepId::Listener, vec![])]);
        let order: Vec<_> = plan.steps.iter().map(|planned| planned.step).collect();
        assert_eq!(order, crate::runbook::RESTORE.steps.iter().map(|step| step.id).collect::<Vec<_>>());
    }

    #[test]
    fn dr_is_restored_where_it_serves_with_its_listener_and_the_primary_dark() {
        let mut serves = fixture::dark();
        fixture::global(&mut serves).members = fixture::global(&mut fixture::moved()).members.clone();
        serves.records = fixture::at(SideName::Dr);
        let plan = plan(&serves).unwrap();
        assert_eq!((plan.to.as_str(), plan.target), ("us-west-2", SideName::Dr));
        assert_eq!(
            operations(&plan),
            [(StepId::Capacity, vec!["RegisterScalableTarget"]), (StepId::Listener, vec!["ModifyListener"])]
        );
    }

    #[test]
    fn nothing_is_planned_where_nothing_is_missing_or_nobody_can_tell() {
        assert_eq!(plan(&fixture::steady()), Err(NoPlan::NothingMissing { region: "us-east-1".into() }));
        assert!(matches!(plan(&fixture::dark()), Err(NoPlan::ServingUnseen { region, .. }) if region == "us-east-1"));
        let mut nowhere = at_zero(fixture::steady());
        nowhere.records = vec![fixture::named(vec![])];
        assert!(matches!(plan(&nowhere), Err(NoPlan::NobodyServes { why }) if why.contains("there is no record")));
    }

    #[test]
    fn schedules_of_the_primary_go_on_and_those_that_this_bot_suspended_are_told() {
        let mut observation = at_zero(fixture::steady());
        let Seen::Known(Some(state)) = &mut observation.primary.services[0].state else { unreachable!() };
        let Seen::Known(Some(target)) = &mut state.scaling else { unreachable!() };
        target.schedules = vec!["night".into()];
        let call = plan(&observation).unwrap().steps[0].calls[0].params.clone();
        assert!(call.get("SuspendedState").is_none(), "{call}");

        let Seen::Known(Some(state)) = &mut observation.primary.services[0].state else { unreachable!() };
        let Seen::Known(Some(target)) = &mut state.scaling else { unreachable!() };
        target.suspended.scheduled = true;
        let by_us = vec![SuspendedService { side: SideName::Primary, service: "web".into() }];
        let plan = restore("shop", &fixture::app(), &observation, by_us).unwrap();
        assert!(plan.afterwards[0].starts_with("scheduled scaling of web in us-east-1 is suspended by this bot"));
    }

    #[test]
    fn what_is_above_the_configuration_stays() {
        let app = fixture::app();
        let service = Service { desired: 2, min: 2, ..app.services[0].clone() };
        assert_eq!(restore_changes(SideName::Primary, &app.primary, &service, &fixture::service(4)), []);
    }
}
