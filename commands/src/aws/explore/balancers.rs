//! All load balancers of a region, with what their listeners and rules forward to.

use aws_sdk_elasticloadbalancingv2::types::{self, Action, LoadBalancer, LoadBalancerTypeEnum as Type};

use super::Partly;
use crate::{
    aws::{
        Regional,
        call::Operation,
        pages::{Gap, Listed, more},
    },
    discovery::{Balancer, FrontListener, FrontRule, Part},
    topology::Endpoint,
};

static BALANCERS: Operation = Operation::new("elasticloadbalancing", "DescribeLoadBalancers");
static LISTENERS: Operation = Operation::new("elasticloadbalancing", "DescribeListeners");
static RULES: Operation = Operation::new("elasticloadbalancing", "DescribeRules");
static TARGET_GROUPS: Operation = Operation::new("elasticloadbalancing", "DescribeTargetGroups");

impl Regional {
    /// The load balancers that a record can point at: Application and Network ones.
    pub(super) async fn list_balancers(&self) -> Partly<Balancer> {
        let listed = Listed::read(async |marker: Option<String>| {
            let send = || self.elb.describe_load_balancers().set_marker(marker.clone()).send();
            let answer = self.caller.read(&BALANCERS, send).await?;
            Ok((answer.load_balancers.unwrap_or_default(), more(answer.next_marker)))
        });
        let listed = listed.await;
        let mut balancers = Partly::nothing();
        if let Some(gap) = listed.gap {
            balancers.lacks(Part::Balancers, format!("load balancers in {}", self.caller.region), gap.why);
        }
        let mut dark: Option<Gap> = None;
        // A Gateway Load Balancer passes packets to appliances: no record points at it, and its listener has no rules.
        for balancer in listed.found.iter().filter(|it| it.r#type() != Some(&Type::Gateway)) {
            match &dark {
                Some(gap) => balancers.lacks(Part::Balancers, name(balancer), gap.why.clone()),
                None => dark = self.balancer(balancer, &mut balancers).await,
            }
        }
        balancers
    }

    /// Reads one, and gives the reason if nothing answers any more.
    async fn balancer(&self, balancer: &LoadBalancer, balancers: &mut Partly<Balancer>) -> Option<Gap> {
        let arn = balancer.load_balancer_arn().unwrap_or_default();
        let listed = Listed::read(async |marker: Option<String>| {
            let send = || self.elb.describe_listeners().load_balancer_arn(arn).set_marker(marker.clone()).send();
            let answer = self.caller.read(&LISTENERS, send).await?;
            Ok((answer.listeners.unwrap_or_default(), more(answer.next_marker)))
        });
        let listed = listed.await;
        let mut dark = None;
        if let Some(gap) = listed.gap {
            balancers.lacks(Part::Balancers, format!("listeners of {}", name(balancer)), gap.why.clone());
            if gap.is_gone {
                return None;
            }
            dark = Some(gap).filter(|gap| gap.is_dark);
        }
        let mut listeners = Vec::new();
        for listener in listed.found {
            let has_rules = balancer.r#type().is_none_or(|kind| kind == &Type::Application);
            let (read, gap) = self.listener(&listener, has_rules && dark.is_none()).await;
            if let Some(gap) = gap {
                balancers.lacks(Part::Balancers, format!("rules of listener {}", read.arn), gap.why.clone());
                dark = dark.or_else(|| Some(gap).filter(|gap| gap.is_dark));
            }
            listeners.push(read);
        }
        balancers.found.push(Balancer {
            name: balancer.load_balancer_name().unwrap_or_default().to_owned(),
            endpoint: Endpoint {
                dns_name: balancer.dns_name().unwrap_or_default().to_owned(),
                zone: balancer.canonical_hosted_zone_id().unwrap_or_default().to_owned(),
            },
            listeners,
        });
        dark
    }

    /// A listener with its rules, as far as they can be read: only an Application Load Balancer has any.
    async fn listener(&self, listener: &types::Listener, has_rules: bool) -> (FrontListener, Option<Gap>) {
        let arn = listener.listener_arn().unwrap_or_default();
        let listed = match has_rules {
            false => Listed { found: Vec::new(), gap: None },
            true => {
                Listed::read(async |marker: Option<String>| {
                    let send = || self.elb.describe_rules().listener_arn(arn).set_marker(marker.clone()).send();
                    let answer = self.caller.read(&RULES, send).await?;
                    Ok((answer.rules.unwrap_or_default(), more(answer.next_marker)))
                })
                .await
            }
        };
        let rules = listed.found.iter().filter_map(|rule| {
            let forwards_to = rule.actions().iter().flat_map(target_groups).collect();
            let is_default = rule.is_default().unwrap_or_default();
            Some(FrontRule { arn: rule.rule_arn()?.to_owned(), is_default, forwards_to })
        });
        let read = FrontListener {
            arn: arn.to_owned(),
            port: listener.port(),
            forwards_to: listener.default_actions().iter().flat_map(target_groups).collect(),
            rules: rules.collect(),
        };
        (read, listed.gap)
    }

    /// Health check paths by target group; those that are not checked over HTTP have none.
    pub(super) async fn health_paths(&self) -> Partly<(String, String)> {
        let listed = Listed::read(async |marker: Option<String>| {
            let send = || self.elb.describe_target_groups().set_marker(marker.clone()).send();
            let answer = self.caller.read(&TARGET_GROUPS, send).await?;
            let groups = answer.target_groups.unwrap_or_default().into_iter();
            let paths = groups.filter_map(|group| Some((group.target_group_arn?, group.health_check_path?)));
            Ok((paths.collect(), more(answer.next_marker)))
        });
        let listed = listed.await;
        let mut paths = Partly { found: listed.found, unread: Vec::new() };
        if let Some(gap) = listed.gap {
            paths.lacks(Part::HealthPaths, format!("target groups in {}", self.caller.region), gap.why);
        }
        paths
    }
}

fn name(balancer: &LoadBalancer) -> String {
    format!("load balancer {}", balancer.load_balancer_name().unwrap_or_default())
}

/// The target groups that an action forwards to with their weights, those without weight too.
fn target_groups(action: &Action) -> Vec<(String, i32)> {
    let weighted = action.forward_config().map(|forward| forward.target_groups()).unwrap_or_default();
    let mut groups: Vec<(String, i32)> = weighted
        .iter()
        .filter_map(|group| Some((group.target_group_arn()?.to_owned(), group.weight().unwrap_or(1))))
        .collect();
    if let Some(only) = action.target_group_arn().filter(|_| groups.is_empty()) {
        groups.push((only.to_owned(), 1));
    }
    groups
}
