//! Commands that are typed: `/dr help`, `status`, `plan promote`, `promote`.

use std::sync::Arc;

use futures::StreamExt as _;
use storage::Record;

use super::{
    Desk, Pair, append,
    ending::run_in_progress,
    log_down, request_entry,
    task::{Offer, Refused, Task, Understood, Way},
};
use crate::{
    access::Right,
    engine::EngineError,
    grammar::{self, Command},
    ids::RunId,
    journal::{Event, Refusal},
    observation::Observation,
    plan::{Method, Plan},
    report::leftovers,
    request::{Reply, Request},
    run::{Instead, Run},
    status::{self, Status},
    typed::{bounded, clean},
};

impl Desk {
    /// A person typed `/dr text`. Answers as soon as it is durable; the work goes on, and its results are records.
    pub async fn command(&self, request: Request, text: &str) -> Reply {
        if let Err(stopping) = self.takes_requests() {
            return stopping;
        }
        let cleaned = clean(text);
        let (typed, text) = (cleaned.as_str(), &*bounded(&cleaned));
        let names = match self.known(&request).await {
            Ok(seen) => seen.into_iter().map(|pair| pair.name.as_str()).collect::<Vec<_>>(),
            // Whoever reads the log need not know an application.
            Err(_) if self.0.readers.may(&request.actor) && grammar::parse(typed, &[]) == Ok(Command::Help) => {
                Vec::new()
            }
            Err((reason, reply)) => return self.refuse_person(&request, None, text, reason, reply).await,
        };
        let command = match grammar::parse(typed, &names) {
            Ok(Command::Help) => return self.help(request, text, &names).await,
            Ok(command) => command,
            Err(error) => return self.refuse_person(&request, None, text, error.refusal(), error.to_string()).await,
        };
        match self.understand_command(&request, command).await {
            Ok(Ok(understood)) => self.accept(request, text, understood).await,
            Ok(Err(refused)) => {
                let (application, reply) = (refused.application(), refused.reply.clone());
                match (self.refuse_person(&request, application, text, refused.reason, reply).await, refused.offer) {
                    (Reply::Refused { text, .. }, Some(Offer { run, promote })) => {
                        Reply::Offered { text, run, promote }
                    }
                    (reply, _) => reply,
                }
            }
            Err(failure) => log_down(&failure),
        }
    }

    /// What a command that was typed asks for, if the person may and it can be done now.
    pub(super) async fn understand_command(
        &self,
        request: &Request,
        command: Command,
    ) -> Result<Result<Understood, Refused>, EngineError> {
        let (application, right, task) = match command {
            Command::Help => return Ok(Err(Refused::new(None, Refusal::NotACommand, "Help needs no work."))),
            Command::Log(_) => {
                let reply = "The log is read in Slack, by those whom `[audit] compliance` names, or with `standby audit` at the host.";
                return Ok(Err(Refused::new(None, Refusal::NotACommand, reply)));
            }
            Command::Status { application } => (application, Right::Look, Task::Status),
            Command::PlanPromote { application } => (application, Right::Look, Task::DryRun(Way::Promote)),
            Command::PlanFailback { application } => (application, Right::Look, Task::DryRun(Way::Failback)),
            Command::Promote { application, reason } => {
                (application, Right::Ask, Task::Start { way: Way::Promote, reason })
            }
            Command::Failback { application, reason } => {
                (application, Right::Ask, Task::Start { way: Way::Failback, reason })
            }
            Command::PlanRestore { application } => (application, Right::Look, Task::DryRun(Way::Restore)),
            Command::Restore { application, reason } => {
                (application, Right::Ask, Task::Start { way: Way::Restore, reason })
            }
            Command::PlanRescue { application } => (application, Right::Look, Task::DryRun(Way::Rescue)),
            Command::Rescue { application, reason } => {
                (application, Right::Ask, Task::Start { way: Way::Rescue, reason })
            }
            Command::History { application } => (application, Right::Look, Task::History),
            Command::Report { run } => return self.understand_report(request, &run).await,
            Command::Abort { run } => return self.understand_abort(request, run).await,
            Command::Applied { application } => return self.understand_applied(request, &application).await,
            Command::Resolve { resolution, run, step } => {
                return self.understand_resolve(request, resolution, run, step).await;
            }
        };
        self.asked(request, application, right, task).await
    }

    async fn asked(
        &self,
        request: &Request,
        application: String,
        right: Right,
        task: Task,
    ) -> Result<Result<Understood, Refused>, EngineError> {
        let Some(pair) = self.0.pairs.get(&application).cloned() else {
            let reply = format!("There is no application {application}.");
            return Ok(Err(Refused::new(None, Refusal::UnknownApplication, reply)));
        };
        if let Err(refused) = self.allowed(request, &pair, right).await {
            return Ok(Err(refused));
        }
        if right == Right::Ask
            && let Some(open) = self.in_the_way(&pair).await?
        {
            return Ok(Err(self.blocked_by(request, &pair, &open, &task).await));
        }
        Ok(Ok(Understood { pair, run: None, task }))
    }

    async fn help(&self, request: Request, text: &str, names: &[&str]) -> Reply {
        let mut entry = request_entry(&request);
        entry.dedupe = Some(request.dedupe.clone());
        match append(&self.0.log, entry, Event::HelpGiven { text: text.to_owned() }).await {
            Ok(Some(_)) => {
                let (asks, reads) = (self.asks(&request, names).await, self.0.readers.may(&request.actor));
                Reply::Told(grammar::help(names, &asks, reads))
            }
            Ok(None) => self.replayed(&request).await,
            Err(failure) => log_down(&failure),
        }
    }

    /// Where the application stands, as it was just observed.
    pub(super) async fn status_of(&self, pair: &Pair, observation: Observation) -> Result<Status, EngineError> {
        let run = match self.0.runs.of(&pair.name) {
            Some(id) => self.run(&id).await?.as_ref().map(Run::summary),
            None => None,
        };
        let left = leftovers(&pair.app, &self.lately(&pair.name).await?, &observation);
        let status = status::status(&pair.name, &pair.app, observation, run, left, pair.clock.now());
        Ok(Status { faults: self.log_fault().into_iter().collect(), ..status })
    }

    pub(super) async fn start(
        self,
        request: Request,
        pair: Pair,
        way: Way,
        command: Arc<Record>,
        reason: Option<String>,
    ) -> Result<(), EngineError> {
        self.let_it_end(&pair).await?;
        match self.plan(&pair, way).await? {
            Ok(plan) => self.start_run(&request, &pair, &command, plan, reason).await,
            Err(no_plan) => self.answer(&request, &pair, failed(&command, no_plan.to_string())).await,
        }
    }

    /// Starts a run, unless another one was started meanwhile.
    pub(super) async fn start_run(
        &self,
        request: &Request,
        pair: &Pair,
        command: &Record,
        plan: Plan,
        reason: Option<String>,
    ) -> Result<(), EngineError> {
        let _starting = self.0.runs.starting(&pair.name).await;
        if let Some(run) = self.open_run(pair).await? {
            return self.answer(request, pair, failed(command, run_in_progress(&run))).await;
        }
        let id = RunId::new(plan.runbook.as_str(), command.seq);
        // What follows on a run by itself must not be the same again: somebody undid what it did meanwhile, and asks anew or not.
        if self.run(&id).await?.is_some() {
            let error = format!(
                "{id} has ended, and {}'s state demands the same again. Find out what changed with `/dr status {}`, then ask with `/dr {} {}`",
                pair.name,
                pair.name,
                plan.runbook.command(),
                pair.name
            );
            return self.answer(request, pair, failed(command, error)).await;
        }
        let mut entry = request_entry(request);
        entry.application = Some(pair.name.clone());
        entry.run = Some(id.to_string());
        let started = Event::RunStarted {
            runbook: plan.runbook,
            reason,
            plan_digest: plan.digest(),
            plan: Box::new(plan),
            command: command.seq,
            commanded_at: command.at,
        };
        append(&self.0.log, entry, started).await?;
        if let Some(run) = self.run(&id).await? {
            self.take_up(run);
        }
        Ok(())
    }

    /// After a rebuild the way back goes on with the switchover, asked for by the same person.
    pub(super) async fn go_on(self, rebuilt: Run) -> Result<(), EngineError> {
        let Some(pair) = self.0.pairs.get(&rebuilt.application).cloned() else { return Ok(()) };
        let mut records = self.0.log.read(rebuilt.command..=rebuilt.command);
        let Some(command) = records.next().await else { return Ok(()) };
        let request =
            Request { actor: rebuilt.requester.clone(), origin: rebuilt.origin.clone(), dedupe: String::new() };
        self.start(request, pair, Way::Failback, command?, rebuilt.reason).await
    }

    /// Asks for a promote, on behalf of the person who wanted it in the ended run's place. Nothing of that run is carried over: both regions are
    /// observed again, and the plan has a confirmation of its own. Where a switchover was refused it has the failover alone.
    pub(super) async fn promote_instead(self, ended: Run, instead: Instead) -> Result<(), EngineError> {
        let Some(pair) = self.0.pairs.get(&ended.application).cloned() else { return Ok(()) };
        let mut records = self.0.log.read(instead.command..=instead.command);
        let Some(click) = records.next().await else { return Ok(()) };
        let click = click?;
        let request = Request { actor: click.actor.clone(), origin: click.origin.clone(), dedupe: String::new() };
        match self.plan(&pair, Way::Promote).await? {
            Ok(mut plan) => {
                plan.options.retain(|option| !instead.failover_only || option.method == Method::Failover);
                self.start_run(&request, &pair, &click, plan, instead.reason).await
            }
            Err(no_plan) => self.answer(&request, &pair, failed(&click, no_plan.to_string())).await,
        }
    }

    /// Goes on after a run that ended, where another follows on it.
    pub(super) async fn follow_on(self, ended: Run) -> Result<(), EngineError> {
        match ended.instead.clone() {
            Some(instead) => self.promote_instead(ended, instead).await,
            None => self.go_on(ended).await,
        }
    }

    /// Records an answer for the person who asked, where they asked.
    pub(super) async fn answer(&self, request: &Request, pair: &Pair, answer: Event) -> Result<(), EngineError> {
        let mut entry = super::entry(storage::Actor::Bot, request.origin.clone());
        entry.application = Some(pair.name.clone());
        append(&self.0.log, entry, answer).await?;
        Ok(())
    }
}

/// The answer to a command that could not be carried out.
pub(super) fn failed(command: &Record, error: String) -> Event {
    let text = command.data["text"].as_str().unwrap_or_default().to_owned();
    Event::CommandFailed { command: command.seq, text, error, refused: None }
}
