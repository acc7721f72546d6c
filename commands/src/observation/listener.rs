//! A listener, or one rule of it, as far as it can be switched.

use serde::{Deserialize, Serialize};

/// A listener's default actions, or those of the one rule that the configuration names.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ListenerState {
    /// Actions in order, whole, so that a change keeps what it does not mean to change.
    pub actions: Vec<ListenerAction>,
}

impl ListenerState {
    /// Target groups that get any traffic.
    pub fn forwards_to(&self) -> impl Iterator<Item = &WeightedTarget> {
        self.actions.iter().flat_map(|action| &action.targets).filter(|target| target.weight > 0)
    }

    /// Whether all forwarded traffic goes to that target group.
    pub fn forwards_only_to(&self, target_group: &str) -> bool {
        let mut targets = self.forwards_to().peekable();
        targets.peek().is_some() && targets.all(|target| target.arn == target_group)
    }
}

/// One action of a listener or a rule. The configuration of a kind other than `forward` is not held here: a change carries it over from the
/// listener itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ListenerAction {
    /// `forward`, `redirect`, `fixed-response`, …
    pub kind: String,
    /// Order.
    pub order: Option<i32>,
    /// Target groups with weights, for `forward`.
    pub targets: Vec<WeightedTarget>,
    /// Stickiness between target groups: seconds, if enabled.
    pub stickiness: Option<i32>,
}

/// A target group in a forward action.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WeightedTarget {
    /// Target group ARN.
    pub arn: String,
    /// Weight, 0 to 999.
    pub weight: i32,
}
