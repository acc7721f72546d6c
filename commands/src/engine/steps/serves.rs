//! Whether users are still sent to a side: its tasks are not taken away before.

use crate::{
    aws::AwsError,
    engine::Pair,
    records::{Pointing, pointing, served_by},
    topology::SideName,
};

/// Why that side's tasks stay: a record still points there. `None` if none does.
///
/// # Errors
/// The records could not be read: what is not seen is not taken away.
pub(super) async fn still(pair: &Pair, side: SideName) -> Result<Option<String>, AwsError> {
    let records = pair.aws.records().await?;
    let mut there =
        records.iter().filter(|record| record.addresses().any(|set| served_by(&pair.app, set) == Some(side)));
    let region = &pair.app.side(side).region;
    Ok(there.next().map(|record| format!("{} still points at {region}, so its tasks stay", record.name)))
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
