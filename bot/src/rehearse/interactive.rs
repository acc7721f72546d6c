//! `standby rehearse`: a page to play in, and the simulated AWS on a port of its own.

use std::{io::Write, net::SocketAddr, path::Path};

use anyhow::Context as _;
use axum::Router;
use tokio::net::TcpListener;

use super::{
    room::Room,
    scene::{act, scene},
};
use crate::{failure::Failure, serve::signalled};

/// Serves the page and the simulated AWS until interrupted.
pub(super) async fn play(
    room: Room,
    speed: f64,
    listen: SocketAddr,
    store: &Path,
    out: &mut impl Write,
) -> Result<(), Failure> {
    let pair = room.scenario.pairs.first().context("the scenario has no pair")?.clone();
    let page = bind(listen).await?;
    let aws = bind(SocketAddr::new(listen.ip(), 0)).await?;
    let (page_at, aws_at) = (local(&page)?, local(&aws)?);
    writeln!(
        out,
        "rehearsal:  http://{page_at}/\n\
         AWS:        aws --endpoint-url http://{aws_at} --region {} rds describe-global-clusters\n\
         \x20           (any credentials; simulated time runs {speed} times as fast)\n\
         audit log:  {}\n\
         Ctrl-C ends it.",
        pair.dr.region,
        store.display()
    )
    .context("failed to print the addresses")?;

    let (look_at, act_on) = (room.world.clone(), room.world.clone());
    let (shown, acted) = (pair.clone(), pair);
    let page_router: Router = room
        .slack
        .page(move || scene(&look_at, &shown, speed), move |action| act(&act_on, &acted, action))
        .merge(room.slack.api())
        .merge(room.bot.router.clone());
    let server = tokio::spawn(axum::serve(page, page_router).into_future());
    let world = room.world.clone();
    let simulation = tokio::spawn(async move { world.serve(aws).await });
    signalled().await;
    server.abort();
    simulation.abort();
    room.bot.stop("signal").await;
    Ok(())
}

async fn bind(address: SocketAddr) -> Result<TcpListener, Failure> {
    TcpListener::bind(address).await.map_err(|error| {
        Failure::user(format!("cannot listen on {address}: {error}; choose another address with --listen"))
    })
}

fn local(listener: &TcpListener) -> Result<SocketAddr, Failure> {
    Ok(listener.local_addr().context("failed to learn the address")?)
}
