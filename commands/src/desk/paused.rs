//! `/dr retry`, `/dr skip`, `/dr failover`, `/dr abort`: what the buttons of a paused run do, typed. Which run and which step need no naming where only one
//! waits.

use super::{
    Desk,
    past::no_such_run,
    task::{Refused, Understood},
};
use crate::{
    access::Right,
    engine::EngineError,
    ids::RunId,
    journal::{Refusal, Resolution},
    plan::StepId,
    request::{Press, Request},
    run::Run,
};

impl Desk {
    /// The press that was meant, as if its button had been pressed.
    pub(super) async fn understand_resolve(
        &self,
        request: &Request,
        resolution: Resolution,
        run: Option<RunId>,
        step: Option<StepId>,
    ) -> Result<Result<Understood, Refused>, EngineError> {
        let (run, step) = match (run, step) {
            (Some(run), Some(step)) => (run, step),
            (run, step) => match self.meant(request, resolution, run, step).await? {
                Ok(meant) => meant,
                Err(refused) => return Ok(Err(refused)),
            },
        };
        self.understand_press(request, &Press::Resolve { run, step, resolution }).await
    }

    /// The one step that waits and fits.
    async fn meant(
        &self,
        request: &Request,
        resolution: Resolution,
        run: Option<RunId>,
        step: Option<StepId>,
    ) -> Result<Result<(RunId, StepId), Refused>, EngineError> {
        let candidates = match &run {
            Some(run) => match self.visible(request, run).await? {
                Some(run) => vec![run],
                None => return Ok(Err(no_such_run(run))),
            },
            None => self.visible_open(request).await?,
        };
        let waiting: Vec<(RunId, StepId)> = candidates
            .iter()
            .flat_map(|run| choices(run, resolution))
            .filter(|(_, id)| step.is_none_or(|step| step == *id))
            .collect();
        Ok(match waiting.as_slice() {
            [one] => Ok(one.clone()),
            [] => Err(Refused::new(
                candidates.first().map(|run| run.application.clone()),
                Refusal::NoSuchThing,
                nothing_waits(resolution, run.as_ref(), step),
            )),
            several => Err(Refused::new(None, Refusal::Ambiguous, which(resolution, several))),
        })
    }

    /// Open runs that the person may see.
    pub(super) async fn visible_open(&self, request: &Request) -> Result<Vec<Run>, EngineError> {
        let mut runs = Vec::new();
        for id in self.0.runs.all() {
            runs.extend(self.visible(request, &id).await?);
        }
        Ok(runs)
    }

    /// The run, if the person may see it.
    pub(super) async fn visible(&self, request: &Request, id: &RunId) -> Result<Option<Run>, EngineError> {
        let Some((pair, run)) = self.known_run(id).await? else { return Ok(None) };
        Ok(self.allowed(request, &pair, Right::Look).await.is_ok().then_some(run))
    }
}

/// What a resolution can be for in that run. An abort ends the run whichever step it is said of, so that there is one.
fn choices(run: &Run, resolution: Resolution) -> Vec<(RunId, StepId)> {
    let waiting = run.steps.iter().filter(|(_, step)| step.state.waits()).map(|(&step, _)| (run.id.clone(), step));
    match resolution {
        Resolution::Abort => waiting.take(1).collect(),
        Resolution::FailOver => waiting.filter(|(_, step)| run.resolutions(*step).contains(&resolution)).collect(),
        Resolution::Retry | Resolution::Skip => waiting.collect(),
    }
}

fn nothing_waits(resolution: Resolution, run: Option<&RunId>, step: Option<StepId>) -> String {
    if resolution == Resolution::FailOver {
        return "No run waits with a switchover that could not be made. `/dr promote` asks for a failover.".to_owned();
    }
    let what = match (run, step) {
        (Some(run), _) => format!("No step of {run} waits"),
        (None, Some(step)) => format!("No run waits at {}", step.name()),
        (None, None) => "No run waits".to_owned(),
    };
    format!("{what} for such a decision: only a step that failed does. `/dr status` shows where a run is.")
}

fn which(resolution: Resolution, several: &[(RunId, StepId)]) -> String {
    let typed = |(run, step): &(RunId, StepId)| match resolution {
        Resolution::Abort | Resolution::FailOver => format!("`/dr {} {run}`", resolution.name()),
        _ => format!("`/dr {} {run} {}`", resolution.name(), step.name()),
    };
    format!("Which one? {}.", several.iter().map(typed).collect::<Vec<_>>().join(" or "))
}
