//! The arguments of a call, from a JSON body, a form, or the query.

use http::{HeaderMap, header};
use serde_json::{Map, Value, json};

use super::super::message::Content;
use super::super::validate;
use super::refusal::Refusal;

/// Arguments by name. Those of forms and queries are strings, objects among them JSON in a string.
#[derive(Clone, Debug, Default)]
pub(in crate::slack) struct Arguments(Map<String, Value>);

impl Arguments {
    /// Parses a request; the second value is its token, which JSON bodies may not carry.
    pub(super) fn parse(headers: &HeaderMap, query: &str, body: &[u8]) -> Result<(Arguments, Option<String>), Refusal> {
        let mut arguments = form(query.as_bytes())?;
        let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        if content_type.starts_with("application/json") && !body.is_empty() {
            arguments.extend(json(body)?);
            arguments.remove("token");
        } else {
            arguments.extend(form(body)?);
        }
        let bearer = headers
            .get(header::AUTHORIZATION)
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.strip_prefix("Bearer "));
        let parameter = arguments.remove("token").and_then(|token| token.as_str().map(str::to_owned));
        Ok((Arguments(arguments), bearer.map(str::to_owned).or(parameter)))
    }

    /// The arguments in a JSON body.
    pub(in crate::slack) fn from_json(body: &[u8]) -> Result<Arguments, Refusal> {
        json(body).map(Arguments)
    }

    pub(super) fn to_value(&self) -> Value {
        Value::Object(self.0.clone())
    }

    /// A string that is there and not empty.
    pub(in crate::slack) fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name)?.as_str().filter(|text| !text.is_empty())
    }

    /// A string that must be there.
    pub(in crate::slack) fn required(&self, name: &str) -> Result<&str, Refusal> {
        self.text(name).ok_or_else(|| Refusal::missing(name))
    }

    /// Whether nothing but a response type was said.
    pub(in crate::slack) fn is_bare(&self) -> bool {
        self.0.keys().all(|key| key == "response_type")
    }

    /// A flag: `true` in JSON; `true` or `1` in a form.
    pub(in crate::slack) fn flag(&self, name: &str) -> bool {
        match self.0.get(name) {
            Some(Value::Bool(flag)) => *flag,
            Some(Value::String(text)) => matches!(text.as_str(), "true" | "1"),
            _ => false,
        }
    }

    /// A number, in JSON or in a form.
    pub(super) fn number(&self, name: &str) -> Option<usize> {
        match self.0.get(name)? {
            Value::Number(number) => number.as_u64().and_then(|number| number.try_into().ok()),
            Value::String(text) => text.parse().ok(),
            _ => None,
        }
    }

    /// What the arguments say of a message's content, valid as Slack has it. `max_text` is in characters.
    pub(in crate::slack) fn content(&self, max_text: usize) -> Result<Content, Refusal> {
        let blocks = match self.structured("blocks").ok_or(Refusal::InvalidBlocksFormat)? {
            None => None,
            Some(Value::Array(blocks)) => Some(blocks),
            Some(_) => return Err(Refusal::InvalidBlocksFormat),
        };
        if let Some(blocks) = &blocks {
            let failures = validate::blocks(blocks);
            if !failures.is_empty() {
                return Err(Refusal::InvalidBlocks(failures));
            }
            if validate::too_long(blocks) {
                return Err(Refusal::MsgBlocksTooLong);
            }
        }
        let text = self.text("text").map(str::to_owned);
        if text.as_ref().is_some_and(|text| text.chars().count() > max_text) {
            return Err(Refusal::MsgTooLong);
        }
        if text.is_none() && blocks.as_ref().is_none_or(Vec::is_empty) {
            return Err(Refusal::NoText);
        }
        let metadata = self.structured("metadata").ok_or(Refusal::InvalidMetadataFormat)?;
        let is_metadata = |it: &Value| it["event_type"].is_string() && it["event_payload"].is_object();
        if metadata.as_ref().is_some_and(|it| *it != json!({}) && !is_metadata(it)) {
            return Err(Refusal::InvalidMetadataFormat);
        }
        Ok(Content { text, blocks, metadata, files: Vec::new() })
    }

    /// A structured argument, as JSON or as JSON in a string: `None` if it does not parse.
    pub(super) fn structured(&self, name: &str) -> Option<Option<Value>> {
        match self.0.get(name) {
            None | Some(Value::Null) => Some(None),
            Some(Value::String(text)) if text.is_empty() => Some(None),
            Some(Value::String(text)) => serde_json::from_str(text).ok().map(Some),
            Some(value) => Some(Some(value.clone())),
        }
    }
}

fn json(body: &[u8]) -> Result<Map<String, Value>, Refusal> {
    serde_json::from_slice(body).map_err(|_| Refusal::InvalidJson)
}

fn form(body: &[u8]) -> Result<Map<String, Value>, Refusal> {
    let pairs: Vec<(String, String)> = serde_urlencoded::from_bytes(body).map_err(|_| Refusal::InvalidFormData)?;
    Ok(pairs.into_iter().map(|(name, value)| (name, Value::from(value))).collect())
}
