//! DR's services are back at warm idle, minimum first, and scheduled scaling that this bot suspended runs again in both regions.
//!
//! Nothing is taken from DR while users may need it: the record must point at the primary, resolvers must have that, the primary must write and have its
//! capacity, whatever the steps before saw, or people skipped.

use futures::future::try_join_all;

use super::{
    Memory, Sight, capacity,
    serves::{self, NotYet},
    writer,
};
use crate::{
    aws::AwsError,
    engine::{
        Pair,
        act::{Action, Wanted},
    },
    goals,
    observation::ServiceState,
    run::Run,
    topology::{Service, SideName},
};

pub(super) async fn look(pair: &Pair, run: &Run, memory: &mut Memory) -> Result<Sight, AwsError> {
    let suspended = run.suspended(&pair.app);
    let was_suspended = |side: SideName, service: &Service| {
        suspended.iter().any(|found| found.side == side && found.service == service.name)
    };
    let (mut actions, mut seen, mut waits) = (Vec::new(), Vec::new(), false);
    for (side, service, state) in states(pair).await? {
        let Some(state) = state else { continue };
        let region = pair.app.side(side);
        let changes = match side {
            SideName::Dr => goals::idle_changes(region, &service, &state, was_suspended(side, &service)),
            SideName::Primary => {
                goals::resume_change(region, &service, &state, was_suspended(side, &service)).into_iter().collect()
            }
        };
        if side == SideName::Dr {
            waits |= state.running != service.idle;
            seen.push(format!("{} {}/{}", service.name, state.running, service.idle));
        }
        let before = state.capacity();
        actions.extend(changes.into_iter().map(|change| Action {
            side,
            change: Wanted::Change(change),
            before: before.clone(),
        }));
    }
    if !actions.is_empty() {
        if let Some(why) = writer::unsafe_for_users(pair, SideName::Primary).await? {
            return Ok(Sight::Failed(why));
        }
        match serves::not_yet(pair, SideName::Primary).await? {
            Some(NotYet::Record(why)) => return Ok(Sight::Failed(why)),
            Some(NotYet::Resolvers(why)) => return Ok(Sight::Waiting(why)),
            None => {}
        }
        if let Some(short) = capacity::again(pair, run, memory).await? {
            return Ok(short);
        }
    }
    let detail = format!("{} tasks running in {}", seen.join(", "), pair.app.dr.region);
    Ok(match (actions.is_empty(), waits) {
        (false, _) => Sight::Unmet { detail, actions },
        (true, true) => Sight::Waiting(detail),
        (true, false) => Sight::Holds(detail),
    })
}

/// All services of both sides.
async fn states(pair: &Pair) -> Result<Vec<(SideName, Service, Option<ServiceState>)>, AwsError> {
    let sides = [SideName::Dr, SideName::Primary];
    let services = sides.into_iter().flat_map(|side| pair.app.services.iter().map(move |service| (side, service)));
    try_join_all(
        services.map(async |(side, service)| Ok((side, service.clone(), pair.aws.service(side, &service.name).await?))),
    )
    .await
}
