//! What must be true before the way back.

use super::{Check, LOOK_AGAIN, blocking, records, warning, zones};
use crate::{
    former::Former,
    observation::{NamedService, Observation, Seen},
    stake::Stake,
    topology::Application,
};

pub(super) fn checks(app: &Application, observation: &Observation, stake: Option<&Stake>) -> Vec<Check> {
    let mut checks = vec![caller(app, observation)];
    checks.extend(records::failback_checks(app, observation));
    checks.extend(zones::checks(app, observation));
    checks.extend(observation.primary.services.iter().map(|service| service_check(app, service)));
    checks.extend(stale(app, observation, stake));
    checks
}

fn caller(app: &Application, observation: &Observation) -> Check {
    let draft = blocking("caller-primary");
    let region = &app.primary.region;
    match &observation.primary.caller {
        Seen::Unknown(why) => draft.unknown(why, LOOK_AGAIN),
        Seen::Refused(why) => draft.refused(format_args!("who the bot is in {region}"), why),
        Seen::Known(caller) => draft.judge(
            app.primary.account.as_ref().is_none_or(|account| *account == caller.account),
            format!("{} in account {}, {region}", caller.arn, caller.account),
            format!("{} is in account {}", caller.arn, caller.account),
            format!("give the bot an identity in the account of {region}"),
        ),
    }
}

fn service_check(app: &Application, service: &NamedService) -> Check {
    let draft = blocking(format!("service-{}", service.name));
    let region = &app.primary.region;
    let stack = app.failback.stacks.workloads(&service.name, region);
    match &service.state {
        Seen::Unknown(why) => draft.unknown(why, LOOK_AGAIN),
        Seen::Refused(why) => draft.refused(format_args!("service {} in {region}", service.name), why),
        Seen::Known(None) => {
            draft.fail(format!("there is no service {} in {region}", service.name), format!("apply stack {stack}"))
        }
        Seen::Known(Some(state)) => draft.judge(
            state.status == "ACTIVE",
            format!("{} of {} tasks running in {region}", state.running, state.desired),
            format!("{} is {}", service.name, state.status),
            format!("apply stack {stack}"),
        ),
    }
}

/// What is at stake where a stale cluster is to be deleted.
fn stale(app: &Application, observation: &Observation, stake: Option<&Stake>) -> Option<Check> {
    let (Former::Detached(stale), stake) = (Former::seen(app, observation)?, stake?) else { return None };
    Some(warning("stale-data").fail(
        format!(
            "{} ({}, {} instances) may hold writes that were not replicated: {stake}",
            stale.arn,
            stale.status,
            stale.instances.len()
        ),
        "its snapshot keeps them: compare it with the new writer before you let it go",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{fixture, readiness::Outcome, topology::SideName};

    #[test]
    fn a_promoted_pair_with_a_stale_primary_warns_of_its_data() {
        let mut observation = fixture::moved();
        observation.records = fixture::at(SideName::Dr);
        if let Seen::Known(global) = &mut observation.global {
            global.members.retain(|member| member.writer);
        }
        let open: Vec<_> = checks(&fixture::app(), &observation, Some(&fixture::stake()))
            .into_iter()
            .filter(|check| check.outcome() != Outcome::Pass)
            .map(|check| check.id)
            .collect();
        assert_eq!(open, ["stale-data"]);
    }
}
