//! Where a log is, and who has it open: what is asked about it is recorded by the running bot, or on the store itself.

use std::{io::Write, path::PathBuf, sync::Arc};

use anyhow::Context as _;

use storage::{Actor, Checkpoint, Clock, Log, OpenError, Origin, Personal, Reader, Repair, SigningKey};

use super::auditor::{Asker, Auditor, LogAsk};
use crate::{
    cli::StoreArg,
    config::Config,
    failure::Failure,
    terminal::{self, Opening, Said, own_name},
};

/// A log that the command line names.
pub(super) struct Place {
    store: PathBuf,
    socket: PathBuf,
    key: Option<Arc<SigningKey>>,
}

impl Place {
    /// Finds it. With a folder alone, there is no key.
    pub(super) fn of(arg: &StoreArg) -> Result<Self, Failure> {
        match (&arg.store, &arg.config) {
            (Some(store), _) => Ok(Self { socket: store.join("standby.sock"), store: store.clone(), key: None }),
            (None, Some(path)) => {
                let config = Config::load(path)?;
                let socket = config.socket();
                // The bot has the key open; without the bot, whoever may read the key signs.
                let key = config.signing_key(path, |name| std::env::var(name).ok());
                let key = key.unwrap_or_else(|error| {
                    tracing::debug!(%error, "the signing key cannot be used here");
                    None
                });
                Ok(Self { socket, store: config.store.path, key })
            }
            (None, None) => Err(Failure::user("no log is named; give --config or --store")),
        }
    }

    /// Reads the log, beside whoever writes it.
    pub(super) async fn reader(&self) -> Result<Reader, Failure> {
        Reader::open(&self.store).await.map_err(|error| match error {
            OpenError::Io { path, source } => {
                Failure::user(format!("{} cannot be read: {source}; name the store's folder", path.display()))
            }
            error => Failure::user(format!("{:#}", anyhow::Error::from(error))),
        })
    }

    /// What of people is kept beside the log.
    pub(super) fn personal(&self) -> Personal {
        Personal::of(&self.store)
    }

    /// Asks whoever has the log open, or opens it to do what is asked.
    pub(super) async fn ask(&self, ask: LogAsk) -> Result<Option<Checkpoint>, Failure> {
        match terminal::connect(&self.socket).await? {
            Some(stream) => over(terminal::link(stream, Opening::Log(ask))).await,
            None => self.alone(ask).await,
        }
    }

    /// Records that the log is read or exported. Where that cannot be, the person is told, and may read all the same: a copy
    /// on a read-only medium has nobody to record it.
    pub(super) async fn record(&self, ask: LogAsk) -> Option<Checkpoint> {
        match self.ask(ask).await {
            Ok(checkpoint) => checkpoint,
            Err(failure) => {
                tracing::warn!("this is not recorded in the log: {failure}");
                None
            }
        }
    }

    /// Sets aside what is damaged; tells what was done.
    pub(super) async fn repair(&self, out: &mut impl Write) -> Result<(), Failure> {
        self.is_there()?;
        let repaired = storage::repair(&self.store, Clock::system(), Actor::Terminal { user: own_name().await }).await;
        let told = match repaired.map_err(|error| Failure::user(format!("{:#}", anyhow::Error::from(error))))? {
            Repair::Nothing => "the log is sound; nothing was changed".to_owned(),
            Repair::SetAside { seq, folder } => format!(
                "the log goes on at record {seq}, which says so; what stood there is kept in {}. Checkpoints that count it will not agree any more.",
                folder.display()
            ),
        };
        writeln!(out, "{told}").context("failed to write")?;
        Ok(())
    }

    /// To open a log is to create it.
    fn is_there(&self) -> Result<(), Failure> {
        match self.store.join("segments").is_dir() {
            true => Ok(()),
            false => Err(Failure::user(format!("{} has no log; name the store's folder", self.store.display()))),
        }
    }

    async fn alone(&self, ask: LogAsk) -> Result<Option<Checkpoint>, Failure> {
        self.is_there()?;
        let failed = |error: anyhow::Error| Failure::user(format!("{error:#}"));
        let log = Log::open(&self.store, Clock::system()).await.map_err(|error| failed(error.into()))?;
        let asker = Asker { actor: Actor::Terminal { user: own_name().await }, origin: Origin::Terminal };
        let answer = Auditor::new(log.clone(), self.key.clone()).answer(ask, asker).await;
        log.close().await;
        answer.map_err(|error| failed(error.into()))
    }
}

/// What the bot answers: the checkpoint, or why not.
async fn over(link: terminal::Link) -> Result<Option<Checkpoint>, Failure> {
    let terminal::Link { typed: _typed, mut said } = link;
    let mut text = None;
    while let Some(said) = said.recv().await {
        match said {
            Said::Text(said) | Said::Prompt(said) => text = Some(said),
            Said::End(true) => return Ok(text.and_then(|note| Checkpoint::parse(&note).ok())),
            Said::End(false) => break,
        }
    }
    Err(Failure::user(text.unwrap_or_else(|| "the bot went away".to_owned())))
}
