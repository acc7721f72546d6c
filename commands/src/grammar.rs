//! The grammar of `/dr`: text in, a command or an error as data out. No I/O, and nothing of Slack but the way it spoils text.

mod error;

use std::fmt;

pub use error::ParseError;

use crate::{ids::RunId, journal::Resolution, plan::StepId};

/// Longest reason, in characters.
pub const REASON_LIMIT: usize = 500;

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
    /// `retry [RUN] [STEP]`, `skip [RUN] [STEP]`, `abort [RUN]`: what to do about a step that failed.
    Resolve {
        /// What.
        resolution: Resolution,
        /// The run; the one that waits if absent.
        run: Option<RunId>,
        /// The step; the one that failed if absent.
        step: Option<StepId>,
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
            Self::PlanPromote { application } => write!(f, "plan promote {application}"),
            Self::PlanFailback { application } => write!(f, "plan failback {application}"),
            Self::Resolve { resolution, run, step } => {
                f.write_str(resolution.name())?;
                run.as_ref().map_or(Ok(()), |run| write!(f, " {run}"))?;
                step.map_or(Ok(()), |step| write!(f, " {}", step.name()))
            }
            Self::History { application } => write!(f, "history {application}"),
            Self::Report { run } => write!(f, "report {run}"),
        }
    }
}

/// What can be typed, for people.
pub fn help(applications: &[&str]) -> String {
    let app = if applications.len() == 1 { "" } else { " APP" };
    let list = applications.join(", ");
    format!(
        "`/dr status{app}` shows which region serves and what stands in the way of a promote.\n\
         `/dr plan promote{app}` is a dry run: the checks and the exact calls, nothing changed.\n\
         `/dr promote{app} [reason]` asks for a promote; nothing is changed before a person confirms.\n\
         `/dr failback{app} [reason]` goes on with the way back where the application stands; asks before anything is deleted or moved.\n\
         `/dr plan failback{app}` is its dry run.\n\
         `/dr retry [RUN] [STEP]`, `/dr skip [RUN] [STEP]` and `/dr abort [RUN]` decide on a run that is paused, as its buttons do.\n\
         `/dr history{app}` lists the last runs.\n\
         `/dr report RUN` tells a run: what happened when, who decided what, RTO and data loss.\n\
         `/dr help` shows this.\n\
         Applications: {list}."
    )
}

/// Reads what was typed after `/dr`. `applications` are those that are configured; where there is exactly one it need not be named.
///
/// # Errors
/// What is not understood, with a hint where there is one.
pub fn parse(text: &str, applications: &[&str]) -> Result<Command, ParseError> {
    let text = plain(text)?;
    let (verb, rest) = first_word(&text);
    match verb.to_lowercase().as_str() {
        "" => Ok(Command::Help),
        "help" => nothing_more("help", rest).map(|()| Command::Help),
        "status" => alone("status", rest, applications).map(|application| Command::Status { application }),
        "promote" => reasoned("promote", rest, applications)
            .map(|(application, reason)| Command::Promote { application, reason }),
        "failback" => reasoned("failback", rest, applications)
            .map(|(application, reason)| Command::Failback { application, reason }),
        "history" => alone("history", rest, applications).map(|application| Command::History { application }),
        "report" => report(rest),
        "plan" => match first_word(rest) {
            (what, rest) if what.eq_ignore_ascii_case("promote") => {
                alone("plan promote", rest, applications).map(|application| Command::PlanPromote { application })
            }
            (what, rest) if what.eq_ignore_ascii_case("failback") => {
                alone("plan failback", rest, applications).map(|application| Command::PlanFailback { application })
            }
            (what, _) => Err(ParseError::PlanWhat { word: what.to_owned() }),
        },
        word => match Resolution::named(word) {
            Some(resolution) => resolve(resolution, rest),
            None => Err(ParseError::UnknownCommand { word: verb.to_owned() }),
        },
    }
}

/// Text with plain quotes and single spaces. Invisible characters are dropped; those that control or reorder what is shown are refused, since
/// the text stands in the log and in front of the person who approves.
fn plain(text: &str) -> Result<String, ParseError> {
    let mut plain = String::with_capacity(text.len());
    for char in text.chars() {
        match char {
            '\u{201c}' | '\u{201d}' | '\u{201e}' | '\u{201f}' => plain.push('"'),
            '\u{2018}' | '\u{2019}' | '\u{201a}' | '\u{201b}' => plain.push('\''),
            '\u{200b}'..='\u{200d}' | '\u{2060}' | '\u{feff}' => {}
            '\u{200e}' | '\u{200f}' | '\u{061c}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
                return Err(ParseError::ControlCharacter { code: char.into() });
            }
            _ if char.is_whitespace() => plain.push(' '),
            _ if char.is_control() => return Err(ParseError::ControlCharacter { code: char.into() }),
            _ => plain.push(char),
        }
    }
    Ok(plain.split_whitespace().collect::<Vec<_>>().join(" "))
}

fn first_word(text: &str) -> (&str, &str) {
    text.split_once(' ').unwrap_or((text, ""))
}

fn nothing_more(command: &'static str, rest: &str) -> Result<(), ParseError> {
    match first_word(rest).0 {
        "" => Ok(()),
        word => Err(ParseError::Unexpected { command, word: word.to_owned() }),
    }
}

/// The application, and nothing after it.
fn alone(command: &'static str, rest: &str, applications: &[&str]) -> Result<String, ParseError> {
    let (word, rest) = first_word(rest);
    let application = match (word, applications) {
        ("", [only]) => (*only).to_owned(),
        ("", _) => return Err(ParseError::which(command, applications)),
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
    let step = StepId::named(&word.to_lowercase());
    match (word, step) {
        ("", _) => {}
        (_, Some(_)) if resolution != Resolution::Abort => nothing_more(command, after)?,
        (word, None) if run.is_none() => return Err(ParseError::NoRunOrStep { command, word: word.to_owned() }),
        (word, _) => return Err(ParseError::Unexpected { command, word: word.to_owned() }),
    }
    Ok(Command::Resolve { resolution, run, step })
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
    let (runbook, number) = word.rsplit_once('-')?;
    let fits = runbook.bytes().all(|byte| byte.is_ascii_alphabetic()) && !runbook.is_empty();
    (fits && number.parse::<u64>().is_ok()).then(|| word.to_lowercase().as_str().into())
}

fn named(word: &str, applications: &[&str]) -> Option<String> {
    applications.iter().find(|name| name.eq_ignore_ascii_case(word)).map(|&name| name.to_owned())
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

/// Without quotes around the whole.
fn unquoted(text: &str) -> &str {
    let inner = |quote: char| text.strip_prefix(quote).and_then(|text| text.strip_suffix(quote));
    match inner('"').or_else(|| inner('\'')) {
        Some(inner) => unquoted(inner.trim()),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::journal::Refusal;

    const ONE: &[&str] = &["shop"];
    const TWO: &[&str] = &["shop", "billing"];

    fn promote(application: &str, reason: Option<&str>) -> Command {
        Command::Promote { application: application.into(), reason: reason.map(str::to_owned) }
    }

    fn resolve(resolution: Resolution, run: Option<&str>, step: Option<StepId>) -> Command {
        Command::Resolve { resolution, run: run.map(RunId::from), step }
    }

    #[test]
    fn commands_are_understood() {
        let status = |application: &str| Command::Status { application: application.into() };
        let cases = [
            ("", ONE, Command::Help),
            ("  HELP ", TWO, Command::Help),
            ("status", ONE, status("shop")),
            ("Status Billing", TWO, status("billing")),
            ("promote", ONE, promote("shop", None)),
            ("promote us-east-1 is dark", ONE, promote("shop", Some("us-east-1 is dark"))),
            ("promote shop us-east-1 is dark", ONE, promote("shop", Some("us-east-1 is dark"))),
            ("promote billing", TWO, promote("billing", None)),
            ("promote shop \u{201c}region\u{a0}\u{a0}dark\u{201d}", TWO, promote("shop", Some("region dark"))),
            ("promote don\u{2019}t wait", ONE, promote("shop", Some("don't wait"))),
            ("plan\u{200b} promote\nshop", TWO, Command::PlanPromote { application: "shop".into() }),
            ("retry", TWO, resolve(Resolution::Retry, None, None)),
            ("Retry Database", TWO, resolve(Resolution::Retry, None, Some(StepId::Database))),
            ("skip promote-17", TWO, resolve(Resolution::Skip, Some("promote-17"), None)),
            ("skip Promote-17 dns", TWO, resolve(Resolution::Skip, Some("promote-17"), Some(StepId::Dns))),
            ("abort promote-17", TWO, resolve(Resolution::Abort, Some("promote-17"), None)),
            ("history", ONE, Command::History { application: "shop".into() }),
            ("report promote-17", TWO, Command::Report { run: "promote-17".into() }),
        ];
        for (text, applications, command) in cases {
            assert_eq!(parse(text, applications), Ok(command), "{text}");
        }
    }

    #[test]
    fn what_is_not_understood_says_what_to_type() {
        let cases = [
            ("promot", ONE, Refusal::NotACommand, "There is no command `promot`. Did you mean `/dr promote`?"),
            ("drain", ONE, Refusal::NotACommand, "There is no command `drain`. `/dr help` lists what there is."),
            ("plan", ONE, Refusal::NotACommand, "Only a promote can be planned. Type `/dr plan promote`."),
            (
                "status shop now",
                ONE,
                Refusal::NotACommand,
                "`/dr status` takes nothing after the application: `now` is too much.",
            ),
            (
                "promote",
                TWO,
                Refusal::UnknownApplication,
                "Which application? Name one: `shop`, `billing`, as in `/dr promote shop`.",
            ),
            (
                "promote bilinng now",
                TWO,
                Refusal::UnknownApplication,
                "There is no application `bilinng`. Did you mean `billing`?",
            ),
            (
                "skip databse",
                ONE,
                Refusal::NotACommand,
                "`databse` is neither a run, such as `promote-17`, nor a step. Did you mean `database`?",
            ),
            (
                "retry shop",
                ONE,
                Refusal::NotACommand,
                "`shop` is neither a run, such as `promote-17`, nor a step. `/dr retry` alone is for the run that waits.",
            ),
            (
                "retry promote-17 database now",
                ONE,
                Refusal::NotACommand,
                "`/dr retry` takes nothing after run and step: `now` is too much.",
            ),
            (
                "abort promote-17 database",
                ONE,
                Refusal::NotACommand,
                "`/dr abort` takes nothing after the run: `database` is too much.",
            ),
            (
                "report",
                ONE,
                Refusal::NotACommand,
                "Which run? Name one, as in `/dr report promote-17`. `/dr history` lists the last ones.",
            ),
            ("status x", TWO, Refusal::UnknownApplication, "There is no application `x`. There are `shop`, `billing`."),
        ];
        for (text, applications, refusal, reply) in cases {
            let error = parse(text, applications).err();
            assert_eq!(error.as_ref().map(ParseError::refusal), Some(refusal), "{text}");
            assert_eq!(error.map(|error| error.to_string()).as_deref(), Some(reply), "{text}");
        }
    }

    #[test]
    fn reasons_are_bounded_and_printable() {
        assert!(parse(&format!("promote {}", "x".repeat(REASON_LIMIT)), ONE).is_ok());
        let long = parse(&format!("promote {}", "x".repeat(REASON_LIMIT + 1)), ONE);
        assert_eq!(long, Err(ParseError::ReasonTooLong { length: REASON_LIMIT + 1 }));
        for text in ["promote \u{1b}[31mred", "promote \u{202e}desrever"] {
            assert!(matches!(parse(text, ONE), Err(ParseError::ControlCharacter { .. })), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn nothing_panics(text in "\\PC*|(?s).*", two in any::<bool>()) {
            let applications = if two { TWO } else { ONE };
            if let Err(error) = parse(&text, applications) {
                prop_assert!(!error.to_string().is_empty());
            }
        }

        #[test]
        fn what_was_understood_is_understood_again(
            text in "(help|status|promote|plan promote|retry|skip|abort|history|report)? ?(shop|billing|promote-17|database)? ?[\\PC]{0,40}",
            two in any::<bool>(),
        ) {
            let applications = if two { TWO } else { ONE };
            if let Ok(command) = parse(&text, applications) {
                prop_assert_eq!(parse(&command.to_string(), applications), Ok(command));
            }
        }
    }
}
