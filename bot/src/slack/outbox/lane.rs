//! What one channel is told, in the order in which it happened.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use commands::{
    journal::{CallOutcome, Event},
    plan::StepId,
    run::Run,
};
use futures::StreamExt as _;
use storage::{Checkpoint, Clock, Log, Record};
use tokio::time::Instant;

use super::{
    Progress, Routes,
    delivery::{Delivery, Ended, Post},
    public_view::PublicView,
    run_view::RunView,
};
use crate::slack::{kit::Message, messages};

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
        from: u64,
    ) -> Self {
        Self {
            log,
            clock,
            routes,
            all,
            delivery,
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

    /// Keeps the cursor at the first record that is not shown whole.
    async fn remember(&mut self, shown: bool) -> Result<(), Ended> {
        let next = self.runs.values().filter_map(RunView::pending_since).min().unwrap_or(self.next).min(self.next);
        self.delivery.reached(next);
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
                match self.answer(record, &event) {
                    Some(message) if answers => self.post_once("answer", record, None, &message).await?,
                    None if follows => self.show_run(record, &event).await?,
                    _ => {}
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
        self.next = record.seq + 1;
        Ok(concerns)
    }

    /// The answer that a record is, if it is one. At the terminal, the terminal answers.
    fn answer(&self, record: &Record, event: &Event) -> Option<Message> {
        let seq = record.seq;
        Some(match event {
            Event::StatusAnswered { status, asks, .. } => {
                messages::with_troubles(messages::status(status, *asks, seq), &self.all.troubles())
            }
            Event::PlanAnswered { plan, asks, .. } => messages::plan(plan, *asks, seq),
            Event::HistoryAnswered { history, .. } => messages::history(history, seq),
            Event::ReportAnswered { timeline, .. } => {
                let page = self.routes.page(&timeline.run.run, self.clock.now());
                messages::linked(messages::timeline(timeline, seq), page.as_deref())
            }
            Event::HandoffLooked { lacks, .. } => {
                messages::looked(record.application.as_deref().unwrap_or_default(), lacks.as_deref(), seq)
            }
            Event::CommandFailed { text, error, .. } => messages::failed(text, error, seq),
            _ => return None,
        })
    }

    /// Posts what one record says by itself.
    async fn post_once(
        &mut self,
        what: &str,
        record: &Record,
        run: Option<&str>,
        message: &Message,
    ) -> Result<(), Ended> {
        let key = format!("{what}/{}", record.seq);
        if self.delivery.was_posted(&key).await? {
            return Ok(());
        }
        let post = Post {
            key: &key,
            application: record.application.as_deref(),
            run,
            thread: None,
            cause: (record.seq, record.at),
            message,
        };
        self.delivery.post(&post).await.map(drop)
    }

    async fn show_run(&mut self, record: &Record, event: &Event) -> Result<(), Ended> {
        let Some(id) = record.run.clone() else { return Ok(()) };
        if !self.runs.contains_key(&id) {
            match self.load(record, &id).await? {
                Some(view) => self.runs.insert(id.clone(), view),
                None => return Ok(()),
            };
        }
        let Some(view) = self.runs.get_mut(&id) else { return Ok(()) };
        view.apply(record, event);
        self.announce(&id, record, event).await?;
        if matches!(event, Event::RunEnded { .. }) {
            self.flush(&id).await?;
            self.runs.remove(&id);
        }
        Ok(())
    }

    async fn load(&self, record: &Record, id: &str) -> Result<Option<RunView>, Ended> {
        let (run, records) = self.run_at(record, id).await?;
        Ok(run.map(|run| RunView::new(run, records.iter().map(AsRef::as_ref))))
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

    /// New messages, for what people must not miss, and the end of buttons that were pressed.
    async fn announce(&mut self, id: &str, record: &Record, event: &Event) -> Result<(), Ended> {
        let Some(view) = self.runs.get_mut(id) else { return Ok(()) };
        let (run, cause) = (&view.run, (record.seq, record.at));
        match event {
            Event::RunStarted { .. } => {
                let page = self.routes.page(&run.id, self.clock.now());
                let message = messages::linked(messages::progress(run, record.at), page.as_deref());
                view.post("root", &message, cause, &mut self.delivery).await
            }
            Event::GateOpened { .. } => match &run.gate {
                Some(gate) => {
                    let message = messages::gate(run, gate);
                    view.post("gate", &message, cause, &mut self.delivery).await
                }
                None => Ok(()),
            },
            Event::GateApproved { .. } | Event::GateLapsed { .. } => match &run.gate {
                Some(gate) if gate.decided.is_none() => {
                    let message = messages::gate(run, gate);
                    view.edit("gate", &message, cause, &mut self.delivery).await
                }
                _ => Ok(()),
            },
            Event::GateClosing { .. } => match &run.gate {
                Some(gate) => {
                    let message = messages::closing(run, gate);
                    view.post("closing", &message, cause, &mut self.delivery).await
                }
                None => Ok(()),
            },
            Event::GateDecided { .. } => match run.gate.as_ref().zip(run.decided()) {
                Some((gate, decided)) => {
                    let message = messages::decided(run, gate, decided);
                    view.edit("gate", &message, cause, &mut self.delivery).await
                }
                None => Ok(()),
            },
            Event::CallFinished { outcome, .. } if moves_the_writer(record, outcome) => {
                let message = messages::no_return(run, outcome, record.seq);
                view.post("no-return", &message, cause, &mut self.delivery).await
            }
            Event::HandoffGiven { text } => {
                let message = messages::handoff(run, text, record.seq);
                view.post("handoff", &message, cause, &mut self.delivery).await
            }
            Event::StepFailed { best_effort: false, .. } => view.ask(record, &mut self.delivery).await,
            Event::StepResolved { resolution, .. } => view.resolve(record, *resolution, &mut self.delivery).await,
            Event::RunEnded { report } => {
                let page = self.routes.page(&run.id, self.clock.now());
                let report = messages::report(run, report, record.seq, &self.log.head());
                let message = messages::linked(report, page.as_deref());
                view.post("report", &message, cause, &mut self.delivery).await?;
                view.close_questions(record, &mut self.delivery).await
            }
            _ => Ok(()),
        }
    }

    async fn flush_due(&mut self) -> Result<(), Ended> {
        let now = Instant::now();
        let due: Vec<String> = self
            .runs
            .iter()
            .filter(|(_, view)| view.due().is_some_and(|due| due <= now))
            .map(|(id, _)| id.clone())
            .collect();
        for id in due {
            self.flush(&id).await?;
        }
        Ok(())
    }

    async fn flush(&mut self, id: &str) -> Result<(), Ended> {
        match self.runs.get_mut(id) {
            Some(view) => {
                let now = self.clock.now();
                let page = self.routes.page(&view.run.id, now);
                view.flush(now, page.as_deref(), &mut self.delivery).await
            }
            None => Ok(()),
        }
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

/// Whether the call that moves the writer was accepted, or may have been.
fn moves_the_writer(record: &Record, outcome: &CallOutcome) -> bool {
    record.step.as_deref() == Some(StepId::Database.name()) && !matches!(outcome, CallOutcome::Failed { .. })
}

async fn at(due: Option<Instant>) {
    match due {
        Some(due) => tokio::time::sleep_until(due).await,
        None => std::future::pending().await,
    }
}
