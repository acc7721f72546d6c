//! The layout blocks of a message: <https://docs.slack.dev/reference/block-kit/blocks>.

use std::collections::BTreeSet;

use serde_json::Value;

use super::object::{self, Kinds};
use super::{Check, element, input, structured};

/// One block of any type.
pub(super) fn block(check: &mut Check, value: &Value, at: &str) {
    match value["type"].as_str() {
        Some("section") => section(check, value, at),
        Some("header") => header(check, value, at),
        Some("divider") => {
            check.object(value, at, &["type", "block_id"]);
        }
        Some("actions") => actions(check, value, at),
        Some("context") => context(check, value, at),
        Some("image") => {
            let properties = ["type", "block_id", "image_url", "slack_file", "alt_text", "title"];
            element::image(check, value, at, &properties);
        }
        Some("input") => input::block(check, value, at),
        Some("markdown") => markdown(check, value, at),
        Some("table") => structured::table(check, value, at),
        Some("plan") => structured::plan(check, value, at),
        Some("task_card") => structured::task_card(check, value, at),
        // Block Kit has more; their insides are not checked, because the page cannot show them.
        Some("rich_text" | "video" | "file") => {}
        Some(other) => check.fail(&format!("{at}/type"), format!("unsupported type: {other}")),
        None => check.fail(at, "missing required field: type"),
    }
    if let Some(block) = value.as_object() {
        check.string(block, "block_id", at, 255);
    }
}

fn section(check: &mut Check, value: &Value, at: &str) {
    let properties = ["type", "block_id", "text", "fields", "accessory", "expand"];
    let Some(section) = check.object(value, at, &properties) else { return };
    if !section.contains_key("text") && !section.contains_key("fields") {
        check.fail(at, "must define either `fields` or `text`");
    }
    if let Some(text) = section.get("text") {
        object::text(check, text, &format!("{at}/text"), Kinds::Either, 3000);
    }
    if section.contains_key("fields") {
        for (index, field) in check.list(section, "fields", at, 10).iter().enumerate() {
            object::text(check, field, &format!("{at}/fields/{index}"), Kinds::Either, 2000);
        }
    }
    match section.get("accessory") {
        Some(image) if image["type"] == "image" => element::context(check, image, &format!("{at}/accessory")),
        Some(accessory) => element::interactive(check, accessory, &format!("{at}/accessory")),
        None => {}
    }
}

fn header(check: &mut Check, value: &Value, at: &str) {
    let Some(header) = check.object(value, at, &["type", "block_id", "text", "level"]) else { return };
    if let Some(text) = check.required(header, "text", at) {
        object::text(check, text, &format!("{at}/text"), Kinds::Plain, 150);
    }
}

fn actions(check: &mut Check, value: &Value, at: &str) {
    let Some(actions) = check.object(value, at, &["type", "block_id", "elements"]) else { return };
    let mut action_ids = BTreeSet::new();
    for (index, element) in check.list(actions, "elements", at, 25).iter().enumerate() {
        let at = format!("{at}/elements/{index}");
        element::interactive(check, element, &at);
        check.unique(element, "action_id", &at, &mut action_ids);
    }
}

fn context(check: &mut Check, value: &Value, at: &str) {
    let Some(context) = check.object(value, at, &["type", "block_id", "elements"]) else { return };
    for (index, element) in check.list(context, "elements", at, 10).iter().enumerate() {
        element::context(check, element, &format!("{at}/elements/{index}"));
    }
}

fn markdown(check: &mut Check, value: &Value, at: &str) {
    let Some(markdown) = check.object(value, at, &["type", "block_id", "text"]) else { return };
    check.required(markdown, "text", at);
    check.string(markdown, "text", at, 12_000);
}
