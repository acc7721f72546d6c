//! Records as events of the Open Cybersecurity Schema Framework, which SIEMs take: class API Activity (6003) of category
//! Application Activity (6), <https://schema.ocsf.io/1.5.0/classes/api_activity>.

use std::io;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::{Actor, Hash, Origin, Record, line::encode};

/// The schema's version.
const SCHEMA: &str = "1.5.0";
const CATEGORY: u32 = 6;
const CLASS: u32 = 6003;

/// What the record tells of, by the class's own numbers.
#[derive(Clone, Copy)]
enum Activity {
    Read = 2,
    Update = 3,
    Other = 99,
}

pub(super) fn row(record: &Record, line: &[u8], leaf: Hash) -> io::Result<Vec<u8>> {
    let line = std::str::from_utf8(line).map_err(io::Error::other)?;
    let activity = activity(&record.event);
    let (status, status_name) = status(record);
    let mut event = json!({
        "activity_id": activity as u32,
        "actor": { "app_name": "standby", "user": user(&record.actor) },
        "api": { "operation": record.event, "service": { "name": "standby" } },
        "category_uid": CATEGORY,
        "class_uid": CLASS,
        "metadata": {
            "event_code": record.event,
            "log_name": "audit",
            "log_version": record.v.to_string(),
            "product": { "name": "Standby", "vendor_name": "Standby" },
            "sequence": record.seq,
            "uid": leaf.to_string(),
            "version": SCHEMA,
        },
        "raw_data": line,
        "severity_id": if status == 2 { 3 } else { 1 },
        "src_endpoint": { "svc_name": source(&record.origin) },
        "status": status_name,
        "status_id": status,
        "time": milliseconds(record.at),
        "type_uid": CLASS * 100 + activity as u32,
    });
    if matches!(activity, Activity::Other)
        && let Some(object) = event.as_object_mut()
    {
        object.insert("activity_name".to_owned(), json!(record.event));
    }
    if let Some(run) = &record.run {
        event["metadata"]["correlation_uid"] = json!(run);
    }
    let mut row = encode(&event)?;
    row.push(b'\n');
    Ok(row)
}

/// The record's line in an event, if the line is such an event.
pub(super) fn line(event: &[u8]) -> Option<Vec<u8>> {
    let event: Value = serde_json::from_slice(event).ok()?;
    (event.get("class_uid")?.as_u64()? == u64::from(CLASS)).then_some(())?;
    Some(event.get("raw_data")?.as_str()?.as_bytes().to_vec())
}

fn activity(event: &str) -> Activity {
    match event {
        "status.answered" | "plan.answered" | "history.answered" | "report.answered" | "step.observed" | "log.read"
        | "log.exported" => Activity::Read,
        "call.intended" | "call.finished" => Activity::Update,
        _ => Activity::Other,
    }
}

/// The class's `status_id`: 1 is success, 2 failure.
fn status(record: &Record) -> (u32, &'static str) {
    let outcome = &record.data["outcome"];
    let failed = record.event.ends_with(".failed") || record.event.ends_with(".refused") || outcome["how"] == "failed";
    if failed { (2, "Failure") } else { (1, "Success") }
}

fn user(actor: &Actor) -> Value {
    match actor {
        Actor::Slack { team, user, name } => {
            let mut value = json!({ "domain": team, "uid": user });
            if let Some(name) = name {
                value["name"] = json!(name);
            }
            value
        }
        Actor::Terminal { user } => json!({ "name": user }),
        Actor::Bot => json!({ "name": "standby" }),
    }
}

fn source(origin: &Origin) -> &'static str {
    match origin {
        Origin::Slack { .. } => "slack",
        Origin::Terminal => "terminal",
        Origin::System => "standby",
    }
}

fn milliseconds(at: Timestamp) -> i64 {
    at.as_millisecond()
}
