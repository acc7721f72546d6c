//! Signs the log at the moments that matter: when a gate was decided, when a run ended, and once a day.

use std::time::Duration;

use futures::StreamExt as _;
use storage::Record;
use tokio::time::Instant;

use super::auditor::{Auditor, AuditorError};

/// The name of the notary's cursor in the store.
const CURSOR: &str = "notary";
/// Longest time between a record and a checkpoint that covers it.
const DAILY: Duration = Duration::from_secs(24 * 60 * 60);

/// Follows the log until the task is dropped. Without a key it does nothing.
pub(crate) async fn follow(auditor: Auditor) {
    if auditor.signs()
        && let Err(error) = sign_all(&auditor).await
    {
        tracing::error!(error = format!("{error:#}"), "no checkpoints are made any more");
    }
}

/// Signs what is left to sign: for a program that ends.
pub(crate) async fn finish(auditor: &Auditor) {
    if auditor.signs()
        && let Err(error) = catch_up(auditor).await
    {
        tracing::warn!(
            error = format!("{error:#}"),
            "the last checkpoint was not made; the next one covers its records"
        );
    }
}

async fn catch_up(auditor: &Auditor) -> anyhow::Result<()> {
    let head = auditor.log().head().size;
    let from = auditor.log().cursor(CURSOR).await?.unwrap_or(head).min(head);
    let mut records = auditor.log().read(from..);
    while let Some(record) = records.next().await {
        let record = record?;
        sign(auditor, &record).await?;
    }
    Ok(())
}

/// Signs the log after a record that demands it.
async fn sign(auditor: &Auditor, record: &Record) -> Result<(), AuditorError> {
    match reason(record) {
        Some(reason) => auditor.after(record.seq, reason, record.run.clone(), record.application.clone()).await,
        None => Ok(()),
    }
}

async fn sign_all(auditor: &Auditor) -> anyhow::Result<()> {
    let log = auditor.log();
    // A cursor that was lost costs the checkpoints of what was not signed then; the next one covers it.
    let head = log.head().size;
    let from = log.cursor(CURSOR).await?.unwrap_or(head).min(head);
    let mut records = log.follow(from);
    let mut due: Option<(Instant, u64)> = None;
    loop {
        tokio::select! {
            biased;
            record = records.next() => {
                let Some(record) = record else { return Ok(()) };
                let record = record?;
                sign(auditor, &record).await?;
                due = if record.event == "log.checkpointed" { None } else { due.or(Some((Instant::now() + DAILY, record.seq))) };
                // Without its index the log still takes records, so they are signed all the same.
                if let Err(error) = log.set_cursor(CURSOR, record.seq + 1).await {
                    tracing::debug!(%error, "the notary's place was not kept");
                }
            }
            () = until(due) => {
                if let Some((_, since)) = due.take() {
                    auditor.after(since, "daily", None, None).await?;
                }
            }
        }
    }
}

/// Why a record is followed by a checkpoint at once, if it is.
fn reason(record: &Record) -> Option<&'static str> {
    match record.event.as_str() {
        "gate.decided" => Some("gate.decided"),
        "run.ended" => Some("run.ended"),
        _ => None,
    }
}

async fn until(due: Option<(Instant, u64)>) {
    match due {
        Some((due, _)) => tokio::time::sleep_until(due).await,
        None => std::future::pending().await,
    }
}
