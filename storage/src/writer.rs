//! The one writer: it makes entries records, and records durable.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{self, Write},
    path::{Path, PathBuf},
    sync::{Arc, OnceLock},
};

use serde_json::Value;
use tokio::sync::{mpsc, oneshot};

use crate::{
    AppendError, Appended, Clock, Entry, Hash, Head, Record, SigningKey, VERSION, blocking,
    hash::Tree,
    index::{Index, Unavailable},
    layout::sync_dir,
    line::{MAX_LINE, encode, parse},
    view::View,
};

/// The most entries that one sync makes durable, and that wait for the next.
pub(crate) const MAX_BATCH: usize = 256;

/// What the writer is asked to do.
pub(crate) enum Job {
    /// Append an entry and answer when it is durable.
    Append(Box<Asked>, oneshot::Sender<Outcome>),
    /// Put everything away and stop.
    Close(oneshot::Sender<()>),
}

/// What is to be appended.
pub(crate) struct Asked {
    pub(crate) entry: Entry,
    /// Signs the head of all records before this one; the note goes into the entry's data.
    pub(crate) signer: Option<Arc<SigningKey>>,
}

/// What became of an entry.
pub(crate) type Outcome = Result<Appended, AppendError>;

/// Why the log takes no more records, once it does not. Shared between the writer, which sets it, and the log's handles.
pub(crate) type Poison = Arc<OnceLock<String>>;

/// Everything the writer needs, and nobody else has.
pub(crate) struct Writer {
    pub(crate) view: Arc<View>,
    pub(crate) index: Arc<Index>,
    pub(crate) clock: Clock,
    pub(crate) tree: Tree,
    /// The segment that is written to; none before the first record.
    pub(crate) segment: Option<OpenSegment>,
    pub(crate) segment_bytes: u64,
    /// Held for as long as the writer lives.
    pub(crate) lock: File,
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

/// The records of one sync, while they are prepared.
struct Batch {
    tree: Tree,
    /// The tree's hashes that they add.
    hashes: Vec<Hash>,
    lines: Vec<u8>,
    /// Each with its offset in `lines`.
    records: Vec<(Arc<Record>, u64)>,
    dedupe: BTreeMap<String, u64>,
}

/// Runs the writer until it is closed, every handle of the log is gone, or a write fails.
///
/// Those whose reply is dropped, and those who find the queue gone, look at `poison` for the reason.
pub(crate) async fn run(mut writer: Writer, mut jobs: mpsc::Receiver<Job>, poison: Poison) {
    let (mut waiting, mut close) = (Vec::new(), None);
    while close.is_none() && jobs.recv_many(&mut waiting, MAX_BATCH).await > 0 {
        // The check of what was there before may have found damage meanwhile.
        if poison.get().is_some() {
            break;
        }
        let (mut entries, mut replies) = (Vec::new(), Vec::new());
        for job in waiting.drain(..) {
            match job {
                Job::Append(entry, reply) => {
                    entries.push(*entry);
                    replies.push(reply);
                }
                Job::Close(reply) => close = Some(reply),
            }
        }
        let poisoned = Arc::clone(&poison);
        let worked = blocking::run(move || {
            writer.work(entries, replies, &poisoned);
            writer
        });
        writer = match worked.await {
            Ok(back) => back,
            Err(error) => return stop(&poison, format!("the writer failed: {error}")),
        };
        if poison.get().is_some() {
            break;
        }
    }
    // Put away before anyone is answered, so that the answer to a close means that the folder is free.
    if let Err(error) = blocking::run(move || writer.close()).await {
        tracing::warn!(%error, "failed to close the log's files");
    }
    if let Some(reply) = close {
        let _ = reply.send(());
    }
}

/// Hands the outcomes to those who wait for them; who no longer does has dropped its end.
fn answer(replies: Vec<oneshot::Sender<Outcome>>, outcomes: Vec<Outcome>) {
    for (reply, outcome) in replies.into_iter().zip(outcomes) {
        let _ = reply.send(outcome);
    }
}

/// The log takes no more records from now on.
pub(crate) fn stop(poison: &Poison, cause: String) {
    tracing::error!(cause, "the log takes no more records");
    poison.get_or_init(|| cause);
}

impl Writer {
    /// Makes records of entries, makes them durable with one sync, and answers. When writing fails, the writer must not be used again.
    fn work(&mut self, entries: Vec<Asked>, replies: Vec<oneshot::Sender<Outcome>>, poison: &Poison) {
        let mut batch = Batch::new(self.tree.clone());
        let outcomes = entries.into_iter().map(|entry| self.stage(entry, &mut batch)).collect();
        let hashes = std::mem::take(&mut batch.hashes);
        let written = if batch.records.is_empty() { Ok(()) } else { self.write(batch) };
        match written {
            Ok(()) => answer(replies, outcomes),
            // Before the replies are dropped, since that is what sends those who wait to look for the cause.
            Err(cause) => return stop(poison, cause),
        }
        // Nobody has to wait for what is made anew where it is missing.
        if !hashes.is_empty() {
            self.store_hashes(&hashes);
            self.write_head();
        }
    }

    /// Adds an entry to the batch, unless it is a duplicate.
    fn stage(&self, asked: Asked, batch: &mut Batch) -> Outcome {
        let Asked { mut entry, signer } = asked;
        if let Some(dedupe) = &entry.dedupe
            && let Some(seq) = self.seen(dedupe, batch)?
        {
            return Ok(Appended::Duplicate { seq });
        }
        let event = entry.event.clone();
        let invalid = |reason| AppendError::Invalid { event, reason };
        let signed = signer.map_or(Ok(()), |key| sign(&mut entry, &key, batch.tree.head()));
        let made = signed.and_then(|()| record(entry, &batch.tree, &self.clock));
        let (record, line) = made.map_err(invalid)?;
        Ok(Appended::New(batch.add(record, &line)))
    }

    /// The record that was appended, or is about to be, under a dedupe key.
    fn seen(&self, dedupe: &str, batch: &Batch) -> Result<Option<u64>, AppendError> {
        if let Some(&seq) = batch.dedupe.get(dedupe) {
            return Ok(Some(seq));
        }
        let seen = self.index.seen(dedupe).or_else(|Unavailable| self.view.find_dedupe(dedupe));
        seen.map_err(|error| AppendError::Lookup { dedupe: dedupe.to_owned(), reason: error.to_string() })
    }

    /// Writes a batch, syncs it, and then brings up to it what readers ask.
    fn write(&mut self, batch: Batch) -> Result<(), String> {
        let segment = self.segment(batch.tree.size() - batch.records.len() as u64)?;
        let (first, start) = (segment.first, segment.bytes);
        let written = segment.file.write_all(&batch.lines).and_then(|()| segment.file.sync_data());
        written.map_err(|error| format!("writing {} failed: {error}", segment.path.display()))?;
        segment.bytes += batch.lines.len() as u64;
        self.tree = batch.tree;

        let head = self.tree.head();
        self.view.place(batch.records.iter().map(|(record, offset)| (record.seq, first, start + offset)));
        self.index.add(batch.records.iter().map(|(record, _)| record.as_ref()), Some(head));
        self.view.publish(head);
        tracing::debug!(records = batch.records.len(), bytes = batch.lines.len(), size = head.size, "appended");
        Ok(())
    }

    /// The segment to write to: a new one if there is none or it is full.
    fn segment(&mut self, next: u64) -> Result<&mut OpenSegment, String> {
        let current = self.segment.take().filter(|segment| segment.bytes < self.segment_bytes);
        let segment = match current {
            Some(segment) => segment,
            None => {
                let path = self.view.layout.segment(next);
                let name = path.display().to_string();
                OpenSegment::create(path, next).map_err(|error| format!("creating {name} failed: {error}"))?
            }
        };
        Ok(self.segment.insert(segment))
    }

    /// The hashes may be missing or wrong in their file, so a failure is not one of the log.
    fn store_hashes(&self, hashes: &[Hash]) {
        let index = tlog_tiles::stored_hash_count(self.tree.size()) - hashes.len() as u64;
        if let Some(Err(error)) = self.view.stored.as_ref().map(|stored| stored.put(index, hashes)) {
            tracing::warn!(%error, "failed to keep the tree's hashes");
        }
    }

    /// The head file may lag behind, so a failure is not one of the log.
    fn write_head(&self) {
        if let Err(error) = self.view.layout.write_head(self.tree.head()) {
            tracing::warn!(%error, "failed to write the head file");
        }
    }

    /// Puts the index away, then lets go of the lock.
    fn close(self) {
        self.index.close();
        drop(self.lock);
    }
}

impl Batch {
    fn new(tree: Tree) -> Self {
        Self { tree, hashes: Vec::new(), lines: Vec::new(), records: Vec::new(), dedupe: BTreeMap::new() }
    }

    fn add(&mut self, record: Record, line: &[u8]) -> Arc<Record> {
        let record = Arc::new(record);
        if let Some(dedupe) = &record.dedupe {
            self.dedupe.insert(dedupe.clone(), record.seq);
        }
        self.records.push((Arc::clone(&record), self.lines.len() as u64));
        self.lines.extend_from_slice(line);
        self.lines.push(b'\n');
        let hashes = &mut self.hashes;
        self.tree.push_each(Hash::leaf(line), |hash| hashes.push(hash));
        record
    }
}

/// Puts a checkpoint of the records so far into the entry's data.
fn sign(entry: &mut Entry, key: &SigningKey, head: Head) -> Result<(), String> {
    let data = entry.data.as_object_mut().ok_or("its data is not an object")?;
    data.insert("note".to_owned(), key.sign(head)?.as_str().into());
    Ok(())
}

/// Makes an entry the record after those in the tree, as anybody will read it back, and its line.
fn record(entry: Entry, tree: &Tree, clock: &Clock) -> Result<(Record, Vec<u8>), String> {
    let Entry { actor, origin, application, run, step, event, dedupe, data } = entry;
    if !data.is_object() {
        return Err("its data is not an object".to_owned());
    }
    check_numbers(&data)?;
    let (seq, prev, at) = (tree.size(), tree.last(), clock.now());
    let record = Record { v: VERSION, seq, prev, at, actor, origin, application, run, step, event, dedupe, data };
    let line = encode(&record).map_err(|error| error.to_string())?;
    if line.len() > MAX_LINE {
        return Err(format!("it makes a line of {} bytes, more than {MAX_LINE}", line.len()));
    }
    let record = parse(&line).map_err(|fault| format!("it {fault}"))?;
    Ok((record, line))
}

/// Refuses integers that canonical JSON would change: its numbers are doubles (RFC 8785 section 3.2.2.3).
fn check_numbers(value: &Value) -> Result<(), String> {
    match value {
        Value::Number(number) if !is_exact(number) => {
            Err(format!("{number} is not exact as a double: write it as a string"))
        }
        Value::Array(values) => values.iter().try_for_each(check_numbers),
        Value::Object(fields) => fields.values().try_for_each(check_numbers),
        _ => Ok(()),
    }
}

fn is_exact(number: &serde_json::Number) -> bool {
    match number.as_i128() {
        Some(integer) => integer as f64 as i128 == integer,
        None => true,
    }
}
