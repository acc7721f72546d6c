//! Looking back: `/dr history` and `/dr report`.

use std::sync::Arc;

use futures::{Stream, StreamExt as _, TryStreamExt as _, stream};
use storage::Record;

use super::{
    Desk, Pair,
    task::{Refused, Task, Understood},
};
use crate::{
    access::Right, engine::EngineError, history::RUNS, ids::RunId, journal::Refusal, request::Request, run::Run,
};

/// Records read at a time, from the end of the log towards its beginning.
const WINDOW: u64 = 4_096;

impl Desk {
    /// What a person who asks for a run's report gets: the run may be of any time.
    pub(super) async fn understand_report(
        &self,
        request: &Request,
        run: &RunId,
    ) -> Result<Result<Understood, Refused>, EngineError> {
        Ok(match self.known_run(run).await? {
            None => Err(no_such_run(run)),
            Some((pair, _)) => self.allowed(request, &pair, Right::Look).await.map(|()| {
                let task = Task::Report { run: run.clone() };
                Understood { pair, run: None, task }
            }),
        })
    }

    /// A run of a configured application.
    pub(super) async fn known_run(&self, id: &RunId) -> Result<Option<(Pair, Run)>, EngineError> {
        let run = self.run(id).await?;
        Ok(run.and_then(|run| Some((self.0.pairs.get(&run.application)?.clone(), run))))
    }

    /// The application's last runs, newest first.
    pub(super) async fn last_runs(&self, application: &str) -> Result<Vec<RunId>, EngineError> {
        let begun = self.newest_first().try_filter_map(async |record| {
            let run = Run::begin(&record).filter(|run| run.application == application);
            Ok(run.map(|run| run.id))
        });
        begun.take(RUNS).try_collect().await
    }

    /// The log from its end towards its beginning, a window at a time: what is looked for in it is rare, has no index, and is mostly near the end.
    pub(super) fn newest_first(&self) -> impl Stream<Item = Result<Arc<Record>, EngineError>> {
        let windows = stream::try_unfold(self.0.log.head().size, async |end| {
            if end == 0 {
                return Ok::<_, EngineError>(None);
            }
            let begin = end.saturating_sub(WINDOW);
            let window: Vec<Arc<Record>> = self.0.log.read(begin..end).try_collect().await?;
            Ok(Some((stream::iter(window.into_iter().rev().map(Ok)), begin)))
        });
        windows.try_flatten()
    }
}

/// The refusal of what is about a run that nobody knows.
pub(super) fn no_such_run(run: &RunId) -> Refused {
    Refused::new(None, Refusal::NoSuchThing, format!("There is no run {run}. `/dr history` lists the last ones."))
}
