//! `/dr audit` and `/dr export`: the log for those whom the configuration names compliance, read in Slack and sent to them privately.

use commands::{
    access::Readers,
    grammar::{LogCommand, ParseError, format_name},
    ids::RunId,
    journal::{Event, Refusal},
    request::{Reply, Request},
    typed::{bounded, clean},
};
use serde_json::{Value, json};
use storage::{
    Actor, Appended, Checkpoint, Entry, Filter,
    export::{self, Format, Selection},
};

use super::{
    auditor::{Asker, Auditor, AuditorError},
    line,
};
use crate::slack::{api::Api, text::shorten};

/// Records that `/dr audit` shows.
const SHOWN: usize = 15;
/// Characters of each of them.
const LINE: usize = 160;
/// Bytes of a file that is sent; a larger export is for the terminal.
const LARGEST: usize = 64 << 20;

/// Answers those who may read the log in Slack.
#[derive(Clone)]
pub struct Compliance {
    /// Records who reads and exports.
    pub auditor: Auditor,
    /// The way to them.
    pub slack: Api,
    /// Who they are.
    pub readers: Readers,
}

impl Compliance {
    /// Answers as soon as what is asked for is recorded; an export follows.
    pub(crate) async fn command(self, request: Request, text: String, asked: Result<LogCommand, ParseError>) -> Reply {
        let text = bounded(&clean(&text)).into_owned();
        if !self.readers.may(&request.actor) {
            let reply = "Only those whom `[audit] compliance` names may read the log here.";
            return self.refuse(&request, &text, Refusal::NotAllowed, reply).await;
        }
        let done = match asked {
            Ok(LogCommand::Audit { run }) => self.show(&request, run).await,
            Ok(LogCommand::Export { run, format }) => {
                let filter = Filter { run: run.map(|run| run.to_string()), ..Filter::default() };
                self.export(&request, filter, format).await
            }
            Err(error) => return self.refuse(&request, &text, error.refusal(), &error.to_string()).await,
        };
        done.unwrap_or_else(|error| {
            tracing::error!(%error, "a reading of the log could not be recorded");
            Reply::Refused { reason: Refusal::LogDown, text: format!("Nothing is shown: {error}.") }
        })
    }

    async fn show(&self, request: &Request, run: Option<RunId>) -> Result<Reply, AuditorError> {
        let what = run.as_ref().map_or_else(|| format!("the last {SHOWN} records"), |run| format!("run {run}"));
        self.record(request, "log.read", json!({ "what": what })).await?;
        let log = self.auditor.log();
        let records = match &run {
            Some(run) => log.run(run.as_str()).await,
            None => log.last(SHOWN).await,
        };
        let records = match records {
            Ok(records) => records,
            Err(error) => return Ok(Reply::Told(format!("The log cannot be read: {error}."))),
        };
        let from = records.len().saturating_sub(SHOWN);
        let lines: Vec<String> = records.iter().skip(from).map(|record| shorten(&line(record), LINE)).collect();
        let earlier = if from > 0 { format!("{from} earlier ones are in `/dr export`.\n") } else { String::new() };
        Ok(Reply::Told(format!("{earlier}```\n{}\n```", lines.join("\n").replace('`', "'"))))
    }

    async fn export(self, request: &Request, filter: Filter, format: Format) -> Result<Reply, AuditorError> {
        let asker = Asker { actor: request.actor.clone(), origin: request.origin.clone() };
        let name = format_name(format);
        let data = json!({ "filter": filter, "format": name });
        if let Appended::Duplicate { .. } = self.record(request, "log.exported", data).await? {
            return Ok(Reply::Told("That export was taken before.".to_owned()));
        }
        let checkpoint = self.auditor.for_export(asker).await?;
        // Nobody else may have come so far.
        let Actor::Slack { user, .. } = &request.actor else { return Ok(Reply::Told("Not in Slack.".to_owned())) };
        let (user, stem) = (user.clone(), filter.run.clone().unwrap_or_else(|| "all".to_owned()));
        let selection = Selection { filter, format, checkpoint };
        tokio::spawn(async move { self.send(&user, &format!("audit-{stem}.{name}"), &selection).await });
        Ok(Reply::Told(
            "The export is on its way to you, in a conversation with this app that only you see.".to_owned(),
        ))
    }

    /// Makes the files and sends them; whoever asked is told if that fails.
    async fn send(self, user: &str, name: &str, selection: &Selection) {
        let told = match files(&self.auditor, name, selection).await {
            Ok(files) => self.slack.send_files(user, &comment(selection.checkpoint.as_ref()), files).await,
            Err(why) => self.slack.write_to(user, &format!("There is no export: {why}")).await,
        };
        if let Err(error) = told {
            tracing::warn!(%error, user, "an export did not get to who asked for it");
        }
    }

    async fn refuse(&self, request: &Request, text: &str, reason: Refusal, reply: &str) -> Reply {
        let event = Event::CommandRefused { text: text.to_owned(), reason, reply: reply.to_owned() };
        let recorded = match event.into_parts() {
            Ok((event, data)) => self.record(request, &event, data).await.map(drop).map_err(|error| error.to_string()),
            Err(error) => Err(error.to_string()),
        };
        if let Err(error) = recorded {
            tracing::error!(error, "a refusal could not be recorded");
        }
        Reply::Refused { reason, text: reply.to_owned() }
    }

    /// Records what that person did, once for each delivery.
    async fn record(&self, request: &Request, event: &str, data: Value) -> Result<Appended, AuditorError> {
        let entry = Entry {
            actor: request.actor.clone(),
            origin: request.origin.clone(),
            application: None,
            run: None,
            step: None,
            event: event.to_owned(),
            dedupe: Some(request.dedupe.clone()),
            data,
        };
        Ok(self.auditor.log().append(entry).await?)
    }
}

/// The export's files: a second one proves a table or events.
async fn files(auditor: &Auditor, name: &str, selection: &Selection) -> Result<Vec<(String, Vec<u8>)>, String> {
    let (mut out, mut proofs) = (Vec::new(), Vec::new());
    let beside = (selection.format != Format::Jsonl).then_some(&mut proofs);
    export::select(auditor.log().reader(), selection, &mut out, beside, |_, _| {})
        .await
        .map_err(|error| format!("{:#}", anyhow::Error::from(error)))?;
    if out.len() + proofs.len() > LARGEST {
        return Err("it is too large to send; use `standby audit export` at the host".to_owned());
    }
    let mut files = vec![(name.to_owned(), out)];
    if !proofs.is_empty() {
        files.push((format!("{name}.proofs"), proofs));
    }
    Ok(files)
}

fn comment(checkpoint: Option<&Checkpoint>) -> String {
    let signed = match checkpoint {
        Some(checkpoint) => format!("It is signed, for the first {} records of the log", checkpoint.head().size),
        None => "It is not signed, for no key is configured".to_owned(),
    };
    format!(
        "Your export of the audit log. {signed}. Verify it with `standby audit verify`, or with verify_export.py, and the checkpoint that the incident channel has."
    )
}
