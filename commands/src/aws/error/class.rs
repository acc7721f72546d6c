//! The one classification of what AWS answers to a call that failed: error code, HTTP status, and the message where the difference stands only
//! there.

use jiff::SignedDuration;

use super::skew;
use crate::partition::is_opt_in;

/// Classes of failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum AwsErrorKind {
    /// Too many requests.
    Throttled,
    /// AWS failed inside, or answered something unreadable.
    Server,
    /// No answer in time.
    Timeout,
    /// No connection, or it broke.
    Unreachable,
    /// The credentials have expired; new ones are loaded.
    Expired,
    /// There are no credentials. An instance's role may come back.
    NoCredentials,
    /// No policy allows this.
    Denied,
    /// A policy denies this, so that allowing it elsewhere does not help.
    ExplicitlyDenied,
    /// The signature's time is too far from AWS's: this host's clock.
    ClockSkew,
    /// AWS does not know the access key, or the signature is not that key's.
    WrongKeys,
    /// The region, or the service, is not enabled for the account.
    NotEnabled,
    /// A KMS key cannot be used.
    KeyUnusable,
    /// A quota of the account is used up.
    Quota,
    /// No such thing.
    NotFound,
    /// The thing is in a state, or was changed, that excludes this.
    Conflict,
    /// AWS does not accept the request.
    Invalid,
    /// This program refused to send it.
    Refused,
}

/// What AWS answered.
#[derive(Debug, Clone, Copy)]
pub(super) struct Answer<'a> {
    pub(super) code: &'a str,
    pub(super) status: u16,
    pub(super) message: &'a str,
    /// Region that was called.
    pub(super) region: &'a str,
    /// AWS's clock minus this host's, as far as it is known.
    pub(super) skew: Option<SignedDuration>,
}

/// The class of an answer. Codes come before the status: the query and JSON protocols answer nearly everything with 400.
pub(super) fn kind_of(answer: &Answer<'_>) -> AwsErrorKind {
    let Answer { code, status, message, region, .. } = *answer;
    if skew::is_cause(answer) {
        return AwsErrorKind::ClockSkew;
    }
    match code {
        "RequestLimitExceeded"
        | "TooManyRequestsException"
        | "PriorRequestNotComplete"
        | "SlowDown"
        | "BandwidthLimitExceeded"
        | "RequestThrottled"
        | "ProvisionedThroughputExceededException" => AwsErrorKind::Throttled,
        "ExpiredToken" | "ExpiredTokenException" | "TokenRefreshRequired" | "RequestExpired" => AwsErrorKind::Expired,
        // An opt-in region that is not enabled knows no key of the account.
        "InvalidClientTokenId" | "UnrecognizedClientException" if is_opt_in(region) => AwsErrorKind::NotEnabled,
        "InvalidClientTokenId"
        | "UnrecognizedClientException"
        | "InvalidAccessKeyId"
        | "AuthFailure"
        | "SignatureDoesNotMatch"
        | "InvalidSignatureException"
        | "InvalidSignature"
        | "IncompleteSignature"
        | "IncompleteSignatureException"
        | "InvalidToken"
        | "InvalidIdentityToken" => AwsErrorKind::WrongKeys,
        _ if code.starts_with("MissingAuthenticationToken") => AwsErrorKind::WrongKeys,
        "OptInRequired" | "RegionDisabledException" | "SubscriptionRequiredException" => AwsErrorKind::NotEnabled,
        "NotAuthorized" | "UnauthorizedOperation" => denied(message),
        // Where AWS cannot reach a key, the code is of the service that needs it.
        "KMSKeyNotAccessibleFault"
        | "KMSAccessDenied"
        | "KMSAccessDeniedException"
        | "KMSAccessDeniedFault"
        | "KMSDisabledException"
        | "KMSInvalidStateException"
        | "KMSNotFoundException"
        | "KMSOptInRequired"
        | "DisabledException"
        | "KeyUnavailableException" => AwsErrorKind::KeyUnusable,
        // Route 53: the record to delete is not there with these values, or the one to create exists.
        "InvalidChangeBatch"
        | "ConcurrentUpdateException"
        | "ConflictException"
        | "ServiceNotActiveException"
        | "UpdateInProgressException" => AwsErrorKind::Conflict,
        "ServerException" | "RequestTimeout" | "RequestTimeoutException" | "DependencyTimeoutException" => {
            AwsErrorKind::Server
        }
        _ if code.starts_with("Internal") || code.starts_with("ServiceUnavailable") => AwsErrorKind::Server,
        _ if code.contains("Throttl") => AwsErrorKind::Throttled,
        _ if code.starts_with("AccessDenied") => denied(message),
        _ if code.starts_with("ExpiredToken") => AwsErrorKind::Expired,
        _ if code.contains("NotFound") || code.starts_with("NoSuch") => AwsErrorKind::NotFound,
        _ if code.contains("LimitExceeded") && message.to_ascii_lowercase().contains("rate") => AwsErrorKind::Throttled,
        _ if code.contains("QuotaExceeded") || code.contains("LimitExceeded") => AwsErrorKind::Quota,
        // RDS: InvalidGlobalClusterStateFault, InvalidDBClusterStateFault, …
        _ if code.starts_with("Invalid") && code.contains("State") => AwsErrorKind::Conflict,
        _ => match status {
            429 => AwsErrorKind::Throttled,
            401 | 403 => denied(message),
            404 => AwsErrorKind::NotFound,
            409 => AwsErrorKind::Conflict,
            500.. => AwsErrorKind::Server,
            _ => AwsErrorKind::Invalid,
        },
    }
}

/// AWS tells only in the message whether nothing allows it, or something denies it.
fn denied(message: &str) -> AwsErrorKind {
    match message.contains("explicit deny") {
        true => AwsErrorKind::ExplicitlyDenied,
        false => AwsErrorKind::Denied,
    }
}
