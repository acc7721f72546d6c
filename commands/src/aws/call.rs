//! How a call is made: how long it may take and when it is made again. One policy for all services, here and not in the SDK, whose
//! backoff is random (a run could not be repeated from its seed) and which repeats changing calls after an unclear end.

use std::{error::Error, future::Future, time::Duration};

use aws_smithy_runtime_api::client::{orchestrator::HttpResponse, result::SdkError};
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use tokio::time::{Instant, sleep, timeout};

use super::{
    error::{AwsError, AwsErrorKind},
    session::Session,
};

/// An operation of a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Operation {
    /// Service as in IAM actions: `rds`, `ecs`, `elasticloadbalancing`, …
    pub service: &'static str,
    /// Name as in IAM actions.
    pub name: &'static str,
}

impl Operation {
    pub(super) const fn new(service: &'static str, name: &'static str) -> Self {
        Self { service, name }
    }
}

/// How calls are made towards one region, or towards a global service.
#[derive(Debug, Clone)]
pub(super) struct Caller {
    /// Region, as errors and the log name it.
    pub(super) region: String,
    /// Bounds of calls that read.
    pub(super) reads: Bounds,
    /// Clock and credentials.
    pub(super) session: Session,
}

/// Bounds of a call.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    /// How often it is made at most. Attempts that AWS refuses since there are too many requests, or for a signature that a second one mends,
    /// don't count.
    pub(super) attempts: u32,
    /// How long one attempt may take.
    pub(super) attempt: Duration,
    /// After this no further attempt is begun, nor finished.
    pub(super) total: Duration,
}

/// An answer to a changing call takes longer than one to a read, and giving up on it leaves its effect open.
const CHANGE: Bounds = Bounds { attempts: 3, attempt: Duration::from_secs(10), total: Duration::from_secs(12) };

/// Before the second attempt; doubled for each one after it.
const BACKOFF: Duration = Duration::from_millis(200);
/// Longest pause between two attempts.
const LONGEST_BACKOFF: Duration = Duration::from_secs(2);

impl Caller {
    /// A call that changes nothing, or does no harm when it is made twice, such as one that writes the same bytes under the same name again: made
    /// again after any failure that may pass.
    pub(super) async fn read<T, E, F>(&self, operation: &'static Operation, send: impl Fn() -> F) -> Result<T, AwsError>
    where
        F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
        E: ProvideErrorMetadata + Error + 'static,
    {
        self.bounded(operation, self.reads, passes, send).await
    }

    /// A changing call: made again only where AWS has said that it did nothing and may do it later. What ended unclearly is for the engine,
    /// which observes before it acts again.
    pub(super) async fn change<T, E, F>(
        &self,
        operation: &'static Operation,
        send: impl Fn() -> F,
    ) -> Result<T, AwsError>
    where
        F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
        E: ProvideErrorMetadata + Error + 'static,
    {
        self.bounded(operation, CHANGE, |error| passes(error) && error.had_no_effect(), send).await
    }

    /// A changing call that is made once, whatever happens; a second time only where AWS refused its signature unread.
    pub(super) async fn once<T, E, F>(&self, operation: &'static Operation, send: impl Fn() -> F) -> Result<T, AwsError>
    where
        F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
        E: ProvideErrorMetadata + Error + 'static,
    {
        self.bounded(operation, Bounds { attempts: 1, ..CHANGE }, |_| false, send).await
    }

    async fn bounded<T, E, F>(
        &self,
        operation: &'static Operation,
        bounds: Bounds,
        again: impl Fn(&AwsError) -> bool,
        send: impl Fn() -> F,
    ) -> Result<T, AwsError>
    where
        F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
        E: ProvideErrorMetadata + Error + 'static,
    {
        let began = Instant::now();
        let (mut pause, mut attempt, mut signed_anew) = (BACKOFF, 1, false);
        loop {
            let left = bounds.total.saturating_sub(began.elapsed()).min(bounds.attempt);
            // Boxed: the SDK's futures are large, and an observation awaits dozens of them on one worker's stack.
            let error = match timeout(left, Box::pin(send())).await {
                Ok(Ok(answer)) => return Ok(answer),
                Ok(Err(error)) => AwsError::from_sdk(operation, &self.region, &error, self.session.clock.now()),
                Err(_) => AwsError::timeout(operation, &self.region, left),
            };
            tracing::debug!(attempt, %error, "call failed");
            // The SDK has learned AWS's time from the answer, and the next credentials are loaded anew.
            if error.wants_new_signature() && !signed_anew {
                if error.kind == AwsErrorKind::Expired {
                    self.session.identities.forget();
                }
                signed_anew = true;
                continue;
            }
            let counts = error.kind != AwsErrorKind::Throttled;
            let last = counts && attempt >= bounds.attempts;
            if last || !again(&error) || began.elapsed() + pause >= bounds.total {
                return Err(error);
            }
            sleep(pause).await;
            pause = (pause * 2).min(LONGEST_BACKOFF);
            attempt += u32::from(counts);
        }
    }
}

/// Whether a moment later the answer may be another. Credentials that are missing come back later than a call lasts.
fn passes(error: &AwsError) -> bool {
    error.transient() && error.kind != AwsErrorKind::NoCredentials
}
