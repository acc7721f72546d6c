//! The log's replica: a copy in a bucket whose objects nobody can change or delete for a time, in the layout of C2SP tlog-tiles.
//!
//! What is there is signed: each round puts the new records there, the tree over them, and last a checkpoint that counts them. That checkpoint is made for
//! the bucket and is no record. If it were one, the next round would have a record to bring, and the log would grow by itself for ever.
//!
//! The cursor is the checkpoint in the bucket: it is as durable as what it counts, and no bot can believe itself further than it is. The store's own
//! cursor only tells how far behind the replica is while the bucket cannot be asked.

mod copy;

use std::{
    pin::pin,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use commands::aws::{AwsError, Bucket};
use futures::TryStreamExt as _;
use jiff::Timestamp;
use storage::{
    Checkpoint, Clock, ReadError,
    tiles::{self, TilesError},
};
use tokio::time::{sleep, timeout};

pub(super) use self::copy::{Checkpoints, CopyError, Held, checkpoints, copy, versions};
use super::auditor::{Auditor, AuditorError};

/// The name of the replica's cursor in the store.
const CURSOR: &str = "replica";
/// Records that one checkpoint adds at most: what a failure makes a round put there again.
const ROUND: u64 = 1 << 14;
/// Before a round is tried again; doubled each time, up to the longest.
const BACKOFF: Duration = Duration::from_secs(5);
const LONGEST: Duration = Duration::from_secs(300);
/// Longest that a program which ends waits for its last round.
const LAST: Duration = Duration::from_secs(5);

/// Brings the log to its bucket.
#[derive(Debug, Clone)]
pub(crate) struct Replica {
    auditor: Auditor,
    bucket: Bucket,
    /// Time between the first record that is not there and the round that brings it.
    every: Duration,
    progress: Arc<Progress>,
}

/// How far a replica has come.
#[derive(Debug)]
pub struct Progress {
    clock: Clock,
    /// The first record that is not there.
    next: AtomicU64,
    /// When it was appended, once there is such a record.
    since: Mutex<Option<Timestamp>>,
}

/// Why a round failed.
#[derive(Debug, thiserror::Error)]
enum RoundError {
    #[error(transparent)]
    Aws(#[from] AwsError),
    #[error(transparent)]
    Tiles(#[from] TilesError),
    #[error(transparent)]
    Read(#[from] ReadError),
    #[error("the checkpoint was not made")]
    Sign(#[from] AuditorError),
    /// Nothing is put over another history: with two writers, or a store that came back from an old snapshot, people have to say which one counts.
    #[error(
        "the bucket holds {0}, which is not what this log was: another program writes there, somebody overwrote it, or this store is older than \
         its replica; see docs/audit.md"
    )]
    Foreign(String),
}

impl Replica {
    pub(crate) fn new(auditor: Auditor, bucket: Bucket, every: Duration, clock: Clock) -> Self {
        let progress = Arc::new(Progress { clock, next: AtomicU64::new(0), since: Mutex::default() });
        Self { auditor, bucket, every, progress }
    }

    /// How far it has come.
    pub(crate) fn progress(&self) -> Arc<Progress> {
        Arc::clone(&self.progress)
    }

    /// Follows the log until the task is dropped.
    pub(crate) async fn follow(self) {
        if let Err(error) = self.bring_all().await {
            tracing::error!(%error, "the log cannot be read, and its replica stands still");
        }
    }

    /// Brings what is left, in a bounded time: for a program that ends.
    pub(crate) async fn finish(&self) {
        match timeout(LAST, self.bring()).await {
            Ok(Ok(_)) => {}
            Ok(Err(error)) => tracing::warn!(error = format!("{error:#}"), "the replica lacks the last records"),
            Err(_) => tracing::warn!("the replica lacks the last records: the bucket takes too long"),
        }
    }

    async fn bring_all(&self) -> Result<(), ReadError> {
        let log = self.auditor.log();
        // Nothing goes there that was not read and found to be what was written.
        if !log.checked().await {
            return Ok(());
        }
        let mut next = log.cursor(CURSOR).await?.unwrap_or_default().min(log.head().size);
        loop {
            self.progress.is_at(next, None);
            let Some(first) = log.follow(next).try_next().await? else { return Ok(()) };
            self.progress.is_at(next, Some(first.at));
            sleep(self.every).await;
            next = self.bring_surely().await;
            // Without its index the log still takes records, and the bucket knows how far it has come.
            if let Err(error) = log.set_cursor(CURSOR, next).await {
                tracing::debug!(%error, "the replica's place was not kept");
            }
        }
    }

    /// Brings what is there now, however long it takes.
    async fn bring_surely(&self) -> u64 {
        let mut pause = BACKOFF;
        loop {
            match self.bring().await {
                Ok(held) => return held,
                Err(error) => tracing::warn!(
                    bucket = self.bucket.place().bucket,
                    error = format!("{error:#}"),
                    "the replica falls behind"
                ),
            }
            sleep(pause).await;
            pause = (pause * 2).min(LONGEST);
        }
    }

    /// Brings what is there now; answers how many records the bucket has then.
    async fn bring(&self) -> anyhow::Result<u64> {
        let mut held = self.held().await?;
        let size = self.auditor.log().head().size;
        while held < size {
            held = self.round(held, size.min(held + ROUND)).await?;
            tracing::debug!(records = held, "replicated");
        }
        Ok(held)
    }

    /// How many records the bucket has.
    async fn held(&self) -> Result<u64, RoundError> {
        let Some(bytes) = self.bucket.get(tiles::CHECKPOINT).await? else { return Ok(0) };
        let found = Checkpoint::parse(&String::from_utf8_lossy(&bytes));
        let found = found.map_err(|_| RoundError::Foreign("a checkpoint that is none".to_owned()))?;
        match self.auditor.log().reader().head_at(found.head().size).await? {
            Some(ours) if ours == found.head() => Ok(found.head().size),
            _ => Err(RoundError::Foreign(found.to_string())),
        }
    }

    async fn round(&self, from: u64, to: u64) -> Result<u64, RoundError> {
        let reader = self.auditor.log().reader();
        // A durable log has had every shorter length.
        let Some(head) = reader.head_at(to).await? else { return Ok(from) };
        let checkpoint = self.auditor.sign(head)?;
        let mut objects = pin!(tiles::added(reader, from, head).await?);
        while let Some(object) = objects.try_next().await? {
            self.bucket.put(&object.name, object.bytes).await?;
        }
        // Last, so that it never counts what is not there.
        self.bucket.put(tiles::CHECKPOINT, checkpoint.as_str().into()).await?;
        Ok(to)
    }
}

impl Progress {
    fn is_at(&self, next: u64, since: Option<Timestamp>) {
        self.next.store(next, Ordering::Relaxed);
        *self.since.lock().unwrap_or_else(PoisonError::into_inner) = since;
    }

    /// Records of a log of `size` records that the bucket does not have, and for how many seconds it has lacked the oldest of them.
    pub fn lag(&self, size: u64) -> (u64, f64) {
        let since = *self.since.lock().unwrap_or_else(PoisonError::into_inner);
        let seconds = since.map_or(0.0, |since| self.clock.now().duration_since(since).as_secs_f64().max(0.0));
        (size.saturating_sub(self.next.load(Ordering::Relaxed)), seconds)
    }
}
