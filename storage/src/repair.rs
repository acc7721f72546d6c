//! Taking a damaged log into use again, without losing a byte of it or hiding that it happened.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::{
    Actor, AppendError, Clock, Damage, Entry, Hash, Log, OpenError, Origin, blocking,
    layout::{Layout, sync_dir},
    scan::Scan,
};

/// What was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Repair {
    /// The log is sound; nothing was changed.
    Nothing,
    /// The log goes on from its last sound record, and record `seq` says so.
    SetAside {
        /// The number of the first record that is not in the log any more, and of the one that says so.
        seq: u64,
        /// Where everything from there on is kept.
        folder: PathBuf,
    },
}

/// Why a log was not repaired.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RepairError {
    /// It is in use, of a newer version, or cannot be read: nothing was changed.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// What is damaged could not be set aside. Nothing is lost: it is where it was, or in the folder.
    #[error("failed to set what is damaged aside")]
    Io(#[from] io::Error),
    /// The record that says what was done could not be appended.
    #[error("failed to record the repair")]
    Append(#[from] AppendError),
}

/// What was found, before anything is changed.
struct Found {
    /// The number of the first record that is not sound.
    record: u64,
    /// The segment that it is in, and how much of that is sound.
    segment: Option<(PathBuf, u64)>,
    damage: String,
}

/// Repairs the log in a folder. What is sound stays as it is; from the first record on that is not what was written, everything is moved into
/// a folder beside, and a record `log.repaired` says what, where, and what it hashes to.
///
/// `actor` is who says so.
///
/// A checkpoint that counts records which were set aside will not agree with the log any more: that is as it should be.
///
/// # Errors
/// See [`RepairError`].
pub async fn repair(dir: &Path, clock: Clock, actor: Actor) -> Result<Repair, RepairError> {
    let layout = Layout::new(dir);
    let moved = blocking::run(move || {
        let _lock = layout.lock()?;
        match find(&layout)? {
            Some(found) => {
                set_aside(&layout, &found).map(|(folder, files)| Some((found, folder, files))).map_err(RepairError::Io)
            }
            None => Ok(None),
        }
    });
    let Some((found, folder, files)) = moved.await?? else { return Ok(Repair::Nothing) };
    let log = Log::open(dir, clock).await?;
    let data = json!({ "damage": found.damage, "files": files, "folder": folder.file_name().map(|name| name.to_string_lossy()) });
    let entry = Entry {
        actor,
        origin: Origin::Terminal,
        application: None,
        run: None,
        step: None,
        event: "log.repaired".to_owned(),
        dedupe: None,
        data,
    };
    let appended = log.append(entry).await;
    log.close().await;
    appended?;
    Ok(Repair::SetAside { seq: found.record, folder })
}

/// Where the log stops to be sound, if it does.
fn find(layout: &Layout) -> Result<Option<Found>, OpenError> {
    let head = layout.read_head()?;
    let scan = Scan::run(layout, &[head], None);
    let last = scan.as_ref().ok().and_then(|scan| scan.last.as_ref());
    let last = last.map(|last| (last.path.clone(), last.bytes, last.tail.is_some()));
    match scan.and_then(|scan| scan.check(layout, head)) {
        // A torn tail alone is cut off when the log is opened.
        Ok(()) => Ok(None),
        Err(OpenError::Damaged { file, line, record, damage }) => {
            let (file, line, record) = match damage {
                Damage::Prev if record > 0 => one_before(layout, file, line, record)?,
                _ => (file, line, record),
            };
            let sound = match damage {
                Damage::Name => 0,
                _ => offset(&file, line).map_err(|source| OpenError::Io { path: file.clone(), source })?,
            };
            Ok(Some(Found { record, segment: Some((file, sound)), damage: damage.to_string() }))
        }
        Err(OpenError::Rewritten { head, found, .. }) => {
            let damage = format!("the head file counts {head}, the segments hold {found}");
            // Every record but the last is vouched for by the one after it. So if there are as many, it is the last, or the head file.
            let takes_last = head.size == found.size;
            let segment = match last {
                Some((path, bytes, _)) if takes_last => {
                    let before = before_last_line(&path, bytes);
                    Some((path.clone(), before.map_err(|source| OpenError::Io { path, source })?))
                }
                Some((path, bytes, true)) => Some((path, bytes)),
                _ => None,
            };
            Ok(Some(Found { record: found.size - u64::from(takes_last && segment.is_some()), segment, damage }))
        }
        Err(other) => Err(other),
    }
}

/// The record before one that does not follow on it: which of the two was changed cannot be told, so neither is taken for sound.
fn one_before(layout: &Layout, file: PathBuf, line: u64, record: u64) -> Result<(PathBuf, u64, u64), OpenError> {
    if line > 1 {
        return Ok((file, line - 1, record - 1));
    }
    let io = |path: &Path| {
        let path = path.to_owned();
        move |source| OpenError::Io { path, source }
    };
    let segments = layout.list().map_err(io(&layout.segments()))?;
    let before = segments.into_iter().map(|segment| segment.path).rfind(|path| *path < file);
    let Some(before) = before else { return Ok((file, line, record)) };
    let lines = fs::read(&before).map_err(io(&before))?.iter().filter(|&&byte| byte == b'\n').count();
    Ok((before, lines as u64, record - 1))
}

/// Where a line begins.
fn offset(file: &Path, line: u64) -> io::Result<u64> {
    let bytes = fs::read(file)?;
    let before = usize::try_from(line.saturating_sub(1)).unwrap_or(usize::MAX);
    Ok(bytes.split_inclusive(|&byte| byte == b'\n').take(before).map(|line| line.len() as u64).sum())
}

/// Where the last complete line begins, in the first `bytes` of a file.
fn before_last_line(file: &Path, bytes: u64) -> io::Result<u64> {
    let text = fs::read(file)?;
    let text = text.get(..usize::try_from(bytes).unwrap_or(usize::MAX)).unwrap_or(&text);
    let lines = text.strip_suffix(b"\n").unwrap_or(text);
    Ok(lines.iter().rposition(|&byte| byte == b'\n').map_or(0, |at| at as u64 + 1))
}

/// Keeps everything that is not sound in a folder of its own, and then takes it out of the log.
fn set_aside(layout: &Layout, found: &Found) -> io::Result<(PathBuf, Vec<Value>)> {
    let folder = free(layout.dir());
    fs::create_dir(&folder)?;
    let mut files = Vec::new();
    let first = found.segment.as_ref().map(|(path, _)| path);
    let mut doomed: Vec<PathBuf> = layout.list()?.into_iter().map(|segment| segment.path).collect();
    doomed.retain(|path| first.is_some_and(|first| path >= first));
    let head = layout.dir().join("head.json");
    for path in doomed.iter().chain(head.exists().then_some(&head)) {
        let bytes = fs::read(path)?;
        let name = path.file_name().unwrap_or_default();
        let copy = folder.join(name);
        fs::write(&copy, &bytes)?;
        fs::File::open(&copy)?.sync_all()?;
        let sha256 = Hash::from(<[u8; 32]>::from(Sha256::digest(&bytes)));
        files.push(json!({ "bytes": bytes.len(), "name": name.to_string_lossy(), "sha256": sha256 }));
    }
    sync_dir(&folder)?;
    sync_dir(layout.dir())?;
    // From the end, so that what is left is always the beginning of the log.
    for path in doomed.iter().rev() {
        match &found.segment {
            Some((segment, sound)) if segment == path && *sound > 0 => {
                let file = fs::File::options().write(true).open(path)?;
                file.set_len(*sound)?;
                file.sync_all()?;
            }
            _ => fs::remove_file(path)?,
        }
    }
    sync_dir(&layout.segments())?;
    if head.exists() {
        fs::remove_file(&head)?;
    }
    sync_dir(layout.dir())?;
    Ok((folder, files))
}

/// The first name that is not taken.
fn free(dir: &Path) -> PathBuf {
    (1_u64..)
        .map(|n| dir.join(format!("damaged-{n}")))
        .find(|path| !path.exists())
        .unwrap_or_else(|| dir.join("damaged"))
}
