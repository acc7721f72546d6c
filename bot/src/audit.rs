//! `standby audit`: the log for people and for verifiers, read beside a running bot; and what the bot does for its log.

mod auditor;
mod compliance;
mod export;
mod host;
mod keys;
mod notary;
mod people;
mod place;
mod prove;
mod replica;
mod restore;
mod verify;

use std::io::Write;

use anyhow::Context as _;
use commands::typed::clean;
use futures::TryStreamExt as _;
use storage::{Actor, Reader, Record};

use self::place::Place;
pub use self::{
    auditor::{Asker, Auditor, AuditorError, LogAsk},
    compliance::Compliance,
    replica::Progress,
    restore::{Restore, may_begin},
};
pub(crate) use self::{
    export::export_to,
    notary::{finish, follow},
    people::resolve,
    replica::Replica,
    restore::restore_lost,
};
use crate::{cli::Audit, failure::Failure};

/// Characters of a record's own fields in a list.
const DATA: usize = 100;

/// Runs the command; what it finds goes to `out`.
pub async fn run(command: Audit, out: &mut impl Write) -> Result<(), Failure> {
    match command {
        Audit::List { store, number } => {
            let place = Place::of(&store)?;
            place.record(LogAsk::Read { what: format!("the last {number} records") }).await;
            list(&place.reader().await?, number, out).await
        }
        Audit::Export(args) => export::export(args).await,
        Audit::Verify(args) => verify::verify(args, out),
        Audit::Tiles { store, output } => prove::tiles(&Place::of(&store)?, &output).await,
        Audit::Prove { store, record, since } => prove::prove(&Place::of(&store)?, record, since, out).await,
        Audit::Keygen { name, output } => keys::keygen(&name, &output, out),
        Audit::Rotate { config, output } => keys::rotate(config.config, &output, out).await,
        Audit::Restore(args) => restore::restore(args, out).await,
        Audit::People { store } => people::list(&Place::of(&store)?, out).await,
        Audit::Erase { store, user, yes } => people::erase(&Place::of(&store)?, &user, yes, out).await,
        Audit::Repair { store } => Place::of(&store)?.repair(out).await,
        Audit::Checkpoint { store } => {
            let checkpoint = Place::of(&store)?.ask(LogAsk::Checkpoint).await?;
            let checkpoint = checkpoint.context("the checkpoint was made and not answered")?;
            write!(out, "{}", checkpoint.as_str()).context("failed to write")?;
            Ok(())
        }
    }
}

async fn list(reader: &Reader, number: u64, out: &mut impl Write) -> Result<(), Failure> {
    let size = reader.head().size;
    let mut records = reader.read(size.saturating_sub(number)..size);
    while let Some(record) = records.try_next().await.context("failed to read the log")? {
        writeln!(out, "{}", line(&record)).context("failed to write")?;
    }
    Ok(())
}

/// A record in a line: number, time, who, what, and the beginning of its own fields.
fn line(record: &Record) -> String {
    let who = match &record.actor {
        Actor::Slack { user, name, .. } => name.as_ref().unwrap_or(user),
        Actor::Terminal { user } => user,
        Actor::Bot => "bot",
    };
    let about: Vec<&str> =
        [&record.application, &record.run, &record.step].into_iter().filter_map(Option::as_deref).collect();
    // Records of earlier versions hold what people typed as it came.
    let (who, data) = (clean(who), clean(&record.data.to_string()));
    format!(
        "{:>6}  {}  {who:<12}  {:<18}  {}  {}",
        record.seq,
        record.at.strftime("%Y-%m-%dT%H:%M:%S%.3fZ"),
        record.event,
        about.join("/"),
        crate::slack::text::shorten(&data, DATA)
    )
}
