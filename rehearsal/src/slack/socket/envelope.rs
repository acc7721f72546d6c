//! What goes over a WebSocket, as Slack writes it: <https://docs.slack.dev/apis/events-api/using-socket-mode#events>.

use http::{HeaderMap, HeaderName};
use rand::Rng;
use rand_chacha::ChaCha8Rng;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::super::events::{RETRY_NUMBER, RETRY_REASON};
use super::super::settings::Settings;

/// Seconds that a connection lasts, as `hello` tells; this one lasts until it is told to end.
const LIFETIME: u32 = 18_060;

/// The first message of a connection.
pub(super) fn hello(settings: &Settings, number: u64, open: usize) -> String {
    json!({
        "type": "hello",
        "num_connections": open,
        "debug_info": {"host": host(number), "build_number": 1, "approximate_connection_time": LIFETIME},
        "connection_info": {"app_id": settings.app.id},
    })
    .to_string()
}

/// The announcement that a connection ends.
pub(super) fn disconnect(number: u64, reason: &str) -> String {
    json!({"type": "disconnect", "reason": reason, "debug_info": {"host": host(number)}}).to_string()
}

fn host(number: u64) -> String {
    format!("applink-{number}")
}

/// A new envelope id, in the form of a UUID.
pub(super) fn id(rng: &mut ChaCha8Rng) -> String {
    let (high, low) = (rng.next_u64(), rng.next_u64());
    let (time, middle, version) = (high >> 32, (high >> 16) & 0xffff, high & 0x0fff);
    let (variant, node) = ((low >> 48) & 0x3fff | 0x8000, low & 0xffff_ffff_ffff);
    format!("{time:08x}-{middle:04x}-4{version:03x}-{variant:04x}-{node:012x}")
}

/// The content of a request in an envelope: the same fields, as JSON. `None` if it is not a request that Slack makes.
pub(super) fn of(settings: &Settings, path: &str, headers: &HeaderMap, body: &str, id: &str) -> Option<String> {
    let fields = || serde_urlencoded::from_str::<Vec<(String, String)>>(body).ok();
    let (kind, payload) = if path == settings.commands_path {
        let fields = fields()?.into_iter().map(|(name, value)| (name, Value::String(value)));
        ("slash_commands", Value::Object(fields.collect::<Map<_, _>>()))
    } else if path == settings.interactions_path {
        let payload = fields()?.into_iter().find(|(name, _)| name == "payload")?.1;
        ("interactive", serde_json::from_str(&payload).ok()?)
    } else {
        ("events_api", serde_json::from_str(body).ok()?)
    };
    let may_answer = match kind {
        "slash_commands" => true,
        "interactive" => matches!(payload["type"].as_str(), Some("view_submission" | "block_suggestion")),
        _ => false,
    };
    let mut envelope =
        json!({"envelope_id": id, "type": kind, "payload": payload, "accepts_response_payload": may_answer});
    if kind == "events_api" {
        let said = |name: &HeaderName| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        envelope["retry_attempt"] = json!(said(&RETRY_NUMBER).parse().unwrap_or(0));
        envelope["retry_reason"] = json!(said(&RETRY_REASON).trim_start_matches("http_"));
    }
    Some(envelope.to_string())
}

/// What an app sends: which envelope it has, and what is to be shown.
#[derive(Debug, Deserialize)]
pub(super) struct Acknowledgement {
    pub(super) envelope_id: String,
    #[serde(default)]
    pub(super) payload: Option<Value>,
}
