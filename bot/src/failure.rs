//! How a command of the program fails: by what the person can mend, by what it found, or inside.

use std::fmt;

use commands::egress::EgressError;

use crate::config::ConfigError;

/// Why the program ends otherwise than well.
#[derive(Debug)]
pub enum Failure {
    /// The person can mend it: what is wrong and how to, in a line. Exit code 2.
    User(String),
    /// What the person asked to be examined is not as it should be, and was told on standard output. Exit code 1.
    Found,
    /// The program failed. Exit code 1.
    Internal(anyhow::Error),
}

impl Failure {
    /// A failure that the person can mend.
    pub fn user(message: impl Into<String>) -> Self {
        Self::User(message.into())
    }

    /// The process's exit code.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::User(_) => 2,
            Self::Found | Self::Internal(_) => 1,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User(message) => f.write_str(message),
            Self::Found => Ok(()),
            Self::Internal(error) => write!(f, "failed inside: {error:#}"),
        }
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        Self::User(error.to_string())
    }
}

impl From<EgressError> for Failure {
    fn from(error: EgressError) -> Self {
        Self::User(error.to_string())
    }
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self::Internal(error)
    }
}
