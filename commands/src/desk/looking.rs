//! What only looks: status, dry runs, the last runs, a run's report. While the log takes no records it is answered all the same, and said to be
//! unrecorded: that is when people look.

use std::sync::Arc;

use storage::Record;

use super::{
    Desk, Pair,
    commands::failed,
    task::{Task, Understood},
};
use crate::{
    access::Right,
    engine::EngineError,
    grammar,
    history::{History, PastRun, Timeline},
    journal::Event,
    observe::observe,
    request::Request,
    typed::clean,
};

/// What stands for the number of a command that is not recorded.
const UNRECORDED: u64 = 0;

impl Desk {
    /// Answers a command that changes nothing without recording it. `None` if it is another one, or this person may not ask for it here.
    pub async fn look(&self, request: &Request, text: &str) -> Option<Event> {
        let seen = self.known(request).await.ok()?;
        let names: Vec<&str> = seen.into_iter().map(|pair| pair.name.as_str()).collect();
        let command = grammar::parse(&clean(text), &names).ok()?;
        let Understood { pair, task, .. } = self.understand_command(request, command).await.ok()?.ok()?;
        let failed = |error| Event::CommandFailed { command: UNRECORDED, text: text.to_owned(), error, refused: None };
        match self.inspect(request, &pair, &task, UNRECORDED).await {
            Ok(seen) => seen.map(|seen| seen.unwrap_or_else(failed)),
            Err(error) => Some(failed(error.to_string())),
        }
    }

    pub(super) async fn look_and_answer(
        self,
        request: Request,
        pair: Pair,
        task: Task,
        command: Arc<Record>,
    ) -> Result<(), EngineError> {
        match self.inspect(&request, &pair, &task, command.seq).await? {
            Some(seen) => self.answer(&request, &pair, seen.unwrap_or_else(|error| failed(&command, error))).await,
            None => Ok(()),
        }
    }

    /// What is seen, or why nothing is; `None` for a task that does more than look.
    async fn inspect(
        &self,
        request: &Request,
        pair: &Pair,
        task: &Task,
        command: u64,
    ) -> Result<Option<Result<Event, String>>, EngineError> {
        let asks = async || self.allowed(request, pair, Right::Ask).await.is_ok();
        Ok(Some(match task {
            Task::Status => {
                let observation = observe(&pair.aws, &pair.app, &pair.clock).await;
                let status = Box::new(self.status_of(pair, observation).await?);
                Ok(Event::StatusAnswered { command, status, asks: asks().await })
            }
            Task::DryRun(way) => match self.plan(pair, *way).await? {
                Ok(plan) => Ok(Event::PlanAnswered { command, plan: Box::new(plan), asks: asks().await }),
                Err(no_plan) => Err(no_plan.to_string()),
            },
            Task::History => {
                let mut runs = Vec::new();
                for id in self.last_runs(&pair.name).await? {
                    runs.extend(self.run(&id).await?.as_ref().map(PastRun::of));
                }
                let history = Box::new(History { application: pair.name.clone(), runs });
                Ok(Event::HistoryAnswered { command, history })
            }
            Task::Report { run } => {
                let records = self.log().run(run.as_str()).await?;
                match Timeline::of(records.iter().map(AsRef::as_ref))? {
                    Some(timeline) => Ok(Event::ReportAnswered { command, timeline: Box::new(timeline) }),
                    None => Err(format!("there is no run {run}")),
                }
            }
            _ => return Ok(None),
        }))
    }
}
