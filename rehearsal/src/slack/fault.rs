//! Faults of Slack itself, to be injected into a run.

use std::time::Duration;

use super::api::Method;

/// Something that Slack does wrong.
#[derive(Clone, Debug)]
pub struct Fault {
    /// The method it befalls; all of them if `None`.
    pub method: Option<Method>,
    /// What happens.
    pub kind: FaultKind,
    /// How many calls it befalls; until cleared if `None`.
    pub times: Option<u32>,
}

/// What happens to a call, which takes no effect unless it is said so.
#[derive(Clone, Debug)]
pub enum FaultKind {
    /// HTTP 429.
    RateLimited {
        /// `Retry-After`, told to the caller in whole seconds, rounded up; Slack may leave it out.
        retry_after: Option<Duration>,
    },
    /// HTTP 500 without a JSON body.
    ServerError,
    /// The connection stays open and silent.
    Hang,
    /// The connection breaks in the middle of the answer.
    Reset,
    /// HTTP 200 with `ok: false` and this error: `channel_not_found`, `invalid_blocks`, `token_revoked`, `rate_limited`, or one that nobody knows.
    Error(String),
    /// The call takes effect, and then this happens in place of the answer. A call that is refused is refused.
    AfterEffect(Box<FaultKind>),
}

/// The faults that are in force, in the order in which they were injected.
#[derive(Debug, Default)]
pub(super) struct Faults(Vec<Fault>);

impl Faults {
    pub(super) fn inject(&mut self, fault: Fault) {
        self.0.push(fault);
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    /// What befalls this call, counted down.
    pub(super) fn strike(&mut self, method: Method) -> Option<FaultKind> {
        let index = self.0.iter().position(|fault| fault.method.is_none_or(|named| named == method))?;
        let fault = &mut self.0[index];
        let kind = fault.kind.clone();
        if let Some(times) = &mut fault.times {
            *times = times.saturating_sub(1);
            if *times == 0 {
                self.0.remove(index);
            }
        }
        Some(kind)
    }
}
