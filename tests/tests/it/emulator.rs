//! The bot as it is, started as a process of its own, promotes a pair on emulators of AWS that nobody here wrote.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::{Router, http::HeaderMap, routing::get};
use rehearsal::slack::{Deliver, Message, Settings, Slack};
use serde_json::Value;
use tests::Cast;

use crate::{
    process::{Process, free_addresses, standby, succeeds},
    python,
    slack::serve_slack,
};

/// How long anything may take here: the emulators answer at once.
const PATIENCE: Duration = Duration::from_secs(90);

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Python with ministack, moto and boto3: see tests/third-party/README.md"]
async fn the_bot_promotes_a_pair_on_independent_emulators() {
    let folder = tempfile::tempdir().unwrap();
    let emulators = Emulators::start(folder.path());
    let pair = python::passes("pair.py", &[&emulators.ministack, &emulators.moto], "");
    let described: Value = serde_json::from_str(&pair).unwrap();
    let health = Health::start(&described).await;
    let slack = serve_slack().await;
    let bot = Bot::start(folder.path(), &described, &health, &slack, &emulators);
    slack.deliver_to(Deliver::Http(format!("http://{}", bot.address).parse().unwrap()));

    say(&slack, "promote the emulators are ready").await;
    let gate =
        hear(&slack, |message| message.buttons().any(|(_, button)| button["action_id"] == "approve-failover")).await;
    let answer = slack.click(Cast::JONAS, Cast::INCIDENT, &gate.ts, "approve-failover").await.unwrap();
    assert_eq!(answer.failure, None);
    let told = hear(&slack, |message| message.text.contains("is served by")).await;
    eprintln!("{}", told.text);

    python::passes("assert_promoted.py", &[&emulators.ministack, &emulators.moto], &pair);
    assert!(health.asked() > 0, "nobody asked the DR endpoint by the public name");
    let records = bot.export();
    not_passed(&records);
    changed_once(&records, &described);
    bot.stop();
}

/// Prints the checks that the emulators cannot pass, and what was overridden by name.
fn not_passed(records: &[Value]) {
    let started = only(records, "run.started");
    for check in started["data"]["plan"]["checks"].as_array().unwrap() {
        if check["outcome"] != "pass" {
            eprintln!("{} {} {}: {}", check["level"], check["outcome"], check["id"], check["detail"]);
        }
    }
    eprintln!("overridden by name: {}", only(records, "gate.decided")["data"]["overrides"]);
}

/// The writer was moved by one call; every call was accepted.
fn changed_once(records: &[Value], pair: &Value) {
    let intended: Vec<&Value> = records.iter().filter(|record| record["event"] == "call.intended").collect();
    let failovers: Vec<_> =
        intended.iter().filter(|record| record["data"]["call"]["operation"] == "FailoverGlobalCluster").collect();
    assert_eq!(failovers.len(), 1);
    assert_eq!(failovers[0]["data"]["call"]["region"], pair["dr"]["region"]);
    let finished: Vec<&Value> = records.iter().filter(|record| record["event"] == "call.finished").collect();
    assert_eq!(finished.len(), intended.len());
    assert_eq!(only(records, "run.ended")["data"]["report"]["outcome"], "completed");
}

fn only<'a>(records: &'a [Value], event: &str) -> &'a Value {
    let mut found = records.iter().filter(|record| record["event"] == event);
    let record = found.next().unwrap_or_else(|| panic!("no record of {event}"));
    assert!(found.next().is_none(), "more than one record of {event}");
    record
}

async fn say(slack: &Slack, text: &str) {
    let answer = slack.command(Cast::MAYA, Cast::INCIDENT, text).await.unwrap();
    assert_eq!(answer.failure, None, "{}", answer.body);
}

async fn hear(slack: &Slack, predicate: impl FnMut(&Message) -> bool) -> Message {
    let message = tokio::time::timeout(PATIENCE, slack.wait_for_message(Cast::INCIDENT, predicate)).await;
    message.unwrap_or_else(|_| {
        let said: Vec<String> = slack.transcript().iter().map(|entry| entry.describe(slack.settings())).collect();
        panic!("no such message came:\n{}", said.join("\n"))
    })
}

/// The application's health page at the DR endpoint's address; counts who asks for it by the public name.
struct Health {
    address: SocketAddr,
    asked: Arc<AtomicUsize>,
}

impl Health {
    async fn start(pair: &Value) -> Self {
        let host = pair["dr"]["endpoint"]["dns_name"].as_str().unwrap();
        let public = pair["record"]["name"].as_str().unwrap().to_owned();
        let listener = tokio::net::TcpListener::bind((host, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let asked = Arc::new(AtomicUsize::new(0));
        let counter = asked.clone();
        let page = move |headers: HeaderMap| async move {
            let host = headers.get("host").and_then(|host| host.to_str().ok()).unwrap_or_default();
            if host.split(':').next() == Some(public.as_str()) {
                counter.fetch_add(1, Ordering::Relaxed);
            }
            "ok"
        };
        tokio::spawn(axum::serve(listener, Router::new().route("/healthz", get(page))).into_future());
        Self { address, asked }
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::Relaxed)
    }
}

/// ministack for everything; moto for what ministack has not, or has only in part.
struct Emulators {
    ministack: String,
    moto: String,
    _processes: [Process; 2],
}

impl Emulators {
    fn start(folder: &Path) -> Self {
        let [one, other] = free_addresses();
        let mut ministack = python::python();
        ministack
            .args(["-m", "ministack"])
            .env("GATEWAY_PORT", one.port().to_string())
            .env("BIND_HOST", "127.0.0.1")
            .env("MINISTACK_HOST", "127.0.0.1")
            .env("MINISTACK_REGION", "us-east-1")
            .env("STATE_DIR", folder.join("state"))
            .env("S3_DATA_DIR", folder.join("s3"))
            // No containers, and no listeners on well-known ports: two tests may run side by side.
            .env("DOCKER_HOST", "unix:///nonexistent.sock")
            .env("IOT_MTLS_ENABLED", "0")
            .env("SFTP_ENABLED", "0");
        let mut moto = python::python();
        moto.args(["-m", "moto.server", "-H", "127.0.0.1", "-p", &other.port().to_string()]);
        let mut processes =
            [Process::start(ministack, folder.join("ministack.log")), Process::start(moto, folder.join("moto.log"))];
        for (process, at) in processes.iter_mut().zip([one, other]) {
            process.listens(at);
        }
        Self { ministack: format!("http://{one}"), moto: format!("http://{other}"), _processes: processes }
    }
}

/// `standby serve`, as a process.
struct Bot {
    address: SocketAddr,
    config: PathBuf,
    folder: PathBuf,
    process: Process,
}

impl Bot {
    fn start(folder: &Path, pair: &Value, health: &Health, slack: &Slack, emulators: &Emulators) -> Self {
        let [address] = free_addresses();
        let config = folder.join("standby.toml");
        std::fs::write(&config, configuration(folder, pair, address, health, slack.settings())).unwrap();
        let mut command = standby(&["serve", "--config"]);
        command
            .arg(&config)
            .env("AWS_ENDPOINT_URL", &emulators.ministack)
            .env("AWS_ENDPOINT_URL_APPLICATION_AUTO_SCALING", &emulators.moto)
            .env("AWS_ENDPOINT_URL_ELASTIC_LOAD_BALANCING_V2", &emulators.moto)
            .env("SIGNING_SECRET", &slack.settings().signing_secret)
            .env("BOT_TOKEN", &slack.settings().bot_token);
        let mut process = Process::start(command, folder.join("standby.log"));
        process.listens(address);
        Self { address, config, folder: folder.to_owned(), process }
    }

    /// Exports the log beside the running bot, has it verified by the bot's own verifier and by the stranger's, and reads it.
    fn export(&self) -> Vec<Value> {
        let export = self.folder.join("export.jsonl");
        let path = export.to_str().unwrap();
        let config = self.config.to_str().unwrap();
        succeeds(standby(&["audit", "export", "--format", "jsonl", "--output", path, "--config", config]));
        eprintln!("standby audit verify: {}", succeeds(standby(&["audit", "verify", path])));
        python::passes("verify_export.py", &[path], "");
        let lines = std::fs::read_to_string(&export).unwrap();
        lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// Asks it to stop, which it must do well.
    fn stop(self) {
        assert!(self.process.terminate().success(), "standby serve ended badly after SIGTERM");
    }
}

/// The configuration of the pair, as a person would write it.
fn configuration(folder: &Path, pair: &Value, listen: SocketAddr, health: &Health, slack: &Settings) -> String {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let region = |side: &str| {
        let Value::Object(site) = &pair[side] else { panic!("{side} is not described") };
        format!(
            "[applications.shop.{side}]\nregion = {}\ndb_cluster = {}\necs_cluster = {}\naccount = {}\n\
             endpoint = {{ dns_name = {}, zone = {} }}\n",
            site["region"],
            site["db_cluster"],
            pair["ecs_cluster"],
            pair["account"],
            site["endpoint"]["dns_name"],
            site["endpoint"]["zone"]
        )
    };
    let services: String = pair["services"]
        .as_object()
        .unwrap()
        .iter()
        .map(|(name, tasks)| {
            format!("[[applications.shop.services]]\nname = {name:?}\ndesired = {tasks}\nmin = {tasks}\n")
        })
        .collect();
    format!(
        r#"
[slack]
signing_secret_env = "SIGNING_SECRET"
bot_token_env = "BOT_TOKEN"
api_url = "{api}/api/"
[http]
listen = "{listen}"
[store]
path = {store:?}
[applications.shop]
global_cluster = {global}
{primary}
{dr}listener = {{ arn = {listener}, target_group = {group} }}
{services}
[applications.shop.record]
zone = {zone}
name = {record}
[applications.shop.verify]
url = "http://{host}:{port}/healthz"
consecutive = 3
[applications.shop.timing]
poll = 1
observation = 20
[applications.shop.access]
team = {team:?}
channels = [{channel:?}]
promoters = [{maya:?}, {jonas:?}]
[applications.shop.slack]
channel = {channel:?}
"#,
        api = slack.base_url,
        store = folder.join("store"),
        global = pair["global_cluster"],
        primary = region("primary"),
        dr = region("dr"),
        listener = pair["listener"]["arn"],
        group = pair["listener"]["target_group"],
        zone = pair["record"]["zone"],
        record = pair["record"]["name"],
        host = text(&pair["record"]["name"]),
        port = health.address.port(),
        team = slack.team.id,
        channel = Cast::INCIDENT,
        maya = Cast::MAYA,
        jonas = Cast::JONAS,
    )
}
