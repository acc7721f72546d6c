//! The restore drill: the store is lost, comes back from a backup that is a little older, and an open run goes on.

use std::path::Path;

use commands::report::RunOutcome;
use rehearsal::{Fault, Region};
use storage::{Record, export, verify};
use tests::{Cast, Stage};

/// Copies a folder as it is, as a snapshot of its volume would be: taken while the bot writes.
fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().map(Result::unwrap) {
        let kind = entry.file_type().unwrap();
        let there = to.join(entry.file_name());
        if kind.is_dir() {
            copy(&entry.path(), &there);
        } else if kind.is_file() {
            std::fs::copy(entry.path(), there).unwrap();
        }
    }
}

/// Everything below the folder is gone: another disk.
pub(crate) fn lose(folder: &Path) {
    for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
        match entry.file_type().unwrap().is_dir() {
            true => std::fs::remove_dir_all(entry.path()).unwrap(),
            false => std::fs::remove_file(entry.path()).unwrap(),
        }
    }
}

/// Fails over, backs the store up at a record, goes on to another, loses the store, and restores it.
async fn drill(backed_up_at: impl FnMut(&Record) -> bool, lost_at: impl FnMut(&Record) -> bool) -> Stage {
    let mut stage = Stage::open().await;
    stage.world.inject(Fault::RegionDark(Region::from("us-east-1")));
    stage.promotes().await;
    stage.record(backed_up_at).await;
    let backup = tempfile::tempdir().unwrap();
    copy(stage.store(), backup.path());
    let kept = stage.log().head().size;
    stage.record(lost_at).await;
    let lost = stage.log().head().size - kept;
    assert!(lost > 0, "nothing came after the backup");
    stage.crash().await;
    lose(stage.store());
    copy(backup.path(), stage.store());
    stage.start().await;
    stage
}

/// The restored log verifies, and so does all that is written to it afterwards; the run ended well; the writer was moved once.
async fn ended_well(stage: &Stage) {
    let run = stage.ended().await;
    assert_eq!(run.ended.unwrap().outcome, RunOutcome::Completed);
    let failovers = stage.changes().into_iter().filter(|change| change == "Rds:FailoverGlobalCluster").count();
    assert_eq!(failovers, 1);
    let mut bytes = Vec::new();
    let head = export::write(stage.log().reader(), &mut bytes).await.unwrap();
    let report = verify::verify(bytes.as_slice(), Some(head)).unwrap();
    assert_eq!(report.head, head);
    stage.says(Cast::MAYA, "status").await;
    stage.hears("us-west-2").await;
}

fn of_database(event: &str) -> impl FnMut(&Record) -> bool {
    move |record| record.event == event && record.step.as_deref() == Some("database")
}

#[tokio::test(start_paused = true)]
async fn a_run_goes_on_from_a_backup_taken_in_its_middle() {
    let stage = drill(of_database("call.finished"), of_database("step.done")).await;
    ended_well(&stage).await;
}

/// What was done after the backup is seen, and not done again.
#[tokio::test(start_paused = true)]
async fn a_backup_from_before_the_writer_moved_moves_it_no_second_time() {
    let stage = drill(|record| record.event == "gate.decided", of_database("step.done")).await;
    ended_well(&stage).await;
}
