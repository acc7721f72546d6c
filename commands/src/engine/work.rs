//! One step, from its first record to its last: observe; if the goal holds, done; else act and observe until it holds, or the deadline
//! passes. Doing a step again is always safe, so a first attempt, a retry, a restart and "somebody did it by hand" are one path.

use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::{Instrument, info, warn};

use super::{
    EngineError, Pair, Scribe,
    act::{Acted, Hand},
    hopeless,
    steps::{self, Memory, Sight},
};
use crate::{
    journal::Event,
    run::{Run, StepState},
    runbook::Step,
    topology::StepTiming,
};

/// What a step's task needs.
pub(super) struct Job {
    pub(super) pair: Pair,
    pub(super) scribe: Scribe,
    /// The run as it stood when the task began.
    pub(super) run: Run,
    pub(super) step: &'static Step,
    pub(super) stop: CancellationToken,
}

impl Job {
    /// Works until the step ended or the program stops; the records say which.
    pub(super) async fn work(self) -> Result<(), EngineError> {
        let span = tracing::info_span!("step", run = %self.run.id, step = self.step.id.name());
        self.attempt().instrument(span).await
    }

    async fn attempt(self) -> Result<(), EngineError> {
        let timing = self.timing();
        let (began, attempt) = self.begin().await?;
        let (here, left) = (Instant::now(), self.left(began + timing.deadline).min(timing.deadline));
        let mut hand = Hand::new(&self.pair, &self.scribe, &self.run, self.step.id, attempt, self.stop.clone());
        let mut memory = Memory { attempt, began, ..Memory::default() };
        let (mut said, mut first) = (String::new(), true);
        let mut late = self.run.steps.get(&self.step.id).is_some_and(|step| step.late);
        while !self.stop.is_cancelled() {
            let sight = match steps::look(self.step.id, &self.pair, &self.run, &hand, &mut memory).await {
                Ok(sight) => sight,
                Err(error) if hopeless(&error) => Sight::Failed(error.to_string()),
                Err(error) => Sight::Waiting(error.to_string()),
            };
            let detail = match sight {
                Sight::Holds(detail) => {
                    hand.close().await?;
                    return self.done(detail, first && !hand.acted()).await;
                }
                Sight::Failed(error) => {
                    hand.close().await?;
                    return self.failed(error).await;
                }
                Sight::Waiting(detail) => detail,
                Sight::HandOff { detail, text } => {
                    self.hand_off(text).await?;
                    detail
                }
                Sight::Unmet { detail, actions } => {
                    // Said once: what stands in the way is said from then on.
                    if !hand.is_trying() {
                        self.say(&mut said, detail).await?;
                    }
                    match hand.act(actions).await? {
                        Acted::Sent => continue,
                        Acted::Held(why) => why,
                        Acted::Stopped => break,
                        Acted::Hopeless(error) => {
                            hand.close().await?;
                            return self.failed(error).await;
                        }
                    }
                }
            };
            first = false;
            if here.elapsed() >= left {
                let limit = timing.deadline.as_secs_f64();
                hand.close().await?;
                return self.failed(format!("not done after {limit} s; last seen: {detail}")).await;
            }
            if !late && self.pair.clock.now() >= began + timing.expected {
                self.late(began, timing.expected, &detail).await?;
                late = true;
            }
            self.say(&mut said, detail).await?;
            self.pause(steps::interval(self.step.id, &self.pair.app)).await;
        }
        hand.close().await
    }

    /// What the configuration says, with the deadline and the expectation that the plan has for this step.
    fn timing(&self) -> StepTiming {
        let configured = self.pair.app.timing.step(self.step.id);
        let plan = &self.run.plan;
        let (deadline, expected) =
            (plan.deadline(self.step.id, configured.deadline), plan.expected(self.step.id, configured.expected));
        StepTiming { deadline, expected }
    }

    /// Records the start of an attempt, unless this takes up one that a restart interrupted. Answers when it began and which it is.
    async fn begin(&self) -> Result<(Timestamp, u32), EngineError> {
        let before = self.run.steps.get(&self.step.id);
        if let Some(step) = before.filter(|step| step.state == StepState::Running) {
            return Ok((step.attempt_at, step.attempts));
        }
        let timing = self.timing();
        let goal = self.run.plan.goal(self.step.id);
        info!(goal, "step starts");
        let record = self
            .scribe
            .write(Event::StepStarted {
                goal: goal.to_owned(),
                expected_s: timing.expected.as_secs_f64(),
                deadline_s: timing.deadline.as_secs_f64(),
            })
            .await?;
        Ok((record.at, before.map_or(1, |step| step.attempts + 1)))
    }

    /// Tells people what to run, once in a run.
    async fn hand_off(&self, text: String) -> Result<(), EngineError> {
        let key = format!("handoff:{}", self.run.id);
        self.scribe.write_once(key, Event::HandoffGiven { text }).await?;
        Ok(())
    }

    /// Time left until then, none if it has passed. Looked up once for an attempt, which a jump of the host's clock does not cut short, or draw
    /// out, after that.
    fn left(&self, until: Timestamp) -> Duration {
        Duration::try_from(until.duration_since(self.pair.clock.now())).unwrap_or_default()
    }

    async fn done(&self, detail: String, already: bool) -> Result<(), EngineError> {
        info!(detail, already, "step done");
        self.scribe.write(Event::StepDone { detail, already }).await?;
        Ok(())
    }

    async fn failed(&self, error: String) -> Result<(), EngineError> {
        let best_effort = self.step.best_effort;
        warn!(error, best_effort, "step failed");
        self.scribe.write(Event::StepFailed { error, best_effort }).await?;
        Ok(())
    }

    /// Records that the step takes longer than expected; once, whatever is tried again.
    async fn late(&self, began: Timestamp, expected: Duration, detail: &str) -> Result<(), EngineError> {
        let late = Event::StepLate {
            expected_s: expected.as_secs_f64(),
            elapsed_s: self.pair.clock.now().duration_since(began).as_secs_f64(),
            detail: detail.to_owned(),
        };
        self.scribe.write_once(format!("late:{}:{}", self.run.id, self.step.id.name()), late).await?;
        Ok(())
    }

    /// Records what was seen, when that differs from what was last said.
    async fn say(&self, said: &mut String, detail: String) -> Result<(), EngineError> {
        if *said != detail {
            self.scribe.write(Event::StepObserved { detail: detail.clone() }).await?;
            *said = detail;
        }
        Ok(())
    }

    async fn pause(&self, interval: Duration) {
        let _stopped = tokio::time::timeout(interval, self.stop.cancelled()).await;
    }
}
