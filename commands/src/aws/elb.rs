//! Load balancer listeners and target groups.

use aws_sdk_elasticloadbalancingv2::types::{
    Action, ForwardActionConfig, TargetGroupStickinessConfig, TargetGroupTuple, TargetHealthStateEnum,
};
use aws_types::request_id::RequestId;

use super::{Accepted, Aws, AwsError, Regional, absent_is_none, call::Operation};
use crate::{
    observation::{ListenerAction, ListenerState, WeightedTarget},
    topology::{Duty, SideName},
};

pub(super) static LISTENERS: Operation = Operation::new("elasticloadbalancing", "DescribeListeners");
static TARGET_HEALTH: Operation = Operation::new("elasticloadbalancing", "DescribeTargetHealth");
static MODIFY_LISTENER: Operation = Operation::new("elasticloadbalancing", "ModifyListener");

const FORWARD: &str = "forward";

impl Aws {
    /// That side's listener; `None` if none is configured or there is no such listener.
    pub async fn listener(&self, side: SideName) -> Result<Option<ListenerState>, AwsError> {
        let Some(listener) = &self.side(side).listener else { return Ok(None) };
        let actions = absent_is_none(self.regional(side).default_actions(&listener.arn).await)?;
        Ok(actions.map(|actions| ListenerState { actions: actions.iter().map(seen_action).collect() }))
    }

    pub(super) async fn healthy_targets(&self, side: SideName, target_group: &str) -> Result<usize, AwsError> {
        let regional = self.regional(side);
        let send = || regional.elb.describe_target_health().target_group_arn(target_group).send();
        let answer = regional.caller.read(&TARGET_HEALTH, send).await?;
        let healthy = |state: Option<&TargetHealthStateEnum>| state == Some(&TargetHealthStateEnum::Healthy);
        let targets = answer.target_health_descriptions().iter();
        Ok(targets.filter(|target| healthy(target.target_health().and_then(|health| health.state()))).count())
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
}

impl Regional {
    async fn default_actions(&self, listener: &str) -> Result<Vec<Action>, AwsError> {
        let answer =
            self.caller.read(&LISTENERS, || self.elb.describe_listeners().listener_arns(listener).send()).await?;
        Ok(answer.listeners().first().map(|listener| listener.default_actions().to_vec()).unwrap_or_default())
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
