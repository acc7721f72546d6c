//! Load balancer listeners and target groups.

use aws_sdk_elasticloadbalancingv2::types::{
    Action, ForwardActionConfig, Rule, TargetGroupStickinessConfig, TargetGroupTuple, TargetHealthStateEnum,
};
use aws_types::request_id::RequestId;

use super::{Accepted, Aws, AwsError, Regional, absent_is_none, call::Operation};
use crate::{
    observation::{ListenerAction, ListenerState, WeightedTarget},
    topology::{Duty, SideName},
};

pub(super) static LISTENERS: Operation = Operation::new("elasticloadbalancing", "DescribeListeners");
static TARGET_HEALTH: Operation = Operation::new("elasticloadbalancing", "DescribeTargetHealth");
static RULES: Operation = Operation::new("elasticloadbalancing", "DescribeRules");
static MODIFY_LISTENER: Operation = Operation::new("elasticloadbalancing", "ModifyListener");
static MODIFY_RULE: Operation = Operation::new("elasticloadbalancing", "ModifyRule");

const FORWARD: &str = "forward";

/// How many targets a target group has.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Targets {
    /// Those that are not being deregistered.
    pub(super) registered: usize,
    /// Those that take traffic.
    pub(super) healthy: usize,
}

impl Aws {
    /// What is switched on that side: the configured rule's actions, else the listener's default ones. `None` if nothing is configured or it is
    /// not there.
    pub async fn listener(&self, side: SideName) -> Result<Option<ListenerState>, AwsError> {
        let Some(listener) = &self.side(side).listener else { return Ok(None) };
        let regional = self.regional(side);
        let actions = match &listener.rule_arn {
            Some(rule) => regional.rule(rule).await.map(|rule| rule.actions.unwrap_or_default()),
            None => regional.default_actions(&listener.arn).await,
        };
        let actions = absent_is_none(actions)?;
        Ok(actions.map(|actions| ListenerState { actions: actions.iter().map(seen_action).collect() }))
    }

    /// Whether a rule is its listener's default one, and where it forwards to; of a listener, where its default actions do.
    pub(super) async fn traffic_of(
        &self,
        side: SideName,
        arn: &str,
    ) -> Result<(Option<bool>, Vec<WeightedTarget>), AwsError> {
        let regional = self.regional(side);
        let (default, actions) = match arn.contains(":listener-rule/") {
            true => {
                let rule = regional.rule(arn).await?;
                (rule.is_default(), rule.actions.unwrap_or_default())
            }
            false => (None, regional.default_actions(arn).await?),
        };
        Ok((default, actions.iter().map(seen_action).flat_map(|action| action.targets).collect()))
    }

    pub(super) async fn targets(&self, side: SideName, target_group: &str) -> Result<Targets, AwsError> {
        let regional = self.regional(side);
        let send = || regional.elb.describe_target_health().target_group_arn(target_group).send();
        let answer = regional.caller.read(&TARGET_HEALTH, send).await?;
        let states = answer.target_health_descriptions().iter();
        let states: Vec<_> =
            states.filter_map(|target| target.target_health().and_then(|health| health.state())).collect();
        let count = |matching: fn(&TargetHealthStateEnum) -> bool| states.iter().filter(|it| matching(it)).count();
        Ok(Targets {
            registered: count(|state| *state != TargetHealthStateEnum::Draining),
            healthy: count(|state| *state == TargetHealthStateEnum::Healthy),
        })
    }

    /// Replaces the listener's default actions. Of the wanted ones only `forward` is described whole; the others are carried over from the
    /// listener as it is now, which must still have the actions that were observed.
    pub(super) async fn modify_listener(
        &self,
        side: SideName,
        listener: &str,
        wanted: &[ListenerAction],
    ) -> Result<Accepted, AwsError> {
        let current = self.regional(side).default_actions(listener).await?;
        let acting = self.acting(side, Duty::Promote);
        let actions = merged(current, wanted)
            .map_err(|why| AwsError::unsent(&MODIFY_LISTENER, &acting.caller.region, format!("{listener} {why}")))?;
        let send = || {
            let modify = acting.elb.modify_listener().listener_arn(listener);
            modify.set_default_actions(Some(actions.clone())).send()
        };
        let answer = acting.caller.change(&MODIFY_LISTENER, send).await?;
        Ok(Accepted { request_id: answer.request_id().map(str::to_owned), reference: None })
    }

    /// The same with a rule's actions. Its conditions are not sent, and so stay as they are.
    pub(super) async fn modify_rule(
        &self,
        side: SideName,
        rule: &str,
        wanted: &[ListenerAction],
    ) -> Result<Accepted, AwsError> {
        let current = self.regional(side).rule(rule).await?.actions.unwrap_or_default();
        let acting = self.acting(side, Duty::Promote);
        let actions = merged(current, wanted)
            .map_err(|why| AwsError::unsent(&MODIFY_RULE, &acting.caller.region, format!("{rule} {why}")))?;
        let send = || acting.elb.modify_rule().rule_arn(rule).set_actions(Some(actions.clone())).send();
        let answer = acting.caller.change(&MODIFY_RULE, send).await?;
        Ok(Accepted { request_id: answer.request_id().map(str::to_owned), reference: None })
    }
}

impl Regional {
    async fn default_actions(&self, listener: &str) -> Result<Vec<Action>, AwsError> {
        let answer =
            self.caller.read(&LISTENERS, || self.elb.describe_listeners().listener_arns(listener).send()).await?;
        Ok(answer.listeners().first().map(|listener| listener.default_actions().to_vec()).unwrap_or_default())
    }

    async fn rule(&self, rule: &str) -> Result<Rule, AwsError> {
        let answer = self.caller.read(&RULES, || self.elb.describe_rules().rule_arns(rule).send()).await?;
        let found = answer.rules.unwrap_or_default().into_iter().next();
        found.ok_or_else(|| AwsError::unreadable(&RULES, &self.caller.region, "the rule is not in it"))
    }
}

fn kind(action: &Action) -> &str {
    action.r#type().map(|kind| kind.as_str()).unwrap_or_default()
}

fn seen_action(action: &Action) -> ListenerAction {
    let forward = action.forward_config();
    let mut targets: Vec<WeightedTarget> = forward
        .map(|forward| forward.target_groups())
        .unwrap_or_default()
        .iter()
        .map(|target| WeightedTarget {
            arn: target.target_group_arn().unwrap_or_default().to_owned(),
            weight: target.weight().unwrap_or(1),
        })
        .collect();
    if let (true, Some(arn)) = (targets.is_empty(), action.target_group_arn()) {
        targets.push(WeightedTarget { arn: arn.to_owned(), weight: 1 });
    }
    let stickiness = forward.and_then(|forward| forward.target_group_stickiness_config());
    ListenerAction {
        kind: kind(action).to_owned(),
        order: action.order(),
        targets,
        stickiness: stickiness
            .filter(|config| config.enabled().unwrap_or_default())
            .and_then(|config| config.duration_seconds()),
    }
}

/// The actions to send: the current ones with what `wanted` says about forwarding.
fn merged(current: Vec<Action>, wanted: &[ListenerAction]) -> Result<Vec<Action>, String> {
    if !current.iter().any(|action| kind(action) == FORWARD) {
        return Err("has no forward action to switch; give it one to the idle target group".to_owned());
    }
    let shape = |kind: &str, order: Option<i32>| (kind.to_owned(), order);
    let now: Vec<_> = current.iter().map(|action| shape(kind(action), action.order())).collect();
    let observed: Vec<_> = wanted.iter().map(|action| shape(&action.kind, action.order)).collect();
    if now != observed {
        return Err("was changed since it was observed; look again".to_owned());
    }
    current.into_iter().zip(wanted).map(|(action, wanted)| carried(action, wanted)).collect()
}

fn carried(mut action: Action, wanted: &ListenerAction) -> Result<Action, String> {
    if wanted.kind == FORWARD {
        // Either this or `ForwardConfig` names the target group; with both they would have to agree.
        action.target_group_arn = None;
        action.forward_config = Some(forward_config(wanted));
    } else if let Some(oidc) = &mut action.authenticate_oidc_config {
        // The secret is never read out; this keeps the one that the listener has.
        oidc.client_secret = None;
        oidc.use_existing_client_secret = Some(true);
    } else if action.redirect_config.is_none()
        && action.fixed_response_config.is_none()
        && action.authenticate_cognito_config.is_none()
        && action.jwt_validation_config.is_none()
    {
        return Err(format!(
            "has a {} action, which this program cannot carry over; change the listener by hand",
            wanted.kind
        ));
    }
    Ok(action)
}

fn forward_config(wanted: &ListenerAction) -> ForwardActionConfig {
    let groups = wanted.targets.iter();
    let groups =
        groups.map(|target| TargetGroupTuple::builder().target_group_arn(&target.arn).weight(target.weight).build());
    let stickiness = wanted
        .stickiness
        .map(|seconds| TargetGroupStickinessConfig::builder().enabled(true).duration_seconds(seconds).build());
    ForwardActionConfig::builder()
        .set_target_groups(Some(groups.collect()))
        .set_target_group_stickiness_config(stickiness)
        .build()
}

#[cfg(test)]
mod tests {
    use aws_sdk_elasticloadbalancingv2::types::{ActionTypeEnum, AuthenticateOidcActionConfig};

    use super::*;

    fn forward(arn: &str) -> Action {
        Action::builder().r#type(ActionTypeEnum::Forward).order(2).target_group_arn(arn).build()
    }

    fn oidc() -> Action {
        let config = AuthenticateOidcActionConfig::builder().issuer("https://id.example").client_id("shop").build();
        Action::builder().r#type(ActionTypeEnum::AuthenticateOidc).order(1).authenticate_oidc_config(config).build()
    }

    #[test]
    fn other_actions_are_carried_over_whole() {
        let current = vec![oidc(), forward("blue")];
        let mut wanted: Vec<ListenerAction> = current.iter().map(seen_action).collect();
        wanted[1].targets = vec![WeightedTarget { arn: "green".into(), weight: 100 }];
        let Ok(sent) = merged(current, &wanted) else { unreachable!("the shape is the same") };
        let kept = sent[0].authenticate_oidc_config();
        assert_eq!(kept.and_then(|config| config.issuer()), Some("https://id.example"));
        assert_eq!(kept.and_then(|config| config.use_existing_client_secret()), Some(true));
        assert_eq!(seen_action(&sent[1]), wanted[1]);
        assert_eq!(sent[1].target_group_arn(), None);
    }

    #[test]
    fn a_listener_that_changed_meanwhile_is_left_alone() {
        let wanted = [seen_action(&forward("green"))];
        assert!(merged(vec![oidc(), forward("blue")], &wanted).is_err());
    }

    #[test]
    fn an_action_that_cannot_be_carried_is_refused() {
        let unknown = Action::builder().r#type(ActionTypeEnum::from("teleport")).order(1).build();
        let wanted = [seen_action(&unknown), seen_action(&forward("green"))];
        assert!(merged(vec![unknown.clone(), forward("blue")], &wanted).is_err_and(|why| why.contains("teleport")));
        assert!(merged(vec![unknown], &wanted[..1]).is_err_and(|why| why.contains("no forward action")));
    }
}
