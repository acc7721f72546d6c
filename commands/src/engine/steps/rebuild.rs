//! Terraform has built the former primary anew, as a secondary with an instance. A build applies it where one is configured; otherwise people are
//! told once what to run. What comes of it is observed.

use jiff::SignedDuration;
use serde_json::json;

use super::Sight;
use crate::{
    aws::{AwsError, BuildStatus},
    elsewhere,
    engine::{
        Pair,
        act::{Action, Hand, Wanted},
    },
    former::Former,
    journal::CallOutcome,
    observation::DbCluster,
    run::{CallRun, Run},
    topology::{CodeBuild, SideName},
};

/// How long CodeBuild knows a token, after which the same one starts another build.
/// <https://docs.aws.amazon.com/codebuild/latest/APIReference/API_StartBuild.html>
const TOKEN_LIVES: SignedDuration = SignedDuration::from_mins(5);

pub(super) async fn look(pair: &Pair, run: &Run, hand: &Hand<'_>) -> Result<Sight, AwsError> {
    let (former, lacks) = elsewhere::look(&pair.aws, &pair.app, &pair.name).await?;
    if let Some(project) = &pair.app.failback.codebuild {
        return by_build(pair, run, hand, project, lacks).await;
    }
    Ok(match (lacks, former) {
        (None, _) => appeared(pair, ""),
        (Some(lacks), Former::Member { .. }) => waits(pair, lacks).await?,
        (Some(lacks), _) => Sight::HandOff { detail: lacks, text: pair.app.failback.handoff(&pair.app) },
    })
}

/// Waits for what the new secondary lacks, unless it's in a state that no waiting ends: this step may take a week.
async fn waits(pair: &Pair, lacks: String) -> Result<Sight, AwsError> {
    let cluster = pair.aws.db_cluster(SideName::Primary).await?;
    Ok(match cluster.as_ref().and_then(DbCluster::stuck) {
        Some(stuck) => Sight::Failed(format!("{lacks}: {stuck}; mend that in RDS or with Terraform, then retry")),
        None => Sight::Waiting(lacks),
    })
}

fn appeared(pair: &Pair, besides: &str) -> Sight {
    let primary = &pair.app.primary;
    Sight::Holds(format!("{} in {} is a member of the global cluster{besides}", primary.db_cluster, primary.region))
}

/// One build an attempt, followed to its end.
async fn by_build(
    pair: &Pair,
    run: &Run,
    hand: &Hand<'_>,
    project: &CodeBuild,
    lacks: Option<String>,
) -> Result<Sight, AwsError> {
    let begun = hand.latest_of_attempt();
    if let Some(CallRun { outcome: Some(CallOutcome::Accepted { reference: Some(id), .. }), .. }) = begun {
        return Ok(follow(pair, id, lacks).await);
    }
    let Some(lacks) = lacks else { return Ok(appeared(pair, "")) };
    let unclear = begun.filter(|call| !matches!(call.outcome, Some(CallOutcome::Failed { .. })));
    if unclear.is_some_and(|call| pair.clock.now().duration_since(call.at) >= TOKEN_LIVES) {
        return Ok(Sight::Failed(format!(
            "whether a build of {} was started is not known any more; look at the project's builds, then retry to start one",
            project.project
        )));
    }
    let token = format!("{}-{}-{}", pair.name, run.id, hand.attempt());
    Ok(Sight::Unmet {
        detail: lacks,
        actions: vec![Action {
            side: SideName::Dr,
            change: Wanted::Change(project.build(&pair.app, Some(token))),
            before: json!(null),
        }],
    })
}

/// What becomes of a build that was begun. It is told of; whether the step is done is for the database to say, also where the build cannot be read
/// or ended badly and somebody finished by hand.
async fn follow(pair: &Pair, id: &str, lacks: Option<String>) -> Sight {
    let build = match pair.aws.build(id).await {
        Ok(Some(build)) => build,
        Ok(None) => return ended_badly(pair, lacks, &format!("there is no build {id} any more")),
        Err(error) => {
            return match lacks {
                None => appeared(pair, &format!("; build {id} cannot be read: {error}")),
                Some(lacks) => Sight::Waiting(format!("{lacks}; build {id} cannot be read: {error}")),
            };
        }
    };
    let log = build.log.map(|log| format!("; log: {log}")).unwrap_or_default();
    match (build.status, lacks) {
        // A secondary that appears while Terraform is still at work may yet get its instances.
        (BuildStatus::InProgress, _) => Sight::Waiting(format!("build {id} is in {}{log}", build.phase)),
        (BuildStatus::Succeeded, None) => appeared(pair, ""),
        (BuildStatus::Succeeded, Some(lacks)) => {
            let lacks = format!("build {id} succeeded, but {lacks}{log}");
            waits(pair, lacks).await.unwrap_or_else(|error| Sight::Waiting(error.to_string()))
        }
        (BuildStatus::Ended(why), lacks) => ended_badly(pair, lacks, &format!("build {id} {why}{log}")),
    }
}

fn ended_badly(pair: &Pair, lacks: Option<String>, how: &str) -> Sight {
    match lacks {
        None => appeared(pair, &format!("; {how}")),
        Some(_) => Sight::Failed(format!("{how}; retry starts another")),
    }
}
