//! Views: modals and the app's home.

use serde_json::{Map, Value};

use super::Check;
use super::object::{self, Kinds};

/// Blocks in a view.
const MAX_BLOCKS: usize = 100;
/// Blocks that any view may hold; the app's home may hold tables, too.
const BLOCKS: [&str; 11] =
    ["actions", "alert", "card", "context", "divider", "header", "image", "input", "rich_text", "section", "video"];

/// What is wrong with a modal: <https://docs.slack.dev/reference/views/modal-views>.
pub(super) fn modal(check: &mut Check, value: &Value, at: &str) {
    let properties = [
        "type",
        "title",
        "blocks",
        "close",
        "submit",
        "private_metadata",
        "callback_id",
        "clear_on_close",
        "notify_on_close",
        "external_id",
        "submit_disabled",
    ];
    let Some(view) = check.object(value, at, &properties) else { return };
    check.required(view, "title", at);
    for key in ["title", "submit", "close"] {
        if let Some(text) = view.get(key) {
            object::text(check, text, &format!("{at}/{key}"), Kinds::Plain, 24);
        }
    }
    any(check, view, at, "modal");
    let blocks = view.get("blocks").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    if blocks.iter().any(|block| block["type"] == "input") && !view.contains_key("submit") {
        check.fail(at, "missing required field: submit");
    }
}

/// What is wrong with an app's home: <https://docs.slack.dev/reference/views/home-tab-views>.
pub(super) fn home(check: &mut Check, value: &Value, at: &str) {
    let properties = ["type", "blocks", "private_metadata", "callback_id", "external_id"];
    if let Some(view) = check.object(value, at, &properties) {
        any(check, view, at, "home");
    }
}

fn any(check: &mut Check, view: &Map<String, Value>, at: &str, wanted: &str) {
    match view.get("type") {
        Some(kind) if kind == wanted => {}
        Some(_) => check.fail(&format!("{at}/type"), format!("must be one of the allowed values: [\"{wanted}\"]")),
        None => check.fail(at, "missing required field: type"),
    }
    check.string(view, "private_metadata", at, 3000);
    check.string(view, "callback_id", at, 255);
    check.string(view, "external_id", at, 255);
    let Some(blocks) = check.required(view, "blocks", at) else { return };
    let at_blocks = format!("{at}/blocks");
    let Some(blocks) = blocks.as_array() else { return check.fail(&at_blocks, "must be an array") };
    check.blocks(blocks, &at_blocks, MAX_BLOCKS);
    for (index, block) in blocks.iter().enumerate() {
        if let Some(kind) = block["type"].as_str().filter(|&kind| !may_hold(wanted, kind)) {
            check.fail(&format!("{at_blocks}/{index}/type"), format!("unsupported type: {kind}"));
        }
    }
}

fn may_hold(view: &str, kind: &str) -> bool {
    BLOCKS.contains(&kind) || (view == "home" && kind == "table")
}
