//! The bot as a process, configured as a person would.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Duration,
};

use rehearsal::slack::{Settings, Slack};
use serde_json::Value;
use tests::Cast;

use super::emulators::{Emulators, Health};
use crate::{
    process::{Process, free_addresses, standby, succeeds},
    python,
};

/// `standby serve`, as a process.
pub(super) struct Bot {
    pub(super) address: SocketAddr,
    folder: PathBuf,
    env: Vec<(&'static str, String)>,
    process: Option<Process>,
}

impl Bot {
    /// Configured for a pair as pair.py describes one, and started.
    pub(super) fn start(
        folder: &Path,
        pair: &Value,
        more: &str,
        health: &Health,
        slack: &Slack,
        emulators: &Emulators,
    ) -> Self {
        let [address] = free_addresses();
        let host = pair["record"]["name"].as_str().unwrap();
        let added = completed("shop", host, folder, address, health, slack.settings());
        let mut bot = Self::configured(folder, &(added + &described(pair) + more), address, slack, emulators);
        bot.launch();
        bot
    }

    /// With a configuration of its own, and not started yet.
    pub(super) fn configured(
        folder: &Path,
        config: &str,
        address: SocketAddr,
        slack: &Slack,
        emulators: &Emulators,
    ) -> Self {
        let mut env = emulators.env();
        env.push(("SIGNING_SECRET", slack.settings().signing_secret.clone()));
        env.push(("BOT_TOKEN", slack.settings().bot_token.clone()));
        let bot = Self { address, folder: folder.to_owned(), env, process: None };
        std::fs::write(bot.config(), config).unwrap();
        bot
    }

    fn config(&self) -> PathBuf {
        self.folder.join("standby.toml")
    }

    pub(super) fn launch(&mut self) {
        let mut command = standby(&["serve", "--config"]);
        command.arg(self.config()).envs(self.env.iter().map(|(name, value)| (name, value)));
        let mut process = Process::start(command, self.folder.join("standby.log"));
        process.listens(self.address);
        self.process = Some(process);
    }

    /// Kills it with -9 whenever it has written a few records more, and starts it again: from 5 to 9 of them, since each life begins with
    /// some. `kills` counts. Does not end by itself.
    pub(super) async fn dies(&mut self, kills: &mut usize) {
        loop {
            let due = self.records() + 5 + *kills % 5;
            while self.records() < due {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
            // A dropped process is killed and reaped.
            drop(self.process.take());
            *kills += 1;
            self.launch();
        }
    }

    /// Kills it with -9 around each changing call: as soon as its intent is recorded, which is before or after the call itself, and again as soon as its
    /// outcome is; twice at most for the same call, so that it comes to an end. `kills` names what was recorded last. Does not end by itself.
    pub(super) async fn dies_around(&mut self, kills: &mut Vec<String>) {
        let mut read = 0;
        loop {
            let log = self.log();
            let records: Vec<Value> = log.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
            let call = |intent: &Value| {
                let intended = records.iter().find(|record| record["seq"] == *intent)?;
                Some(intended["data"]["call"].clone())
            };
            let around = records.iter().skip(read).filter_map(|record| {
                let call = match record["event"].as_str()? {
                    "call.intended" => record["data"]["call"].clone(),
                    "call.finished" => call(&record["data"]["intent"])?,
                    _ => return None,
                };
                let (event, operation) = (record["event"].as_str()?, call["operation"].as_str()?);
                Some(format!("{event} {operation} {}", call["params"]))
            });
            let around: Vec<String> = around.collect();
            read = records.len();
            let often = |what: &&String| kills.iter().filter(|before| before == what).count() < 2;
            let due = around.iter().rfind(often).cloned();
            if let Some(what) = due {
                // A dropped process is killed and reaped.
                drop(self.process.take());
                kills.push(what);
                self.launch();
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    /// Kills it with -9 once its log says that, and starts it again. Answers the log as the kill left it.
    pub(super) async fn dies_at(&mut self, said: impl Fn(&str) -> bool) -> String {
        while !said(&self.log()) {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        drop(self.process.take());
        let left = self.log();
        self.launch();
        left
    }

    /// Waits until so many runs have ended.
    pub(super) async fn ended(&self, runs: usize) {
        while self.log().matches("\"event\":\"run.ended\"").count() < runs {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// What `standby check` finds with the same configuration.
    pub(super) fn check(&self) -> python::Outcome {
        let mut command = standby(&["check", "--config"]);
        command.arg(self.config()).envs(self.env.iter().map(|(name, value)| (name, value)));
        python::run(command, "")
    }

    fn records(&self) -> usize {
        self.log().lines().count()
    }

    fn log(&self) -> String {
        let file = self.folder.join("store/segments/00000000000000000000.jsonl");
        String::from_utf8_lossy(&std::fs::read(file).unwrap()).into_owned()
    }

    /// Exports the log beside the running bot, has it verified by the bot's own verifier and by the stranger's, and reads it.
    pub(super) fn export(&self) -> Vec<Value> {
        let (export, config) = (self.folder.join("export.jsonl"), self.config());
        let (path, config) = (export.to_str().unwrap(), config.to_str().unwrap());
        succeeds(standby(&["audit", "export", "--format", "jsonl", "--output", path, "--config", config]));
        eprintln!("standby audit verify: {}", succeeds(standby(&["audit", "verify", path])));
        python::passes("verify_export.py", &[path], "");
        let lines = std::fs::read_to_string(&export).unwrap();
        lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// Asks it to stop, which it must do well.
    pub(super) fn stop(mut self) {
        let status = self.process.take().map(Process::terminate);
        assert!(status.is_some_and(|status| status.success()), "standby serve ended badly after SIGTERM");
    }
}

/// The configuration of a pair as pair.py describes one, as a person would write it.
fn described(pair: &Value) -> String {
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
[applications.shop]
global_cluster = {global}
{primary}
{dr}listener = {{ arn = {listener}, target_group = {group} }}
{services}
[applications.shop.record]
zone = {zone}
name = {record}
"#,
        global = pair["global_cluster"],
        primary = region("primary"),
        dr = region("dr"),
        listener = pair["listener"]["arn"],
        group = pair["listener"]["target_group"],
        zone = pair["record"]["zone"],
        record = pair["record"]["name"],
    )
}

/// What a person adds to what is known of an application: Slack, the places of a host, patience for an emulator, and who may do what.
pub(super) fn completed(
    application: &str,
    host: &str,
    folder: &Path,
    listen: SocketAddr,
    health: &Health,
    slack: &Settings,
) -> String {
    format!(
        r#"
[slack]
mode = "http"
signing_secret_env = "SIGNING_SECRET"
bot_token_env = "BOT_TOKEN"
api_url = "{api}/api/"
[http]
listen = "{listen}"
[store]
path = {store:?}
[applications.{application}.verify]
url = "http://{host}:{port}/healthz"
consecutive = 3
interval = 0.2
[applications.{application}.timing]
poll = 0.3
slow_poll = 0.3
settle = 2
observation = 20
[applications.{application}.failback]
# One datapoint has to do: the emulator keeps no time.
lag_for = 0
[applications.{application}.access]
team = {team:?}
channels = [{channel:?}]
promoters = [{maya:?}, {jonas:?}]
[applications.{application}.slack]
channel = {channel:?}
"#,
        api = slack.base_url,
        store = folder.join("store"),
        port = health.port,
        team = slack.team.id,
        channel = Cast::INCIDENT,
        maya = Cast::MAYA,
        jonas = Cast::JONAS,
    )
}
