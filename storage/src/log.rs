//! The log: opening, appending, reading.

use std::{
    ops::RangeBounds,
    path::Path,
    sync::{Arc, PoisonError},
    time::{Duration, Instant},
};

use futures::{TryStreamExt, stream::BoxStream};
use tokio::{sync::watch, time::timeout};

use crate::{
    AppendError, Clock, Entry, Head, OpenError, Personal, ReadError, Reader, Record, SigningKey, blocking,
    checkpoint::CHECKPOINTED,
    index::Unavailable,
    layout::Layout,
    queue::Queue,
    recover::{self, Recovered},
    view::View,
    writer,
};

/// Records in order, read in bounded memory. The stream ends after an error.
pub type Records = BoxStream<'static, Result<Arc<Record>, ReadError>>;

/// What [`Log::append`] did.
#[derive(Debug, Clone, PartialEq)]
pub enum Appended {
    /// The entry is now this record.
    New(Arc<Record>),
    /// An entry with the same dedupe key is in the log already; nothing was appended.
    Duplicate {
        /// The number of that earlier record.
        seq: u64,
    },
}

/// How a log is opened.
#[derive(Debug, Clone)]
pub struct Options {
    segment_bytes: u64,
    patience: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self { segment_bytes: 64 << 20, patience: Duration::from_secs(2) }
    }
}

impl Options {
    /// Bytes after which a new segment is started (64 MiB by default). The write that reaches them is not split.
    pub fn segment_bytes(mut self, bytes: u64) -> Self {
        self.segment_bytes = bytes;
        self
    }

    /// How long opening waits for the check of the records that were there when the log was last written to (2 seconds by default); a longer one
    /// goes on in the background.
    pub fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// Opens or creates the log, as [`Log::open`] does.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub async fn open(self, dir: &Path, clock: Clock) -> Result<Log, OpenError> {
        let layout = Layout::new(dir);
        let recovered = blocking::run(move || recover::recover(layout, clock, self.segment_bytes)).await;
        let recovered = recovered.map_err(|source| OpenError::Io { path: dir.to_owned(), source })?;
        let Recovered { queue, writer, tail, unread } = recovered?;

        let (found, checked) = watch::channel(unread.is_none());
        if let Some(head) = unread {
            let doubted = Arc::clone(&queue);
            let mut check = Box::pin(check(Arc::clone(&queue.view), head));
            let soon = match self.patience {
                Duration::ZERO => None,
                patience => timeout(patience, &mut check).await.ok(),
            };
            match soon {
                Some(done) => {
                    done?;
                    found.send_replace(true);
                }
                None => drop(tokio::spawn(async move {
                    match check.await {
                        Ok(()) => drop(found.send_replace(true)),
                        Err(error) => doubted.stop(error.to_string()),
                    }
                })),
            }
        }

        let (alive, ended) = watch::channel(());
        tokio::spawn(writer::run(writer, Arc::clone(&queue), alive));
        let log = Log(Arc::new(Inner { reader: Reader::new(Arc::clone(&queue.view)), queue, checked, ended }));
        if let Some(tail) = tail {
            tracing::warn!(dir = %dir.display(), bytes = tail.bytes, sha256 = %tail.sha256, "cut the log's torn tail");
            log.append(tail.entry()).await.map_err(OpenError::TailCut)?;
        }
        Ok(log)
    }
}

/// Checks the records that a head counts.
async fn check(view: Arc<View>, head: Head) -> Result<(), OpenError> {
    let (path, began) = (view.layout.dir().to_owned(), Instant::now());
    let done = blocking::run(move || recover::check(&view, head)).await;
    done.map_err(|source| OpenError::Io { path, source })??;
    tracing::info!(records = head.size, seconds = began.elapsed().as_secs_f64(), "checked the log");
    Ok(())
}

/// The append-only log. Cloning gives another handle of the same log.
///
/// There is no call that changes or deletes a record.
#[derive(Debug, Clone)]
pub struct Log(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    reader: Reader,
    queue: Arc<Queue>,
    /// Whether every record that was there at the start was read and is what was written.
    checked: watch::Receiver<bool>,
    /// Has no sender once the writer is gone and the folder free.
    ended: watch::Receiver<()>,
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.queue.close();
    }
}

impl Log {
    /// Opens the log in a folder on local or block storage, or creates it, and checks every record of it.
    ///
    /// Takes the process lock; cuts a torn tail and records that; compares the log with its head file; brings the index up
    /// to the log, or builds it anew. A check that takes longer than a moment goes on in the background ([`Log::is_checked`]); when it finds
    /// damage, the log takes no more records.
    ///
    /// # Errors
    /// See [`OpenError`]. Damage is named and never mended.
    pub async fn open(dir: &Path, clock: Clock) -> Result<Self, OpenError> {
        Options::default().open(dir, clock).await
    }

    /// Appends an entry. When this returns [`Appended::New`], the record is durable (`fdatasync`).
    ///
    /// Entries that wait at the same time share one sync. Dropping the future does not take the entry back.
    ///
    /// # Errors
    /// See [`AppendError`].
    pub async fn append(&self, entry: Entry) -> Result<Appended, AppendError> {
        self.0.queue.append(entry, None).await
    }

    /// Appends a checkpoint: a record `log.checkpointed` whose `note` signs the head of exactly the records before it. The
    /// entry's event is replaced, and the note added to its data.
    ///
    /// # Errors
    /// See [`AppendError`].
    pub async fn checkpoint(&self, key: &Arc<SigningKey>, entry: Entry) -> Result<Appended, AppendError> {
        let entry = Entry { event: CHECKPOINTED.to_owned(), ..entry };
        self.0.queue.append(entry, Some(key)).await
    }

    /// The records with these numbers, as far as they are in the log when this is called.
    pub fn read(&self, range: impl RangeBounds<u64>) -> Records {
        self.0.reader.read(range)
    }

    /// The records from a number on; at the end of the log the stream waits for more, for ever.
    pub fn follow(&self, from: u64) -> Records {
        self.0.reader.view().follow(from)
    }

    /// The records of a run, in order.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub async fn run(&self, run: &str) -> Result<Vec<Arc<Record>>, ReadError> {
        let (log, run) = (self.clone(), run.to_owned());
        self.blocking(move || {
            let view = log.0.reader.view();
            match log.0.queue.index.run(&run) {
                Ok(seqs) => view.select(&seqs),
                Err(Unavailable) => view.filter(|record| record.run.as_ref() == Some(&run)),
            }
        })
        .await
    }

    /// The last `n` records, in order.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub async fn last(&self, n: usize) -> Result<Vec<Arc<Record>>, ReadError> {
        self.read(self.head().size.saturating_sub(n as u64)..).try_collect().await
    }

    /// The number of the record that was appended under a dedupe key.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub async fn seen(&self, dedupe: &str) -> Result<Option<u64>, ReadError> {
        let (log, dedupe) = (self.clone(), dedupe.to_owned());
        self.blocking(move || log.0.queue.recorded(&dedupe)).await
    }

    /// Size and Merkle root of what is durable.
    pub fn head(&self) -> Head {
        self.0.reader.head()
    }

    /// A reader of the same log, for exports.
    pub fn reader(&self) -> &Reader {
        &self.0.reader
    }

    /// What of people is kept beside the log and can be erased.
    pub fn personal(&self) -> Personal {
        Personal::of(self.0.reader.view().layout.dir())
    }

    /// How far a projection has come: the number of the record that it takes next. A cursor may be lost with the index,
    /// and a kill may set it back by half a second; the projection then starts from what it finds.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub async fn cursor(&self, name: &str) -> Result<Option<u64>, ReadError> {
        let (log, name) = (self.clone(), name.to_owned());
        self.blocking(move || Ok(log.0.queue.index.cursor(&name).unwrap_or_default())).await
    }

    /// Sets a projection's cursor.
    ///
    /// # Errors
    /// [`ReadError::NoIndex`] if the index failed.
    pub async fn set_cursor(&self, name: &str, next: u64) -> Result<(), ReadError> {
        let (log, name) = (self.clone(), name.to_owned());
        self.blocking(move || {
            let no_index = |Unavailable| ReadError::NoIndex { dir: log.0.queue.index.dir().to_owned() };
            log.0.queue.index.set_cursor(&name, next).map_err(no_index)
        })
        .await
    }

    /// Whether every record that was there when the log was opened was read and found to be what was written.
    pub fn is_checked(&self) -> bool {
        *self.0.checked.borrow()
    }

    /// Waits for the check of what was there when the log was opened. Where it finds damage, [`Log::poisoned`] says which.
    pub async fn checked(&self) -> bool {
        self.0.checked.clone().wait_for(|&checked| checked).await.is_ok()
    }

    /// Why the log takes no more records, if it does not: the first failure of a write or a sync, or damage that was found after the log was
    /// opened.
    pub fn poisoned(&self) -> Option<String> {
        self.0.queue.poison.get().cloned()
    }

    /// Why the file with the log's head can't be written, while it can't: records are durable all the same, but a later start would not notice if the
    /// last of them were lost.
    pub fn head_fault(&self) -> Option<String> {
        self.0.queue.head_fault.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Appends what waits, puts the index away, and releases the folder. Later appends fail; reads go on, slower.
    pub async fn close(&self) {
        self.0.queue.close();
        // It never changes: what ends the waiting is that the writer is gone.
        let _ = self.0.ended.clone().changed().await;
    }

    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, ReadError> + Send + 'static,
    ) -> Result<T, ReadError> {
        let done = blocking::run(work).await;
        done.map_err(|source| ReadError::Io { path: self.0.reader.view().layout.dir().to_owned(), source })?
    }
}
