//! All load balancers of a region, with what their listeners forward to.

use aws_sdk_elasticloadbalancingv2::types::{Action, LoadBalancer};

use super::pages;
use crate::{
    aws::{AwsError, Regional, call::Operation},
    discovery::Balancer,
    topology::Endpoint,
};

static BALANCERS: Operation = Operation::new("elasticloadbalancing", "DescribeLoadBalancers");
static LISTENERS: Operation = Operation::new("elasticloadbalancing", "DescribeListeners");
static RULES: Operation = Operation::new("elasticloadbalancing", "DescribeRules");
static TARGET_GROUPS: Operation = Operation::new("elasticloadbalancing", "DescribeTargetGroups");

impl Regional {
    /// The load balancers, and health check paths by target group.
    pub(super) async fn list_balancers(&self) -> Result<(Vec<Balancer>, Vec<(String, String)>), AwsError> {
        let balancers = pages(async |marker: Option<String>| {
            let send = || self.elb.describe_load_balancers().set_marker(marker.clone()).send();
            let answer = self.caller.read(&BALANCERS, send).await?;
            Ok((answer.load_balancers.unwrap_or_default(), answer.next_marker))
        });
        let mut found = Vec::new();
        for balancer in balancers.await? {
            found.push(self.balancer(&balancer).await?);
        }
        Ok((found, self.health_paths().await?))
    }

    async fn balancer(&self, balancer: &LoadBalancer) -> Result<Balancer, AwsError> {
        let arn = balancer.load_balancer_arn().unwrap_or_default();
        let answer =
            self.caller.read(&LISTENERS, || self.elb.describe_listeners().load_balancer_arn(arn).send()).await?;
        let (mut listeners, mut rules_forward_to) = (Vec::new(), Vec::new());
        for listener in answer.listeners() {
            let arn = listener.listener_arn().unwrap_or_default();
            let forwards_to: Vec<String> = listener.default_actions().iter().flat_map(target_groups).collect();
            if !forwards_to.is_empty() {
                listeners.push((arn.to_owned(), forwards_to));
            }
            let rules = self.caller.read(&RULES, || self.elb.describe_rules().listener_arn(arn).send()).await?;
            rules_forward_to.extend(rules.rules().iter().flat_map(|rule| rule.actions()).flat_map(target_groups));
        }
        Ok(Balancer {
            name: balancer.load_balancer_name().unwrap_or_default().to_owned(),
            endpoint: Endpoint {
                dns_name: balancer.dns_name().unwrap_or_default().to_owned(),
                zone: balancer.canonical_hosted_zone_id().unwrap_or_default().to_owned(),
            },
            listeners,
            rules_forward_to,
        })
    }

    async fn health_paths(&self) -> Result<Vec<(String, String)>, AwsError> {
        pages(async |marker: Option<String>| {
            let send = || self.elb.describe_target_groups().set_marker(marker.clone()).send();
            let answer = self.caller.read(&TARGET_GROUPS, send).await?;
            let groups = answer.target_groups.unwrap_or_default().into_iter();
            let paths = groups.filter_map(|group| Some((group.target_group_arn?, group.health_check_path?)));
            Ok((paths.collect(), answer.next_marker))
        })
        .await
    }
}

/// The target groups that an action forwards to, those without weight too.
fn target_groups(action: &Action) -> Vec<String> {
    let one = action.target_group_arn().into_iter();
    let many = action.forward_config().map(|forward| forward.target_groups()).unwrap_or_default();
    let mut arns: Vec<String> =
        one.chain(many.iter().filter_map(|group| group.target_group_arn())).map(str::to_owned).collect();
    arns.sort();
    arns.dedup();
    arns
}
