//! Input blocks, and the elements in which people type and choose.

use serde_json::Value;

use super::Check;
use super::object::{self, Kinds};

/// Elements of an input block whose insides are not checked: the stand-in cannot play them.
const OTHERS: &[&str] = &[
    "channels_select",
    "conversations_select",
    "datepicker",
    "datetimepicker",
    "email_text_input",
    "external_select",
    "file_input",
    "multi_channels_select",
    "multi_conversations_select",
    "multi_external_select",
    "multi_static_select",
    "multi_users_select",
    "number_input",
    "rich_text_input",
    "timepicker",
    "url_text_input",
    "users_select",
];

/// <https://docs.slack.dev/reference/block-kit/blocks/input-block>
pub(super) fn block(check: &mut Check, value: &Value, at: &str) {
    let properties = ["type", "block_id", "label", "element", "dispatch_action", "hint", "optional"];
    let Some(input) = check.object(value, at, &properties) else { return };
    if let Some(label) = check.required(input, "label", at) {
        object::text(check, label, &format!("{at}/label"), Kinds::Plain, 2000);
    }
    if let Some(hint) = input.get("hint") {
        object::text(check, hint, &format!("{at}/hint"), Kinds::Plain, 2000);
    }
    let Some(value) = check.required(input, "element", at) else { return };
    let at = format!("{at}/element");
    match value["type"].as_str() {
        Some("plain_text_input") => text(check, value, &at),
        Some("static_select" | "radio_buttons" | "checkboxes") => choice(check, value, &at),
        Some(kind) if OTHERS.contains(&kind) => {}
        Some(other) => check.fail(&format!("{at}/type"), format!("unsupported type: {other}")),
        None => check.fail(&at, "missing required field: type"),
    }
}

/// <https://docs.slack.dev/reference/block-kit/block-elements/plain-text-input-element>
fn text(check: &mut Check, value: &Value, at: &str) {
    let properties = [
        "type",
        "action_id",
        "initial_value",
        "multiline",
        "min_length",
        "max_length",
        "dispatch_action_config",
        "focus_on_load",
        "placeholder",
    ];
    let Some(element) = check.object(value, at, &properties) else { return };
    check.string(element, "action_id", at, 255);
    check.string(element, "initial_value", at, 3000);
    check.number(element, "min_length", at, 0..=3000);
    check.number(element, "max_length", at, 1..=3000);
    if let (Some(min), Some(max)) = (value["min_length"].as_u64(), value["max_length"].as_u64())
        && min > max
    {
        check.fail(&format!("{at}/min_length"), format!("must be less than {}", max + 1));
    }
    placeholder(check, value, at);
}

/// <https://docs.slack.dev/reference/block-kit/block-elements/select-menu-element#static_select>,
/// <https://docs.slack.dev/reference/block-kit/block-elements/radio-button-group-element>,
/// <https://docs.slack.dev/reference/block-kit/block-elements/checkboxes-element>
pub(super) fn choice(check: &mut Check, value: &Value, at: &str) {
    let (properties, max, kinds): (&[&str], _, _) = match value["type"].as_str() {
        Some("static_select") => (&["options", "option_groups", "initial_option", "placeholder"], 100, Kinds::Plain),
        Some("radio_buttons") => (&["options", "initial_option"], 10, Kinds::Either),
        _ => (&["options", "initial_options"], 10, Kinds::Either),
    };
    let properties = [properties, &["type", "action_id", "confirm", "focus_on_load"]].concat();
    let Some(element) = check.object(value, at, &properties) else { return };
    check.string(element, "action_id", at, 255);
    placeholder(check, value, at);
    if !element.contains_key("option_groups") {
        let options = check.list(element, "options", at, max);
        for (index, option) in options.iter().enumerate() {
            object::option(check, option, &format!("{at}/options/{index}"), kinds);
        }
    }
    if let Some(confirm) = element.get("confirm") {
        object::confirm(check, confirm, &format!("{at}/confirm"));
    }
}

fn placeholder(check: &mut Check, element: &Value, at: &str) {
    if let Some(text) = element.get("placeholder") {
        object::text(check, text, &format!("{at}/placeholder"), Kinds::Plain, 150);
    }
}
