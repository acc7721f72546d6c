//! Socket Mode: Slack's payloads over WebSockets that the bot opens, so that nothing has to reach the bot from outside.
//! <https://docs.slack.dev/apis/events-api/using-socket-mode>
//!
//! Two connections are kept open. Slack ends each every few hours and says so before; the next one is then opened before the old
//! one closes. A connection can be deaf though it is open: it is asked, listened to, and replaced ([`link`]). Where connections end soon after they
//! were opened, announced or not, the next ones come later and later, and few old ones are left open beside them.

mod backoff;
mod dial;
mod frame;
mod hearing;
mod link;
mod trouble;

use std::collections::VecDeque;

use http::Uri;
use tokio::{sync::oneshot, task::JoinSet, time::Instant};
use tokio_util::sync::CancellationToken;

use self::{backoff::Backoff, link::Link};
pub use self::{
    dial::{Dial, Wire, over},
    hearing::Hearing,
    trouble::{Trouble, fix},
};
use super::{api::Api, inbound::Inbound};

/// Connections that are kept open. One would do; with two there is one while the other is replaced.
const CONNECTIONS: usize = 2;
/// Connections that may linger beside each after their end was announced. With these there are six at most; Slack allows an app ten.
const LINGERING: usize = 2;

/// The way to Slack's Socket Mode.
pub struct Way {
    /// The Web API with the app-level token, which says where to connect.
    pub api: Api,
    /// Makes the connections.
    pub dial: Dial,
}

impl Way {
    /// Connects to the host of an address that Slack gave for a connection.
    ///
    /// # Errors
    /// When that is no address, or it is not reached.
    pub async fn reach(&self, address: &str) -> Result<(Uri, Box<dyn Wire>), Trouble> {
        let url: Uri = address.parse().map_err(|_| Trouble::NoAddress(address.to_owned()))?;
        let wire = (self.dial)(url.clone()).await.map_err(Trouble::NotOpened)?;
        Ok((url, wire))
    }
}

/// Keeps the connections open, and takes in what comes over them.
pub struct SocketMode {
    way: Way,
    inbound: Inbound,
    hearing: Hearing,
    stop: CancellationToken,
}

impl SocketMode {
    /// Nothing is opened yet.
    pub fn new(way: Way, inbound: Inbound, stop: CancellationToken) -> Self {
        Self { way, inbound, hearing: Hearing::new(), stop }
    }

    /// Whether Slack is heard.
    pub fn hearing(&self) -> Hearing {
        self.hearing.clone()
    }

    /// Keeps connections open until stopped. What was taken in by then is acknowledged first.
    pub async fn run(self) {
        futures::future::join_all((0..CONNECTIONS).map(|_| self.keep_open())).await;
    }

    /// Keeps one connection open.
    async fn keep_open(&self) {
        let mut backoff = Backoff::default();
        let (mut links, mut leaving) = (JoinSet::new(), VecDeque::new());
        while !self.stop.is_cancelled() {
            let wait = match Link::open(&self.way).await {
                Ok(link) => {
                    let (opened, end) = (Instant::now(), self.stop.child_token());
                    let (leave, leaves) = oneshot::channel();
                    links.spawn(link.serve(self.inbound.clone(), self.hearing.clone(), leave, end.clone()));
                    // Slack says that it will end, or it has ended; until it has, it serves on beside the next one.
                    if leaves.await.is_ok() {
                        leaving.push_back(end);
                    }
                    while leaving.len() > LINGERING {
                        leaving.pop_front().iter().for_each(CancellationToken::cancel);
                    }
                    backoff.ended(opened.elapsed())
                }
                Err(trouble) => {
                    self.hearing.not_opened(&trouble);
                    backoff.failed(trouble.retry_after())
                }
            };
            while links.try_join_next().is_some() {}
            // The wait ends early at a stop.
            let _stopped = self.stop.run_until_cancelled(tokio::time::sleep(wait)).await;
        }
        while links.join_next().await.is_some() {}
    }
}
