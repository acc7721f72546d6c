//! Whether the region that serves has its configured capacity. A warning: a promote may be just what mends it.

use super::{Check, LOOK_AGAIN, warning};
use crate::{
    observation::Observation,
    phase::writing,
    reconcile::{self, SIDES},
    supply::{Active, Found, Supply},
    topology::{Application, SideName},
};

pub(super) fn checks(name: &str, app: &Application, observation: &Observation) -> Vec<Check> {
    let active = match Active::of(app, observation) {
        Ok(active) => active,
        Err(why) => {
            return vec![warning("serving").unknown(format!("which region serves is unknown: {why}"), LOOK_AGAIN)];
        }
    };
    let region = &app.side(active.side).region;
    // One line for a region that does not answer, not one a service.
    if let Some(why) = active.silence() {
        let detail = format!("whether {region} has its configured capacity is unknown: {why}");
        return vec![warning("serving").unknown(detail, LOOK_AGAIN)];
    }
    let listener = active.listener.iter().map(|found| {
        let detail = format!("the listener in {region}, which serves, {found}");
        warning("serving-listener").fail(detail, restore(name))
    });
    let supplies = active.supplies.iter().map(|supply| service(name, app, active.side, supply));
    supplies.chain(listener).chain(suspended(app, observation, active.side)).collect()
}

/// Scaling that is suspended in either region while the primary writes and serves: a move that ended half-way leaves that, and nothing shows it until
/// the night on which a schedule doesn't run.
fn suspended(app: &Application, observation: &Observation, serves: SideName) -> Vec<Check> {
    let writes = observation.global.known().and_then(|global| writing(app, global));
    if (serves, writes) != (SideName::Primary, Some(SideName::Primary)) {
        return Vec::new();
    }
    let of = |side: SideName| app.services.iter().zip(&observation.side(side).services).map(move |both| (side, both));
    let found = SIDES.into_iter().flat_map(of).filter_map(|(side, (service, named))| {
        let found = reconcile::suspended(app, side, service, &named.state)?;
        let id = format!("suspended-{}-{}", service.name, app.side(side).region);
        Some(warning(id).fail(format!("{}: {}", found.resource, found.found), found.fix))
    });
    found.collect()
}

fn service(name: &str, app: &Application, side: SideName, supply: &Supply) -> Check {
    let region = &app.side(side).region;
    let draft = warning(format!("serving-{}", supply.service));
    let of = |found: &str| format!("{} in {region}, which serves: {found}", supply.service);
    match &supply.found {
        Found::Enough(found) => draft.pass(of(found)),
        Found::Short(found) => draft.fail(of(found), restore(name)),
        Found::Absent(found) => {
            let stack = app.failback.stacks.workloads(&supply.service, region);
            draft.fail(format!("{found}, which serves"), format!("apply stack {stack}, then {}", restore(name)))
        }
        Found::Unknown(why) => draft.unknown(of(why), LOOK_AGAIN),
    }
}

fn restore(name: &str) -> String {
    format!("`/dr restore {name}` brings it back to its configured capacity")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        fixture,
        observation::Seen,
        readiness::{Level, Outcome},
    };

    fn found(observation: &Observation) -> Vec<(String, Outcome)> {
        let checks = checks("shop", &fixture::app(), observation);
        assert!(checks.iter().all(|check| check.level == Level::Warning));
        checks.into_iter().map(|check| (check.id.clone(), check.outcome())).collect()
    }

    fn one(id: &str, outcome: Outcome) -> (String, Outcome) {
        (id.to_owned(), outcome)
    }

    #[test]
    fn region_that_serves_is_held_against_its_capacity() {
        assert_eq!(found(&fixture::steady()), [one("serving-web", Outcome::Pass)]);
        let mut few = fixture::steady();
        few.primary.services[0].state = Seen::Known(Some(fixture::service(1)));
        assert_eq!(found(&few), [one("serving-web", Outcome::Fail)]);
        let fix = checks("shop", &fixture::app(), &few).remove(0).fix;
        assert_eq!(fix.as_deref(), Some("`/dr restore shop` brings it back to its configured capacity"));
        let mut gone = fixture::steady();
        gone.primary.services[0].state = Seen::Known(None);
        let fix = checks("shop", &fixture::app(), &gone).remove(0).fix;
        assert!(fix.is_some_and(|fix| fix.starts_with("apply stack workloads/web/us-east-1, then")));
    }

    #[test]
    fn dr_at_warm_idle_owes_nothing_until_it_serves() {
        let mut serves = fixture::moved();
        serves.records = fixture::at(SideName::Dr);
        assert_eq!(found(&serves), [one("serving-web", Outcome::Fail), one("serving-listener", Outcome::Fail)]);
        serves.dr.services[0].state = Seen::Known(Some(fixture::service(4)));
        assert_eq!(found(&serves)[0], one("serving-web", Outcome::Pass));
    }

    #[test]
    fn scaling_that_a_move_left_suspended_is_told_in_steady_state() {
        let mut left = fixture::steady();
        let Seen::Known(Some(state)) = &mut left.dr.services[0].state else { unreachable!() };
        let Seen::Known(Some(target)) = &mut state.scaling else { unreachable!() };
        target.suspended.scheduled = true;
        target.schedules = vec!["night".into()];
        let suspended = one("suspended-web-us-west-2", Outcome::Fail);
        assert_eq!(found(&left), [one("serving-web", Outcome::Pass), suspended]);
        left.records = fixture::at(SideName::Dr);
        assert_eq!(found(&left).len(), 2, "a move under way suspends it for a while");
    }

    #[test]
    fn dark_stays_unknown() {
        assert_eq!(found(&fixture::dark()), [one("serving", Outcome::Unknown)]);
        let mut nowhere = fixture::steady();
        nowhere.records = vec![fixture::named(vec![])];
        assert_eq!(found(&nowhere), [one("serving", Outcome::Unknown)]);
    }
}
