//! `standby audit export`.

use std::{
    io::{IsTerminal as _, Write as _},
    os::fd::AsFd as _,
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use commands::grammar::format_name;
use storage::{
    Filter, Reader,
    export::{self, Exported, Format, Selection},
};
use tokio::fs::File;

use super::{auditor::LogAsk, place::Place, verify::proofs_of};
use crate::{
    cli::{ExportArgs, ExportFormat},
    failure::Failure,
};

/// Records the export, and makes it.
pub(super) async fn export(args: ExportArgs) -> Result<(), Failure> {
    let ExportArgs { store, filter, format, output } = args;
    let place = Place::of(&store)?;
    let filter = Filter::from(filter);
    let ask = LogAsk::Export { filter: Box::new(filter.clone()), format: format_name(format.into()).to_owned() };
    if format != ExportFormat::Jsonl && output.is_none() {
        return Err(Failure::user("this form has its proofs in a second file; name the first with --output"));
    }
    let checkpoint = place.record(ask).await;
    let selection = Selection { filter, format: format.into(), checkpoint };
    let exported = to(&place.reader().await?, &selection, output).await?;
    tracing::info!(records = exported.records, of = exported.head.size, root = %exported.head.root, "exported");
    Ok(())
}

/// Exports to a file, and what proves it to a second one if the form needs that; or to standard output.
async fn to(reader: &Reader, selection: &Selection, output: Option<PathBuf>) -> Result<Exported, Failure> {
    let Some(path) = output else {
        let mut out = stdout().context("failed to write to standard output")?;
        return Ok(export::select(reader, selection, &mut out, None::<&mut File>, progress())
            .await
            .context("failed to export")?);
    };
    if selection.format == Format::Jsonl {
        let mut file = create(&path).await?;
        let exported = export::select(reader, selection, &mut file, None::<&mut File>, progress()).await;
        let exported = exported.context("failed to export")?;
        sync(&file, &path).await?;
        return Ok(exported);
    }
    let beside = proofs_of(&path);
    let (mut file, mut proofs) = (create(&path).await?, create(&beside).await?);
    let exported = export::select(reader, selection, &mut file, Some(&mut proofs), progress()).await;
    let exported = exported.context("failed to export")?;
    sync(&file, &path).await?;
    sync(&proofs, &beside).await?;
    Ok(exported)
}

/// Tells how far it is, to a person who waits.
fn progress() -> impl FnMut(u64, u64) {
    let shown = std::io::stderr().is_terminal();
    move |done, of| {
        if shown {
            // Who does not see it misses nothing.
            let _seen = write!(std::io::stderr(), "\r{done} of {of} records");
            if done >= of {
                let _seen = writeln!(std::io::stderr());
            }
        }
    }
}

/// Standard output without a line buffer, which would see every record twice.
fn stdout() -> std::io::Result<File> {
    let descriptor = std::io::stdout().as_fd().try_clone_to_owned()?;
    Ok(File::from_std(descriptor.into()))
}

async fn create(path: &Path) -> Result<File, Failure> {
    File::create(path).await.map_err(|error| cannot(path, &error))
}

/// The file is complete on disk when this returns.
async fn sync(file: &File, path: &Path) -> Result<(), Failure> {
    file.sync_all().await.map_err(|error| cannot(path, &error))
}

fn cannot(path: &Path, error: &std::io::Error) -> Failure {
    Failure::user(format!("{} cannot be written: {error}; name another file with --output", path.display()))
}

/// Exports the whole log to a file, which is complete on disk when this returns.
pub(crate) async fn export_to(reader: &Reader, path: &Path) -> Result<storage::Head, Failure> {
    Ok(to(reader, &Selection::default(), Some(path.to_owned())).await?.head)
}
