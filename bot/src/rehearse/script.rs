//! `standby rehearse --script …`: played unattended. The primary goes dark, one person asks, another confirms; with a failback, the region comes
//! back, and so does the pair. Then the evidence is checked.

use std::{collections::BTreeMap, io::Write, path::Path, sync::Arc, time::Duration};

use anyhow::{Context as _, anyhow};
use commands::{
    journal::Event,
    plan::RunbookName,
    report::{Report, RunOutcome},
};
use futures::TryStreamExt as _;
use rehearsal::{CriticalPath, Fault, FaultId, Interference, OldPrimary, PairState, Region, Side, slack};
use storage::{Head, Reader, verify};

use super::{people::People, room::Room};
use crate::{audit::export_to, cli::Script, failure::Failure};

/// Most that a promote may take, as a multiple of what the simulated AWS alone takes.
const MOST: f64 = 1.10;
/// Simulated time after which the script gives up waiting for something.
const PATIENCE: Duration = Duration::from_secs(12 * 3_600);
/// How long the primary stays dark after the promote, where it comes back.
const OUTAGE: Duration = Duration::from_secs(600);
/// Time for the last messages to reach Slack.
const SETTLING: Duration = Duration::from_secs(10);

/// What becomes of the old primary in that script.
pub(super) fn old_primary(script: Script) -> OldPrimary {
    match script {
        Script::Promote | Script::FailbackRejoined => OldPrimary::Rejoins,
        Script::Failback => OldPrimary::Detached,
    }
}

/// Plays the script; the conversation and what it took go to `out`, the export beside the store.
pub(super) async fn play(
    room: Room,
    script: Script,
    export: &Path,
    store: &Path,
    out: &mut impl Write,
) -> Result<(), Failure> {
    let pair = room.scenario.pairs.first().context("the scenario has no pair")?.clone();
    let path = room.world.critical_path(&pair.name).context("the scenario's pair is not in its world")?;
    tokio::time::timeout(PATIENCE, converse(&room, script, &pair.primary.region))
        .await
        .map_err(|_| anyhow!("the rehearsal did not end within {} simulated hours", PATIENCE.as_secs() / 3_600))??;
    tokio::time::sleep(SETTLING).await;
    let state = room.world.state().pairs.into_iter().next().context("the world has no pair")?;
    let slack = room.slack.clone();
    room.close("rehearsal").await;

    let reader = Reader::open(store).await.context("failed to open the log again")?;
    let reports = reports(&reader).await?;
    let head = export_to(&reader, export).await?;
    let verified = verified(export, head)?;
    conversation(&slack, out).context("failed to print the conversation")?;
    let told = "failed to print the outcome";
    let mut good = true;
    for (runbook, report) in &reports {
        good &= steps(*runbook, report, out).context(told)?;
        if *runbook == RunbookName::Promote {
            good &= timings(report, path, out).context(told)?;
        }
    }
    if script != Script::Promote {
        good &= back(&state, out).context(told)?;
    }
    writeln!(out, "audit: verified {verified}").context(told)?;
    if good { Ok(()) } else { Err(Failure::Found) }
}

/// What the people do.
async fn converse(room: &Room, script: Script, primary: &Region) -> Result<(), Failure> {
    let people = People::of(&room.slack)?;
    let dark = promote(room, &people).await?;
    if script == Script::Promote {
        return Ok(());
    }
    come_back(room, dark).await;
    people.ask("failback the region is healthy again").await?;
    if old_primary(script) == OldPrimary::Detached {
        people.confirm("approve-rebuild").await?;
        let handoff = people.hear(|message| message.text.contains("your turn")).await;
        let variables = variables(&handoff.text);
        let applied = room.world.apply_terraform("shop", &variables);
        applied.with_context(|| format!("failed to apply Terraform with {variables:?}"))?;
    }
    people.confirm("approve-switchover").await?;
    let back = format!("is served by {primary}");
    people.hear(|message| message.text.contains(&back)).await;
    Ok(())
}

/// The primary goes dark, and the people move the application to DR. Returns the outage, which lasts.
pub(super) async fn promote(room: &Room, people: &People<'_>) -> Result<FaultId, Failure> {
    let pair = room.scenario.pairs.first().context("the scenario has no pair")?;
    let dark = room.world.inject(Fault::RegionDark(pair.primary.region.clone()));
    people.ask("status").await?;
    people.hear(|message| message.text.starts_with("shop: ")).await;
    people.ask("promote the primary does not answer").await?;
    people.confirm("approve-failover").await?;
    people.hear(|message| message.text.contains("is served by")).await;
    Ok(dark)
}

/// After a while the region comes back, and becomes what it then is. Somebody stops the tasks that still run there: nothing could while it was dark.
pub(super) async fn come_back(room: &Room, outage: FaultId) {
    tokio::time::sleep(OUTAGE).await;
    room.world.clear(outage);
    for pair in &room.scenario.pairs {
        if let Err(refused) = room.world.interfere(&pair.name, Interference::Scales(Side::Primary, 0)) {
            tracing::warn!(refused, "the old primary's tasks go on running");
        }
    }
    tokio::time::sleep(OUTAGE).await;
}

/// The variables of the command that people were told to run: what follows each `-var`.
fn variables(command: &str) -> BTreeMap<String, String> {
    let words: Vec<&str> = command.split_whitespace().collect();
    let set = words.windows(2).filter(|pair| pair[0] == "-var").filter_map(|pair| pair[1].split_once('='));
    set.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// The reports of all runs, as the log has them.
async fn reports(reader: &Reader) -> Result<Vec<(RunbookName, Report)>, Failure> {
    let (mut runbooks, mut reports) = (BTreeMap::new(), Vec::new());
    let mut records = reader.read(..);
    while let Some(record) = records.try_next().await.context("failed to read the log")? {
        match Event::of(&record) {
            Some(Event::RunStarted { runbook, .. }) => {
                runbooks.insert(record.run.clone(), runbook);
            }
            Some(Event::RunEnded { report }) => reports.extend(runbooks.get(&record.run).map(|&name| (name, *report))),
            _ => {}
        }
    }
    Ok(reports)
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

/// The steps of a run and how it ended. Whether it completed.
fn steps(runbook: RunbookName, report: &Report, out: &mut impl Write) -> std::io::Result<bool> {
    writeln!(out, "{}: {:?}", runbook.as_str(), report.outcome)?;
    for step in &report.steps {
        let took = step.took_s.map_or_else(|| "-".to_owned(), |took| format!("{took:.1} s"));
        writeln!(out, "{:<11} {:<9} {took:>9}   {}", step.step.name(), step.result, step.detail)?;
    }
    Ok(report.outcome == RunOutcome::Completed)
}

/// Whether the pair is as it was before the promote.
fn back(pair: &PairState, out: &mut impl Write) -> std::io::Result<bool> {
    let serves = (pair.resolves_to, pair.writer) == (Some(Side::Primary), Some(Side::Primary)) && pair.primary.serves;
    let idle = pair.dr.services.iter().all(|service| service.desired == 1 && service.min == 1 && service.running == 1);
    let follows = pair.dr.synchronization == "connected";
    writeln!(out, "primary writes and serves: {serves}; DR follows: {follows}; DR at warm idle: {idle}")?;
    Ok(serves && idle && follows)
}

/// What the run took against what the simulated AWS alone takes. Whether that is good enough.
fn timings(report: &Report, path: CriticalPath, out: &mut impl Write) -> std::io::Result<bool> {
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
