//! Whether production fits into Fargate's quotas: a check for each quota that the application uses. One quota holds for all that the account runs
//! in the region, so the other applications count too. A quota is not capacity: that shows only when tasks are placed.

use super::{Check, LOOK_AGAIN, Target, blocking, capacity::named, warning};
use crate::{
    observation::Observation,
    vcpus::{Need, Neighbor, Quota, Vcpus, needed},
};

/// Above this share of the quota people should know: what Standby doesn't know of takes from the same quota.
const HEADROOM: f64 = 0.8;

/// One of Fargate's two quotas.
struct Kind {
    id: &'static str,
    code: &'static str,
    name: &'static str,
    of: fn(Vcpus) -> f64,
}

const ON_DEMAND: Kind =
    Kind { id: "vcpu-quota", code: "L-3032A538", name: "Fargate On-Demand", of: |vcpus| vcpus.on_demand };
const SPOT: Kind = Kind { id: "vcpu-quota-spot", code: "L-36FBB829", name: "Fargate Spot", of: |vcpus| vcpus.spot };

pub(super) fn checks(target: &Target<'_>, observation: &Observation) -> Vec<Check> {
    let side = observation.side(target.side);
    let Some(quotas) = &side.vcpu_quotas else {
        return vec![warning(ON_DEMAND.id).unknown("Fargate's vCPU quota was not looked up", LOOK_AGAIN)];
    };
    let states =
        target.services.iter().map(|service| needed(service, named(&side.services, &service.name)?.known()?.as_ref()?));
    let Some(own) = states.collect::<Option<Vec<Need>>>() else {
        return vec![warning(ON_DEMAND.id).unknown("the size of a service's tasks is not known", LOOK_AGAIN)];
    };
    let own = own.into_iter().fold(Need::default(), |sum, need| sum + need);
    let used = |kind: &Kind| (kind.of)(own.production) > 0.0;
    let mut checks = Vec::new();
    if used(&ON_DEMAND) {
        checks.push(fits(&ON_DEMAND, target, own, &quotas.on_demand, &quotas.others));
    }
    if used(&SPOT) {
        checks.push(fits(&SPOT, target, own, &quotas.spot, &quotas.others));
    }
    if checks.is_empty() {
        checks.push(blocking(ON_DEMAND.id).pass("no service takes vCPUs of Fargate's quotas"));
    }
    checks
}

/// What the application needs beside what the others take now must fit; whether all fit in production at once people should know.
fn fits(kind: &Kind, target: &Target<'_>, own: Need, quota: &Quota, others: &[Neighbor]) -> Check {
    let Kind { id, code, name, of } = kind;
    let region = &target.region().region;
    let need = of(own.production);
    let fix = format!("raise the quota {code} ({name} vCPU) in {region}");
    let Some(&granted) = quota.granted.known() else {
        let why = quota.granted.why().unwrap_or_default();
        return warning(*id).unknown(
            match quota.default {
                Some(default) => format!("production needs {need} vCPU of {name}; AWS's default is {default}, and what this account has is not known: {why}"),
                None => format!("production needs {need} vCPU of {name}, and the quota is not known: {why}"),
            },
            format!("see in Service Quotas that {code} of {region} is enough; a {} is not blocked by this", target.deed()),
        );
    };
    let known: Vec<(&str, Need)> =
        others.iter().filter_map(|other| Some((other.application.as_str(), *other.need.known()?))).collect();
    let taking: Vec<&(&str, Need)> = known.iter().filter(|(_, it)| of(it.production) > 0.0).collect();
    let now: f64 = need + taking.iter().map(|(_, it)| of(it.now)).sum::<f64>();
    let all: f64 = need + taking.iter().map(|(_, it)| of(it.production)).sum::<f64>();
    let named: Vec<String> = taking.iter().map(|(name, it)| format!("{name} {}", of(it.production))).collect();
    let detail = match named.is_empty() {
        true => format!("production needs {need} vCPU of the {granted} that {name} grants in {region}"),
        false => format!(
            "production needs {need} vCPU of the {granted} that {name} grants in {region}, and {all} with the other applications ({})",
            named.join(", ")
        ),
    };
    if now > granted {
        return blocking(*id).fail(detail, fix);
    }
    if all > granted * HEADROOM {
        return warning(*id).fail(detail, fix);
    }
    match others.iter().find_map(|other| Some((&other.application, other.need.why()?))) {
        Some((other, why)) => {
            warning(*id).unknown(format!("{detail}; what {other} needs is not known: {why}"), LOOK_AGAIN)
        }
        None => blocking(*id).pass(detail),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        fixture,
        observation::{Provider, Seen},
        readiness::{Level, Outcome},
        topology::SideName,
        vcpus::VcpuQuotas,
    };

    /// The checks of an application that needs 4 vCPU, all of that provider.
    fn found(provider: &str, change: impl FnOnce(&mut VcpuQuotas)) -> Vec<(String, Level, Outcome)> {
        let mut observation = fixture::steady();
        let mut state = fixture::service(1);
        state.providers = vec![Provider { name: provider.into(), base: 0, weight: 1 }];
        observation.dr.services[0].state = Seen::Known(Some(state));
        if let Some(quotas) = &mut observation.dr.vcpu_quotas {
            change(quotas);
        }
        let app = fixture::app();
        let checks = checks(&Target::of(&app, &observation, SideName::Dr), &observation).into_iter();
        checks.map(|check| (check.id.clone(), check.level, check.outcome())).collect()
    }

    fn one(provider: &str, change: impl FnOnce(&mut VcpuQuotas)) -> (Level, Outcome) {
        let found = found(provider, change);
        assert_eq!(found.len(), 1, "{found:?}");
        (found[0].1, found[0].2)
    }

    fn neighbor(now: f64, production: f64) -> Neighbor {
        let on_demand = |vcpus| Vcpus { on_demand: vcpus, spot: 0.0 };
        let need = Seen::Known(Need { now: on_demand(now), production: on_demand(production) });
        Neighbor { application: "billing".into(), need }
    }

    #[test]
    fn the_quota_blocks_by_arithmetic() {
        let granted = |vcpus| one("FARGATE", |quotas| quotas.on_demand.granted = Seen::Known(vcpus));
        assert_eq!(granted(3.0), (Level::Blocking, Outcome::Fail));
        assert_eq!(granted(4.5), (Level::Warning, Outcome::Fail));
        assert_eq!(granted(6.0).1, Outcome::Pass);
    }

    #[test]
    fn the_quota_is_that_of_the_provider() {
        let little = |quotas: &mut VcpuQuotas| quotas.on_demand.granted = Seen::Known(1.0);
        assert_eq!(found("FARGATE_SPOT", little), [("vcpu-quota-spot".to_owned(), Level::Blocking, Outcome::Pass)]);
        assert_eq!(found("EC2", little), [("vcpu-quota".to_owned(), Level::Blocking, Outcome::Pass)]);
        let spot = |quotas: &mut VcpuQuotas| quotas.spot.granted = Seen::Known(1.0);
        assert_eq!(one("FARGATE_SPOT", spot), (Level::Blocking, Outcome::Fail));
        assert_eq!(one("FARGATE", spot).1, Outcome::Pass);
    }

    #[test]
    fn other_applications_take_from_the_same_quota() {
        let with = |now, production| {
            one("FARGATE", |quotas| {
                quotas.on_demand.granted = Seen::Known(10.0);
                quotas.others = vec![neighbor(now, production)];
            })
        };
        assert_eq!(with(1.0, 4.0).1, Outcome::Pass);
        assert_eq!(with(1.0, 7.0), (Level::Warning, Outcome::Fail), "alone it fits");
        assert_eq!(with(7.0, 7.0), (Level::Blocking, Outcome::Fail));
    }

    #[test]
    fn what_is_not_known_is_told_and_never_blocks() {
        let no_value = |quotas: &mut VcpuQuotas| {
            quotas.on_demand = Quota { granted: Seen::Unknown("NoSuchResourceException".into()), default: Some(1.0) };
        };
        assert_eq!(one("FARGATE", no_value), (Level::Warning, Outcome::Unknown));
        let unseen = |quotas: &mut VcpuQuotas| {
            quotas.others = vec![Neighbor { application: "billing".into(), need: Seen::Unknown("denied".into()) }];
        };
        assert_eq!(one("FARGATE", unseen), (Level::Warning, Outcome::Unknown));
    }
}
