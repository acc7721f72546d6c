//! What a stage is opened with.

use std::{sync::Arc, time::Duration};

use axum::Router;
use bot::rehearse;
use commands::egress::Connector;
use rehearsal::{
    Scenario, World,
    slack::{Settings, Slack},
};
use storage::{Clock, SigningKey};

use super::Stage;
use crate::S3;

/// The replica of a stage that has one.
const REPLICA: &str = r#"
[audit.replica]
bucket = "shop-log"
region = "us-west-2"
mode = "compliance"
days = 400
"#;

/// What differs from the ordinary stage.
pub struct StageBuilder {
    scenario: Option<Scenario>,
    looks: Duration,
    edits: Vec<(String, String)>,
    key: Option<Arc<SigningKey>>,
    s3: S3,
    over: Over,
}

/// How Slack reaches the bot.
#[derive(Clone, Default)]
pub(super) enum Over {
    #[default]
    Http,
    SocketMode,
    /// Socket Mode too, with every connection to Slack over the network.
    Network {
        /// Where Slack is.
        url: String,
        connector: Connector,
    },
}

impl Default for StageBuilder {
    fn default() -> Self {
        let looks = Duration::from_secs(5);
        Self { scenario: None, looks, edits: Vec::new(), key: None, s3: S3::default(), over: Over::default() }
    }
}

impl StageBuilder {
    /// Time between two looks of the bot at AWS. Longer than its default, since little but the computer's time hangs on it.
    #[must_use]
    pub fn looks_every(mut self, looks: Duration) -> Self {
        self.looks = looks;
        self
    }

    /// Another scenario.
    #[must_use]
    pub fn scenario(mut self, scenario: Scenario) -> Self {
        self.scenario = Some(scenario);
        self
    }

    /// Adds a section to the configuration of application `shop`, such as `[applications.shop.failback]`.
    #[must_use]
    pub fn configure(mut self, section: &str) -> Self {
        self.edits.push((String::new(), section.to_owned()));
        self
    }

    /// Has the log signed with this key.
    #[must_use]
    pub fn signed(mut self, key: SigningKey) -> Self {
        self.key = Some(Arc::new(key));
        self
    }

    /// Has the log signed with this key, and replicated to this bucket.
    #[must_use]
    pub fn replicated(mut self, key: SigningKey, s3: &S3) -> Self {
        self.s3 = s3.clone();
        // The key itself is handed over.
        self.signed(key).configure(&format!("[audit]\nsigning_key_env = \"KEY\"\n{REPLICA}"))
    }

    /// Replaces a text of the configuration.
    #[must_use]
    pub fn replace(mut self, old: &str, new: &str) -> Self {
        self.edits.push((old.to_owned(), new.to_owned()));
        self
    }

    /// Lets Slack reach the bot through Socket Mode; requests over HTTP are taken too.
    #[must_use]
    pub fn socket_mode(mut self) -> Self {
        self.over = Over::SocketMode;
        self
    }

    /// Lets the bot reach Slack at that URL with these connections, and Slack the bot through Socket Mode. Whoever opens the stage serves
    /// [`Slack::api`] there, and paces time ([`rehearse::pace`]): sockets know nothing of simulated time.
    #[must_use]
    pub fn over_network(mut self, url: &str, connector: Connector) -> Self {
        self.over = Over::Network { url: url.to_owned(), connector };
        self
    }

    /// Opens the stage.
    pub async fn open(self) -> Stage {
        let scenario = self.scenario.unwrap_or_else(Scenario::pair);
        let world = World::new(scenario.clone());
        let clock = Clock::simulated(scenario.epoch);
        let now = clock.clone();
        let mut workspace = Settings::shop(Arc::new(move || now.now()), scenario.seed);
        if let Over::Network { url, .. } = &self.over {
            workspace.base_url.clone_from(url);
        }
        let mut config = rehearse::toml(&scenario, &workspace);
        let (poll, slow_poll) = (self.looks.as_secs(), 6 * self.looks.as_secs());
        for pair in &scenario.pairs {
            let timing = format!("[applications.{}.timing]\npoll = {poll}\nslow_poll = {slow_poll}", pair.name);
            config = format!("{config}\n{timing}\n");
        }
        for (old, new) in &self.edits {
            config = match old.is_empty() {
                true => format!("{config}\n{new}\n"),
                false => config.replace(old, new),
            };
        }
        let store = tempfile::tempdir().expect("a temporary folder");
        let slack = Slack::new(workspace);
        let mut stage = Stage {
            world,
            s3: self.s3,
            slack,
            clock,
            over: self.over,
            host_is_off: Arc::default(),
            config,
            key: self.key,
            store,
            router: Router::new(),
            bot: None,
        };
        stage.start().await;
        stage
    }
}
