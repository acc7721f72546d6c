//! What a request comes to: one task for one application, made durable and then carried out. A task whose program died is taken up at the next
//! start, from the record of its request.

use std::sync::Arc;

use futures::future::BoxFuture;
use jiff::SignedDuration;
use storage::Record;
use tracing::info;

use super::{Desk, Pair, append, approvals::Choice, commands::failed, log_down, request_entry, unrecorded};
use crate::{
    engine::EngineError,
    grammar,
    ids::RunId,
    journal::{Decision, Event, Promote, Refusal, Resolution},
    plan::{Method, RunbookName, StepId},
    request::{Press, Reply, Request},
    run::Run,
};

/// A request older than this is not taken up after a restart: people have moved on, and are told to ask again.
const FRESH: SignedDuration = SignedDuration::from_mins(5);

/// Which way the pair is to go.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// To DR.
    Promote,
    /// Back to the primary.
    Failback,
    /// Nowhere: the region that serves gets its capacity back.
    Restore,
    /// Nowhere: what Aurora saved of the old primary is kept.
    Rescue,
}

impl From<RunbookName> for Way {
    fn from(runbook: RunbookName) -> Self {
        match runbook {
            RunbookName::Promote => Self::Promote,
            RunbookName::Rebuild | RunbookName::Failback => Self::Failback,
            RunbookName::Restore => Self::Restore,
            RunbookName::Rescue => Self::Rescue,
        }
    }
}

/// What is to be done.
pub(super) enum Task {
    Status,
    DryRun(Way),
    Start { way: Way, reason: Option<String> },
    Approve { run: RunId, method: Method, reason: Option<String> },
    Refuse { run: Box<Run>, reason: Option<String> },
    Cancel { run: Box<Run> },
    Resolve { run: Box<Run>, step: StepId, resolution: Resolution },
    Abort { run: Box<Run>, promote: Option<Promote> },
    Applied,
    History,
    Report { run: RunId },
}

/// A request that may be carried out.
pub(super) struct Understood {
    pub(super) pair: Pair,
    /// The run that it is about.
    pub(super) run: Option<String>,
    pub(super) task: Task,
}

/// A request that may not.
pub(super) struct Refused {
    application: Option<String>,
    pub(super) reason: Refusal,
    pub(super) reply: String,
    /// The open run that is in the way.
    pub(super) offer: Option<Offer>,
}

/// How people get on where another run is open.
pub(super) struct Offer {
    pub(super) run: RunId,
    /// The promote that they may have in its place.
    pub(super) promote: Option<Promote>,
}

impl Refused {
    pub(super) fn new(application: Option<String>, reason: Refusal, reply: impl Into<String>) -> Self {
        Self { application, reason, reply: reply.into(), offer: None }
    }

    pub(super) fn of(pair: &Pair, reason: Refusal, reply: impl Into<String>) -> Self {
        Self::new(Some(pair.name.clone()), reason, reply)
    }

    /// The same, with how people get on.
    pub(super) fn offering(self, offer: Offer) -> Self {
        Self { offer: Some(offer), ..self }
    }

    pub(super) fn application(&self) -> Option<&str> {
        self.application.as_deref()
    }
}

impl Task {
    /// Whether it changes nothing, in the log or anywhere.
    fn only_looks(&self) -> bool {
        matches!(self, Self::Status | Self::DryRun(_) | Self::History | Self::Report { .. })
    }

    /// What the person is told at once.
    fn told(&self, pair: &Pair) -> String {
        match self {
            Self::Status | Self::DryRun(_) | Self::Start { .. } | Self::Applied => {
                format!("Looking at {} and {}…", pair.app.primary.region, pair.app.dr.region)
            }
            Self::Approve { .. } => "Checking that nothing has changed since the plan was shown…".to_owned(),
            Self::Refuse { .. } => "Refusing…".to_owned(),
            Self::Cancel { .. } => "Cancelling…".to_owned(),
            Self::Resolve { .. } => "Recorded.".to_owned(),
            Self::Abort { run, promote: None } => format!("Aborting {}: it ends between two AWS calls…", run.id),
            Self::Abort { run, promote: Some(_) } => format!("Aborting {}, then asking for the promote…", run.id),
            Self::History | Self::Report { .. } => "Reading the audit log…".to_owned(),
        }
    }
}

impl Desk {
    /// Makes the request durable and spawns its task.
    pub(super) async fn accept(&self, request: Request, text: &str, understood: Understood) -> Reply {
        let Understood { pair, run, task } = understood;
        let mut entry = request_entry(&request);
        entry.application = Some(pair.name.clone());
        entry.run = run;
        entry.dedupe = Some(request.dedupe.clone());
        let command = match append(&self.0.log, entry, Event::CommandReceived { text: text.to_owned() }).await {
            Ok(Some(record)) => record,
            Ok(None) => return self.replayed(&request).await,
            Err(failure) if task.only_looks() => return Reply::Unrecorded(unrecorded(&failure)),
            Err(failure) => return log_down(&failure),
        };
        let told = task.told(&pair);
        self.spawn(self.clone().carry_out(request, pair, command, task));
        Reply::Accepted(told)
    }

    /// Boxed by task: together they are more than a worker's stack should hold.
    fn carry_out(
        self,
        request: Request,
        pair: Pair,
        command: Arc<Record>,
        task: Task,
    ) -> BoxFuture<'static, Result<(), EngineError>> {
        match task {
            Task::Status | Task::DryRun(_) | Task::History | Task::Report { .. } => {
                Box::pin(self.look_and_answer(request, pair, task, command))
            }
            Task::Start { way, reason } => Box::pin(self.start(request, pair, way, command, reason)),
            Task::Approve { run, method, reason } => {
                Box::pin(self.approve(request, pair, run, Choice { method, reason }, command))
            }
            Task::Refuse { run, reason } => {
                Box::pin(self.settle(request, pair, *run, (Decision::Refused, reason), command))
            }
            Task::Cancel { run } => Box::pin(self.settle(request, pair, *run, (Decision::Cancelled, None), command)),
            Task::Resolve { run, step, resolution } => {
                Box::pin(self.resolve(request, pair, *run, step, resolution, command))
            }
            Task::Abort { run, promote } => Box::pin(self.abort_run(request, pair, *run, promote, command)),
            Task::Applied => Box::pin(self.applied(request, pair, command)),
        }
    }

    /// Takes up a request that was acknowledged and not answered before the program died. Rights and state are looked at again.
    pub(super) async fn take_up_request(&self, command: Arc<Record>) -> Result<(), EngineError> {
        let request = Request { actor: command.actor.clone(), origin: command.origin.clone(), dedupe: String::new() };
        let known = command.application.as_ref().and_then(|application| self.0.pairs.get(application)).cloned();
        let Some(pair) = known else { return Ok(()) };
        if self.0.clock.now().duration_since(command.at) > FRESH {
            let error = "the bot stopped before it could answer; nothing was done, please repeat it".to_owned();
            return self.answer(&request, &pair, failed(&command, error)).await;
        }
        match self.understand_again(&request, &command).await? {
            Ok(Understood { pair, task, .. }) => {
                info!(command = command.seq, "request taken up again");
                self.spawn(self.clone().carry_out(request, pair, command, task));
                Ok(())
            }
            Err(refused) => self.answer(&request, &pair, failed(&command, refused.reply)).await,
        }
    }

    async fn understand_again(
        &self,
        request: &Request,
        command: &Record,
    ) -> Result<Result<Understood, Refused>, EngineError> {
        let text = command.data["text"].as_str().unwrap_or_default();
        if let Ok(press) = text.parse::<Press>() {
            return self.understand_press(request, &press).await;
        }
        let names: Vec<&str> = self.applications().collect();
        match grammar::parse(text, &names) {
            Ok(command) => self.understand_command(request, command).await,
            Err(error) => Ok(Err(Refused::new(None, error.refusal(), error.to_string()))),
        }
    }
}
