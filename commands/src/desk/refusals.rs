//! Refusals: told, and recorded. Those of requests whose sender is not known are recorded within a budget, or anybody could fill the disk.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use jiff::{SignedDuration, Timestamp};
use storage::{Actor, Origin};
use tracing::warn;

use super::{Desk, append, entry, log_down, request_entry};
use crate::{
    journal::{Event, Refusal},
    request::{Reply, Request},
};

/// Records for one kind of refusal in one minute.
const PER_MINUTE: u32 = 10;

/// How many refusals of each kind were recorded in the current minute, and how many were not.
#[derive(Debug, Default)]
pub(super) struct RefusalBudget(Mutex<BTreeMap<String, Window>>);

#[derive(Debug)]
struct Window {
    since: Timestamp,
    recorded: u32,
    suppressed: u64,
}

impl RefusalBudget {
    /// Whether this one is recorded; if so, how many were not since the last.
    fn spend(&self, reason: Refusal, now: Timestamp) -> Option<u64> {
        let mut windows = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let window = windows.entry(format!("{reason:?}")).or_insert(Window { since: now, recorded: 0, suppressed: 0 });
        if now.duration_since(window.since) >= SignedDuration::from_mins(1) {
            (window.since, window.recorded) = (now, 0);
        }
        if window.recorded >= PER_MINUTE {
            window.suppressed += 1;
            return None;
        }
        window.recorded += 1;
        Some(std::mem::take(&mut window.suppressed))
    }
}

impl Desk {
    /// Records that a request was refused before it could be told who sent it: a bad signature, a replay, a body too large.
    pub async fn refuse(&self, origin: Origin, reason: Refusal, reply: &str) {
        warn!(?reason, "request refused");
        let Some(suppressed) = self.0.refusals.spend(reason, self.0.clock.now()) else { return };
        let refused = Event::RequestRefused { reason, reply: reply.to_owned(), suppressed };
        if let Err(failure) = append(&self.0.log, entry(Actor::Bot, origin), refused).await {
            warn!(%failure, "a refusal could not be recorded");
        }
    }

    /// Refuses a request of a known person, and records it.
    pub(super) async fn refuse_person(
        &self,
        request: &Request,
        application: Option<&str>,
        text: &str,
        reason: Refusal,
        reply: String,
    ) -> Reply {
        warn!(?reason, text, "command refused");
        let refused = Event::CommandRefused { text: text.to_owned(), reason, reply: reply.clone() };
        let mut entry = request_entry(request);
        entry.application = application.map(str::to_owned);
        entry.dedupe = Some(request.dedupe.clone());
        match append(&self.0.log, entry, refused).await {
            Ok(Some(_)) => Reply::Refused { reason, text: reply },
            Ok(None) => self.replayed(request).await,
            Err(failure) => log_down(&failure),
        }
    }

    /// Refuses a request that was taken before.
    pub(super) async fn replayed(&self, request: &Request) -> Reply {
        let text = "This request was already taken; nothing was done twice.".to_owned();
        self.refuse(request.origin.clone(), Refusal::Replayed, &text).await;
        Reply::Refused { reason: Refusal::Replayed, text }
    }
}
