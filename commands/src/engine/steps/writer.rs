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

/// Why users must not be moved to the primary by a failback, or lose DR: the primary isn't the writer, or DR, where they wrote, is no member of the
/// global cluster any more, so that nothing of it is replicated.
///
/// # Errors
/// It could not be seen: then users stay where they are.
pub(super) async fn unsafe_for_users(pair: &Pair) -> Result<Option<String>, AwsError> {
    let (app, name) = (&pair.app, &pair.app.global_cluster);
    let Some(global) = pair.aws.global_cluster(SideName::Dr).await? else {
        return Ok(Some(format!("there is no global cluster {name}, so users stay in {}", app.dr.region)));
    };
    if let Some(why) = elsewhere(app, &global, SideName::Primary) {
        return Ok(Some(why));
    }
    Ok(global.member(&app.dr.region, &app.dr.db_cluster).is_none().then(|| {
        format!(
            "{} in {} is not a member of {name} any more: what users wrote there is not in {}. \
             Find out who detached it, and keep users there until their data is in one place",
            app.dr.db_cluster, app.dr.region, app.primary.db_cluster
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
