//! Whether users are still sent to a side: its tasks are not taken away before.

use futures::future::{try_join, try_join_all};

use crate::{
    aws::AwsError,
    engine::Pair,
    readiness::STALE_UNUSED,
    records::{Pointing, pointing, sending_to},
    run::Run,
    topology::SideName,
};

/// Why that side's tasks stay: a record still points there. `None` if none does.
///
/// # Errors
/// The records could not be read: what is not seen is not taken away.
pub(super) async fn still(pair: &Pair, side: SideName) -> Result<Option<String>, AwsError> {
    let records = pair.aws.records().await?;
    let region = &pair.app.side(side).region;
    Ok(sending_to(&pair.app, side, &records)
        .map(|record| format!("{} still points at {region}, so its tasks stay", record.name)))
}

/// Why a database in that side's region is not deleted now: a record points there, or tasks run there that nobody approved to be beside it. What was
/// true when people approved may have changed since.
///
/// # Errors
/// The records or the services could not be read: nothing is deleted on a guess.
pub(super) async fn in_use(pair: &Pair, run: &Run, side: SideName) -> Result<Option<String>, AwsError> {
    let region = &pair.app.side(side).region;
    let states = pair.app.services.iter().map(async |service| {
        let state = pair.aws.service(side, &service.name).await?;
        Ok::<_, AwsError>((service.name.as_str(), state.map_or(0, |state| state.running)))
    });
    let (records, tasks) = try_join(pair.aws.records(), try_join_all(states)).await?;
    if let Some(record) = sending_to(&pair.app, side, &records) {
        return Ok(Some(format!(
            "{} points at {region}, so the database under its users is not deleted; point it back, then retry",
            record.name
        )));
    }
    let approved = run.gate.as_ref().is_some_and(|gate| gate.overrides.iter().any(|check| check == STALE_UNUSED));
    let tasks: Vec<String> = tasks
        .iter()
        .filter(|(_, running)| *running > 0)
        .map(|(name, running)| format!("{running} of {name}"))
        .collect();
    Ok((!approved && !tasks.is_empty()).then(|| {
        format!(
            "tasks run in {region} and may write to the database that is to be deleted: {}; scale them to 0, then retry",
            tasks.join(", ")
        )
    }))
}

/// Why not all users are known to be sent to that side: a record points elsewhere, or resolvers still answer with the other side. `None` if they are.
///
/// # Errors
/// The records could not be read.
pub(super) async fn not_yet(pair: &Pair, side: SideName) -> Result<Option<NotYet>, AwsError> {
    let (app, other) = (&pair.app, side.other());
    let stays = format!("so the tasks in {} stay", app.side(other).region);
    let names = app.record_names();
    let why = match pointing(app, &pair.aws.records().await?) {
        Pointing::At(there) if there == side => None,
        Pointing::At(there) => Some(format!("{names} still points at {}", app.side(there).region)),
        Pointing::Split(why) | Pointing::Elsewhere(why) | Pointing::Unseen(why) => Some(why),
    };
    if let Some(why) = why {
        return Ok(Some(NotYet::Record(format!("{why}, {stays}; point it at {}, then retry", app.side(side).region))));
    }
    // A name that doesn't resolve from here says nothing: then the record has to do.
    let old = pair.aws.resolves_to(other).await.unwrap_or(false) && !pair.aws.resolves_to(side).await.unwrap_or(false);
    Ok(old
        .then(|| NotYet::Resolvers(format!("resolvers still answer {names} with {}, {stays}", app.side(other).region))))
}

/// What keeps users from a side.
pub(super) enum NotYet {
    /// The record, which no waiting moves.
    Record(String),
    /// Resolvers, until the record's TTL is over.
    Resolvers(String),
}
