//! Gates for who has no button: which run asks for a confirmation, and whether this person may give it.

use super::{Desk, log_down, past::no_such_run, task::Refused};
use crate::{
    engine::EngineError,
    ids::RunId,
    journal::Refusal,
    plan::Method,
    request::{Reply, Request},
    run::Run,
};

/// What a person may answer to a gate.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Choices {
    /// Ways that they may approve.
    pub approves: Vec<Method>,
    /// Why they may not approve another way, if there is one.
    pub why_not: Option<String>,
    /// Whether they may refuse.
    pub refuses: bool,
    /// Whether they may take the request back.
    pub cancels: bool,
}

impl Desk {
    /// The run that asks for a confirmation and that `text` means; the one there is if no run is named.
    ///
    /// # Errors
    /// The refusal, which is recorded.
    pub async fn gate_of(&self, request: &Request, text: &str, run: Option<&RunId>) -> Result<Run, Reply> {
        if let Err((reason, reply)) = self.known(request).await {
            return Err(self.refuse_person(request, None, text, reason, reply).await);
        }
        match self.one_that_asks(request, run).await {
            Ok(Ok(run)) => Ok(run),
            Ok(Err(refused)) => Err(self
                .refuse_person(request, refused.application(), text, refused.reason, refused.reply.clone())
                .await),
            Err(failure) => Err(log_down(&failure)),
        }
    }

    /// What the person may answer to the run's gate.
    pub async fn choices(&self, request: &Request, run: &Run) -> Choices {
        let mut choices = Choices::default();
        let (Some(pair), Some(gate)) = (self.0.pairs.get(&run.application), &run.gate) else { return choices };
        for &method in &gate.methods {
            match self.may_approve(request, pair, run, method).await {
                Ok(()) => choices.approves.push(method),
                Err((_, why)) => choices.why_not = Some(why),
            }
        }
        choices.refuses = self.may_refuse(request, pair, run).await.is_ok();
        choices.cancels = pair.access.same_person(&run.requester, &request.actor);
        choices
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
