//! Gates for who has no button: which run asks for a confirmation, and whether this person may give it.

use storage::Actor;

use super::{Desk, log_down, past::no_such_run, task::Refused};
use crate::{
    engine::EngineError,
    ids::RunId,
    journal::Refusal,
    request::{Reply, Request},
    run::Run,
};

impl Desk {
    /// The run that asks for a confirmation and that `text` means; the one there is if no run is named.
    ///
    /// # Errors
    /// The refusal, which is recorded.
    pub async fn gate_of(&self, request: &Request, text: &str, run: Option<&RunId>) -> Result<Run, Reply> {
        if let Err(reason) = self.known(request) {
            return Err(self.refuse_person(request, None, text, reason, super::commands::not_known(reason)).await);
        }
        match self.one_that_asks(request, run).await {
            Ok(Ok(run)) => Ok(run),
            Ok(Err(refused)) => Err(self
                .refuse_person(request, refused.application(), text, refused.reason, refused.reply.clone())
                .await),
            Err(failure) => Err(log_down(&failure)),
        }
    }

    /// Whether somebody else has to confirm the run, since this person asked for it.
    pub fn needs_another(&self, actor: &Actor, run: &Run) -> bool {
        let access = self.0.access.get(&run.application);
        access.is_some_and(|access| !access.requester_may_approve && access.same_person(&run.requester, actor))
    }

    async fn one_that_asks(&self, request: &Request, run: Option<&RunId>) -> Result<Result<Run, Refused>, EngineError> {
        if let Some(id) = run {
            return Ok(self.visible(request, id).await?.ok_or_else(|| no_such_run(id)));
        }
        let mut asking = self.visible_open(request).await?;
        asking.retain(|run| self.gate_is_open(run).is_ok());
        Ok(match asking.len() {
            0 | 1 => {
                asking.pop().ok_or_else(|| Refused::new(None, Refusal::NoSuchThing, "No run asks for a confirmation."))
            }
            _ => {
                let runs: Vec<&str> = asking.iter().map(|run| run.id.as_str()).collect();
                Err(Refused::new(None, Refusal::Ambiguous, format!("Which one? Name it: {}.", runs.join(" or "))))
            }
        })
    }
}
