//! Whether the log's replica can be read, and locks what is put there.

use commands::aws::{Bucket, LockMode};
use storage::{Checkpoint, tiles};

use super::{Row, Verdict};

/// Asks the bucket.
pub async fn check_replica(bucket: &Bucket) -> Vec<Row> {
    vec![lock(bucket).await, held(bucket).await]
}

async fn lock(bucket: &Bucket) -> Row {
    let (what, place) = ("audit.replica lock", bucket.place());
    let by_itself = match bucket.lock().await {
        Ok(Some(lock)) => lock.retention.unwrap_or_else(|| "nothing".to_owned()),
        Ok(None) => {
            let detail = format!("bucket {} has no Object Lock, and takes nothing that is to be locked", place.bucket);
            return Row::new(
                Verdict::Fail,
                what,
                detail,
                Some("turn Object Lock on; deploy/terraform/standby makes such a bucket"),
            );
        }
        Err(error) => return unread(what, &error.to_string()),
    };
    let detail = format!(
        "bucket {} locks each object for {} days, mode {}; by itself {by_itself}",
        place.bucket,
        place.days,
        place.mode.name()
    );
    match place.mode {
        LockMode::Compliance => Row::new(Verdict::Pass, what, detail, None),
        LockMode::Governance => {
            let fix = "fine for a trial; with mode = \"compliance\" nobody can lift the lock";
            Row::new(Verdict::Warn, what, detail, Some(fix))
        }
    }
}

async fn held(bucket: &Bucket) -> Row {
    let what = "audit.replica content";
    match bucket.get(tiles::CHECKPOINT).await {
        Ok(None) => Row::new(Verdict::Pass, what, "nothing yet", None),
        Ok(Some(bytes)) => match Checkpoint::parse(&String::from_utf8_lossy(&bytes)) {
            Ok(checkpoint) => Row::new(Verdict::Pass, what, checkpoint.to_string(), None),
            Err(error) => {
                let fix =
                    "somebody has overwritten it: `standby audit restore --dry-run` tells which versions are sound";
                Row::new(Verdict::Fail, what, error.to_string(), Some(fix))
            }
        },
        Err(error) => unread(what, &error.to_string()),
    }
}

fn unread(what: &str, why: &str) -> Row {
    let fix = "check the bucket's name, its region, and the rights that deploy/terraform/standby gives";
    Row::new(Verdict::Fail, what, why, Some(fix))
}
