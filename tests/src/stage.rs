//! One stage: people type and press, the bot answers, the log says the same.

mod builder;

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use axum::{Router, body::Body};
use bot::{
    assembly::{Bot, Parts},
    audit::{self, Asker, LogAsk},
    config::{Config, Secrets},
    failure::Failure,
    rehearse,
    slack::{api::Api, socket},
    terminal::Ask,
};
use commands::{
    aws::{Bucket, Network},
    desk::Desk,
    journal::Event,
    run::Run,
};
use futures::TryStreamExt as _;
use http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt as _;
use jiff::SignedDuration;
use rehearsal::{
    World,
    slack::{Deliver, Message, Slack, View},
};
use storage::{Actor, Clock, Log, Origin, Record, SigningKey};
use tempfile::TempDir;
use tower::ServiceExt as _;

use self::builder::Over;
pub use self::builder::StageBuilder;
use crate::{Cast, S3, Typist};

/// What links to the incident page are signed with, where there is one.
const LINK_KEY: &str = "stage-stage-stage-stage-stage-stage";
/// What the stage's configuration is called.
const CONFIG: &str = "stage.toml";
/// Simulated time after which a test gives up waiting.
const PATIENCE: Duration = Duration::from_secs(3600);

async fn assemble(
    config: &str,
    over: Over,
    store: &Path,
    network: Network,
    slack: &Slack,
    clock: &Clock,
    key: Option<Arc<SigningKey>>,
) -> Bot {
    let mut config = Config::parse(Path::new(CONFIG), config).expect("the stage's configuration");
    config.store.path = store.to_owned();
    let settings = slack.settings();
    let secrets = Secrets {
        signing_secret: Some(settings.signing_secret.clone().into()),
        app_token: Some(settings.app_token.clone().into()),
        bot_token: settings.bot_token.clone().into(),
        link_key: config.web.as_ref().filter(|web| web.signs_links()).map(|_| LINK_KEY.into()),
    };
    let url = format!("{}/api", settings.base_url);
    let in_process = Api::over(slack.connector(), &url, &secrets.bot_token);
    let over_network = |connector, token: &str| {
        Api::over_network(connector, &url, &token.to_owned().into())
            .expect("a URL without TLS, which needs no certificates")
    };
    let (api, socket) = match &over {
        Over::Http => (in_process, None),
        Over::SocketMode => (in_process, Some(rehearse::socket_mode(slack))),
        Over::Network { connector, .. } => {
            let socket =
                socket::Way { api: over_network(connector, &settings.app_token), dial: socket::over(connector) };
            (over_network(connector, &settings.bot_token), Some(socket))
        }
    };
    let host = "stage".to_owned();
    let parts = Parts { config, secrets, network, slack: api, socket, clock: clock.clone(), host, key };
    let bot = Bot::assemble(parts).await.expect("a bot");
    slack.deliver_to(match over {
        Over::Http => Deliver::Router(bot.router.clone()),
        Over::SocketMode | Over::Network { .. } => Deliver::Socket(slack.sockets()),
    });
    bot
}

/// The way to the two regions and to the bucket.
fn network(world: &World, s3: &S3) -> Network {
    let network = rehearse::network(world);
    Network { aws: network.aws.map(|aws| s3.before(aws)), ..network }
}

/// An open stage.
pub struct Stage {
    /// The two regions.
    pub world: World,
    /// The workspace.
    pub slack: Slack,
    /// The true time, which all share but, where a test says so, the bot's host.
    pub clock: Clock,
    /// The bucket of the log's replica.
    s3: S3,
    over: Over,
    /// Seconds that the clock of the bot's host is ahead.
    host_is_off: Arc<AtomicI64>,
    config: String,
    key: Option<Arc<SigningKey>>,
    store: TempDir,
    router: Router,
    bot: Option<Bot>,
}

impl Stage {
    /// The ordinary stage: everything in steady state.
    pub async fn open() -> Self {
        StageBuilder::default().open().await
    }

    /// Another stage.
    pub fn with() -> StageBuilder {
        StageBuilder::default()
    }

    /// The audit log.
    pub fn log(&self) -> Log {
        self.desk().log().clone()
    }

    /// Types `/dr text` in the incident channel; returns what only the typist sees.
    pub async fn says(&self, user: &str, text: &str) -> String {
        self.says_in(user, Cast::INCIDENT, text).await
    }

    /// Types `/dr text` in any channel.
    pub async fn says_in(&self, user: &str, channel: &str, text: &str) -> String {
        let answer = self.slack.command(user, channel, text).await.expect("a person who exists");
        assert_eq!(answer.failure, None, "Slack reports a failure for /dr {text}");
        told(&answer.body)
    }

    /// Presses the button in the newest message that has it.
    pub async fn presses(&self, user: &str, action_id: &str) {
        let message =
            self.message(|message| message.buttons().any(|(_, button)| button["action_id"] == action_id)).await;
        self.presses_in(&message, user, action_id).await;
    }

    /// Presses the button in that message; where that opens a modal, types what it asks for and submits.
    pub async fn presses_in(&self, message: &Message, user: &str, action_id: &str) {
        let answer = self.slack.click_through(user, &message.channel, &message.ts, action_id).await.expect("a button");
        let failure = answer.and_then(|answer| answer.failure);
        assert_eq!(failure, None, "Slack reports a failure for {action_id}");
    }

    /// Presses the button in the newest message that has it, and waits for the modal that it opens.
    pub async fn opens(&self, user: &str, action_id: &str) -> View {
        let message =
            self.message(|message| message.buttons().any(|(_, button)| button["action_id"] == action_id)).await;
        self.slack.click(user, &message.channel, &message.ts, action_id).await.expect("a button");
        let modal = tokio::time::timeout(PATIENCE, self.slack.wait_for_modal(user, |_| true)).await;
        modal.unwrap_or_else(|_| panic!("no modal opened for {user}; the channel holds:\n{}", self.channel()))
    }

    /// Types into the modal that the person sees, submits it, and returns what it says then; `None` once it is closed.
    pub async fn submits(&self, user: &str, words: &str, reason: &str) -> Option<View> {
        self.slack.fill(user, "words", words).expect("an input for the words");
        self.slack.fill(user, "reason", reason).expect("an input for the reason");
        let answer = self.slack.submit(user).await.expect("a modal that is filled in");
        assert_eq!(answer.failure, None, "Slack reports a failure for the modal");
        self.slack.modal(user)
    }

    /// Waits for a message with that text that only that person sees.
    pub async fn is_told(&self, user: &str, text: &str) -> Message {
        let mine = |message: &Message| message.only_visible_to.as_deref() == Some(user) && message.text.contains(text);
        self.message(mine).await
    }

    /// Waits for a message in the incident channel.
    pub async fn message(&self, predicate: impl FnMut(&Message) -> bool) -> Message {
        let found = self.slack.wait_for_message(Cast::INCIDENT, predicate);
        match tokio::time::timeout(PATIENCE, found).await {
            Ok(message) => message,
            Err(_) => panic!("no such message came; the channel holds:\n{}", self.channel()),
        }
    }

    /// Waits for a message with that text.
    pub async fn hears(&self, text: &str) -> Message {
        self.message(|message| message.text.contains(text)).await
    }

    /// Waits for a message that asks for a decision on a run.
    pub async fn gate(&self) -> Message {
        self.message(|message| message.buttons().any(|(_, button)| button["action_id"] == "cancel")).await
    }

    /// What the incident channel shows, as text.
    pub fn channel(&self) -> String {
        let messages = self.slack.messages(Cast::INCIDENT);
        messages.iter().map(|message| format!("• {}\n", message.text)).collect()
    }

    /// Waits for a record that the predicate takes.
    pub async fn record(&self, mut predicate: impl FnMut(&Record) -> bool) -> Arc<Record> {
        let mut records = self.log().follow(0);
        let found = async {
            while let Some(record) = records.try_next().await.expect("a readable log") {
                if predicate(&record) {
                    return record;
                }
            }
            unreachable!("a log that is followed does not end")
        };
        match tokio::time::timeout(PATIENCE, found).await {
            Ok(record) => record,
            Err(_) => panic!("no such record came; the channel holds:\n{}", self.channel()),
        }
    }

    /// Waits for the run to end and returns it.
    pub async fn ended(&self) -> Run {
        let ended = self.record(|record| record.event == "run.ended").await;
        self.run(ended.run.as_deref().expect("a run's record")).await
    }

    /// The run as its records tell it.
    pub async fn run(&self, id: &str) -> Run {
        let records = self.log().run(id).await.expect("a readable log");
        Run::fold(records.iter().map(AsRef::as_ref)).expect("records in order").expect("a run")
    }

    /// All records so far.
    pub async fn records(&self) -> Vec<Arc<Record>> {
        self.log().read(..).try_collect().await.expect("a readable log")
    }

    /// Records of that kind.
    pub async fn of(&self, event: &str) -> Vec<Arc<Record>> {
        self.records().await.into_iter().filter(|record| record.event == event).collect()
    }

    /// Events of that kind, decoded.
    pub async fn events(&self, event: &str) -> Vec<Event> {
        self.of(event).await.iter().map(|record| Event::of(record).expect("an event of this version")).collect()
    }

    /// Sends a request to the bot as it is, signature and all.
    pub async fn request(&self, path: &str, headers: HeaderMap, body: impl Into<Body>) -> (StatusCode, String) {
        let mut request = Request::post(path).body(body.into()).expect("a request");
        *request.headers_mut() = headers;
        let (status, body) = self.answer(request).await;
        (status, told(&body))
    }

    /// What the bot answers to a machine that asks, as to `/readyz`.
    pub async fn reads(&self, path: &str) -> (StatusCode, String) {
        self.answer(Request::get(path).body(Body::empty()).expect("a request")).await
    }

    async fn answer(&self, request: Request<Body>) -> (StatusCode, String) {
        let response = self.router.clone().oneshot(request).await.expect("an answer");
        let status = response.status();
        let body = response.into_body().collect().await.expect("a body").to_bytes();
        (status, String::from_utf8_lossy(&body).into_owned())
    }

    /// Everything that the bot serves.
    pub fn router(&self) -> Router {
        self.router.clone()
    }

    /// Stops the bot gracefully and starts it again on the same store.
    pub async fn restart(&mut self) {
        self.bot.take().expect("the bot runs").stop("restart").await;
        self.start().await;
    }

    /// Has the key in use name the one that follows, and starts the bot with that.
    pub async fn rotates(&mut self, next: SigningKey) {
        let auditor = &self.bot.as_ref().expect("the bot runs").auditor;
        let key = self.key.as_ref().expect("a key in use");
        let statement = key.introduce(&next).expect("a statement");
        let asker = Asker { actor: Actor::Terminal { user: "root".to_owned() }, origin: Origin::Terminal };
        auditor.answer(LogAsk::Rotate { statement }, asker).await.expect("a rotation");
        self.key = Some(Arc::new(next));
        self.restart().await;
    }

    /// Ends the bot as the death of its process would: nothing more is recorded, and nobody answers Slack.
    pub async fn crash(&mut self) {
        self.bot.take().expect("the bot runs").abort().await;
        self.slack.deliver_to(Deliver::Router(Router::new()));
    }

    /// Starts the bot on what it left behind.
    pub async fn start(&mut self) {
        let (truth, off) = (self.clock.clone(), Arc::clone(&self.host_is_off));
        let clock = Clock::new(move || truth.now() + SignedDuration::from_secs(off.load(Ordering::Relaxed)));
        let key = self.key.clone();
        let network = network(&self.world, &self.s3);
        let bot = assemble(&self.config, self.over.clone(), self.store.path(), network, &self.slack, &clock, key).await;
        self.router = bot.router.clone();
        self.bot = Some(bot);
    }

    /// Puts the clock of the bot's host so far ahead of the true time, or behind it.
    pub fn set_host_clock(&self, ahead: SignedDuration) {
        self.host_is_off.store(ahead.as_secs(), Ordering::Relaxed);
    }

    /// The bot's desk.
    pub fn desk(&self) -> Desk {
        self.bot.as_ref().expect("the bot runs").desk.clone()
    }

    /// Waits for the bot to have so many Socket Mode connections; their numbers.
    pub async fn connected(&self, connections: usize) -> Vec<u64> {
        let sockets = self.slack.sockets();
        let found = sockets.wait_for(|open| open.len() == connections);
        tokio::time::timeout(PATIENCE, found).await.expect("connections of the bot")
    }

    /// Whether a bot may serve with that store and the stage's bucket, as `serve` asks before anything else.
    pub async fn may_begin(&self, store: &Path) -> Result<(), Failure> {
        let mut config = self.configuration();
        config.store.path = store.to_owned();
        audit::may_begin(&config, Path::new(CONFIG), &network(&self.world, &self.s3), self.clock.clone()).await
    }

    /// The bucket as the bot reaches it.
    pub async fn bucket(&self) -> Bucket {
        let replica = self.configuration().audit.replica.expect("a stage with a replica");
        Bucket::connect(replica.place(), &network(&self.world, &self.s3), self.clock.clone()).await
    }

    fn configuration(&self) -> Config {
        Config::parse(Path::new(CONFIG), &self.config).expect("the stage's configuration")
    }

    /// The folder of the audit log.
    pub fn store(&self) -> &Path {
        self.store.path()
    }

    /// Asks at the terminal, as that user of the host.
    pub fn terminal(&self, user: &str, ask: Ask) -> Typist {
        Typist::asks(self.bot.as_ref().expect("the bot runs").desk.clone(), user, ask)
    }

    /// Maya asks for a promote with the primary dark, and Jonas confirms the failover.
    pub async fn promotes(&self) {
        self.says(Cast::MAYA, "promote the primary is dark").await;
        self.presses(Cast::JONAS, "approve-failover").await;
    }

    /// Calls that changed something and were accepted, as `service:Operation`.
    pub fn changes(&self) -> Vec<String> {
        let calls = self.world.calls();
        let accepted = calls.iter().filter(|call| call.changing && call.outcome == rehearsal::Outcome::Accepted);
        accepted.map(|call| format!("{:?}:{}", call.service, call.operation)).collect()
    }
}

impl Drop for Stage {
    /// The workspace delivers to the bot, which calls the workspace: let go, or neither is ever freed.
    fn drop(&mut self) {
        self.slack.deliver_to(Deliver::Router(Router::new()));
    }
}

/// Retries every step that fails, for ever: the person who stays at the desk while the program dies again and again.
pub async fn retries_what_fails(slack: Slack) {
    /// Time for a decision to show, and for a program to start again.
    const LOOKS_AWAY: Duration = Duration::from_secs(1);
    loop {
        let has_retry = |message: &Message| message.buttons().any(|(_, button)| button["action_id"] == "retry");
        let failed = slack.wait_for_message(Cast::INCIDENT, has_retry).await;
        // Nobody answers while the program is down.
        let _answer = slack.click(Cast::JONAS, Cast::INCIDENT, &failed.ts, "retry").await;
        tokio::time::sleep(LOOKS_AWAY).await;
    }
}

/// The text in the bot's immediate answer.
fn told(body: &str) -> String {
    let answer: serde_json::Value = serde_json::from_str(body).unwrap_or_default();
    answer["text"].as_str().unwrap_or(body).to_owned()
}
