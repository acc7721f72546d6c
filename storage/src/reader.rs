//! Reading a log that another process may be writing.

use std::{ops::RangeBounds, path::Path, sync::Arc};

use crate::{
    Head, OpenError, ReadError, Records, blocking,
    layout::Layout,
    proof::{self, Proof},
    scan::Scan,
    stored::Stored,
    view::{RawLines, View, records},
};

/// A read-only view of a log, without its lock: what it held when this was opened, up to the last complete line.
#[derive(Debug, Clone)]
pub struct Reader {
    view: Arc<View>,
}

impl Reader {
    /// Opens the log in a folder, and checks every record of it. Nothing on disk is changed.
    ///
    /// # Errors
    /// See [`OpenError`]; never [`OpenError::Locked`].
    pub async fn open(dir: &Path) -> Result<Self, OpenError> {
        let layout = Layout::new(dir);
        let scanned = blocking::run(move || {
            // The head file first: it is written after the records that it counts.
            let head = layout.read_head()?;
            let scan = Scan::run(&layout, &[head], None)?;
            scan.check(&layout, head)?;
            let stored = Stored::open(&layout.hashes(), false).ok();
            Ok(Self::new(Arc::new(View::new(layout, scan.places, scan.tree.head(), stored))))
        });
        scanned.await.map_err(|source| OpenError::Io { path: dir.to_owned(), source })?
    }

    pub(crate) fn new(view: Arc<View>) -> Self {
        Self { view }
    }

    pub(crate) fn view(&self) -> &Arc<View> {
        &self.view
    }

    /// Size and Merkle root of what can be read.
    pub fn head(&self) -> Head {
        self.view.head()
    }

    /// The records with these numbers.
    pub fn read(&self, range: impl RangeBounds<u64>) -> Records {
        records(self.lines(range))
    }

    /// Proves that a record is in the log.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub async fn inclusion(&self, record: u64, head: Head) -> Result<Option<Proof>, ReadError> {
        proof::inclusion(self, record, head).await
    }

    /// Proves that the log with one head begins with what it was at an earlier one.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub async fn consistency(&self, from: Head, to: Head) -> Result<Option<Proof>, ReadError> {
        proof::consistency(self, from, to).await
    }

    /// The root that the log had when it was so long.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub async fn head_at(&self, size: u64) -> Result<Option<Head>, ReadError> {
        proof::head_at(self, size).await
    }

    /// The lines of the records with these numbers.
    pub(crate) fn lines(&self, range: impl RangeBounds<u64>) -> RawLines {
        self.view.range(range)
    }
}
