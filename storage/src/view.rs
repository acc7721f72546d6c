//! The readers' side of the log: how much of it is durable, where each record is, and streams over it.

use std::{
    collections::VecDeque,
    fs::File,
    io::{self, BufRead, BufReader, Seek, SeekFrom},
    ops::{Bound, RangeBounds},
    path::PathBuf,
    sync::{Arc, PoisonError, RwLock},
};

use futures::{StreamExt, TryStreamExt, stream};
use tokio::sync::Notify;

use crate::{
    Damage, Head, LineFault, ReadError, Record, Records, blocking,
    layout::Layout,
    line::{Next, next_line, parse},
    stored::Stored,
};

/// Every this many records, the place of one is remembered.
const STRIDE: u64 = 64;

/// A stream hands its lines over in chunks of about this many bytes, which bounds its memory.
const CHUNK: usize = 1 << 18;

/// Where records are: of some, so that any other is less than [`STRIDE`] lines further; or somewhere in the segment, as long as only its name is
/// known.
#[derive(Debug, Default)]
pub(crate) struct Places(Vec<Place>);

#[derive(Debug, Clone, Copy)]
struct Place {
    record: u64,
    segment: u64,
    offset: u64,
}

impl Places {
    /// Notes a record, given the first record of its segment and the offset in it. Records come in order.
    pub(crate) fn add(&mut self, record: u64, segment: u64, offset: u64) {
        if record.is_multiple_of(STRIDE) || record == segment {
            self.0.push(Place { record, segment, offset });
        }
    }

    /// Takes over what was noted of the records before `size`.
    fn take_over(&mut self, mut earlier: Self, size: u64) {
        let known = self.0.partition_point(|place| place.record < size);
        earlier.0.extend(self.0.drain(known..));
        *self = earlier;
    }

    /// The last noted place at or before a record.
    fn before(&self, record: u64) -> Place {
        let after = self.0.partition_point(|place| place.record <= record);
        let start = Place { record: 0, segment: 0, offset: 0 };
        after.checked_sub(1).and_then(|at| self.0.get(at)).copied().unwrap_or(start)
    }
}

/// What readers share with the writer.
#[derive(Debug)]
pub(crate) struct View {
    pub(crate) layout: Layout,
    places: RwLock<Places>,
    /// The tree's hashes, where they are kept. They may lag behind, or be of another log: what they prove is checked.
    pub(crate) stored: Option<Stored>,
    /// What is durable. Readers never look further, so they never see a line that is being written.
    head: RwLock<Head>,
    /// Tells those who follow that it grew. They are woken in the order in which they began to wait; a `watch` wakes them in a random one, and two
    /// runs with the same seed would differ.
    grown: Notify,
}

impl View {
    pub(crate) fn new(layout: Layout, places: Places, head: Head, stored: Option<Stored>) -> Self {
        Self { layout, places: RwLock::new(places), stored, head: RwLock::new(head), grown: Notify::new() }
    }

    /// What is durable.
    pub(crate) fn head(&self) -> Head {
        *self.head.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes where records that were just written are. They become readable with [`View::publish`].
    pub(crate) fn place(&self, new: impl Iterator<Item = (u64, u64, u64)>) {
        let mut places = self.places.write().unwrap_or_else(PoisonError::into_inner);
        new.for_each(|(record, segment, offset)| places.add(record, segment, offset));
    }

    /// Notes where the first `size` records are, now that they were read.
    pub(crate) fn place_earlier(&self, places: Places, size: u64) {
        self.places.write().unwrap_or_else(PoisonError::into_inner).take_over(places, size);
    }

    /// Lets readers see what has become durable.
    pub(crate) fn publish(&self, head: Head) {
        *self.head.write().unwrap_or_else(PoisonError::into_inner) = head;
        self.grown.notify_waiters();
    }

    /// The lines from a record on.
    pub(crate) fn lines(self: &Arc<Self>, from: u64) -> Lines {
        Lines { view: Arc::clone(self), file: None, segment: 0, next: from }
    }

    /// The number of the record with a dedupe key, found by reading from the start.
    pub(crate) fn find_dedupe(self: &Arc<Self>, dedupe: &str) -> Result<Option<u64>, ReadError> {
        let mut lines = self.lines(0);
        for _ in 0..self.head().size {
            let record = lines.next_record()?;
            if record.dedupe.as_deref() == Some(dedupe) {
                return Ok(Some(record.seq));
            }
        }
        Ok(None)
    }

    /// The records for which `wanted` holds, found by reading from the start.
    pub(crate) fn filter(self: &Arc<Self>, wanted: impl Fn(&Record) -> bool) -> Result<Vec<Arc<Record>>, ReadError> {
        let mut lines = self.lines(0);
        let records = (0..self.head().size).map(|_| lines.next_record());
        records.filter(|record| record.as_ref().map_or(true, &wanted)).map(|record| record.map(Arc::new)).collect()
    }

    /// The records with these numbers, ascending.
    pub(crate) fn select(self: &Arc<Self>, seqs: &[u64]) -> Result<Vec<Arc<Record>>, ReadError> {
        let mut lines = self.lines(0);
        let mut select = |&seq| {
            if lines.next != seq {
                lines = self.lines(seq);
            }
            lines.next_record().map(Arc::new)
        };
        seqs.iter().map(&mut select).collect()
    }

    /// The lines of a range of records, as far as they are durable now.
    pub(crate) fn range(self: &Arc<Self>, range: impl RangeBounds<u64>) -> RawLines {
        let from = match range.start_bound() {
            Bound::Included(&from) => from,
            Bound::Excluded(&before) => before.saturating_add(1),
            Bound::Unbounded => 0,
        };
        let to = match range.end_bound() {
            Bound::Included(&last) => last.saturating_add(1),
            Bound::Excluded(&to) => to,
            Bound::Unbounded => u64::MAX,
        };
        self.walk(from, Some(to.min(self.head().size)))
    }

    /// The records from one on, those to come included.
    pub(crate) fn follow(self: &Arc<Self>, from: u64) -> Records {
        records(self.walk(from, None))
    }

    fn walk(self: &Arc<Self>, from: u64, to: Option<u64>) -> RawLines {
        let walk = Walk { lines: self.lines(from), to };
        stream::try_unfold(walk, Walk::chunk).map_ok(|chunk| stream::iter(chunk).map(Ok)).try_flatten().boxed()
    }
}

/// A stream of numbered lines, without their newlines.
pub(crate) type RawLines = stream::BoxStream<'static, Result<Line, ReadError>>;

/// A line and where it was read.
#[derive(Debug)]
pub(crate) struct Line {
    pub(crate) number: u64,
    pub(crate) bytes: Vec<u8>,
    segment: Arc<PathBuf>,
}

impl Line {
    /// The record on it, if it is needed.
    pub(crate) fn record_if(&self, needed: bool) -> Result<Option<Record>, ReadError> {
        needed.then(|| self.record()).transpose()
    }

    /// The record on it.
    fn record(&self) -> Result<Record, ReadError> {
        let damaged = |damage| ReadError::Damaged { file: self.segment.to_path_buf(), record: self.number, damage };
        let record = parse(&self.bytes).map_err(|fault| damaged(fault.into()))?;
        if record.seq != self.number {
            return Err(damaged(Damage::Sequence { found: record.seq }));
        }
        Ok(record)
    }
}

/// The records on lines.
pub(crate) fn records(lines: RawLines) -> Records {
    lines.map(|line| line?.record().map(Arc::new)).boxed()
}

/// A stream's position.
struct Walk {
    lines: Lines,
    /// The end, or none to wait for more.
    to: Option<u64>,
}

impl Walk {
    /// The next lines; none at the end.
    async fn chunk(mut self) -> Result<Option<(VecDeque<Line>, Self)>, ReadError> {
        let to = match self.to {
            Some(to) => to,
            None => self.beyond().await,
        };
        if self.lines.next >= to {
            return Ok(None);
        }
        let path = self.lines.view.layout.segments();
        let (walk, chunk) = blocking::run(move || {
            let chunk = self.lines.chunk(to);
            (self, chunk)
        })
        .await
        .map_err(|source| ReadError::Io { path, source })?;
        Ok(Some((chunk?, walk)))
    }

    /// Waits until the log is longer than what was read, and answers how long it is.
    async fn beyond(&self) -> u64 {
        let view = &self.lines.view;
        loop {
            // Before the look: what grows after it is heard of.
            let grown = view.grown.notified();
            let size = view.head().size;
            if size > self.lines.next {
                return size;
            }
            grown.await;
        }
    }
}

/// A place in the log from which lines are read, one after the other. Blocking.
pub(crate) struct Lines {
    view: Arc<View>,
    file: Option<(BufReader<File>, Arc<PathBuf>)>,
    /// The first record of the open segment.
    segment: u64,
    next: u64,
}

impl Lines {
    /// Lines up to record `to`, at least one, and no more than about [`CHUNK`] bytes.
    fn chunk(&mut self, to: u64) -> Result<VecDeque<Line>, ReadError> {
        let (mut chunk, mut bytes) = (VecDeque::new(), 0);
        while self.next < to && bytes < CHUNK {
            let line = self.next_line()?;
            bytes += line.bytes.len();
            chunk.push_back(line);
        }
        Ok(chunk)
    }

    /// The next record, which must be durable.
    pub(crate) fn next_record(&mut self) -> Result<Record, ReadError> {
        self.next_line()?.record()
    }

    /// The next line, which must be durable.
    fn next_line(&mut self) -> Result<Line, ReadError> {
        let (mut file, path) = match self.file.take() {
            Some(open) => open,
            None => self.seek()?,
        };
        let mut bytes = Vec::new();
        let found = next_line(&mut file, &mut bytes).map_err(|source| io_error(&path, source))?;
        let damage = match found {
            Next::Line => {
                let line = Line { number: self.next, bytes, segment: Arc::clone(&path) };
                self.next += 1;
                self.file = Some((file, path));
                return Ok(line);
            }
            // A durable record that is not in this segment starts the next one.
            Next::End if self.next > self.segment => {
                self.segment = self.next;
                self.file = Some(self.open(self.next)?);
                return self.next_line();
            }
            Next::TooLong => Damage::Line(LineFault::TooLong),
            Next::Torn | Next::End => Damage::Torn,
        };
        Err(ReadError::Damaged { file: path.to_path_buf(), record: self.next, damage })
    }

    /// Opens the segment of the next record and goes there.
    fn seek(&mut self) -> Result<(BufReader<File>, Arc<PathBuf>), ReadError> {
        let place = self.view.places.read().unwrap_or_else(PoisonError::into_inner).before(self.next);
        let (mut file, path) = self.open(place.segment)?;
        let go = |file: &mut BufReader<File>| {
            file.seek(SeekFrom::Start(place.offset))?;
            (place.record..self.next).try_for_each(|_| file.skip_until(b'\n').map(drop))
        };
        go(&mut file).map_err(|source| io_error(&path, source))?;
        self.segment = place.segment;
        Ok((file, path))
    }

    fn open(&self, segment: u64) -> Result<(BufReader<File>, Arc<PathBuf>), ReadError> {
        let path = self.view.layout.segment(segment);
        let file = File::open(&path).map_err(|source| io_error(&path, source))?;
        Ok((BufReader::new(file), Arc::new(path)))
    }
}

fn io_error(path: &std::path::Path, source: io::Error) -> ReadError {
    ReadError::Io { path: path.to_owned(), source }
}
