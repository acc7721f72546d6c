//! What those may ask who may read the audit log itself: `audit` and `export`. They name no application.

use std::fmt;

use storage::export::Format;

use super::{ParseError, first_word, key, nothing_more, run_named};
use crate::{ids::RunId, typed::clean};

/// What a person asks of the audit log itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LogCommand {
    /// `audit [RUN]`: the last records.
    Audit {
        /// Of that run; of all if absent.
        run: Option<RunId>,
    },
    /// `export RUN|all [csv|jsonl|ocsf]`: the records as a file.
    Export {
        /// Of that run; of all if absent.
        run: Option<RunId>,
        /// In that form.
        format: Format,
    },
}

impl fmt::Display for LogCommand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Audit { run: None } => f.write_str("audit"),
            Self::Audit { run: Some(run) } => write!(f, "audit {run}"),
            Self::Export { run, format } => {
                write!(f, "export {} {}", run.as_ref().map_or("all", RunId::as_str), format_name(*format))
            }
        }
    }
}

/// The name of an export's form.
pub fn format_name(format: Format) -> &'static str {
    match format {
        Format::Jsonl => "jsonl",
        Format::Csv => "csv",
        Format::Ocsf => "ocsf",
    }
}

/// Reads a command about the log; `None` if the text is something else.
pub fn log_command(text: &str) -> Option<Result<LogCommand, ParseError>> {
    let text = clean(text);
    let (verb, rest) = first_word(&text);
    match key(verb).as_str() {
        "audit" => Some(audit(rest)),
        "export" => Some(export(rest)),
        _ => None,
    }
}

pub(super) fn audit(rest: &str) -> Result<LogCommand, ParseError> {
    let (word, after) = first_word(rest);
    let run = match word {
        word if key(word).is_empty() => None,
        word => Some(run_named(word).ok_or_else(|| ParseError::AuditWhat { word: word.to_owned() })?),
    };
    nothing_more("audit", after).map(|()| LogCommand::Audit { run })
}

/// A table unless something else is said: it is what people open first.
pub(super) fn export(rest: &str) -> Result<LogCommand, ParseError> {
    let (what, rest) = first_word(rest);
    let run = match run_named(what) {
        None if key(what) != "all" => return Err(ParseError::ExportWhat { word: what.to_owned() }),
        run => run,
    };
    let (form, after) = first_word(rest);
    let named =
        |word: String| [Format::Csv, Format::Jsonl, Format::Ocsf].into_iter().find(|&form| format_name(form) == word);
    let format = match key(form) {
        word if word.is_empty() => Format::Csv,
        word => named(word).ok_or_else(|| ParseError::ExportWhat { word: form.to_owned() })?,
    };
    nothing_more("export", after).map(|()| LogCommand::Export { run, format })
}
