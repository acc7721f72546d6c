//! What it takes to approve each kind of gate.

use serde::{Deserialize, Serialize};

use super::Access;
use crate::plan::{Method, RunbookName};

/// A kind of gate, by what an approval sets going.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A failover to DR, which loses what was not replicated.
    Promote,
    /// A planned move that loses nothing: a switchover to DR, a restore of the capacity of the region that serves, or a copy of a snapshot. Who may move users between
    /// regions, and both regions' capacity with them, may bring capacity back where they are.
    Switchover,
    /// The deletion of the stale former primary.
    Rebuild,
    /// The planned switchover back.
    Failback,
}

impl Kind {
    /// All.
    pub const ALL: [Self; 4] = [Self::Promote, Self::Switchover, Self::Rebuild, Self::Failback];

    /// The kind of a runbook's gate where that method is chosen.
    pub fn of(runbook: RunbookName, method: Method) -> Self {
        match (runbook, method) {
            (RunbookName::Failback, _) => Self::Failback,
            (RunbookName::Restore | RunbookName::Rescue, _) | (_, Method::Restore | Method::Rescue) => Self::Switchover,
            (_, Method::Rebuild) | (RunbookName::Rebuild, _) => Self::Rebuild,
            (RunbookName::Promote, Method::Failover) => Self::Promote,
            (RunbookName::Promote, Method::Switchover) => Self::Switchover,
        }
    }

    /// Its name in the configuration.
    pub fn name(self) -> &'static str {
        match self {
            Self::Promote => "promote",
            Self::Switchover => "switchover",
            Self::Rebuild => "rebuild",
            Self::Failback => "failback",
        }
    }
}

/// What it takes to approve, by kind of gate.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Approvals {
    /// See [`Kind::Promote`].
    pub promote: Rule,
    /// See [`Kind::Switchover`].
    pub switchover: Rule,
    /// See [`Kind::Rebuild`].
    pub rebuild: Rule,
    /// See [`Kind::Failback`].
    pub failback: Rule,
}

impl Approvals {
    /// The rule of that kind.
    pub fn rule(&self, kind: Kind) -> &Rule {
        match kind {
            Kind::Promote => &self.promote,
            Kind::Switchover => &self.switchover,
            Kind::Rebuild => &self.rebuild,
            Kind::Failback => &self.failback,
        }
    }
}

/// What it takes to approve one kind of gate. What is left out is as [`Access`] says.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Rule {
    /// How many people have to approve.
    pub approvers: u32,
    /// Who may: user ids and ids of user groups (`S…`); the promoters if absent.
    pub who: Option<Vec<String>>,
    /// Whether the person who asked may be one of them.
    pub requester_may_approve: Option<bool>,
    /// Channels in which approvals are taken.
    pub channels: Option<Vec<String>>,
    /// The team that the approvers are of.
    pub team: Option<String>,
}

impl Default for Rule {
    fn default() -> Self {
        Self { approvers: 1, who: None, requester_may_approve: None, channels: None, team: None }
    }
}

/// What it takes to choose one of a gate's ways, as it stood when people were asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    /// The way.
    pub method: Method,
    /// How many people have to approve it.
    pub approvers: u32,
    /// Who may: user ids and ids of user groups.
    pub who: Vec<String>,
    /// Whether the person who asked may be one of them.
    pub requester_may_approve: bool,
}

impl Access {
    /// What it takes to choose `method` at a gate of that runbook.
    pub fn terms(&self, runbook: RunbookName, method: Method) -> Terms {
        let kind = Kind::of(runbook, method);
        Terms {
            method,
            approvers: self.approvals.rule(kind).approvers,
            who: self.approvers(kind).to_vec(),
            requester_may_approve: self.requester_may_approve(kind),
        }
    }

    /// Who may approve that kind of gate.
    pub fn approvers(&self, kind: Kind) -> &[String] {
        self.approvals.rule(kind).who.as_deref().unwrap_or(&self.promoters)
    }

    /// Whether the person who asked may be one of those who approve.
    pub fn requester_may_approve(&self, kind: Kind) -> bool {
        self.approvals.rule(kind).requester_may_approve.unwrap_or(self.requester_may_approve)
    }
}
