//! Snapshots that Aurora took by itself of a former primary, before it added it again on a new volume: only they have what the failover lost. They are RDS's
//! own, so they go with the cluster's automated backups or after its retention period, unless a manual copy is made.
//! <https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-global-database-disaster-recovery.html>

use jiff::{SignedDuration, Timestamp};

use crate::{change::Change, former::RDS_ID_LIMIT, observation::Snapshot};

/// How Aurora names them: `rds:unplanned-global-failover-<cluster>-<timestamp>`.
const PREFIX: &str = "rds:unplanned-global-failover-";
/// Copies of one snapshot that are looked for.
const COPIES: u32 = 20;

/// A snapshot that Aurora took by itself, and its manual copies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rescue {
    /// Aurora's snapshot.
    pub source: Snapshot,
    /// Its copies by this program, oldest first, failed ones included.
    pub copies: Vec<Snapshot>,
}

impl Rescue {
    /// Those among all snapshots of a cluster, oldest first.
    pub fn among(snapshots: &[Snapshot]) -> Vec<Self> {
        let own = snapshots.iter().filter(|snapshot| snapshot.id.starts_with(PREFIX));
        let copies = |source: &Snapshot| {
            let ids = (1..=COPIES).map(|number| copy_id(&source.id, number));
            ids.filter_map(|id| snapshots.iter().find(|snapshot| snapshot.id == id)).cloned().collect()
        };
        let mut rescues: Vec<Self> =
            own.map(|source| Self { source: source.clone(), copies: copies(source) }).collect();
        rescues.sort_by(|a, b| (a.source.taken_at, &a.source.id).cmp(&(b.source.taken_at, &b.source.id)));
        rescues
    }

    /// The copy that keeps it for good, if there is one.
    pub fn kept(&self) -> Option<&Snapshot> {
        self.copies.iter().find(|copy| copy.is_available())
    }

    /// A copy that RDS is still making.
    pub fn copying(&self) -> Option<&Snapshot> {
        self.copies.iter().find(|copy| !copy.is_available() && !copy.has_failed())
    }

    /// How many copies ended failed.
    pub fn failed(&self) -> usize {
        self.copies.iter().filter(|copy| copy.has_failed()).count()
    }

    /// The change that copies it, under an identifier that no copy has yet.
    pub fn copy(&self) -> Change {
        let id = |number| copy_id(&self.source.id, number);
        let free = (1..=COPIES).map(id).find(|id| self.copies.iter().all(|copy| copy.id != *id));
        Change::SnapshotCopy { source: self.source.id.clone(), snapshot: free.unwrap_or_else(|| id(COPIES)) }
    }

    /// The change that copies it first, whatever copies there are: what a plan shows.
    pub fn first_copy(&self) -> Change {
        Change::SnapshotCopy { source: self.source.id.clone(), snapshot: copy_id(&self.source.id, 1) }
    }

    /// When RDS deletes it at about, by how many days it keeps its own snapshots of that cluster.
    pub fn expires(&self, retention_days: Option<i32>) -> Option<Timestamp> {
        let days = i64::from(retention_days.filter(|days| *days > 0)?);
        self.source.taken_at?.checked_add(SignedDuration::from_hours(24 * days)).ok()
    }
}

/// Identifier of a copy: `standby-rescue-<cluster>-<timestamp>`, from the second on with a number. The timestamp at the end is what tells two apart, so the
/// cluster's name is cut where both are too long.
fn copy_id(source: &str, number: u32) -> String {
    let name = source.trim_start_matches(PREFIX).to_ascii_lowercase();
    let name: String = name.chars().map(|char| if char.is_ascii_alphanumeric() { char } else { '-' }).collect();
    let tail = if number > 1 { format!("-{number}") } else { String::new() };
    let room = RDS_ID_LIMIT.saturating_sub("standby-rescue-".len() + tail.len());
    let cut: String = name.chars().skip(name.chars().count().saturating_sub(room)).collect();
    let parts: Vec<&str> = cut.split('-').filter(|part| !part.is_empty()).collect();
    format!("standby-rescue-{}{tail}", parts.join("-"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn snapshot(id: &str, status: &str) -> Snapshot {
        Snapshot {
            id: id.into(),
            status: status.into(),
            percent: 100,
            taken_at: Timestamp::from_second(1_795_000_000).ok(),
        }
    }

    const OWN: &str = "rds:unplanned-global-failover-shop-primary-2026-11-28-10-00";
    const COPY: &str = "standby-rescue-shop-primary-2026-11-28-10-00";

    #[test]
    fn only_an_available_copy_keeps_what_aurora_saved_and_a_failed_one_leads_to_another() {
        let daily = snapshot("rds:shop-primary-2026-11-28-03-00", "available");
        let among = |copies: &[Snapshot]| {
            let all = [&[daily.clone(), snapshot(OWN, "available")], copies].concat();
            Rescue::among(&all).remove(0)
        };
        let first = Change::SnapshotCopy { source: OWN.into(), snapshot: COPY.into() };
        assert_eq!((among(&[]).kept(), among(&[]).copy()), (None, first));
        assert_eq!(among(&[snapshot(COPY, "creating")]).copying().map(|copy| copy.id.as_str()), Some(COPY));
        let failed = among(&[snapshot(COPY, "failed")]);
        let second = Change::SnapshotCopy { source: OWN.into(), snapshot: format!("{COPY}-2") };
        assert_eq!((failed.kept(), failed.failed(), failed.copy()), (None, 1, second));
        assert_eq!(among(&[snapshot(COPY, "available")]).kept().map(|copy| copy.id.as_str()), Some(COPY));
    }

    #[test]
    fn a_copys_identifier_fits_and_keeps_the_timestamp() {
        let long = format!("{PREFIX}{}-2026-11-28-10-00", "a".repeat(63));
        for number in [1, 12] {
            let id = copy_id(&long, number);
            assert!(id.len() <= RDS_ID_LIMIT && id.contains("-2026-11-28-10-00"), "{id}");
            assert!(!id.contains("--") && !id.ends_with('-'), "{id}");
        }
    }

    #[test]
    fn it_expires_with_the_clusters_backups() {
        let rescue = Rescue { source: snapshot(OWN, "available"), copies: vec![] };
        let days = |days| rescue.expires(days).map(|at| at.to_string());
        assert_eq!(days(Some(7)).as_deref(), Some("2026-11-25T11:06:40Z"));
        assert_eq!((days(None), days(Some(0))), (None, None));
    }
}
