//! Whether the writer is still where the run brought it. A step that was held up, or that comes much later, must not act on what was true then.

use crate::{
    aws::AwsError,
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

/// Why users must not be moved to that side by what promises to lose nothing, or lose the other side: it isn't the writer, or the other side, where they
/// wrote, is no member of the global cluster any more, so that nothing of it is replicated.
///
/// # Errors
/// It could not be seen: then users stay where they are.
pub(super) async fn unsafe_for_users(pair: &Pair, side: SideName) -> Result<Option<String>, AwsError> {
    let (app, name) = (&pair.app, &pair.app.global_cluster);
    let (target, other) = (app.side(side), app.side(side.other()));
    let Some(global) = pair.aws.global_cluster(SideName::Dr).await? else {
        return Ok(Some(format!("there is no global cluster {name}, so users stay in {}", other.region)));
    };
    if let Some(why) = elsewhere(app, &global, side) {
        return Ok(Some(why));
    }
    let given_up = match side {
        SideName::Primary => String::new(),
        SideName::Dr => format!("; or abort, and a failover by `/dr promote {}` gives it up", pair.name),
    };
    Ok(global.member(&other.region, &other.db_cluster).is_none().then(|| {
        format!(
            "{} in {} is not a member of {name} any more: what users wrote there is not in {}. \
             Find out who detached it, and keep users there until their data is in one place{given_up}",
            other.db_cluster, other.region, target.db_cluster
        )
    }))
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
