//! The bot put together from its parts. `serve`, rehearsals and tests differ in the parts alone.

use std::sync::Arc;

use axum::Router;
use commands::{
    access::Readers,
    aws::{Bucket, Network},
    desk::{Desk, OpenRunsAre, Settings},
    engine::EngineError,
};
use storage::{Clock, Log, OpenError, SigningKey};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::{
    audit::{self, Auditor, Compliance, Replica},
    config::{Config, Secrets},
    http::{self, Health},
    metrics::Metrics,
    slack::{
        api::Api,
        directory::People,
        home::Home,
        inbound::Inbound,
        outbox::{Outbox, Routes},
        socket::{self, SocketMode},
        web::{self, Web},
        whisper::Whisper,
    },
    web::{Links, router as incident_page},
};

/// What a bot is made of.
pub struct Parts {
    /// The configuration.
    pub config: Config,
    /// The secrets that it names.
    pub secrets: Secrets,
    /// The way to AWS and to the pairs' public endpoints.
    pub network: Network,
    /// The way to Slack.
    pub slack: Api,
    /// The way to Slack's Socket Mode, where that is the mode.
    pub socket: Option<socket::Way>,
    /// Wall-clock time.
    pub clock: Clock,
    /// Name of the host, for the log.
    pub host: String,
    /// Signs the log's checkpoints; without it there are none.
    pub key: Option<Arc<SigningKey>>,
}

/// A running bot.
pub struct Bot {
    /// Everything it serves: `/slack/…`, `/incidents/…`, `/healthz`, `/readyz`, `/metrics`.
    pub router: Router,
    /// The desk, for who asks otherwise than through Slack.
    pub desk: Desk,
    /// The log's own evidence, for who asks at the terminal.
    pub auditor: Auditor,
    notary: JoinHandle<()>,
    people: Option<JoinHandle<()>>,
    replica: Option<(Replica, JoinHandle<()>)>,
    outbox: JoinHandle<()>,
    metrics: JoinHandle<()>,
    sockets: Option<JoinHandle<()>>,
    stop: CancellationToken,
}

/// Why a bot did not start.
#[derive(Debug, thiserror::Error)]
pub enum AssemblyError {
    /// The store cannot be used.
    #[error("failed to open the audit log")]
    Store(#[from] OpenError),
    /// The desk did not open.
    #[error("failed to take up where the audit log ends")]
    Desk(#[from] EngineError),
}

impl Bot {
    /// Opens the log, takes up open runs, and starts the projections.
    ///
    /// # Errors
    /// When the store cannot be used, or its records contradict each other.
    pub async fn assemble(parts: Parts) -> Result<Self, AssemblyError> {
        let Parts { config, secrets, network, slack, socket, clock, host, key } = parts;
        let teams = config.access.values().map(|access| access.team.clone()).collect();
        let readers = Readers { people: config.audit.compliance.iter().cloned().collect(), teams };
        let routes = Routes::new(config.channels, &config.access);
        let log = Log::open(&config.store.path, clock.clone()).await?;
        let auditor = Auditor::new(log.clone(), key);
        let replica = match &config.audit.replica {
            Some(to) => {
                let bucket = Bucket::connect(to.place(), &network, clock.clone()).await;
                Some(Replica::new(auditor.clone(), bucket, to.every(), clock.clone()))
            }
            None => None,
        };
        let desk = Desk::open(Settings {
            log: log.clone(),
            applications: config.applications,
            access: config.access,
            readers: readers.clone(),
            directory: Arc::new(People::new(slack.clone())),
            network,
            clock: clock.clone(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            config_digest: config.digest,
            host,
            open_runs: OpenRunsAre::TakenUp,
        })
        .await?;
        let people =
            config.audit.emails.then(|| tokio::spawn(audit::resolve(auditor.clone(), slack.clone(), log.head().size)));
        let stop = CancellationToken::new();
        let links = config.web.as_ref().map(|web| Links::new(web, secrets.link_key.clone()));
        let outbox = Outbox::new(log.clone(), slack.clone(), routes.linking(links), clock.clone(), stop.clone());
        let home = Home::new(desk.clone(), slack.clone(), clock.clone());
        let compliance = Compliance { auditor: auditor.clone(), slack: slack.clone(), readers };
        let inbound = Inbound { desk: desk.clone(), whisper: Whisper::new(slack.clone()), slack, home, compliance };
        let sockets = socket.map(|way| SocketMode::new(way, inbound.clone(), stop.clone()));
        let hearing = sockets.as_ref().map(SocketMode::hearing);
        let metrics = Metrics::new(log, outbox.progress(), hearing.as_ref(), replica.as_ref().map(Replica::progress));
        let mut router =
            http::router(Health { desk: desk.clone(), metrics: metrics.clone(), hearing, outbox: outbox.progress() });
        if let Some(page) = &config.web {
            router = router.merge(incident_page(desk.clone(), page, secrets.link_key, clock.clone(), stop.clone()));
        }
        if let Some(signing_secret) = secrets.signing_secret {
            router = router.merge(web::router(Web { inbound, signing_secret, clock }));
        }
        Ok(Self {
            router,
            desk,
            notary: tokio::spawn(audit::follow(auditor.clone())),
            people,
            replica: replica.map(|replica| (replica.clone(), tokio::spawn(replica.follow()))),
            auditor,
            sockets: sockets.map(|sockets| tokio::spawn(sockets.run())),
            outbox: tokio::spawn(outbox.run()),
            metrics: tokio::spawn(metrics.follow()),
            stop,
        })
    }

    /// Ends at once, as the death of the process would: nothing is recorded, and what was under way is looked up at the next start.
    pub async fn abort(self) {
        self.desk.abort();
        self.notary.abort();
        if let Some(people) = &self.people {
            people.abort();
        }
        if let Some((_, following)) = &self.replica {
            following.abort();
        }
        self.outbox.abort();
        self.metrics.abort();
        if let Some(sockets) = &self.sockets {
            sockets.abort();
        }
        self.desk.log().close().await;
    }

    /// Stops gracefully: nothing new is started, what runs is left to be taken up at the next start, and so is what
    /// Slack does not show yet.
    pub async fn stop(self, reason: &str) {
        self.desk.close(reason).await;
        self.stop.cancel();
        if let Err(error) = self.outbox.await {
            tracing::error!(%error, "the outbox ended abnormally");
        }
        // Until now people were told that the bot is stopping.
        if let Some(sockets) = self.sockets
            && let Err(error) = sockets.await
        {
            tracing::error!(%error, "Socket Mode ended abnormally");
        }
        self.metrics.abort();
        self.notary.abort();
        if let Some(people) = &self.people {
            people.abort();
        }
        audit::finish(&self.auditor).await;
        if let Some((replica, following)) = &self.replica {
            following.abort();
            replica.finish().await;
        }
        self.desk.log().close().await;
    }
}
