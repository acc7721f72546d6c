//! What comes in from people, whatever it came through, and what they get back at once.

use std::{fmt, str::FromStr};

use storage::{Actor, Origin};

use crate::{
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

/// What a button says when it is pressed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Press {
    /// Approve the run's gate with that method.
    Approve {
        /// Run id.
        run: String,
        /// The chosen way.
        method: Method,
    },
    /// Cancel the run at its gate.
    Cancel {
        /// Run id.
        run: String,
    },
    /// Resolve a failed step.
    Resolve {
        /// Run id.
        run: String,
        /// The step.
        step: StepId,
        /// How.
        resolution: Resolution,
    },
}
