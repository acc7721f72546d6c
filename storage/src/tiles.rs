//! The log as a folder in the layout of [C2SP tlog-tiles](https://c2sp.org/tlog-tiles), which any client of such logs reads.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use futures::TryStreamExt;
use tlog_tiles::Tile;

use crate::{Checkpoint, ReadError, Reader, proof::Made};

/// Height of tiles: 256 hashes each.
const HEIGHT: u8 = 8;
/// Records of a full bundle.
const BUNDLE: u64 = 1 << HEIGHT;

/// Why the folder was not written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TilesError {
    /// The log could not be read.
    #[error("failed to read the log")]
    Read(#[from] ReadError),
    /// The folder could not be written.
    #[error("failed to write the folder")]
    Write(#[from] io::Error),
    /// The tree's hashes are not those of the log.
    #[error("failed to make tiles: {0}")]
    Tile(#[from] tlog_tiles::Error),
    /// A record is longer than the layout's bundles take.
    #[error("record {0} is longer than 65,535 bytes, which bundles of entries cannot hold")]
    TooLong(u64),
}

/// Writes the first records, as many as the checkpoint counts, as tiles and bundles, and then the checkpoint itself. What is in the folder
/// already is kept: full tiles never change.
///
/// # Errors
/// See [`TilesError`].
pub async fn write(reader: &Reader, checkpoint: &Checkpoint, dir: &Path) -> Result<(), TilesError> {
    let size = checkpoint.head().size;
    let made = Made::of(reader, size).await?;
    for tile in Tile::new_tiles(HEIGHT, 0, size) {
        put(&dir.join(path(&tile)), || Ok(tile.read_data(&made)?))?;
    }
    let (mut bundle, mut number) = (Vec::new(), 0);
    let mut lines = reader.lines(..size);
    while let Some(line) = lines.try_next().await? {
        let length = u16::try_from(line.bytes.len()).map_err(|_| TilesError::TooLong(number))?;
        bundle.extend_from_slice(&length.to_be_bytes());
        bundle.extend_from_slice(&line.bytes);
        number += 1;
        if number % BUNDLE == 0 || number == size {
            let full = std::mem::take(&mut bundle);
            put(&dir.join(entries(number)), || Ok(full))?;
        }
    }
    fs::write(dir.join("checkpoint"), checkpoint.as_str())?;
    Ok(())
}

/// Where a tile lies. All have one height, so that the layout leaves it out.
fn path(tile: &Tile) -> PathBuf {
    let path = tile.path();
    let rest = path.strip_prefix("tile/8/").unwrap_or(&path);
    Path::new("tile").join(rest)
}

/// Where the bundle lies that ends with record `end` - 1.
fn entries(end: u64) -> PathBuf {
    let (first, width) = ((end - 1) / BUNDLE, (end - 1) % BUNDLE + 1);
    let mut tile = Tile::new(HEIGHT, 0, first, u32::try_from(width).unwrap_or_default(), false);
    tile.set_is_data();
    let path = tile.path();
    Path::new("tile/entries").join(path.strip_prefix("tile/8/data/").unwrap_or(&path))
}

fn put(path: &Path, bytes: impl FnOnce() -> Result<Vec<u8>, TilesError>) -> Result<(), TilesError> {
    if path.exists() {
        return Ok(());
    }
    if let Some(dir) = path.parent() {
        fs::create_dir_all(dir)?;
    }
    Ok(fs::write(path, bytes()?)?)
}
