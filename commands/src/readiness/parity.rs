//! Whether the tasks of the side that is to take over run what those of the other side run.

use super::{Check, LOOK_AGAIN, Target, capacity::named, warning};
use crate::{
    observation::{Observation, ServiceState, TaskShape},
    topology::SideName,
    vcpus::UNITS,
};

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
    draft.judge(same_task(primary.1, dr.1), format!("both sides run {}", shape(dr.1)), detail, fix)
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
