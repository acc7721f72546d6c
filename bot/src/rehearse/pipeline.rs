//! A pipeline that works on the application beside the bot, with values from before the failover: at the press of a button, and once by itself.

use std::sync::{Arc, Mutex, PoisonError};

use commands::journal::Event;
use futures::TryStreamExt as _;
use rehearsal::{Interference, Pair, Side, World, slack::SceneAction};
use storage::Log;

/// Step of the failback after which the pipeline comes by itself: the primary has its capacity, and the database is about to move.
const COMES_AFTER: &str = "capacity";

/// What the pipeline can do at the press of a button.
const DEEDS: [(&str, &[Interference]); 5] = [
    ("old-values", &[Interference::OldValues(Side::Primary)]),
    ("delete-snapshots", &[Interference::DeletesSnapshots]),
    ("add-reader", &[Interference::AddsReader(Side::Primary)]),
    ("move-record", &[Interference::MovesRecord(Side::Primary)]),
    ("scale-to-1", &[Interference::Scales(Side::Primary, 1)]),
];

/// The pipeline. Clones are the same.
#[derive(Clone)]
pub(super) struct Pipeline {
    world: World,
    pair: Pair,
    /// What it did last, for the page.
    last: Arc<Mutex<Option<String>>>,
}

impl Pipeline {
    pub(super) fn new(world: World, pair: Pair) -> Self {
        Self { world, pair, last: Arc::default() }
    }

    /// Its buttons.
    pub(super) fn actions(&self) -> Vec<SceneAction> {
        let action = |(id, _): (&str, &[Interference])| SceneAction {
            id: id.to_owned(),
            label: self.label(id),
            danger: false,
            active: false,
        };
        DEEDS.into_iter().map(action).collect()
    }

    fn label(&self, id: &str) -> String {
        let primary = &self.pair.primary.region;
        match id {
            "old-values" => "Pipeline: apply the old Terraform values".to_owned(),
            "delete-snapshots" => "Pipeline: delete the snapshot".to_owned(),
            "add-reader" => format!("Pipeline: add a reader in {primary}"),
            "move-record" => format!("Pipeline: move the record to {primary}"),
            _ => format!("Pipeline: scale {primary} to 1"),
        }
    }

    /// Does what the button says. Whether there is such a button.
    pub(super) fn act(&self, id: &str) -> bool {
        let deed = DEEDS.into_iter().find(|(known, _)| *known == id);
        deed.iter().flat_map(|(_, deeds)| *deeds).for_each(|what| self.interfere(*what));
        deed.is_some()
    }

    /// What it did last, and what AWS said to that.
    pub(super) fn last(&self) -> Option<String> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Comes by itself once, in the middle of the failback: it scales the primary to one task.
    pub(super) async fn lurk(self, log: Log) {
        let mut records = log.follow(log.head().size);
        while let Ok(Some(record)) = records.try_next().await {
            let done = matches!(Event::of(&record), Some(Event::StepDone { .. }));
            let of_failback = record.run.as_deref().is_some_and(|run| run.starts_with("failback-"));
            if done && of_failback && record.step.as_deref() == Some(COMES_AFTER) {
                self.interfere(Interference::Scales(Side::Primary, 1));
                return;
            }
        }
    }

    fn interfere(&self, what: Interference) {
        let result = self.world.interfere(&self.pair.name, what);
        let at = self.world.now().strftime("%H:%M:%S");
        let primary = &self.pair.primary.region;
        let did = match what {
            Interference::OldValues(_) => format!("applied its old values to {primary}"),
            Interference::DeletesSnapshots => format!("deleted every manual snapshot in {primary}"),
            Interference::AddsReader(_) => format!("added a reader in {primary}"),
            Interference::MovesRecord(_) => format!("pointed the record at {primary}"),
            _ => format!("scaled {primary} to 1 task a service"),
        };
        let told = match result {
            Ok(()) => format!("{at} UTC: the pipeline {did}"),
            Err(why) => format!("{at} UTC: the pipeline was refused: {why}"),
        };
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(told);
    }
}
