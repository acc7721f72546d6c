//! The runs that responders follow in a channel: new messages, and the end of buttons that were pressed.

use commands::{
    journal::{CallOutcome, Event},
    plan::StepId,
};
use storage::Record;
use tokio::time::Instant;

use super::{
    super::{delivery::Ended, run_view::RunView},
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
            self.runs.remove(&id);
        }
        Ok(())
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
            Event::RunAborted { .. } => {
                if let (Some(gate), Some(aborted), None) = (&run.gate, &run.aborted, run.decided()) {
                    let message = messages::aborted(run, gate, aborted);
                    view.edit("gate", &message, cause, &mut self.delivery).await?;
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

    pub(super) async fn flush_due(&mut self) -> Result<(), Ended> {
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

/// Whether the call that moves the writer was accepted, or may have been.
fn moves_the_writer(record: &Record, outcome: &CallOutcome) -> bool {
    record.step.as_deref() == Some(StepId::Database.name()) && !matches!(outcome, CallOutcome::Failed { .. })
}
