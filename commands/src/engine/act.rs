//! Making changes: intent first, then the call, then its outcome, each durable before the next.

use serde_json::Value;

use super::{EngineError, Pair, Scribe, hopeless};
use crate::{
    aws::{Accepted, AwsError},
    change::{Call, Change, Irreversible},
    gate::Approval,
    journal::{CallOutcome, Event},
    plan::StepId,
    run::{CallRun, Run},
    topology::SideName,
};

/// A change that a step wants made.
#[derive(Debug)]
pub(super) struct Action {
    /// The region that the call goes to.
    pub(super) side: SideName,
    /// The change.
    pub(super) change: Wanted,
    /// What it changes, as seen before.
    pub(super) before: Value,
}

/// Reversible, or not: then it comes with its approval.
#[derive(Debug)]
pub(super) enum Wanted {
    Change(Change),
    Irreversible(Irreversible, Approval),
}

/// What became of the actions.
pub(super) enum Acted {
    /// At least one was made: look again at once.
    Sent,
    /// None was made, since an earlier call needs time to show, or the last one failed in a way that may pass.
    Held(String),
    /// One was refused in a way that does not pass by itself.
    Hopeless(String),
}

/// Makes a step's changes and remembers them, those before a restart included.
pub(super) struct Hand<'a> {
    pair: &'a Pair,
    scribe: &'a Scribe,
    attempt: u32,
    sent: Vec<CallRun>,
    step: StepId,
}

impl<'a> Hand<'a> {
    pub(super) fn new(pair: &'a Pair, scribe: &'a Scribe, run: &Run, step: StepId, attempt: u32) -> Self {
        let sent = run.calls_of(step).cloned().collect();
        Self { pair, scribe, attempt, sent, step }
    }

    /// Whether this step made any call so far, earlier attempts included.
    pub(super) fn acted(&self) -> bool {
        !self.sent.is_empty()
    }

    /// The latest call of this step, with its outcome.
    pub(super) fn latest(&self) -> Option<&CallRun> {
        self.sent.last()
    }

    /// The latest call of this step for each value of what they are about.
    pub(super) fn latest_by(&self, about: impl Fn(&Call) -> &Value) -> Vec<&CallRun> {
        let mut latest: Vec<&CallRun> = Vec::new();
        for sent in self.sent.iter().rev() {
            if !latest.iter().any(|later| about(&later.call) == about(&sent.call)) {
                latest.push(sent);
            }
        }
        latest
    }

    /// The latest call of this attempt, those before a restart included.
    pub(super) fn latest_of_attempt(&self) -> Option<&CallRun> {
        self.latest().filter(|call| call.attempt == self.attempt)
    }

    /// Which attempt of the step this is, from 1.
    pub(super) fn attempt(&self) -> u32 {
        self.attempt
    }

    /// Makes the actions in order; stops at the first that fails.
    pub(super) async fn act(&mut self, actions: Vec<Action>) -> Result<Acted, EngineError> {
        let (mut made, mut held) = (false, None);
        for action in actions {
            let call = self.call(&action);
            if let Some(why) = self.hold(&call, &action.change) {
                held = Some(why);
                continue;
            }
            match self.make(action, call).await? {
                Ok(_) => made = true,
                Err(error) if hopeless(&error) => return Ok(Acted::Hopeless(error.to_string())),
                Err(error) => return Ok(Acted::Held(error.to_string())),
            }
        }
        Ok(match held {
            Some(why) if !made => self.give_up().map_or(Acted::Held(why), Acted::Hopeless),
            _ => Acted::Sent,
        })
    }

    fn call(&self, action: &Action) -> Call {
        let region = &self.pair.app.side(action.side).region;
        match &action.change {
            Wanted::Change(change) => change.call(region),
            Wanted::Irreversible(change, _) => change.call(region),
        }
    }

    /// Why the call must not be made now, if an equal one was made before and needs time to show. A move of the writer that was or may have been
    /// accepted is not made again within an attempt: Aurora may have taken it and given up meanwhile, and each move needs a person's word. Another
    /// irreversible call whose outcome is unknown is made again only after it had time to show.
    fn hold(&self, call: &Call, change: &Wanted) -> Option<String> {
        let last = self.sent.iter().rev().find(|sent| sent.call == *call && sent.attempt == self.attempt)?;
        let age = self.pair.clock.now().duration_since(last.at);
        let fresh =
            age < jiff::SignedDuration::try_from(self.pair.app.timing.settle).unwrap_or(jiff::SignedDuration::MAX);
        let irreversible = matches!(change, Wanted::Irreversible(..));
        let held = match last.outcome {
            Some(CallOutcome::Failed { .. }) => false,
            Some(CallOutcome::Accepted { .. }) => irreversible || fresh,
            Some(CallOutcome::Unknown { .. }) | None => irreversible && (fresh || self.step == StepId::Database),
        };
        held.then(|| format!("{} was sent; waiting for it to show", call.operation))
    }

    /// The error of a database step whose call had time to show and did not: Aurora gave up, or never had it.
    fn give_up(&self) -> Option<String> {
        let last = self.sent.last().filter(|_| self.step == StepId::Database)?;
        let age = self.pair.clock.now().duration_since(last.at);
        let settled =
            age >= jiff::SignedDuration::try_from(self.pair.app.timing.settle).unwrap_or(jiff::SignedDuration::MAX);
        let operation = &last.call.operation;
        let what = match &last.outcome {
            Some(CallOutcome::Failed { .. }) => return None,
            Some(CallOutcome::Accepted { .. }) => format!("{operation} was accepted"),
            Some(CallOutcome::Unknown { why }) => format!("what became of {operation} is unknown ({why})"),
            None => format!("what became of {operation} is unknown (the program ended meanwhile)"),
        };
        settled.then(|| {
            format!(
                "{what}, but Aurora is idle and the writer has not moved; look at the global cluster's events, then retry to send it again"
            )
        })
    }

    async fn make(&mut self, action: Action, call: Call) -> Result<Result<Accepted, AwsError>, EngineError> {
        let Action { side, change, before } = action;
        let aws = &self.pair.aws;
        let intent = self.scribe.write(Event::CallIntended { call: call.clone(), before: before.clone() }).await?;
        let result = match &change {
            Wanted::Change(change) => aws.apply(side, change).await,
            Wanted::Irreversible(change, approval) => aws.apply_irreversible(side, change, approval).await,
        };
        let outcome = outcome_of(&result);
        let (step, attempt) = (self.step, self.attempt);
        self.sent.push(CallRun { step, attempt, call, before, at: intent.at, outcome: Some(outcome.clone()) });
        self.scribe.write(Event::CallFinished { intent: intent.seq, outcome }).await?;
        Ok(result)
    }
}

fn outcome_of(result: &Result<Accepted, AwsError>) -> CallOutcome {
    match result {
        Ok(Accepted { request_id, reference }) => {
            CallOutcome::Accepted { request_id: request_id.clone(), reference: reference.clone() }
        }
        Err(error) if error.had_no_effect() => CallOutcome::Failed {
            code: error.code.clone(),
            message: error.message.clone(),
            request_id: error.request_id.as_deref().map(str::to_owned),
        },
        Err(error) => CallOutcome::Unknown { why: error.to_string() },
    }
}
