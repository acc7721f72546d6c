//! Who may look, who may ask, and who may approve what. Nobody, unless the configuration says so. Judged purely, on facts that the desk gathers.

mod approvals;
mod directory;

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use storage::{Actor, Origin};

use crate::journal::Refusal;

pub use self::{
    approvals::{Approvals, Kind, Rule, Terms},
    directory::{Directory, Facts, Freshness, Standing, Unavailable},
};

/// Stands for anyone of the team.
const ANYONE: &str = "*";

/// Who may do what with one application.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Access {
    /// Slack team (workspace) id, `T…`. User ids are only unique within one, or within its organization.
    pub team: String,
    /// Slack channels in which commands are taken, by id.
    pub channels: Vec<String>,
    /// Ids of the users and user groups who may look: `status`, `plan promote`. `*` is anyone of the team.
    #[serde(default)]
    pub viewers: Vec<String>,
    /// Ids of the users and user groups who may ask for a promote, decide on failed steps and, where [`Approvals`] names nobody else, approve.
    /// They may look, too. No `*`: each is named.
    pub promoters: Vec<String>,
    /// Whether the person who asked for a promote may approve it.
    #[serde(default)]
    pub requester_may_approve: bool,
    /// Who is who at the terminal: the Slack user id of each of the host's users who may use it. A person has the same rights at both, and is the
    /// same person to the rule that requester and approver are two.
    #[serde(default)]
    pub terminal: BTreeMap<String, String>,
    /// What it takes to approve, by kind of gate.
    #[serde(default)]
    pub approvals: Approvals,
}

/// Who may read the audit log itself in the chat, and have it sent to them: whoever the configuration names for compliance.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Readers {
    /// Their user ids.
    pub people: BTreeSet<String>,
    /// The teams that those are of.
    pub teams: BTreeSet<String>,
}

impl Readers {
    /// Whether that person may.
    pub fn may(&self, actor: &Actor) -> bool {
        matches!(actor, Actor::Slack { team, user, .. } if self.teams.contains(team) && self.people.contains(user))
    }
}

/// Something that not everybody may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Right {
    /// See status, plans, history.
    Look,
    /// Ask for a run. Nothing that cannot be undone comes of it alone.
    Ask,
    /// Decide what becomes of a step that failed.
    Resolve,
    /// Approve or refuse a gate of that kind.
    Approve(Kind),
}

/// A person, wherever they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Person<'a> {
    /// Slack team that their request names.
    pub(crate) team: &'a str,
    /// Slack user id, by which rights are given.
    pub(crate) user: &'a str,
}

impl Access {
    /// Whether that person may do that from there, by the facts that were gathered for that right.
    ///
    /// # Errors
    /// Why not. A stranger is not told which channels there are, so the person comes first.
    pub fn may(&self, right: Right, actor: &Actor, origin: &Origin, facts: &Facts) -> Result<(), Refusal> {
        let person = self.person(actor).filter(|person| self.belongs(right, person, facts) != Some(false));
        let person = person.ok_or(Refusal::NotAllowed)?;
        // A request may come from another team that the person belongs to, which the chat alone knows.
        let names_the_team = person.team == self.team(right);
        match &facts.standing {
            Some(Ok(Standing::Full)) => {}
            Some(Ok(_)) => return Err(Refusal::NotAMember),
            None if names_the_team => {}
            None => return Err(Refusal::NotAllowed),
            // Looking and asking go on while the chat cannot be asked: decisions do not.
            Some(Err(_)) if names_the_team && matches!(right, Right::Look | Right::Ask) => {}
            Some(Err(_)) => return Err(Refusal::Unverified),
        }
        if self.belongs(right, &person, facts).is_none() {
            return Err(Refusal::Unverified);
        }
        match (actor, origin) {
            (Actor::Slack { .. }, Origin::Slack { channel, .. }) if self.channels(right).contains(channel) => Ok(()),
            (Actor::Terminal { .. }, Origin::Terminal) => Ok(()),
            _ => Err(Refusal::WrongChannel),
        }
    }

    /// Whether both are one person, whatever name they go by now and wherever they are: a click names a person's own workspace of an organization,
    /// and a command the one that it was typed in. Where a user of another team has the same id, fewer approvals count.
    pub fn same_person(&self, one: &Actor, other: &Actor) -> bool {
        match (self.person(one), self.person(other)) {
            (Some(one), Some(other)) => one.user == other.user,
            _ => one == other,
        }
    }

    /// Who that is; nobody for a user of the host who is nobody in Slack.
    pub(crate) fn person<'a>(&'a self, actor: &'a Actor) -> Option<Person<'a>> {
        match actor {
            Actor::Slack { team, user, .. } => Some(Person { team, user }),
            Actor::Terminal { user } => {
                self.terminal.get(user).map(|user| Person { team: self.team.as_str(), user: user.as_str() })
            }
            Actor::Bot => None,
        }
    }

    /// User groups that decide whether the person has the right; none where that is plain without.
    fn groups_that_matter(&self, right: Right, person: &Person<'_>) -> Vec<&str> {
        let named = || self.named(right);
        if named().any(|id| means(right, id, person)) {
            return Vec::new();
        }
        named().filter(|id| is_group(id)).collect()
    }

    fn may_belong(&self, right: Right, person: &Person<'_>, facts: &Facts) -> bool {
        self.belongs(right, person, facts) != Some(false)
    }

    /// Whether the person is among those named for the right; `None` where a group could not be asked for.
    fn belongs(&self, right: Right, person: &Person<'_>, facts: &Facts) -> Option<bool> {
        let mut unknown = false;
        for id in self.named(right) {
            match facts.groups.get(id) {
                _ if means(right, id, person) => return Some(true),
                Some(Ok(true)) => return Some(true),
                Some(Err(_)) => unknown = true,
                Some(Ok(false)) | None => {}
            }
        }
        (!unknown).then_some(false)
    }

    /// Everybody who is named for that right.
    fn named(&self, right: Right) -> Box<dyn Iterator<Item = &str> + '_> {
        let promoters = self.promoters.iter();
        match right {
            Right::Look => {
                let approvers = Kind::ALL.into_iter().flat_map(|kind| self.approvers(kind));
                Box::new(promoters.chain(&self.viewers).chain(approvers).map(String::as_str))
            }
            Right::Ask | Right::Resolve => Box::new(promoters.map(String::as_str)),
            Right::Approve(kind) => Box::new(self.approvers(kind).iter().map(String::as_str)),
        }
    }

    fn team(&self, right: Right) -> &str {
        match right {
            Right::Approve(kind) => self.approvals.rule(kind).team.as_ref().unwrap_or(&self.team),
            Right::Look | Right::Ask | Right::Resolve => &self.team,
        }
    }

    fn channels(&self, right: Right) -> &[String] {
        match right {
            Right::Approve(kind) => self.approvals.rule(kind).channels.as_ref().unwrap_or(&self.channels),
            Right::Look | Right::Ask | Right::Resolve => &self.channels,
        }
    }
}

/// Whether the id is the person's; anyone's only where that person looks.
fn means(right: Right, id: &str, person: &Person<'_>) -> bool {
    id == person.user || (right == Right::Look && id == ANYONE)
}

/// Whether that is the id of a user group rather than of a user.
pub fn is_group(id: &str) -> bool {
    id.starts_with('S')
}

#[cfg(test)]
mod tests;
