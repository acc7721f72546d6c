//! Block elements: buttons and choices in full, the rest by name.

use serde_json::Value;

use super::object::{self, Kinds};
use super::{Check, input};

/// Interactive elements that Slack knows beside buttons and choices. Their insides are not checked: the stand-in cannot play them.
const OTHERS: &[&str] = &[
    "channels_select",
    "conversations_select",
    "datepicker",
    "datetimepicker",
    "external_select",
    "multi_channels_select",
    "multi_conversations_select",
    "multi_external_select",
    "multi_static_select",
    "multi_users_select",
    "overflow",
    "timepicker",
    "users_select",
    "workflow_button",
];

/// An interactive element of an actions block, or the accessory of a section.
pub(super) fn interactive(check: &mut Check, value: &Value, at: &str) {
    match value["type"].as_str() {
        Some("button") => button(check, value, at),
        Some("static_select" | "radio_buttons" | "checkboxes") => input::choice(check, value, at),
        Some(kind) if OTHERS.contains(&kind) => {}
        Some(other) => check.fail(&format!("{at}/type"), format!("unsupported type: {other}")),
        None => check.fail(at, "missing required field: type"),
    }
}

/// <https://docs.slack.dev/reference/block-kit/block-elements/button-element>
fn button(check: &mut Check, value: &Value, at: &str) {
    let properties = ["type", "text", "action_id", "url", "value", "style", "confirm", "accessibility_label"];
    let Some(button) = check.object(value, at, &properties) else { return };
    if let Some(text) = check.required(button, "text", at) {
        object::text(check, text, &format!("{at}/text"), Kinds::Plain, 75);
    }
    check.string(button, "action_id", at, 255);
    check.string(button, "url", at, 3000);
    check.string(button, "value", at, 2000);
    check.string(button, "accessibility_label", at, 75);
    object::style(check, value, at);
    if let Some(confirm) = button.get("confirm") {
        object::confirm(check, confirm, &format!("{at}/confirm"));
    }
}

/// An element of a context block: text or an image.
pub(super) fn context(check: &mut Check, value: &Value, at: &str) {
    match value["type"].as_str() {
        Some("image") => image(check, value, at, &["type", "image_url", "slack_file", "alt_text"]),
        // No limit of its own is documented for context text; a section's is what Slack applies.
        _ => object::text(check, value, at, Kinds::Either, 3000),
    }
}

/// An image, which needs a source and a text in its stead.
pub(super) fn image(check: &mut Check, value: &Value, at: &str, properties: &[&str]) {
    let Some(image) = check.object(value, at, properties) else { return };
    check.required(image, "alt_text", at);
    check.string(image, "alt_text", at, 2000);
    check.string(image, "image_url", at, 3000);
    if !image.contains_key("image_url") && !image.contains_key("slack_file") {
        check.fail(at, "must define either `image_url` or `slack_file`");
    }
}
