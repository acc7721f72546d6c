//! `[audit.replica]`: where the log's copy is, and how long nobody may delete it.

use std::time::Duration;

use commands::aws::{BucketPlace, LockMode};
use serde::Deserialize;

use super::Problem;

/// `[audit.replica]`. Without this section there is no replica.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Replica {
    /// The bucket; it has Object Lock.
    pub bucket: String,
    /// Its region.
    pub region: String,
    /// What the names of all objects begin with: another one for another log.
    #[serde(default)]
    pub prefix: String,
    /// Role to assume for calls to the bucket; without it the SDK's own identity is used.
    pub role_arn: Option<String>,
    /// Who can delete an object before its time.
    pub mode: LockMode,
    /// Days that an object is locked, from when it is put there.
    pub days: u32,
    /// Seconds until a record is there, while the bucket answers.
    #[serde(default = "Replica::default_every")]
    every: u32,
}

impl Replica {
    /// Short enough that the loss of a host in a run costs little of its log, and long enough that a run makes some dozens of objects and not hundreds.
    fn default_every() -> u32 {
        15
    }

    /// How long a record waits for others to go with.
    pub fn every(&self) -> Duration {
        Duration::from_secs(self.every.into())
    }

    /// The bucket.
    pub fn place(&self) -> BucketPlace {
        let Self { bucket, region, prefix, role_arn, mode, days, .. } = self.clone();
        BucketPlace { bucket, region, prefix, role_arn, mode, days }
    }

    /// Everything that does not fit.
    pub(super) fn problems(&self, has_key: bool) -> Vec<Problem> {
        let wrong = |holds: bool, key: &str, what: &str, fix: &str| {
            (!holds).then(|| Problem::new(format!("audit.replica.{key}"), what, fix))
        };
        let of_a_bucket = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-.".contains(&byte);
        let found = [
            wrong(
                (3..=63).contains(&self.bucket.len()) && self.bucket.bytes().all(of_a_bucket),
                "bucket",
                "is not the name of a bucket",
                "write its name alone, such as shop-prod-standby-log",
            ),
            wrong(!self.region.trim().is_empty(), "region", "is empty", "name the bucket's region"),
            wrong(
                self.prefix.is_empty() || (self.prefix.ends_with('/') && !self.prefix.starts_with('/')),
                "prefix",
                "is not a folder's name",
                "end it with a slash, and do not begin it with one, such as shop/",
            ),
            wrong(
                self.role_arn.as_ref().is_none_or(|role| role.starts_with("arn:")),
                "role_arn",
                "is not an ARN",
                "write arn:aws:iam::ACCOUNT:role/NAME",
            ),
            wrong(
                (1..=36_500).contains(&self.days),
                "days",
                "is not between 1 and 36500",
                "give the days for which nobody may delete an object; 400 is a year and a month",
            ),
            wrong(
                (1..=3600).contains(&self.every),
                "every",
                "is not between 1 and 3600",
                "give seconds; 15 is the default",
            ),
            (!has_key).then(|| {
                Problem::new(
                    "audit.signing_key_file",
                    "is missing, and a replica is of what is signed",
                    "make a key with `standby audit keygen` and name it",
                )
            }),
        ];
        found.into_iter().flatten().collect()
    }
}
