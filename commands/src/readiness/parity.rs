//! Whether the tasks of the side that is to take over run what those of the other side run.

use jiff::SignedDuration;

use super::{Check, LOOK_AGAIN, Target, capacity::named, warning};
use crate::{
    observation::{Observation, ServiceState, TaskShape},
    topology::SideName,
    vcpus::UNITS,
};

/// A pipeline that deploys to both regions has done so within this time.
const TOGETHER: SignedDuration = SignedDuration::from_hours(1);

pub(super) fn check(target: &Target<'_>, observation: &Observation, name: &str) -> Check {
    let draft = warning(format!("task-parity-{name}"));
    let of = |side: SideName| {
        let state = named(&observation.side(side).services, name)?.known()?.as_ref()?;
        Some((state, state.task.known()?))
    };
    let (Some(primary), Some(dr)) = (of(SideName::Primary), of(SideName::Dr)) else {
        return draft.unknown(format!("the tasks of {name} on both sides could not be compared"), LOOK_AGAIN);
    };
    let (here, there) = (&target.app.primary.region, &target.app.dr.region);
    let (detail, fix) = match target.side {
        SideName::Dr => (
            format!("the primary runs {}, DR {}", shape(primary.1), shape(dr.1)),
            "deploy the same version to DR, or know that it serves another one".to_owned(),
        ),
        // What was mended in the incident is in the region that serves, and often nowhere else.
        SideName::Primary => (
            format!("{there} serves {}, and {here} would serve {}", version(dr), version(primary)),
            format!("deploy the same version to {here}, or know that users get another one"),
        ),
    };
    let same = same_task(primary.1, dr.1);
    let stale = target.side == SideName::Primary && newer(dr, primary);
    draft.judge(same && !stale, format!("both sides run {}", shape(dr.1)), detail, fix)
}

/// Whether the first one's task definition is newer than the other's: with the same image it may still have other settings or secrets.
fn newer(one: (&ServiceState, &TaskShape), other: (&ServiceState, &TaskShape)) -> bool {
    match (one.1.registered_at, other.1.registered_at) {
        (Some(one), Some(other)) => one.duration_since(other) > TOGETHER,
        // Revisions are counted in each region by itself, which is the next best to go by.
        _ => match (revision(&one.0.task_definition), revision(&other.0.task_definition)) {
            (Some((family, one)), Some((same, other))) => family == same && one > other,
            _ => false,
        },
    }
}

/// Family and revision of `arn:…:task-definition/family:7` or `family:7`.
fn revision(task_definition: &str) -> Option<(&str, u32)> {
    let (family, revision) = task_definition.rsplit('/').next()?.split_once(':')?;
    Some((family, revision.parse().ok()?))
}

/// Registries may differ by region: repository and tag are what must agree.
fn same_task(primary: &TaskShape, dr: &TaskShape) -> bool {
    let names =
        |task: &TaskShape| -> Vec<String> { task.images.iter().map(|image| repository(image).to_owned()).collect() };
    primary.cpu == dr.cpu && names(primary) == names(dr)
}

/// An image without its registry: what comes before the first `/` if it has a dot or a port.
fn repository(image: &str) -> &str {
    match image.split_once('/') {
        Some((registry, rest)) if registry.contains(['.', ':']) => rest,
        _ => image,
    }
}

fn shape(task: &TaskShape) -> String {
    format!("{} ({} vCPU)", task.images.join(", "), f64::from(task.cpu) / UNITS)
}

/// What a service runs, with the family and revision of its task definition.
fn version((state, task): (&ServiceState, &TaskShape)) -> String {
    let definition = state.task_definition.rsplit('/').next().unwrap_or_default();
    let images: Vec<&str> = task.images.iter().map(|image| repository(image)).collect();
    format!("{} ({definition}, {} vCPU)", images.join(", "), f64::from(task.cpu) / UNITS)
}
