//! The replica fetched: of everything that was ever put under each name, what a signed checkpoint counts.
//!
//! Whoever may write to the bucket can put another version over an object, or hide it behind a mark of deletion; the versions below stay. Each record names
//! the one before by its hash. So from the last bundle backwards there is one version at most of each that fits.

use std::{collections::BTreeMap, fs, io, path::Path};

use commands::aws::{AwsError, Bucket, Version};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use storage::{
    Checkpoint, PublicKeys,
    tiles::{self, Bundle},
};

/// Objects that are fetched at the same time.
const AT_ONCE: usize = 16;

/// Why the replica was not fetched.
#[derive(Debug, thiserror::Error)]
pub(in crate::audit) enum CopyError {
    #[error(transparent)]
    Aws(#[from] AwsError),
    #[error("failed to write the copy")]
    Io(#[from] io::Error),
    #[error("no version of {0} in the bucket is what the records after it name")]
    Missing(String),
}

/// A checkpoint in the bucket.
#[derive(Debug, Clone)]
pub(in crate::audit) struct Held {
    pub(in crate::audit) version: Version,
    pub(in crate::audit) checkpoint: Checkpoint,
}

/// Every checkpoint that was ever put into the bucket.
#[derive(Debug, Default)]
pub(in crate::audit) struct Checkpoints {
    /// Those that a trusted key signed, the longest first.
    pub(in crate::audit) signed: Vec<Held>,
    /// What stands under their name and is nothing of the kind.
    pub(in crate::audit) others: Vec<Version>,
}

impl Checkpoints {
    /// Fetches them all but those with the version ids that are left out.
    pub(in crate::audit) async fn of(bucket: &Bucket, keys: &PublicKeys, except: &[String]) -> Result<Self, CopyError> {
        let mut versions = checkpoints(bucket).await?;
        versions.retain(|version| !except.contains(&version.id));
        let fetch = async |version: Version| Ok::<_, AwsError>((bucket.get_version(&version).await?, version));
        let mut fetched = stream::iter(versions).map(fetch).buffered(AT_ONCE);
        let mut found = Self::default();
        while let Some((bytes, version)) = fetched.try_next().await? {
            let parsed = Checkpoint::parse(&String::from_utf8_lossy(&bytes)).ok();
            match parsed.filter(|checkpoint| keys.signer_of(checkpoint).is_some()) {
                Some(checkpoint) => found.signed.push(Held { version, checkpoint }),
                None => found.others.push(version),
            }
        }
        found.signed.sort_by_key(|held| std::cmp::Reverse(held.checkpoint.head().size));
        Ok(found)
    }
}

/// Everything that was ever put under the checkpoint's name, whatever it is: none if the bucket never had the log's replica. A mark of deletion over it
/// changes nothing.
pub(in crate::audit) async fn checkpoints(bucket: &Bucket) -> Result<Vec<Version>, AwsError> {
    let mut versions = bucket.versions(tiles::CHECKPOINT).await?;
    versions.retain(|version| version.name == tiles::CHECKPOINT);
    Ok(versions)
}

/// The versions of each object that holds records, the oldest first.
pub(in crate::audit) async fn versions(bucket: &Bucket) -> Result<BTreeMap<String, Vec<Version>>, CopyError> {
    let mut versions: BTreeMap<String, Vec<Version>> = BTreeMap::new();
    for folder in [tiles::ENTRIES, tiles::LARGE] {
        for version in bucket.versions(folder).await?.into_iter().rev() {
            versions.entry(version.name.clone()).or_default().push(version);
        }
    }
    Ok(versions)
}

/// A bundle as some version has it, and the records that are too long for it.
struct Candidate {
    bytes: Vec<u8>,
    large: BTreeMap<u64, Vec<u8>>,
}

/// Writes what the checkpoint counts to a folder. Of the last bundle nothing in the bucket tells which version it is, so the `nth` that could be is taken;
/// answers whether there is one.
pub(in crate::audit) async fn copy(
    bucket: &Bucket,
    versions: &BTreeMap<String, Vec<Version>>,
    checkpoint: &Checkpoint,
    nth: usize,
    to: &Path,
) -> Result<bool, CopyError> {
    let names = tiles::names(checkpoint.head().size).rev();
    let fetch = async |(first, name): (u64, String)| {
        let candidates = candidates(bucket, versions, first, &name).await?;
        Ok::<_, CopyError>((first, name, candidates))
    };
    let mut bundles = stream::iter(names).map(fetch).buffered(AT_ONCE);
    let mut after: Option<Bundle> = None;
    while let Some((first, name, candidates)) = bundles.try_next().await? {
        let read = candidates.into_iter().filter_map(|candidate| {
            let bundle = Bundle::read(first, &candidate.bytes, |record| candidate.large.get(&record).cloned())?;
            Some((candidate, bundle))
        });
        let mut fits =
            read.filter(|(_, bundle)| after.as_ref().is_none_or(|after| after.prev() == Some(bundle.last())));
        let fit = if after.is_none() { fits.nth(nth) } else { fits.next() };
        let Some((candidate, bundle)) = fit else {
            return if after.is_none() && nth > 0 { Ok(false) } else { Err(CopyError::Missing(name)) };
        };
        put(to, &name, &candidate.bytes)?;
        candidate.large.iter().try_for_each(|(&record, line)| put(to, &tiles::large_name(record), line))?;
        after = Some(bundle);
    }
    put(to, tiles::CHECKPOINT, checkpoint.as_str().as_bytes())?;
    Ok(true)
}

/// What was put under a bundle's name, each once, the oldest first.
async fn candidates(
    bucket: &Bucket,
    versions: &BTreeMap<String, Vec<Version>>,
    first: u64,
    name: &str,
) -> Result<Vec<Candidate>, CopyError> {
    let mut candidates: Vec<Candidate> = Vec::new();
    for version in versions.get(name).into_iter().flatten() {
        let bytes = bucket.get_version(version).await?;
        if candidates.iter().any(|known| known.bytes == bytes) {
            continue;
        }
        let mut large = BTreeMap::new();
        for record in tiles::large_in(first, &bytes).unwrap_or_default() {
            if let Some(version) = versions.get(&tiles::large_name(record)).and_then(|versions| versions.first()) {
                large.insert(record, bucket.get_version(version).await?);
            }
        }
        candidates.push(Candidate { bytes, large });
    }
    Ok(candidates)
}

fn put(folder: &Path, name: &str, bytes: &[u8]) -> io::Result<()> {
    let path = folder.join(name);
    path.parent().map_or(Ok(()), fs::create_dir_all)?;
    fs::write(path, bytes)
}
