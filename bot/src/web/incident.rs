//! A run with everything that its page tells of it: one more fold of its records, bounded however long the run is.

use std::collections::{BTreeMap, VecDeque};

use commands::{
    history::Moment,
    journal::Event,
    observation::Lag,
    plan::StepId,
    run::{Run, Unexpected},
};
use jiff::Timestamp;
use serde::Deserialize as _;
use storage::{Actor, Record};

/// Most moments that are told.
const MOMENTS: usize = 200;
/// Most decisions that are told.
const DECISIONS: usize = 100;
/// Most stretches of one step that are drawn: attempts, and the waits between them.
const STRETCHES: usize = 60;
/// Most datapoints of the lag: a day of them, or a week of those that are taken seldom.
const LAGS: usize = 1_440;

/// The last of many things.
#[derive(Debug, Clone)]
pub(super) struct Tail<T> {
    kept: VecDeque<T>,
    most: usize,
    /// How many earlier ones were left out.
    pub(super) omitted: usize,
}

impl<T> Tail<T> {
    pub(super) fn of(most: usize) -> Self {
        Self { kept: VecDeque::new(), most, omitted: 0 }
    }

    pub(super) fn push(&mut self, one: T) {
        if self.kept.len() >= self.most {
            self.kept.pop_front();
            self.omitted += 1;
        }
        self.kept.push_back(one);
    }

    pub(super) fn iter(&self) -> impl DoubleEndedIterator<Item = &T> {
        self.kept.iter()
    }

    fn last_mut(&mut self) -> Option<&mut T> {
        self.kept.back_mut()
    }
}

/// A time in which one thing was so with a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stretch {
    pub(super) from: Timestamp,
    /// Absent while it lasts.
    pub(super) to: Option<Timestamp>,
    pub(super) kind: Kind,
}

/// What was so with a step for a while.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// An attempt that goes on.
    Running,
    /// An attempt that reached the goal.
    Done,
    /// An attempt that failed.
    Failed,
    /// It waited for a person.
    Waiting,
}

/// A run as its page tells it.
#[derive(Debug, Clone)]
pub(super) struct Incident {
    pub(super) run: Run,
    /// What happened, oldest first.
    pub(super) moments: Tail<Moment>,
    /// What people decided, oldest first; the first is that they asked for the run.
    pub(super) decisions: Tail<Moment>,
    /// What was so with each step that began, oldest first.
    pub(super) stretches: BTreeMap<StepId, Tail<Stretch>>,
    /// Measured lags, oldest first, each datapoint once.
    pub(super) lags: Vec<Lag>,
    /// When the run ended, and the number of the record that says so.
    pub(super) ended: Option<(Timestamp, u64)>,
}

impl Incident {
    /// The run with these records; `None` if they are no run's.
    ///
    /// # Errors
    /// When the records contradict each other.
    pub(super) fn of<'a>(records: impl IntoIterator<Item = &'a Record>) -> Result<Option<Self>, Unexpected> {
        let mut records = records.into_iter();
        let Some((first, run)) = records.next().and_then(|first| Some((first, Run::begin(first)?))) else {
            return Ok(None);
        };
        let lags = run.plan.lag.known().cloned().flatten().into_iter().collect();
        let mut incident = Self {
            run,
            moments: Tail::of(MOMENTS),
            decisions: Tail::of(DECISIONS),
            stretches: BTreeMap::new(),
            lags,
            ended: None,
        };
        incident.tell(first);
        for record in records {
            incident.apply(record)?;
        }
        Ok(Some(incident))
    }

    /// Takes in the next record. Whether it is one of this run's.
    ///
    /// # Errors
    /// When it cannot follow.
    pub(super) fn apply(&mut self, record: &Record) -> Result<bool, Unexpected> {
        if record.run.as_deref() != Some(self.run.id.as_str()) || record.seq <= self.run.latest {
            return Ok(false);
        }
        self.run.apply(record)?;
        self.tell(record);
        match (Event::of(record), record.step.as_deref().and_then(StepId::named)) {
            (Some(event), Some(step)) => self.draw(step, &event, record.at),
            (Some(Event::LagObserved { lag }), None) => self.measure(lag),
            (Some(Event::RunEnded { .. }), None) => self.ended = Some((record.at, record.seq)),
            _ => {}
        }
        Ok(true)
    }

    fn tell(&mut self, record: &Record) {
        let Some(moment) = Moment::of(&self.run, record) else { return };
        if moment.by != Actor::Bot {
            self.decisions.push(moment.clone());
        }
        self.moments.push(moment);
    }

    fn draw(&mut self, step: StepId, event: &Event, at: Timestamp) {
        let stretches = self.stretches.entry(step).or_insert_with(|| Tail::of(STRETCHES));
        let mut end = |kind| {
            if let Some(last) = stretches.last_mut() {
                (last.to, last.kind) = (Some(at), kind);
            }
        };
        match event {
            Event::StepStarted { .. } => stretches.push(Stretch { from: at, to: None, kind: Kind::Running }),
            Event::StepDone { .. } => end(Kind::Done),
            Event::StepFailed { best_effort, .. } => {
                end(Kind::Failed);
                if !best_effort {
                    stretches.push(Stretch { from: at, to: None, kind: Kind::Waiting });
                }
            }
            Event::StepResolved { .. } => end(Kind::Waiting),
            Event::CallIntended { before, .. } => {
                if let Ok(lag) = Lag::deserialize(&before["lag"]) {
                    self.measure(lag);
                }
            }
            _ => {}
        }
    }

    fn measure(&mut self, lag: Lag) {
        let Err(place) = self.lags.binary_search_by_key(&lag.at, |known| known.at) else { return };
        self.lags.insert(place, lag);
        if self.lags.len() > LAGS {
            self.lags.remove(0);
        }
    }
}
