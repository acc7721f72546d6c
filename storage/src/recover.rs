//! From a folder to a writer: locking, checking, and bringing what is derived up to the log.

use std::sync::Arc;

use serde_json::json;

use crate::{
    Actor, Clock, Entry, Head, OpenError, Origin, ReadError,
    index::Index,
    layout::Layout,
    queue::Queue,
    scan::{Scan, Tail},
    stored::Stored,
    view::View,
    writer::{OpenSegment, Writer},
};

/// Records that the index is caught up with in one go.
const CATCH_UP: u64 = 1024;

/// A log that can be written to.
pub(crate) struct Recovered {
    pub(crate) queue: Arc<Queue>,
    pub(crate) writer: Writer,
    /// The torn tail that was cut, which is still to be recorded.
    pub(crate) tail: Option<Tail>,
    /// The records that were not read: those that this counts.
    pub(crate) unread: Option<Head>,
}

/// Opens a log's folder. Blocking. What was there when the head was written down is not read where the tree's hashes lead to that head.
pub(crate) fn recover(layout: Layout, clock: Clock, segment_bytes: u64) -> Result<Recovered, OpenError> {
    layout.create().map_err(|source| OpenError::Io { path: layout.dir().to_owned(), source })?;
    let lock = layout.lock()?;
    let index = Index::open(&layout);
    let (head, mark) = (layout.read_head()?, index.mark());
    let stored = Stored::open(&layout.hashes(), true);
    let stored = stored.inspect_err(|error| tracing::warn!(%error, "the tree's hashes cannot be kept in a file")).ok();
    let heads = [head, mark];
    let quick = head.zip(stored.as_ref()).and_then(|(head, stored)| Scan::after(&layout, head, &heads, stored));
    let unread = quick.as_ref().and(head);
    let scan = match quick {
        Some(scan) => scan,
        None => Scan::run(&layout, &heads, stored.as_ref())?,
    };
    scan.check(&layout, head)?;

    let agreed = mark.filter(|&mark| scan.had(mark));
    let index = if agreed.is_some() { index } else { index.replace(&layout) };
    let Scan { tree, places, last, .. } = scan;
    let view = Arc::new(View::new(layout, places, tree.head(), stored));
    if let Err(error) = catch_up(&index, &view, agreed) {
        tracing::error!(%error, "failed to bring the index up to the log");
        index.close();
    }

    if let Some(Err(error)) = view.stored.as_ref().map(|stored| stored.truncate(view.head().size)) {
        tracing::warn!(%error, "the tree's hashes are too many in their file");
    }

    // Only now, when the log is known to be sound but for its tail, is anything of it changed.
    let (segment, tail) = match last {
        Some(last) => {
            let segment = OpenSegment::open(&last.path, last.first, last.bytes);
            (Some(segment.map_err(|source| OpenError::Io { path: last.path, source })?), last.tail)
        }
        None => (None, None),
    };
    let queue = Arc::new(Queue::new(view, index, clock, tree));
    let writer = Writer { segment, segment_bytes, lock };
    Ok(Recovered { queue, writer, tail, unread })
}

/// Reads and checks the records that a head counts, and notes where they are. Blocking.
pub(crate) fn check(view: &View, head: Head) -> Result<(), OpenError> {
    let scan = Scan::up_to(&view.layout, head, view.stored.as_ref())?;
    view.place_earlier(scan.places, head.size);
    Ok(())
}

/// Adds what the index lacks.
fn catch_up(index: &Index, view: &Arc<View>, mark: Option<Head>) -> Result<(), ReadError> {
    let (head, mut next) = (view.head(), mark.map_or(0, |mark| mark.size));
    let mut lines = view.lines(next);
    while next < head.size {
        let count = CATCH_UP.min(head.size - next);
        let records = (0..count).map(|_| lines.next_record()).collect::<Result<Vec<_>, _>>()?;
        next += count;
        // The mark comes last: what was interrupted is done again.
        index.hold().add(&records, (next == head.size).then_some(head));
    }
    Ok(())
}

impl Tail {
    /// What is appended when this was cut off.
    pub(crate) fn entry(&self) -> Entry {
        Entry {
            actor: Actor::Bot,
            origin: Origin::System,
            application: None,
            run: None,
            step: None,
            event: "log.tail-cut".to_owned(),
            dedupe: None,
            data: json!({ "bytes": self.bytes, "sha256": self.sha256 }),
        }
    }
}
