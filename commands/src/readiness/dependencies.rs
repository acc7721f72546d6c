//! Checks of what the tasks of the side that is to take over need before they can start. Blocking is only what certainly keeps new tasks from starting; what couldn't be seen is a warning,
//! and never green. Where there is nothing to look at, there is no check.

use jiff::{SignedDuration, Timestamp};

use super::{Check, Draft, LOOK_AGAIN, Target, blocking, warning};
use crate::{
    dependencies::{Certificate, Dependencies, Image, Looked, Secret},
    needs::{EcrImage, LogTarget, SecretRef},
    observation::{Observation, Seen, ServiceState, TaskShape},
    topology::Service,
};

/// ACM renews 60 days before the end, and warns of what it couldn't renew from 45 days on.
const CERTIFICATE: SignedDuration = SignedDuration::from_hours(14 * 24);
/// A deployment runs old and new tasks side by side, so the subnets need room for twice as many.
const ROOM: i64 = 2;

pub(super) fn checks(target: &Target<'_>, observation: &Observation, now: Timestamp) -> Vec<Check> {
    let Some(found) = &observation.side(target.side).dependencies else { return Vec::new() };
    let mut checks = Vec::new();
    for (service, state) in states(target, observation) {
        let Seen::Known(task) = &state.task else { continue };
        checks.extend(images(target, service, task, found));
        checks.extend(secrets(target, service, task, found));
        checks.extend(logs(target, service, task, found));
    }
    checks.extend(addresses(target, observation, found));
    checks.extend(certificate(target, found, now));
    checks
}

fn states<'a>(
    target: &'a Target<'_>,
    observation: &'a Observation,
) -> impl Iterator<Item = (&'a Service, &'a ServiceState)> {
    target.services.iter().filter_map(|service| {
        let named = observation.side(target.side).services.iter().find(|named| named.name == service.name)?;
        Some((service, named.state.known()?.as_ref()?))
    })
}

/// What was found wrong with several things of one kind, put together into one check.
#[derive(Default)]
struct Findings {
    /// Certainly keeps tasks from starting.
    broken: Vec<String>,
    /// Breaks on the day, or isn't what people expect.
    doubtful: Vec<String>,
    /// Couldn't be seen.
    unseen: Vec<String>,
}

impl Findings {
    /// The one check, with everything in its detail; `fix` goes for what is broken or doubtful.
    fn check(self, id: String, good: String, fix: String) -> Check {
        let Self { broken, doubtful, unseen } = self;
        let draft = |draft: fn(String) -> Draft| draft(id.clone());
        let all = || [broken.as_slice(), &doubtful, &unseen].concat().join("; ");
        match (broken.is_empty(), doubtful.is_empty(), unseen.is_empty()) {
            (true, true, true) => draft(blocking).pass(good),
            (false, ..) => draft(blocking).fail(all(), fix),
            (true, false, _) => draft(warning).fail(all(), fix),
            (true, true, false) => draft(warning).unknown(all(), LOOK_AGAIN),
        }
    }

    /// What wasn't seen of a thing.
    fn unseen<T>(&mut self, what: &str, seen: &Seen<T>) {
        if let Some(why) = seen.why() {
            self.unseen.push(format!("{what} couldn't be checked: {why}"));
        }
    }
}

fn of<'a, T>(all: &'a [Looked<T>], name: &str) -> Option<&'a Seen<T>> {
    all.iter().find(|looked| looked.name == name).map(|looked| &looked.state)
}

fn images(target: &Target<'_>, service: &Service, task: &TaskShape, found: &Dependencies) -> Option<Check> {
    let (other, here) = target.regions();
    let ours = task.images.iter().filter_map(|image| Some((image, EcrImage::of(image)?)));
    let mut findings = Findings::default();
    let mut count = 0;
    for (image, parts) in ours {
        if parts.region == other && other != here {
            count += 1;
            findings
                .doubtful
                .push(format!("{image} is pulled from {other}: tasks can't start in {here} while it's down"));
        }
        let Some(seen) = of(&found.images, image) else { continue };
        count += 1;
        match seen {
            Seen::Known(Image::Missing) => findings.broken.push(format!("{image} isn't in the registry")),
            Seen::Known(Image::There { digest, other: Some(theirs) }) if digest != theirs => {
                findings.doubtful.push(format!(
                    "{image} is {} in {here} and {} in {other}: {} runs other code",
                    short(digest),
                    short(theirs),
                    target.place()
                ));
            }
            Seen::Known(Image::There { .. } | Image::PulledThrough) => {}
            unseen => findings.unseen(image, unseen),
        }
    }
    let name = &service.name;
    let fix = format!(
        "push the image to {here}'s registry or let ECR replicate it there (`aws ecr put-replication-configuration`), and name that registry in the task \
         definition of {name}"
    );
    (count > 0)
        .then(|| findings.check(format!("images-{name}"), format!("images of {name} are in {here}'s registry"), fix))
}

/// Enough of a digest to tell it from another.
fn short(digest: &str) -> &str {
    digest.get(..19).unwrap_or(digest)
}

fn secrets(target: &Target<'_>, service: &Service, task: &TaskShape, found: &Dependencies) -> Option<Check> {
    let (other, here) = target.regions();
    let mut findings = Findings::default();
    for value in &task.needs.secrets {
        if SecretRef::of(value).region() == Some(other) && other != here {
            findings
                .doubtful
                .push(format!("{value} is read from {other}: tasks can't start in {here} while it's down"));
        }
        match of(&found.secrets, value) {
            None | Some(Seen::Known(Secret::There)) => {}
            Some(Seen::Known(Secret::Missing)) => findings.broken.push(format!("{value} isn't in {here}")),
            Some(Seen::Known(Secret::Deleted)) => findings.broken.push(format!("{value} is scheduled for deletion")),
            Some(Seen::Known(Secret::Behind(why))) => {
                findings.doubtful.push(format!("the replication of {value} failed ({why}): {here} has an old value"));
            }
            Some(unseen) => findings.unseen(value, unseen),
        }
    }
    let name = &service.name;
    let fix = format!(
        "replicate secrets to {here} (`aws secretsmanager replicate-secret-to-regions`), create parameters there, and name those of {here} in the task \
         definition of {name}"
    );
    (!task.needs.secrets.is_empty())
        .then(|| findings.check(format!("secrets-{name}"), format!("secrets of {name} are in {here}"), fix))
}

fn logs(target: &Target<'_>, service: &Service, task: &TaskShape, found: &Dependencies) -> Option<Check> {
    let (other, here) = target.regions();
    let mut findings = Findings::default();
    for LogTarget { group, region, .. } in &task.needs.logs {
        if region.as_ref() == Some(other) && other != here {
            findings
                .doubtful
                .push(format!("logs go to {group} in {other}: tasks can't start in {here} while it's down"));
            continue;
        }
        match of(&found.log_groups, group) {
            None | Some(Seen::Known(true)) => {}
            Some(Seen::Known(false)) => findings.broken.push(format!("there is no log group {group} in {here}")),
            Some(unseen) => findings.unseen(group, unseen),
        }
    }
    let name = &service.name;
    let fix = format!(
        "set `awslogs-region` to {here} in the task definition of {name}, and create the group there: `aws logs create-log-group --region {here}`"
    );
    (!task.needs.logs.is_empty())
        .then(|| findings.check(format!("logs-{name}"), format!("log groups of {name} are in {here}"), fix))
}

/// Each task takes an address. Services that share subnets share their addresses.
fn addresses(target: &Target<'_>, observation: &Observation, found: &Dependencies) -> Option<Check> {
    let mut pools: Vec<(Vec<&str>, i64, Vec<&str>)> = Vec::new();
    for (service, state) in states(target, observation).filter(|(_, state)| !state.subnets.is_empty()) {
        let mut subnets: Vec<&str> = state.subnets.iter().map(String::as_str).collect();
        subnets.sort_unstable();
        let more = i64::from(service.desired.max(state.desired) - state.running).max(0);
        match pools.iter_mut().find(|(pool, ..)| *pool == subnets) {
            Some((_, need, names)) => {
                *need += more;
                names.push(&service.name);
            }
            None => pools.push((subnets, more, vec![&service.name])),
        }
    }
    let mut findings = Findings::default();
    let mut good = Vec::new();
    for (subnets, need, names) in &pools {
        let (names, list) = (names.join(", "), subnets.join(", "));
        let seen: Vec<_> = subnets.iter().filter_map(|id| of(&found.subnets, id)).collect();
        if let Some(unseen) = seen.iter().find(|seen| seen.why().is_some()) {
            findings.unseen(&list, unseen);
            continue;
        }
        let free: i64 = seen.iter().filter_map(|seen| seen.known()).sum();
        let detail = format!("{list} have {free} free addresses for the {need} tasks that {names} still start");
        match free {
            _ if free < *need => findings.broken.push(detail),
            _ if free < need * ROOM => findings.doubtful.push(detail),
            _ => good.push(detail),
        }
    }
    let fix = format!("free addresses, or give the services larger or more subnets in {}", target.region().region);
    (!pools.is_empty()).then(|| findings.check("addresses".to_owned(), good.join("; "), fix))
}

fn certificate(target: &Target<'_>, found: &Dependencies, now: Timestamp) -> Option<Check> {
    let mut findings = Findings::default();
    let mut good = Vec::new();
    for Looked { name, state } in &found.certificates {
        match state {
            Seen::Known(certificate) => match ends(certificate, now) {
                Ok(until) => good.push(format!("{name} is good until {until}")),
                Err(why) => findings.doubtful.push(format!("{name} {why}")),
            },
            unseen => findings.unseen(name, unseen),
        }
    }
    let fix = format!(
        "see why ACM doesn't renew it (`aws acm describe-certificate --region {}`), or give the listener another certificate",
        target.region().region
    );
    (!found.certificates.is_empty()).then(|| findings.check("certificate".to_owned(), good.join("; "), fix))
}

/// The day on which a certificate ends, or what is wrong with it.
fn ends(certificate: &Certificate, now: Timestamp) -> Result<String, String> {
    let Certificate { not_after, status, renewal } = certificate;
    let day = not_after.map(|at| at.strftime("%Y-%m-%d").to_string());
    let renewal = renewal.as_ref().map(|renewal| format!(", renewal {renewal}")).unwrap_or_default();
    match (day, not_after) {
        (Some(day), Some(at)) if *at <= now => Err(format!("expired on {day}{renewal}")),
        (Some(day), Some(at)) if at.duration_since(now) < CERTIFICATE => Err(format!("expires on {day}{renewal}")),
        (Some(day), _) if status == "ISSUED" => Ok(day),
        _ => Err(format!("is {status}{renewal}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        fixture,
        needs::Needs,
        observation::{NamedService, ServiceState},
        readiness::Outcome,
        topology::SideName,
    };

    const HERE: &str = "123456789012.dkr.ecr.us-west-2.amazonaws.com/shop/web:1.2";
    const THERE: &str = "123456789012.dkr.ecr.us-east-1.amazonaws.com/shop/web:1.2";
    const SECRET: &str = "arn:aws:secretsmanager:us-west-2:123456789012:secret:db-AbCdEf";

    fn looked<T>(name: &str, state: Seen<T>) -> Vec<Looked<T>> {
        vec![Looked { name: name.to_owned(), state }]
    }

    /// The checks after this was seen of a service in DR with one image and these needs.
    fn checked(image: &str, needs: Needs, dependencies: Dependencies) -> Vec<Check> {
        let mut observation = fixture::steady();
        let task = Seen::Known(TaskShape { cpu: 1024, images: vec![image.into()], needs, registered_at: None });
        let state = ServiceState { task, subnets: vec!["subnet-1".into()], ..fixture::service(1) };
        observation.dr.services = vec![NamedService { name: "web".into(), state: Seen::Known(Some(state)) }];
        observation.dr.dependencies = Some(dependencies);
        let app = fixture::app();
        checks(&Target::of(&app, &observation, SideName::Dr), &observation, fixture::now())
    }

    /// How the check stands: `pass`, `block`, `warn` or `unknown`.
    fn stands(checks: &[Check], id: &str) -> &'static str {
        match checks.iter().find(|check| check.id == id).map(|check| (check.outcome(), check.blocks())) {
            None => "none",
            Some((Outcome::Pass, _)) => "pass",
            Some((_, true)) => "block",
            Some((Outcome::Fail, _)) => "warn",
            Some((Outcome::Unknown, _)) => "unknown",
        }
    }

    #[test]
    fn images_are_judged_by_registry_and_digest() {
        let of = |image: &str, state: Option<Seen<Image>>| {
            let images = state.map(|state| looked(image, state)).unwrap_or_default();
            stands(&checked(image, Needs::default(), Dependencies { images, ..Dependencies::default() }), "images-web")
        };
        let there = |primary: Option<&str>| {
            Some(Seen::Known(Image::There { digest: "sha256:a".into(), other: primary.map(str::to_owned) }))
        };
        assert_eq!(of(HERE, there(Some("sha256:a"))), "pass");
        assert_eq!(of(HERE, there(None)), "pass");
        assert_eq!(of(HERE, there(Some("sha256:b"))), "warn");
        assert_eq!(of(HERE, Some(Seen::Known(Image::Missing))), "block");
        assert_eq!(of(HERE, Some(Seen::Known(Image::PulledThrough))), "pass");
        assert_eq!(of(HERE, Some(Seen::Refused("denied".into()))), "unknown");
        assert_eq!(of(THERE, None), "warn");
        assert_eq!(of("nginx:1", None), "none");
    }

    #[test]
    fn secrets_and_logs_must_be_in_dr() {
        let of = |value: &str, state: Option<Seen<Secret>>| {
            let needs = Needs { secrets: vec![value.into()], logs: vec![] };
            let secrets = state.map(|state| looked(value, state)).unwrap_or_default();
            stands(&checked("nginx", needs, Dependencies { secrets, ..Dependencies::default() }), "secrets-web")
        };
        assert_eq!(of(SECRET, Some(Seen::Known(Secret::There))), "pass");
        assert_eq!(of(SECRET, Some(Seen::Known(Secret::Missing))), "block");
        assert_eq!(of(SECRET, Some(Seen::Known(Secret::Deleted))), "block");
        assert_eq!(of(SECRET, Some(Seen::Known(Secret::Behind("denied".into())))), "warn");
        assert_eq!(of(SECRET, Some(Seen::Refused("denied".into()))), "unknown");
        assert_eq!(of("arn:aws:ssm:us-east-1:123456789012:parameter/flags", None), "warn");

        let log = |region: Option<&str>, found: Option<Seen<bool>>| {
            let target =
                LogTarget { group: "/shop".into(), region: region.map(str::to_owned), created: found.is_none() };
            let needs = Needs { secrets: vec![], logs: vec![target] };
            let log_groups = found.map(|found| looked("/shop", found)).unwrap_or_default();
            stands(&checked("nginx", needs, Dependencies { log_groups, ..Dependencies::default() }), "logs-web")
        };
        assert_eq!(log(Some("us-west-2"), Some(Seen::Known(true))), "pass");
        assert_eq!(log(None, Some(Seen::Known(false))), "block");
        assert_eq!(log(None, None), "pass");
        assert_eq!(log(Some("us-east-1"), None), "warn");
        assert_eq!(log(None, Some(Seen::Unknown("no answer".into()))), "unknown");
    }

    #[test]
    fn addresses_must_suffice_for_the_tasks_to_start() {
        let of = |state: Seen<i64>| {
            let subnets = looked("subnet-1", state);
            let found = checked("nginx", Needs::default(), Dependencies { subnets, ..Dependencies::default() });
            stands(&found, "addresses")
        };
        // 3 more of 4 tasks are to start.
        assert_eq!(of(Seen::Known(2)), "block");
        assert_eq!(of(Seen::Known(5)), "warn");
        assert_eq!(of(Seen::Known(6)), "pass");
        assert_eq!(of(Seen::Refused("denied".into())), "unknown");
    }

    #[test]
    fn a_certificate_that_ends_is_told_with_its_day() {
        let of = |days: i64, status: &str| {
            let not_after = Some(fixture::now() + SignedDuration::from_hours(24 * days));
            let found = Certificate { not_after, status: status.into(), renewal: None };
            let certificates = looked("arn", Seen::Known(found));
            let found = checked("nginx", Needs::default(), Dependencies { certificates, ..Dependencies::default() });
            let detail = found.iter().find(|check| check.id == "certificate").map(|check| check.detail.clone());
            (stands(&found, "certificate"), detail.unwrap_or_default())
        };
        assert_eq!(of(90, "ISSUED").0, "pass");
        assert!(matches!(of(10, "ISSUED"), ("warn", detail) if detail.contains("expires on 2026-12-02")));
        assert!(matches!(of(-1, "EXPIRED"), ("warn", detail) if detail.contains("expired on 2026-11-21")));
        assert_eq!(of(90, "REVOKED").0, "warn");
    }
}
