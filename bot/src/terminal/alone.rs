//! Without a running bot: the terminal is the bot for as long as it takes. It holds the store's lock, carries runs on, and listens at the
//! socket, so that others can join. Slack catches up when the bot is started.

use std::{path::Path, sync::Arc, time::Duration};

use anyhow::Context as _;
use commands::{
    access::{Directory, Readers},
    aws::Network,
    desk::{Desk, OpenRunsAre, Settings},
    egress::Connector,
};
use storage::{Clock, Log, OpenError, SigningKey};
use tokio_util::sync::CancellationToken;

use super::{
    conversation::converse,
    front,
    socket::{Listener, listen},
    user,
    wire::Ask,
};
use crate::{
    audit::{self, Auditor},
    config::{Config, Secrets},
    failure::Failure,
    serve::{host, signalled},
    slack::{
        api::Api,
        directory::{Nobody, People},
    },
};

/// How long others who joined have to read how it ended.
const OTHERS: Duration = Duration::from_secs(2);

/// Opens the store, talks, and closes it again; whether it ended well.
///
/// # Errors
/// When the store or the socket cannot be used.
pub(super) async fn talk(path: &Path, config: Config, key: Option<Arc<SigningKey>>, ask: Ask) -> Result<bool, Failure> {
    let socket = config.socket();
    let looks = only_looks(&ask);
    let desk = open(path, config, if looks { OpenRunsAre::LeftAlone } else { OpenRunsAre::TakenUp }).await?;
    let auditor = Auditor::new(desk.log().clone(), key);
    // Who only looks is gone in a moment.
    let listener = if looks { None } else { Some(listen(desk.clone(), auditor.clone(), &socket).await?) };
    let notary = tokio::spawn(audit::follow(auditor.clone()));
    let link = converse(desk.clone(), user::own_name().await, ask, CancellationToken::new());
    let ended = tokio::select! {
        biased;
        ended = front::talk(link) => ended,
        () = signalled() => Ok(false),
    };
    notary.abort();
    audit::finish(&auditor).await;
    close(desk, listener, looks).await;
    ended
}

async fn open(path: &Path, config: Config, open_runs: OpenRunsAre) -> Result<Desk, Failure> {
    let clock = Clock::system();
    let connector = Connector::system()?;
    let log = Log::open(&config.store.path, clock.clone()).await.map_err(|error| match error {
        OpenError::Locked { pid: Some(pid), .. } => Failure::user(format!(
            "process {pid} has the store open and does not listen at {}: ask in Slack, or stop it and try again",
            config.socket().display()
        )),
        error => Failure::user(format!("{:#}", anyhow::Error::from(error))),
    })?;
    let settings = Settings {
        log,
        directory: directory(path, &config, &connector),
        applications: config.applications,
        access: config.access,
        // The log is read at the host by `standby audit`.
        readers: Readers::default(),
        network: Network::over(connector)?,
        clock,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        config_digest: config.digest,
        host: host(),
        open_runs,
    };
    Ok(Desk::open(settings).await.context("failed to take up where the audit log ends")?)
}

/// Who belongs to which user group, if the token of Slack is at hand here.
fn directory(path: &Path, config: &Config, connector: &Connector) -> Arc<dyn Directory> {
    let secrets = config.secrets(path, |name| std::env::var(name).ok());
    let api = |secrets: Secrets| Api::over_network(connector, config.slack.api_url(), &secrets.bot_token).ok();
    match secrets.ok().and_then(api) {
        Some(api) => Arc::new(People::new(api)),
        None => Arc::new(Nobody),
    }
}

async fn close(desk: Desk, listener: Option<Listener>, looked: bool) {
    if let Some(listener) = listener {
        listener.close(OTHERS).await;
    }
    desk.close("terminal").await;
    if !looked {
        for run in desk.open_runs() {
            tracing::warn!(%run, "the run is left open: it goes on when the bot or a terminal is started");
        }
    }
    desk.log().close().await;
}

/// Whether that can be answered without carrying on what is open.
fn only_looks(ask: &Ask) -> bool {
    let Ask::Command(text) = ask else { return false };
    let verb = text.split_whitespace().next().unwrap_or_default();
    ["help", "status", "plan", "history", "report"].iter().any(|looks| verb.eq_ignore_ascii_case(looks))
}
