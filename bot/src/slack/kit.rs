//! Block Kit within Slack's limits, whatever the sizes of what goes in: what does not fit is cut, and the cut is told.
//!
//! Limits: <https://docs.slack.dev/reference/block-kit/blocks> and `msg_blocks_too_long` (all blocks together about
//! 13,200 characters).

mod message;
mod structured;

use serde_json::{Value, json};

pub use self::{
    message::{Form, Message},
    structured::{Align, Task, TaskStatus, plan, table},
};
use super::text::shorten;

/// Characters of a header.
const HEADER: usize = 150;
/// Characters of a section's or a context element's text.
const SECTION: usize = 3_000;
/// Characters of one field of a section.
const FIELD: usize = 2_000;
/// Fields of a section.
const FIELDS: usize = 10;
/// Characters of one line of a list.
pub const LINE: usize = 600;
/// Characters of a button's text; about 30 show on a phone.
const BUTTON: usize = 75;
/// Characters of a confirmation dialog's title.
const CONFIRM_TITLE: usize = 100;
/// Characters of a confirmation dialog's text.
const CONFIRM_TEXT: usize = 300;
/// Characters of a confirmation dialog's buttons.
const CONFIRM_BUTTON: usize = 30;
/// Characters of an input's label.
const INPUT_LABEL: usize = 2_000;
/// Characters of what an input shows while it is empty.
const PLACEHOLDER: usize = 150;
/// Characters that can be typed into an input.
const INPUT: usize = 3_000;
/// Characters of a modal's title and of what its buttons say.
const VIEW_TITLE: usize = 24;

/// Large plain text.
pub fn header(text: &str) -> Value {
    json!({ "type": "header", "text": plain(text, HEADER) })
}

/// A paragraph of mrkdwn.
pub fn section(text: &str) -> Value {
    json!({ "type": "section", "text": mrkdwn(text, SECTION) })
}

/// Titled values side by side.
pub fn fields<'a>(fields: impl IntoIterator<Item = (&'a str, String)>) -> Value {
    let fields: Vec<Value> =
        fields.into_iter().take(FIELDS).map(|(title, value)| mrkdwn(&format!("*{title}*\n{value}"), FIELD)).collect();
    json!({ "type": "section", "fields": fields })
}

/// Small print.
pub fn context(text: &str) -> Value {
    json!({ "type": "context", "elements": [mrkdwn(text, SECTION)] })
}

/// A line between parts.
pub fn divider() -> Value {
    json!({ "type": "divider" })
}

/// A titled list of at most `budget` characters; what does not fit is counted in a last line.
pub fn list(title: &str, lines: &[String], budget: usize) -> Value {
    section(&format!("*{title}*\n{}", joined(lines, budget)))
}

/// Lines joined within `budget` characters; what does not fit is counted in a last line.
pub fn joined(lines: &[String], budget: usize) -> String {
    let mut text = String::new();
    let mut left = budget.min(SECTION - 200);
    for (number, line) in lines.iter().enumerate() {
        let line = shorten(line, LINE);
        let length = line.chars().count() + 1;
        if length > left {
            text.push_str(&format!("… and {} more", lines.len() - number));
            return text;
        }
        left -= length;
        text.push_str(&line);
        text.push('\n');
    }
    text.trim_end().to_owned()
}

/// A button.
#[derive(Debug, Clone)]
pub struct Button {
    /// Unique within its block.
    pub action_id: String,
    /// What the deed is.
    pub text: String,
    /// What comes back with the click.
    pub value: String,
    /// How it looks.
    pub style: Style,
    /// Asked once more before the click counts.
    pub confirm: Option<Confirm>,
}

/// How a button looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// Neutral.
    Plain,
    /// The recommended deed.
    Primary,
    /// A deed that cannot be undone.
    Danger,
}

/// A confirmation dialog.
#[derive(Debug, Clone)]
pub struct Confirm {
    /// The deed as a question.
    pub title: String,
    /// What it means; mrkdwn.
    pub text: String,
    /// Label of the button that does it.
    pub yes: String,
}

/// A row of buttons.
pub fn actions(block_id: &str, buttons: &[Button]) -> Value {
    json!({
        "type": "actions",
        "block_id": shorten(block_id, 255),
        "elements": buttons.iter().map(button).collect::<Vec<_>>(),
    })
}

fn button(button: &Button) -> Value {
    let mut element = json!({
        "type": "button",
        "action_id": button.action_id,
        "text": plain(&button.text, BUTTON),
        "value": button.value,
    });
    match button.style {
        Style::Plain => {}
        Style::Primary => element["style"] = json!("primary"),
        Style::Danger => element["style"] = json!("danger"),
    }
    if let Some(confirm) = &button.confirm {
        element["confirm"] = json!({
            "title": plain(&confirm.title, CONFIRM_TITLE),
            "text": mrkdwn(&confirm.text, CONFIRM_TEXT),
            "confirm": plain(&confirm.yes, CONFIRM_BUTTON),
            "deny": plain("Go back", CONFIRM_BUTTON),
        });
        if button.style == Style::Danger {
            element["confirm"]["style"] = json!("danger");
        }
    }
    element
}

/// A line of text that a person types.
pub fn input(block_id: &str, label: &str, placeholder: &str, longest: usize) -> Value {
    json!({
        "type": "input",
        "block_id": block_id,
        "label": plain(label, INPUT_LABEL),
        "element": {
            "type": "plain_text_input",
            "action_id": block_id,
            "max_length": longest.min(INPUT),
            "placeholder": plain(placeholder, PLACEHOLDER),
        },
    })
}

/// A modal: <https://docs.slack.dev/reference/views/modal-views>. Without `submit` it only tells something.
pub fn modal(title: &str, submit: Option<&str>, close: &str, kept: &str, blocks: Vec<Value>) -> Value {
    let mut view = json!({
        "type": "modal",
        "title": plain(title, VIEW_TITLE),
        "close": plain(close, VIEW_TITLE),
        "blocks": blocks,
    });
    if !kept.is_empty() {
        view["private_metadata"] = json!(kept);
    }
    if let Some(submit) = submit {
        view["submit"] = plain(submit, VIEW_TITLE);
    }
    view
}

fn plain(text: &str, limit: usize) -> Value {
    json!({ "type": "plain_text", "text": shorten(text, limit), "emoji": true })
}

/// Verbatim: what people wrote as `@here`, `#general` or an address stays text. What is marked up as a mention, a date or a link is still one.
/// <https://docs.slack.dev/reference/block-kit/composition-objects/text-object>
fn mrkdwn(text: &str, limit: usize) -> Value {
    json!({ "type": "mrkdwn", "text": shorten(text, limit), "verbatim": true })
}
