//! `standby audit tiles` and `prove`: the log for clients of transparency logs.

use std::{io::Write, path::Path};

use anyhow::Context as _;
use base64::{Engine as _, prelude::BASE64_STANDARD};
use storage::{Checkpoint, Hash, tiles};

use super::{auditor::LogAsk, place::Place};
use crate::failure::Failure;

/// The first line of a proof, <https://c2sp.org/tlog-proof>.
const PROOF: &str = "c2sp.org/tlog-proof@v1";

/// Writes the log as tiles, up to a new checkpoint.
pub(super) async fn tiles(place: &Place, output: &Path) -> Result<(), Failure> {
    let checkpoint = signed(place).await?;
    tiles::write(&place.reader().await?, &checkpoint, output)
        .await
        .with_context(|| format!("failed to write tiles to {}", output.display()))?;
    tracing::info!(records = checkpoint.head().size, folder = %output.display(), "written");
    Ok(())
}

/// Prints a proof against a new checkpoint.
pub(super) async fn prove(
    place: &Place,
    record: Option<u64>,
    since: Option<u64>,
    out: &mut impl Write,
) -> Result<(), Failure> {
    let checkpoint = signed(place).await?;
    let (reader, head) = (place.reader().await?, checkpoint.head());
    let beyond = || Failure::user(format!("the log has {} records; name one of them", head.size));
    let mut text = String::new();
    let proof = match (record, since) {
        (Some(record), _) => {
            text = format!("{PROOF}\nindex {record}\n");
            reader.inclusion(record, head).await
        }
        (None, Some(since)) => {
            let from = reader.head_at(since).await.context("failed to read the log")?.ok_or_else(beyond)?;
            reader.consistency(from, head).await
        }
        (None, None) => return Err(beyond()),
    };
    let proof = proof.context("failed to read the log")?.ok_or_else(beyond)?;
    text.extend(proof.iter().map(line));
    write!(out, "{text}\n{}", checkpoint.as_str()).context("failed to write")?;
    Ok(())
}

fn line(hash: &Hash) -> String {
    format!("{}\n", BASE64_STANDARD.encode(hash.as_bytes()))
}

async fn signed(place: &Place) -> Result<Checkpoint, Failure> {
    let checkpoint = place.ask(LogAsk::Checkpoint).await?;
    Ok(checkpoint.context("the checkpoint was made and not answered")?)
}
