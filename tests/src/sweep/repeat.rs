//! Repeat: every step is done twice, and changes nothing the second time; and what people ask for once more is there already.
//!
//! The bot dies as soon as it has recorded that a step is done, and that record is taken from its log: as far as the bot knows when it starts
//! again, the step is under way, though all of it has been done.

use std::{collections::BTreeMap, sync::Arc};

use storage::Record;

use super::{Crew, End, Rig, Story};
use crate::Cast;

/// A story whose steps were all repeated.
#[derive(Debug, Default)]
pub struct Repeated {
    /// The steps, each as run and step, and the number of the record that first said that it was done.
    pub steps: BTreeMap<(String, String), u64>,
    /// What did not hold.
    pub found: Vec<String>,
}

/// Plays a story in which every step is done twice, and which is asked for once more in the end.
pub async fn play(story: Story, seed: u64, expected: &End) -> Repeated {
    let mut repeated = Repeated::default();
    if let Err(why) = repeated.play(story, seed, expected).await {
        repeated.found.push(why);
    }
    repeated
}

impl Repeated {
    async fn play(&mut self, story: Story, seed: u64, expected: &End) -> Result<(), String> {
        let mut rig = story.open(seed).await?;
        let mut crew = Crew::of(story);
        while let Some(done) = self.next(&rig, &mut crew).await? {
            rig.crash().await;
            rig.forget_from(done.seq);
            crew.forget_from(done.seq);
            rig.start().await;
            self.steps.insert(name(&done), done.seq);
        }
        rig.settle().await;
        let again: Vec<String> =
            rig.stage.of("call.intended").await.iter().filter_map(|call| self.changed(call)).collect();
        self.found.extend(again);
        self.found.extend(rig.violations().await);
        if rig.end() != *expected {
            self.found.push(format!("the end differs: {:?} instead of {expected:?}", rig.end()));
        }
        self.ask_again(story, &rig).await;
        Ok(())
    }

    /// The record of the next step that is done for the first time, with which the bot died; `None` when the story has ended.
    async fn next(&self, rig: &Rig, crew: &mut Crew) -> Result<Option<Arc<Record>>, String> {
        let before = self.steps.clone();
        let is_new = move |record: &Record| record.event == "step.done" && !before.contains_key(&name(record));
        tokio::select! {
            biased;
            died = rig.dies_after(rig.before, is_new) => died.map_err(|failure| failure.to_string()),
            ended = crew.see_to_the_end(&rig.stage) => ended.map(|()| None),
        }
    }

    /// Says what a step changes that was done before.
    fn changed(&self, call: &Record) -> Option<String> {
        let done = self.steps.get(&name(call))?;
        (call.seq >= *done).then(|| format!("done again, {:?} changes something: {}", name(call), call.data["call"]))
    }

    /// People ask once more for what they have.
    async fn ask_again(&mut self, story: Story, rig: &Rig) {
        let before = rig.lines().len();
        let _answer = rig.stage.slack.command(Cast::MAYA, Cast::INCIDENT, story.command()).await;
        rig.settle().await;
        let after = rig.lines().split_off(before);
        if !after.iter().any(|line| line["event"] == "command.failed") {
            self.found.push("who asks again is not told that nothing is left to do".to_owned());
        }
        let begun = after.iter().filter(|line| line["event"] == "run.started" || line["event"] == "call.intended");
        self.found.extend(begun.map(|line| format!("asked for again: {line}")));
    }
}

/// The run and the step of a record.
fn name(record: &Record) -> (String, String) {
    (record.run.clone().unwrap_or_default(), record.step.clone().unwrap_or_default())
}
