//! The log's replica: a bucket whose objects nobody can take away, a host that is lost, and people who write to the bucket.

mod emulators;

use std::{path::Path, time::Duration};

use bot::{
    audit::Restore,
    check::{Verdict, check_replica},
    failure::Failure,
};
use commands::report::RunOutcome;
use rehearsal::{Fault, Region};
use storage::{Actor, Checkpoint, Hash, Head, Log, Origin, SigningKey, tiles};
use tests::{Cast, S3, Stage};

use crate::restore::lose;

fn key() -> SigningKey {
    SigningKey::generate("standby.example.com/shop").unwrap().parse().unwrap()
}

async fn open(key: &SigningKey, s3: &S3) -> Stage {
    Stage::with().replicated(key.clone(), s3).open().await
}

/// A figure among the metrics.
async fn figure(stage: &Stage, name: &str) -> f64 {
    let (_, text) = stage.reads("/metrics").await;
    let line = text.lines().find(|line| line.split(' ').next() == Some(name));
    line.unwrap_or_else(|| panic!("no {name} in:\n{text}")).split(' ').nth(1).unwrap().parse().unwrap()
}

/// Restores the replica to a folder; what the command says, and whether it was content.
pub(crate) async fn restored(stage: &Stage, key: &SigningKey, to: &Path, except: &[String]) -> (bool, String) {
    trusting(stage, key.public(), to, except).await
}

/// The same with keys as a file has them.
async fn trusting(stage: &Stage, keys: &str, to: &Path, except: &[String]) -> (bool, String) {
    let actor = Actor::Terminal { user: "root".to_owned() };
    let restore = Restore { except: except.to_vec(), actor, ..from_replica(stage, keys, to).await };
    let mut out = Vec::new();
    let outcome = restore.run(&mut out).await;
    told(out, outcome)
}

/// What `serve --restore` does before anything else; what it says, and whether the bot may go on.
async fn restored_before_it_serves(stage: &Stage, key: &SigningKey, to: &Path) -> (bool, String) {
    let mut out = Vec::new();
    let outcome = from_replica(stage, key.public(), to).await.run_if_lost(&mut out).await;
    told(out, outcome)
}

async fn from_replica(stage: &Stage, keys: &str, to: &Path) -> Restore {
    Restore {
        bucket: stage.bucket().await,
        store: to.to_owned(),
        keys: keys.parse().unwrap(),
        except: Vec::new(),
        clock: stage.clock.clone(),
        actor: Actor::Bot,
    }
}

fn told(out: Vec<u8>, outcome: Result<(), Failure>) -> (bool, String) {
    let said = String::from_utf8(out).unwrap();
    match outcome {
        Ok(()) => (true, said),
        Err(Failure::User(why)) => (false, format!("{said}{why}")),
        Err(Failure::Found) => (false, said),
        Err(Failure::Internal(error)) => panic!("{error:#}"),
    }
}

/// What the log in a folder holds.
async fn head(stage: &Stage, store: &Path) -> Head {
    let log = Log::open(store, stage.clock.clone()).await.unwrap();
    let head = log.head();
    log.close().await;
    head
}

#[tokio::test(start_paused = true)]
async fn an_ordinary_record_is_in_the_bucket_soon_signed_and_locked() {
    let (key, s3) = (key(), S3::default());
    let stage = open(&key, &s3).await;
    stage.says(Cast::SAM, "status").await;
    let answered = stage.record(|record| record.event == "status.answered").await;
    let checkpoint = s3.holds(answered.seq + 1).await;
    assert!(stage.clock.now().duration_since(answered.at).as_secs() < 20);
    let keys: storage::PublicKeys = key.public().parse().unwrap();
    assert!(keys.signer_of(&checkpoint).is_some());
    let ours = stage.log().reader().head_at(checkpoint.head().size).await.unwrap();
    assert_eq!(ours, Some(checkpoint.head()));
    for lock in s3.locks() {
        let (mode, until) = lock.expect("everything is locked");
        assert_eq!(mode, "COMPLIANCE");
        let days = until.parse::<jiff::Timestamp>().unwrap().duration_since(stage.clock.now()).as_hours() / 24;
        assert!((398..=400).contains(&days), "{until}");
    }
    // Nothing but checkpoints is put under a name twice, and without new records nothing is put there at all.
    s3.holds(stage.log().head().size).await;
    let twice: Vec<String> = s3.names().into_iter().filter(|name| s3.versions(name).len() > 1).collect();
    assert!(twice.iter().all(|name| name == tiles::CHECKPOINT), "{twice:?}");
    let calls = s3.calls().len();
    tokio::time::sleep(Duration::from_secs(3600)).await;
    assert_eq!(s3.calls().len(), calls);
    assert_eq!(figure(&stage, "standby_replica_lag_records").await, 0.0);
    assert_eq!(figure(&stage, "standby_replica_lag_seconds").await, 0.0);
}

#[tokio::test(start_paused = true)]
async fn a_dark_bucket_delays_no_run_and_is_caught_up_with() {
    let (key, s3) = (key(), S3::default());
    let mut took = Vec::new();
    for dark in [false, true] {
        let stage = open(&key, &if dark { s3.clone() } else { S3::default() }).await;
        s3.set_dark(true);
        stage.world.inject(Fault::RegionDark(Region::from("us-east-1")));
        stage.promotes().await;
        let run = stage.ended().await;
        assert_eq!(run.ended.as_ref().unwrap().outcome, RunOutcome::Completed);
        let records = stage.log().run(&run.id.to_string()).await.unwrap();
        took.push(records.last().unwrap().at.duration_since(records[0].at));
        if dark {
            tokio::time::sleep(Duration::from_secs(600)).await;
            assert_eq!(figure(&stage, "standby_replica_lag_records").await, stage.log().head().size as f64);
            assert!(figure(&stage, "standby_replica_lag_seconds").await > 600.0);
            s3.set_dark(false);
            s3.holds(stage.log().head().size).await;
            assert_eq!(figure(&stage, "standby_replica_lag_records").await, 0.0);
            assert_eq!(figure(&stage, "standby_replica_lag_seconds").await, 0.0);
        }
    }
    assert_eq!(took[0], took[1], "a run takes as long as ever");
}

#[tokio::test(start_paused = true)]
async fn a_host_that_is_lost_in_a_run_comes_back_from_the_bucket_and_the_run_goes_on() {
    let (key, s3) = (key(), S3::default());
    let mut stage = open(&key, &s3).await;
    stage.world.inject(Fault::RegionDark(Region::from("us-east-1")));
    stage.promotes().await;
    let begun = stage.record(|record| record.event == "call.intended").await;
    let checkpoint = s3.holds(begun.seq + 1).await;
    stage.crash().await;
    lose(stage.store());
    let (content, said) = restored(&stage, &key, stage.store(), &[]).await;
    assert!(content, "{said}");
    assert!(said.contains(&checkpoint.head().to_string()), "{said}");
    stage.start().await;
    let run = stage.ended().await;
    assert_eq!(run.ended.unwrap().outcome, RunOutcome::Completed);
    let failovers = stage.changes().into_iter().filter(|change| change == "Rds:FailoverGlobalCluster").count();
    assert_eq!(failovers, 1);
    let told = &stage.of("log.restored").await[0];
    assert_eq!(told.data["checkpoint"], checkpoint.as_str());
    assert_eq!(told.actor, Actor::Terminal { user: "root".to_owned() });
    // The bucket goes on from where it was.
    s3.holds(stage.log().head().size).await;
    let (content, said) = restored(&stage, &key, stage.store(), &[]).await;
    assert!(!content && said.contains("has a log already"), "{said}");
}

#[tokio::test(start_paused = true)]
async fn a_task_without_a_disk_of_its_own_restores_the_log_before_it_serves() {
    let (key, s3) = (key(), S3::default());
    let mut stage = open(&key, &s3).await;
    stage.promotes().await;
    let begun = stage.record(|record| record.event == "call.intended").await;
    s3.holds(begun.seq + 1).await;
    stage.crash().await;
    lose(stage.store());
    // A deletion that somebody puts over the checkpoint does not make the bot begin another history.
    s3.delete(tiles::CHECKPOINT);
    let (content, said) = restored_before_it_serves(&stage, &key, stage.store()).await;
    assert!(content && said.contains("restored to"), "{said}");
    stage.start().await;
    assert_eq!(stage.ended().await.ended.unwrap().outcome, RunOutcome::Completed);
    let failovers = stage.changes().into_iter().filter(|change| change == "Rds:FailoverGlobalCluster").count();
    assert_eq!(failovers, 1);
    let told = &stage.of("log.restored").await[0];
    assert_eq!((&told.actor, &told.origin), (&Actor::Bot, &Origin::System));
    // A task that finds its log goes on from there.
    let (content, said) = restored_before_it_serves(&stage, &key, stage.store()).await;
    assert!(content && said.contains("nothing is restored"), "{said}");
    assert_eq!(stage.of("log.restored").await.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn without_a_log_nothing_begins_unless_the_bucket_is_seen_to_have_none() {
    let (key, s3) = (key(), S3::default());
    let stage = open(&key, &s3).await;
    s3.holds(stage.log().head().size).await;
    let lost = tempfile::tempdir().unwrap();
    s3.set_dark(true);
    let (content, said) = restored_before_it_serves(&stage, &key, lost.path()).await;
    assert!(!content && said.contains("replica cannot be seen"), "{said}");
    s3.set_dark(false);
    let (content, said) = restored_before_it_serves(&stage, &self::key(), lost.path()).await;
    assert!(!content && said.contains("no checkpoint that a trusted key signed"), "{said}");
    assert!(std::fs::read_dir(lost.path()).unwrap().next().is_none(), "something is left in the store");

    let nothing = S3::default();
    nothing.set_dark(true);
    let mut empty = open(&key, &nothing).await;
    empty.crash().await;
    nothing.set_dark(false);
    let (content, said) = restored_before_it_serves(&empty, &key, lost.path()).await;
    assert!(content && said.contains("a new log begins"), "{said}");
}

/// Where people restore a lost store themselves, the bot begins no other log meanwhile.
#[tokio::test(start_paused = true)]
async fn a_store_that_was_lost_is_not_begun_anew() {
    let (key, s3) = (key(), S3::default());
    let stage = open(&key, &s3).await;
    s3.holds(stage.log().head().size).await;
    let lost = tempfile::tempdir().unwrap();
    let may_begin = async |store: &Path| told(Vec::new(), stage.may_begin(store).await);
    assert_eq!(may_begin(stage.store()).await, (true, String::new()));
    for is_hidden in [false, true] {
        if is_hidden {
            s3.delete(tiles::CHECKPOINT);
        }
        let (content, said) = may_begin(lost.path()).await;
        assert!(!content && said.contains("`standby audit restore` brings it back"), "{said}");
    }
    // On the day on which things do not answer, the bot is there.
    s3.set_dark(true);
    assert_eq!(may_begin(lost.path()).await, (true, String::new()));
}

#[tokio::test(start_paused = true)]
async fn what_a_stranger_puts_over_the_replica_is_noticed_and_hides_nothing() {
    let (key, s3) = (key(), S3::default());
    let stage = open(&key, &s3).await;
    let genuine = s3.holds(stage.log().head().size).await;
    let size = genuine.head().size;
    let bundle = tiles::names(size).next().unwrap().1;
    s3.overwrite(&bundle, "something else");
    s3.overwrite(&bundle, vec![0; 17 << 20]);
    s3.delete(&bundle);
    s3.overwrite(tiles::CHECKPOINT, "nothing of the kind");

    // The bot puts nothing over what is not its own, and lag says so.
    stage.says(Cast::SAM, "status").await;
    tokio::time::sleep(Duration::from_secs(900)).await;
    assert_eq!(s3.shows(tiles::CHECKPOINT).unwrap(), b"nothing of the kind");
    assert!(figure(&stage, "standby_replica_lag_seconds").await > 800.0);
    let rows = check_replica(&stage.bucket().await).await;
    assert_eq!(rows.iter().filter(|row| row.verdict == Verdict::Fail).count(), 1, "{rows:#?}");

    // The versions below are the log, and the bot goes on once the genuine checkpoint is in front again.
    let folder = tempfile::tempdir().unwrap();
    let (content, said) = restored(&stage, &key, folder.path(), &[]).await;
    assert!(content && said.contains("ignored: version v"), "{said}");
    assert_eq!(head(&stage, folder.path()).await.size, size + 1);
    s3.holds(stage.log().head().size).await;
    assert_eq!(figure(&stage, "standby_replica_lag_records").await, 0.0);
    let rows = check_replica(&stage.bucket().await).await;
    assert!(rows.iter().all(|row| row.verdict == Verdict::Pass), "{rows:#?}");
}

#[tokio::test(start_paused = true)]
async fn a_signed_forgery_is_named_whether_it_is_longer_or_shorter() {
    let (key, s3) = (key(), S3::default());
    let stage = open(&key, &s3).await;
    let size = s3.holds(stage.log().head().size).await.head().size;
    let forged = |size: u64| key.sign(Head { size, root: Hash::leaf(b"forged") }).unwrap();
    for forged in [forged(size + 5), forged(size - 1), forged(size)] {
        let id = s3.overwrite(tiles::CHECKPOINT, forged.as_str());
        let folder = tempfile::tempdir().unwrap();
        let (content, said) = restored(&stage, &key, folder.path(), &[]).await;
        assert!(!content && said.contains(&format!("signed version {id} of checkpoint")), "{said}");
        assert!(std::fs::read_dir(folder.path()).unwrap().next().is_none(), "something is left in the store");
        // People have looked, and leave it out.
        let (content, said) = restored(&stage, &key, folder.path(), std::slice::from_ref(&id)).await;
        assert!(content, "{said}");
        assert_eq!(head(&stage, folder.path()).await.size, size + 1);
        s3.forget(&id);
    }
}

#[tokio::test(start_paused = true)]
async fn a_log_whose_key_was_rotated_comes_back_with_the_keys_it_has_had() {
    let (old, new, s3) = (key(), key(), S3::default());
    let mut stage = open(&old, &s3).await;
    s3.holds(stage.log().head().size).await;
    stage.rotates(new.clone()).await;
    s3.holds(stage.log().head().size).await;
    let folder = tempfile::tempdir().unwrap();
    let (content, said) = restored(&stage, &new, folder.path(), &[]).await;
    assert!(!content && said.contains("give --keys with every public key"), "{said}");
    let both = format!("{}\n{}", old.public(), new.public());
    let (content, said) = trusting(&stage, &both, folder.path(), &[]).await;
    assert!(content && !said.contains("ignored"), "{said}");
}

#[tokio::test(start_paused = true)]
async fn a_bundle_that_is_gone_is_named() {
    let (key, s3) = (key(), S3::default());
    let stage = open(&key, &s3).await;
    let size = s3.holds(stage.log().head().size).await.head().size;
    let bundle = tiles::names(size).next().unwrap().1;
    s3.forget(&s3.versions(&bundle)[0]);
    let folder = tempfile::tempdir().unwrap();
    let (content, said) = restored(&stage, &key, folder.path(), &[]).await;
    assert!(!content && said.contains(&format!("no version of {bundle}")), "{said}");
}

/// A store that came back from an old snapshot, or a second program, would write another history.
#[tokio::test(start_paused = true)]
async fn another_history_is_put_over_nothing() {
    let (key, s3) = (key(), S3::default());
    let first = open(&key, &s3).await;
    first.says(Cast::SAM, "status").await;
    first.record(|record| record.event == "status.answered").await;
    let genuine = s3.holds(first.log().head().size).await;
    let versions = s3.versions(tiles::CHECKPOINT).len();
    let second = open(&key, &s3).await;
    second.says(Cast::JONAS, "help").await;
    second.says(Cast::SAM, "status").await;
    tokio::time::sleep(Duration::from_secs(120)).await;
    assert_eq!(s3.versions(tiles::CHECKPOINT).len(), versions);
    assert_eq!(s3.shows(tiles::CHECKPOINT).unwrap(), genuine.as_str().as_bytes());
    assert!(figure(&second, "standby_replica_lag_records").await > 0.0);
}

#[tokio::test(start_paused = true)]
async fn a_graceful_end_leaves_nothing_behind() {
    let (key, s3) = (key(), S3::default());
    let mut stage = open(&key, &s3).await;
    stage.says(Cast::SAM, "help").await;
    stage.restart().await;
    let stopped = stage.record(|record| record.event == "process.stopped").await;
    let shown = String::from_utf8(s3.shows(tiles::CHECKPOINT).unwrap()).unwrap();
    assert_eq!(Checkpoint::parse(&shown).unwrap().head().size, stopped.seq + 1);
}
