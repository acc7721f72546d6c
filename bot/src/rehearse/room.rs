//! The rehearsal room: two simulated regions, a stand-in Slack, and between them the bot as it is.

use std::{path::Path, sync::Arc, time::Duration};

use anyhow::Context as _;
use aws_credential_types::{Credentials, provider::SharedCredentialsProvider};
use aws_smithy_runtime_api::client::dns::{ResolveDns as _, SharedDnsResolver};
use commands::aws::Network;
use futures::future::BoxFuture;
use rehearsal::{
    OldPrimary, Scenario, World,
    slack::{Deliver, Settings, Slack},
};
use storage::Clock;
use tokio::task::JoinHandle;

use super::settings;
use crate::{
    assembly::{Bot, Parts},
    config::Secrets,
    failure::Failure,
    slack::{api::Api, socket},
};

/// Time between two visits.
const VISITS: Duration = Duration::from_secs(1);

/// A room with everything in it.
pub(super) struct Room {
    pub(super) scenario: Scenario,
    pub(super) world: World,
    pub(super) slack: Slack,
    pub(super) bot: Bot,
    visitors: Vec<JoinHandle<()>>,
}

impl Room {
    /// Sets the room up; `store` is where the audit log goes. Gates stay open `patience` times as long as configured: people
    /// read in real time, however fast the simulation runs. `page` is where it is served, if it is.
    pub(super) async fn open(
        seed: u64,
        old_primary: OldPrimary,
        store: &Path,
        patience: f64,
        page: Option<&str>,
    ) -> Result<Self, Failure> {
        let mut scenario = Scenario { seed, ..Scenario::pair() };
        for pair in &mut scenario.pairs {
            pair.old_primary = old_primary;
        }
        let world = World::new(scenario.clone());
        let clock = Clock::simulated(scenario.epoch);
        let now = clock.clone();
        let workspace = Settings::shop(Arc::new(move || now.now()), seed);

        let mut config = settings::config(&scenario, &workspace, page)?;
        config.store.path = store.to_owned();
        for application in config.applications.values_mut() {
            application.timing.gate_expiry = application.timing.gate_expiry.mul_f64(patience);
        }
        let secrets = Secrets {
            signing_secret: Some(workspace.signing_secret.clone().into()),
            app_token: Some(workspace.app_token.clone().into()),
            bot_token: workspace.bot_token.clone().into(),
            link_key: page.map(|_| workspace.signing_secret.clone().into()),
        };
        let api_url = format!("{}/api", workspace.base_url);
        let slack = Slack::new(workspace);
        let api = Api::over(slack.connector(), &api_url, &secrets.bot_token);

        let parts = Parts {
            config,
            secrets,
            network: network(&world),
            slack: api,
            socket: Some(socket_mode(&slack)),
            clock,
            host: "rehearsal".to_owned(),
            key: None,
        };
        let bot = Bot::assemble(parts).await.context("failed to set up the rehearsal")?;
        slack.deliver_to(Deliver::Socket(slack.sockets()));
        slack.sockets().wait_for(|open| !open.is_empty()).await;
        let visitors = scenario.pairs.iter().map(|pair| tokio::spawn(visitors(world.clone(), pair.host())));
        Ok(Self { visitors: visitors.collect(), scenario, world, slack, bot })
    }

    /// Stops the bot and sends the visitors home.
    pub(super) async fn close(self, reason: &str) {
        self.bot.stop(reason).await;
        self.visitors.iter().for_each(JoinHandle::abort);
    }
}

/// The pair's visitors look its name up all the time, so that resolvers hold the old answer when the record changes, as
/// they would.
async fn visitors(world: World, name: String) {
    let resolver = world.resolver();
    loop {
        // What they find is theirs.
        let _found = resolver.resolve_dns(&name).await;
        tokio::time::sleep(VISITS).await;
    }
}

/// The way to the stand-in Slack's Socket Mode.
pub fn socket_mode(slack: &Slack) -> socket::Way {
    let workspace = slack.settings();
    let api_url = format!("{}/api", workspace.base_url);
    let connector = slack.connector();
    let dial = move |_url| -> BoxFuture<'static, Result<Box<dyn socket::Wire>, String>> {
        let stream: Box<dyn socket::Wire> = Box::new(connector.open());
        Box::pin(std::future::ready(Ok(stream)))
    };
    let token = workspace.app_token.clone().into();
    socket::Way { api: Api::over(slack.connector(), &api_url, &token), dial: Arc::new(dial) }
}

/// The way into the simulated world.
pub fn network(world: &World) -> Network {
    let probed = world.clone();
    Network {
        aws: Some(world.http_client()),
        resolver: world.resolver(),
        probe: Arc::new(move |via| probed.http_client_resolving(SharedDnsResolver::new(via))),
        credentials: Some(credentials()),
    }
}

/// Any identity will do: the simulated regions do not check signatures.
fn credentials() -> SharedCredentialsProvider {
    SharedCredentialsProvider::new(Credentials::new("AKIDREHEARSAL", "not-a-secret", None, None, "rehearsal"))
}
