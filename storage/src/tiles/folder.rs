//! A folder in that layout, read back: the same bytes as an export of the whole log.

use std::{
    fs,
    io::{self, Cursor, Read},
    path::{Path, PathBuf},
};

use super::{CHECKPOINT, bundle, large_name};
use crate::{
    Checkpoint,
    line::{HeadLine, encode},
};

/// A folder with a checkpoint and the bundles of its records. Reading it gives an export: the lines, and a last one with the checkpoint. The tiles are not
/// looked at: they are hashes of the records.
#[derive(Debug)]
pub struct Folder {
    dir: PathBuf,
    checkpoint: Checkpoint,
    /// Bundles that are still to be read.
    bundles: std::vec::IntoIter<(u64, String)>,
    has_ended: bool,
    chunk: Cursor<Vec<u8>>,
}

impl Folder {
    /// Opens it.
    ///
    /// # Errors
    /// When its checkpoint cannot be read, or is none.
    pub fn open(dir: &Path) -> io::Result<Self> {
        let checkpoint = Checkpoint::parse(&fs::read_to_string(dir.join(CHECKPOINT))?).map_err(io::Error::other)?;
        let bundles = bundle::names(checkpoint.head().size).collect::<Vec<_>>().into_iter();
        Ok(Self { dir: dir.to_owned(), checkpoint, bundles, has_ended: false, chunk: Cursor::default() })
    }

    /// Its checkpoint.
    pub fn checkpoint(&self) -> &Checkpoint {
        &self.checkpoint
    }

    /// The lines of the next bundle, with their newlines; none after the last.
    pub(crate) fn next_lines(&mut self) -> io::Result<Option<Vec<u8>>> {
        let Some((first, name)) = self.bundles.next() else { return Ok(None) };
        let bytes = self.read_file(&name)?;
        let entries = bundle::entries(&bytes).ok_or_else(|| invalid(&name))?;
        let mut lines = Vec::with_capacity(bytes.len());
        for (number, entry) in (first..).zip(entries) {
            match entry {
                [] => lines.extend(self.read_file(&large_name(number))?),
                entry => lines.extend_from_slice(entry),
            }
            lines.push(b'\n');
        }
        Ok(Some(lines))
    }

    fn read_file(&self, name: &str) -> io::Result<Vec<u8>> {
        let path = self.dir.join(name);
        fs::read(&path).map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", path.display())))
    }

    fn head_line(&self) -> io::Result<Vec<u8>> {
        let checkpoint = Some(self.checkpoint.as_str().to_owned());
        let mut line = encode(&HeadLine { checkpoint, ..HeadLine::new(self.checkpoint.head()) })?;
        line.push(b'\n');
        Ok(line)
    }
}

impl Read for Folder {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let read = self.chunk.read(buffer)?;
            if read > 0 || buffer.is_empty() || self.has_ended {
                return Ok(read);
            }
            let lines = self.next_lines()?;
            self.has_ended = lines.is_none();
            self.chunk = Cursor::new(lines.map_or_else(|| self.head_line(), Ok)?);
        }
    }
}

fn invalid(name: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("{name} is not a bundle of records"))
}
