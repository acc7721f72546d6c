//! What one channel is told, in the order in which it happened.

mod answers;
mod runs;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use commands::{journal::Event, run::Run};
use futures::StreamExt as _;
use storage::{Checkpoint, Clock, Log, Record};
use tokio::time::Instant;

use super::{
    Progress, Routes,
    delivery::{Delivery, Ended, Place},
    public_view::PublicView,
    run_view::RunView,
};
use crate::slack::{messages, whisper::Whisper};

/// Records after which the cursor is kept though none of them concerned the channel.
const STRIDE: u64 = 1_024;

/// Name of a channel's cursor in the store.
pub(super) fn cursor(channel: &str) -> String {
    format!("slack/{channel}")
}

/// One channel's view of the log.
pub(super) struct Lane {
    log: Log,
    clock: Clock,
    routes: Arc<Routes>,
    /// How far all lanes are: people who ask for a status are told what keeps messages anywhere.
    all: Arc<Progress>,
    delivery: Delivery,
    /// Tells people what concerns nobody else.
    whisper: Whisper,
    /// Open runs that responders follow here.
    runs: BTreeMap<String, RunView>,
    /// Open runs that stakeholders hear of here.
    publics: BTreeMap<String, PublicView>,
    from: u64,
    /// Number of the record after the one last shown.
    next: u64,
    /// The cursor as it is kept in the store.
    kept: u64,
}

impl Lane {
    pub(super) fn new(
        log: Log,
        clock: Clock,
        routes: Arc<Routes>,
        all: Arc<Progress>,
        delivery: Delivery,
        whisper: Whisper,
        from: u64,
    ) -> Self {
        Self {
            log,
            clock,
            routes,
            all,
            delivery,
            whisper,
            runs: BTreeMap::new(),
            publics: BTreeMap::new(),
            from,
            next: from,
            kept: from,
        }
    }

    /// Follows the log until stopped.
    pub(super) async fn run(mut self) -> Result<(), Ended> {
        self.delivery.reached(self.from);
        let mut records = Box::pin(self.log.follow(self.from));
        loop {
            let due = self.runs.values().filter_map(RunView::due).min();
            let due = due.map(|due| self.delivery.edits_free_at().map_or(due, |free| due.max(free)));
            let due = [due, self.delivery.waiting_due()].into_iter().flatten().min();
            let promised = self.promised();
            let stopped = self.delivery.stopped();
            let mut shown = true;
            tokio::select! {
                biased;
                () = stopped => return Ok(()),
                // An edit that is due goes before new records, or a busy log would keep it waiting.
                () = at(due) => self.flush_due().await?,
                record = records.next() => match record {
                    Some(record) => shown = self.show(&*record?).await?,
                    None => return Ok(()),
                },
                // Last, for what is promised is how things stand after all records.
                () = at(promised) => self.keep_promises().await?,
            }
            self.remember(shown).await?;
        }
    }

    /// Keeps the cursor at the first record that is not shown whole, or asks what nobody has answered.
    async fn remember(&mut self, shown: bool) -> Result<(), Ended> {
        let until = |since: fn(&RunView) -> Option<u64>| {
            let waiting = self.delivery.waiting_since().into_iter().chain([self.next]);
            self.runs.values().filter_map(since).chain(waiting).min().unwrap_or_default()
        };
        self.delivery.reached(until(RunView::pending_since));
        let next = until(RunView::needed_since);
        if next != self.kept && (shown || next >= self.kept + STRIDE) {
            self.log.set_cursor(&cursor(&self.delivery.home), next).await?;
            self.kept = next;
        }
        Ok(())
    }

    /// Shows what a record says. Whether it concerns the channel.
    async fn show(&mut self, record: &Record) -> Result<bool, Ended> {
        let home = &self.delivery.home;
        let (answers, follows) = (self.routes.answers(home, record), self.routes.follows(home, record));
        let public = self.routes.stakeholders(home, record);
        let concerns = answers || follows || public.is_some();
        match Event::of(record).filter(|event| concerns && !is_about_messages(event)) {
            Some(event) => {
                if answers {
                    self.answer(record, &event).await?;
                }
                if follows {
                    self.show_run(record, &event).await?;
                }
                if let Some(every) = public {
                    self.tell_stakeholders(record, &event, every).await?;
                }
            }
            // What was signed when a run ended is posted where its people see it.
            None if follows && record.data["reason"] == "run.ended" => {
                if let Some(checkpoint) = Checkpoint::of(record) {
                    let message = messages::checkpoint(&checkpoint, record.run.as_deref(), record.seq);
                    self.post_once("checkpoint", record, record.run.as_deref(), &message).await?;
                }
            }
            None => {}
        }
        if let (Some(Event::MessagePosted { key, channel, ts }), Some(run), true) =
            (Event::of(record), &record.run, follows)
        {
            self.note_posted(run, &key, Place { channel, ts });
        }
        self.next = record.seq + 1;
        Ok(concerns)
    }

    /// The run up to `record`, with all records of it, later ones included: they say what was posted.
    async fn run_at(&self, record: &Record, id: &str) -> Result<(Option<Run>, Vec<Arc<Record>>), Ended> {
        let records = self.log.run(id).await?;
        let before = records.iter().map(AsRef::as_ref).filter(|known: &&Record| known.seq <= record.seq);
        let run = Run::fold(before).unwrap_or_else(|error| {
            tracing::error!(%error, "a run cannot be shown");
            None
        });
        Ok((run, records))
    }

    async fn tell_stakeholders(&mut self, record: &Record, event: &Event, every: Duration) -> Result<(), Ended> {
        let Some(id) = record.run.clone() else { return Ok(()) };
        if !self.publics.contains_key(&id) {
            let (run, records) = self.run_at(record, &id).await?;
            match run {
                Some(run) => {
                    let view = PublicView::new(run, every, self.routes.clone(), records.iter().map(AsRef::as_ref));
                    self.publics.insert(id.clone(), view)
                }
                None => return Ok(()),
            };
        }
        let Some(view) = self.publics.get_mut(&id) else { return Ok(()) };
        view.apply(record, event, self.clock.now(), &mut self.delivery).await?;
        if matches!(event, Event::RunEnded { .. }) {
            self.publics.remove(&id);
        }
        Ok(())
    }

    /// When stakeholders have to hear something again.
    fn promised(&self) -> Option<Instant> {
        let due = self.publics.values().filter_map(PublicView::due).min()?;
        let wait = Duration::try_from(due.duration_since(self.clock.now())).unwrap_or_default();
        Some(Instant::now() + wait)
    }

    async fn keep_promises(&mut self) -> Result<(), Ended> {
        let now = self.clock.now();
        for view in self.publics.values_mut().filter(|view| view.due().is_some_and(|due| due <= now)) {
            view.update(now, &mut self.delivery).await?;
        }
        Ok(())
    }
}

/// Whether an event says what became of messages or requests; the channel has those themselves.
fn is_about_messages(event: &Event) -> bool {
    matches!(
        event,
        Event::MessagePosted { .. }
            | Event::MessageRefused { .. }
            | Event::CommandReceived { .. }
            | Event::CommandRefused { .. }
    )
}

async fn at(due: Option<Instant>) {
    match due {
        Some(due) => tokio::time::sleep_until(due).await,
        None => std::future::pending().await,
    }
}
