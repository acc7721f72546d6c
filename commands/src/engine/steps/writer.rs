//! Whether the writer is still where the run brought it. A step that was held up, or that comes much later, must not act on what was true then.

use crate::{
    engine::Pair,
    observation::GlobalCluster,
    phase::writing,
    topology::{Application, SideName},
};

/// Why the run cannot go on by itself: somebody took the writer from that side. What is not seen now holds nothing up.
pub(super) async fn left(pair: &Pair, side: SideName) -> Option<String> {
    let global = pair.aws.global_cluster(SideName::Dr).await.ok().flatten()?;
    elsewhere(&pair.app, &global, side)
}

/// The same of a global cluster that was seen.
pub(super) fn elsewhere(app: &Application, global: &GlobalCluster, side: SideName) -> Option<String> {
    let (writer, region) = (global.writer()?, &app.side(side).region);
    (writing(app, global) != Some(side)).then(|| {
        format!(
            "{} in {} is the writer now, somebody moved it from {region}: \
             retry once {region} writes again, or abort and look at the pair anew",
            writer.db_cluster(),
            writer.region()
        )
    })
}
