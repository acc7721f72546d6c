//! One run as its stakeholders see it: what is worth telling at once, and a message when one was promised.

use std::{sync::Arc, time::Duration};

use commands::{
    journal::{Decision, Event, Resolution},
    run::Run,
};
use jiff::{SignedDuration, Timestamp};
use storage::Record;

use super::{
    Routes,
    delivery::{Delivered, Delivery, Ended, Post, Tries},
};
use crate::slack::messages;

/// A promised message comes so much earlier, since it takes its time to get there.
const LEAD: SignedDuration = SignedDuration::from_secs(30);
/// What is older is not told by itself any more; the next message tells how things stand.
const STALE: SignedDuration = SignedDuration::from_secs(120);
/// So many times rarer are messages about what users do not notice, and what may take days.
const RARER: u32 = 24;

/// A run and what stakeholders were told of it.
pub(super) struct PublicView {
    /// The run up to the record last seen.
    run: Run,
    /// Messages so far.
    told: u32,
    /// The record of the last message, or the run's first: what an earlier process may have posted comes after it. None can once this process has
    /// told something.
    last: u64,
    /// When they were promised the next, at the latest.
    promised: Option<Timestamp>,
    every: Duration,
    /// Where the run's page is.
    routes: Arc<Routes>,
}

impl PublicView {
    /// A view of `run`; `records` are all that the log has of it, later ones included, since they say what was told.
    pub(super) fn new<'a>(
        run: Run,
        every: Duration,
        routes: Arc<Routes>,
        records: impl Iterator<Item = &'a Record>,
    ) -> Self {
        let mut view = Self { told: 0, last: run.first, promised: None, every, routes, run };
        for record in records {
            if let Some(Event::MessagePosted { key, .. }) = Event::of(record)
                && key.starts_with(&view.key(""))
            {
                view.told += 1;
                view.last = record.seq;
                view.promised = Some(record.at + view.interval());
            }
        }
        view
    }

    /// When the next message is due, whatever happens until then.
    pub(super) fn due(&self) -> Option<Timestamp> {
        self.promised.map(|promised| promised - LEAD.min(self.interval() / 10)).filter(|_| self.run.ended.is_none())
    }

    /// Takes in the next record, and tells what is worth telling at once. The run's end is told whenever it is seen.
    pub(super) async fn apply(
        &mut self,
        record: &Record,
        event: &Event,
        now: Timestamp,
        delivery: &mut Delivery,
    ) -> Result<(), Ended> {
        if let Err(error) = self.run.apply(record) {
            tracing::error!(%error, "stakeholders are told of a run as it was before");
        }
        let stale = now.duration_since(record.at) > STALE;
        match event {
            Event::RunEnded { .. } => {}
            // How a request ends that nobody approved is told with the run's end, in its own words.
            Event::RunStarted { .. }
            | Event::GateDecided { decision: Decision::Approved { .. }, .. }
            | Event::RunPaused { .. }
            | Event::StepResolved { resolution: Resolution::Retry | Resolution::Skip, .. }
                if !stale => {}
            _ => {
                // Nobody was told anything yet, as after an outage: the next message is due at once.
                self.promised.get_or_insert(record.at);
                return Ok(());
            }
        }
        let key = self.key(&record.seq.to_string());
        if delivery.was_posted(&key).await? {
            return Ok(());
        }
        self.tell(&key, (record.seq, record.at), now, delivery).await
    }

    /// Keeps the promise.
    pub(super) async fn update(&mut self, now: Timestamp, delivery: &mut Delivery) -> Result<(), Ended> {
        let key = self.key(&format!("update-{}", self.told));
        let since = self.run.decided().map_or(self.run.commanded_at, |decided| decided.at);
        self.tell(&key, (self.last, since), now, delivery).await
    }

    async fn tell(
        &mut self,
        key: &str,
        cause: (u64, Timestamp),
        now: Timestamp,
        delivery: &mut Delivery,
    ) -> Result<(), Ended> {
        let next = self.run.ended.is_none().then(|| now + self.interval());
        let page = self.routes.page(&self.run.id, now);
        let message = messages::linked(messages::public(&self.run, next), page.as_deref());
        let post = Post {
            key,
            application: Some(&self.run.application),
            run: Some(self.run.id.as_str()),
            thread: None,
            cause,
            message: &message,
            tries: Tries::InLine,
        };
        // One that Slack refuses is on record; the next is due all the same.
        if let Delivered::At(_) | Delivered::WithoutButtons(_) = delivery.post(&post).await? {
            self.told += 1;
        }
        self.last = u64::MAX;
        self.promised = next;
        Ok(())
    }

    fn interval(&self) -> SignedDuration {
        let every = if messages::unnoticed(&self.run) { self.every.saturating_mul(RARER) } else { self.every };
        SignedDuration::try_from(every).unwrap_or(SignedDuration::MAX)
    }

    fn key(&self, name: &str) -> String {
        format!("{}/public/{name}", self.run.id)
    }
}
