//! Decisions: buttons on a gate or a paused run. They live in the log, so they work after a restart, and once.

use std::sync::Arc;

use storage::{Actor, Record};

use super::{
    Desk, Pair, append,
    commands::{failed, not_a_promoter},
    handoff::nothing_handed,
    log_down, request_entry,
    task::{Refused, Task, Understood},
};
use crate::{
    engine::{EngineError, gate_key},
    gate::{difference, open_gate},
    journal::{Decision, Event, Refusal, Resolution},
    plan::{Method, StepId},
    request::{Press, Reply, Request},
    run::Run,
};

impl Desk {
    /// A person pressed a button. Answers as soon as it is durable.
    pub async fn press(&self, request: Request, press: Press) -> Reply {
        if let Err(stopping) = self.takes_requests() {
            return stopping;
        }
        let value = press.to_string();
        match self.understand_press(&request, &press).await {
            Ok(Ok(understood)) => self.accept(request, &value, understood).await,
            Ok(Err(refused)) => {
                self.refuse_person(&request, refused.application(), &value, refused.reason, refused.reply.clone()).await
            }
            Err(failure) => log_down(&failure),
        }
    }

    /// What a button asks for, if the person may press it and it still means something.
    pub(super) async fn understand_press(
        &self,
        request: &Request,
        press: &Press,
    ) -> Result<Result<Understood, Refused>, EngineError> {
        let run = self.run(press.run()).await?;
        let found = run.and_then(|run| Some((self.0.pairs.get(&run.application)?.clone(), Box::new(run))));
        let Some((pair, run)) = found else {
            return Ok(Err(Refused::new(None, Refusal::NoSuchThing, format!("There is no run {}.", press.run()))));
        };
        if let Err((reason, reply)) = self.may_press(request, &pair, &run, press) {
            return Ok(Err(Refused::of(&pair, reason, reply)));
        }
        let id = Some(run.id.to_string());
        let task = match *press {
            Press::Approve { method, .. } => Task::Approve { run, method },
            Press::Cancel { .. } => Task::Cancel { run },
            Press::Applied { .. } => Task::Applied,
            Press::Resolve { step, resolution, .. } => Task::Resolve { run, step, resolution },
        };
        Ok(Ok(Understood { pair, run: id, task }))
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
                if !access.requester_may_approve && access.same_person(&run.requester, &request.actor) {
                    return Err((
                        Refusal::OwnRequest,
                        "You asked for this run, so somebody else has to confirm it.".to_owned(),
                    ));
                }
                Ok(())
            }
            Press::Cancel { .. } => self.gate_is_open(run),
            Press::Applied { .. } => match run.awaits_handoff() {
                true => Ok(()),
                false => Err((Refusal::NoSuchThing, nothing_handed(&pair.name))),
            },
            Press::Resolve { step, resolution, .. } => may_resolve(run, *step, *resolution),
        }
    }

    pub(super) fn gate_is_open(&self, run: &Run) -> Result<(), (Refusal, String)> {
        open_gate(run, self.0.clock.now()).map_err(|reason| {
            let reply = match (reason, run.decided()) {
                (Refusal::AlreadyDecided, Some(decided)) => {
                    already_decided(&decided.decision, &decided.by, decided.seq)
                }
                (Refusal::Expired, _) => expired(&run.application),
                _ => format!("{} does not ask for a decision.", run.id),
            };
            (
                if run.decided().is_some_and(|decided| decided.decision == Decision::Expired) {
                    Refusal::Expired
                } else {
                    reason
                },
                reply,
            )
        })
    }

    /// Looks again, and approves only if what people read still holds; otherwise the approval is void and a new plan is shown.
    pub(super) async fn approve(
        self,
        request: Request,
        pair: Pair,
        run: Run,
        method: Method,
        click: Arc<Record>,
    ) -> Result<(), EngineError> {
        let now = self.plan(&pair, run.plan.runbook.into()).await?;
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

    pub(super) async fn cancel(
        self,
        request: Request,
        pair: Pair,
        run: Run,
        click: Arc<Record>,
    ) -> Result<(), EngineError> {
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

    pub(super) async fn resolve(
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
        let error = "somebody else decided a moment earlier; this click changed nothing".to_owned();
        self.answer(request, pair, failed(click, error)).await
    }
}

fn may_resolve(run: &Run, step: StepId, resolution: Resolution) -> Result<(), (Refusal, String)> {
    let waits = run.steps.get(&step).is_some_and(|step| step.state.waits());
    if !waits || run.ended.is_some() {
        let reply = format!("{} of {} does not wait for a decision any more.", step.name(), run.id);
        return Err((Refusal::AlreadyDecided, reply));
    }
    let may_skip = run.runbook().step(step).is_some_and(|spec| spec.may_skip);
    if resolution == Resolution::Skip && !may_skip {
        return Err((Refusal::NoSuchThing, format!("{} cannot be skipped: what follows needs it.", step.name())));
    }
    Ok(())
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
