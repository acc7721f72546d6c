//! `standby serve`: the bot in the real world.

use std::{net::SocketAddr, time::Duration};

use commands::{
    aws::Network,
    egress::{Connector, EgressError},
};
use secrecy::SecretString;
use storage::Clock;
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
};

use crate::{
    assembly::{Bot, Parts},
    audit,
    cli::ServeArgs,
    config::Config,
    failure::Failure,
    slack::{api::Api, socket},
    terminal,
};

/// Serves until SIGTERM or SIGINT.
pub async fn serve(args: &ServeArgs) -> Result<(), Failure> {
    let path = &args.config.config;
    let config = Config::load(path)?;
    let secrets = config.secrets(path, |name| std::env::var(name).ok())?;
    let key = config.signing_key(path, |name| std::env::var(name).ok())?;
    if key.is_none() {
        tracing::warn!("the log is not signed: make a key with `standby audit keygen` and name it in [audit]");
    }
    let connector = Connector::system()?;
    let network = Network::over(connector.clone())?;
    if let Some(proxy) = connector.proxy(&config.slack.address()) {
        tracing::info!(%proxy, variable = proxy.variable, "Slack is reached through a proxy");
    }
    match args.restore {
        true => audit::restore_lost(&config, path, args.keys.as_deref()).await?,
        false => audit::may_begin(&config, path, &network, Clock::system()).await?,
    }
    let slack = Api::over_network(&connector, config.slack.api_url(), &secrets.bot_token)?;
    let socket_mode = secrets.app_token.as_ref().map(|token| socket_mode(&connector, &config, token)).transpose()?;
    let (listen, socket) = (config.http.listen, config.socket());
    let listener = TcpListener::bind(listen).await.map_err(|error| {
        Failure::user(format!(
            "{}: http.listen: cannot listen on {listen}: {error}; choose another address",
            path.display()
        ))
    })?;
    let parts =
        Parts { config, secrets, network, slack, socket: socket_mode, clock: Clock::system(), host: host(), key };
    let bot = Bot::assemble(parts).await.map_err(|error| Failure::user(format!("{:#}", anyhow::Error::from(error))))?;
    bot.auditor.observe_host().await.map_err(|error| Failure::user(error.to_string()))?;
    let terminals = terminal::listen(bot.desk.clone(), bot.auditor.clone(), &socket).await?;
    tracing::info!(%listen, applications = bot.desk.applications().collect::<Vec<_>>().join(","), "standby is ready");
    // The incident page asks who connects: it believes a proxy by its address.
    let routes = bot.router.clone().into_make_service_with_connect_info::<SocketAddr>();
    let server = tokio::spawn(axum::serve(listener, routes).into_future());
    let ended = tokio::select! {
        biased;
        () = signalled() => None,
        ended = server => Some(ended),
    };
    tracing::info!("standby stops");
    // The server goes on meanwhile, and whoever asks is told that the bot is stopping. It ends with the runtime.
    terminals.close(Duration::ZERO).await;
    bot.stop("signal").await;
    match ended {
        None => Ok(()),
        Some(ended) => Err(Failure::Internal(anyhow::anyhow!("the HTTP server ended by itself: {ended:?}"))),
    }
}

/// The way to Socket Mode.
pub(crate) fn socket_mode(
    connector: &Connector,
    config: &Config,
    token: &SecretString,
) -> Result<socket::Way, EgressError> {
    let api = Api::over_network(connector, config.slack.api_url(), token)?;
    Ok(socket::Way { api, dial: socket::over(connector) })
}

/// Ends at SIGTERM or SIGINT; a process that cannot listen for them is ended by them.
pub(crate) async fn signalled() {
    let (Ok(mut terminate), Ok(mut interrupt)) = (signal(SignalKind::terminate()), signal(SignalKind::interrupt()))
    else {
        return std::future::pending().await;
    };
    tokio::select! {
        biased;
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
}

/// The host's name, as the kernel tells it.
pub(crate) fn host() -> String {
    std::fs::read_to_string("/proc/sys/kernel/hostname")
        .map_or_else(|_| "unknown".to_owned(), |name| name.trim().to_owned())
}
