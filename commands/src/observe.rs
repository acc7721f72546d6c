//! Looks at everything of a pair at once. Each look has its own deadline, so that a dark region costs its answers and nothing else.

use std::{future::Future, time::Duration};

use futures::{
    future::{OptionFuture, join_all},
    join,
};
use storage::Clock;
use tokio::time::{Instant, timeout};

use crate::{
    aws::{Aws, AwsError, AwsErrorKind},
    dependencies::Dependencies,
    elsewhere::must_list,
    observation::{NamedRecord, NamedService, NamedZone, Observation, Seen, Side},
    rescue::Rescue,
    stake::{Attached, Fence, Moved, Stake},
    topology::{Application, SideName},
};

/// Looks end with the deadlines of their calls; what is held up by anything else (retries, credentials) is cut off this much later.
const GRACE: Duration = Duration::from_millis(250);

/// Everything seen of the pair, complete within `timing.observation` and a quarter of a second: what a promote depends on, of the primary as far
/// as it's needed beside.
pub async fn observe(aws: &Aws, app: &Application, clock: &Clock) -> Observation {
    observe_for(aws, app, clock, SideName::Dr).await
}

/// The same for a move to that side: what the side that is to take over needs is looked up there.
pub(crate) async fn observe_for(aws: &Aws, app: &Application, clock: &Clock, target: SideName) -> Observation {
    let patience = app.timing.observation;
    let began = Instant::now();
    let dr = &app.dr.region;
    let records = app.records.iter().map(async |record| NamedRecord {
        zone: record.zone.clone(),
        name: record.name.clone(),
        sets: look("Route 53", patience, aws.record_sets(record)).await,
    });
    let zones = app.zones().into_iter().map(|zone| observe_zone(aws, app, zone));
    let global = async {
        let global = look(dr, patience, aws.global_cluster(SideName::Dr)).await;
        let lists =
            target == SideName::Primary && global.known().and_then(Option::as_ref).is_some_and(|it| must_list(app, it));
        // It shares the observation's deadline, counted from its beginning.
        let left = patience.saturating_sub(began.elapsed());
        let found = lists.then(|| look(&app.primary.region, left, aws.clusters(SideName::Primary)));
        (global, OptionFuture::from(found).await)
    };
    let ((global, found), lag, records, zones, primary, dr) = join!(
        global,
        look(&app.side(target).region, patience, aws.lag(target)),
        join_all(records),
        join_all(zones),
        // Boxed: dozens of looks at once are more than a worker's stack should hold.
        Box::pin(observe_side(aws, app, SideName::Primary, target)),
        Box::pin(observe_side(aws, app, SideName::Dr, target)),
    );
    let global = existing(global, || format!("global cluster {} in {}", app.global_cluster, app.dr.region));
    Observation { at: clock.now(), global, lag, records, zones, found, primary, dr }
}

/// What AWS knows about an old primary and its data, within the time of one observation: whether writes were blocked after `moved`, which RDS reports in
/// the region of either cluster, who has connected since, what Aurora saved, and what is attached.
pub(crate) async fn observe_stale(aws: &Aws, app: &Application, moved: Option<Moved>) -> Stake {
    let (patience, old) = (app.timing.observation, &app.primary.region);
    let (since, over) = (moved.as_ref().map(|moved| moved.at), moved.as_ref().map(|moved| moved.over));
    let (here, there, connections, snapshots, deployments, proxies, endpoints) = join!(
        look(&app.dr.region, patience, aws.fence(SideName::Dr, since)),
        look(old, patience, aws.fence(SideName::Primary, since)),
        look(old, patience, aws.connections(over)),
        look(old, patience, aws.cluster_snapshots(SideName::Primary)),
        look(old, patience, aws.blue_green_deployments()),
        look(old, patience, aws.proxies()),
        look(old, patience, aws.custom_endpoints()),
    );
    Stake {
        moved,
        fence: Fence::of_both(here, there),
        connections,
        rescues: snapshots.map(|snapshots| Rescue::among(&snapshots)),
        attached: Attached { deployments, proxies, endpoints },
    }
}

async fn observe_zone(aws: &Aws, app: &Application, zone: &str) -> NamedZone {
    let patience = app.timing.observation;
    let names: Vec<&str> =
        app.records.iter().filter(|record| record.zone == zone).map(|record| record.name.as_str()).collect();
    let state = async {
        let state = look("Route 53", patience, aws.zone(zone)).await;
        let protections = match &state {
            Seen::Known(state) if state.protectable => look("Route 53", patience, aws.protections(zone)).await,
            Seen::Known(_) => Seen::Known(Vec::new()),
            Seen::Unknown(why) | Seen::Refused(why) => Seen::Unknown(why.clone()),
        };
        (state, protections)
    };
    let ((state, protections), private) = join!(state, look("Route 53", patience, aws.private_zones(zone, &names)));
    NamedZone { id: zone.to_owned(), state, protections, private }
}

async fn observe_side(aws: &Aws, app: &Application, side: SideName, target: SideName) -> Side {
    let patience = app.timing.observation;
    let region = app.side(side);
    let name = region.region.as_str();
    let began = Instant::now();
    let services = app.services.iter().map(async |service| NamedService {
        name: service.name.clone(),
        state: look(name, patience, aws.service(side, &service.name)).await,
    });
    let services = async {
        let services = join_all(services).await;
        // What they need is known by their task definitions. It shares the observation's deadline, counted from its beginning.
        let needed = (side == target).then(|| Box::pin(aws.dependencies(side, &services, began)));
        let needed = OptionFuture::from(needed).await;
        (services, needed)
    };
    let certificates = (side == target).then(|| aws.certificates(side));
    let listener = region.listener.as_ref().map(async |listener| {
        existing(look(name, patience, aws.listener(side)).await, || format!("listener {} in {name}", listener.arn))
    });
    let quotas = (side == target).then(|| aws.vcpu_quotas(side));
    let (caller, db, (services, dependencies), certificates, listener, endpoint, vcpu_quotas) = join!(
        look(name, patience, aws.caller(side)),
        look(name, patience, aws.db_cluster(side)),
        services,
        OptionFuture::from(certificates),
        OptionFuture::from(listener),
        aws.probe(Some(&region.endpoint.dns_name)),
        OptionFuture::from(quotas),
    );
    let endpoint = endpoint.map_or_else(|error| Seen::Unknown(error.to_string()), Seen::Known);
    let certificates = certificates.unwrap_or_default();
    let dependencies = dependencies.map(|dependencies| Dependencies { certificates, ..dependencies });
    Side { caller, db, services, listener, endpoint, vcpu_quotas, dependencies }
}

/// One look. `place` is who should answer.
async fn look<T>(place: &str, patience: Duration, call: impl Future<Output = Result<T, AwsError>>) -> Seen<T> {
    let limit = patience + GRACE;
    match timeout(limit, call).await {
        Ok(Ok(value)) => Seen::Known(value),
        Ok(Err(error)) if error.kind == AwsErrorKind::Timeout => {
            Seen::Unknown(format!("{place} did not answer ({})", error.message))
        }
        Ok(Err(error)) => error.seen(),
        Err(_) => Seen::Unknown(format!("{place} did not answer (nothing within {} s)", limit.as_secs_f64())),
    }
}

/// What the configuration names and AWS does not have: looking again will not find it.
fn existing<T>(seen: Seen<Option<T>>, what: impl FnOnce() -> String) -> Seen<T> {
    match seen {
        Seen::Known(Some(found)) => Seen::Known(found),
        Seen::Known(None) => Seen::Refused(format!("there is no {}", what())),
        Seen::Unknown(why) => Seen::Unknown(why),
        Seen::Refused(why) => Seen::Refused(why),
    }
}
