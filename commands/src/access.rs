//! Who may look and who may promote. Nobody, unless the configuration says so.

use std::collections::BTreeMap;

use serde::Deserialize;
use storage::{Actor, Origin};

use crate::journal::Refusal;

/// Stands for anyone of the team.
const ANYONE: &str = "*";

/// Who may do what with one application.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Access {
    /// Slack team (workspace) id, `T…`. User ids are only unique within one.
    pub team: String,
    /// Slack channels in which commands are taken, by id.
    pub channels: Vec<String>,
    /// User ids of those who may look: `status`, `plan promote`. `*` is anyone of the team.
    #[serde(default)]
    pub viewers: Vec<String>,
    /// User ids of those who may promote, approve, and decide on failed steps. They may look, too. No `*`: each is named.
    pub promoters: Vec<String>,
    /// Whether the person who asked for a promote may approve it.
    #[serde(default)]
    pub requester_may_approve: bool,
    /// Who is who at the terminal: the Slack user id of each of the host's users who may use it. A person has the same rights at both, and is the
    /// same person to the rule that requester and approver are two.
    #[serde(default)]
    pub terminal: BTreeMap<String, String>,
}

impl Access {
    /// Whether that person may look from there.
    ///
    /// # Errors
    /// Why not.
    pub fn may_look(&self, actor: &Actor, origin: &Origin) -> Result<(), Refusal> {
        self.check(actor, origin, |user| {
            self.promoters.iter().any(|id| id == user) || self.viewers.iter().any(|id| id == user || id == ANYONE)
        })
    }

    /// Whether that person may promote from there.
    ///
    /// # Errors
    /// Why not.
    pub fn may_promote(&self, actor: &Actor, origin: &Origin) -> Result<(), Refusal> {
        self.check(actor, origin, |user| self.promoters.iter().any(|id| id == user))
    }

    /// Whether both are one person, whatever name they go by now and wherever they are.
    pub fn same_person(&self, one: &Actor, other: &Actor) -> bool {
        match (self.person(one), self.person(other)) {
            (Some(one), Some(other)) => one == other,
            _ => one == other,
        }
    }

    /// The person's Slack user id, by which rights are given.
    fn person<'a>(&'a self, actor: &'a Actor) -> Option<&'a str> {
        match actor {
            Actor::Slack { team, user, .. } => (*team == self.team).then_some(user),
            Actor::Terminal { user } => self.terminal.get(user).map(String::as_str),
            Actor::Bot => None,
        }
    }

    /// The person first: a stranger is not told which channels there are.
    fn check(&self, actor: &Actor, origin: &Origin, allowed: impl Fn(&str) -> bool) -> Result<(), Refusal> {
        if !self.person(actor).is_some_and(allowed) {
            return Err(Refusal::NotAllowed);
        }
        match (actor, origin) {
            (Actor::Slack { .. }, Origin::Slack { channel, .. }) if self.channels.contains(channel) => Ok(()),
            (Actor::Terminal { .. }, Origin::Terminal) => Ok(()),
            _ => Err(Refusal::WrongChannel),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn access(viewers: &[&str]) -> Access {
        Access {
            team: "T1".into(),
            channels: vec!["C1".into()],
            viewers: viewers.iter().map(|&id| id.to_owned()).collect(),
            promoters: vec!["U1".into()],
            requester_may_approve: false,
            terminal: BTreeMap::from([("alice".into(), "U1".into()), ("bob".into(), "U2".into())]),
        }
    }

    fn terminal(user: &str) -> Actor {
        Actor::Terminal { user: user.into() }
    }

    fn slack(team: &str, user: &str) -> Actor {
        Actor::Slack { team: team.into(), user: user.into(), name: Some("U1".into()) }
    }

    fn channel(id: &str) -> Origin {
        Origin::Slack { channel: id.into(), message: None }
    }

    #[test]
    fn rights_are_given_by_team_user_and_channel() {
        let denied = Err(Refusal::NotAllowed);
        let cases = [
            (slack("T1", "U1"), channel("C1"), Ok(()), Ok(())),
            (slack("T1", "U2"), channel("C1"), Ok(()), denied),
            (slack("T1", "U3"), channel("C1"), denied, denied),
            (slack("T2", "U1"), channel("C1"), denied, denied),
            (slack("T1", "U1"), channel("C2"), Err(Refusal::WrongChannel), Err(Refusal::WrongChannel)),
            (slack("T1", "U1"), Origin::Terminal, Err(Refusal::WrongChannel), Err(Refusal::WrongChannel)),
            (terminal("alice"), Origin::Terminal, Ok(()), Ok(())),
            (terminal("bob"), Origin::Terminal, Ok(()), denied),
            (terminal("U1"), Origin::Terminal, denied, denied),
            (terminal("alice"), channel("C1"), Err(Refusal::WrongChannel), Err(Refusal::WrongChannel)),
            (Actor::Bot, Origin::System, denied, denied),
        ];
        let access = access(&["U2"]);
        for (actor, origin, look, promote) in cases {
            assert_eq!(access.may_look(&actor, &origin), look, "{actor:?} {origin:?}");
            assert_eq!(access.may_promote(&actor, &origin), promote, "{actor:?} {origin:?}");
        }
    }

    #[test]
    fn person_is_the_same_at_the_terminal_and_under_another_name() {
        let access = access(&[]);
        let renamed = Actor::Slack { team: "T1".into(), user: "U1".into(), name: None };
        assert!(access.same_person(&slack("T1", "U1"), &renamed));
        assert!(access.same_person(&slack("T1", "U1"), &terminal("alice")));
        assert!(!access.same_person(&slack("T1", "U2"), &terminal("alice")));
        assert!(!access.same_person(&slack("T2", "U1"), &slack("T1", "U1")));
        assert!(access.same_person(&terminal("carol"), &terminal("carol")), "without rights, and still one person");
        assert!(!access.same_person(&terminal("carol"), &terminal("dave")));
    }

    #[test]
    fn anyone_of_the_team_may_look_where_that_is_said() {
        let access = access(&[ANYONE]);
        assert_eq!(access.may_look(&slack("T1", "U9"), &channel("C1")), Ok(()));
        assert_eq!(access.may_look(&slack("T2", "U9"), &channel("C1")), Err(Refusal::NotAllowed));
        assert_eq!(access.may_promote(&slack("T1", "U9"), &channel("C1")), Err(Refusal::NotAllowed));
    }
}
