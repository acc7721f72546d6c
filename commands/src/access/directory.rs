//! Who is who and who belongs where, as the chat knows it: the facts that rights are judged on. How they are asked for is the chat's business.

use std::collections::{BTreeMap, BTreeSet};

use futures::future::BoxFuture;
use storage::Actor;

use super::{Access, Right};

/// The chat's list of people and groups.
pub trait Directory: Send + Sync {
    /// User ids of the members of a user group of that team.
    fn members<'a>(
        &'a self,
        team: &'a str,
        group: &'a str,
        freshness: Freshness,
    ) -> BoxFuture<'a, Result<BTreeSet<String>, Unavailable>>;

    /// What the user is in that team. `named` is the team that their request names: another team's user of the same id is no member.
    fn standing<'a>(
        &'a self,
        team: &'a str,
        named: &'a str,
        user: &'a str,
        freshness: Freshness,
    ) -> BoxFuture<'a, Result<Standing, Unavailable>>;
}

/// How old an answer may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Freshness {
    /// Remembered for a short while.
    Recent,
    /// Asked for after this was: what a decision goes by.
    Now,
}

/// The chat could not be asked: why, for people.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unavailable(pub String);

/// What an account is in a team.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// A full member.
    Full,
    /// A guest, of one channel or several.
    Guest,
    /// Of another team or organization.
    Outsider,
    /// Switched off.
    Deactivated,
    /// No person.
    Bot,
}

/// What is known of one person for one right.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// What they are; absent where it does not matter.
    pub(super) standing: Option<Result<Standing, Unavailable>>,
    /// Whether they belong to each group that matters.
    pub(super) groups: BTreeMap<String, Result<bool, Unavailable>>,
}

impl Facts {
    /// Asks the directory for what the right depends on, and nothing where that is plain.
    pub async fn gather(
        directory: &dyn Directory,
        access: &Access,
        right: Right,
        actor: &Actor,
        freshness: Freshness,
    ) -> Self {
        let mut facts = Self::default();
        let Some(person) = access.person(actor) else { return facts };
        for group in access.groups_that_matter(right, &person) {
            let members = directory.members(access.team(right), group, freshness).await;
            facts.groups.insert(group.to_owned(), members.map(|members| members.contains(person.user)));
        }
        if matches!(actor, Actor::Slack { .. }) && access.may_belong(right, &person, &facts) {
            facts.standing = Some(directory.standing(access.team(right), person.team, person.user, freshness).await);
        }
        facts
    }

    /// Why something is not known, for people.
    pub fn unavailable(&self) -> Option<&Unavailable> {
        let groups = self.groups.values().filter_map(|known| known.as_ref().err());
        groups.chain(self.standing.as_ref().and_then(|known| known.as_ref().err())).next()
    }
}
