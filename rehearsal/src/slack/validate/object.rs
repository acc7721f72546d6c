//! Composition objects: text and confirmation dialogs.

use serde_json::Value;

use super::Check;

/// Which kinds of text an object may be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Kinds {
    /// `plain_text` only.
    Plain,
    /// `plain_text` or `mrkdwn`.
    Either,
}

/// A text object of one to `max` characters:
/// <https://docs.slack.dev/reference/block-kit/composition-objects/text-object>.
pub(super) fn text(check: &mut Check, value: &Value, at: &str, kinds: Kinds, max: usize) {
    let before = check.failures.len();
    text_schema(check, value, at, kinds, max);
    // Where either kind is allowed, Slack tries both and says first that none of them matched.
    if kinds == Kinds::Either && check.failures.len() > before {
        check.failures.insert(before, format!("failed to match all allowed schemas [json-pointer:{at}]"));
    }
}

fn text_schema(check: &mut Check, value: &Value, at: &str, kinds: Kinds, max: usize) {
    let properties: &[&str] = match value["type"].as_str() {
        Some("plain_text") => &["type", "text", "emoji"],
        Some("mrkdwn") if kinds == Kinds::Either => &["type", "text", "verbatim"],
        Some(other) => return check.fail(&format!("{at}/type"), format!("unsupported type: {other}")),
        None => return check.fail(at, "missing required field: type"),
    };
    let Some(object) = check.object(value, at, properties) else { return };
    let Some(text) = check.required(object, "text", at) else { return };
    if text.as_str().is_some_and(str::is_empty) {
        check.fail(&format!("{at}/text"), "must be more than 0 characters");
    }
    check.string(object, "text", at, max);
}

/// A confirmation dialog: <https://docs.slack.dev/reference/block-kit/composition-objects/confirmation-dialog-object>.
pub(super) fn confirm(check: &mut Check, value: &Value, at: &str) {
    let Some(object) = check.object(value, at, &["title", "text", "confirm", "deny", "style"]) else { return };
    for (key, kinds, max) in [
        ("title", Kinds::Plain, 100),
        ("text", Kinds::Either, 300),
        ("confirm", Kinds::Plain, 30),
        ("deny", Kinds::Plain, 30),
    ] {
        if let Some(value) = check.required(object, key, at) {
            text(check, value, &format!("{at}/{key}"), kinds, max);
        }
    }
    style(check, value, at);
}

/// An option of a menu: <https://docs.slack.dev/reference/block-kit/composition-objects/option-object>.
pub(super) fn option(check: &mut Check, value: &Value, at: &str, kinds: Kinds) {
    let Some(object) = check.object(value, at, &["text", "value", "description", "url"]) else { return };
    if let Some(value) = check.required(object, "text", at) {
        text(check, value, &format!("{at}/text"), kinds, 75);
    }
    check.required(object, "value", at);
    check.string(object, "value", at, 150);
    if let Some(value) = object.get("description") {
        text(check, value, &format!("{at}/description"), kinds, 75);
    }
}

/// The style of a button or a dialog: `primary` or `danger`, default by leaving it out.
pub(super) fn style(check: &mut Check, value: &Value, at: &str) {
    if !matches!(value.get("style").map(Value::as_str), None | Some(Some("primary" | "danger"))) {
        check.fail(&format!("{at}/style"), "must be one of the allowed values: [\"primary\", \"danger\"]");
    }
}
