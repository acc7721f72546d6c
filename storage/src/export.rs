//! Exporting the log, whole or in part, for anybody to verify without it.

mod csv;
mod ocsf;

use futures::TryStreamExt;
use tokio::io::{AsyncWrite, AsyncWriteExt, BufWriter};

pub(crate) use self::csv::rows;
use crate::{
    Checkpoint, Filter, Hash, Head, ReadError, Reader, Record,
    gap::{GapLine, OpenGap},
    hash::Tree,
    line::{HeadLine, encode, parse},
};

/// Bytes that are gathered before they are written.
const BUFFER: usize = 1 << 18;
/// Records between two reports of progress.
const PROGRESS: u64 = 4096;

/// Why an export was not completed. What was written then lacks its last line, which verification tells.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExportError {
    /// The log could not be read.
    #[error("failed to read the log")]
    Read(#[from] ReadError),
    /// The export could not be written.
    #[error("failed to write the export")]
    Write(#[from] std::io::Error),
    /// The files were changed after they had been checked.
    #[error("the log's files were changed while it was open: its head is {expected}, they hold {found}")]
    Changed {
        /// The head that the log had.
        expected: Head,
        /// The head of what was exported.
        found: Head,
    },
}

/// The form of an export.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Format {
    /// The records' lines, byte for byte. Proofs stand among them.
    #[default]
    Jsonl,
    /// For spreadsheets. Its last column is the record's line. Proofs are a second file.
    Csv,
    /// API Activity (class 6003) of the Open Cybersecurity Schema Framework, a JSON object a line, with the record's line as
    /// `raw_data`. Proofs are a second file.
    Ocsf,
}

/// What is exported.
#[derive(Debug, Clone, Default)]
pub struct Selection {
    /// Which records.
    pub filter: Filter,
    /// In which form.
    pub format: Format,
    /// The checkpoint that the export ends with and is proved against; without one, whatever the log's head is.
    pub checkpoint: Option<Checkpoint>,
}

/// Writes the lines of the log as they are, and then a line with its head. Answers the head.
///
/// # Errors
/// See [`ExportError`].
pub async fn write(reader: &Reader, out: &mut (impl AsyncWrite + Unpin)) -> Result<Head, ExportError> {
    let nowhere = None::<&mut tokio::io::Sink>;
    Ok(select(reader, &Selection::default(), out, nowhere, |_, _| {}).await?.head)
}

/// What was exported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exported {
    /// What it is proved against.
    pub head: Head,
    /// Records in it.
    pub records: u64,
}

/// Writes the selected records to `out`, and what proves them to `proofs`, or to `out` as well if that is `None`; there they stand
/// in place of the records that are left out. Reads the log once, in constant memory.
/// `progress` is called now and then with the records that were looked at, and of how many.
///
/// # Errors
/// See [`ExportError`].
pub async fn select(
    reader: &Reader,
    selection: &Selection,
    out: &mut (impl AsyncWrite + Unpin),
    proofs: Option<&mut (impl AsyncWrite + Unpin)>,
    mut progress: impl FnMut(u64, u64),
) -> Result<Exported, ExportError> {
    let Selection { filter, format, checkpoint } = selection;
    let expected = checkpoint.as_ref().map_or_else(|| reader.head(), Checkpoint::head);
    let mut sink = Sink { out: BufWriter::with_capacity(BUFFER, out), proofs: proofs.map(BufWriter::new) };
    sink.out.write_all(&format.heading()?).await?;
    let (mut tree, mut gap, mut prev, mut records) = (Tree::default(), None::<OpenGap>, None, 0);
    let mut lines = reader.lines(..expected.size);
    while let Some(line) = lines.try_next().await? {
        let leaf = Hash::leaf(&line.bytes);
        // Without a filter the record need not be read, except for its columns.
        let record = line.record_if(!filter.is_everything() || *format != Format::Jsonl)?;
        if record.as_ref().is_none_or(|record| filter.takes(record)) {
            if let Some(gap) = gap.take() {
                sink.prove(&GapLine::new(OpenGap::end(gap))).await?;
            }
            format.row(record.as_ref(), line.bytes, leaf, &mut sink.out).await?;
            (prev, records) = (Some(leaf), records + 1);
        } else {
            gap.get_or_insert_with(|| OpenGap::begin(&tree, prev.take())).push(leaf);
        }
        tree.push(leaf);
        if tree.size().is_multiple_of(PROGRESS) {
            progress(tree.size(), expected.size);
        }
    }
    progress(tree.size(), expected.size);
    let found = tree.head();
    if found != expected {
        return Err(ExportError::Changed { expected, found });
    }
    if let Some(gap) = gap {
        sink.prove(&GapLine::new(gap.end())).await?;
    }
    sink.prove(&HeadLine {
        checkpoint: checkpoint.as_ref().map(|checkpoint| checkpoint.as_str().to_owned()),
        filter: (!filter.is_everything()).then(|| filter.clone()),
        ..HeadLine::new(expected)
    })
    .await?;
    sink.flush().await?;
    Ok(Exported { head: expected, records })
}

/// Where an export goes.
struct Sink<O, P> {
    out: BufWriter<O>,
    proofs: Option<BufWriter<P>>,
}

impl<O: AsyncWrite + Unpin, P: AsyncWrite + Unpin> Sink<O, P> {
    async fn prove(&mut self, line: &impl serde::Serialize) -> std::io::Result<()> {
        let mut bytes = encode(line)?;
        bytes.push(b'\n');
        match &mut self.proofs {
            Some(proofs) => proofs.write_all(&bytes).await,
            None => self.out.write_all(&bytes).await,
        }
    }

    async fn flush(&mut self) -> std::io::Result<()> {
        self.out.flush().await?;
        match &mut self.proofs {
            Some(proofs) => proofs.flush().await,
            None => Ok(()),
        }
    }
}

impl Format {
    /// What an export begins with.
    fn heading(self) -> std::io::Result<Vec<u8>> {
        if self == Self::Csv { csv::heading() } else { Ok(Vec::new()) }
    }

    async fn row(
        self,
        record: Option<&Record>,
        mut line: Vec<u8>,
        leaf: Hash,
        out: &mut (impl AsyncWrite + Unpin),
    ) -> std::io::Result<()> {
        let row = match (self, record) {
            (Self::Csv, Some(record)) => csv::row(record, &line, leaf)?,
            (Self::Ocsf, Some(record)) => ocsf::row(record, &line, leaf)?,
            _ => {
                line.push(b'\n');
                line
            }
        };
        out.write_all(&row).await
    }
}

/// The record's line in an OCSF event, if the event is what that record is exported as.
pub(crate) fn line_of_ocsf(event: &[u8]) -> Option<Result<Vec<u8>, Altered>> {
    let line = ocsf::line(event)?;
    let same = parse(&line).is_ok_and(|record| {
        ocsf::row(&record, &line, Hash::leaf(&line)).is_ok_and(|row| row.strip_suffix(b"\n") == Some(event))
    });
    Some(if same { Ok(line) } else { Err(Altered(line)) })
}

/// A row shows something else than the record in it, which this is the line of.
pub(crate) struct Altered(pub(crate) Vec<u8>);
