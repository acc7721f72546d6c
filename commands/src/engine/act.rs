//! Making changes: intent first, then the call, then its outcome, each durable before the next.
//!
//! What AWS refuses in a state that may pass is tried again a bounded number of times under the same intent, which says how many, with growing rests
//! in which the step goes on looking. Then people are asked; where AWS itself says that it passes, as when it throttles, a new intent goes on until the
//! step's deadline.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use super::{
    EngineError, Pair, Scribe, hopeless,
    series::{Patience, Series},
};
use crate::{
    aws::{Accepted, AwsError},
    change::{Call, Change, Irreversible},
    gate::{self, Approval},
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

impl Wanted {
    /// Whether it may be made again while it is unknown what came of it: what it sets is the same the second time.
    fn bears_repeating(&self) -> bool {
        match self {
            Self::Change(Change::Build { .. }) | Self::Irreversible(..) => false,
            Self::Change(_) => true,
        }
    }
}

/// What became of the actions.
pub(super) enum Acted {
    /// At least one was made: look again at once.
    Sent,
    /// None was made, since an earlier call needs time to show, or the last one failed in a way that may pass.
    Held(String),
    /// One was refused in a way that does not pass by itself.
    Hopeless(String),
    /// The run ends, or the program stops: nothing more is made.
    Stopped,
}

/// Makes a step's changes and remembers them, those before a restart included.
pub(super) struct Hand<'a> {
    pair: &'a Pair,
    scribe: &'a Scribe,
    attempt: u32,
    sent: Vec<CallRun>,
    step: StepId,
    /// Calls that AWS has not taken so far.
    trying: Vec<Series>,
    /// Until when the approval counts for what cannot be undone.
    approved_until: Option<Timestamp>,
    /// Nothing more is made once it is cancelled.
    stop: CancellationToken,
}

/// What came of one try.
enum Tried {
    Accepted,
    /// In vain so far: it is tried again.
    Held(String),
    Hopeless(String),
}

impl<'a> Hand<'a> {
    pub(super) fn new(
        pair: &'a Pair,
        scribe: &'a Scribe,
        run: &Run,
        step: StepId,
        attempt: u32,
        stop: CancellationToken,
    ) -> Self {
        let sent = run.calls_of(step).cloned().collect();
        let approved_until = gate::counts_until(run, step, &pair.app.timing);
        Self { pair, scribe, attempt, sent, step, trying: Vec::new(), approved_until, stop }
    }

    /// Whether a call is being tried that AWS has not taken so far.
    pub(super) fn is_trying(&self) -> bool {
        !self.trying.is_empty()
    }

    /// Records what came of the calls that are still being tried: they are not tried any more.
    pub(super) async fn close(&mut self) -> Result<(), EngineError> {
        for series in std::mem::take(&mut self.trying) {
            self.finish(&series).await?;
        }
        Ok(())
    }

    /// Whether this step made any call so far, earlier attempts included.
    pub(super) fn acted(&self) -> bool {
        !self.sent.is_empty()
    }

    /// The latest call of this step, with its outcome.
    pub(super) fn latest(&self) -> Option<&CallRun> {
        self.sent.last()
    }

    /// The latest call of this attempt that is the same as that one.
    pub(super) fn last_of_attempt(&self, call: &Call) -> Option<&CallRun> {
        self.sent.iter().rev().find(|sent| sent.call == *call && sent.attempt == self.attempt)
    }

    /// The latest call of an operation in this step for each value of what they are about.
    pub(super) fn latest_by(&self, operation: &str, about: impl Fn(&Call) -> &Value) -> Vec<&CallRun> {
        let mut latest: Vec<&CallRun> = Vec::new();
        for sent in self.sent.iter().rev().filter(|sent| sent.call.operation == operation) {
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
        let calls: Vec<Call> = actions.iter().map(|action| self.call(action)).collect();
        self.drop_others(&calls).await?;
        for (action, call) in actions.into_iter().zip(calls) {
            let resting = self.trying.iter().find(|series| series.call == call && series.rests());
            if let Some(why) = resting.map(|series| series.why.clone()).or_else(|| self.hold(&call, &action.change)) {
                held = Some(why);
                continue;
            }
            if self.stop.is_cancelled() {
                return Ok(Acted::Stopped);
            }
            if let Some(why) = self.outlived(&action.change) {
                return Ok(Acted::Hopeless(why));
            }
            match self.make(action, call).await? {
                Tried::Accepted => made = true,
                Tried::Hopeless(why) => return Ok(Acted::Hopeless(why)),
                Tried::Held(why) => return Ok(Acted::Held(why)),
            }
        }
        Ok(match held {
            Some(why) if !made => self.give_up().map_or(Acted::Held(why), Acted::Hopeless),
            _ => Acted::Sent,
        })
    }

    /// Calls that are not wanted any more are not tried any more.
    async fn drop_others(&mut self, wanted: &[Call]) -> Result<(), EngineError> {
        let (kept, over) =
            std::mem::take(&mut self.trying).into_iter().partition(|series| wanted.contains(&series.call));
        self.trying = kept;
        let over: Vec<Series> = over;
        for series in over {
            self.finish(&series).await?;
        }
        Ok(())
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
        let last = self.last_of_attempt(call)?;
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

    /// Why a change that cannot be undone takes another approval: the one that was given was for how things stood then.
    fn outlived(&self, change: &Wanted) -> Option<String> {
        let until = self.approved_until.filter(|_| matches!(change, Wanted::Irreversible(..)))?;
        (self.pair.clock.now() > until).then(|| {
            format!(
                "the approval counted until {}, so nothing was sent; abort this run and ask again, to see how things stand now",
                until.strftime("%Y-%m-%d %H:%M UTC")
            )
        })
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

    /// One try. Its intent is durable before; what came of it is as soon as it is known for good.
    async fn make(&mut self, action: Action, call: Call) -> Result<Tried, EngineError> {
        let Action { side, change, before } = action;
        let patience = Patience::of(self.step, &self.pair.app);
        let found = self.trying.iter().position(|series| series.call == call);
        let mut series = found.map_or_else(|| Series::of(call.clone()), |found| self.trying.swap_remove(found));
        if series.intent.is_none() {
            let intent = Event::CallIntended { call: call.clone(), before: before.clone(), tries: patience.tries };
            let intent = self.scribe.write(intent).await?;
            series.intent = Some(intent.seq);
            let (step, attempt) = (self.step, self.attempt);
            self.sent.push(CallRun { step, attempt, call: call.clone(), before, at: intent.at, outcome: None });
        }
        let result = match &change {
            Wanted::Change(change) => self.pair.aws.apply(side, change).await,
            Wanted::Irreversible(change, approval) => self.pair.aws.apply_irreversible(side, change, approval).await,
        };
        series.tries += 1;
        if let Some(sent) = self.sent.iter_mut().rfind(|sent| sent.call == call) {
            (sent.at, sent.outcome) = (self.pair.clock.now(), Some(outcome_of(&result)));
        }
        let error = match result {
            Ok(_) => return self.finish(&series).await.map(|()| Tried::Accepted),
            Err(error) => error,
        };
        series.refused(&error.code, format!("{error}; trying again"), patience);
        if hopeless(&error) {
            return self.finish(&series).await.map(|()| Tried::Hopeless(error.to_string()));
        }
        if !error.had_no_effect() && !change.bears_repeating() {
            return self.finish(&series).await.map(|()| Tried::Held(error.to_string()));
        }
        if series.tries == patience.tries {
            self.finish(&series).await?;
            if !error.transient() {
                return Ok(Tried::Hopeless(self.refused_for_good(&error, &series)));
            }
            series.renew();
        }
        let why = series.why.clone();
        self.trying.push(series);
        Ok(Tried::Held(why))
    }

    /// Records what came of the tries that an intent covered.
    async fn finish(&mut self, series: &Series) -> Result<(), EngineError> {
        let Some(intent) = series.intent else { return Ok(()) };
        let outcome = self.sent.iter().rfind(|sent| sent.call == series.call).and_then(|sent| sent.outcome.clone());
        let why = || CallOutcome::Unknown { why: "the step ended before an answer came".to_owned() };
        let outcome = outcome.unwrap_or_else(why);
        let (tries, answers) = match series.tries {
            0 | 1 => (1, BTreeMap::new()),
            tries => (tries, series.answers.clone()),
        };
        self.scribe.write(Event::CallFinished { intent, outcome, tries, answers }).await?;
        Ok(())
    }

    /// The error of a call that AWS has refused as often as makes sense.
    fn refused_for_good(&self, error: &AwsError, series: &Series) -> String {
        let stays = if self.step == StepId::Database { "; the writer has not moved" } else { "" };
        format!("{error}; refused {} times within {:.0} s{stays}", series.tries, series.took_s())
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
