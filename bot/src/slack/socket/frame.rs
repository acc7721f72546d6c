//! What Slack sends over a connection, and how it is acknowledged:
//! <https://docs.slack.dev/apis/events-api/using-socket-mode#events>.

use serde::Deserialize;
use serde_json::{Value, json};

use super::super::inbound::{Answer, Kind};

/// One message.
#[derive(Debug, PartialEq)]
pub(super) enum Frame {
    /// The connection is good.
    Hello,
    /// It ends soon, or now; Slack's word for why.
    Disconnect(String),
    /// A payload.
    Envelope(Envelope),
}

/// A payload with what is needed to acknowledge it.
#[derive(Debug, PartialEq)]
pub(super) struct Envelope {
    /// Names it.
    pub(super) id: String,
    /// What the payload is; `None` for what the bot does not know.
    pub(super) kind: Option<Kind>,
    /// The payload.
    pub(super) payload: Value,
    /// Whether the acknowledgement may carry something to show.
    may_answer: bool,
}

#[derive(Deserialize)]
struct Raw {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    reason: String,
    #[serde(default)]
    envelope_id: Option<String>,
    #[serde(default)]
    payload: Value,
    #[serde(default)]
    accepts_response_payload: bool,
}

impl Frame {
    /// Reads a message.
    pub(super) fn read(text: &str) -> Result<Self, String> {
        let raw: Raw = serde_json::from_str(text).map_err(|error| error.to_string())?;
        let kind = match raw.kind.as_str() {
            "hello" => return Ok(Self::Hello),
            "disconnect" => return Ok(Self::Disconnect(raw.reason)),
            "slash_commands" => Some(Kind::Command),
            "interactive" => Some(Kind::Interaction),
            "events_api" => Some(Kind::Event),
            _ => None,
        };
        let id = raw.envelope_id.ok_or_else(|| format!("{} without an envelope_id", raw.kind))?;
        Ok(Self::Envelope(Envelope { id, kind, payload: raw.payload, may_answer: raw.accepts_response_payload }))
    }
}

impl Envelope {
    /// Takes the payload out; what is left acknowledges it.
    pub(super) fn open(self) -> (Option<Kind>, Value, Receipt) {
        (self.kind, self.payload, Receipt { id: self.id, may_answer: self.may_answer })
    }
}

/// Acknowledges an envelope.
#[derive(Debug)]
pub(super) struct Receipt {
    id: String,
    may_answer: bool,
}

impl Receipt {
    /// The acknowledgement's text. What is malformed is acknowledged too: it would be so again.
    pub(super) fn acknowledge(&self, answer: &Answer) -> String {
        let mut receipt = json!({ "envelope_id": self.id });
        if let (Answer::Shown(shown), true) = (answer, self.may_answer) {
            receipt["payload"] = shown.clone();
        }
        receipt.to_string()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]

    use super::*;

    #[test]
    fn slacks_own_examples_are_read() {
        let hello = r#"{"type":"hello","connection_info":{"app_id":"A1234"},"num_connections":1,"debug_info":{"host":"applink-7fc4fdbb64-4x5xq","build_number":10,"approximate_connection_time":18060}}"#;
        assert_eq!(Frame::read(hello).unwrap(), Frame::Hello);
        let disconnect = r#"{"type":"disconnect","reason":"warning","debug_info":{"host":"wss-111.slack.com"}}"#;
        assert_eq!(Frame::read(disconnect).unwrap(), Frame::Disconnect("warning".to_owned()));
        let envelope = r#"{"payload":{"type":"block_actions"},"envelope_id":"dbdd0ef3-1543-4f94-bfb4-133d0e6c1545","type":"interactive","accepts_response_payload":false}"#;
        let Frame::Envelope(envelope) = Frame::read(envelope).unwrap() else { panic!() };
        assert_eq!(
            (envelope.kind, envelope.payload["type"].as_str()),
            (Some(Kind::Interaction), Some("block_actions"))
        );
    }

    #[test]
    fn what_is_shown_goes_only_where_it_may() {
        let envelope = |may_answer| Envelope { id: "e".to_owned(), kind: None, payload: Value::Null, may_answer };
        let shown = Answer::Shown(json!({ "text": "hi" }));
        let (.., receipt) = envelope(true).open();
        assert_eq!(receipt.acknowledge(&shown), r#"{"envelope_id":"e","payload":{"text":"hi"}}"#);
        assert_eq!(receipt.acknowledge(&Answer::Taken), r#"{"envelope_id":"e"}"#);
        let (.., receipt) = envelope(false).open();
        assert_eq!(receipt.acknowledge(&shown), r#"{"envelope_id":"e"}"#);
    }

    #[test]
    fn a_kind_that_is_new_can_be_acknowledged_and_junk_is_an_error() {
        let new = r#"{"type":"telepathy","envelope_id":"e","payload":{}}"#;
        assert!(matches!(Frame::read(new), Ok(Frame::Envelope(Envelope { kind: None, .. }))));
        for junk in ["", "[]", "{}", r#"{"type":"interactive"}"#] {
            assert!(Frame::read(junk).is_err(), "{junk}");
        }
    }
}
