//! `standby audit restore` and `standby serve --restore`: a store that was lost, made again from its replica.

use std::{
    io::{BufReader, Write},
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use commands::aws::{Bucket, Network, Version};
use serde_json::json;
use storage::{
    Actor, Clock, Entry, Fault, Origin, PublicKeys,
    tiles::{self, Folder},
    verify::{Trust, verify_with},
};
use tempfile::TempDir;

use super::replica::{Checkpoints, CopyError, Held, checkpoints, copy, versions};
use crate::{cli::RestoreArgs, config::Config, failure::Failure, terminal::own_name};

/// Versions that are told one by one.
const SHOWN: usize = 20;

/// A restore: from where, to where, and who is believed.
#[derive(Debug)]
pub struct Restore {
    /// The replica's bucket.
    pub bucket: Bucket,
    /// The store's folder, which must not have a log.
    pub store: PathBuf,
    /// Keys that are trusted to have signed the replica.
    pub keys: PublicKeys,
    /// Version ids of checkpoints that people have looked at and left out.
    pub except: Vec<String>,
    /// Wall-clock time.
    pub clock: Clock,
    /// Who restores.
    pub actor: Actor,
}

/// Runs the command.
pub(super) async fn restore(args: RestoreArgs, out: &mut impl Write) -> Result<(), Failure> {
    let path = &args.config.config;
    let config = Config::load(path)?;
    let actor = Actor::Terminal { user: own_name().await };
    let restore = configured(&config, path, args.keys.as_deref(), actor).await?;
    let restore = Restore { except: args.except, ..restore };
    if args.dry_run { restore.verify(out).await.map(drop) } else { restore.run(out).await }
}

/// Restores the configuration's store if it has no log: before the bot serves, on a host whose disk does not outlive it.
pub(crate) async fn restore_lost(config: &Config, path: &Path, keys: Option<&Path>) -> Result<(), Failure> {
    let mut said = Vec::new();
    let outcome = configured(config, path, keys, Actor::Bot).await?.run_if_lost(&mut said).await;
    for line in String::from_utf8_lossy(&said).lines() {
        match outcome {
            Ok(()) => tracing::info!("{line}"),
            Err(_) => tracing::error!("{line}"),
        }
    }
    outcome
}

/// Whether a bot may serve with the store of the configuration at that path, without restoring anything. A store without a log beside a replica that has, or
/// had, one is a store that was lost: a new log would be another history. Where the bucket does not say, the bot may: it is for the day on which things do not
/// answer, and puts nothing over a history that is not its own.
///
/// # Errors
/// When the store has no log, and the bucket has, or had, a replica.
pub async fn may_begin(config: &Config, path: &Path, network: &Network, clock: Clock) -> Result<(), Failure> {
    let store = &config.store.path;
    let Some(replica) = config.audit.replica.as_ref().filter(|_| storage::restorable(store).is_ok()) else {
        return Ok(());
    };
    match checkpoints(&Bucket::connect(replica.place(), network, clock).await).await {
        Ok(found) if found.is_empty() => Ok(()),
        Ok(_) => Err(Failure::user(format!(
            "{}: store.path: {} has no log, and bucket {} has its replica; `standby audit restore` brings it back, or give audit.replica.prefix \
             another name for a new log",
            path.display(),
            store.display(),
            replica.bucket
        ))),
        Err(error) => {
            tracing::warn!(%error, "whether the replica has a log cannot be seen; a new one is begun");
            Ok(())
        }
    }
}

/// From the replica to the store, as the configuration at that path has them.
async fn configured(config: &Config, path: &Path, keys: Option<&Path>, actor: Actor) -> Result<Restore, Failure> {
    let replica = config.audit.replica.as_ref().ok_or_else(|| {
        Failure::user(format!("{}: audit.replica is missing: it names the bucket to restore from", path.display()))
    })?;
    let clock = Clock::system();
    Ok(Restore {
        bucket: Bucket::connect(replica.place(), &Network::system()?, clock.clone()).await,
        store: config.store.path.clone(),
        keys: trusted(config, path, keys)?,
        except: Vec::new(),
        clock,
        actor,
    })
}

/// The keys in the file, and the one that signs now: the newest checkpoints are its own, whoever signed the first.
fn trusted(config: &Config, path: &Path, keys: Option<&Path>) -> Result<PublicKeys, Failure> {
    let own = config.signing_key(path, |name| std::env::var(name).ok());
    let mut text = match keys {
        Some(path) => std::fs::read_to_string(path).map_err(|error| {
            Failure::user(format!("{} cannot be read: {error}; name a readable file", path.display()))
        })?,
        None => String::new(),
    };
    match own {
        Ok(Some(key)) => text.push_str(&format!("\n{}\n", key.public())),
        Err(error) if text.is_empty() => return Err(error.into()),
        _ => {}
    }
    text.parse().map_err(|error| Failure::user(format!("no key to verify the replica with: {error}; give --keys")))
}

/// A replica that was fetched and verified.
struct Verified {
    /// Where it is.
    folder: TempDir,
    /// The checkpoint that it is verified against.
    held: Held,
    checkpoints: Checkpoints,
}

impl Restore {
    /// Restores the store unless it has a log; where the replica has none either, there is nothing to restore, and the log is one that begins.
    ///
    /// # Errors
    /// When whether there is a replica cannot be seen, or it is not sound. Without knowing what came before, nobody may go on.
    pub async fn run_if_lost(&self, out: &mut impl Write) -> Result<(), Failure> {
        if storage::restorable(&self.store).is_err() {
            return writeln!(out, "{} has a log: nothing is restored", self.store.display())
                .context("failed to write")
                .map_err(Failure::from);
        }
        let bucket = &self.bucket.place().bucket;
        let found = checkpoints(&self.bucket).await.map_err(|error| {
            let error = anyhow::Error::from(error);
            Failure::user(format!("whether bucket {bucket} has the log's replica cannot be seen, and without it the bot does not start: {error:#}"))
        })?;
        if !found.is_empty() {
            tracing::info!(bucket, store = %self.store.display(), "the store has no log: its replica is fetched and verified");
            return self.run(out).await;
        }
        writeln!(out, "{} has no log, and bucket {bucket} no replica: a new log begins", self.store.display())
            .context("failed to write")?;
        Ok(())
    }

    /// Fetches the replica, verifies it, makes the store from it, and records that.
    ///
    /// # Errors
    /// When the store has a log, or the replica is not sound; nothing is in the store then.
    pub async fn run(&self, out: &mut impl Write) -> Result<(), Failure> {
        storage::restorable(&self.store).map_err(failed)?;
        let Verified { folder, held, checkpoints, .. } = self.verify(out).await?;
        let Held { version, checkpoint } = held;
        let others = checkpoints.others.iter().take(SHOWN).map(|other| json!({ "at": other.at, "version": other.id }));
        let data = json!({
            "bucket": self.bucket.place().bucket,
            "checkpoint": checkpoint.as_str(),
            "except": self.except,
            "ignored": checkpoints.others.len(),
            "ignored_versions": others.collect::<Vec<_>>(),
            "prefix": self.bucket.place().prefix,
            "version": version.id,
        });
        let origin = match self.actor {
            Actor::Bot => Origin::System,
            Actor::Slack { .. } | Actor::Terminal { .. } => Origin::Terminal,
        };
        let entry = Entry {
            actor: self.actor.clone(),
            origin,
            application: None,
            run: None,
            step: None,
            event: "log.restored".to_owned(),
            dedupe: None,
            data,
        };
        let copied = Folder::open(folder.path()).context("failed to read the copy")?;
        let seq = storage::restore(&self.store, copied, entry, self.clock.clone()).await.map_err(failed)?;
        // What the bot finds there next is what it goes on from.
        if !version.is_latest {
            self.bucket.put(tiles::CHECKPOINT, checkpoint.as_str().into()).await.map_err(failed)?;
        }
        writeln!(
            out,
            "restored to {}; record {seq} says so, and what came after the checkpoint is lost",
            self.store.display()
        )
        .context("failed to write")?;
        Ok(())
    }

    /// Fetches the replica into a folder of its own and verifies it: the newest signed state, with which every older one must agree.
    async fn verify(&self, out: &mut impl Write) -> Result<Verified, Failure> {
        let checkpoints = Checkpoints::of(&self.bucket, &self.keys, &self.except).await.map_err(failed)?;
        let others = checkpoints.others.len();
        for other in checkpoints.others.iter().take(SHOWN) {
            writeln!(out, "ignored: {}, which no trusted key signed", told(other)).context("failed to write")?;
        }
        if others > SHOWN {
            writeln!(out, "ignored: {} older ones like these", others - SHOWN).context("failed to write")?;
        }
        let bucket = &self.bucket.place().bucket;
        let held = checkpoints.signed.first().cloned().ok_or_else(|| {
            Failure::user(format!(
                "bucket {bucket} has no checkpoint that a trusted key signed; check audit.replica and --keys"
            ))
        })?;
        // On the store's own disk, which has the room.
        let folder = if self.store.is_dir() { TempDir::new_in(&self.store) } else { TempDir::new() };
        let folder = folder.context("failed to make a folder for the copy")?;
        let versions = versions(&self.bucket).await.map_err(failed)?;
        let (mut faults, mut suspect, mut lacks_keys) = (Vec::new(), &held.version, false);
        for nth in 0.. {
            match copy(&self.bucket, &versions, &held.checkpoint, nth, folder.path()).await {
                Ok(true) => {}
                Ok(false) => break,
                Err(missing @ CopyError::Missing(_)) => {
                    faults = vec![missing.to_string()];
                    break;
                }
                Err(error) => return Err(failed(error)),
            }
            let copied = Folder::open(folder.path()).context("failed to read the copy")?;
            let witnesses = checkpoints.signed.iter().map(|held| held.checkpoint.clone()).collect();
            let trust = Trust { keys: Some(self.keys.clone()), witnesses, ..Trust::default() };
            match verify_with(BufReader::new(copied), None::<std::io::Empty>, trust) {
                Ok(report) => {
                    writeln!(out, "verified {}, signed in {}", report.head, told(&held.version))
                        .context("failed to write")?;
                    return Ok(Verified { folder, held, checkpoints });
                }
                Err(found) => {
                    suspect = found.iter().find_map(|fault| at_odds(fault, &checkpoints)).unwrap_or(&held.version);
                    lacks_keys = found.iter().any(|fault| matches!(fault, Fault::Key { .. } | Fault::Unsigned { .. }));
                    faults = found.iter().map(Fault::to_string).collect();
                }
            }
        }
        for fault in faults {
            writeln!(out, "{fault}").context("failed to write")?;
        }
        let advice = match lacks_keys {
            true => "refused: the log was signed by keys that are not trusted here; give --keys with every public key that it has had, the first one above all"
                .to_owned(),
            false => format!(
                "refused: a trusted key signed {}, and the log in the bucket is not what it counts; if that version is the one that does not belong \
                 there, leave it out with --except {}",
                told(suspect),
                suspect.id
            ),
        };
        writeln!(out, "{advice}").context("failed to write")?;
        Err(Failure::Found)
    }
}

/// The checkpoint that the log does not agree with, where the fault is about one.
fn at_odds<'a>(fault: &Fault, checkpoints: &'a Checkpoints) -> Option<&'a Version> {
    let (Fault::Rewritten { kept, .. } | Fault::CutBefore { kept, .. }) = fault else { return None };
    checkpoints.signed.iter().find(|held| held.checkpoint.head() == *kept).map(|held| &held.version)
}

/// A version as people find it again.
fn told(version: &Version) -> String {
    let at = version.at.map(|at| format!(", put there {at}")).unwrap_or_default();
    format!("version {} of {}{at}", version.id, version.name)
}

fn failed(error: impl Into<anyhow::Error>) -> Failure {
    Failure::user(format!("{:#}", error.into()))
}
