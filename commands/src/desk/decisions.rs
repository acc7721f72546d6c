//! Decisions: buttons on a gate or a paused run. They live in the log, so they work after a restart, and once.

use std::sync::Arc;

use storage::{Actor, Record};

use super::{
    Desk, Pair, append,
    ending::{already_aborted, may_abort, run_in_progress},
    handoff::nothing_handed,
    log_down,
    past::no_such_run,
    request_entry,
    task::{Refused, Task, Understood},
};
use crate::{
    access::{Kind, Right},
    choices::why_no_skip,
    engine::EngineError,
    gate::{confirmed, open_gate, reasoned, words},
    grammar::REASON_LIMIT,
    journal::{Decision, Event, Refusal, Resolution},
    plan::{Method, StepId},
    request::{Confirmation, Press, Reply, Request},
    run::{Decided, Run},
    typed::{self, bounded},
};

/// What a person is asked for before their press counts.
pub struct ToConfirm {
    /// The run.
    pub run: Run,
    /// What they decide.
    pub deed: Deed,
}

/// A decision that takes more than a press.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deed {
    /// To approve that way: by its exact words, and with a reason.
    Approve(Method),
    /// To refuse: with a reason.
    Refuse,
}

impl Desk {
    /// A person pressed a button. Answers as soon as it is durable.
    pub async fn press(&self, request: Request, press: Press) -> Reply {
        if let Err(stopping) = self.takes_requests() {
            return stopping;
        }
        let press = press.cleaned();
        let value = bounded(&press.to_string()).into_owned();
        match self.understand_press(&request, &press).await {
            Ok(Ok(understood)) => self.accept(request, &value, understood).await,
            Ok(Err(refused)) => {
                self.refuse_person(&request, refused.application(), &value, refused.reason, refused.reply.clone()).await
            }
            Err(failure) => log_down(&failure),
        }
    }

    /// What has to be said in words before that press counts. `None` if nothing: it may be pressed as it is.
    ///
    /// # Errors
    /// The refusal, which is recorded: nobody is asked to confirm what they may not do.
    pub async fn to_confirm(&self, request: &Request, press: &Press) -> Result<Option<ToConfirm>, Reply> {
        let (run, deed) = match press {
            Press::Approve { run, method, confirmation: None } if method.is_final() => (run, Deed::Approve(*method)),
            Press::Refuse { run, reason: None } => (run, Deed::Refuse),
            _ => return Ok(None),
        };
        let refused = match self.known_run(run).await {
            Ok(Some((pair, run))) => {
                let may = match deed {
                    Deed::Approve(method) => self.may_approve(request, &pair, &run, method).await,
                    Deed::Refuse => self.may_refuse(request, &pair, &run).await,
                };
                match may {
                    Ok(()) => return Ok(Some(ToConfirm { run, deed })),
                    Err((reason, reply)) => Refused::of(&pair, reason, reply),
                }
            }
            Ok(None) => no_such_run(run),
            Err(failure) => return Err(log_down(&failure)),
        };
        let application = refused.application();
        Err(self.refuse_person(request, application, &press.to_string(), refused.reason, refused.reply.clone()).await)
    }

    /// What a button asks for, if the person may press it and it still means something.
    pub(super) async fn understand_press(
        &self,
        request: &Request,
        press: &Press,
    ) -> Result<Result<Understood, Refused>, EngineError> {
        let Some((pair, run)) = self.known_run(press.run()).await? else {
            return Ok(Err(Refused::new(None, Refusal::NoSuchThing, format!("There is no run {}.", press.run()))));
        };
        if let Err((reason, reply)) = self.may_press(request, &pair, &run, press).await {
            return Ok(Err(Refused::of(&pair, reason, reply)));
        }
        let id = Some(run.id.to_string());
        let run = Box::new(run);
        let task = match press.clone() {
            Press::Approve { run, method, confirmation } => {
                let reason = confirmation.and_then(|confirmation| confirmation.reason);
                Task::Approve { run, method, reason }
            }
            Press::Refuse { reason, .. } => Task::Refuse { run, reason },
            Press::Cancel { .. } => Task::Cancel { run },
            Press::Again { .. } => {
                let task = Task::Start { way: run.plan.runbook.into(), reason: run.reason };
                return Ok(Ok(Understood { pair, run: None, task }));
            }
            Press::Applied { .. } => Task::Applied,
            Press::Abort { promote, .. } => Task::Abort { run, promote },
            Press::Resolve { step, resolution, .. } => Task::Resolve { run, step, resolution },
        };
        Ok(Ok(Understood { pair, run: id, task }))
    }

    async fn may_press(
        &self,
        request: &Request,
        pair: &Pair,
        run: &Run,
        press: &Press,
    ) -> Result<(), (Refusal, String)> {
        match press {
            Press::Approve { method, confirmation, .. } => {
                self.may_approve(request, pair, run, *method).await?;
                confirmed(run, *method, confirmation.as_ref(), &request.origin)
                    .map_err(|reason| (reason, unconfirmed(run, *method, confirmation.as_ref(), reason)))
            }
            Press::Refuse { reason, .. } => {
                self.may_refuse(request, pair, run).await?;
                reasoned(reason.as_deref(), &request.origin).map_err(|reason| (reason, unreasoned()))
            }
            Press::Cancel { .. } => {
                self.has(request, pair, Right::Look).await?;
                self.gate_is_open(run)?;
                match pair.access.same_person(&run.requester, &request.actor) {
                    true => Ok(()),
                    false => Err((Refusal::NotTheRequester, not_the_requester(&run.requester))),
                }
            }
            Press::Again { .. } => {
                self.has(request, pair, Right::Ask).await?;
                self.may_ask_again(pair, run).await
            }
            Press::Applied { .. } => {
                self.has(request, pair, Right::Resolve).await?;
                match run.awaits_handoff() {
                    true => Ok(()),
                    false => Err((Refusal::NoSuchThing, nothing_handed(&pair.name))),
                }
            }
            Press::Abort { promote, .. } => {
                self.has(request, pair, Right::Resolve).await?;
                match promote {
                    // A promote is wanted, whoever ends the run first.
                    Some(_) => self.has(request, pair, Right::Ask).await,
                    None => may_abort(run),
                }
            }
            Press::Resolve { step, resolution, .. } => {
                self.has(request, pair, Right::Resolve).await?;
                if *resolution == Resolution::FailOver {
                    self.has(request, pair, Right::Ask).await?;
                }
                may_resolve(run, *step, *resolution)
            }
        }
    }

    async fn has(&self, request: &Request, pair: &Pair, right: Right) -> Result<(), (Refusal, String)> {
        self.allowed(request, pair, right).await.map_err(|refused| (refused.reason, refused.reply))
    }

    /// Whether the person may approve that way, as far as can be told at once. What Slack has to be asked for is asked again before the approval
    /// counts, and there it has to be known.
    pub(super) async fn may_approve(
        &self,
        request: &Request,
        pair: &Pair,
        run: &Run,
        method: Method,
    ) -> Result<(), (Refusal, String)> {
        match self.approver(request, pair, run, method).await {
            Err((Refusal::Unverified, _)) | Ok(()) => self.gate_takes(pair, run, method, &request.actor),
            Err(refused) => Err(refused),
        }
    }

    /// Whether the person is one of those who approve that way.
    async fn approver(
        &self,
        request: &Request,
        pair: &Pair,
        run: &Run,
        method: Method,
    ) -> Result<(), (Refusal, String)> {
        self.has(request, pair, Right::Approve(Kind::of(run.plan.runbook, method))).await
    }

    /// Whether the run's gate takes an approval of that way by that person now, whatever their rights.
    pub(super) fn gate_takes(
        &self,
        pair: &Pair,
        run: &Run,
        method: Method,
        actor: &Actor,
    ) -> Result<(), (Refusal, String)> {
        self.gate_is_open(run)?;
        let gate = run.gate.as_ref();
        let Some(terms) = gate.and_then(|gate| gate.terms(method)) else {
            return Err((Refusal::NoSuchThing, format!("The plan of {} offers no {}.", run.id, method.name())));
        };
        if !terms.requester_may_approve && pair.access.same_person(&run.requester, actor) {
            let reply = "You asked for this run, so somebody else has to confirm it.".to_owned();
            return Err((Refusal::OwnRequest, reply));
        }
        let before = gate.and_then(|gate| gate.counted(method).find(|given| pair.access.same_person(&given.by, actor)));
        match before {
            Some(given) => {
                let reply = format!(
                    "You approved this already, audit #{}. It takes {} people, each counted once.",
                    given.seq, terms.approvers
                );
                Err((Refusal::AlreadyApproved, reply))
            }
            None => Ok(()),
        }
    }

    /// Whether the person might have approved one of the ways, and so may say no.
    pub(super) async fn may_refuse(&self, request: &Request, pair: &Pair, run: &Run) -> Result<(), (Refusal, String)> {
        self.gate_is_open(run)?;
        let mut refused = (Refusal::NoSuchThing, format!("{} does not ask for a decision.", run.id));
        for terms in run.gate.iter().flat_map(|gate| &gate.terms) {
            let own = !terms.requester_may_approve && pair.access.same_person(&run.requester, &request.actor);
            match self.approver(request, pair, run, terms.method).await {
                Ok(()) if own => {
                    refused = (Refusal::OwnRequest, "You asked for this run: cancel it instead.".to_owned())
                }
                Ok(()) => return Ok(()),
                Err(why) => refused = why,
            }
        }
        Err(refused)
    }

    async fn may_ask_again(&self, pair: &Pair, run: &Run) -> Result<(), (Refusal, String)> {
        let came_to_nothing =
            run.decided().is_some_and(|decided| !matches!(decided.decision, Decision::Approved { .. }));
        if !came_to_nothing {
            return Err((Refusal::NoSuchThing, format!("{} was not turned down.", run.id)));
        }
        // What cannot be read is found again as the run is started.
        match self.in_the_way(pair).await {
            Ok(Some(open)) => Err((Refusal::RunInProgress, run_in_progress(&open))),
            Ok(None) | Err(_) => Ok(()),
        }
    }

    pub(super) fn gate_is_open(&self, run: &Run) -> Result<(), (Refusal, String)> {
        open_gate(run, self.0.clock.now()).map_err(|reason| {
            let reply = match (reason, run.decided()) {
                (Refusal::AlreadyDecided, None) => already_aborted(run),
                (Refusal::AlreadyDecided, Some(decided)) => already_decided(run, decided),
                (Refusal::Expired, _) => expired(run),
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

    pub(super) async fn came_second(&self, request: &Request, pair: &Pair, click: &Record) -> Result<(), EngineError> {
        let reply = "Somebody else decided a moment earlier; this changed nothing.".to_owned();
        self.refuse_late(request, pair, click, Refusal::AlreadyDecided, reply).await
    }
}

fn may_resolve(run: &Run, step: StepId, resolution: Resolution) -> Result<(), (Refusal, String)> {
    if run.aborted.is_some() {
        return Err((Refusal::AlreadyDecided, already_aborted(run)));
    }
    let waits = run.steps.get(&step).is_some_and(|step| step.state.waits());
    if !waits || run.ended.is_some() {
        let reply = format!("{} of {} does not wait for a decision any more.", step.name(), run.id);
        return Err((Refusal::AlreadyDecided, reply));
    }
    if run.resolutions(step).contains(&resolution) {
        return Ok(());
    }
    let why = match resolution {
        Resolution::FailOver => format!(
            "{} of {} has no failover to choose instead: that is for a switchover that AWS refused. Ask with `/dr promote {}`.",
            step.name(),
            run.id,
            run.application
        ),
        _ => match why_no_skip(&run.plan, step) {
            Some(why) => format!("{} can't be skipped. {why}.", step.name()),
            None => format!("{} can't be skipped.", step.name()),
        },
    };
    Err((Refusal::NoSuchThing, why))
}

/// What is missing to confirm `method`.
fn unconfirmed(run: &Run, method: Method, confirmation: Option<&Confirmation>, reason: Refusal) -> String {
    if reason == Refusal::NoReason {
        return unreasoned();
    }
    let asked = words(run, method);
    let typed = confirmation.map_or("", |confirmation| confirmation.typed.as_str());
    match typed::difference(typed, &asked).filter(|_| !typed.trim().is_empty()) {
        Some(difference) => format!("These words don't confirm it: {difference}. Nothing was changed. Type `{asked}`."),
        None => format!("Type `{asked}` to confirm. Nothing was changed."),
    }
}

fn unreasoned() -> String {
    format!("It takes a reason, of at most {REASON_LIMIT} characters.")
}

fn not_the_requester(requester: &Actor) -> String {
    format!("Only {} takes this request back, who made it. Whoever may approve can refuse it.", who(requester))
}

/// A person as replies name them.
pub(super) fn who(actor: &Actor) -> String {
    match actor {
        Actor::Slack { user, .. } => format!("<@{user}>"),
        Actor::Terminal { user } => format!("{user} (terminal)"),
        Actor::Bot => "the bot".to_owned(),
    }
}

fn already_decided(run: &Run, decided: &Decided) -> String {
    let Decided { decision, by, seq, .. } = decided;
    let how = match decision {
        Decision::Approved { .. } => "approved",
        Decision::Refused => "refused",
        Decision::Cancelled => "cancelled",
        Decision::Expired => return expired(run),
        Decision::Void { .. } => "void since the world had changed",
    };
    format!("Already decided: {how} by {}, audit #{seq}.", who(by))
}

fn expired(run: &Run) -> String {
    format!("This request expired; ask again with `/dr {} {}`.", run.plan.runbook.command(), run.application)
}
