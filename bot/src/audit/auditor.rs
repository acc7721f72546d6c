//! What is recorded about the log itself: checkpoints, who read it, who exported it, which key follows which.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use storage::{
    Actor, AppendError, Appended, Checkpoint, Entry, Filter, Head, KeyError, Log, Opening, Origin, PublicKeys,
    SigningKey,
};

use super::host;

/// Who asks about the log, and from where.
#[derive(Debug, Clone)]
pub struct Asker {
    /// The person.
    pub actor: Actor,
    /// From where.
    pub origin: Origin,
}

/// What is asked for by the program's own command line, of the bot that has the log open.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogAsk {
    /// A checkpoint of the log as it is.
    Checkpoint,
    /// To record an export, and a checkpoint that covers that record.
    Export {
        /// Which records.
        filter: Box<Filter>,
        /// In which form.
        format: String,
    },
    /// To record that the log was read.
    Read {
        /// Which records: what was asked for.
        what: String,
    },
    /// To erase what is kept of a person. Whoever may read it may erase it, so it is given whole.
    Erase {
        /// What is kept.
        openings: Vec<Opening>,
    },
    /// To record what the key says of the one that follows it.
    Rotate {
        /// The note.
        statement: String,
    },
}

/// Why the log did not record what was asked.
#[derive(Debug, thiserror::Error)]
pub enum AuditorError {
    /// It takes no records.
    #[error(transparent)]
    Append(#[from] AppendError),
    /// There is no key.
    #[error("no signing key is configured: make one with `standby audit keygen` and name it in [audit]")]
    NoKey,
    /// Personal data.
    #[error("what is kept of people beside the log cannot be read or erased: {0}; try again")]
    Personal(#[from] std::io::Error),
    /// It was changed since it was shown, or is not there.
    #[error("that is not what is kept of {0} now; ask again")]
    NotKept(String),
    /// The key cannot sign.
    #[error("{0}")]
    Sign(String),
    /// The key that is replaced is not the one in use.
    #[error("the key in use does not introduce the new one: {0}")]
    Statement(#[from] KeyError),
}

/// Records what concerns the log itself.
#[derive(Debug, Clone)]
pub struct Auditor {
    log: Log,
    key: Option<Arc<SigningKey>>,
}

impl Auditor {
    /// An auditor of this log, whose checkpoints the key signs. Without a key there are none.
    pub fn new(log: Log, key: Option<Arc<SigningKey>>) -> Self {
        Self { log, key }
    }

    /// The log.
    pub fn log(&self) -> &Log {
        &self.log
    }

    /// Whether there is a key.
    pub fn signs(&self) -> bool {
        self.key.is_some()
    }

    /// Does what is asked for. Answers the checkpoint that was made, if one was.
    ///
    /// # Errors
    /// See [`AuditorError`].
    pub async fn answer(&self, ask: LogAsk, asker: Asker) -> Result<Option<Checkpoint>, AuditorError> {
        match ask {
            LogAsk::Checkpoint => {
                let key = self.key.as_ref().ok_or(AuditorError::NoKey)?;
                let entry = Entry { data: json!({ "reason": "asked" }), ..entry(asker) };
                checkpoint_of(self.log.checkpoint(key, entry).await?)
            }
            LogAsk::Export { filter, format } => self.exported(&filter, &format, asker).await,
            LogAsk::Read { what } => {
                self.note("log.read", json!({ "what": what }), asker).await?;
                Ok(None)
            }
            LogAsk::Erase { openings } => {
                self.erase(&openings, asker).await?;
                Ok(None)
            }
            LogAsk::Rotate { statement } => {
                let key = self.key.as_ref().ok_or(AuditorError::NoKey)?;
                key.public().parse::<PublicKeys>()?.follow(&statement)?;
                self.note("log.key-rotated", json!({ "statement": statement }), asker.clone()).await?;
                // The last one by this key: it covers the record of its own end.
                let entry = Entry { data: json!({ "reason": "log.key-rotated" }), ..entry(asker) };
                checkpoint_of(self.log.checkpoint(key, entry).await?)
            }
        }
    }

    /// Records that what is kept of a person is erased, and erases it.
    async fn erase(&self, openings: &[Opening], asker: Asker) -> Result<(), AuditorError> {
        let personal = self.log.personal();
        let person = openings.first().map(|opening| opening.person.clone()).unwrap_or_default();
        if openings.is_empty() || personal.of_person(&person)? != openings {
            return Err(AuditorError::NotKept(person));
        }
        let commitments: Vec<_> = openings.iter().map(|opening| opening.commitment).collect();
        self.note("person.erased", json!({ "email_commitments": commitments, "user": person }), asker).await?;
        Ok(personal.erase(&person)?)
    }

    /// Records who somebody is.
    pub(super) async fn resolved(&self, who: Value) -> Result<(), AuditorError> {
        Ok(self.note("person.resolved", who, itself()).await?)
    }

    /// Records an export before it is made, and answers the checkpoint to prove it against, which covers that record.
    async fn exported(&self, filter: &Filter, format: &str, asker: Asker) -> Result<Option<Checkpoint>, AuditorError> {
        self.note("log.exported", json!({ "filter": filter, "format": format }), asker.clone()).await?;
        self.for_export(asker).await
    }

    /// The checkpoint that an export is proved against; none without a key.
    ///
    /// # Errors
    /// [`AuditorError::Append`].
    pub async fn for_export(&self, asker: Asker) -> Result<Option<Checkpoint>, AuditorError> {
        let Some(key) = &self.key else { return Ok(None) };
        let entry = Entry { data: json!({ "reason": "log.exported" }), ..entry(asker) };
        checkpoint_of(self.log.checkpoint(key, entry).await?)
    }

    /// Records what the host says of itself: its boot, and its clock's source and offset.
    ///
    /// # Errors
    /// [`AuditorError::Append`].
    pub async fn observe_host(&self) -> Result<(), AuditorError> {
        Ok(self.note("host.observed", host::observed().await, itself()).await?)
    }

    /// Signs the log as it is after a record, once: `of` is that record's number.
    ///
    /// # Errors
    /// [`AuditorError::Append`].
    pub async fn after(
        &self,
        of: u64,
        reason: &str,
        run: Option<String>,
        application: Option<String>,
    ) -> Result<(), AuditorError> {
        let Some(key) = &self.key else { return Ok(()) };
        let dedupe = Some(format!("checkpoint/{of}"));
        let entry = Entry { run, application, dedupe, data: json!({ "reason": reason }), ..entry(itself()) };
        self.log.checkpoint(key, entry).await?;
        Ok(())
    }

    /// Signs a head of the log for somebody outside of it; nothing is recorded.
    ///
    /// # Errors
    /// [`AuditorError::NoKey`], or when the key cannot sign, which ed25519 keys do not do.
    pub fn sign(&self, head: Head) -> Result<Checkpoint, AuditorError> {
        self.key.as_ref().ok_or(AuditorError::NoKey)?.sign(head).map_err(AuditorError::Sign)
    }

    async fn note(&self, event: &str, data: Value, asker: Asker) -> Result<(), AppendError> {
        self.log.append(Entry { event: event.to_owned(), data, ..entry(asker) }).await?;
        Ok(())
    }
}

fn checkpoint_of(appended: Appended) -> Result<Option<Checkpoint>, AuditorError> {
    match appended {
        Appended::New(record) => Ok(Checkpoint::of(&record)),
        Appended::Duplicate { .. } => Ok(None),
    }
}

/// The bot, by itself.
fn itself() -> Asker {
    Asker { actor: Actor::Bot, origin: Origin::System }
}

fn entry(asker: Asker) -> Entry {
    Entry {
        actor: asker.actor,
        origin: asker.origin,
        application: None,
        run: None,
        step: None,
        event: String::new(),
        dedupe: None,
        data: Value::Null,
    }
}
