//! The target's cluster becomes the writer.
//!
//! AWS: finished is when the global cluster has no failover state, the target member is the writer, and both the global cluster and the target
//! cluster are `available` (Amazon Aurora User Guide, "Monitoring Aurora global database operations"). A job that begins right afterwards and leaves
//! them serving, such as a backup, isn't waited for: it may take hours. The global cluster is looked at from the DR region, which answers in any case.
//!
//! Before a switchover is sent, what it leans on is looked at once more, since people may have taken hours to approve it: the target's capacity, and that
//! it keeps up. A failover waits for nothing.

use serde_json::json;

use super::{Memory, Sight, capacity, replication};
use crate::{
    aws::AwsError,
    change::Irreversible,
    engine::{
        Pair,
        act::{Action, Wanted},
    },
    gate::Approval,
    observation::{GlobalCluster, Member},
    plan::{Method, RunbookName},
    run::Run,
    standing::Standing,
    topology::SideName,
};

pub(super) async fn look(pair: &Pair, run: &Run, memory: &mut Memory) -> Result<Sight, AwsError> {
    let name = &pair.app.global_cluster;
    let side = run.plan.target;
    let target = pair.app.side(side);
    let Some(global) = pair.aws.global_cluster(SideName::Dr).await? else {
        return Ok(Sight::Failed(format!("there is no global cluster {name} in {}'s view", pair.app.dr.region)));
    };
    let Some(member) = global.member(&target.region, &target.db_cluster) else {
        return Ok(Sight::Failed(format!(
            "{} in {} is not a member of {name}; it was detached, so it cannot be promoted through the global cluster",
            target.db_cluster, target.region
        )));
    };
    if let Some(failover) = &global.failover {
        return Ok(Sight::Waiting(format!("global cluster is {}", failover.status)));
    }
    if !member.writer {
        if run.method() == Some(Method::Switchover)
            && let Some(sight) = unready(pair, run, member, memory).await?
        {
            return Ok(sight);
        }
        return Ok(want(pair, run, &global).await);
    }
    let cluster = pair.aws.db_cluster(side).await?;
    let status = cluster.as_ref().map_or("missing", |cluster| cluster.status.as_str());
    let writer = format!("{} in {} is the writer", target.db_cluster, target.region);
    let settled = |status: &str| Standing::of(status).settled();
    Ok(match settled(&global.status) && settled(status) {
        true => Sight::Holds(format!("{writer} and {status}")),
        false => Sight::Waiting(format!("{writer}; cluster {status}, global cluster {}", global.status)),
    })
}

/// What a switchover waits for; `None` if it can be sent.
async fn unready(pair: &Pair, run: &Run, member: &Member, memory: &mut Memory) -> Result<Option<Sight>, AwsError> {
    if let Some(sight) = capacity::again(pair, run, memory).await? {
        return Ok(Some(sight));
    }
    let target = &member.arn;
    if let Some(other) = member.synchronization.as_deref().filter(|&state| state != "connected") {
        return Ok(Some(Sight::Waiting(format!("{target} is {other}; it must be connected before the switchover"))));
    }
    if run.plan.runbook != RunbookName::Failback {
        return Ok(None);
    }
    Ok(replication::behind(pair).await?.map(|why| Sight::Waiting(format!("{why}; no switchover before that"))))
}

async fn want(pair: &Pair, run: &Run, global: &GlobalCluster) -> Sight {
    let Some(approval) = Approval::of(run) else {
        return Sight::Failed("nobody approved moving the writer".to_owned());
    };
    let moves = approval.changes().iter().find_map(|change| match change {
        // AWS takes a failover in the target's region, a switchover in the current writer's.
        Irreversible::Failover { .. } => Some((change.clone(), run.plan.target, "failover")),
        Irreversible::Switchover { .. } => Some((change.clone(), run.plan.target.other(), "switchover")),
        Irreversible::DeleteInstance { .. } | Irreversible::DeleteCluster { .. } => None,
    });
    let Some((change, side, deed)) = moves else {
        return Sight::Failed("nobody approved moving the writer".to_owned());
    };
    // The lag at this moment is the data that a failover loses; it cannot be measured afterwards.
    let lag = pair.aws.lag(run.plan.target).await.ok().flatten();
    let writer = global.writer().map(|writer| &writer.arn);
    let before = json!({ "writer": writer, "lag": lag });
    Sight::Unmet {
        detail: format!("{} is a secondary; {deed} due", pair.app.side(run.plan.target).db_cluster),
        actions: vec![Action { side, change: Wanted::Irreversible(change, approval), before }],
    }
}
