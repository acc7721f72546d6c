//! Exporting the log, for anybody to verify without it.

use tokio::io::{AsyncWrite, AsyncWriteExt};

use futures::TryStreamExt;

use crate::{
    Hash, Head, ReadError, Reader,
    hash::Tree,
    line::{HeadLine, encode},
};

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

/// Writes the lines of the log as they are, and then a line with its head. Answers the head.
///
/// # Errors
/// See [`ExportError`].
pub async fn write(reader: &Reader, out: &mut (impl AsyncWrite + Unpin)) -> Result<Head, ExportError> {
    let (expected, mut tree) = (reader.head(), Tree::default());
    let mut lines = reader.lines(..expected.size);
    while let Some(mut line) = lines.try_next().await? {
        tree.push(Hash::leaf(&line.bytes));
        line.bytes.push(b'\n');
        out.write_all(&line.bytes).await?;
    }
    let found = tree.head();
    if found != expected {
        return Err(ExportError::Changed { expected, found });
    }
    let mut last = encode(&HeadLine::new(expected)).map_err(std::io::Error::from)?;
    last.push(b'\n');
    out.write_all(&last).await?;
    out.flush().await?;
    Ok(expected)
}
