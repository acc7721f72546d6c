//! The grammar of `/dr`: text in, a command or an error as data out. No I/O. Commands, ids and names are read as people mean them, however their
//! device wrote them ([`fold`]); reasons stay as they were typed, but for what nobody can see ([`clean`]).

mod error;
mod log;

use std::fmt;

pub use error::ParseError;
pub use log::{LogCommand, format_name, log_command};

use icu_properties::{CodePointSetData, props::QuotationMark};

use crate::{
    ids::RunId,
    journal::Resolution,
    plan::StepId,
    typed::{bare, clean, fold},
};

/// Longest reason, in characters.
pub const REASON_LIMIT: usize = 500;

/// Bytes of the longest word that may mean something; what is longer is not looked at more closely.
const LONGEST_WORD: usize = 256;

/// What a person asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// `help`, or nothing.
    Help,
    /// `status [APP]`.
    Status {
        /// Application.
        application: String,
    },
    /// `promote [APP] [reason…]`.
    Promote {
        /// Application.
        application: String,
        /// Why, in the person's words.
        reason: Option<String>,
    },
    /// `failback [APP] [reason…]`.
    Failback {
        /// Application.
        application: String,
        /// Why, in the person's words.
        reason: Option<String>,
    },
    /// `restore [APP] [reason…]`.
    Restore {
        /// Application.
        application: String,
        /// Why, in the person's words.
        reason: Option<String>,
    },
    /// `rescue [APP] [reason…]`.
    Rescue {
        /// Application.
        application: String,
        /// Why, in the person's words.
        reason: Option<String>,
    },
    /// `plan promote [APP]`: a dry run.
    PlanPromote {
        /// Application.
        application: String,
    },
    /// `plan failback [APP]`: a dry run.
    PlanFailback {
        /// Application.
        application: String,
    },
    /// `plan restore [APP]`: a dry run.
    PlanRestore {
        /// Application.
        application: String,
    },
    /// `plan rescue [APP]`: a dry run.
    PlanRescue {
        /// Application.
        application: String,
    },
    /// `retry [RUN] [STEP]`, `skip [RUN] [STEP]`, `failover [RUN]`: what to do about a step that failed.
    Resolve {
        /// What.
        resolution: Resolution,
        /// The run; the one that waits if absent.
        run: Option<RunId>,
        /// The step; the one that failed if absent.
        step: Option<StepId>,
    },
    /// `abort [RUN]`: ends a run, wherever it stands.
    Abort {
        /// The run; the one that is open if absent.
        run: Option<RunId>,
    },
    /// `applied [APP]`: a person has run what a rebuild handed over.
    Applied {
        /// Application.
        application: String,
    },
    /// `history [APP]`: the last runs.
    History {
        /// Application.
        application: String,
    },
    /// `report RUN`: what happened in a run.
    Report {
        /// The run.
        run: RunId,
    },
    /// What only those may ask who may read the log.
    Log(LogCommand),
}

impl fmt::Display for Command {
    /// As it is typed, the application always named.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Help => f.write_str("help"),
            Self::Status { application } => write!(f, "status {application}"),
            Self::Promote { application, reason: None } => write!(f, "promote {application}"),
            Self::Promote { application, reason: Some(reason) } => write!(f, "promote {application} {reason}"),
            Self::Failback { application, reason: None } => write!(f, "failback {application}"),
            Self::Failback { application, reason: Some(reason) } => write!(f, "failback {application} {reason}"),
            Self::Restore { application, reason: None } => write!(f, "restore {application}"),
            Self::Restore { application, reason: Some(reason) } => write!(f, "restore {application} {reason}"),
            Self::Rescue { application, reason: None } => write!(f, "rescue {application}"),
            Self::Rescue { application, reason: Some(reason) } => write!(f, "rescue {application} {reason}"),
            Self::PlanPromote { application } => write!(f, "plan promote {application}"),
            Self::PlanFailback { application } => write!(f, "plan failback {application}"),
            Self::PlanRestore { application } => write!(f, "plan restore {application}"),
            Self::PlanRescue { application } => write!(f, "plan rescue {application}"),
            Self::Resolve { resolution, run, step } => {
                f.write_str(resolution.name())?;
                run.as_ref().map_or(Ok(()), |run| write!(f, " {run}"))?;
                step.map_or(Ok(()), |step| write!(f, " {}", step.name()))
            }
            Self::Abort { run: None } => f.write_str("abort"),
            Self::Abort { run: Some(run) } => write!(f, "abort {run}"),
            Self::Applied { application } => write!(f, "applied {application}"),
            Self::History { application } => write!(f, "history {application}"),
            Self::Report { run } => write!(f, "report {run}"),
            Self::Log(command) => command.fmt(f),
        }
    }
}

/// What a person can type: they look at these applications, ask for runs of those, and read the log or not.
pub fn help(looks: &[&str], asks: &[&str], reads: bool) -> String {
    let app = |applications: &[&str]| if applications.len() == 1 { "" } else { " APP" };
    let list = looks.join(", ");
    let (look, ask) = (app(looks), app(asks));
    let mut lines = Vec::new();
    if !looks.is_empty() {
        lines.extend([
            format!("`/dr status{look}` shows which region serves and what stands in the way of a promote."),
            format!("`/dr plan promote{look}` is a dry run: the checks and the exact calls, nothing changed."),
            format!("`/dr plan failback{look}` is the dry run of the way back."),
            format!("`/dr plan restore{look}` is the dry run of what gives the region that serves its capacity back."),
            format!(
                "`/dr plan rescue{look}` is the dry run of what keeps the snapshot that Aurora took of the old primary."
            ),
            format!("`/dr history{look}` lists the last runs."),
            "`/dr report RUN` tells a run: what happened when, who decided what, RTO and data loss.".to_owned(),
        ]);
    }
    if !asks.is_empty() {
        lines.extend([
            format!("`/dr promote{ask} [reason]` asks for a promote; nothing is changed before people confirm."),
            format!(
                "`/dr failback{ask} [reason]` goes on with the way back where the application stands; asks before anything is deleted or moved."
            ),
            format!(
                "`/dr restore{ask} [reason]` brings the region that serves back to its configured capacity, behind a confirmation; lowers nothing."
            ),
            format!(
                "`/dr rescue{ask} [reason]` copies the snapshot that Aurora took of the old primary after a failover to one that doesn't expire, behind a confirmation."
            ),
            format!(
                "`/dr applied{ask}` says that you ran what a rebuild handed over: the bot looks at once, and tells what it still misses."
            ),
            "`/dr abort [RUN]` ends an open run at any time, also while a step runs or a confirmation is asked for. Nothing is undone; the report says what was changed."
                .to_owned(),
            "`/dr retry [RUN] [STEP]` and `/dr skip [RUN] [STEP]` decide on a run that is paused, as its buttons do."
                .to_owned(),
            "`/dr failover [RUN]` ends a paused run whose switchover AWS refused, and asks for a failover instead, with a new plan and its own confirmation."
                .to_owned(),
        ]);
    }
    if reads {
        lines.extend([
            "`/dr audit [RUN]` shows the last records of the audit log, of a run or of all.".to_owned(),
            "`/dr export RUN` or `/dr export all`, with `csv`, `jsonl` or `ocsf` after it, sends you the records with their proofs, to you alone."
                .to_owned(),
        ]);
    }
    lines.push("`/dr help` shows this.".to_owned());
    if !looks.is_empty() {
        lines.push(format!("Applications: {list}."));
    }
    lines.join("\n")
}

/// Reads what was typed after `/dr`. `applications` are those that are configured; where there is exactly one it need not be named.
///
/// # Errors
/// What is not understood, with a hint where there is one.
pub fn parse(text: &str, applications: &[&str]) -> Result<Command, ParseError> {
    let text = clean(text);
    let (verb, rest) = first_word(&text);
    let (word, after) = first_word(rest);
    let after = if named(word, applications).is_some() { after } else { rest };
    if [verb, rest, after].into_iter().any(asks_for_help) {
        return Ok(Command::Help);
    }
    match key(verb).as_str() {
        "" => Ok(Command::Help),
        "help" => nothing_more("help", rest).map(|()| Command::Help),
        "status" => alone("status", rest, applications).map(|application| Command::Status { application }),
        "promote" => reasoned("promote", rest, applications)
            .map(|(application, reason)| Command::Promote { application, reason }),
        "failback" => reasoned("failback", rest, applications)
            .map(|(application, reason)| Command::Failback { application, reason }),
        "restore" => reasoned("restore", rest, applications)
            .map(|(application, reason)| Command::Restore { application, reason }),
        "rescue" => {
            reasoned("rescue", rest, applications).map(|(application, reason)| Command::Rescue { application, reason })
        }
        "applied" => alone("applied", rest, applications).map(|application| Command::Applied { application }),
        "history" => alone("history", rest, applications).map(|application| Command::History { application }),
        "abort" => abort(rest),
        "report" => report(rest),
        "audit" => log::audit(rest).map(Command::Log),
        "export" => log::export(rest).map(Command::Log),
        "plan" => plan(rest, applications),
        word => match Resolution::named(word) {
            Some(resolution) => resolve(resolution, rest),
            None => Err(ParseError::UnknownCommand { word: verb.to_owned() }),
        },
    }
}

fn plan(rest: &str, applications: &[&str]) -> Result<Command, ParseError> {
    let (what, rest) = first_word(rest);
    let of = |command| alone(command, rest, applications);
    match key(what).as_str() {
        "promote" => of("plan promote").map(|application| Command::PlanPromote { application }),
        "failback" => of("plan failback").map(|application| Command::PlanFailback { application }),
        "restore" => of("plan restore").map(|application| Command::PlanRestore { application }),
        "rescue" => of("plan rescue").map(|application| Command::PlanRescue { application }),
        _ => Err(ParseError::PlanWhat { word: what.to_owned() }),
    }
}

/// Whether somebody looks for help, as at any command line, also after a command: that is no reason for a promote. A phone makes one dash of two.
fn asks_for_help(text: &str) -> bool {
    text.len() <= LONGEST_WORD && ["?", "-h", "-help", "--help", "-?"].contains(&fold(text).as_str())
}

/// A word as it is compared, without quotes and the punctuation that ends a sentence.
fn key(word: &str) -> String {
    if word.len() > LONGEST_WORD {
        return word.to_owned();
    }
    bare(word)
}

fn first_word(text: &str) -> (&str, &str) {
    text.split_once(' ').unwrap_or((text, ""))
}

fn nothing_more(command: &'static str, rest: &str) -> Result<(), ParseError> {
    let (word, after) = first_word(rest);
    match key(word).is_empty() && after.is_empty() {
        true => Ok(()),
        false => Err(ParseError::Unexpected { command, word: word.to_owned() }),
    }
}

/// The application, and nothing after it.
fn alone(command: &'static str, rest: &str, applications: &[&str]) -> Result<String, ParseError> {
    let (word, rest) = first_word(rest);
    let application = match (word, applications) {
        (word, [only]) if key(word).is_empty() => (*only).to_owned(),
        (word, _) if key(word).is_empty() => return Err(ParseError::which(command, applications)),
        (word, _) => named(word, applications).ok_or_else(|| ParseError::unknown_application(word, applications))?,
    };
    nothing_more(command, rest)?;
    Ok(application)
}

/// The application, if named or the only one, and a reason.
fn reasoned(command: &'static str, rest: &str, applications: &[&str]) -> Result<(String, Option<String>), ParseError> {
    let (word, after) = first_word(rest);
    let (application, reason) = match (named(word, applications), applications) {
        (Some(application), _) => (application, after),
        (None, [only]) => ((*only).to_owned(), rest),
        (None, _) if error::nearest(word, applications.iter().copied()).is_some() => {
            return Err(ParseError::unknown_application(word, applications));
        }
        (None, _) => return Err(ParseError::which(command, applications)),
    };
    Ok((application, reason_of(reason)?))
}

/// Run and step may both be left out; which word is which shows from their form.
fn resolve(resolution: Resolution, rest: &str) -> Result<Command, ParseError> {
    let command = resolution.name();
    let (word, after) = first_word(rest);
    let (run, rest) = match run_named(word) {
        Some(run) => (Some(run), after),
        None => (None, rest),
    };
    let (word, after) = first_word(rest);
    let step = StepId::named(&key(word));
    match (word, step) {
        ("", _) => {}
        (_, Some(_)) if matches!(resolution, Resolution::Retry | Resolution::Skip) => nothing_more(command, after)?,
        (word, None) if run.is_none() => return Err(ParseError::NoRunOrStep { command, word: word.to_owned() }),
        (word, _) => return Err(ParseError::Unexpected { command, word: word.to_owned() }),
    }
    Ok(Command::Resolve { resolution, run, step })
}

fn abort(rest: &str) -> Result<Command, ParseError> {
    let (word, after) = first_word(rest);
    match (word, run_named(word)) {
        ("", _) => Ok(Command::Abort { run: None }),
        (_, Some(run)) => nothing_more("abort", after).map(|()| Command::Abort { run: Some(run) }),
        (word, None) => Err(ParseError::NoRun { command: "abort", word: word.to_owned() }),
    }
}

fn report(rest: &str) -> Result<Command, ParseError> {
    let (word, after) = first_word(rest);
    match run_named(word) {
        Some(run) => nothing_more("report", after).map(|()| Command::Report { run }),
        None => Err(ParseError::WhichRun { word: word.to_owned() }),
    }
}

/// The run with that id, by its form: `promote-17`.
fn run_named(word: &str) -> Option<RunId> {
    let id = key(word);
    let (runbook, number) = id.rsplit_once('-')?;
    let fits = runbook.bytes().all(|byte| byte.is_ascii_alphabetic()) && !runbook.is_empty();
    (fits && number.parse::<u64>().is_ok()).then(|| id.as_str().into())
}

fn named(word: &str, applications: &[&str]) -> Option<String> {
    let word = key(word);
    applications.iter().find(|name| fold(name) == word).map(|&name| name.to_owned())
}

fn reason_of(text: &str) -> Result<Option<String>, ParseError> {
    let reason = unquoted(text);
    let length = reason.chars().count();
    match length {
        0 => Ok(None),
        _ if length > REASON_LIMIT => Err(ParseError::ReasonTooLong { length }),
        _ => Ok(Some(reason.to_owned())),
    }
}

/// Without quotes around the whole, of whatever language.
fn unquoted(text: &str) -> &str {
    let is_quote = |char| CodePointSetData::new::<QuotationMark>().contains(char);
    let mut inner = text;
    while let Some(less) = inner.strip_prefix(is_quote).and_then(|inner| inner.strip_suffix(is_quote)) {
        inner = less.trim();
    }
    inner
}

#[cfg(test)]
mod tests;
