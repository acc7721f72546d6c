//! The one way to AWS: the SDK's clients per region. Nothing here is mocked in tests; they exchange [`Network`].

mod attached;
mod bucket;
mod call;
mod change;
mod cloudwatch;
mod codebuild;
mod connections;
mod dependencies;
mod ecs;
mod elb;
mod error;
mod explore;
mod network;
mod pages;
mod probe;
mod rds;
mod route53;
mod scaling;
mod session;
mod signed;
mod stake;
mod surroundings;
mod tls;
mod trial;
mod vcpus;
mod zones;

use std::{
    collections::BTreeMap,
    fmt,
    future::Future,
    sync::{Arc, Mutex, OnceLock},
    time::{Duration, SystemTime},
};

use aws_config::{BehaviorVersion, SdkConfig, sts::AssumeRoleProvider};
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_async::{rt::sleep::TokioSleep, time::TimeSource};
use aws_types::{
    app_name::AppName,
    region::Region,
    sdk_config::{RetryConfig, StalledStreamProtectionConfig, TimeoutConfig},
};
use storage::Clock;
use tokio::time::{Instant, timeout_at};

pub(crate) use self::ecs::STOPPED;
pub use self::{
    bucket::{Bucket, BucketPlace, DefaultLock, LockMode, Version},
    call::Operation,
    change::Accepted,
    codebuild::{Build, BuildStatus},
    error::{AwsError, AwsErrorKind},
    explore::{ExploreError, explore},
    network::{Network, ProbeClient},
    probe::{Answer, ProbeError},
    trial::Trial,
};
use self::{
    call::{Bounds, Caller},
    route53::Route53,
    session::Session,
    signed::Signed,
};
use crate::{
    observation::Seen,
    partition::Partition,
    topology::{self, Application, Duty, SideName},
};

/// To connect takes milliseconds within a region and at most some hundred between two: who has not answered by then is dark.
const CONNECT: Duration = Duration::from_secs(1);

/// One application's two regions in AWS. Cheap to clone.
#[derive(Clone)]
pub struct Aws(Arc<Inner>);

struct Inner {
    app: Arc<Application>,
    clock: Clock,
    network: Network,
    primary: Hands,
    dr: Hands,
    global: Caller,
    /// Route 53 for the hosted zones that have a role of their own, by the role's ARN.
    zones: BTreeMap<String, Route53>,
    /// The other applications of the same accounts and regions.
    neighbors: OnceLock<Vec<vcpus::Neighboring>>,
    /// What this application needs of the quotas, for its neighbors.
    needs: Mutex<vcpus::Needs>,
}

impl fmt::Debug for Aws {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Aws({}, {})", self.0.app.primary.region, self.0.app.dr.region)
    }
}

/// One region's clients for each duty: the same ones where one identity does everything.
struct Hands {
    read: Arc<Regional>,
    promote: Arc<Regional>,
    failback: Arc<Regional>,
}

/// The clients of one region, for one identity.
struct Regional {
    caller: Caller,
    rds: aws_sdk_rds::Client,
    ecs: aws_sdk_ecs::Client,
    scaling: aws_sdk_applicationautoscaling::Client,
    elb: aws_sdk_elasticloadbalancingv2::Client,
    cloudwatch: aws_sdk_cloudwatch::Client,
    codebuild: aws_sdk_codebuild::Client,
    kms: aws_sdk_kms::Client,
    sts: aws_sdk_sts::Client,
    quotas: aws_sdk_servicequotas::Client,
    /// What has no client of its own.
    signed: Signed,
    /// Records are global: only DR's is asked.
    route53: Route53,
}

impl Aws {
    /// Makes the clients. Nothing is sent until the first call: a region may be dark. `AWS_ENDPOINT_URL`, profiles and the SDK's other
    /// settings work.
    pub async fn connect(app: Arc<Application>, network: &Network, clock: Clock) -> Self {
        let patience = app.timing.observation;
        // The primary may be dark: it gets one chance. DR is where the answers have to come from.
        let once = Bounds { attempts: 1, attempt: patience, total: patience };
        let thrice = Bounds { attempts: 3, attempt: patience, total: Duration::from_secs(5).max(patience) };
        Self::bounded(app, network, clock, once, thrice).await
    }

    /// The same for somebody who has time: both regions get several chances within `timing.observation`, which is to be set for that.
    pub async fn connect_patiently(app: Arc<Application>, network: &Network, clock: Clock) -> Self {
        let total = app.timing.observation;
        let thrice = Bounds { attempts: 3, attempt: total.mul_f64(0.4), total };
        Self::bounded(app, network, clock, thrice, thrice).await
    }

    async fn bounded(
        app: Arc<Application>,
        network: &Network,
        clock: Clock,
        in_primary: Bounds,
        in_dr: Bounds,
    ) -> Self {
        let session = Session::new(&clock);
        let primary = sdk_config(Some(&app.primary.region), network, &session).await;
        let dr = sdk_config(Some(&app.dr.region), network, &session).await;
        let global = Caller {
            region: Partition::of(&app.dr.region).route53_region.to_owned(),
            reads: in_dr,
            session: session.clone(),
        };
        let mut zones = BTreeMap::new();
        for role in app.records.iter().filter_map(|record| record.role_arn.as_deref()) {
            let config = assuming(dr.clone(), Some(role)).await;
            zones.insert(role.to_owned(), Route53::new(&config, &global));
        }
        Self(Arc::new(Inner {
            zones,
            primary: Hands::new(&app.primary, &primary, in_primary, &session).await,
            global,
            dr: Hands::new(&app.dr, &dr, in_dr, &session).await,
            network: network.clone(),
            app,
            clock,
            neighbors: OnceLock::new(),
            needs: Mutex::default(),
        }))
    }

    /// That side's clients, to look with.
    fn regional(&self, side: SideName) -> &Regional {
        self.acting(side, Duty::Read)
    }

    /// That side's clients, for a duty.
    fn acting(&self, side: SideName, duty: Duty) -> &Regional {
        let hands = match side {
            SideName::Primary => &self.0.primary,
            SideName::Dr => &self.0.dr,
        };
        match duty {
            Duty::Read => &hands.read,
            Duty::Promote => &hands.promote,
            Duty::Failback => &hands.failback,
        }
    }

    fn app(&self) -> &Application {
        &self.0.app
    }

    fn side(&self, side: SideName) -> &topology::Region {
        self.0.app.side(side)
    }

    /// When what is looked up beside the main thing has to be there.
    fn deadline(&self) -> Instant {
        Instant::now() + self.0.app.timing.observation
    }
}

impl Hands {
    async fn new(region: &topology::Region, config: &SdkConfig, reads: Bounds, session: &Session) -> Self {
        let caller = Caller { region: region.region.clone(), reads, session: session.clone() };
        let clients = async |duty| {
            let config = assuming(config.clone(), region.role(duty)).await;
            Arc::new(Regional::new(&config, caller.clone()))
        };
        let read = clients(Duty::Read).await;
        match region.roles {
            Some(_) => Self { read, promote: clients(Duty::Promote).await, failback: clients(Duty::Failback).await },
            None => Self { promote: Arc::clone(&read), failback: Arc::clone(&read), read },
        }
    }
}

impl Regional {
    fn new(config: &SdkConfig, caller: Caller) -> Self {
        // Beside the main thing, so once: a service that a network doesn't let through must not hold an observation up.
        let once = Caller { reads: Bounds { attempts: 1, ..caller.reads }, ..caller.clone() };
        Self {
            route53: Route53::new(config, &caller),
            caller,
            signed: Signed::new(config, once),
            rds: aws_sdk_rds::Client::new(config),
            ecs: aws_sdk_ecs::Client::new(config),
            scaling: aws_sdk_applicationautoscaling::Client::new(config),
            elb: aws_sdk_elasticloadbalancingv2::Client::new(config),
            cloudwatch: aws_sdk_cloudwatch::Client::new(config),
            codebuild: aws_sdk_codebuild::Client::new(config),
            kms: aws_sdk_kms::Client::new(config),
            sts: aws_sdk_sts::Client::new(config),
            quotas: aws_sdk_servicequotas::Client::new(config),
        }
    }
}

/// The SDK's configuration for a region, or for the one that the environment names, with its own identity.
async fn sdk_config(region: Option<&str>, network: &Network, session: &Session) -> SdkConfig {
    let mut loader = aws_config::defaults(BehaviorVersion::latest())
        .time_source(SdkClock(session.clock.clone()))
        .identity_cache(session.identities.clone())
        .sleep_impl(TokioSleep::new())
        // Retries and deadlines are ours: see `call`. Answers are small, so a stalled one ends by its deadline.
        .retry_config(RetryConfig::disabled())
        .timeout_config(TimeoutConfig::builder().connect_timeout(CONNECT).build())
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled());
    if let Some(region) = region {
        loader = loader.region(Region::new(region.to_owned()));
    }
    if let Ok(name) = AppName::new("standby") {
        loader = loader.app_name(name);
    }
    if let Some(client) = &network.aws {
        loader = loader.http_client(client.clone());
    }
    if let Some(credentials) = &network.credentials {
        loader = loader.credentials_provider(credentials.clone());
    }
    loader.load().await
}

/// The same with a role, assumed through that region's own STS, so that no region needs another.
async fn assuming(config: SdkConfig, role: Option<&str>) -> SdkConfig {
    let Some(role) = role else { return config };
    let provider = AssumeRoleProvider::builder(role).session_name("standby").configure(&config).build().await;
    config.into_builder().credentials_provider(SharedCredentialsProvider::new(provider)).build()
}

/// The log's clock as the SDK reads it, for signatures and the expiry of credentials.
#[derive(Debug)]
struct SdkClock(Clock);

impl TimeSource for SdkClock {
    fn now(&self) -> SystemTime {
        self.0.now().into()
    }
}

/// No such thing is an answer, not an error.
fn absent_is_none<T>(result: Result<T, AwsError>) -> Result<Option<T>, AwsError> {
    match result {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.kind == AwsErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// What is looked up beside the main thing: it may be unknown, and nothing waits for it beyond `deadline`.
async fn seen<T>(deadline: Instant, what: &str, look: impl Future<Output = Result<T, AwsError>>) -> Seen<T> {
    match timeout_at(deadline, look).await {
        Ok(Ok(value)) => Seen::Known(value),
        Ok(Err(error)) => error.seen(),
        Err(_) => Seen::Unknown(format!("{what} did not answer in time")),
    }
}

/// SDK time as the log's time.
fn timestamp(at: &aws_smithy_types::DateTime) -> Option<jiff::Timestamp> {
    jiff::Timestamp::new(at.secs(), i32::try_from(at.subsec_nanos()).ok()?).ok()
}
