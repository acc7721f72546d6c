//! What keeps messages from getting through, told where people look.

use crate::slack::{
    kit::{Message, list},
    outbox::Trouble,
    text::{date, escape},
};

/// The message with the channels that others do not get through to; Slack's channel ids.
pub fn with_troubles(mut message: Message, troubles: &[(String, Trouble)]) -> Message {
    if troubles.is_empty() {
        return message;
    }
    let lines: Vec<String> = troubles.iter().map(|(channel, trouble)| line(channel, trouble)).collect();
    message.push(list("Messages that do not get through", &lines, 1_000));
    message
}

fn line(channel: &str, trouble: &Trouble) -> String {
    let meanwhile = match &trouble.instead {
        Some(instead) => format!("new ones go to <#{}>", escape(instead)),
        None => "they wait".to_owned(),
    };
    format!("⚠️ <#{}> since {}: {}; {meanwhile}", escape(channel), date(trouble.since), escape(&trouble.error))
}
