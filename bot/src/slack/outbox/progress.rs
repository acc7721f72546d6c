//! How far the outbox is, and what keeps it: for metrics and for people.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use jiff::Timestamp;

use super::dialect::Dialect;

/// How far every lane is.
#[derive(Debug, Default)]
pub struct Progress {
    lanes: BTreeMap<String, Arc<LaneProgress>>,
    dialect: Arc<Dialect>,
}

/// How far one channel is.
#[derive(Debug, Default)]
pub struct LaneProgress {
    /// Number of the first record that is not yet shown.
    pub next: AtomicU64,
    /// Messages given up because Slack refused them.
    pub refused: AtomicU64,
    trouble: Mutex<Option<Trouble>>,
}

/// Why messages do not get through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// Since when.
    pub since: Timestamp,
    /// What Slack says.
    pub error: String,
    /// The channel that new messages go to meanwhile, if there is one.
    pub instead: Option<String>,
}

impl Progress {
    pub(super) fn new(channels: &BTreeSet<String>) -> Self {
        let lanes = channels.iter().map(|channel| (channel.clone(), Arc::default())).collect();
        Self { lanes, dialect: Arc::default() }
    }

    /// The channels with how far each is.
    pub fn lanes(&self) -> impl Iterator<Item = (&str, &Arc<LaneProgress>)> {
        self.lanes.iter().map(|(channel, lane)| (channel.as_str(), lane))
    }

    /// Which blocks the workspace takes.
    pub fn dialect(&self) -> &Arc<Dialect> {
        &self.dialect
    }

    /// Number of the first record that is not yet shown everywhere.
    pub fn next(&self) -> u64 {
        self.lanes.values().map(|lane| lane.next.load(Ordering::Relaxed)).min().unwrap_or(0)
    }

    /// Channels that messages do not get through to.
    pub fn troubles(&self) -> Vec<(String, Trouble)> {
        self.lanes().filter_map(|(channel, lane)| Some((channel.to_owned(), lane.trouble()?))).collect()
    }
}

impl LaneProgress {
    /// What keeps messages from the channel, if anything does.
    pub fn trouble(&self) -> Option<Trouble> {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Notes that something does, or nothing any more; whether that is new.
    pub(super) fn note(&self, trouble: Option<Trouble>) -> bool {
        let mut known = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        let new = known.is_some() != trouble.is_some();
        if new {
            *known = trouble;
        }
        new
    }
}
