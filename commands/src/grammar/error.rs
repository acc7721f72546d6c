//! What was not understood. Data first; the wording, for the person who typed, is in `Display`.

use std::fmt;

use super::REASON_LIMIT;
use crate::{
    journal::Refusal,
    plan::StepId,
    typed::{SHOWN, code, fold},
};

/// Why text is not a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ParseError {
    /// The first word is none that is known.
    UnknownCommand {
        /// The word.
        word: String,
    },
    /// After `plan` came something else than `promote`, or nothing.
    PlanWhat {
        /// What came; empty for nothing.
        word: String,
    },
    /// There is something after the end of a command.
    Unexpected {
        /// The command.
        command: &'static str,
        /// The first word that is too much.
        word: String,
    },
    /// No application by that name.
    UnknownApplication {
        /// The name.
        word: String,
        /// Those there are.
        known: Vec<String>,
    },
    /// None was named, and there is not exactly one.
    WhichApplication {
        /// The command.
        command: &'static str,
        /// Those there are.
        known: Vec<String>,
    },
    /// After a resolution came neither a run nor a step.
    NoRunOrStep {
        /// The command.
        command: &'static str,
        /// What came.
        word: String,
    },
    /// After `abort` came something else than a run.
    NoRun {
        /// The command.
        command: &'static str,
        /// What came.
        word: String,
    },
    /// A report of no run, or of something else.
    WhichRun {
        /// What came; empty for nothing.
        word: String,
    },
    /// Records of something that is no run.
    AuditWhat {
        /// What came.
        word: String,
    },
    /// An export of nothing that there is, or in no form that there is.
    ExportWhat {
        /// What came; empty for nothing.
        word: String,
    },
    /// The reason is longer than [`REASON_LIMIT`].
    ReasonTooLong {
        /// Its length in characters.
        length: usize,
    },
}

const COMMANDS: &[&str] = &[
    "help",
    "status",
    "promote",
    "failback",
    "plan promote",
    "restore",
    "rescue",
    "plan failback",
    "plan restore",
    "plan rescue",
    "applied",
    "retry",
    "skip",
    "failover",
    "abort",
    "history",
    "report",
    "audit",
    "export",
];

impl ParseError {
    pub(super) fn unknown_application(word: &str, known: &[&str]) -> Self {
        Self::UnknownApplication { word: word.to_owned(), known: owned(known) }
    }

    pub(super) fn which(command: &'static str, known: &[&str]) -> Self {
        Self::WhichApplication { command, known: owned(known) }
    }

    /// What was probably meant: a command without `/dr`, or the name of an application.
    pub fn hint(&self) -> Option<&str> {
        match self {
            Self::UnknownCommand { word } => nearest(word, COMMANDS.iter().copied()),
            Self::PlanWhat { .. } => Some("plan promote"),
            Self::UnknownApplication { word, known } => nearest(word, known.iter().map(String::as_str)),
            Self::NoRunOrStep { word, .. } => nearest(word, StepId::ALL.map(StepId::name)),
            _ => None,
        }
    }

    /// How the log classes it.
    pub fn refusal(&self) -> Refusal {
        match self {
            Self::UnknownApplication { .. } | Self::WhichApplication { .. } => Refusal::UnknownApplication,
            _ => Refusal::NotACommand,
        }
    }
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self, self.hint()) {
            (Self::UnknownCommand { word }, Some(hint)) => {
                write!(f, "There is no command {}. Did you mean `/dr {hint}`?", code(word))
            }
            (Self::UnknownCommand { word }, None) => {
                write!(f, "There is no command {}. `/dr help` lists what there is.", code(word))
            }
            (Self::PlanWhat { .. }, _) => f.write_str(
                "A promote, a failback, a restore or a rescue can be planned. Type `/dr plan promote`, `/dr plan failback`, `/dr plan restore` or `/dr plan rescue`.",
            ),
            (Self::Unexpected { command: "help", word }, _) => {
                write!(f, "`/dr help` takes nothing after it: {} is too much.", code(word))
            }
            (Self::Unexpected { command, word }, _) => {
                write!(f, "`/dr {command}` takes nothing after {}: {} is too much.", takes(command), code(word))
            }
            (Self::NoRunOrStep { word, .. }, Some(hint)) => {
                write!(f, "{} is neither a run, such as `promote-17`, nor a step. Did you mean `{hint}`?", code(word))
            }
            (Self::NoRunOrStep { command, word }, None) => {
                write!(
                    f,
                    "{} is neither a run, such as `promote-17`, nor a step. `/dr {command}` alone is for the run that waits.",
                    code(word)
                )
            }
            (Self::NoRun { command, word }, _) => write!(
                f,
                "{} is no run, such as `failback-17`. `/dr {command}` alone is for the open run; `/dr status` names it.",
                code(word)
            ),
            (Self::WhichRun { word }, _) if word.is_empty() => {
                f.write_str("Which run? Name one, as in `/dr report promote-17`. `/dr history` lists the last ones.")
            }
            (Self::WhichRun { word }, _) => {
                write!(f, "{} is no run, such as `promote-17`. `/dr history` lists the last ones.", code(word))
            }
            (Self::AuditWhat { word }, _) => {
                write!(f, "{} is no run. Type `/dr audit` for the last records, or `/dr audit promote-17`.", code(word))
            }
            (Self::ExportWhat { word }, _) => {
                if !word.is_empty() {
                    write!(f, "{} is neither a run nor a form. ", code(word))?;
                }
                f.write_str(
                    "Type `/dr export promote-17` for a run or `/dr export all` for everything, with `csv`, `jsonl` or `ocsf` after it.",
                )
            }
            (Self::UnknownApplication { word, .. }, Some(hint)) => {
                write!(f, "There is no application {}. Did you mean `{hint}`?", code(word))
            }
            (Self::UnknownApplication { word, known }, None) => {
                write!(f, "There is no application {}. There are {}.", code(word), list(known))
            }
            (Self::WhichApplication { command, known }, _) => match known.first() {
                Some(first) => {
                    write!(f, "Which application? Name one: {}, as in `/dr {command} {first}`.", list(known))
                }
                None => f.write_str("No application is configured: add one under `[applications.NAME]`."),
            },
            (Self::ReasonTooLong { length }, _) => {
                write!(f, "The reason has {length} characters; {REASON_LIMIT} are allowed. Shorten it.")
            }
        }
    }
}

impl std::error::Error for ParseError {}

/// The last thing that a command takes.
fn takes(command: &str) -> &'static str {
    match command {
        "retry" | "skip" => "run and step",
        "abort" | "failover" | "report" | "audit" => "the run",
        "export" => "the form",
        _ => "the application",
    }
}

/// The candidate that differs by a slip or two, if there is one. A long word is no slip of a short one, and not worth comparing.
pub(super) fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    if word.is_empty() || word.len() > SHOWN {
        return None;
    }
    let word = fold(word);
    let distance = |name: &&str| strsim::damerau_levenshtein(&word, &fold(name));
    let best = candidates.into_iter().min_by_key(distance)?;
    (distance(&best) <= 2 && distance(&best) < word.chars().count()).then_some(best)
}

fn owned(names: &[&str]) -> Vec<String> {
    names.iter().map(|&name| name.to_owned()).collect()
}

fn list(names: &[String]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}
