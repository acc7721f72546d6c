//! What the page's top bar shows of the simulated regions.

use std::collections::BTreeMap;

use rehearsal::{
    Pair, PairState, Side, World,
    slack::{Region, Scene, ServiceCount},
};

use super::{
    play::Play,
    stagehand::{Stagehand, Trouble},
};

/// The world now.
pub(super) fn scene(
    world: &World,
    pair: &Pair,
    stagehand: &Stagehand,
    play: Play,
    speed: f64,
    rights: BTreeMap<String, String>,
) -> Scene {
    let state = world.state();
    let seen = state.pairs.iter().find(|state| state.name == pair.name);
    let moving =
        seen.and_then(|seen| seen.failover.as_ref()).map(|failover| format!("the global cluster is {failover}"));
    let silent = stagehand.is_on(Trouble::SlackDown).then(|| "Slack takes no messages: they come later".to_owned());
    let notes: Vec<String> = silent.into_iter().chain(moving).chain(stagehand.pipeline_did()).collect();
    Scene {
        now: state.at,
        speed,
        regions: seen.map(|seen| Side::BOTH.map(|side| region(seen, side)).to_vec()).unwrap_or_default(),
        lag_ms: seen.and_then(|seen| seen.dr.lag_ms.or(seen.primary.lag_ms)),
        note: (!notes.is_empty()).then(|| notes.join(" · ")),
        actions: stagehand.actions(),
        scenarios: play.scenarios(),
        rights,
    }
}

fn region(pair: &PairState, side: Side) -> Region {
    let site = pair.side(side);
    Region {
        name: site.region.to_string(),
        role: match side {
            Side::Primary => "primary".to_owned(),
            Side::Dr => "DR".to_owned(),
        },
        dark: site.dark,
        serves: pair.resolves_to == Some(side) && site.serves,
        writes: pair.writer == Some(side),
        services: site
            .services
            .iter()
            .map(|service| ServiceCount {
                name: service.name.clone(),
                running: u32::try_from(service.running).unwrap_or(u32::MAX),
                desired: service.desired,
            })
            .collect(),
    }
}
