//! What is switched where blue/green is in play.

use serde::Deserialize;

/// A listener, or one rule of it, that must forward to one target group when the region serves.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Listener {
    /// Listener ARN.
    pub arn: String,
    /// ARN of the target group that takes production traffic.
    pub target_group: String,
    /// ARN of the rule that is switched; the listener's default actions if absent.
    #[serde(default)]
    pub rule_arn: Option<String>,
}

impl Listener {
    /// The target group's name: `NAME` in `…:targetgroup/NAME/ID`.
    pub fn target_group_name(&self) -> &str {
        target_group_name(&self.target_group)
    }

    /// ARN of what is switched: the rule, or the listener.
    pub fn switched(&self) -> &str {
        self.rule_arn.as_deref().unwrap_or(&self.arn)
    }
}

/// A target group's name: `NAME` in `…:targetgroup/NAME/ID`.
pub fn target_group_name(arn: &str) -> &str {
    arn.rsplit('/').nth(1).unwrap_or(arn)
}
