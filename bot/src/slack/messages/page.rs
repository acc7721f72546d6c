//! The way from a message to the incident page.

use crate::slack::kit::{Message, context};

/// The message with a last line that leads to the run's page, where there is one. The address is the bot's own, and has nothing that Slack's markup
/// would need escaped.
pub fn linked(mut message: Message, page: Option<&str>) -> Message {
    if let Some(page) = page {
        message.push(context(&format!("<{page}|Incident page>: live and read-only, for whoever has this link")));
    }
    message
}
