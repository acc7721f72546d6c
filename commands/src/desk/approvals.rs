//! Approvals: counted one at a time, on facts asked for at that moment; the one that is enough decides the gate.

use std::sync::Arc;

use storage::Record;

use super::{Desk, Pair, append, commands::failed, ending::already_aborted, request_entry};
use crate::{
    access::{Freshness, Kind, Right},
    engine::{EngineError, gate_key},
    gate::difference,
    ids::RunId,
    journal::{Decision, Event, Refusal},
    plan::{Method, NoPlan, Plan},
    request::Request,
    run::Run,
};

/// What a person approves, and why.
pub(super) struct Choice {
    pub(super) method: Method,
    pub(super) reason: Option<String>,
}

/// What becomes of a gate, by whose words.
struct Ruling {
    decision: Decision,
    reason: Option<String>,
    /// Numbers of the approvals that counted before.
    approvals: Vec<u64>,
}

impl Ruling {
    fn of(decision: Decision) -> Self {
        Self { decision, reason: None, approvals: Vec::new() }
    }
}

/// What an approval comes to.
enum Outcome {
    /// It does not count.
    Refused(Refusal, String),
    /// It counts, with these before it.
    Counts(Vec<u64>),
}

impl Desk {
    /// Looks again at the world and at who approves, and counts the approval only if what people read still holds; otherwise it is void and a new
    /// plan is shown.
    pub(super) async fn approve(
        self,
        request: Request,
        pair: Pair,
        run: RunId,
        choice: Choice,
        click: Arc<Record>,
    ) -> Result<(), EngineError> {
        let deciding = self.0.runs.deciding(&pair.name).await;
        let Some(run) = self.run(&run).await? else { return Ok(()) };
        if let Err((reason, reply)) = self.gate_takes(&pair, &run, choice.method, &request.actor) {
            return self.refuse_late(&request, &pair, &click, reason, reply).await;
        }
        let (now, outcome) =
            tokio::join!(self.plan(&pair, run.plan.runbook.into()), self.outcome(&request, &pair, &run, choice.method));
        let (now, before) = match (now?, outcome?) {
            (_, Outcome::Refused(reason, reply)) => {
                return self.refuse_late(&request, &pair, &click, reason, reply).await;
            }
            (now, Outcome::Counts(before)) => (now, before),
        };
        let why = match &now {
            Ok(plan) => difference(&run.plan, plan, choice.method),
            Err(no_plan) => Some(no_plan.to_string()),
        };
        let Some(why) = why else { return self.count(&request, &pair, &run, choice, before, &click).await };
        self.decide_gate(&request, &pair, &run, Ruling::of(Decision::Void { why }), &click).await?;
        drop(deciding);
        self.show_anew(request, &pair, &run, now, &click).await
    }

    /// Whether that person's approval counts, by what Slack says at this moment. Earlier approvals of people who may not any more lapse.
    async fn outcome(&self, request: &Request, pair: &Pair, run: &Run, method: Method) -> Result<Outcome, EngineError> {
        let right = Right::Approve(Kind::of(run.plan.runbook, method));
        let may = self.may(&pair.access, right, &request.actor, &request.origin, Freshness::Now).await;
        if let Err(denied) = may {
            return Ok(Outcome::Refused(denied.reason, denied.reply(right, &pair.name)));
        }
        let mut before = Vec::new();
        for given in run.gate.iter().flat_map(|gate| gate.counted(method)) {
            match self.may(&pair.access, right, &given.by, &given.origin, Freshness::Now).await {
                Ok(()) => before.push(given.seq),
                Err(denied) if denied.reason == Refusal::Unverified => {
                    return Ok(Outcome::Refused(
                        denied.reason,
                        denied.unverified("everybody who approved before still may"),
                    ));
                }
                Err(denied) => self.lapse(pair, run, given.seq, denied.reason).await?,
            }
        }
        Ok(Outcome::Counts(before))
    }

    async fn lapse(&self, pair: &Pair, run: &Run, approval: u64, why: Refusal) -> Result<(), EngineError> {
        let mut entry = Self::own_entry();
        entry.application = Some(pair.name.clone());
        entry.run = Some(run.id.to_string());
        append(&self.0.log, entry, Event::GateLapsed { approval, why }).await?;
        Ok(())
    }

    async fn count(
        &self,
        request: &Request,
        pair: &Pair,
        run: &Run,
        choice: Choice,
        before: Vec<u64>,
        click: &Record,
    ) -> Result<(), EngineError> {
        let Choice { method, reason } = choice;
        let of = run.gate.as_ref().and_then(|gate| gate.terms(method)).map_or(1, |terms| terms.approvers);
        let number = u32::try_from(before.len()).unwrap_or(u32::MAX).saturating_add(1);
        if number >= of {
            let ruling = Ruling { decision: Decision::Approved { method }, reason, approvals: before };
            return self.decide_gate(request, pair, run, ruling, click).await;
        }
        let mut entry = request_entry(request);
        entry.application = Some(pair.name.clone());
        entry.run = Some(run.id.to_string());
        let plan_digest = run.plan_digest.clone();
        let approved = Event::GateApproved { command: click.seq, method, reason, plan_digest, number, of };
        append(&self.0.log, entry, approved).await?;
        Ok(())
    }

    /// After a void: the plan as it is now, asked for by the same person as before.
    async fn show_anew(
        &self,
        request: Request,
        pair: &Pair,
        run: &Run,
        now: Result<Plan, NoPlan>,
        click: &Record,
    ) -> Result<(), EngineError> {
        let Ok(plan) = now else { return Ok(()) };
        self.0.runs.closed(run).await;
        // Who aborted it meanwhile wants no other.
        if self.run(&run.id).await?.is_some_and(|run| run.aborted.is_some()) {
            return Ok(());
        }
        let asked = Request { actor: run.requester.clone(), ..request };
        self.start_run(&asked, pair, click, plan, run.reason.clone()).await
    }

    /// Refuses or cancels.
    pub(super) async fn settle(
        self,
        request: Request,
        pair: Pair,
        run: Run,
        (decision, reason): (Decision, Option<String>),
        click: Arc<Record>,
    ) -> Result<(), EngineError> {
        let ruling = Ruling { reason, ..Ruling::of(decision) };
        self.decide_gate(&request, &pair, &run, ruling, &click).await
    }

    /// Decides the gate, once. Who comes second is told.
    async fn decide_gate(
        &self,
        request: &Request,
        pair: &Pair,
        run: &Run,
        ruling: Ruling,
        click: &Record,
    ) -> Result<(), EngineError> {
        let Ruling { decision, reason, approvals } = ruling;
        // It takes seconds to observe both regions, and a run can be aborted at any time.
        if let Some(aborted) = self.run(&run.id).await?.filter(|run| run.aborted.is_some()) {
            let reply = already_aborted(&aborted);
            return self.refuse_late(request, pair, click, Refusal::AlreadyDecided, reply).await;
        }
        let overrides = match decision {
            Decision::Approved { .. } => run.gate.as_ref().map(|gate| gate.overrides.clone()).unwrap_or_default(),
            _ => Vec::new(),
        };
        let mut entry = request_entry(request);
        entry.application = Some(pair.name.clone());
        entry.run = Some(run.id.to_string());
        entry.dedupe = Some(gate_key(run));
        let plan_digest = run.plan_digest.clone();
        let command = Some(click.seq);
        let decided = Event::GateDecided { command, decision, reason, approvals, plan_digest, overrides };
        if append(&self.0.log, entry, decided).await?.is_some() {
            return Ok(());
        }
        self.came_second(request, pair, click).await
    }

    /// Refuses what was taken, and turned out on the way not to be allowed or too late.
    pub(super) async fn refuse_late(
        &self,
        request: &Request,
        pair: &Pair,
        click: &Record,
        reason: Refusal,
        reply: String,
    ) -> Result<(), EngineError> {
        let mut refused = failed(click, reply);
        if let Event::CommandFailed { refused, .. } = &mut refused {
            *refused = Some(reason);
        }
        self.answer(request, pair, refused).await
    }
}
