//! The secondary in the primary region is connected, has an instance, and its lag stays under the configured bound for the configured time.

use jiff::SignedDuration;

use super::{Memory, Sight};
use crate::{
    aws::AwsError,
    engine::Pair,
    observation::{DbCluster, Lag},
    topology::SideName,
};

pub(super) async fn look(pair: &Pair, memory: &mut Memory) -> Result<Sight, AwsError> {
    let primary = &pair.app.primary;
    let Some(global) = pair.aws.global_cluster(SideName::Dr).await? else {
        return Ok(Sight::Failed(format!("there is no global cluster {}", pair.app.global_cluster)));
    };
    let Some(member) = global.member(&primary.region, &primary.db_cluster) else {
        return Ok(Sight::Failed(format!(
            "{} in {} is not a member of the global cluster; ask `/dr failback` again to rebuild it",
            primary.db_cluster, primary.region
        )));
    };
    if member.writer {
        return Ok(Sight::Holds(format!("{} is the writer already", primary.db_cluster)));
    }
    let synchronization = member.synchronization.as_deref().unwrap_or("unknown");
    let cluster = pair.aws.db_cluster(SideName::Primary).await?;
    let instances = cluster.as_ref().map_or(0, |cluster| cluster.serving().count());
    // No waiting ends these, and this step may wait for days.
    if let Some(stuck) = cluster.as_ref().and_then(DbCluster::stuck) {
        return Ok(Sight::Failed(format!(
            "{stuck} in {}, so it can't catch up; mend that in RDS, then retry",
            primary.region
        )));
    }
    if synchronization != "connected" || instances == 0 {
        memory.low_since = None;
        return Ok(Sight::Waiting(format!("{} is {synchronization}, {instances} instances serve", primary.db_cluster)));
    }
    Ok(match pair.aws.lag(SideName::Primary).await? {
        Some(lag) => keeps_up(pair, lag, memory),
        None => Sight::Waiting("connected; no lag has been measured yet".to_owned()),
    })
}

/// How old a datapoint may be that tells the lag of now; Aurora measures once a minute.
const FRESH: SignedDuration = SignedDuration::from_mins(5);

/// Why the secondary can't be said to keep up right now. `None` if its lag was measured lately and is low enough.
pub(super) async fn behind(pair: &Pair) -> Result<Option<String>, AwsError> {
    let bound = pair.app.failback.lag_below_ms;
    Ok(match pair.aws.lag(SideName::Primary).await? {
        None => Some("no lag is measured now".to_owned()),
        Some(lag) if pair.clock.now().duration_since(lag.at) > FRESH => {
            Some(format!("the lag was last measured at {:.0}", lag.at))
        }
        Some(lag) if lag.millis > bound => Some(format!("lag {:.0} ms, must be below {bound:.0} ms", lag.millis)),
        Some(_) => None,
    })
}

fn keeps_up(pair: &Pair, lag: Lag, memory: &mut Memory) -> Sight {
    let bound = pair.app.failback.lag_below_ms;
    let wanted = pair.app.failback.lag_for;
    let first = memory.first_lag.get_or_insert_with(|| lag.clone());
    if lag.millis > bound {
        memory.low_since = None;
        let left = estimate(first, &lag, bound).map(|left| format!(", about {left:#} to go")).unwrap_or_default();
        return Sight::Waiting(format!("lag {:.0} ms, must stay below {bound:.0} ms{left}", lag.millis));
    }
    let since = *memory.low_since.get_or_insert(lag.at);
    // Datapoints tell how long, not the clock: one that does not come any more proves nothing.
    let low_for = lag.at.duration_since(since);
    match low_for.unsigned_abs() >= wanted {
        true => Sight::Holds(format!("lag {:.0} ms, below {bound:.0} ms for {low_for:#}", lag.millis)),
        false => Sight::Waiting(format!("lag {:.0} ms, below {bound:.0} ms for {low_for:#} of {wanted:?}", lag.millis)),
    }
}

/// How long the lag takes to fall below the bound if it goes on as it did since the first datapoint; whole minutes.
fn estimate(first: &Lag, now: &Lag, bound: f64) -> Option<SignedDuration> {
    let fallen = first.millis - now.millis;
    let took = now.at.duration_since(first.at).as_secs_f64();
    let left = (fallen > 0.0 && took > 0.0).then(|| (now.millis - bound) * took / fallen)?;
    Some(SignedDuration::from_mins((left / 60.0).ceil() as i64))
}
