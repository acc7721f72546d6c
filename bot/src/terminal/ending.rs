//! Ending a run at the terminal: at any time, and to make room for the promote that was asked for.

use commands::{
    grammar::{self, Command},
    report::RunOutcome,
    request::Press,
    run::Run,
};

use super::wire::Ask;

/// How a run has to end for the conversation to end well.
pub(super) fn wanted(ask: &Ask) -> RunOutcome {
    match ask {
        Ask::Command(text) if aborts(text).is_some() => RunOutcome::Aborted,
        Ask::Refuse { .. } | Ask::Cancel(_) => RunOutcome::NotApproved,
        Ask::Command(_) | Ask::Approve(_) => RunOutcome::Completed,
    }
}

/// What is asked where another run is open that this person may end.
pub(super) fn offer(press: &Press) -> String {
    format!(
        "Type `abort {}` to end it and go on with the promote, which asks for its own confirmation. Anything else leaves it open.",
        press.run()
    )
}

/// Whether that takes the offer.
pub(super) fn takes(press: &Press, typed: &str) -> bool {
    aborts(typed).is_some_and(|run| run.is_none_or(|run| run == *press.run()))
}

/// The command that ends the run, if that is what was typed while it is followed.
pub(super) fn ends(run: &Run, typed: &str) -> Option<Command> {
    let named = aborts(typed)?;
    let this = run.ended.is_none() && named.is_none_or(|named| named == run.id);
    this.then(|| Command::Abort { run: Some(run.id.clone()) })
}

fn aborts(typed: &str) -> Option<Option<commands::ids::RunId>> {
    match grammar::parse(typed, &[]) {
        Ok(Command::Abort { run }) => Some(run),
        _ => None,
    }
}
