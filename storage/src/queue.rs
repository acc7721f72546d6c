//! Where entries become records: one after the other, in memory, on the thread of whoever appends. What was made since the writer last came waits for
//! it here, so that one sync makes all of it durable.

use std::{
    collections::BTreeMap,
    mem,
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
};

use jiff::Timestamp;
use serde_json::Value;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, oneshot};

use crate::{
    AppendError, Appended, Clock, Entry, Hash, Head, ReadError, Record, SigningKey, VERSION, blocking,
    hash::Tree,
    index::{Index, Unavailable},
    line::{MAX_LINE, encode_record, parse},
    view::View,
};

/// The most entries that wait to be durable at the same time.
const MAX_WAITING: usize = 512;

/// What those who append share with the writer.
#[derive(Debug)]
pub(crate) struct Queue {
    pub(crate) view: Arc<View>,
    pub(crate) index: Index,
    /// Why the log takes no more records, once it does not.
    pub(crate) poison: OnceLock<String>,
    /// Why the head file lags behind, while it does.
    pub(crate) head_fault: Mutex<Option<String>>,
    clock: Clock,
    turns: Arc<Semaphore>,
    state: Mutex<State>,
    /// Tells the writer that something waits, or that nothing more will.
    changed: Notify,
}

#[derive(Debug)]
struct State {
    /// Over all records, those that wait included.
    tree: Tree,
    waiting: Batch,
    /// The dedupe keys of what the writer has taken and may not have put into the index yet.
    taken: BTreeMap<String, u64>,
    is_open: bool,
}

/// What one sync makes durable.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    pub(crate) lines: Vec<u8>,
    /// Each with its offset in `lines`.
    pub(crate) records: Vec<(Arc<Record>, u64)>,
    /// The tree's hashes that they add.
    pub(crate) hashes: Vec<Hash>,
    dedupe: BTreeMap<String, u64>,
    replies: Vec<Reply>,
}

#[derive(Debug)]
struct Reply {
    to: oneshot::Sender<Appended>,
    what: Appended,
    _turn: OwnedSemaphorePermit,
}

impl Batch {
    /// Tells everyone who waits for this batch that it is durable; who no longer waits has dropped its end.
    pub(crate) fn answer(&mut self) {
        for reply in self.replies.drain(..) {
            let _ = reply.to.send(reply.what);
        }
    }

    fn add(&mut self, record: Record, line: &[u8], tree: &mut Tree) -> Arc<Record> {
        let record = Arc::new(record);
        if let Some(dedupe) = &record.dedupe {
            self.dedupe.insert(dedupe.clone(), record.seq);
        }
        self.records.push((Arc::clone(&record), self.lines.len() as u64));
        self.lines.extend_from_slice(line);
        self.lines.push(b'\n');
        tree.push_each(Hash::leaf(line), |hash| self.hashes.push(hash));
        record
    }
}

impl Queue {
    pub(crate) fn new(view: Arc<View>, index: Index, clock: Clock, tree: Tree) -> Self {
        let state = State { tree, waiting: Batch::default(), taken: BTreeMap::new(), is_open: true };
        Self {
            view,
            index,
            poison: OnceLock::new(),
            head_fault: Mutex::new(None),
            clock,
            turns: Arc::new(Semaphore::new(MAX_WAITING)),
            state: Mutex::new(state),
            changed: Notify::new(),
        }
    }

    /// Makes an entry a record, unless it is a duplicate, and waits until that is durable. With a signer, the note on the head of all records before
    /// it goes into its data.
    pub(crate) async fn append(&self, entry: Entry, signer: Option<&SigningKey>) -> Result<Appended, AppendError> {
        let turn = Arc::clone(&self.turns).acquire_owned().await.map_err(|_| self.stopped())?;
        let durable = self.add(entry, signer, turn)?;
        self.changed.notify_one();
        durable.await.map_err(|_| self.stopped())
    }

    fn add(
        &self,
        mut entry: Entry,
        signer: Option<&SigningKey>,
        turn: OwnedSemaphorePermit,
    ) -> Result<oneshot::Receiver<Appended>, AppendError> {
        let mut state = self.state();
        if !state.is_open || self.poison.get().is_some() {
            return Err(self.stopped());
        }
        let State { tree, waiting, taken, .. } = &mut *state;
        let what = match self.seen(entry.dedupe.as_deref(), [&waiting.dedupe, taken])? {
            Some(seq) => Appended::Duplicate { seq },
            None => {
                let event = entry.event.clone();
                let invalid = |reason| AppendError::Invalid { event, reason };
                let signed = signer.map_or(Ok(()), |key| sign(&mut entry, key, tree.head()));
                let made = signed.and_then(|()| record(entry, tree, &self.clock));
                let (record, line) = made.map_err(invalid)?;
                Appended::New(waiting.add(record, &line, tree))
            }
        };
        let (to, durable) = oneshot::channel();
        waiting.replies.push(Reply { to, what, _turn: turn });
        Ok(durable)
    }

    /// The record that was appended, or is about to be, under a dedupe key.
    fn seen(&self, dedupe: Option<&str>, staged: [&BTreeMap<String, u64>; 2]) -> Result<Option<u64>, AppendError> {
        let Some(dedupe) = dedupe else { return Ok(None) };
        if let Some(&seq) = staged.iter().find_map(|staged| staged.get(dedupe)) {
            return Ok(Some(seq));
        }
        let lookup = |error: ReadError| AppendError::Lookup { dedupe: dedupe.to_owned(), reason: error.to_string() };
        self.recorded(dedupe).map_err(lookup)
    }

    /// The durable record under a dedupe key. Blocking where the index is out of use.
    pub(crate) fn recorded(&self, dedupe: &str) -> Result<Option<u64>, ReadError> {
        self.index.seen(dedupe).or_else(|Unavailable| blocking::in_place(|| self.view.find_dedupe(dedupe)))
    }

    /// Waits for something to write, and takes it with the head that it makes; none when nothing waits and nothing will. What was taken before must
    /// be in the index by now.
    pub(crate) async fn take(&self) -> Option<(Batch, Head)> {
        loop {
            {
                let mut state = self.state();
                if !state.waiting.replies.is_empty() {
                    let mut batch = mem::take(&mut state.waiting);
                    state.taken = mem::take(&mut batch.dedupe);
                    return Some((batch, state.tree.head()));
                }
                if !state.is_open {
                    return None;
                }
            }
            self.changed.notified().await;
        }
    }

    /// Takes no more entries. What waits is still written.
    pub(crate) fn close(&self) {
        self.state().is_open = false;
        self.changed.notify_one();
    }

    /// Lets go of what waits, when it will not be written.
    pub(crate) fn abandon(&self) {
        let mut state = self.state();
        state.is_open = false;
        state.waiting = Batch::default();
    }

    /// The log takes no more records from now on.
    pub(crate) fn stop(&self, cause: String) {
        tracing::error!(cause, "the log takes no more records");
        self.poison.get_or_init(|| cause);
    }

    /// Why nothing is appended any more.
    fn stopped(&self) -> AppendError {
        self.poison.get().map_or(AppendError::Closed, |cause| AppendError::Poisoned { cause: cause.clone() })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
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
    let (seq, prev, at) = (tree.size(), tree.last(), microseconds(clock.now()));
    let record = Record { v: VERSION, seq, prev, at, actor, origin, application, run, step, event, dedupe, data };
    let (line, is_plain) = encode_record(&record).map_err(|error| error.to_string())?;
    if !is_plain {
        check_numbers(&record.data)?;
    }
    if line.len() > MAX_LINE {
        return Err(format!("it makes a line of {} bytes, more than {MAX_LINE}", line.len()));
    }
    // What is unusual may be read back otherwise: 1.0 as 1.
    let record = if is_plain { record } else { parse(&line).map_err(|fault| format!("it {fault}"))? };
    Ok((record, line))
}

/// The time as precisely as a record has it.
fn microseconds(at: Timestamp) -> Timestamp {
    Timestamp::from_microsecond(at.as_microsecond()).unwrap_or(at)
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
