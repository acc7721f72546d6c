//! The desk: the one entry for whoever asks, through Slack or at the terminal. Requests are made durable, then worked on; what people see of the
//! work is a projection of the log.

mod approvals;
mod commands;
mod decisions;
mod ending;
mod gates;
mod handoff;
mod looking;
mod overview;
mod past;
mod paused;
mod planning;
mod refusals;
mod rights;
mod runs;
mod task;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use storage::{Actor, Clock, Entry, Log, Origin};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::{error, info};

use crate::{
    access::{Access, Directory, Readers},
    aws::{Aws, Network},
    engine::{EngineError, FoundOpen, Pair, append, read_open, set_right},
    ids::RunId,
    journal::{Event, Refusal},
    request::{Reply, Request},
    topology::Applications,
};

pub use decisions::{Deed, ToConfirm};
pub use gates::Choices;
pub use overview::Overview;
use refusals::RefusalBudget;
use runs::OpenRuns;

/// How long a graceful stop waits for calls that are under way. AWS calls have shorter deadlines of their own.
const STOP_GRACE: Duration = Duration::from_secs(20);

/// What a desk is made of.
pub struct Settings {
    /// The audit log.
    pub log: Log,
    /// The applications.
    pub applications: Applications,
    /// Who may do what, by application; nobody where nothing is said.
    pub access: BTreeMap<String, Access>,
    /// Who may read the log itself in the chat.
    pub readers: Readers,
    /// Says who is who in the chat.
    pub directory: Arc<dyn Directory>,
    /// The way to the world.
    pub network: Network,
    /// Wall-clock time.
    pub clock: Clock,
    /// Program version.
    pub version: String,
    /// SHA-256 of the configuration file, hex.
    pub config_digest: String,
    /// Host name.
    pub host: String,
    /// What is done about open runs.
    pub open_runs: OpenRunsAre,
}

/// What a desk does about runs that it finds open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OpenRunsAre {
    /// It takes them up, and requests that were not answered.
    TakenUp,
    /// It shows them and leaves them alone: for who only looks.
    LeftAlone,
}

/// The one entry for whoever asks.
#[derive(Clone)]
pub struct Desk(Arc<Inner>);

struct Inner {
    log: Log,
    clock: Clock,
    pairs: BTreeMap<String, Pair>,
    readers: Readers,
    directory: Arc<dyn Directory>,
    runs: OpenRuns,
    refusals: RefusalBudget,
    tasks: TaskTracker,
    /// Nothing new is begun, and what runs stops between two calls.
    stop: CancellationToken,
    /// Everything ends where it stands.
    abort: CancellationToken,
}

impl Desk {
    /// Records the start, takes up open runs and is ready for requests.
    ///
    /// # Errors
    /// When the log cannot be read or takes no records, or its records contradict each other.
    pub async fn open(settings: Settings) -> Result<Self, EngineError> {
        let Settings {
            log,
            applications,
            mut access,
            readers,
            directory,
            network,
            clock,
            version,
            config_digest,
            host,
            open_runs,
        } = settings;
        let started = Event::ProcessStarted { version, config_digest, host };
        append(&log, Self::own_entry(), started).await?;
        let (mut pairs, mut connected) = (BTreeMap::new(), BTreeMap::new());
        for (name, app) in applications {
            let app = Arc::new(app);
            let aws = Aws::connect(app.clone(), &network, clock.clone()).await;
            connected.insert(name.clone(), aws.clone());
            let access = Arc::new(access.remove(&name).unwrap_or_default());
            pairs.insert(name.clone(), Pair { name, app, access, aws, clock: clock.clone() });
        }
        Aws::introduce(&connected);
        let found = read_open(&log).await?;
        let desk = Self(Arc::new(Inner {
            runs: OpenRuns::new(pairs.keys().cloned()),
            refusals: RefusalBudget::default(),
            tasks: TaskTracker::new(),
            stop: CancellationToken::new(),
            abort: CancellationToken::new(),
            log,
            clock,
            pairs,
            readers,
            directory,
        }));
        match open_runs {
            OpenRunsAre::TakenUp => desk.carry_on(found).await?,
            OpenRunsAre::LeftAlone => found.runs.iter().for_each(|run| desk.0.runs.insert(run)),
        }
        Ok(desk)
    }

    /// Takes up what the last program left open.
    async fn carry_on(&self, found: FoundOpen) -> Result<(), EngineError> {
        for run in found.runs {
            let run = set_right(&self.0.log, run).await?;
            info!(run = %run.id, application = run.application, "run taken up again");
            self.take_up(run);
        }
        for run in found.followed {
            info!(run = %run.id, application = run.application, "another run follows on it");
            self.spawn(self.clone().follow_on(run));
        }
        for request in found.unanswered {
            self.take_up_request(request).await?;
        }
        Ok(())
    }

    /// Runs that have not ended.
    pub fn open_runs(&self) -> Vec<RunId> {
        self.0.runs.all()
    }

    /// The audit log.
    pub fn log(&self) -> &Log {
        &self.0.log
    }

    /// Names of the applications.
    pub fn applications(&self) -> impl Iterator<Item = &str> {
        self.0.pairs.keys().map(String::as_str)
    }

    /// Whether all is well: the program is not stopping, the log takes records, and every open run goes on.
    ///
    /// # Errors
    /// Why not, for people.
    pub fn ready(&self) -> Result<(), String> {
        if let Some(fault) = self.log_fault() {
            return Err(fault);
        }
        match self.0.log.poisoned() {
            Some(cause) => Err(format!("the audit log takes no records: {cause}")),
            None if self.0.stop.is_cancelled() => Err("the bot is stopping".to_owned()),
            None => self.0.runs.stuck().map_or(Ok(()), Err),
        }
    }

    /// What is wrong with the audit log though it takes records.
    pub(crate) fn log_fault(&self) -> Option<String> {
        let why = self.0.log.head_fault()?;
        Some(format!(
            "the head of the audit log can't be written ({why}), so a loss of its last records would not be noticed; \
             give head.json in the store to the bot's user"
        ))
    }

    /// Stops gracefully: nothing new is begun, calls under way end and are recorded, runs are left to be taken up at the next start.
    pub async fn close(&self, reason: &str) {
        self.0.stop.cancel();
        self.0.tasks.close();
        if tokio::time::timeout(STOP_GRACE, self.0.tasks.wait()).await.is_err() {
            error!(
                "calls to AWS were still under way at the end of the grace period; their outcome is looked up at the next start"
            );
        }
        let stopped = Event::ProcessStopped { reason: reason.to_owned() };
        if let Err(failure) = append(&self.0.log, Self::own_entry(), stopped).await {
            error!(%failure, "failed to record the stop");
        }
    }

    /// Ends everything where it stands, as the death of the process would: nothing is recorded, and what was under way is looked up at the next
    /// start.
    pub fn abort(&self) {
        self.0.stop.cancel();
        self.0.abort.cancel();
    }

    /// Whether requests are taken; if not, the reply.
    fn takes_requests(&self) -> Result<(), Reply> {
        match self.0.stop.is_cancelled() {
            true => Err(Reply::Refused {
                reason: Refusal::Stopping,
                text: "The bot is stopping; ask again in a minute.".to_owned(),
            }),
            false => Ok(()),
        }
    }

    /// Runs work that a request began. It ends by itself; a failure of the log is all that can go wrong here.
    fn spawn(&self, work: impl Future<Output = Result<(), EngineError>> + Send + 'static) {
        let abort = self.0.abort.clone();
        self.0.tasks.spawn(async move {
            if let Some(Err(failure)) = abort.run_until_cancelled(work).await {
                error!(%failure, "work on a request ended");
            }
        });
    }

    fn own_entry() -> Entry {
        entry(Actor::Bot, Origin::System)
    }
}

/// An entry that says who and from where, and nothing else yet.
fn entry(actor: Actor, origin: Origin) -> Entry {
    Entry {
        actor,
        origin,
        application: None,
        run: None,
        step: None,
        event: String::new(),
        dedupe: None,
        data: serde_json::Value::Null,
    }
}

/// The entry of a request.
fn request_entry(request: &Request) -> Entry {
    entry(request.actor.clone(), request.origin.clone())
}

/// What a person is told whose command only looks, while the log takes no records.
fn unrecorded(failure: &EngineError) -> String {
    error!(%failure, "a request that only looks could not be recorded");
    format!(
        "Standby can't write its audit log, so it won't make changes: {failure}. It still looks; what follows is not recorded."
    )
}

/// What a person gets when the log takes no records: the one refusal that cannot be recorded.
fn log_down(failure: &EngineError) -> Reply {
    error!(%failure, "a request could not be recorded");
    Reply::Refused {
        reason: Refusal::LogDown,
        text: format!(
            "Standby can't write its audit log, so it won't make changes: {failure}. Check the host, or follow your manual runbook."
        ),
    }
}
