//! How a call to AWS failed, in the terms that the engine and people need.

use std::{error::Error, fmt, time::Duration};

use aws_credential_types::provider::error::CredentialsError;
use aws_smithy_runtime_api::client::{orchestrator::HttpResponse, result::SdkError};
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_types::request_id::RequestId;

use super::call::Operation;
use crate::observation::Seen;

/// A call that failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AwsError {
    /// What kind of failure.
    pub kind: AwsErrorKind,
    /// What was called.
    pub operation: &'static Operation,
    /// Region that it was sent to.
    pub region: String,
    /// AWS's error code, or this program's own word where AWS said nothing.
    pub code: String,
    /// AWS's message, or what happened instead.
    pub message: String,
    /// AWS request id.
    pub request_id: Option<String>,
}

/// Kinds of failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum AwsErrorKind {
    /// Too many requests.
    Throttled,
    /// The identity may not do this, or there is none.
    Denied,
    /// No such thing.
    NotFound,
    /// The thing is in a state, or was changed, that excludes this.
    Conflict,
    /// AWS does not accept the request.
    Invalid,
    /// AWS failed inside, or answered something unreadable.
    Server,
    /// No answer in time.
    Timeout,
    /// No connection, or it broke.
    Unreachable,
    /// This program refused to send it.
    Refused,
}

/// Code of a call that could not be signed since no credentials could be had.
const NO_CREDENTIALS: &str = "NoCredentials";

impl AwsError {
    /// Whether it is certain that the call changed nothing. A timeout, a broken connection or a 5xx answer leaves that open.
    pub fn had_no_effect(&self) -> bool {
        !matches!(self.kind, AwsErrorKind::Server | AwsErrorKind::Timeout | AwsErrorKind::Unreachable)
    }

    /// Whether it is likely to pass by itself, so that asking again makes sense.
    pub fn transient(&self) -> bool {
        match self.kind {
            AwsErrorKind::Throttled | AwsErrorKind::Server | AwsErrorKind::Timeout | AwsErrorKind::Unreachable => true,
            AwsErrorKind::Conflict => self.code == "ConcurrentUpdateException",
            AwsErrorKind::Denied => self.code == NO_CREDENTIALS || self.code.starts_with("ExpiredToken"),
            AwsErrorKind::NotFound | AwsErrorKind::Invalid | AwsErrorKind::Refused => false,
        }
    }

    /// Whether AWS answered no, and will say so again until somebody changes something.
    pub fn refused_for_good(&self) -> bool {
        match self.kind {
            AwsErrorKind::Denied | AwsErrorKind::NotFound | AwsErrorKind::Invalid | AwsErrorKind::Refused => {
                !self.transient()
            }
            AwsErrorKind::Throttled
            | AwsErrorKind::Conflict
            | AwsErrorKind::Server
            | AwsErrorKind::Timeout
            | AwsErrorKind::Unreachable => false,
        }
    }

    /// What an observation keeps of it.
    pub(crate) fn seen<T>(&self) -> Seen<T> {
        match self.refused_for_good() {
            true => Seen::Refused(self.to_string()),
            false => Seen::Unknown(self.to_string()),
        }
    }

    pub(super) fn timeout(operation: &'static Operation, region: &str, after: Duration) -> Self {
        Self::own(AwsErrorKind::Timeout, operation, region, "Timeout", format!("nothing within {after:.1?}"))
    }

    pub(super) fn unsent(operation: &'static Operation, region: &str, message: impl Into<String>) -> Self {
        Self::own(AwsErrorKind::Refused, operation, region, "Refused", message.into())
    }

    /// An answer that lacks what it must contain, or contains what cannot be.
    pub(super) fn unreadable(operation: &'static Operation, region: &str, message: impl Into<String>) -> Self {
        Self::own(AwsErrorKind::Server, operation, region, "UnreadableAnswer", message.into())
    }

    pub(super) fn from_sdk<E>(operation: &'static Operation, region: &str, error: &SdkError<E, HttpResponse>) -> Self
    where
        E: ProvideErrorMetadata + Error + 'static,
    {
        let (kind, code, message) = match error {
            SdkError::ServiceError(context) => {
                let code = context.err().code().unwrap_or("UnknownError");
                let message = context.err().message().unwrap_or_default().trim();
                (kind_of(code, context.raw().status().as_u16()), code, message.to_owned())
            }
            _ if caused_by::<CredentialsError>(error) => (AwsErrorKind::Denied, NO_CREDENTIALS, innermost(error)),
            SdkError::ConstructionFailure(_) => (AwsErrorKind::Invalid, "InvalidRequest", innermost(error)),
            SdkError::TimeoutError(_) => (AwsErrorKind::Timeout, "Timeout", innermost(error)),
            SdkError::DispatchFailure(failure) if failure.is_timeout() => {
                (AwsErrorKind::Timeout, "Timeout", innermost(error))
            }
            SdkError::DispatchFailure(_) => (AwsErrorKind::Unreachable, "Unreachable", innermost(error)),
            _ => (AwsErrorKind::Server, "UnreadableAnswer", innermost(error)),
        };
        Self { request_id: error.request_id().map(str::to_owned), ..Self::own(kind, operation, region, code, message) }
    }

    fn own(kind: AwsErrorKind, operation: &'static Operation, region: &str, code: &str, message: String) -> Self {
        Self { kind, operation, region: region.to_owned(), code: code.to_owned(), message, request_id: None }
    }
}

impl fmt::Display for AwsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { operation: Operation { service, name }, region, code, message, .. } = self;
        write!(f, "{service} {name} in {region}: {code}")?;
        if !message.is_empty() {
            write!(f, ": {}", message.split_whitespace().collect::<Vec<_>>().join(" "))?;
        }
        match self.kind {
            AwsErrorKind::Denied if code == NO_CREDENTIALS => f.write_str("; give the bot credentials for this region"),
            AwsErrorKind::Denied => write!(f, "; allow {service}:{name}"),
            _ => Ok(()),
        }
    }
}

impl Error for AwsError {}

/// The kind that an error code and HTTP status stand for. Codes come first: the query protocols answer nearly everything with status 400.
fn kind_of(code: &str, status: u16) -> AwsErrorKind {
    match code {
        "RequestLimitExceeded" | "TooManyRequestsException" | "PriorRequestNotComplete" | "SlowDown" => {
            AwsErrorKind::Throttled
        }
        "AuthFailure"
        | "InvalidClientTokenId"
        | "UnrecognizedClientException"
        | "SignatureDoesNotMatch"
        | "NotAuthorized"
        | "UnauthorizedOperation"
        | "OptInRequired" => AwsErrorKind::Denied,
        // Route 53: the record to delete is not there with these values, or the one to create exists.
        "InvalidChangeBatch" | "ConcurrentUpdateException" | "ConflictException" | "ServiceNotActiveException" => {
            AwsErrorKind::Conflict
        }
        "InternalFailure" | "InternalError" | "InternalServiceException" | "ServerException" | "ServiceUnavailable" => {
            AwsErrorKind::Server
        }
        _ if code.contains("Throttl") => AwsErrorKind::Throttled,
        _ if code.starts_with("AccessDenied") || code.starts_with("ExpiredToken") => AwsErrorKind::Denied,
        _ if code.contains("NotFound") || code.starts_with("NoSuch") => AwsErrorKind::NotFound,
        // RDS: InvalidGlobalClusterStateFault, InvalidDBClusterStateFault, …
        _ if code.starts_with("Invalid") && code.contains("State") => AwsErrorKind::Conflict,
        _ => match status {
            429 => AwsErrorKind::Throttled,
            401 | 403 => AwsErrorKind::Denied,
            404 => AwsErrorKind::NotFound,
            409 => AwsErrorKind::Conflict,
            500.. => AwsErrorKind::Server,
            _ => AwsErrorKind::Invalid,
        },
    }
}

fn chain<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&error| error.source())
}

fn caused_by<C: Error + 'static>(error: &(dyn Error + 'static)) -> bool {
    chain(error).any(|cause| cause.is::<C>())
}

/// The last cause in the chain, which is the one that says something.
pub(super) fn innermost(error: &(dyn Error + 'static)) -> String {
    chain(error).last().map(ToString::to_string).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_come_before_the_status() {
        let kinds = [
            ("Throttling", 400, AwsErrorKind::Throttled),
            ("ThrottlingException", 400, AwsErrorKind::Throttled),
            ("AccessDenied", 403, AwsErrorKind::Denied),
            ("AccessDeniedException", 400, AwsErrorKind::Denied),
            ("GlobalClusterNotFoundFault", 404, AwsErrorKind::NotFound),
            ("NoSuchChange", 404, AwsErrorKind::NotFound),
            ("InvalidGlobalClusterStateFault", 400, AwsErrorKind::Conflict),
            ("InvalidChangeBatch", 400, AwsErrorKind::Conflict),
            ("ConcurrentUpdateException", 400, AwsErrorKind::Conflict),
            ("ValidationException", 400, AwsErrorKind::Invalid),
            ("InternalFailure", 500, AwsErrorKind::Server),
            ("SomethingNew", 503, AwsErrorKind::Server),
        ];
        for (code, status, kind) in kinds {
            assert_eq!(kind_of(code, status), kind, "{code}");
        }
    }

    #[test]
    fn denials_name_the_action_to_allow() {
        let operation = &const { Operation::new("rds", "FailoverGlobalCluster") };
        let error = AwsError::own(AwsErrorKind::Denied, operation, "us-west-2", "AccessDenied", "no\n  policy".into());
        assert_eq!(
            error.to_string(),
            "rds FailoverGlobalCluster in us-west-2: AccessDenied: no policy; allow rds:FailoverGlobalCluster"
        );
        assert!(error.had_no_effect());
        assert!(!error.transient());
    }

    #[test]
    fn a_timeout_leaves_the_effect_open() {
        let error =
            AwsError::timeout(&const { Operation::new("ecs", "UpdateService") }, "us-east-1", Duration::from_secs(2));
        assert_eq!(error.to_string(), "ecs UpdateService in us-east-1: Timeout: nothing within 2.0s");
        assert!(!error.had_no_effect());
        assert!(error.transient());
    }
}
