//! The one writer: it makes records durable.

use std::{
    fs::File,
    io::{self, Write},
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    sync::{Arc, PoisonError},
};

use tokio::sync::watch;

use crate::{
    Hash, Head, blocking,
    layout::{Lock, sync_dir},
    queue::{Batch, Queue},
};

/// Everything the writer needs, and nobody else has.
pub(crate) struct Writer {
    /// The segment that is written to; none before the first record.
    pub(crate) segment: Option<OpenSegment>,
    pub(crate) segment_bytes: u64,
    /// Held for as long as the writer lives.
    pub(crate) lock: Lock,
}

/// The last segment.
pub(crate) struct OpenSegment {
    file: File,
    path: PathBuf,
    first: u64,
    bytes: u64,
}

impl OpenSegment {
    /// Opens an existing segment at its end, which is cut to `bytes`.
    pub(crate) fn open(path: &Path, first: u64, bytes: u64) -> io::Result<Self> {
        let file = File::options().append(true).open(path)?;
        file.set_len(bytes)?;
        Ok(Self { file, path: path.to_owned(), first, bytes })
    }

    fn create(path: PathBuf, first: u64) -> io::Result<Self> {
        let file = File::options().append(true).create_new(true).open(&path)?;
        if let Some(dir) = path.parent() {
            sync_dir(dir)?;
        }
        Ok(Self { file, path, first, bytes: 0 })
    }
}

/// Runs the writer until the queue is closed or a write fails. `alive` is dropped when the folder is free.
///
/// It writes on the thread that its task has: handed to another, every append would wait for that one to wake.
pub(crate) async fn run(mut writer: Writer, queue: Arc<Queue>, alive: watch::Sender<()>) {
    while let Some((mut batch, head)) = queue.take().await {
        // The check of what was there before may have found damage meanwhile.
        if queue.poison.get().is_some() {
            break;
        }
        let written = catch_unwind(AssertUnwindSafe(|| blocking::in_place(|| writer.write(&mut batch, head, &queue))));
        // Before the batch is dropped with those who wait, since that is what sends them to look for the cause.
        if let Err(cause) = written.unwrap_or_else(|_| Err("the writer panicked".to_owned())) {
            queue.stop(cause);
            break;
        }
    }
    queue.abandon();
    blocking::in_place(|| queue.index.close());
    drop(writer.lock);
    drop(alive);
}

impl Writer {
    /// Makes a batch durable with one sync, and answers. When writing fails, the writer must not be used again.
    fn write(&mut self, batch: &mut Batch, head: Head, queue: &Queue) -> Result<(), String> {
        if batch.records.is_empty() {
            batch.answer();
            return Ok(());
        }
        let segment = self.segment(head.size - batch.records.len() as u64, queue)?;
        let (first, start) = (segment.first, segment.bytes);
        let written = segment.file.write_all(&batch.lines).and_then(|()| segment.file.sync_data());
        written.map_err(|error| format!("writing {} failed: {error}", segment.path.display()))?;
        segment.bytes += batch.lines.len() as u64;

        queue.view.place(batch.records.iter().map(|(record, offset)| (record.seq, first, start + offset)));
        // Those who are answered find their records in the index: it is held until they are there.
        let index = queue.index.hold();
        queue.view.publish(head);
        batch.answer();
        index.add(batch.records.iter().map(|(record, _)| record.as_ref()), Some(head));
        tracing::debug!(records = batch.records.len(), bytes = batch.lines.len(), size = head.size, "appended");
        // Nobody has to wait for what is made anew where it is missing.
        keep(&batch.hashes, head, queue);
        Ok(())
    }

    /// The segment to write to: a new one if there is none or it is full.
    fn segment(&mut self, next: u64, queue: &Queue) -> Result<&mut OpenSegment, String> {
        let current = self.segment.take().filter(|segment| segment.bytes < self.segment_bytes);
        let segment = match current {
            Some(segment) => segment,
            None => {
                let path = queue.view.layout.segment(next);
                let name = path.display().to_string();
                OpenSegment::create(path, next).map_err(|error| format!("creating {name} failed: {error}"))?
            }
        };
        Ok(self.segment.insert(segment))
    }
}

/// Keeps the tree's hashes and the head in their files. Both may lag behind or be wrong, so a failure is not one of the log.
fn keep(hashes: &[Hash], head: Head, queue: &Queue) {
    let index = tlog_tiles::stored_hash_count(head.size) - hashes.len() as u64;
    if let Some(Err(error)) = queue.view.stored.as_ref().map(|stored| stored.put(index, hashes)) {
        tracing::warn!(%error, "failed to keep the tree's hashes");
    }
    let fault = queue.view.layout.write_head(head).err().map(|error| error.to_string());
    if let Some(error) = &fault {
        tracing::warn!(error, "failed to write the head file");
    }
    *queue.head_fault.lock().unwrap_or_else(PoisonError::into_inner) = fault;
}
