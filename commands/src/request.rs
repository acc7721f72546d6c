//! What comes in from people, whatever it came through, and what they get back at once.

use std::{fmt, str::FromStr};

use storage::{Actor, Origin};

use crate::{
    ids::RunId,
    journal::{Promote, Refusal, Resolution},
    plan::{Method, StepId},
    typed,
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
    /// It can't be recorded, and changes nothing: the answer is given all the same ([`Desk::look`](crate::desk::Desk::look)).
    Unrecorded(String),
    /// It was refused, and the refusal recorded, since another run is open. What that one asks is shown with it, so that it can be decided there.
    Offered {
        /// For the person: what is open, and what ends it.
        text: String,
        /// The run that is open.
        run: RunId,
        /// The promote that they wanted, where they may have it in the open run's place: by [`Press::Abort`].
        promote: Option<Promote>,
    },
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
        /// What was typed to confirm it; a button says nothing of that.
        confirmation: Option<Confirmation>,
    },
    /// Refuse what the run asks.
    Refuse {
        /// The run.
        run: RunId,
        /// Why; a button says nothing of that.
        reason: Option<String>,
    },
    /// Take the request back.
    Cancel {
        /// The run.
        run: RunId,
    },
    /// Ask anew for what a run was not approved for.
    Again {
        /// The run.
        run: RunId,
    },
    /// What the run handed over was run.
    Applied {
        /// The run.
        run: RunId,
    },
    /// End the run, wherever it stands.
    Abort {
        /// The run.
        run: RunId,
        /// The promote that is asked for in its place.
        promote: Option<Promote>,
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

/// What a person typed to confirm what cannot be undone. Its text form follows the button's value:
/// `approve:promote-17:failover:promote us-west-2:the primary is dark`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Confirmation {
    /// The deed and its exact target.
    pub typed: String,
    /// Why.
    pub reason: Option<String>,
}

impl Press {
    /// The run that it is about.
    pub fn run(&self) -> &RunId {
        match self {
            Self::Approve { run, .. }
            | Self::Refuse { run, .. }
            | Self::Cancel { run }
            | Self::Again { run }
            | Self::Applied { run }
            | Self::Abort { run, .. }
            | Self::Resolve { run, .. } => run,
        }
    }
}

impl Press {
    /// The same with what a person typed cleaned, wherever they did.
    #[must_use]
    pub(crate) fn cleaned(self) -> Self {
        let clean = |text: Option<String>| text.map(|text| typed::clean(&text)).filter(|text| !text.is_empty());
        match self {
            Self::Approve { run, method, confirmation: Some(Confirmation { typed, reason }) } => {
                let confirmation = Some(Confirmation { typed: typed::clean(&typed), reason: clean(reason) });
                Self::Approve { run, method, confirmation }
            }
            Self::Refuse { run, reason } => Self::Refuse { run, reason: clean(reason) },
            Self::Abort { run, promote: Some(Promote { reason }) } => {
                Self::Abort { run, promote: Some(Promote { reason: clean(reason) }) }
            }
            press => press,
        }
    }
}

impl fmt::Display for Press {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Approve { run, method, confirmation } => {
                write!(f, "approve:{run}:{}", method.name())?;
                let Some(Confirmation { typed, reason }) = confirmation else { return Ok(()) };
                write!(f, ":{}", typed.replace(':', " "))?;
                reason.as_ref().map_or(Ok(()), |reason| write!(f, ":{reason}"))
            }
            Self::Refuse { run, reason } => {
                write!(f, "refuse:{run}")?;
                reason.as_ref().map_or(Ok(()), |reason| write!(f, ":{reason}"))
            }
            Self::Cancel { run } => write!(f, "cancel:{run}"),
            Self::Again { run } => write!(f, "again:{run}"),
            Self::Applied { run } => write!(f, "applied:{run}"),
            Self::Abort { run, promote: None } => write!(f, "end:{run}"),
            Self::Abort { run, promote: Some(Promote { reason: None }) } => write!(f, "end:{run}:promote"),
            Self::Abort { run, promote: Some(Promote { reason: Some(why) }) } => write!(f, "end:{run}:promote:{why}"),
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
        // No confirmation has a colon in its words, and a reason may.
        let parts: Vec<&str> = value.splitn(5, ':').collect();
        let press = match parts[..] {
            ["approve", run, method, ref confirmed @ ..] => Method::named(method).map(|method| {
                let reason = confirmed.get(1).map(|&reason| reason.to_owned());
                let confirmation = confirmed.first().map(|&typed| Confirmation { typed: typed.to_owned(), reason });
                Self::Approve { run: run.into(), method, confirmation }
            }),
            ["refuse", run, ref why @ ..] => {
                Some(Self::Refuse { run: run.into(), reason: (!why.is_empty()).then(|| why.join(":")) })
            }
            ["cancel", run] => Some(Self::Cancel { run: run.into() }),
            ["again", run] => Some(Self::Again { run: run.into() }),
            ["applied", run] => Some(Self::Applied { run: run.into() }),
            ["end", run] => Some(Self::Abort { run: run.into(), promote: None }),
            ["end", run, "promote", ref why @ ..] => {
                let reason = (!why.is_empty()).then(|| why.join(":"));
                Some(Self::Abort { run: run.into(), promote: Some(Promote { reason }) })
            }
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
        let mut presses = vec![
            Press::Refuse { run: run.clone(), reason: None },
            Press::Refuse { run: run.clone(), reason: Some("not now: at 22:00: after the fair".to_owned()) },
            Press::Cancel { run: run.clone() },
            Press::Again { run: run.clone() },
            Press::Applied { run: run.clone() },
            Press::Abort { run: run.clone(), promote: None },
            Press::Abort { run: run.clone(), promote: Some(Promote { reason: None }) },
            Press::Abort {
                run: run.clone(),
                promote: Some(Promote { reason: Some("dark: since 9:00: again".into()) }),
            },
        ];
        let typed = || "promote us-west-2".to_owned();
        let confirmations = [
            None,
            Some(Confirmation { typed: typed(), reason: None }),
            Some(Confirmation { typed: typed(), reason: Some("dark: since 9:00".to_owned()) }),
        ];
        for confirmation in confirmations {
            let confirmed = |method| Press::Approve { run: run.clone(), method, confirmation: confirmation.clone() };
            presses.extend(Method::ALL.map(confirmed));
        }
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
