//! What the page's top bar shows of the simulated regions, and what a person can do to them there.

use rehearsal::{
    Fault, Pair, PairState, Side, World,
    slack::{Region, Scene, SceneAction, ServiceCount},
};

/// Id of the action that darkens the primary region.
const DARK: &str = "dark";
/// Id of the action that ends all faults.
const HEAL: &str = "heal";

/// Id of the action that applies Terraform as the hand-off of a failback says.
const TERRAFORM: &str = "terraform";

/// The world now.
pub(super) fn scene(world: &World, pair: &Pair, speed: f64) -> Scene {
    let state = world.state();
    let seen = state.pairs.iter().find(|state| state.name == pair.name);
    let action = |id: &str, label: &str, danger| SceneAction { id: id.to_owned(), label: label.to_owned(), danger };
    Scene {
        now: state.at,
        speed,
        regions: seen.map(|seen| Side::BOTH.map(|side| region(seen, side)).to_vec()).unwrap_or_default(),
        lag_ms: seen.and_then(|seen| seen.dr.lag_ms.or(seen.primary.lag_ms)),
        note: seen.and_then(|seen| seen.failover.as_ref()).map(|failover| format!("the global cluster is {failover}")),
        actions: vec![
            action(DARK, &format!("{} dark", pair.primary.region), true),
            action(HEAL, "Heal", false),
            action(TERRAFORM, "Apply Terraform", false),
        ],
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

/// Carries out an action. Whether there is such an action.
pub(super) fn act(world: &World, pair: &Pair, action: &str) -> bool {
    match action {
        DARK if world.state().pairs.iter().any(|state| state.name == pair.name && state.primary.dark) => {}
        DARK => {
            world.inject(Fault::RegionDark(pair.primary.region.clone()));
        }
        HEAL => world.clear_all(),
        TERRAFORM => {
            let variables = [("is_aurora_secondary", "true"), ("aurora_source_region", pair.dr.region.as_str())];
            let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
            if let Err(refused) = world.apply_terraform(&pair.name, &variables) {
                tracing::warn!(%refused, "Terraform was not applied");
            }
        }
        _ => return false,
    }
    true
}
