//! A call that AWS does not take at once, and how long it is tried: one intent covers a bounded series of tries, and one record tells what came of
//! them.

use std::{collections::BTreeMap, time::Duration};

use tokio::time::Instant;

use super::steps;
use crate::{change::Call, plan::StepId, topology::Application};

/// How often one intent covers a call, and how long it rests in between.
#[derive(Debug, Clone, Copy)]
pub(super) struct Patience {
    /// Most tries of one intent.
    pub(super) tries: u32,
    /// Rest after the first try; that after the second is twice as long, and so on.
    rest: Duration,
}

impl Patience {
    /// As long as a state takes that passes by itself: with the default timing twenty seconds, and seven minutes for the steps that take long,
    /// where an instance may be modified meanwhile.
    pub(super) fn of(step: StepId, app: &Application) -> Self {
        let tries = if steps::is_slow(step) { 8 } else { 5 };
        Self { tries, rest: steps::interval(step, app) }
    }
}

/// The tries of one call.
#[derive(Debug)]
pub(super) struct Series {
    pub(super) call: Call,
    /// Number of the intent's record that covers the next try, while one does.
    pub(super) intent: Option<u64>,
    /// Tries that the intent has covered so far.
    pub(super) tries: u32,
    /// How those of them ended that were not accepted: AWS's codes, with how often.
    pub(super) answers: BTreeMap<String, u32>,
    /// The latest answer, for people.
    pub(super) why: String,
    began: Instant,
    /// Tries so far, those of earlier intents included.
    all: u32,
    /// No try before.
    rests_until: Instant,
}

impl Series {
    pub(super) fn of(call: Call) -> Self {
        let now = Instant::now();
        let (answers, why) = (BTreeMap::new(), String::new());
        Self { call, intent: None, tries: 0, answers, why, began: now, all: 0, rests_until: now }
    }

    /// Whether the next try has to wait.
    pub(super) fn rests(&self) -> bool {
        Instant::now() < self.rests_until
    }

    /// Counts a try that was not accepted, and rests.
    pub(super) fn refused(&mut self, code: &str, why: String, patience: Patience) {
        self.all += 1;
        *self.answers.entry(code.to_owned()).or_default() += 1;
        self.why = why;
        self.rests_until = Instant::now() + patience.rest * self.all.min(patience.tries);
    }

    /// The intent is over: the next try takes another.
    pub(super) fn renew(&mut self) {
        self.intent = None;
        self.tries = 0;
        self.answers.clear();
    }

    /// How long it has been tried, in seconds.
    pub(super) fn took_s(&self) -> f64 {
        self.began.elapsed().as_secs_f64()
    }
}
