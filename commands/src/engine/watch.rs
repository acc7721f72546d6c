//! Replication lag while a run is open: what a failover would lose now, and how the new secondary keeps up. Nothing is decided by it; a run's page
//! plots it, and the log keeps it.

use std::time::Duration;

use jiff::SignedDuration;
use tokio_util::sync::CancellationToken;

use super::{EngineError, Pair, Scribe};
use crate::{journal::Event, topology::SideName};

/// Aurora measures once a minute.
const EVERY: Duration = Duration::from_secs(60);
/// The same once a run is older than [`YOUNG`]: a rebuild may take days.
const SELDOM: Duration = Duration::from_secs(15 * 60);
/// How long people look closely.
const YOUNG: SignedDuration = SignedDuration::from_hours(1);

/// Records each new datapoint of that side's lag until told to stop. What could not be read leaves a gap.
pub(super) async fn lag(
    pair: Pair,
    side: SideName,
    scribe: Scribe,
    stop: CancellationToken,
) -> Result<(), EngineError> {
    let began = pair.clock.now();
    while let Some(seen) = stop.run_until_cancelled(pair.aws.lag(side)).await {
        if let Ok(Some(lag)) = seen {
            let key = format!("lag:{}:{}", scribe.run(), lag.at);
            scribe.write_once(key, Event::LagObserved { lag }).await?;
        }
        let young = pair.clock.now().duration_since(began) < YOUNG;
        let _stopped = tokio::time::timeout(if young { EVERY } else { SELDOM }, stop.cancelled()).await;
    }
    Ok(())
}
