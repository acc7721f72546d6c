//! Application Auto Scaling's scalable target of an ECS service.

use aws_sdk_applicationautoscaling::types::{ScalableDimension, ServiceNamespace, SuspendedState};
use futures::future::try_join;

use super::{Aws, AwsError, call::Operation};
use crate::{
    change::scalable_resource,
    observation::{ScalableTarget, Suspended},
    topology::SideName,
};

static TARGETS: Operation = Operation::new("application-autoscaling", "DescribeScalableTargets");
static SCHEDULES: Operation = Operation::new("application-autoscaling", "DescribeScheduledActions");

impl Aws {
    /// The scalable target of a service; `None` if none is registered.
    pub(super) async fn scalable_target(
        &self,
        side: SideName,
        service: &str,
    ) -> Result<Option<ScalableTarget>, AwsError> {
        let regional = self.regional(side);
        let resource = scalable_resource(&self.side(side).ecs_cluster, service);
        let targets = regional.caller.read(&TARGETS, || {
            regional
                .scaling
                .describe_scalable_targets()
                .service_namespace(ServiceNamespace::Ecs)
                .resource_ids(&resource)
                .scalable_dimension(ScalableDimension::EcsServiceDesiredCount)
                .send()
        });
        let schedules = regional.caller.read(&SCHEDULES, || {
            regional
                .scaling
                .describe_scheduled_actions()
                .service_namespace(ServiceNamespace::Ecs)
                .resource_id(&resource)
                .scalable_dimension(ScalableDimension::EcsServiceDesiredCount)
                .send()
        });
        let (targets, schedules) = try_join(targets, schedules).await?;
        Ok(targets.scalable_targets().first().map(|target| ScalableTarget {
            min: target.min_capacity(),
            max: target.max_capacity(),
            suspended: target.suspended_state().map(suspended).unwrap_or_default(),
            schedules: schedules
                .scheduled_actions()
                .iter()
                .map(|action| action.scheduled_action_name().to_owned())
                .collect(),
        }))
    }
}

fn suspended(state: &SuspendedState) -> Suspended {
    Suspended {
        dynamic_in: state.dynamic_scaling_in_suspended().unwrap_or_default(),
        dynamic_out: state.dynamic_scaling_out_suspended().unwrap_or_default(),
        scheduled: state.scheduled_scaling_suspended().unwrap_or_default(),
    }
}
