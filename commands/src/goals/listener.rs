//! What is still to be switched at the listener, and whether it is ours to switch.

use crate::{
    change::Change,
    observation::{Controller, Governed, ListenerAction, ListenerState, NamedService, ServiceState, WeightedTarget},
    topology::{Listener, target_group_name},
};

/// What the listener step has to do.
#[derive(Debug, Clone, PartialEq)]
pub enum Switching {
    /// Nothing: why.
    Holds(String),
    /// This.
    Change(Change),
    /// Wait: for what.
    Waits(String),
    /// Nothing that Standby may do: what people have to.
    Stuck(String),
}

/// What is to be done about the listener, which may be ECS's: in its own blue/green deployments ECS sets the weights of the production rule, to
/// whichever target group the tasks are in. That rule is left alone, and right where its traffic goes to the tasks.
pub fn listener_switch(listener: &Listener, state: &ListenerState, services: &[NamedService]) -> Switching {
    let Some((name, service)) = governing(listener, Some(state), services) else {
        return match listener_change(listener, state) {
            None => Switching::Holds(format!("forwards to {}", listener.target_group_name())),
            Some(change) => Switching::Change(change),
        };
    };
    let who = governor(service);
    // Task sets beside the primary one may stay there.
    if service.in_flight() && !service.controller.has_task_sets() {
        return Switching::Waits(format!(
            "a deployment of {name} is in flight, and {who} shifts this traffic meanwhile: Standby waits for its end"
        ));
    }
    if let Some(why) = service.target_groups.iter().find_map(|group| group.healthy.why()) {
        return Switching::Waits(format!("which target group has the tasks of {name} is not known: {why}"));
    }
    let names = |arns: Vec<&str>| arns.into_iter().map(target_group_name).collect::<Vec<_>>().join(", ");
    let groups: Vec<&str> = service.target_groups.iter().map(|group| group.arn.as_str()).collect();
    let forwards: Vec<&str> = state.forwards_to().map(|target| target.arn.as_str()).collect();
    let right = !forwards.is_empty() && forwards.iter().all(|arn| groups.contains(arn));
    let (groups, forwards) = (names(groups), names(forwards));
    match right {
        true => Switching::Holds(format!("{who} governs it: it forwards to {groups}, where the tasks of {name} are")),
        false => Switching::Stuck(format!(
            "{who} governs {} in deployments of {name}, and it forwards to {forwards}, while the tasks are in {groups}. Standby doesn't change it: \
             deploy {name} again, or set the weights by hand, then retry",
            listener.switched()
        )),
    }
}

/// The service in whose deployments the listener's weights are set, if there is one: by ECS in its own blue/green deployments, or by CodeDeploy or
/// another controller, whose tasks are in a target group that the listener forwards to and that isn't the configured one.
pub fn governing<'a>(
    listener: &Listener,
    state: Option<&ListenerState>,
    services: &'a [NamedService],
) -> Option<(&'a str, &'a ServiceState)> {
    let known = || {
        let named = services.iter();
        named.filter_map(|named| Some((named.name.as_str(), named.state.known()?.as_ref()?)))
    };
    let by_ecs = known().find(|(_, service)| service.governs.iter().any(|governed| governs(governed, listener)));
    let forwards = |arn: &str| state.is_some_and(|state| state.forwards_to().any(|target| target.arn == arn));
    let by_task_sets = |(_, service): &(&str, &ServiceState)| {
        let groups = &service.target_groups;
        let elsewhere = groups.iter().all(|group| group.arn != listener.target_group);
        service.controller.has_task_sets() && elsewhere && groups.iter().any(|group| forwards(&group.arn))
    };
    by_ecs.or_else(|| known().find(by_task_sets))
}

/// Who sets the weights of the listener that it governs.
pub fn governor(state: &ServiceState) -> &'static str {
    match state.controller {
        Controller::CodeDeploy => "CodeDeploy",
        Controller::External => "its external deployment controller",
        Controller::Rolling | Controller::BlueGreen => "ECS",
    }
}

/// Whether it is the same rule or listener. A default rule stands for its listener's default actions; where it could not be read whether it is one,
/// it is taken for one, since nothing of ECS's is touched on a guess.
fn governs(governed: &Governed, listener: &Listener) -> bool {
    match &listener.rule_arn {
        Some(rule) => governed.arn == *rule,
        None => {
            let of_rule = governed.arn.replace(":listener-rule/", ":listener/");
            let within = of_rule.rsplit_once('/').is_some_and(|(of, _)| of == listener.arn) && of_rule != governed.arn;
            governed.arn == listener.arn || (within && governed.default != Some(false))
        }
    }
}

/// What makes the listener forward to the production target group alone; `None` if it does. Other actions stay as they are, and so do the
/// target groups of the forward action where the wanted one is among them: it gets their weight, and they get none. Who governs the listener is
/// for [`listener_switch`] to ask.
pub fn listener_change(listener: &Listener, state: &ListenerState) -> Option<Change> {
    if state.forwards_only_to(&listener.target_group) {
        return None;
    }
    let actions = state.actions.iter().map(|action| match action.targets.is_empty() {
        true => action.clone(),
        false => ListenerAction { targets: shifted(&action.targets, &listener.target_group), ..action.clone() },
    });
    let actions = actions.collect();
    Some(match listener.rule_arn.clone() {
        Some(rule) => Change::RuleActions { rule, actions },
        None => Change::ListenerActions { listener: listener.arn.clone(), actions },
    })
}

fn shifted(targets: &[WeightedTarget], wanted: &str) -> Vec<WeightedTarget> {
    let weight = targets.iter().map(|target| target.weight).max().unwrap_or_default().max(1);
    let full = |target: &WeightedTarget| target.arn == wanted;
    if !targets.iter().any(full) {
        return vec![WeightedTarget { arn: wanted.to_owned(), weight }];
    }
    let shift =
        |target: &WeightedTarget| WeightedTarget { weight: if full(target) { weight } else { 0 }, ..target.clone() };
    targets.iter().map(shift).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        fixture,
        observation::{Rollout, Seen, TargetGroup},
    };

    fn listener(rule: Option<&str>) -> Listener {
        Listener {
            arn: "arn:l:listener/app/shop/1/2".into(),
            target_group: "green".into(),
            rule_arn: rule.map(str::to_owned),
        }
    }

    type Weights = &'static [(&'static str, i32)];

    fn forward(targets: Weights) -> ListenerState {
        let targets = targets.iter().map(|&(arn, weight)| WeightedTarget { arn: arn.into(), weight }).collect();
        let auth =
            ListenerAction { kind: "authenticate-oidc".into(), order: Some(1), targets: vec![], stickiness: None };
        let forward = ListenerAction { kind: "forward".into(), order: Some(2), targets, stickiness: Some(60) };
        ListenerState { actions: vec![auth, forward] }
    }

    #[test]
    fn the_listener_gives_all_weight_to_the_production_group() {
        let listener = listener(None);
        let cases: [(Weights, Weights); 3] = [
            (&[("blue", 1)], &[("green", 1)]),
            (&[("blue", 90), ("green", 10)], &[("blue", 0), ("green", 90)]),
            (&[("blue", 100), ("green", 0)], &[("blue", 0), ("green", 100)]),
        ];
        for (before, after) in cases {
            let Some(Change::ListenerActions { actions, .. }) = listener_change(&listener, &forward(before)) else {
                unreachable!("{before:?} is to be changed")
            };
            assert_eq!(ListenerState { actions }, forward(after));
        }
        assert_eq!(listener_change(&listener, &forward(&[("blue", 0), ("green", 5)])), None);
    }

    #[test]
    fn a_rule_is_switched_where_one_is_named() {
        let rule = "arn:l:listener-rule/app/shop/1/2/3";
        let Some(Change::RuleActions { rule: changed, actions }) =
            listener_change(&listener(Some(rule)), &forward(&[("blue", 1)]))
        else {
            unreachable!("the rule is to be changed")
        };
        assert_eq!((changed.as_str(), ListenerState { actions }), (rule, forward(&[("green", 1)])));
    }

    const RULE: &str = "arn:l:listener-rule/app/shop/1/2/3";

    /// A service whose tasks ECS has put into `group`, and whose production rule is `RULE`.
    fn blue_green(group: &str, default: Option<bool>) -> ServiceState {
        let mut state = fixture::service(4);
        state.controller = Controller::BlueGreen;
        state.target_groups = vec![TargetGroup { arn: group.into(), healthy: Seen::Known(4) }];
        state.governs = vec![Governed { arn: RULE.into(), default, forwards: Seen::Known(vec![]) }];
        state
    }

    fn switch(rule: Option<&str>, weights: Weights, state: ServiceState) -> Switching {
        let services = [NamedService { name: "web".into(), state: Seen::Known(Some(state)) }];
        listener_switch(&listener(rule), &forward(weights), &services)
    }

    #[test]
    fn what_ecs_governs_is_right_where_the_tasks_are_and_never_changed() {
        let tasks_in_blue = || blue_green("blue", Some(false));
        assert!(matches!(switch(Some(RULE), &[("blue", 100), ("green", 0)], tasks_in_blue()), Switching::Holds(_)));
        assert!(matches!(switch(Some(RULE), &[("blue", 0), ("green", 100)], tasks_in_blue()), Switching::Stuck(_)));
        let mut in_flight = tasks_in_blue();
        in_flight.rollout.state = Rollout::IN_PROGRESS.to_owned();
        assert!(matches!(switch(Some(RULE), &[("blue", 100)], in_flight), Switching::Waits(_)));
        let mut unseen = tasks_in_blue();
        unseen.target_groups[0].healthy = Seen::Unknown("denied".into());
        assert!(matches!(switch(Some(RULE), &[("blue", 100)], unseen), Switching::Waits(_)));
    }

    #[test]
    fn what_task_sets_govern_is_right_where_the_tasks_are_and_never_changed() {
        let task_set = |group: &str| {
            let state = blue_green(group, None);
            ServiceState { controller: Controller::CodeDeploy, governs: vec![], ..state }
        };
        assert!(matches!(switch(Some(RULE), &[("alternate", 1)], task_set("alternate")), Switching::Holds(_)));
        let Switching::Stuck(why) = switch(Some(RULE), &[("blue", 1), ("alternate", 1)], task_set("alternate")) else {
            unreachable!("what CodeDeploy shifts is left alone")
        };
        assert!(why.starts_with("CodeDeploy governs"), "{why}");
        assert!(matches!(switch(Some(RULE), &[("blue", 1)], task_set("alternate")), Switching::Change(_)), "another's");
        assert!(matches!(switch(Some(RULE), &[("blue", 1)], task_set("green")), Switching::Change(_)));
    }

    #[test]
    fn another_rule_of_the_listener_is_ours_and_its_default_rule_is_not() {
        let change = |default| switch(None, &[("blue", 1)], blue_green("blue", default));
        assert!(matches!(change(Some(false)), Switching::Change(Change::ListenerActions { .. })));
        assert!(matches!(change(Some(true)), Switching::Holds(_)));
        assert!(matches!(change(None), Switching::Holds(_)), "nothing is touched on a guess");
        assert!(matches!(
            switch(Some("arn:l:listener-rule/app/shop/1/2/9"), &[("blue", 1)], blue_green("blue", Some(true))),
            Switching::Change(Change::RuleActions { .. })
        ));
    }
}
