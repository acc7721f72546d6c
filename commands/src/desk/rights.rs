//! Rights: the facts they depend on, gathered; and what people are told who lack them.

use storage::{Actor, Origin};

use super::{Desk, Pair, task::Refused};
use crate::{
    access::{Access, Facts, Freshness, Right},
    journal::Refusal,
    request::Request,
};

/// That a person may not do something.
pub(super) struct Denied {
    pub(super) reason: Refusal,
    /// What could not be asked for, where it is that.
    why: String,
}

impl Denied {
    /// That Slack could not be asked whether that is so.
    pub(super) fn unverified(&self, whether: &str) -> String {
        format!(
            "Slack could not be asked whether {whether} ({}), so nothing was done. Try again in a moment; at the terminal of the bot's host it works \
             for those whom the configuration names by user id.",
            self.why
        )
    }

    /// What the person is told.
    pub(super) fn reply(&self, right: Right, application: &str) -> String {
        match (self.reason, right) {
            (Refusal::WrongChannel, Right::Look | Right::Ask) => {
                "Not in this channel: use the incident channel of the application.".to_owned()
            }
            (Refusal::WrongChannel, _) => "Not in this channel: decide in the incident channel.".to_owned(),
            (Refusal::NotAMember, _) => {
                "Guests, people of other workspaces, bots and accounts that are switched off may not use this bot."
                    .to_owned()
            }
            (Refusal::Unverified, _) => self.unverified("you may"),
            (_, Right::Look) => not_known(),
            (_, Right::Ask | Right::Resolve) => format!(
                "You may not promote {application}. Those who may are listed under `promoters` in the bot's configuration."
            ),
            (_, Right::Approve(kind)) => format!(
                "You may not approve a {} of {application}. Those who may are listed under `approvals.{}` or else `promoters` in the bot's configuration.",
                kind.name(),
                kind.name()
            ),
        }
    }
}

impl Desk {
    /// Whether a person may do that with the application, by facts of that freshness.
    pub(super) async fn may(
        &self,
        access: &Access,
        right: Right,
        actor: &Actor,
        origin: &Origin,
        freshness: Freshness,
    ) -> Result<(), Denied> {
        let facts = Facts::gather(&*self.0.directory, access, right, actor, freshness).await;
        access
            .may(right, actor, origin, &facts)
            .map_err(|reason| Denied { reason, why: facts.unavailable().map(ToString::to_string).unwrap_or_default() })
    }

    /// Whether the person may; if not, the refusal.
    pub(super) async fn allowed(&self, request: &Request, pair: &Pair, right: Right) -> Result<(), Refused> {
        let may = self.may(&pair.access, right, &request.actor, &request.origin, Freshness::Recent).await;
        may.map_err(|denied| Refused::of(pair, denied.reason, denied.reply(right, &pair.name)))
    }

    /// The applications that the person may look at.
    ///
    /// # Errors
    /// If there is none, why; strangers are told nothing.
    pub(super) async fn known(&self, request: &Request) -> Result<Vec<&Pair>, (Refusal, String)> {
        let mut seen = Vec::new();
        let mut refusal = (Refusal::NotAllowed, not_known());
        for pair in self.0.pairs.values() {
            match self.may(&pair.access, Right::Look, &request.actor, &request.origin, Freshness::Recent).await {
                Ok(()) => seen.push(pair),
                Err(denied) if denied.reason != Refusal::NotAllowed => {
                    refusal = (denied.reason, denied.reply(Right::Look, &pair.name));
                }
                Err(_) => {}
            }
        }
        if seen.is_empty() { Err(refusal) } else { Ok(seen) }
    }

    /// Those of the applications for which the person may ask for a run.
    pub(super) async fn asks<'a>(&self, request: &Request, applications: &[&'a str]) -> Vec<&'a str> {
        let mut asks = Vec::new();
        for &name in applications {
            if let Some(pair) = self.0.pairs.get(name)
                && self.allowed(request, pair, Right::Ask).await.is_ok()
            {
                asks.push(name);
            }
        }
        asks
    }
}

fn not_known() -> String {
    "You may not use this bot here. Access is by user id in its configuration (`[applications.NAME.access]`)."
        .to_owned()
}
