//! The DR cluster becomes the writer.
//!
//! AWS: finished is when the global cluster has no failover state, the DR member is the writer, and both the global cluster and the DR cluster
//! are `available` (Amazon Aurora User Guide, "Monitoring Aurora global database operations").

use serde_json::json;

use super::Sight;
use crate::{
    aws::AwsError,
    change::Irreversible,
    engine::{
        Pair,
        act::{Action, Wanted},
    },
    gate::Approval,
    observation::GlobalCluster,
    run::Run,
    topology::SideName,
};

const AVAILABLE: &str = "available";

pub(super) async fn look(pair: &Pair, run: &Run) -> Result<Sight, AwsError> {
    let name = &pair.app.global_cluster;
    let dr = &pair.app.dr;
    let Some(global) = pair.aws.global_cluster(SideName::Dr).await? else {
        return Ok(Sight::Failed(format!("there is no global cluster {name} in {}'s view", dr.region)));
    };
    let Some(member) = global.member(&dr.region, &dr.db_cluster) else {
        return Ok(Sight::Failed(format!(
            "{} in {} is not a member of {name}; it was detached, so it cannot be promoted through the global cluster",
            dr.db_cluster, dr.region
        )));
    };
    if let Some(failover) = &global.failover {
        return Ok(Sight::Waiting(format!("global cluster is {}", failover.status)));
    }
    if !member.writer {
        return Ok(want(pair, run, &global).await);
    }
    let cluster = pair.aws.db_cluster(SideName::Dr).await?;
    let status = cluster.as_ref().map_or("missing", |cluster| cluster.status.as_str());
    Ok(match global.status == AVAILABLE && status == AVAILABLE {
        true => Sight::Holds(format!("{} in {} is the writer and available", dr.db_cluster, dr.region)),
        false => Sight::Waiting(format!(
            "{} is the writer; cluster {status}, global cluster {}",
            dr.db_cluster, global.status
        )),
    })
}

async fn want(pair: &Pair, run: &Run, global: &GlobalCluster) -> Sight {
    let Some(approval) = Approval::of(run) else {
        return Sight::Failed("nobody approved moving the writer".to_owned());
    };
    let change = approval.change().clone();
    let (side, deed) = match change {
        // AWS takes a failover in the target's region, a switchover in the current writer's.
        Irreversible::Failover { .. } => (SideName::Dr, "failover"),
        Irreversible::Switchover { .. } => (SideName::Primary, "switchover"),
    };
    // The lag at this moment is the data that a failover loses; it cannot be measured afterwards.
    let lag = pair.aws.lag().await.ok().flatten();
    let writer = global.writer().map(|writer| &writer.arn);
    let before = json!({ "writer": writer, "lag": lag });
    Sight::Unmet {
        detail: format!("{} is a secondary; {deed} due", pair.app.dr.db_cluster),
        actions: vec![Action { side, change: Wanted::Irreversible(change, approval), before }],
    }
}
