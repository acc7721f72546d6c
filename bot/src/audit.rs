//! `standby audit`: the log for people and for verifiers, read beside a running bot.

use std::{
    io::{BufReader, Write},
    os::fd::AsFd as _,
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use futures::TryStreamExt as _;
use storage::{Actor, Head, OpenError, Reader, Record, export, verify};

use crate::{
    cli::{Audit, ExportFormat, StoreArg},
    config::Config,
    failure::Failure,
};

/// Characters of a record's own fields in a list.
const DATA: usize = 100;

/// Runs the command; what it finds goes to `out`.
pub async fn run(command: Audit, out: &mut impl Write) -> Result<(), Failure> {
    match command {
        Audit::List { store, number } => list(&open(store).await?, number, out).await,
        Audit::Export { store, format: ExportFormat::Jsonl, output } => export(&open(store).await?, output).await,
        Audit::Verify { file, head } => check(&file, head, out),
    }
}

async fn open(store: StoreArg) -> Result<Reader, Failure> {
    let dir = match (store.store, store.config) {
        (Some(dir), _) => dir,
        (None, Some(config)) => Config::load(&config)?.store.path,
        (None, None) => return Err(Failure::user("no log is named; give --config or --store")),
    };
    Reader::open(&dir).await.map_err(|error| match error {
        OpenError::Io { path, source } => {
            Failure::user(format!("{} cannot be read: {source}; name the store's folder", path.display()))
        }
        error => Failure::user(format!("{:#}", anyhow::Error::from(error))),
    })
}

async fn list(reader: &Reader, number: u64, out: &mut impl Write) -> Result<(), Failure> {
    let size = reader.head().size;
    let mut records = reader.read(size.saturating_sub(number)..size);
    while let Some(record) = records.try_next().await.context("failed to read the log")? {
        writeln!(out, "{}", line(&record)).context("failed to write")?;
    }
    Ok(())
}

/// A record in a line: number, time, who, what, and the beginning of its own fields.
fn line(record: &Record) -> String {
    let who = match &record.actor {
        Actor::Slack { user, name, .. } => name.as_ref().unwrap_or(user),
        Actor::Terminal { user } => user,
        Actor::Bot => "bot",
    };
    let about: Vec<&str> =
        [&record.application, &record.run, &record.step].into_iter().filter_map(Option::as_deref).collect();
    let data = crate::slack::text::shorten(&record.data.to_string(), DATA);
    format!(
        "{:>6}  {}  {who:<12}  {:<18}  {}  {data}",
        record.seq,
        record.at.strftime("%Y-%m-%dT%H:%M:%S%.3fZ"),
        record.event,
        about.join("/")
    )
}

async fn export(reader: &Reader, output: Option<PathBuf>) -> Result<(), Failure> {
    let head = match output {
        None => export::write(reader, &mut stdout().context("failed to write to standard output")?)
            .await
            .context("failed to export")?,
        Some(path) => export_to(reader, &path).await?,
    };
    tracing::info!(records = head.size, root = %head.root, "exported");
    Ok(())
}

/// Standard output without a line buffer, which would see every record twice.
fn stdout() -> std::io::Result<tokio::fs::File> {
    let descriptor = std::io::stdout().as_fd().try_clone_to_owned()?;
    Ok(tokio::fs::File::from_std(descriptor.into()))
}

/// Exports to a file, which is complete on disk when this returns.
pub(crate) async fn export_to(reader: &Reader, path: &Path) -> Result<Head, Failure> {
    let cannot = |error: std::io::Error| {
        Failure::user(format!("{} cannot be written: {error}; name another file with --output", path.display()))
    };
    let mut file = tokio::fs::File::create(path).await.map_err(cannot)?;
    let head = export::write(reader, &mut file).await.context("failed to export")?;
    file.sync_all().await.map_err(cannot)?;
    Ok(head)
}

fn check(path: &Path, head: Option<Head>, out: &mut impl Write) -> Result<(), Failure> {
    let file = std::fs::File::open(path)
        .map_err(|error| Failure::user(format!("{} cannot be read: {error}; name an export", path.display())))?;
    match verify::verify(BufReader::new(file), head) {
        Ok(report) => {
            writeln!(out, "verified {}", report.head).context("failed to write")?;
            Ok(())
        }
        Err(faults) => {
            for fault in faults {
                writeln!(out, "{fault}").context("failed to write")?;
            }
            Err(Failure::Found)
        }
    }
}
