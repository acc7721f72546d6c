//! `standby rehearse --script promote`: the primary goes dark, one person asks, another confirms, and the evidence is
//! checked.

use std::{collections::BTreeMap, io::Write, path::Path, sync::Arc, time::Duration};

use anyhow::{Context as _, anyhow};
use commands::{journal::Event, report::Report};
use futures::TryStreamExt as _;
use rehearsal::{
    CriticalPath, Fault,
    slack::{self, Message},
};
use storage::{Head, Reader, verify};

use super::room::Room;
use crate::{audit::export_to, failure::Failure};

/// Most that a run may take, as a multiple of what the simulated AWS alone takes.
const MOST: f64 = 1.10;
/// Simulated time after which the script gives up waiting for something.
const PATIENCE: Duration = Duration::from_secs(30 * 60);
/// What a person takes to read and decide.
const READING: Duration = Duration::from_secs(8);
/// Time for the last messages to reach Slack.
const SETTLING: Duration = Duration::from_secs(10);

/// Plays the script; the conversation and what it took go to `out`, the export beside the store.
pub(super) async fn promote(room: Room, export: &Path, store: &Path, out: &mut impl Write) -> Result<(), Failure> {
    let pair = room.scenario.pairs.first().context("the scenario has no pair")?.clone();
    let path = room.world.critical_path(&pair.name).context("the scenario's pair is not in its world")?;
    tokio::time::timeout(PATIENCE, converse(&room, &pair.primary.region))
        .await
        .map_err(|_| anyhow!("the rehearsal did not end within {} simulated minutes", PATIENCE.as_secs() / 60))??;
    tokio::time::sleep(SETTLING).await;
    room.bot.stop("rehearsal").await;

    let reader = Reader::open(store).await.context("failed to open the log again")?;
    let report = report(&reader).await?;
    let head = export_to(&reader, export).await?;
    let verified = verified(export, head)?;
    conversation(&room.slack, out).context("failed to print the conversation")?;
    let good = timings(&report, path, out).context("failed to print the timings")?;
    writeln!(out, "audit: verified {verified}").context("failed to print the outcome")?;
    if good { Ok(()) } else { Err(Failure::Found) }
}

/// What the people do.
async fn converse(room: &Room, primary: &rehearsal::Region) -> Result<(), Failure> {
    let settings = room.slack.settings();
    let [first, second, ..] = settings.people.as_slice() else {
        return Err(anyhow!("the workspace needs two people").into());
    };
    let channel = settings.channels.first().context("the workspace needs a channel")?.id.as_str();

    room.world.inject(Fault::RegionDark(primary.clone()));
    tokio::time::sleep(READING).await;
    room.slack.command(&first.id, channel, "status").await.context("failed to type /dr status")?;
    room.slack.wait_for_message(channel, |message| message.text.starts_with("shop: ")).await;
    tokio::time::sleep(READING).await;
    room.slack
        .command(&first.id, channel, "promote the primary does not answer")
        .await
        .context("failed to type /dr promote")?;
    let gate = room.slack.wait_for_message(channel, |message| button(message, "approve-failover")).await;
    tokio::time::sleep(READING).await;
    room.slack.click(&second.id, channel, &gate.ts, "approve-failover").await.context("failed to confirm")?;
    room.slack.wait_for_message(channel, |message| message.text.contains("is served by")).await;
    Ok(())
}

fn button(message: &Message, action_id: &str) -> bool {
    let elements = message.blocks.iter().filter_map(|block| block["elements"].as_array()).flatten();
    elements.into_iter().any(|element| element["action_id"] == action_id)
}

/// The report of the run, as the log has it.
async fn report(reader: &Reader) -> Result<Report, Failure> {
    let mut records = reader.read(..);
    while let Some(record) = records.try_next().await.context("failed to read the log")? {
        if let Some(Event::RunEnded { report }) = Event::of(&record) {
            return Ok(*report);
        }
    }
    Err(anyhow!("the run did not end").into())
}

fn verified(export: &Path, head: Head) -> Result<Head, Failure> {
    let file = std::fs::File::open(export).context("failed to open the export")?;
    let report = verify::verify(std::io::BufReader::new(file), Some(head)).map_err(|faults| {
        anyhow!("the export is not sound: {}", faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))
    })?;
    Ok(report.head)
}

/// The conversation as it was, each message in the last form that it had: edits in between are left out.
fn conversation(workspace: &slack::Slack, out: &mut impl Write) -> std::io::Result<()> {
    let entries = workspace.transcript();
    let last: BTreeMap<&str, &Arc<slack::Entry>> =
        entries.iter().filter_map(|entry| Some((edited(entry)?, entry))).collect();
    for entry in &entries {
        let outdated = edited(entry).and_then(|ts| last.get(ts)).is_some_and(|last| !Arc::ptr_eq(last, entry));
        if !outdated {
            writeln!(out, "{}\n", entry.describe(workspace.settings()))?;
        }
    }
    Ok(())
}

/// `ts` of the message that was edited.
fn edited(entry: &slack::Entry) -> Option<&str> {
    match &entry.event {
        slack::Event::Edited(message) => Some(&message.ts),
        _ => None,
    }
}

/// What the run took against what the simulated AWS alone takes. Whether that is good enough.
fn timings(report: &Report, path: CriticalPath, out: &mut impl Write) -> std::io::Result<bool> {
    for step in &report.steps {
        let took = step.took_s.map_or_else(|| "-".to_owned(), |took| format!("{took:.1} s"));
        writeln!(out, "{:<10} {:<9} {took:>9}   {}", step.step.name(), step.result, step.detail)?;
    }
    let least = path.total().as_secs_f64();
    writeln!(
        out,
        "critical path: max(promotion {:.1} s, capacity {:.1} s) + DNS {:.1} s = {least:.1} s",
        path.promotion.as_secs_f64(),
        path.capacity.as_secs_f64(),
        path.dns.as_secs_f64()
    )?;
    let (Some(rto), Some(from_command)) = (report.rto_from_confirmation_s, report.rto_from_command_s) else {
        writeln!(out, "RTO: not measured, traffic was not verified")?;
        return Ok(false);
    };
    let ratio = rto / least;
    writeln!(
        out,
        "RTO: {rto:.1} s from the confirmation, {from_command:.1} s from the command; {ratio:.3} of the critical path (at most {MOST:.2})"
    )?;
    Ok(ratio <= MOST)
}
