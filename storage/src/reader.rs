//! Reading a log that another process may be writing.

use std::{ops::RangeBounds, path::Path, sync::Arc};

use crate::{
    Head, OpenError, Records, blocking,
    layout::Layout,
    scan::Scan,
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
            let scan = Scan::run(&layout, &[head])?;
            scan.check(&layout, head)?;
            Ok(Self::new(Arc::new(View::new(layout, scan.places, scan.tree.head()))))
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

    /// The lines of the records with these numbers.
    pub(crate) fn lines(&self, range: impl RangeBounds<u64>) -> RawLines {
        self.view.range(range)
    }
}
