//! A bucket with Object Lock: what is put there cannot be changed or deleted for a time, only hidden behind newer versions.

use std::time::Duration;

use aws_sdk_s3::{
    operation::get_object::GetObjectOutput,
    primitives::{ByteStream, DateTime},
    types::{ChecksumAlgorithm, ObjectLockEnabled, ObjectLockMode, ObjectLockRetentionMode},
};
use jiff::Timestamp;
use serde::Deserialize;
use storage::Clock;
use tokio::time::timeout;

use super::{
    AwsError, AwsErrorKind, Network, assuming,
    call::{Bounds, Caller, Operation},
    sdk_config,
    session::Session,
    timestamp,
};

static PUT: Operation = Operation::new("s3", "PutObject");
static GET: Operation = Operation::new("s3", "GetObject");
static GET_VERSION: Operation = Operation::new("s3", "GetObjectVersion");
static VERSIONS: Operation = Operation::new("s3", "ListBucketVersions");
static LOCK: Operation = Operation::new("s3", "GetBucketObjectLockConfiguration");

/// Nobody waits for these calls, so one gets the time that a bundle of large records takes over a slow line.
const BOUNDS: Bounds = Bounds { attempts: 3, attempt: Duration::from_secs(10), total: Duration::from_secs(25) };

/// A bucket, and how long what is put there is locked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BucketPlace {
    /// Its name.
    pub bucket: String,
    /// Its region.
    pub region: String,
    /// What all names in it begin with.
    pub prefix: String,
    /// Role to assume; without it the SDK's own identity is used.
    pub role_arn: Option<String>,
    /// Who can lift the lock before its time.
    pub mode: LockMode,
    /// Days that an object is locked, from when it is put there.
    pub days: u32,
}

/// Who can lift a lock before its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LockMode {
    /// Who has the right `s3:BypassGovernanceRetention`.
    Governance,
    /// Nobody, the account's root user included.
    Compliance,
}

impl LockMode {
    /// Its name in configuration.
    pub fn name(self) -> &'static str {
        match self {
            Self::Governance => "governance",
            Self::Compliance => "compliance",
        }
    }
}

/// Longest object that is read: a full bundle of records, 256 of 65,535 bytes with their lengths. What is longer somebody else has put there.
const LONGEST: i64 = 256 * 65_537;

/// A version of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    /// The object's name, without the prefix.
    pub name: String,
    /// The version's id.
    pub id: String,
    /// When it was put there, by S3's clock.
    pub at: Option<Timestamp>,
    /// Whether who asks for no version gets this one.
    pub is_latest: bool,
}

/// What a bucket's Object Lock is set to do by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DefaultLock {
    /// Such as `COMPLIANCE, 400 days`; none if only what says so itself is locked.
    pub retention: Option<String>,
}

/// A bucket. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Bucket {
    client: aws_sdk_s3::Client,
    caller: Caller,
    clock: Clock,
    place: BucketPlace,
}

impl Bucket {
    /// Makes the client. Nothing is sent until the first call.
    pub async fn connect(place: BucketPlace, network: &Network, clock: Clock) -> Self {
        let session = Session::new(&clock);
        let config = sdk_config(Some(&place.region), network, &session).await;
        let config = assuming(config, place.role_arn.as_deref()).await;
        // Emulators answer under one name for all buckets.
        let path_style = config.endpoint_url().is_some();
        let settings = aws_sdk_s3::config::Builder::from(&config).force_path_style(path_style).build();
        let caller = Caller { region: place.region.clone(), reads: BOUNDS, session };
        Self { client: aws_sdk_s3::Client::from_conf(settings), caller, clock, place }
    }

    /// Where it is.
    pub fn place(&self) -> &BucketPlace {
        &self.place
    }

    /// Puts an object there, locked. Where there is one of that name it becomes an older version.
    ///
    /// # Errors
    /// See [`AwsError`].
    pub async fn put(&self, name: &str, bytes: Vec<u8>) -> Result<(), AwsError> {
        let mode = match self.place.mode {
            LockMode::Governance => ObjectLockMode::Governance,
            LockMode::Compliance => ObjectLockMode::Compliance,
        };
        let until = self.clock.now().as_second() + i64::from(self.place.days) * 86_400;
        let send = || {
            let put = self.client.put_object().bucket(&self.place.bucket).key(self.key(name));
            let put = put.object_lock_mode(mode.clone()).object_lock_retain_until_date(DateTime::from_secs(until));
            put.checksum_algorithm(ChecksumAlgorithm::Sha256).body(ByteStream::from(bytes.clone())).send()
        };
        self.caller.read(&PUT, send).await.map(drop)
    }

    /// The newest version of an object; none if there is no such object, or if it was deleted, which hides the older ones.
    ///
    /// # Errors
    /// See [`AwsError`].
    pub async fn get(&self, name: &str) -> Result<Option<Vec<u8>>, AwsError> {
        let send = || self.client.get_object().bucket(&self.place.bucket).key(self.key(name)).send();
        match self.caller.read(&GET, send).await {
            Ok(found) => self.read(&GET, found).await.map(Some),
            Err(error) if error.code == "NoSuchKey" => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// A version of an object.
    ///
    /// # Errors
    /// See [`AwsError`].
    pub async fn get_version(&self, version: &Version) -> Result<Vec<u8>, AwsError> {
        let key = self.key(&version.name);
        let send = || self.client.get_object().bucket(&self.place.bucket).key(&key).version_id(&version.id).send();
        let found = self.caller.read(&GET_VERSION, send).await?;
        self.read(&GET_VERSION, found).await
    }

    /// All versions of the objects whose names begin so, those that were deleted since included, and those left out that are too long to be the log's. Of one
    /// name the newest comes first.
    ///
    /// # Errors
    /// See [`AwsError`].
    pub async fn versions(&self, names: &str) -> Result<Vec<Version>, AwsError> {
        let (mut versions, mut from) = (Vec::new(), (None, None));
        loop {
            let send = || {
                let list = self.client.list_object_versions().bucket(&self.place.bucket).prefix(self.key(names));
                list.set_key_marker(from.0.clone()).set_version_id_marker(from.1.clone()).send()
            };
            let page = self.caller.read(&VERSIONS, send).await?;
            let fits = page.versions().iter().filter(|found| found.size().is_none_or(|size| size <= LONGEST));
            versions.extend(fits.filter_map(|found| {
                let name = found.key()?.strip_prefix(&self.place.prefix)?.to_owned();
                let at = found.last_modified().and_then(timestamp);
                let is_latest = found.is_latest().unwrap_or_default();
                Some(Version { name, id: found.version_id()?.to_owned(), at, is_latest })
            }));
            from = (page.next_key_marker, page.next_version_id_marker);
            if !page.is_truncated.unwrap_or_default() || from.0.is_none() {
                return Ok(versions);
            }
        }
    }

    /// The bucket's Object Lock; none if it has none, and nothing in it can be locked.
    ///
    /// # Errors
    /// See [`AwsError`].
    pub async fn lock(&self) -> Result<Option<DefaultLock>, AwsError> {
        let send = || self.client.get_object_lock_configuration().bucket(&self.place.bucket).send();
        let found = match self.caller.read(&LOCK, send).await {
            Ok(found) => found,
            Err(error) if error.kind == AwsErrorKind::NotFound && error.code != "NoSuchBucket" => return Ok(None),
            Err(error) => return Err(error),
        };
        let lock = found.object_lock_configuration();
        let is_on = lock.is_some_and(|lock| lock.object_lock_enabled() == Some(&ObjectLockEnabled::Enabled));
        let retention = lock.and_then(|lock| lock.rule()?.default_retention()).map(|retention| {
            let mode = retention.mode().map_or("", ObjectLockRetentionMode::as_str);
            match (retention.days().filter(|&days| days > 0), retention.years()) {
                (None, Some(years)) => format!("{mode}, {years} years"),
                (days, _) => format!("{mode}, {} days", days.unwrap_or_default()),
            }
        });
        Ok(is_on.then_some(DefaultLock { retention }))
    }

    fn key(&self, name: &str) -> String {
        format!("{}{name}", self.place.prefix)
    }

    /// The bytes of an answer, which come after it.
    async fn read(&self, operation: &'static Operation, found: GetObjectOutput) -> Result<Vec<u8>, AwsError> {
        let region = &self.caller.region;
        if found.content_length().is_some_and(|length| length > LONGEST) {
            return Err(AwsError::unreadable(operation, region, "the object is too long to be the log's"));
        }
        match timeout(BOUNDS.attempt, found.body.collect()).await {
            Ok(Ok(bytes)) => Ok(bytes.to_vec()),
            Ok(Err(error)) => Err(AwsError::unreadable(operation, region, error.to_string())),
            Err(_) => Err(AwsError::timeout(operation, region, BOUNDS.attempt)),
        }
    }
}
