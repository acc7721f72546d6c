//! Fargate's vCPU quotas, and what the other applications of the same account and region need of them.

use std::{
    collections::BTreeMap,
    sync::{PoisonError, Weak},
    time::Duration,
};

use futures::future::{join_all, join3};
use tokio::time::Instant;

use super::{Aws, AwsError, AwsErrorKind, Inner, call::Operation, seen};
use crate::{
    observation::Seen,
    topology::{Region, SideName},
    vcpus::{Need, Neighbor, Quota, VcpuQuotas},
};

static QUOTA: Operation = Operation::new("servicequotas", "GetServiceQuota");
static DEFAULT_QUOTA: Operation = Operation::new("servicequotas", "GetAWSDefaultServiceQuota");

/// Service code of Fargate.
const FARGATE: &str = "fargate";
/// Fargate On-Demand vCPU resource count.
const ON_DEMAND: &str = "L-3032A538";
/// Fargate Spot vCPU resource count.
const SPOT: &str = "L-36FBB829";

/// How long what a neighbor needs counts as known: each application is looked up once in that time, however many ask.
const FRESH: Duration = Duration::from_secs(5 * 60);
/// Most neighbors that one observation looks up; the others are asked for by the next.
const LOOKUPS: usize = 16;

/// Another application, for as long as it is configured.
pub(super) struct Neighboring {
    name: String,
    aws: Weak<Inner>,
    /// The side of this application whose quotas it shares.
    ours: SideName,
    /// With which of its own.
    theirs: SideName,
}

const SIDES: [SideName; 2] = [SideName::Primary, SideName::Dr];

impl Aws {
    /// Makes applications known to each other that share an account and region, and so Fargate's quotas. Where an account is not configured, it is
    /// taken for the same.
    pub fn introduce(applications: &BTreeMap<String, Self>) {
        let pairs = || SIDES.into_iter().flat_map(|ours| SIDES.map(|theirs| (ours, theirs)));
        for (name, aws) in applications {
            let others = applications.iter().filter(|(other, _)| *other != name);
            let others = others.flat_map(|(name, it)| {
                let shares = pairs().filter(|&(ours, theirs)| shared(aws.side(ours), it.side(theirs)));
                shares.map(|(ours, theirs)| Neighboring {
                    name: name.clone(),
                    aws: std::sync::Arc::downgrade(&it.0),
                    ours,
                    theirs,
                })
            });
            // Set once: introducing them again would say the same.
            let _known = aws.0.neighbors.set(others.collect());
        }
    }

    /// The quotas of that side's region, and the neighbors' needs there. What could not be seen says so; nothing waits beyond the observation's deadline.
    pub async fn vcpu_quotas(&self, side: SideName) -> VcpuQuotas {
        let (on_demand, spot, others) =
            join3(self.quota(side, ON_DEMAND), self.quota(side, SPOT), self.neighbors(side)).await;
        VcpuQuotas { on_demand, spot, others }
    }

    async fn quota(&self, side: SideName, code: &str) -> Quota {
        let deadline = self.deadline();
        let granted = seen(deadline, "servicequotas GetServiceQuota", async {
            match self.granted(side, code).await {
                // The account has no value of its own, which AWS answers for most accounts that never asked for more.
                Err(error) if error.kind == AwsErrorKind::NotFound => Ok(Err(error)),
                other => other.map(Ok),
            }
        })
        .await;
        match granted {
            Seen::Known(Ok(value)) => Quota { granted: Seen::Known(value), default: None },
            Seen::Known(Err(error)) => {
                let default =
                    seen(deadline, "servicequotas GetAWSDefaultServiceQuota", self.default_quota(side, code)).await;
                Quota { granted: error.seen(), default: default.known().copied() }
            }
            Seen::Unknown(why) => Quota { granted: Seen::Unknown(why), default: None },
            Seen::Refused(why) => Quota { granted: Seen::Refused(why), default: None },
        }
    }

    async fn granted(&self, side: SideName, code: &str) -> Result<f64, AwsError> {
        let regional = self.regional(side);
        let send = || regional.quotas.get_service_quota().service_code(FARGATE).quota_code(code).send();
        let answer = regional.caller.read(&QUOTA, send).await?;
        let value = answer.quota().and_then(|quota| quota.value());
        value.ok_or_else(|| AwsError::unreadable(&QUOTA, &regional.caller.region, "the quota has no value"))
    }

    async fn default_quota(&self, side: SideName, code: &str) -> Result<f64, AwsError> {
        let regional = self.regional(side);
        let send = || regional.quotas.get_aws_default_service_quota().service_code(FARGATE).quota_code(code).send();
        let answer = regional.caller.read(&DEFAULT_QUOTA, send).await?;
        let value = answer.quota().and_then(|quota| quota.value());
        value.ok_or_else(|| AwsError::unreadable(&DEFAULT_QUOTA, &regional.caller.region, "the quota has no value"))
    }

    async fn neighbors(&self, side: SideName) -> Vec<Neighbor> {
        let known = self.0.neighbors.get().map(Vec::as_slice).unwrap_or_default();
        let mut left = LOOKUPS;
        let here = known.iter().filter(|neighbor| neighbor.ours == side);
        let looks =
            here.filter_map(|neighbor| Some((neighbor, Self(neighbor.aws.upgrade()?)))).map(|(neighbor, aws)| {
                let remembered = aws.remembered(neighbor.theirs);
                let asks = remembered.is_none() && left > 0;
                left -= usize::from(asks);
                async move {
                    let need = match remembered {
                        Some(need) => Seen::Known(need),
                        None if asks => aws.look_up_need(neighbor.theirs).await,
                        None => Seen::Unknown("not looked up yet".to_owned()),
                    };
                    Neighbor { application: neighbor.name.clone(), need }
                }
            });
        join_all(looks).await
    }

    fn remembered(&self, side: SideName) -> Option<Need> {
        let needs = self.0.needs.lock().unwrap_or_else(PoisonError::into_inner);
        needs.of(side).filter(|(at, _)| at.elapsed() < FRESH).map(|(_, need)| need)
    }

    async fn look_up_need(&self, side: SideName) -> Seen<Need> {
        let need = seen(self.deadline(), "ecs (DescribeServices, DescribeTaskDefinition)", self.need(side)).await;
        if let Seen::Known(need) = &need {
            self.0.needs.lock().unwrap_or_else(PoisonError::into_inner).remember(side, *need);
        }
        need
    }
}

/// What an application needs of its two regions' quotas, and when each was looked up.
#[derive(Debug, Default)]
pub(super) struct Needs {
    primary: Option<(Instant, Need)>,
    dr: Option<(Instant, Need)>,
}

impl Needs {
    fn of(&self, side: SideName) -> Option<(Instant, Need)> {
        match side {
            SideName::Primary => self.primary,
            SideName::Dr => self.dr,
        }
    }

    fn remember(&mut self, side: SideName, need: Need) {
        let known = Some((Instant::now(), need));
        match side {
            SideName::Primary => self.primary = known,
            SideName::Dr => self.dr = known,
        }
    }
}

fn shared(one: &Region, other: &Region) -> bool {
    let differ = one.account.as_ref().zip(other.account.as_ref()).is_some_and(|(one, other)| one != other);
    one.region == other.region && !differ
}
