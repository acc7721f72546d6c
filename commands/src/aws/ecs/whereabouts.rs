//! Where a service's tasks are registered. What the service itself names are the configured target groups: in a blue/green deployment ECS, or
//! the controller of the task sets, registers tasks with the other one.

use aws_sdk_ecs::types;
use futures::future::{join, join_all};
use tokio::time::Instant;

use super::{Aws, AwsError, controller, primary_task_set, seen};
use crate::{
    aws::{call::Operation, elb::Targets},
    observation::{Controller, Governed, Seen, TargetGroup},
    topology::SideName,
};

static REVISIONS: Operation = Operation::new("ecs", "DescribeServiceRevisions");

impl Aws {
    /// The target groups that the service's tasks are registered with, and how many of the targets are healthy.
    pub(super) async fn target_groups(
        &self,
        side: SideName,
        service: &types::Service,
        deadline: Instant,
    ) -> Vec<TargetGroup> {
        match controller(service) {
            Controller::Rolling => self.health_of(side, arns(service.load_balancers()), deadline).await,
            Controller::CodeDeploy | Controller::External => {
                let balancers = primary_task_set(service).map(|set| set.load_balancers()).unwrap_or_default();
                self.health_of(side, arns(balancers), deadline).await
            }
            Controller::BlueGreen => {
                let asked = seen(deadline, "ecs DescribeServiceRevisions", self.resolved(side, service)).await;
                match asked.known().filter(|groups| !groups.is_empty()) {
                    Some(groups) => self.health_of(side, groups.clone(), deadline).await,
                    None => {
                        let why = asked.why().unwrap_or("its service revision does not name its target groups");
                        let balancers = service.load_balancers().iter();
                        let groups = balancers.map(|balancer| self.by_registration(side, balancer, deadline, why));
                        join_all(groups).await.into_iter().flatten().collect()
                    }
                }
            }
        }
    }

    /// Rules whose weights ECS sets, and where they forward to.
    pub(super) async fn governed(&self, side: SideName, service: &types::Service, deadline: Instant) -> Vec<Governed> {
        if controller(service) != Controller::BlueGreen {
            return Vec::new();
        }
        let rules = service
            .load_balancers()
            .iter()
            .filter_map(|balancer| balancer.advanced_configuration()?.production_listener_rule());
        join_all(rules.map(async |arn| {
            let look = seen(deadline, "elasticloadbalancing DescribeRules", self.traffic_of(side, arn)).await;
            let default = look.known().and_then(|(default, _)| *default);
            let forwards = look.map(|(_, forwards)| forwards);
            Governed { arn: arn.to_owned(), default, forwards }
        }))
        .await
    }

    async fn health_of(&self, side: SideName, arns: Vec<String>, deadline: Instant) -> Vec<TargetGroup> {
        join_all(arns.into_iter().map(async |arn| {
            let healthy = self.targets_of(side, &arn, deadline).await.map(|targets| targets.healthy);
            TargetGroup { arn, healthy }
        }))
        .await
    }

    async fn targets_of(&self, side: SideName, arn: &str, deadline: Instant) -> Seen<Targets> {
        seen(deadline, "elasticloadbalancing DescribeTargetHealth", self.targets(side, arn)).await
    }

    /// The target groups that ECS resolved for the service's current revisions.
    async fn resolved(&self, side: SideName, service: &types::Service) -> Result<Vec<String>, AwsError> {
        let revisions: Vec<String> = service
            .current_service_revisions()
            .iter()
            .filter_map(|revision| revision.arn())
            .map(str::to_owned)
            .collect();
        if revisions.is_empty() {
            return Ok(Vec::new());
        }
        let regional = self.regional(side);
        let send = || {
            let describe = regional.ecs.describe_service_revisions();
            describe.set_service_revision_arns(Some(revisions.clone())).send()
        };
        let answer = regional.caller.read(&REVISIONS, send).await?;
        let resolved = answer.service_revisions().iter().filter_map(|revision| revision.resolved_configuration());
        let mut groups: Vec<String> = resolved
            .flat_map(|resolved| resolved.load_balancers())
            .filter_map(|balancer| balancer.target_group_arn())
            .map(str::to_owned)
            .collect();
        groups.sort();
        groups.dedup();
        Ok(groups)
    }

    /// Without the revision's word: while no deployment is under way, ECS registers tasks with one of the two target groups alone.
    async fn by_registration(
        &self,
        side: SideName,
        balancer: &types::LoadBalancer,
        deadline: Instant,
        why: &str,
    ) -> Option<TargetGroup> {
        let configured = balancer.target_group_arn()?;
        let alternate = balancer.advanced_configuration().and_then(|advanced| advanced.alternate_target_group_arn());
        let look = |arn: &str| {
            let arn = arn.to_owned();
            async move { self.targets_of(side, &arn, deadline).await }
        };
        let (here, there) = match alternate {
            None => (look(configured).await, Seen::Known(Targets::default())),
            Some(alternate) => join(look(configured), look(alternate)).await,
        };
        let unknown = |why: String| Seen::Unknown(why);
        let (arn, healthy) = match (&here, &there) {
            (Seen::Known(here), Seen::Known(there)) if there.registered == 0 => (configured, Seen::Known(here.healthy)),
            (Seen::Known(here), Seen::Known(there)) if here.registered == 0 => {
                (alternate.unwrap_or(configured), Seen::Known(there.healthy))
            }
            (Seen::Known(_), Seen::Known(_)) => (
                configured,
                unknown(format!(
                    "both of its target groups have targets, and which one serves could not be read ({why})"
                )),
            ),
            (Seen::Known(_), unseen) | (unseen, _) => (configured, unseen.clone().map(|targets| targets.healthy)),
        };
        Some(TargetGroup { arn: arn.to_owned(), healthy })
    }
}

fn arns(balancers: &[types::LoadBalancer]) -> Vec<String> {
    balancers.iter().filter_map(|balancer| balancer.target_group_arn()).map(str::to_owned).collect()
}
