//! The runs that responders follow in a channel: new messages, and the end of buttons that were pressed.

use commands::{
    journal::{CallOutcome, Event},
    plan::StepId,
};
use storage::Record;
use tokio::time::Instant;

use super::{
    super::{
        delivery::{Ended, Place},
        questions::{Asked, GATE, HANDOFF},
        run_view::RunView,
    },
    Lane,
};
use crate::slack::messages;

impl Lane {
    pub(super) async fn show_run(&mut self, record: &Record, event: &Event) -> Result<(), Ended> {
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
        }
        Ok(())
    }

    /// Takes in that a message of a run was posted, whichever lane posted it.
    pub(super) fn note_posted(&mut self, run: &str, key: &str, place: Place) {
        if let Some(view) = self.runs.get_mut(run) {
            view.known(key, place);
        }
    }

    async fn load(&self, record: &Record, id: &str) -> Result<Option<RunView>, Ended> {
        let (run, records) = self.run_at(record, id).await?;
        Ok(run.map(|run| RunView::new(run, records.iter().map(AsRef::as_ref))))
    }

    /// New messages, for what people must not miss, and the end of buttons that were pressed.
    async fn announce(&mut self, id: &str, record: &Record, event: &Event) -> Result<(), Ended> {
        let Some(view) = self.runs.get_mut(id) else { return Ok(()) };
        let (run, cause) = (&view.run, (record.seq, record.at));
        match event {
            Event::RunStarted { .. } => self.flush(id).await,
            Event::GateOpened { .. } => match &run.gate {
                Some(gate) => {
                    let message = messages::gate(run, gate);
                    view.ask(Asked { name: GATE.to_owned(), message, cause }, &mut self.delivery).await
                }
                None => Ok(()),
            },
            Event::GateApproved { .. } | Event::GateLapsed { .. } => match &run.gate {
                Some(gate) if gate.decided.is_none() => {
                    let message = messages::gate(run, gate);
                    view.change(GATE, message, cause, true, &mut self.delivery).await
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
                    view.change(GATE, message, cause, false, &mut self.delivery).await
                }
                None => Ok(()),
            },
            Event::CallFinished { outcome, .. } if moves_the_writer(record, outcome) => {
                let message = messages::no_return(run, outcome, record.seq);
                view.post("no-return", &message, cause, &mut self.delivery).await
            }
            Event::HandoffGiven { text } => {
                let message = messages::handoff(run, text, record.seq);
                view.ask(Asked { name: HANDOFF.to_owned(), message, cause }, &mut self.delivery).await
            }
            Event::StepFailed { best_effort: false, .. } => view.ask_about(record, &mut self.delivery).await,
            Event::StepResolved { resolution, .. } => view.resolve(record, *resolution, &mut self.delivery).await,
            Event::RunAborted { .. } => {
                if let (Some(gate), Some(aborted), None) = (&run.gate, &run.aborted, run.decided()) {
                    let message = messages::aborted(run, gate, aborted);
                    view.change(GATE, message, cause, false, &mut self.delivery).await?;
                }
                view.close_questions(record, &mut self.delivery).await
            }
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

    /// Does everything that is due.
    pub(super) async fn flush_due(&mut self) -> Result<(), Ended> {
        self.delivery.catch_up().await?;
        let now = Instant::now();
        let due: Vec<String> = self
            .runs
            .iter()
            .filter(|(_, view)| view.due().is_some_and(|due| due <= now))
            .map(|(id, _)| id.clone())
            .collect();
        for id in due {
            if let Some(view) = self.runs.get_mut(&id) {
                let now = self.clock.now();
                let page = self.routes.page(&view.run.id, now);
                view.flush_due(now, page.as_deref(), &mut self.delivery).await?;
            }
        }
        self.runs.retain(|_, view| !view.is_over());
        Ok(())
    }

    /// Brings a run's own message up to date, due or not.
    async fn flush(&mut self, id: &str) -> Result<(), Ended> {
        let Some(view) = self.runs.get_mut(id) else { return Ok(()) };
        let now = self.clock.now();
        let page = self.routes.page(&view.run.id, now);
        view.flush(now, page.as_deref(), &mut self.delivery).await?;
        self.runs.retain(|_, view| !view.is_over());
        Ok(())
    }
}

/// Whether the call that moves the writer was accepted, or may have been.
fn moves_the_writer(record: &Record, outcome: &CallOutcome) -> bool {
    record.step.as_deref() == Some(StepId::Database.name()) && !matches!(outcome, CallOutcome::Failed { .. })
}
