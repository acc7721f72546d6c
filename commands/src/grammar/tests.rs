use proptest::prelude::*;
use storage::export::Format;

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

fn export(run: Option<&str>, format: Format) -> Command {
    Command::Log(LogCommand::Export { run: run.map(RunId::from), format })
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
        ("promote don\u{2019}t wait", ONE, promote("shop", Some("don\u{2019}t wait"))),
        ("promote shop, it is dark.", TWO, promote("shop", Some("it is dark."))),
        ("promote \u{ab}dark\u{bb}", ONE, promote("shop", Some("dark"))),
        (
            "promote \u{200f}shop \u{5d1}\u{5d3}\u{5d9}\u{5e7}\u{5d4}",
            ONE,
            promote("shop", Some("\u{5d1}\u{5d3}\u{5d9}\u{5e7}\u{5d4}")),
        ),
        ("?", TWO, Command::Help),
        ("help.", TWO, Command::Help),
        ("-h", TWO, Command::Help),
        ("\u{2014}help", TWO, Command::Help),
        ("promote --help", ONE, Command::Help),
        ("promote shop \u{2014}help", TWO, Command::Help),
        ("status.", ONE, status("shop")),
        ("status shop!", TWO, status("shop")),
        ("report `promote-17`", TWO, Command::Report { run: "promote-17".into() }),
        ("status \u{201c}shop\u{201d}", TWO, status("shop")),
        ("report promote\u{2013}17.", TWO, Command::Report { run: "promote-17".into() }),
        ("retry promote\u{2212}17 Fence", TWO, resolve(Resolution::Retry, Some("promote-17"), Some(StepId::Fence))),
        ("restore", ONE, Command::Restore { application: "shop".into(), reason: None }),
        (
            "Restore shop it's down",
            TWO,
            Command::Restore { application: "shop".into(), reason: Some("it's down".into()) },
        ),
        ("rescue shop", ONE, Command::Rescue { application: "shop".into(), reason: None }),
        ("plan rescue", ONE, Command::PlanRescue { application: "shop".into() }),
        ("plan Restore billing", TWO, Command::PlanRestore { application: "billing".into() }),
        ("plan\u{200b} promote\nshop", TWO, Command::PlanPromote { application: "shop".into() }),
        ("retry", TWO, resolve(Resolution::Retry, None, None)),
        ("Retry Database", TWO, resolve(Resolution::Retry, None, Some(StepId::Database))),
        ("skip promote-17", TWO, resolve(Resolution::Skip, Some("promote-17"), None)),
        ("skip Promote-17 dns", TWO, resolve(Resolution::Skip, Some("promote-17"), Some(StepId::Dns))),
        ("abort", TWO, Command::Abort { run: None }),
        ("Abort Promote-17", TWO, Command::Abort { run: Some("promote-17".into()) }),
        ("Applied", ONE, Command::Applied { application: "shop".into() }),
        ("history", ONE, Command::History { application: "shop".into() }),
        ("report promote-17", TWO, Command::Report { run: "promote-17".into() }),
        ("audit", TWO, Command::Log(LogCommand::Audit { run: None })),
        ("Audit Promote-17", TWO, Command::Log(LogCommand::Audit { run: Some("promote-17".into()) })),
        ("export promote-17", TWO, export(Some("promote-17"), Format::Csv)),
        ("EXPORT All OCSF", ONE, export(None, Format::Ocsf)),
    ];
    for (text, applications, command) in cases {
        assert_eq!(parse(text, applications), Ok(command), "{text}");
    }
}

#[test]
fn what_is_not_understood_says_what_to_type() {
    let cases = [
        ("promot", ONE, Refusal::NotACommand, "There is no command `promot`. Did you mean `/dr promote`?"),
        (
            "audit 17",
            ONE,
            Refusal::NotACommand,
            "`17` is no run. Type `/dr audit` for the last records, or `/dr audit promote-17`.",
        ),
        (
            "audit promote-17 csv",
            ONE,
            Refusal::NotACommand,
            "`/dr audit` takes nothing after the run: `csv` is too much.",
        ),
        (
            "export",
            ONE,
            Refusal::NotACommand,
            "Type `/dr export promote-17` for a run or `/dr export all` for everything, with `csv`, `jsonl` or `ocsf` after it.",
        ),
        (
            "export all xml",
            ONE,
            Refusal::NotACommand,
            "`xml` is neither a run nor a form. Type `/dr export promote-17` for a run or `/dr export all` for everything, with `csv`, `jsonl` or \
             `ocsf` after it.",
        ),
        ("drain", ONE, Refusal::NotACommand, "There is no command `drain`. `/dr help` lists what there is."),
        (
            "plan",
            ONE,
            Refusal::NotACommand,
            "A promote, a failback, a restore or a rescue can be planned. Type `/dr plan promote`, `/dr plan failback`, `/dr plan restore` or `/dr plan rescue`.",
        ),
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
            "abort shop",
            ONE,
            Refusal::NotACommand,
            "`shop` is no run, such as `failback-17`. `/dr abort` alone is for the open run; `/dr status` names it.",
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
    for (text, reason) in [("promote \u{1b}[31mred", "[31mred"), ("promote \u{202e}desrever\u{202c}", "desrever")] {
        assert_eq!(parse(text, ONE), Ok(promote("shop", Some(reason))), "{text:?}");
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
        text in "(help|status|promote|plan promote|applied|retry|skip|abort|history|report)? ?(shop|billing|promote-17|database)? ?[\\PC]{0,40}",
        two in any::<bool>(),
    ) {
        let applications = if two { TWO } else { ONE };
        if let Ok(command) = parse(&text, applications) {
            prop_assert_eq!(parse(&command.to_string(), applications), Ok(command));
        }
    }
}
