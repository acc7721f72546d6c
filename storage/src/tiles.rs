//! The log as files in the layout of [C2SP tlog-tiles](https://c2sp.org/tlog-tiles), which any client of such logs reads.

mod bundle;
mod folder;

use std::{fs, io, path::Path};

use futures::{Stream, StreamExt, TryStreamExt, stream};
use tlog_tiles::Tile;

pub use self::{
    bundle::{Bundle, large_in, large_name, names},
    folder::Folder,
};
use crate::{Checkpoint, Head, ReadError, Reader, proof};

/// Height of tiles: 256 hashes each.
const HEIGHT: u8 = 8;
/// The name of the checkpoint.
pub const CHECKPOINT: &str = "checkpoint";
/// What the names of bundles begin with.
pub const ENTRIES: &str = "tile/entries/";
/// What the names of records begin with that are too long for a bundle.
pub const LARGE: &str = "large/";

/// Why the log could not be written in that layout.
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
}

/// A file of the layout.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    /// Its path, such as `tile/entries/000.p/17`.
    pub name: String,
    /// What it holds.
    pub bytes: Vec<u8>,
}

/// Everything but the checkpoint that a log of `from` records lacks to be the one with this head: bundles first, then the tiles over them. A file
/// that is full has the same bytes for ever; one that is not has its width in its name. So none is ever overwritten by another.
pub async fn added(
    reader: &Reader,
    from: u64,
    head: Head,
) -> Result<impl Stream<Item = Result<Object, TilesError>>, TilesError> {
    let hashes = proof::hashes(reader, head).await?;
    let tiles = stream::iter(Tile::new_tiles(HEIGHT, from, head.size))
        .map(move |tile| Ok(Object { name: name(&tile), bytes: tile.read_data(&hashes)? }));
    let reader = reader.clone();
    let bundles = stream::iter(bundle::ranges(from, head.size)).then(move |range| {
        let reader = reader.clone();
        async move {
            let (first, end) = (range.start, range.end);
            let lines: Vec<Vec<u8>> = reader.lines(range).map_ok(|line| line.bytes).try_collect().await?;
            Ok::<_, TilesError>(bundle::objects(first, end, &lines))
        }
    });
    let bundles = bundles.map_ok(|objects| stream::iter(objects).map(Ok)).try_flatten();
    Ok(bundles.chain(tiles))
}

/// Writes the first records, as many as the checkpoint counts, as tiles and bundles, and then the checkpoint itself. What is in the folder
/// already is kept.
///
/// # Errors
/// See [`TilesError`].
pub async fn write(reader: &Reader, checkpoint: &Checkpoint, dir: &Path) -> Result<(), TilesError> {
    let mut objects = std::pin::pin!(added(reader, 0, checkpoint.head()).await?);
    while let Some(object) = objects.try_next().await? {
        let path = dir.join(&object.name);
        if !path.exists() {
            put(&path, &object.bytes)?;
        }
    }
    Ok(put(&dir.join(CHECKPOINT), checkpoint.as_str().as_bytes())?)
}

/// Writes a file and the folders that it is in.
fn put(path: &Path, bytes: &[u8]) -> io::Result<()> {
    path.parent().map_or(Ok(()), fs::create_dir_all)?;
    fs::write(path, bytes)
}

/// Where a tile lies. All have one height, so that the layout leaves it out.
fn name(tile: &Tile) -> String {
    let path = tile.path();
    format!("tile/{}", path.strip_prefix("tile/8/").unwrap_or(&path))
}
