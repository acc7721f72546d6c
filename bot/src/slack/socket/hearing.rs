//! Whether Slack is heard, for whoever watches the bot: `/readyz`, metrics, the log.

use std::sync::{Arc, Mutex, PoisonError};

use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{counter::Counter, family::Family, gauge::Gauge},
    registry::Registry,
};
use tokio::time::Instant;

use super::{CONNECTIONS, link::End, trouble::Trouble};

/// What is known of the connections. Clones are the same.
#[derive(Clone)]
pub struct Hearing {
    open: Gauge,
    ended: Family<EndLabel, Counter>,
    silence: Arc<Mutex<Silence>>,
}

struct Silence {
    /// When the last connection ended, or the bot started.
    since: Instant,
    /// Why there is none.
    why: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct EndLabel {
    reason: &'static str,
}

impl Hearing {
    /// Nothing is open yet.
    pub(super) fn new() -> Self {
        let silence = Silence { since: Instant::now(), why: "the first connection is being opened".to_owned() };
        Self { open: Gauge::default(), ended: Family::default(), silence: Arc::new(Mutex::new(silence)) }
    }

    /// Whether Slack reaches the bot; if over fewer connections than it keeps, why, for people.
    ///
    /// # Errors
    /// Since when not, and why, for people.
    pub fn heard(&self) -> Result<Option<String>, String> {
        let open = usize::try_from(self.open.get()).unwrap_or_default();
        if open >= CONNECTIONS {
            return Ok(None);
        }
        let silence = self.silence.lock().unwrap_or_else(PoisonError::into_inner);
        if open > 0 {
            return Ok(Some(format!("{open} of {CONNECTIONS} connections to Slack: {}", silence.why)));
        }
        Err(format!(
            "deaf: no connection to Slack for {} s: {}. `standby promote` works at the host's terminal",
            silence.since.elapsed().as_secs(),
            silence.why
        ))
    }

    /// Adds its metrics.
    pub fn register(&self, registry: &mut Registry) {
        registry.register("slack_connections", "Socket Mode connections that Slack is heard on", self.open.clone());
        registry.register(
            "slack_connections_ended",
            "Socket Mode connections that ended, by reason; deaf ones were open and silent, Slack did not want those that it turned away",
            self.ended.clone(),
        );
    }

    pub(super) fn opened(&self) {
        self.open.inc();
        tracing::info!(open = self.open.get(), "a connection to Slack is open");
    }

    pub(super) fn not_opened(&self, trouble: &Trouble) {
        self.explain(&trouble.to_string());
        tracing::warn!(%trouble, open = self.open.get(), "no further connection to Slack");
    }

    /// Nothing comes over a connection any more, though it may be open still.
    pub(super) fn lost(&self, end: &End) {
        if self.open.dec() == 1 {
            self.silence.lock().unwrap_or_else(PoisonError::into_inner).since = Instant::now();
        }
        self.explain(&end.to_string());
    }

    pub(super) fn closed(&self, end: &End) {
        self.ended.get_or_create(&EndLabel { reason: end.reason() }).inc();
        match end {
            // It was lost when Slack said so.
            End::TurnedAway(_) => {}
            _ => self.lost(end),
        }
        match end {
            End::Announced | End::Stopped => {
                tracing::info!(%end, open = self.open.get(), "a connection to Slack ended")
            }
            End::Closed(_) | End::Deaf(_) | End::TurnedAway(_) => {
                tracing::warn!(%end, open = self.open.get(), "a connection to Slack ended")
            }
        }
    }

    fn explain(&self, why: &str) {
        why.clone_into(&mut self.silence.lock().unwrap_or_else(PoisonError::into_inner).why);
    }
}
