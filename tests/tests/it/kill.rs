//! `kill -9` of the real program at twenty points of a promote. The regions and Slack live in the test's process and go on without it.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    process::Command,
    sync::Arc,
    time::Duration,
};

use futures::TryStreamExt as _;
use rehearsal::{
    Durations, Fault, Outcome, Pair, Region, Scenario, Side, World,
    slack::{Deliver, Message, Settings, Slack},
};
use storage::Reader;
use tests::{Cast, retries_what_fails};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

use crate::{
    process::{Process, free_addresses, standby, succeeds},
    slack::serve_slack,
};

/// How often the program is killed.
const KILLS: u32 = 20;
/// Longest that a life of the program lasts.
const LIFE: Duration = Duration::from_millis(700);
/// How long the bot waits for a region that is dark; everything else answers at once.
pub(crate) const DARK: Duration = Duration::from_secs(2);
/// How long anything may take, in real time.
const PATIENCE: Duration = Duration::from_secs(60);

#[tokio::test(flavor = "multi_thread")]
async fn twenty_kills_lose_nothing_and_repeat_nothing() {
    let stage = Live::open(DARK).await;
    let mut bot = stage.start();
    stage.slack.command(Cast::MAYA, Cast::INCIDENT, "promote the region is dark").await.unwrap();
    let gate = stage.hears(|message| message.buttons().any(|(_, button)| button["action_id"] == "cancel")).await;
    stage.slack.click_through(Cast::JONAS, Cast::INCIDENT, &gate.ts, "approve-failover").await.unwrap();

    // Whether a failover was sent is not known where the program died just then: it asks.
    let retries = tokio::spawn(retries_what_fails(stage.slack.clone()));

    let mut seen: Vec<Vec<u8>> = Vec::new();
    for kill in 0..KILLS {
        stage.lives(2 + kill as usize % 5).await;
        drop(bot);
        seen.push(stage.log_file());
        bot = stage.start();
    }
    let at_kills: Vec<usize> = seen.iter().map(|log| log.iter().filter(|&&byte| byte == b'\n').count()).collect();
    println!("records at each kill: {at_kills:?}");
    stage.hears(|message| message.text.contains("is served by")).await;
    retries.abort();
    assert!(bot.terminate().success());

    let records: Vec<_> = Reader::open(&stage.store()).await.unwrap().read(..).try_collect().await.unwrap();
    let ended = records.iter().find(|record| record.event == "run.ended").unwrap();
    assert_eq!(ended.data["report"]["outcome"], "completed");
    assert!(ended.seq >= *at_kills.last().unwrap() as u64, "the run ended before the last kill");
    println!("{} records, run ended with #{}", records.len(), ended.seq);

    let last = stage.log_file();
    for log in &seen {
        // A line that the kill cut short was never acknowledged.
        let whole = log.iter().rposition(|&byte| byte == b'\n').map_or(0, |end| end + 1);
        assert!(last.starts_with(&log[..whole]), "a record that was there at a kill is gone or changed");
    }
    let calls = stage.world.calls();
    let accepted =
        calls.iter().filter(|call| call.operation == "FailoverGlobalCluster" && call.outcome == Outcome::Accepted);
    assert_eq!(accepted.count(), 1);
    let changed = calls.iter().filter(|call| call.changing && call.outcome == Outcome::Accepted);
    for call in changed {
        let intended =
            |record: &Arc<storage::Record>| record.data["call"]["operation"] == call.operation && record.at <= call.at;
        assert!(records.iter().any(intended), "{} without an intent", call.operation);
    }
    stage.verify();
    let mut posted: Vec<String> =
        stage.slack.messages(Cast::INCIDENT).into_iter().map(|message| message.text).collect();
    posted.retain(|text| text.starts_with("shop is served by") || text.contains("Point of no return"));
    assert_eq!(posted.len(), 2, "{posted:?}");
}

/// A pair and a workspace on loopback, in real time.
pub(crate) struct Live {
    folder: tempfile::TempDir,
    pub(crate) config: PathBuf,
    address: SocketAddr,
    aws: SocketAddr,
    pub(crate) world: World,
    pub(crate) slack: Slack,
}

impl Live {
    /// `observation` is how long the bot waits for a region that it looks at.
    pub(crate) async fn open(observation: Duration) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let slack = serve_slack().await;
        let mut pair = Pair::named("shop", 1);
        pair.primary.endpoint.dns_name = "127.0.0.3".to_owned();
        pair.dr.endpoint.dns_name = "127.0.0.2".to_owned();
        let scenario = Scenario { epoch: jiff::Timestamp::now(), durations: quick(), ..Scenario::of([pair]) };
        let world = World::new(scenario.clone());
        world.inject(Fault::RegionDark(Region::from("us-east-1")));
        let aws = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let public = TcpListener::bind("127.0.0.2:0").await.unwrap();
        let (at, port) = (aws.local_addr().unwrap(), public.local_addr().unwrap().port());
        let (serving, publishing) = (world.clone(), world.clone());
        tokio::spawn(async move { serving.serve(aws).await });
        tokio::spawn(async move { publishing.serve_public("shop", Side::Dr, public).await });

        let [address] = free_addresses();
        let config = folder.path().join("standby.toml");
        std::fs::write(&config, configuration(&scenario, slack.settings(), folder.path(), address, port, observation))
            .unwrap();
        slack.deliver_to(Deliver::Http(format!("http://{address}").parse().unwrap()));
        Self { folder, config, address, aws: at, world, slack }
    }

    pub(crate) fn start(&self) -> Process {
        self.start_as(self.standby(&["serve"]))
    }

    /// Starts the bot with this command.
    pub(crate) fn start_as(&self, command: Command) -> Process {
        let log = self.folder.path().join("standby.log");
        let mut process = Process::start(command, log);
        process.listens(self.address);
        process
    }

    /// Status and body of what the bot's HTTP server answers.
    pub(crate) async fn get(&self, path: &str) -> (u16, String) {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        let request = format!("GET {path} HTTP/1.0\r\nhost: {}\r\n\r\n", self.address);
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap();
        (status, answer.split_once("\r\n\r\n").map_or_else(String::new, |(_, body)| body.to_owned()))
    }

    /// The program with this configuration, in this world.
    pub(crate) fn standby(&self, args: &[&str]) -> Command {
        let mut command = standby(args);
        command
            .arg("--config")
            .arg(&self.config)
            .env("AWS_ENDPOINT_URL", format!("http://{}", self.aws))
            .env("REHEARSAL_SIGNING_SECRET", &self.slack.settings().signing_secret)
            .env("REHEARSAL_APP_TOKEN", &self.slack.settings().app_token)
            .env("REHEARSAL_BOT_TOKEN", &self.slack.settings().bot_token);
        command
    }

    /// Waits until the bot has written that many records more, or has had time for them.
    async fn lives(&self, records: usize) {
        let lines = || self.log_file().iter().filter(|&&byte| byte == b'\n').count();
        let (before, began) = (lines(), std::time::Instant::now());
        while lines() < before + records && began.elapsed() < LIFE {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    pub(crate) async fn hears(&self, predicate: impl FnMut(&Message) -> bool) -> Message {
        let found = tokio::time::timeout(PATIENCE, self.slack.wait_for_message(Cast::INCIDENT, predicate)).await;
        found.unwrap_or_else(|_| {
            let log = std::fs::read_to_string(self.folder.path().join("standby.log")).unwrap_or_default();
            panic!(
                "no such message came; the bot said:\n{log}\nand the log:\n{}",
                String::from_utf8_lossy(&self.log_file())
            )
        })
    }

    pub(crate) fn store(&self) -> PathBuf {
        self.folder.path().join("store")
    }

    pub(crate) fn log_file(&self) -> Vec<u8> {
        std::fs::read(self.store().join("segments/00000000000000000000.jsonl")).unwrap()
    }

    pub(crate) fn verify(&self) {
        let export = self.folder.path().join("export.jsonl");
        let mut command = standby(&["audit", "export", "--format", "jsonl", "--config"]);
        command.arg(&self.config).arg("--output").arg(&export);
        succeeds(command);
        let mut command = standby(&["audit", "verify"]);
        command.arg(&export);
        println!("{}", succeeds(command).trim());
    }
}

/// Seconds where AWS takes minutes.
fn quick() -> Durations {
    let millis = Duration::from_millis;
    Durations {
        promotion: millis(7_000),
        placement: millis(100),
        provisioning: millis(300),
        pull: millis(600),
        start: millis(300),
        health: millis(500),
        listener: millis(100),
        in_sync: millis(2_500),
        api_near: (millis(5), millis(15)),
        api_far: (millis(10), millis(30)),
        public: (millis(2), millis(9)),
        ..Durations::default()
    }
}

fn configuration(
    scenario: &Scenario,
    workspace: &Settings,
    folder: &Path,
    listen: SocketAddr,
    health_port: u16,
    observation: Duration,
) -> String {
    let observation = observation.as_secs();
    let timing =
        format!("poll = 0.2\nsettle = 2\nobservation = {observation}\nfence = {{ expected = 1, deadline = 2 }}");
    bot::rehearse::toml(scenario, workspace)
        .replace("listen = \"127.0.0.1:0\"", &format!("listen = \"{listen}\""))
        .replace("path = \"rehearsal\"", &format!("path = {:?}", folder.join("store")))
        .replace(
            "bot_token_env = \"REHEARSAL_BOT_TOKEN\"",
            &format!("bot_token_env = \"REHEARSAL_BOT_TOKEN\"\napi_url = \"{}/api/\"", workspace.base_url),
        )
        .replace("https://app.shop.example/", &format!("http://app.shop.example:{health_port}/"))
        + "\n[applications.shop.timing]\n"
        + &timing
        + "\n"
}
