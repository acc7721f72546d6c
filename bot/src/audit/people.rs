//! Who people are: recorded as Slack tells it, with addresses that can be erased; and `standby audit people` and `erase`.

use std::{collections::BTreeMap, io::Write, time::Duration};

use anyhow::Context as _;
use commands::typed::{bounded, clean};
use futures::TryStreamExt as _;
use serde_json::{Value, json};
use storage::{Actor, Opening};
use tokio::time::Instant;

use super::{
    auditor::{Auditor, LogAsk},
    place::Place,
};
use crate::{
    failure::Failure,
    slack::api::{Api, ApiError},
};

/// How long an answer of Slack about somebody counts.
const REMEMBERED: Duration = Duration::from_secs(60 * 60);
/// How long nobody asks again after a failure.
const FAILED: Duration = Duration::from_secs(60);

/// Why one person is not resolved now.
#[derive(Debug, thiserror::Error)]
enum Unresolved {
    #[error("Slack does not tell: {0}")]
    Slack(#[from] ApiError),
    #[error("the address cannot be kept beside the log: {0}")]
    Personal(#[from] std::io::Error),
}

/// What was recorded of somebody last, since the program started.
struct Known {
    recorded: Option<Value>,
    until: Instant,
}

/// Records who the people in the log are, from record `from` on: once after the program started, and when Slack tells otherwise. Runs until the task is
/// dropped, and delays nothing.
pub(crate) async fn resolve(auditor: Auditor, slack: Api, from: u64) {
    if let Err(error) = resolve_all(&auditor, &slack, from).await {
        tracing::error!(error = format!("{error:#}"), "who people are is not recorded any more");
    }
}

async fn resolve_all(auditor: &Auditor, slack: &Api, from: u64) -> anyhow::Result<()> {
    let mut people: BTreeMap<String, Known> = BTreeMap::new();
    let mut records = auditor.log().follow(from);
    while let Some(record) = records.try_next().await? {
        let Actor::Slack { team, user, .. } = &record.actor else { continue };
        let known = people.entry(user.clone()).or_insert_with(|| Known { recorded: None, until: Instant::now() });
        if Instant::now() < known.until {
            continue;
        }
        match who(auditor, slack, team, user).await {
            Ok(who) => {
                known.until = Instant::now() + REMEMBERED;
                if known.recorded.as_ref() != Some(&who) {
                    auditor.resolved(who.clone()).await?;
                    known.recorded = Some(who);
                }
            }
            Err(error) => {
                known.until = Instant::now() + FAILED;
                tracing::warn!(user, %error, "who somebody is could not be recorded; tried again when they act again");
            }
        }
    }
    Ok(())
}

/// The `data` of `person.resolved`.
async fn who(auditor: &Auditor, slack: &Api, team: &str, user: &str) -> Result<Value, Unresolved> {
    let account = slack.user(user).await?;
    let mut who = json!({ "team": team, "user": user });
    if let Some(name) = account.real_name {
        who["name"] = json!(bounded(&clean(&name)));
    }
    if let Some(email) = account.profile.email {
        who["email_commitment"] = json!(auditor.log().personal().commit(user, &email).await?);
    }
    Ok(who)
}

/// Prints what is kept of everybody.
pub(super) async fn list(place: &Place, out: &mut impl Write) -> Result<(), Failure> {
    let openings = place.personal().all().map_err(|error| cannot(&error))?;
    place.record(LogAsk::Read { what: "what is kept of people".to_owned() }).await;
    print(&openings, out)
}

/// Erases what is kept of a person, or shows what that would be.
pub(super) async fn erase(place: &Place, user: &str, yes: bool, out: &mut impl Write) -> Result<(), Failure> {
    let openings = place.personal().of_person(user).map_err(|error| cannot(&error))?;
    if openings.is_empty() {
        return Err(Failure::user(format!("nothing is kept of {user}; `standby audit people` shows of whom there is")));
    }
    print(&openings, out)?;
    let told = match yes {
        true => {
            place.ask(LogAsk::Erase { openings }).await?;
            "erased here; erase it in backups of the store too"
        }
        false => "this would be erased, for good: say so with --yes",
    };
    tracing::info!(user, "{told}");
    Ok(())
}

fn print(openings: &[Opening], out: &mut impl Write) -> Result<(), Failure> {
    for opening in openings {
        let line = serde_json::to_string(opening).context("failed to write")?;
        writeln!(out, "{line}").context("failed to write")?;
    }
    Ok(())
}

fn cannot(error: &std::io::Error) -> Failure {
    Failure::user(format!("what is kept of people cannot be read: {error}; become the bot's user"))
}
