//! Decisions: buttons on a gate or a paused run. They live in the log, so they work after a restart, and once.

use std::sync::Arc;

use storage::{Actor, Record};

use super::{Desk, Pair, append, commands::not_a_promoter, log_down, request_entry};
use crate::{
    engine::{EngineError, gate_key},
    gate::{difference, open_gate},
    journal::{Decision, Event, Refusal, Resolution},
    plan::{Method, StepId},
    request::{Press, Reply, Request},
    run::Run,
    runbook::PROMOTE,
};

impl Desk {
    /// A person pressed a button. Answers as soon as it is durable.
    pub async fn press(&self, request: Request, press: Press) -> Reply {
        if self.0.stop.is_cancelled() {
            return Reply::Refused { reason: Refusal::Stopping, text: "The bot is stopping; press again in a minute.".to_owned() };
        }
        let value = press.to_string();
        let run = match self.run(press.run()).await {
            Ok(run) => run,
            Err(failure) => return log_down(&failure),
        };
        let found = run.and_then(|run| Some((self.0.pairs.get(&run.application)?.clone(), run)));
        let Some((pair, run)) = found else {
            let reply = format!("There is no run {}.", press.run());
            return self.refuse_person(&request, None, &value, Refusal::NoSuchThing, reply).await;
        };
        if let Err((reason, reply)) = self.may_press(&request, &pair, &run, &press) {
            return self.refuse_person(&request, Some(&pair.name), &value, reason, reply).await;
        }
        let mut entry = request_entry(&request);
        entry.application = Some(pair.name.clone());
        entry.run = Some(run.id.to_string());
        entry.dedupe = Some(request.dedupe.clone());
        let click = match append(&self.0.log, entry, Event::CommandReceived { text: value }).await {
            Ok(Some(record)) => record,
            Ok(None) => return self.replayed(&request).await,
            Err(failure) => return log_down(&failure),
        };
        let desk = self.clone();
        let told = match press {
            Press::Approve { method, .. } => {
                self.spawn(desk.approve(request, pair, run, method, click));
                "Checking that nothing has changed since the plan was shown…"
            }
            Press::Cancel { .. } => {
                self.spawn(desk.cancel(request, pair, run, click));
                "Cancelling…"
            }
            Press::Resolve { step, resolution, .. } => {
                self.spawn(desk.resolve(request, pair, run, step, resolution, click));
                "Recorded."
            }
        };
        Reply::Accepted(told.to_owned())
    }

    fn may_press(&self, request: &Request, pair: &Pair, run: &Run, press: &Press) -> Result<(), (Refusal, String)> {
        let denied = || (Refusal::NotAllowed, not_a_promoter(&pair.name));
        let access = self.0.access.get(&pair.name).ok_or_else(denied)?;
        access.may_promote(&request.actor, &request.origin).map_err(|reason| match reason {
            Refusal::WrongChannel => (reason, "Not in this channel: decide in the incident channel.".to_owned()),
            _ => denied(),
        })?;
        match press {
            Press::Approve { method, .. } => {
                self.gate_is_open(run)?;
                if run.plan.option(*method).is_none() {
                    return Err((Refusal::NoSuchThing, format!("The plan of {} offers no {}.", run.id, method.name())));
                }
                if !access.requester_may_approve && same_person(&run.requester, &request.actor) {
                    return Err((
                        Refusal::OwnRequest,
                        "You asked for this run, so somebody else has to confirm it.".to_owned(),
                    ));
                }
                Ok(())
            }
            Press::Cancel { .. } => self.gate_is_open(run),
            Press::Resolve { step, resolution, .. } => may_resolve(run, *step, *resolution),
        }
    }

    fn gate_is_open(&self, run: &Run) -> Result<(), (Refusal, String)> {
        open_gate(run, self.0.clock.now()).map_err(|reason| {
            let reply = match (reason, run.decided()) {
                (Refusal::AlreadyDecided, Some(decided)) => already_decided(&decided.decision, &decided.by, decided.seq),
                (Refusal::Expired, _) => expired(&run.application),
                _ => format!("{} does not ask for a decision.", run.id),
            };
            (if run.decided().is_some_and(|decided| decided.decision == Decision::Expired) { Refusal::Expired } else { reason }, reply)
        })
    }

    /// Looks again, and approves only if what people read still holds; otherwise the approval is void and a new plan is shown.
    async fn approve(
        self,
        request: Request,
        pair: Pair,
        run: Run,
        method: Method,
        click: Arc<Record>,
    ) -> Result<(), EngineError> {
        let now = self.plan(&pair).await;
        let why = match &now {
            Ok(plan) => difference(&run.plan, plan, method),
            Err(no_plan) => Some(no_plan.to_string()),
        };
        let Some(why) = why else {
            return self.settle_gate(&request, &pair, &run, Decision::Approved { method }, &click).await;
        };
        self.settle_gate(&request, &pair, &run, Decision::Void { why }, &click).await?;
        let Ok(plan) = now else { return Ok(()) };
        self.0.runs.closed(&run).await;
        let asked = Request { actor: run.requester.clone(), ..request };
        self.start_run(&asked, &pair, &click, plan, run.reason.clone()).await
    }

    async fn cancel(self, request: Request, pair: Pair, run: Run, click: Arc<Record>) -> Result<(), EngineError> {
        self.settle_gate(&request, &pair, &run, Decision::Cancelled, &click).await
    }

    /// Decides the gate, once. Who comes second is told.
    async fn settle_gate(
        &self,
        request: &Request,
        pair: &Pair,
        run: &Run,
        decision: Decision,
        click: &Record,
    ) -> Result<(), EngineError> {
        let overrides = match decision {
            Decision::Approved { .. } => run.gate.as_ref().map(|gate| gate.overrides.clone()).unwrap_or_default(),
            _ => Vec::new(),
        };
        let mut entry = request_entry(request);
        entry.application = Some(pair.name.clone());
        entry.run = Some(run.id.to_string());
        entry.dedupe = Some(gate_key(run));
        let plan_digest = run.plan_digest.clone();
        let decided = Event::GateDecided { command: Some(click.seq), decision, plan_digest, overrides };
        if append(&self.0.log, entry, decided).await?.is_some() {
            return Ok(());
        }
        self.came_second(request, pair, click).await
    }

    async fn resolve(
        self,
        request: Request,
        pair: Pair,
        run: Run,
        step: StepId,
        resolution: Resolution,
        click: Arc<Record>,
    ) -> Result<(), EngineError> {
        let attempt = run.steps.get(&step).map_or(0, |step| step.attempts);
        let mut entry = request_entry(&request);
        entry.application = Some(pair.name.clone());
        entry.run = Some(run.id.to_string());
        entry.step = Some(step.name().to_owned());
        entry.dedupe = Some(format!("resolve:{}:{}:{attempt}", run.id, step.name()));
        let resolved = Event::StepResolved { command: click.seq, resolution };
        if append(&self.0.log, entry, resolved).await?.is_some() {
            return Ok(());
        }
        self.came_second(&request, &pair, &click).await
    }

    async fn came_second(&self, request: &Request, pair: &Pair, click: &Record) -> Result<(), EngineError> {
        let text = click.data["text"].as_str().unwrap_or_default().to_owned();
        let error = "somebody else decided a moment earlier; this click changed nothing".to_owned();
        self.answer(request, pair, Event::CommandFailed { command: click.seq, text, error }).await
    }
}

fn may_resolve(run: &Run, step: StepId, resolution: Resolution) -> Result<(), (Refusal, String)> {
    let waits = run.steps.get(&step).is_some_and(|step| step.state.waits());
    if !waits || run.ended.is_some() {
        let reply = format!("{} of {} does not wait for a decision any more.", step.name(), run.id);
        return Err((Refusal::AlreadyDecided, reply));
    }
    let may_skip = PROMOTE.step(step).is_some_and(|spec| spec.may_skip);
    if resolution == Resolution::Skip && !may_skip {
        return Err((Refusal::NoSuchThing, format!("{} cannot be skipped: what follows needs it.", step.name())));
    }
    Ok(())
}

/// Same account, whatever name it goes by now.
fn same_person(one: &Actor, other: &Actor) -> bool {
    match (one, other) {
        (Actor::Slack { team: a, user: b, .. }, Actor::Slack { team: c, user: d, .. }) => (a, b) == (c, d),
        _ => one == other,
    }
}

fn already_decided(decision: &Decision, by: &Actor, seq: u64) -> String {
    let who = match by {
        Actor::Slack { user, .. } => format!("<@{user}>"),
        Actor::Terminal { user } => format!("{user} (terminal)"),
        Actor::Bot => "the bot".to_owned(),
    };
    let how = match decision {
        Decision::Approved { .. } => "approved",
        Decision::Cancelled => "cancelled",
        Decision::Expired => return "This request expired before; ask again with `/dr promote`.".to_owned(),
        Decision::Void { .. } => "void since the world had changed",
    };
    format!("Already decided: {how} by {who}, audit #{seq}.")
}

fn expired(application: &str) -> String {
    format!("This request expired; ask again with `/dr promote {application}`.")
}
