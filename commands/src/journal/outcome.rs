//! How a gate was decided, how a call ended, and what became of a failed step, as records name it.

use serde::{Deserialize, Serialize};

use crate::plan::Method;

/// How a gate was decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "how", rename_all = "snake_case")]
pub enum Decision {
    /// A person approved.
    Approved {
        /// The chosen way.
        method: Method,
    },
    /// A person who might have approved said no.
    Refused,
    /// The person who asked took the request back.
    Cancelled,
    /// Nobody decided in time.
    Expired,
    /// The world had changed when a person approved: the plan they read no longer holds.
    Void {
        /// What changed, for people.
        why: String,
    },
}

/// How a changing call ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "how", rename_all = "snake_case")]
pub enum CallOutcome {
    /// AWS accepted it.
    Accepted {
        /// AWS request id.
        request_id: Option<String>,
        /// An id that the answer gave for following it up, such as Route 53's change id.
        reference: Option<String>,
    },
    /// AWS refused it, or it never got there: it had no effect.
    Failed {
        /// AWS's error code.
        code: String,
        /// AWS's message.
        message: String,
        /// AWS request id.
        request_id: Option<String>,
    },
    /// It may or may not have had effect: no answer, or the program died before it could be recorded.
    Unknown {
        /// Why it is not known.
        why: String,
    },
}

/// What a person decided on a failed step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Resolution {
    /// Try it again.
    Retry,
    /// Go on without it.
    Skip,
    /// End the run as an abort does, and ask anew at once for a failover, which was not what this run was approved for.
    #[serde(rename = "failover")]
    FailOver,
    /// Leave everything where it is and end the run.
    Abort,
}

impl Resolution {
    /// All.
    pub const ALL: [Self; 4] = [Self::Retry, Self::Skip, Self::FailOver, Self::Abort];

    /// Its name in records, buttons and messages.
    pub fn name(self) -> &'static str {
        match self {
            Self::Retry => "retry",
            Self::Skip => "skip",
            Self::FailOver => "failover",
            Self::Abort => "abort",
        }
    }

    /// The one with that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|resolution| resolution.name() == name)
    }
}

/// A promote that a person asks for as they end another run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Promote {
    /// Why, in their words.
    pub reason: Option<String>,
}

/// Records of earlier versions say nothing of tries: there was one.
pub(super) fn once() -> u32 {
    1
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
pub(super) fn is_once(tries: &u32) -> bool {
    *tries == 1
}
