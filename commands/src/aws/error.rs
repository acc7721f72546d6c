//! How a call to AWS failed, in the terms that the engine and people need.

mod class;
mod skew;
#[cfg(test)]
mod tests;
mod words;

use std::{error::Error, fmt, time::Duration};

use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_sts::operation::{
    assume_role::AssumeRoleError, assume_role_with_web_identity::AssumeRoleWithWebIdentityError,
};
use aws_smithy_runtime_api::client::{orchestrator::HttpResponse, result::SdkError};
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_types::request_id::RequestId;
use jiff::Timestamp;

pub use self::class::AwsErrorKind;
use self::class::{Answer, kind_of};
use super::call::Operation;
use crate::{
    egress::{ProxyError, causes, innermost},
    observation::Seen,
};

static ASSUME_ROLE: Operation = Operation::new("sts", "AssumeRole");
static ASSUME_ROLE_WITH_WEB_IDENTITY: Operation = Operation::new("sts", "AssumeRoleWithWebIdentity");

/// A call that failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AwsError {
    /// What kind of failure.
    pub kind: AwsErrorKind,
    /// What was called. Where a role could not be assumed first, that is `sts:AssumeRole`.
    pub operation: &'static Operation,
    /// Region that it was sent to.
    pub region: String,
    /// AWS's error code, or this program's own word where AWS said nothing.
    pub code: String,
    /// AWS's message, or what happened instead.
    pub message: String,
    /// AWS request id.
    pub request_id: Option<String>,
    /// AWS's clock minus this host's in seconds, as far as the answer tells it.
    skew_s: Option<i32>,
}

impl AwsError {
    /// Whether it is certain that the call changed nothing. A timeout, a broken connection or a 5xx answer leaves that open.
    pub fn had_no_effect(&self) -> bool {
        !matches!(self.kind, AwsErrorKind::Server | AwsErrorKind::Timeout | AwsErrorKind::Unreachable)
    }

    /// Whether it is likely to pass by itself, so that asking again makes sense.
    pub fn transient(&self) -> bool {
        match self.kind {
            AwsErrorKind::Throttled
            | AwsErrorKind::Server
            | AwsErrorKind::Timeout
            | AwsErrorKind::Unreachable
            // New ones are loaded, and an instance's role may come back.
            | AwsErrorKind::Expired
            | AwsErrorKind::NoCredentials => true,
            AwsErrorKind::Conflict => self.code == "ConcurrentUpdateException",
            AwsErrorKind::Denied
            | AwsErrorKind::ExplicitlyDenied
            | AwsErrorKind::ClockSkew
            | AwsErrorKind::WrongKeys
            | AwsErrorKind::NotEnabled
            | AwsErrorKind::KeyUnusable
            | AwsErrorKind::Quota
            | AwsErrorKind::NotFound
            | AwsErrorKind::Invalid
            | AwsErrorKind::Refused => false,
        }
    }

    /// Whether AWS answered no, and will say so again until somebody changes something. A state that excludes a call may pass.
    pub fn refused_for_good(&self) -> bool {
        !self.transient() && self.kind != AwsErrorKind::Conflict
    }

    /// Whether new credentials, or a signature by AWS's clock, are all that the same call lacks. AWS refused it before it did anything.
    pub(super) fn wants_new_signature(&self) -> bool {
        matches!(self.kind, AwsErrorKind::Expired | AwsErrorKind::ClockSkew)
    }

    /// What an observation keeps of it.
    pub fn seen<T>(&self) -> Seen<T> {
        match self.refused_for_good() {
            true => Seen::Refused(self.to_string()),
            false => Seen::Unknown(self.to_string()),
        }
    }

    pub(super) fn timeout(operation: &'static Operation, region: &str, after: Duration) -> Self {
        Self::own(AwsErrorKind::Timeout, operation, region, "Timeout", format!("nothing within {after:.1?}"))
    }

    /// What this program does not send.
    pub(super) fn unsent(operation: &'static Operation, region: &str, message: impl Into<String>) -> Self {
        Self::own(AwsErrorKind::Refused, operation, region, "Refused", message.into())
    }

    /// An answer that lacks what it must contain, or contains what cannot be.
    pub(super) fn unreadable(operation: &'static Operation, region: &str, message: impl Into<String>) -> Self {
        Self::own(AwsErrorKind::Server, operation, region, "UnreadableAnswer", message.into())
    }

    /// What the SDK makes of a failure, at `now` by this host's clock.
    pub(super) fn from_sdk<E>(
        operation: &'static Operation,
        region: &str,
        error: &SdkError<E, HttpResponse>,
        now: Timestamp,
    ) -> Self
    where
        E: ProvideErrorMetadata + Error + 'static,
    {
        let own = |kind, code| Self::own(kind, operation, region, code, innermost(error));
        match error {
            SdkError::ServiceError(context) => {
                let code = context.err().code().unwrap_or("UnknownError");
                let message = context.err().message().unwrap_or_default().trim();
                let raw = context.raw();
                let skew = skew::measure(message, raw.headers().get("date"), now);
                let kind = kind_of(&Answer { code, status: raw.status().as_u16(), message, region, skew });
                let request_id = error.request_id().map(str::to_owned);
                let skew_s = skew.and_then(|skew| i32::try_from(skew.as_secs()).ok());
                Self { request_id, skew_s, ..Self::own(kind, operation, region, code, message.to_owned()) }
            }
            _ if cause::<CredentialsError>(error).is_some() => Self::without_credentials(operation, region, error, now),
            SdkError::ConstructionFailure(_) => own(AwsErrorKind::Invalid, "InvalidRequest"),
            SdkError::TimeoutError(_) => own(AwsErrorKind::Timeout, "Timeout"),
            // As with AWS's own refusals, nothing is learned of the region by that.
            SdkError::DispatchFailure(_) if cause::<ProxyError>(error).is_some_and(ProxyError::is_refusal) => {
                own(AwsErrorKind::Refused, "ProxyRefused")
            }
            SdkError::DispatchFailure(failure) if failure.is_timeout() => own(AwsErrorKind::Timeout, "Timeout"),
            SdkError::DispatchFailure(_) => own(AwsErrorKind::Unreachable, "Unreachable"),
            _ => own(AwsErrorKind::Server, "UnreadableAnswer"),
        }
    }

    /// No credentials to sign with: what STS answered where a role was to be assumed, otherwise that there are none.
    fn without_credentials(
        operation: &'static Operation,
        region: &str,
        error: &(dyn Error + 'static),
        now: Timestamp,
    ) -> Self {
        if let Some(refused) = cause::<SdkError<AssumeRoleError, HttpResponse>>(error) {
            return Self::from_sdk(&ASSUME_ROLE, region, refused, now);
        }
        if let Some(refused) = cause::<SdkError<AssumeRoleWithWebIdentityError, HttpResponse>>(error) {
            return Self::from_sdk(&ASSUME_ROLE_WITH_WEB_IDENTITY, region, refused, now);
        }
        Self::own(AwsErrorKind::NoCredentials, operation, region, "NoCredentials", innermost(error))
    }

    fn own(kind: AwsErrorKind, operation: &'static Operation, region: &str, code: &str, message: String) -> Self {
        Self {
            kind,
            operation,
            region: region.to_owned(),
            code: code.to_owned(),
            message,
            request_id: None,
            skew_s: None,
        }
    }
}

/// What was called and where, AWS's code and words, what that means, and what to do.
impl fmt::Display for AwsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { operation: Operation { service, name }, region, code, message, .. } = self;
        write!(f, "{service} {name} in {region}: {code}")?;
        let message = message.split_whitespace().collect::<Vec<_>>().join(" ");
        let advice = words::advice(self);
        if !message.is_empty() {
            // A sentence follows.
            write!(f, ": {}", if advice.is_some() { message.trim_end_matches('.') } else { &message })?;
        }
        advice.map_or(Ok(()), |advice| write!(f, ". {advice}"))
    }
}

impl Error for AwsError {}

/// The first cause of that type.
fn cause<'a, C: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a C> {
    causes(error).find_map(|cause| cause.downcast_ref::<C>())
}
