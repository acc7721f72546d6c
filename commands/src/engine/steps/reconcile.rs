//! Both regions are as steady state demands. What differs is listed by resource; people put it right, or accept the rest by skipping the step.

use super::{Sight, writer};
use crate::{engine::Pair, observe::observe, reconcile::differences, topology::SideName};

pub(super) async fn look(pair: &Pair) -> Sight {
    let observation = observe(&pair.aws, &pair.app, &pair.clock).await;
    let differences = differences(&pair.app, &observation);
    if differences.is_empty() {
        return Sight::Holds("everything is as steady state demands, in both regions".to_owned());
    }
    // No waiting brings the writer back.
    let global = observation.global.known();
    if let Some(why) = global.and_then(|global| writer::elsewhere(&pair.app, global, SideName::Primary)) {
        return Sight::Failed(why);
    }
    Sight::Waiting(differences.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))
}
