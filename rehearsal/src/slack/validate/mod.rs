//! Block Kit validation with Slack's own limits and words.
//!
//! Limits: <https://docs.slack.dev/reference/block-kit>. The wording of the messages is what `chat.postMessage` gives in
//! `response_metadata.messages`, each with a JSON pointer to the culprit.

mod blocks;
mod element;
mod input;
mod object;
mod structured;
mod view;

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use serde_json::{Map, Value};

use super::view::Surface;

/// Blocks in a message.
const MAX_BLOCKS: usize = 50;
/// What Slack takes for all text of a message's blocks. The figure is not documented; users measured about 13,200
/// characters (<https://github.com/slackapi/bolt-js/issues/2509>).
const MAX_TOTAL: usize = 13_200;
/// What each block adds to that sum beside its text: fits the measurements of
/// <https://github.com/slackapi/bolt-js/issues/2867> (11,341 characters in 45 blocks refused, 9,597 in 50 accepted).
const BLOCK_OVERHEAD: usize = 50;

/// What is wrong with a message's blocks, in Slack's words; empty if nothing is.
pub(super) fn blocks(blocks: &[Value]) -> Vec<String> {
    let mut check = Check::default();
    check.blocks(blocks, "/blocks", MAX_BLOCKS);
    check.failures
}

/// That a workspace does not know some of these blocks yet; empty if it knows all.
pub(super) fn unknown(blocks: &[Value], unknown: &BTreeSet<String>) -> Vec<String> {
    let mut check = Check::default();
    for (index, block) in blocks.iter().enumerate() {
        if let Some(kind) = block["type"].as_str().filter(|&kind| unknown.contains(kind)) {
            check.fail(&format!("/blocks/{index}/type"), format!("unsupported type: {kind}"));
        }
    }
    check.failures
}

/// What is wrong with a view for that surface; empty if nothing is.
pub(super) fn view(surface: Surface, view: &Value) -> Vec<String> {
    let mut check = Check::default();
    match surface {
        Surface::Modal => view::modal(&mut check, view, "/view"),
        Surface::Home => view::home(&mut check, view, "/view"),
    }
    check.failures
}

/// Whether all blocks together are more than Slack takes (`msg_blocks_too_long`).
pub(super) fn too_long(blocks: &[Value]) -> bool {
    let text: usize = blocks.iter().map(text_length).sum();
    text + blocks.len() * BLOCK_OVERHEAD > MAX_TOTAL
}

fn text_length(value: &Value) -> usize {
    match value {
        Value::Object(object) => object
            .iter()
            .map(|(key, value)| match value {
                Value::String(text) if key == "text" || key == "title" => text.chars().count(),
                value => text_length(value),
            })
            .sum(),
        Value::Array(items) => items.iter().map(text_length).sum(),
        _ => 0,
    }
}

/// Collects what is wrong.
#[derive(Debug, Default)]
struct Check {
    failures: Vec<String>,
}

impl Check {
    fn fail(&mut self, at: &str, what: impl std::fmt::Display) {
        self.failures.push(format!("{what} [json-pointer:{at}]"));
    }

    /// At most `max` blocks, each in order and with an id of its own.
    fn blocks(&mut self, blocks: &[Value], at: &str, max: usize) {
        if blocks.len() > max {
            self.fail(at, format!("no more than {max} items allowed"));
        }
        let mut block_ids = BTreeSet::new();
        for (index, block) in blocks.iter().enumerate() {
            let at = format!("{at}/{index}");
            blocks::block(self, block, &at);
            self.unique(block, "block_id", &at, &mut block_ids);
        }
        structured::cells(self, blocks, at);
    }

    /// `value` as an object with no other than these properties; Slack refuses unknown ones.
    fn object<'v>(&mut self, value: &'v Value, at: &str, properties: &[&str]) -> Option<&'v Map<String, Value>> {
        let Some(object) = value.as_object() else {
            self.fail(at, "must be an object");
            return None;
        };
        for key in object.keys().filter(|key| !properties.contains(&key.as_str())) {
            self.fail(at, format!("invalid additional property: {key}"));
        }
        Some(object)
    }

    /// A property that must be there.
    fn required<'v>(&mut self, object: &'v Map<String, Value>, key: &str, at: &str) -> Option<&'v Value> {
        let value = object.get(key);
        if value.is_none() {
            self.fail(at, format!("missing required field: {key}"));
        }
        value
    }

    /// A list that must be there, of one to `max` items.
    fn list<'v>(&mut self, object: &'v Map<String, Value>, key: &str, at: &str, max: usize) -> &'v [Value] {
        let Some(value) = self.required(object, key, at) else { return &[] };
        let at = format!("{at}/{key}");
        let Some(items) = value.as_array() else {
            self.fail(&at, "must be an array");
            return &[];
        };
        if items.is_empty() {
            self.fail(&at, "no less than 1 items allowed");
        }
        if items.len() > max {
            self.fail(&at, format!("no more than {max} items allowed"));
        }
        items
    }

    /// A string property, if it is there, of at most `max` characters.
    fn string(&mut self, object: &Map<String, Value>, key: &str, at: &str, max: usize) {
        let Some(value) = object.get(key) else { return };
        let at = format!("{at}/{key}");
        match value.as_str() {
            None => self.fail(&at, "must be a string"),
            Some(text) if text.chars().count() > max => {
                self.fail(&at, format!("must be less than {} characters", max + 1));
            }
            Some(_) => {}
        }
    }

    /// A whole number, if it is there, within these bounds.
    fn number(&mut self, object: &Map<String, Value>, key: &str, at: &str, bounds: RangeInclusive<u64>) {
        let Some(value) = object.get(key) else { return };
        let at = format!("{at}/{key}");
        match value.as_u64() {
            None => self.fail(&at, "must be an integer"),
            Some(number) if number < *bounds.start() => {
                self.fail(&at, format!("must be more than {}", bounds.start() - 1))
            }
            Some(number) if number > *bounds.end() => self.fail(&at, format!("must be less than {}", bounds.end() + 1)),
            Some(_) => {}
        }
    }

    /// An id that must not be in `seen` already.
    fn unique<'v>(&mut self, object: &'v Value, key: &str, at: &str, seen: &mut BTreeSet<&'v str>) {
        if let Some(id) = object[key].as_str()
            && !seen.insert(id)
        {
            self.fail(&format!("{at}/{key}"), format!("`{key}` \"{id}\" already exists"));
        }
    }
}

#[cfg(test)]
mod tests;
