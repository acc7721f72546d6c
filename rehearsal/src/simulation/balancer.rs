//! Elastic Load Balancing: listeners, rules and target groups.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{
    Simulation,
    agenda::Event,
    refusal::{Refusal, Result},
};
use crate::{
    pair::{Colour, Pair, Side, Site},
    region::Region,
    scenario::Scenario,
};

/// Priority of the rule that takes the production traffic: behind all others.
const PRODUCTION: u32 = 1_000;
/// Its path.
const EVERYTHING: &str = "/*";

/// All load balancers, listeners and target groups, by ARN.
#[derive(Debug)]
pub(crate) struct Balancers {
    pub(crate) balancers: BTreeMap<String, Balancer>,
    pub(crate) listeners: BTreeMap<String, Listener>,
    pub(crate) target_groups: BTreeMap<String, TargetGroup>,
}

/// What a load balancer takes in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// HTTP requests.
    Application,
    /// Packets on their way, for appliances to look at.
    Gateway,
}

/// A load balancer.
#[derive(Debug)]
pub(crate) struct Balancer {
    pub(crate) name: String,
    pub(crate) kind: Kind,
    /// It was deleted since it was listed.
    pub(crate) is_gone: bool,
    pub(crate) region: Region,
    pub(crate) zones: usize,
    pub(crate) created: Timestamp,
}

/// A listener with its rules.
#[derive(Debug)]
pub(crate) struct Listener {
    pub(crate) balancer: String,
    pub(crate) kind: Kind,
    pub(crate) region: Region,
    /// Default actions as they were set last.
    pub(crate) actions: Vec<Action>,
    /// Default actions that traffic follows by now.
    pub(crate) applied: Vec<Action>,
    pub(crate) rules: Vec<Rule>,
}

/// A rule in front of the default actions.
#[derive(Debug)]
pub(crate) struct Rule {
    pub(crate) arn: String,
    pub(crate) priority: u32,
    pub(crate) path: String,
    pub(crate) actions: Vec<Action>,
}

/// What a listener or rule does with a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Action {
    pub(crate) order: Option<u32>,
    pub(crate) does: Deed,
}

/// The kinds of action, with what matters of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Deed {
    /// Forward to target groups by weight.
    Forward { groups: Vec<(String, u32)>, stickiness_seconds: Option<u32> },
    /// Anything else (authentication, redirect, fixed response): kept as it was given.
    Other(serde_json::Value),
}

/// A target group of IP targets.
#[derive(Debug)]
pub(crate) struct TargetGroup {
    pub(crate) name: String,
    pub(crate) region: Region,
    pub(crate) balancer: String,
    /// Address of a target that no service registered: the idle page.
    pub(crate) fixed: Option<String>,
}

/// Port of all targets.
pub(crate) const TARGET_PORT: u16 = 8080;

impl Balancers {
    pub(super) fn new(scenario: &Scenario) -> Self {
        let mut all = Self { balancers: BTreeMap::new(), listeners: BTreeMap::new(), target_groups: BTreeMap::new() };
        for (pair, side, site) in scenario.sites() {
            all.add(pair, side, site, scenario.epoch);
            all.add_neighbors(pair, side, site, scenario);
        }
        all
    }

    fn add(&mut self, pair: &Pair, side: Side, site: &Site, created: Timestamp) {
        let region = &site.region;
        let balancer = pair.load_balancer_arn(side);
        let (blue, green) = (pair.target_group_arn(side, Colour::Blue), pair.target_group_arn(side, Colour::Green));
        let mut group = |arn: &str, suffix: &str, fixed| {
            let name = format!("{}-{suffix}", pair.name);
            self.target_groups.insert(
                arn.to_owned(),
                TargetGroup { name, region: region.clone(), balancer: balancer.clone(), fixed },
            );
        };
        group(&blue, Colour::Blue.as_str(), Some("10.0.0.10".to_owned()));
        group(&green, Colour::Green.as_str(), None);
        let mut rules = Vec::new();
        for service in &pair.services {
            let Some(arn) = pair.service_target_group_arn(side, service).filter(|arn| *arn != green) else { continue };
            group(&arn, &service.name, None);
            let number = rules.len() as u32 + 1;
            rules.push(Rule {
                arn: pair.service_rule_arn(side, service),
                priority: number * 10,
                path: format!("/{}/*", service.name),
                actions: vec![Action::forward(vec![(arn, 1)])],
            });
        }
        let weights = match site.live {
            Colour::Blue => vec![(blue, 100), (green.clone(), 0)],
            Colour::Green => vec![(blue, 0), (green.clone(), 100)],
        };
        let mut production = pair.rule.then(|| weights.clone());
        for service in &pair.services {
            let Some(alternate) = pair.alternate_target_group_arn(side, service) else { continue };
            group(&alternate, &format!("{}-alt", service.name), None);
            match pair.service_target_group_arn(side, service) {
                Some(configured) if configured == green => {
                    production = Some(vec![(green.clone(), 0), (alternate, 100)])
                }
                configured => {
                    // Whoever deploys the service has rewritten its rule, too.
                    let of = |rule: &&mut Rule| rule.path == format!("/{}/*", service.name);
                    if let Some(rule) = rules.iter_mut().find(of) {
                        rule.actions = vec![Action::forward(
                            configured.map(|arn| (arn, 0)).into_iter().chain([(alternate, 100)]).collect(),
                        )];
                    }
                }
            }
        }
        if let Some(weights) = production {
            rules.push(Rule {
                arn: pair.rule_arn(side),
                priority: PRODUCTION,
                path: EVERYTHING.to_owned(),
                actions: vec![Action::forward(weights)],
            });
        }
        let actions = vec![Action::forward(weights)];
        let (name, zones) = (pair.name.clone(), site.zones);
        let kind = Kind::Application;
        let new = Balancer { name, kind, is_gone: false, region: region.clone(), zones, created };
        self.balancers.insert(balancer.clone(), new);
        let listener = Listener { balancer, kind, region: region.clone(), applied: actions.clone(), actions, rules };
        self.listeners.insert(pair.listener_arn(side), listener);
    }

    /// What else the account has in the region, once for each application.
    fn add_neighbors(&mut self, pair: &Pair, side: Side, site: &Site, scenario: &Scenario) {
        let mut balancer = |kind, is_gone, path: &str| {
            let name = path.rsplit('/').next().unwrap_or(path).to_owned();
            let arn =
                pair.arn(side, "elasticloadbalancing", &format!("loadbalancer/{path}/{}", pair.balancer_id(side)));
            let (region, zones, created) = (site.region.clone(), site.zones, scenario.epoch);
            self.balancers.insert(arn.clone(), Balancer { name, kind, is_gone, region, zones, created });
            arn
        };
        if scenario.account.vanishing_balancers {
            balancer(Kind::Application, true, &format!("app/{}-going", pair.name));
        }
        if scenario.account.gateway_balancers {
            let path = format!("gwy/{}-inspect", pair.name);
            let balancer = balancer(Kind::Gateway, false, &path);
            let id = pair.balancer_id(side);
            let arn = pair.arn(side, "elasticloadbalancing", &format!("listener/{path}/{id}/{id}"));
            let actions = vec![Action::forward(vec![(pair.named_target_group_arn(side, "inspect"), 1)])];
            let (region, applied, rules) = (site.region.clone(), actions.clone(), Vec::new());
            self.listeners.insert(arn, Listener { balancer, kind: Kind::Gateway, region, actions, applied, rules });
        }
    }

    /// Whether a load balancer of that region can be described.
    pub(crate) fn is_there(&self, region: &Region, arn: &str) -> bool {
        self.balancers.get(arn).is_some_and(|balancer| balancer.region == *region && !balancer.is_gone)
    }

    /// A listener of that region.
    pub(crate) fn listener(&self, region: &Region, arn: &str) -> Result<&Listener> {
        let found = self.listeners.get(arn).filter(|listener| listener.region == *region);
        found.ok_or_else(|| Refusal::invalid("ListenerNotFound", format!("One or more listeners not found: {arn}")))
    }

    /// A target group of that region.
    pub(crate) fn target_group(&self, region: &Region, arn: &str) -> Result<&TargetGroup> {
        let found = self.target_groups.get(arn).filter(|group| group.region == *region);
        found.ok_or_else(|| {
            Refusal::invalid("TargetGroupNotFound", format!("One or more target groups not found: {arn}"))
        })
    }

    /// The listener of that region that has the rule.
    pub(crate) fn listener_of_rule(&self, region: &Region, rule: &str) -> Result<(&str, &Listener)> {
        let has = |listener: &Listener| listener.region == *region && listener.rules.iter().any(|it| it.arn == rule);
        let found = self.listeners.iter().find(|(_, listener)| has(listener));
        let not_found = || Refusal::invalid("RuleNotFound", format!("One or more rules not found: {rule}"));
        found.map(|(arn, listener)| (arn.as_str(), listener)).ok_or_else(not_found)
    }

    /// Traffic follows the listener's current actions.
    pub(super) fn apply(&mut self, arn: &str) {
        if let Some(listener) = self.listeners.get_mut(arn) {
            listener.applied = listener.actions.clone();
        }
    }
}

impl Action {
    fn forward(groups: Vec<(String, u32)>) -> Self {
        Self { order: None, does: Deed::Forward { groups, stickiness_seconds: None } }
    }
}

impl Listener {
    /// What production traffic follows by now: the rule that takes everything, where there is one, or the default actions.
    pub(crate) fn production(&self) -> &[(String, u32)] {
        let rule = self.rules.iter().find(|rule| rule.path == EVERYTHING);
        Self::forwards_to(rule.map_or(&self.applied, |rule| &rule.actions))
    }

    /// Target groups that traffic is forwarded to by these actions, with their weights.
    pub(crate) fn forwards_to(actions: &[Action]) -> &[(String, u32)] {
        let forward = actions.iter().find_map(|action| match &action.does {
            Deed::Forward { groups, .. } => Some(groups.as_slice()),
            Deed::Other(_) => None,
        });
        forward.unwrap_or_default()
    }
}

impl Simulation {
    /// `ModifyRule`: replaces the whole list of a rule's actions; in force at once.
    pub(crate) fn modify_rule(&mut self, region: &Region, arn: &str, actions: Vec<Action>) -> Result<()> {
        let (listener, found) = self.balancers.listener_of_rule(region, arn)?;
        let (listener, balancer) = (listener.to_owned(), found.balancer.clone());
        for (group, _) in Listener::forwards_to(&actions) {
            if self.balancers.target_group(region, group)?.balancer != balancer {
                let message = format!("Target group {group} is associated with another load balancer");
                return Err(Refusal::invalid("TargetGroupAssociationLimit", message));
            }
        }
        let rules = self.balancers.listeners.get_mut(&listener).map(|listener| &mut listener.rules);
        if let Some(rule) = rules.into_iter().flatten().find(|rule| rule.arn == arn) {
            rule.actions = actions;
        }
        Ok(())
    }

    /// Somebody lets all production traffic of a listener go to one target group.
    pub(super) fn forward_all(&mut self, region: &Region, arn: &str, group: &str) -> Result<()> {
        let actions = vec![Action::forward(vec![(group.to_owned(), 100)])];
        let rules = &self.balancers.listener(region, arn)?.rules;
        match rules.iter().find(|rule| rule.path == EVERYTHING).map(|rule| rule.arn.clone()) {
            Some(rule) => self.modify_rule(region, &rule, actions),
            None => self.modify_listener(region, arn, actions),
        }
    }

    /// `ModifyListener`: replaces the whole list of default actions.
    pub(crate) fn modify_listener(&mut self, region: &Region, arn: &str, actions: Vec<Action>) -> Result<()> {
        let balancer = self.balancers.listener(region, arn)?.balancer.clone();
        for (group, _) in Listener::forwards_to(&actions) {
            if self.balancers.target_group(region, group)?.balancer != balancer {
                let message = format!("Target group {group} is associated with another load balancer");
                return Err(Refusal::invalid("TargetGroupAssociationLimit", message));
            }
        }
        if let Some(listener) = self.balancers.listeners.get_mut(arn) {
            listener.actions = actions;
        }
        let after = self.durations().listener;
        self.later(after, Event::ListenerApplied { listener: arn.to_owned() });
        Ok(())
    }
}
