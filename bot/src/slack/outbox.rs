//! The log, as Slack sees it: for each channel a lane that follows the log from its own cursor and posts, edits and threads messages.
//!
//! It is a projection: Slack may be down for an hour, and the messages catch up. A channel that is slow, archived or unknown holds up no other.
//! What was posted is a record (`message.posted`) under a key, so that neither a restart nor a lost cursor posts anything twice.

mod delivery;
mod dialect;
mod lane;
mod pace;
mod progress;
mod public_view;
mod questions;
mod routes;
mod run_view;

use std::sync::Arc;

use storage::{Clock, Log, ReadError};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

pub(super) use self::questions::asked;
use self::{
    delivery::{Delivery, Ended, Way},
    lane::Lane,
    pace::Pace,
};
pub use self::{
    dialect::Dialect,
    progress::{LaneProgress, Progress, Trouble},
    routes::Routes,
};
use super::{api::Api, whisper::Whisper};

/// All lanes.
pub struct Outbox {
    log: Log,
    api: Api,
    routes: Arc<Routes>,
    clock: Clock,
    stop: CancellationToken,
    progress: Arc<Progress>,
    /// Records below this number may have been shown by an earlier process.
    born: u64,
}

impl Outbox {
    /// An outbox that posts through `api` until `stop` is cancelled.
    pub fn new(log: Log, api: Api, routes: Routes, clock: Clock, stop: CancellationToken) -> Self {
        let progress = Arc::new(Progress::new(&routes.channels()));
        let born = log.head().size;
        Self { log, api, routes: Arc::new(routes), clock, stop, progress, born }
    }

    /// How far it is.
    pub fn progress(&self) -> Arc<Progress> {
        self.progress.clone()
    }

    /// Follows the log until stopped. What is not shown by then is shown after the next start.
    pub async fn run(self) {
        let lanes = match self.lanes().await {
            Ok(lanes) => lanes,
            Err(error) => return unreadable(&error),
        };
        let mut running: JoinSet<Result<(), Ended>> = lanes.into_iter().map(Lane::run).collect();
        while let Some(ended) = running.join_next().await {
            match ended {
                Ok(Ok(()) | Err(Ended::Stopped)) => {}
                Ok(Err(Ended::Unreadable(error))) => unreadable(&error),
                Err(error) => tracing::error!(%error, "a lane of the outbox ended abnormally"),
            }
        }
    }

    /// A lane for each channel, from where it left off. A channel that is new begins where the one that is furthest behind left off: what was told
    /// long ago in others is not told in it.
    async fn lanes(&self) -> Result<Vec<Lane>, ReadError> {
        let (size, pace) = (self.log.head().size, Arc::new(Pace::default()));
        let mut cursors = Vec::new();
        for (channel, progress) in self.progress.lanes() {
            cursors.push((channel, progress, self.log.cursor(&lane::cursor(channel)).await?));
        }
        let whisper = Whisper::new(self.api.clone());
        let furthest_behind = cursors.iter().filter_map(|(_, _, cursor)| *cursor).min().unwrap_or(0);
        let lanes = cursors.into_iter().map(|(channel, progress, cursor)| {
            let delivery = Delivery::new(Way {
                log: self.log.clone(),
                api: self.api.clone(),
                clock: self.clock.clone(),
                pace: pace.clone(),
                dialect: self.progress.dialect().clone(),
                progress: progress.clone(),
                stop: self.stop.clone(),
                home: channel.to_owned(),
                fallback: self.routes.fallback(channel),
                born: self.born,
            });
            let from = cursor.unwrap_or(furthest_behind).min(size);
            let (log, clock, routes, all) =
                (self.log.clone(), self.clock.clone(), self.routes.clone(), self.progress.clone());
            Lane::new(log, clock, routes, all, delivery, whisper.clone(), from)
        });
        Ok(lanes.collect())
    }
}

fn unreadable(error: &ReadError) {
    tracing::error!(%error, "the outbox cannot read the log; nothing more is posted");
}

#[cfg(test)]
mod tests;
