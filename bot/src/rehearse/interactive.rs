//! `standby rehearse`: a page to play in, and the simulated AWS on a port of its own.

use std::{
    io::Write,
    net::{Ipv4Addr, SocketAddr, TcpListener},
    path::PathBuf,
};

use anyhow::Context as _;

use super::{
    play::Play,
    theatre::{Setup, Theatre},
};
use crate::{cli::RehearseArgs, failure::Failure, serve::signalled};

/// Serves the page and the simulated AWS until interrupted. Each play has its store in `folder`.
pub(super) async fn play(
    args: &RehearseArgs,
    speed: f64,
    folder: PathBuf,
    out: &mut impl Write,
) -> Result<(), Failure> {
    let (page, aws) = (bind(args.listen)?, bind(SocketAddr::new(args.listen.ip(), 0))?);
    let (page_at, aws_at) = (url(&page)?, local(&aws)?);
    let old_primary = args.old_primary.into();
    let here = args.listen.ip().is_loopback() || args.listen.ip().is_unspecified();
    let runs_at = here.then(|| page_at.clone());
    let setup = Setup { seed: args.seed, speed, old_primary, folder, aws, page: runs_at };
    let theatre = Theatre::new(setup);
    let store = theatre.store().await;
    theatre.begin(Play::PlannedMove).await?;
    writeln!(
        out,
        "rehearsal:  {page_at}\n\
         AWS:        aws --endpoint-url http://{aws_at} --region {} rds describe-global-clusters\n\
         \x20           (any credentials; simulated time runs {speed} times as fast)\n\
         audit log:  {}\n\
         Ctrl-C ends it.",
        theatre.dr().await.unwrap_or_default(),
        store.display()
    )
    .context("failed to print the addresses")?;
    let page = tokio::net::TcpListener::from_std(page).context("failed to listen")?;
    let server = tokio::spawn(axum::serve(page, theatre.router()).into_future());
    signalled().await;
    server.abort();
    theatre.close().await;
    Ok(())
}

/// A listener that tokio can take over.
fn bind(address: SocketAddr) -> Result<TcpListener, Failure> {
    let listener = TcpListener::bind(address).and_then(|listener| {
        listener.set_nonblocking(true)?;
        Ok(listener)
    });
    listener.map_err(|error| {
        Failure::user(format!("cannot listen on {address}: {error}; choose another address with --listen"))
    })
}

/// Where a browser on this machine finds what listens there.
fn url(listener: &TcpListener) -> Result<String, Failure> {
    let mut address = local(listener)?;
    if address.ip().is_unspecified() {
        address.set_ip(Ipv4Addr::LOCALHOST.into());
    }
    Ok(format!("http://{address}/"))
}

fn local(listener: &TcpListener) -> Result<SocketAddr, Failure> {
    Ok(listener.local_addr().context("failed to learn the address")?)
}
