//! The configuration: one TOML file. `deploy/standby.example.toml` describes every key.

mod error;
mod records;
mod replica;
mod secrets;
mod validate;
mod web;

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    path::{Path, PathBuf},
};

use commands::{
    access::Access,
    topology::{
        Application, Applications, Environment, Failback, RecordName, Region, Service, Timing, Verify, rds_identifier,
    },
};
use http::Uri;
use serde::Deserialize;
use sha2::{Digest as _, Sha256};
use url::Url;

pub use self::{
    error::{ConfigError, Problem},
    replica::Replica,
    secrets::{SecretSource, Secrets},
    web::Web,
};

/// What the file says, validated.
#[derive(Debug, Clone)]
pub struct Config {
    /// Slack.
    pub slack: Slack,
    /// The HTTP server.
    pub http: Http,
    /// The store.
    pub store: Store,
    /// The terminal.
    pub terminal: Terminal,
    /// Evidence.
    pub audit: Audit,
    /// The incident page, if there is one.
    pub web: Option<Web>,
    /// The protected pairs by name.
    pub applications: Applications,
    /// Who may do what, by application.
    pub access: BTreeMap<String, Access>,
    /// Where each application's messages go.
    pub channels: BTreeMap<String, Channels>,
    /// SHA-256 of the file's bytes, lower-case hex.
    pub digest: String,
}

/// What a value says that a person has yet to fill in; a configuration with it is refused. `standby init` writes it.
pub const FILL_IN: &str = "FILL-IN";

/// How Slack reaches the bot.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// Over WebSockets that the bot opens: nothing has to reach it from outside.
    #[default]
    Socket,
    /// By requests to `/slack/…`.
    Http,
}

/// `[slack]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Slack {
    /// How Slack reaches the bot.
    #[serde(default)]
    pub mode: Mode,
    /// File that holds the app-level token, for Socket Mode.
    pub app_token_file: Option<PathBuf>,
    /// Environment variable that holds the app-level token, for Socket Mode.
    pub app_token_env: Option<String>,
    /// File that holds the signing secret.
    pub signing_secret_file: Option<PathBuf>,
    /// Environment variable that holds the signing secret.
    pub signing_secret_env: Option<String>,
    /// File that holds the bot token.
    pub bot_token_file: Option<PathBuf>,
    /// Environment variable that holds the bot token.
    pub bot_token_env: Option<String>,
    /// Base of the Web API's methods; [`Slack::API_URL`] if absent.
    pub api_url: Option<Url>,
}

impl Slack {
    /// Slack's own Web API.
    pub const API_URL: &str = "https://slack.com/api/";

    /// Base of the Web API's methods.
    pub fn api_url(&self) -> &str {
        self.api_url.as_ref().map_or(Self::API_URL, Url::as_str)
    }

    /// The same, as what connects to it reads it.
    pub fn address(&self) -> Uri {
        self.api_url().parse().unwrap_or(Uri::from_static(Self::API_URL))
    }
}

/// `[http]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Http {
    /// Address of `/slack/…`, `/incidents/…`, `/healthz`, `/readyz` and `/metrics`.
    pub listen: SocketAddr,
}

/// `[store]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Store {
    /// Folder of the audit log; on local or block storage, not on a network file system.
    pub path: PathBuf,
}

/// `[terminal]`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Terminal {
    /// Unix socket where the running bot is reached by `standby promote` and the like; `standby.sock` in the store's folder if absent.
    pub socket: Option<PathBuf>,
}

/// `[audit]`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Audit {
    /// File that holds the key that signs checkpoints; without a key there are none.
    pub signing_key_file: Option<PathBuf>,
    /// Environment variable that holds it.
    pub signing_key_env: Option<String>,
    /// Slack users (`U…`) who may read and export the log in Slack.
    #[serde(default)]
    pub compliance: Vec<String>,
    /// Whether records say who people are, with their e-mail addresses as commitments that can be erased.
    #[serde(default)]
    pub emails: bool,
    /// The log's copy in a bucket, if there is one.
    pub replica: Option<Replica>,
}

/// The file as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    slack: Slack,
    http: Http,
    store: Store,
    #[serde(default)]
    terminal: Terminal,
    #[serde(default)]
    audit: Audit,
    web: Option<Web>,
    applications: BTreeMap<String, RawApplication>,
}

/// `[applications.NAME]`: an [`Application`] with what Slack and access need to know of it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawApplication {
    #[serde(default)]
    environment: Environment,
    #[serde(deserialize_with = "rds_identifier")]
    global_cluster: String,
    primary: Region,
    dr: Region,
    services: Vec<Service>,
    record: Option<RecordName>,
    #[serde(default)]
    records: Vec<RecordName>,
    verify: Verify,
    #[serde(default)]
    failback: Failback,
    #[serde(default)]
    timing: Timing,
    access: Access,
    slack: Channels,
}

/// `[applications.NAME.slack]`: the channels (`C…`) of an application.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Channels {
    /// The incident channel: progress, decisions, reports.
    pub channel: String,
    /// Where new messages for the incident channel go while that cannot be posted to.
    pub fallback: Option<String>,
    /// The channel of those who only want to know how it goes.
    pub stakeholders: Option<String>,
    /// Seconds between two messages to them while a run is open.
    #[serde(default = "Channels::default_update_every")]
    pub update_every: u64,
}

impl Channels {
    fn default_update_every() -> u64 {
        15 * 60
    }
}

impl Config {
    /// Reads and validates the file.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(path).map_err(|error| {
            ConfigError::one(
                path,
                Problem::new("", format!("cannot be read: {error}"), "name a readable file with --config"),
            )
        })?;
        Self::parse(path, &text)
    }

    /// Validates `text`, which `path` names in errors.
    pub fn parse(path: &Path, text: &str) -> Result<Self, ConfigError> {
        let raw = read(text).map_err(|problem| ConfigError::one(path, problem))?;
        let mut config = Self {
            slack: raw.slack,
            http: raw.http,
            store: raw.store,
            terminal: raw.terminal,
            audit: raw.audit,
            web: raw.web,
            applications: Applications::new(),
            access: BTreeMap::new(),
            channels: BTreeMap::new(),
            digest: hex::encode(Sha256::digest(text)),
        };
        for (name, application) in raw.applications {
            config.add(name, application);
        }
        let problems = validate::problems(&config);
        if problems.is_empty() { Ok(config) } else { Err(ConfigError { file: path.to_owned(), problems }) }
    }

    /// Unix socket of the terminal.
    pub fn socket(&self) -> PathBuf {
        self.terminal.socket.clone().unwrap_or_else(|| self.store.path.join("standby.sock"))
    }

    fn add(&mut self, name: String, raw: RawApplication) {
        let RawApplication {
            environment,
            global_cluster,
            primary,
            dr,
            services,
            record,
            records,
            verify,
            failback,
            timing,
            access,
            slack,
        } = raw;
        let records = RecordName::merged(record, records);
        let application =
            Application { environment, global_cluster, primary, dr, services, records, verify, failback, timing };
        self.applications.insert(name.clone(), application);
        self.access.insert(name.clone(), access);
        self.channels.insert(name, slack);
    }
}

fn read(text: &str) -> Result<Raw, Problem> {
    let syntax = |error: toml::de::Error| {
        Problem::new("", error.message(), "write it as TOML: https://toml.io")
            .at_line(error.span().map(|span| line_of(text, span.start)))
    };
    let deserializer = toml::Deserializer::parse(text).map_err(syntax)?;
    serde_path_to_error::deserialize(deserializer).map_err(|error| {
        let key = error.path().to_string();
        let error = error.into_inner();
        Problem::new(
            if key == "." { "" } else { &key },
            error.message(),
            "deploy/standby.example.toml shows every key with its meaning",
        )
        .at_line(error.span().map(|span| line_of(text, span.start)))
    })
}

/// Number, from 1, of the line that holds the byte at `offset`.
fn line_of(text: &str, offset: usize) -> usize {
    text.bytes().take(offset).filter(|&byte| byte == b'\n').count() + 1
}

#[cfg(test)]
mod tests;
