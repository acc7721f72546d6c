//! What comes in from people, whatever it came through, and what they get back at once.

use std::{fmt, str::FromStr};

use storage::{Actor, Origin};

use crate::{
    ids::RunId,
    journal::{Refusal, Resolution},
    plan::{Method, StepId},
};

/// A command or a click, authenticated by whoever brought it in.
#[derive(Debug, Clone)]
pub struct Request {
    /// Who.
    pub actor: Actor,
    /// From where.
    pub origin: Origin,
    /// The same request has the same key, however often it is delivered.
    pub dedupe: String,
}

/// What the person gets at once. Everything else reaches them as a projection of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// It is durable and being worked on.
    Accepted(String),
    /// Text to show, nothing to work on: help.
    Told(String),
    /// It was refused, and the refusal recorded.
    Refused {
        /// Why.
        reason: Refusal,
        /// For the person: what is wrong and what to do.
        text: String,
    },
}

/// What a button says when it is pressed. Its text form is the button's value: `approve:promote-17:failover`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Press {
    /// Approve the run's gate with that method.
    Approve {
        /// The run.
        run: RunId,
        /// The chosen way.
        method: Method,
    },
    /// Cancel the run at its gate.
    Cancel {
        /// The run.
        run: RunId,
    },
    /// What the run handed over was run.
    Applied {
        /// The run.
        run: RunId,
    },
    /// Resolve a failed step.
    Resolve {
        /// The run.
        run: RunId,
        /// The step.
        step: StepId,
        /// How.
        resolution: Resolution,
    },
}

impl Press {
    /// The run that it is about.
    pub fn run(&self) -> &RunId {
        match self {
            Self::Approve { run, .. } | Self::Cancel { run } | Self::Applied { run } | Self::Resolve { run, .. } => run,
        }
    }
}

impl fmt::Display for Press {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Approve { run, method } => write!(f, "approve:{run}:{}", method.name()),
            Self::Cancel { run } => write!(f, "cancel:{run}"),
            Self::Applied { run } => write!(f, "applied:{run}"),
            Self::Resolve { run, step, resolution } => write!(f, "{}:{run}:{}", resolution.name(), step.name()),
        }
    }
}

/// The text is not a button's value of this program.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a button of this bot")]
pub struct NotAButton(String);

impl FromStr for Press {
    type Err = NotAButton;

    fn from_str(value: &str) -> Result<Self, Self::Err> {
        let parts: Vec<&str> = value.split(':').collect();
        let press = match parts[..] {
            ["approve", run, method] => Method::named(method).map(|method| Self::Approve { run: run.into(), method }),
            ["cancel", run] => Some(Self::Cancel { run: run.into() }),
            ["applied", run] => Some(Self::Applied { run: run.into() }),
            [resolution, run, step] => Resolution::named(resolution)
                .zip(StepId::named(step))
                .map(|(resolution, step)| Self::Resolve { run: run.into(), step, resolution }),
            _ => None,
        };
        press.ok_or_else(|| NotAButton(value.chars().take(80).collect()))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn every_button_reads_back() {
        let run = RunId::new("promote", 17);
        let mut presses = vec![Press::Cancel { run: run.clone() }, Press::Applied { run: run.clone() }];
        presses.extend(Method::ALL.map(|method| Press::Approve { run: run.clone(), method }));
        for resolution in Resolution::ALL {
            presses.extend(StepId::ALL.map(|step| Press::Resolve { run: run.clone(), step, resolution }));
        }
        for press in presses {
            assert_eq!(press.to_string().parse::<Press>().unwrap(), press);
        }
    }

    #[test]
    fn anything_else_is_refused() {
        for value in
            ["", "approve", "approve:promote-1", "approve:promote-1:teleport", "retry:promote-1:coffee", "a:b:c:d"]
        {
            assert!(value.parse::<Press>().is_err(), "{value}");
        }
    }
}
